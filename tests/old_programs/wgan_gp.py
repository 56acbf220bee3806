import numpy as np
import tensorflow as tf

BATCH_SIZE, DIM, LAMBDA = 8, 16, 10.0
rng = np.random.RandomState(0)


def ReLULayer(name, inputs, n_in, n_out):
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        w = tf.get_variable(
            "W", initializer=tf.constant(rng.normal(0, 0.2, [n_in, n_out]), tf.float32)
        )
        b = tf.get_variable("b", [n_out], initializer=tf.zeros_initializer)
        return tf.nn.relu(tf.nn.xw_plus_b(inputs, w, b))


def Linear(name, inputs, n_in, n_out):
    with tf.variable_scope(name, reuse=tf.AUTO_REUSE):
        w = tf.get_variable("W", [n_in, n_out], initializer=tf.constant_initializer(0.1))
        return tf.matmul(inputs, w)


def Generator(noise):
    return Linear("Generator.2", ReLULayer("Generator.1", noise, 2, DIM), DIM, 2) + noise


def Discriminator(inputs):
    return tf.reshape(
        Linear("Discriminator.2", ReLULayer("Discriminator.1", inputs, 2, DIM), DIM, 1), [-1]
    )


real_data = tf.placeholder(tf.float32, shape=[None, 2])
noise = tf.placeholder(tf.float32, shape=[None, 2])
alpha = tf.placeholder(tf.float32, shape=[None, 1])
fake_data = Generator(noise)
disc_cost = tf.reduce_mean(Discriminator(fake_data)) - tf.reduce_mean(Discriminator(real_data))
gen_cost = -tf.reduce_mean(Discriminator(fake_data))
interpolates = alpha * real_data + ((1 - alpha) * fake_data)
gradients = tf.gradients(Discriminator(interpolates), [interpolates])[0]
slopes = tf.sqrt(tf.reduce_sum(tf.square(gradients), reduction_indices=[1]))
gradient_penalty = tf.reduce_mean((slopes - 1) ** 2)
disc_cost += LAMBDA * gradient_penalty
disc_params = [v for v in tf.trainable_variables() if v.name.startswith("Discriminator")]
gen_params = [v for v in tf.trainable_variables() if v.name.startswith("Generator")]
disc_train_op = tf.train.AdamOptimizer(1e-3, beta1=0.5, beta2=0.9).minimize(
    disc_cost, var_list=disc_params
)
gen_train_op = tf.train.RMSPropOptimizer(5e-4).minimize(gen_cost, var_list=gen_params)
clip_disc_weights = tf.group(*[var.assign(tf.clip_by_value(var, -0.5, 0.5)) for var in disc_params])
print("Generator params:")
for var in gen_params:
    print("\t{}\t{}".format(var.name, var.get_shape()))
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    for iteration in range(4):
        for _ in range(3):
            feed = {
                real_data: rng.normal(3, 1, [BATCH_SIZE, 2]),
                noise: rng.normal(size=[BATCH_SIZE, 2]),
                alpha: rng.uniform(size=[BATCH_SIZE, 1]),
            }
            _disc_cost, _gp, _ = session.run(
                [disc_cost, gradient_penalty, disc_train_op], feed_dict=feed
            )
        session.run(gen_train_op, {noise: feed[noise]})
        print("iter %d disc cost %.3f penalty %.3f" % (iteration, _disc_cost, _gp))
    session.run(clip_disc_weights)
    print(max(abs(w).max() for w in session.run(disc_params)) <= 0.5)
