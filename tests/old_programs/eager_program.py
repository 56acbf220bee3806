import numpy as np
import tensorflow as tf
import tensorflow.contrib.eager as tfe

tf.enable_eager_execution()


class MNISTModel(tf.keras.Model):
    def __init__(self):
        super(MNISTModel, self).__init__()
        self.dense1 = tf.layers.Dense(
            4, activation=tf.nn.relu, kernel_initializer=tf.constant_initializer(0.1)
        )
        self.dense2 = tf.keras.layers.Dense(2, kernel_initializer=tf.constant_initializer(0.2))

    def call(self, inputs):
        return self.dense2(self.dense1(inputs))


def loss(model, x, y):
    return tf.losses.sparse_softmax_cross_entropy(labels=y, logits=model(x))


model = MNISTModel()
optimizer = tf.train.GradientDescentOptimizer(0.1)
step = tf.train.get_or_create_global_step()
x = np.random.RandomState(0).rand(8, 3).astype(np.float32)
dataset = tf.data.Dataset.from_tensor_slices((x, np.arange(8) % 2)).batch(4)
accuracy = tfe.metrics.Accuracy()
for epoch in range(2):
    for images, labels in tfe.Iterator(dataset):
        with tf.GradientTape() as tape:
            value = loss(model, images, labels)
        grads = tape.gradient(value, model.variables)
        optimizer.apply_gradients(zip(grads, model.variables), global_step=step)
        accuracy(tf.argmax(model(images), 1), tf.cast(labels, tf.int64))
    print(epoch, "%.4f" % value.numpy(), step.numpy())
print("%.2f" % accuracy.result().numpy(), tf.executing_eagerly(), len(model.variables))
v = tfe.Variable(3.0, name="v")
grad = tfe.gradients_function(lambda a: a * a * v)
print(grad(2.0)[0].numpy(), tfe.implicit_gradients(lambda: v * v)()[0][0].numpy())
print(tfe.num_gpus() >= 0, tfe.value_and_gradients_function(lambda a: a**3)(2.0)[0].numpy())
x = tf.constant([[1.0, 2.0]])
print(tf.matmul(x, x, transpose_b=True).numpy(), (x + 1).numpy().tolist(), x.shape)


@tfe.defun
def cube(t):
    return t * t * t


print(cube(tf.constant(2.0)).numpy(), int(tf.reduce_sum(tf.range(4))))
