import tempfile

import numpy as np
import tensorflow as tf
from tensorflow.contrib import learn

tf.logging.set_verbosity(tf.logging.ERROR)


def cnn_model(features, labels, mode):
    target = tf.one_hot(labels, 3, 1, 0)
    layer = tf.contrib.layers.fully_connected(
        features, 4, tf.nn.tanh, weights_initializer=tf.constant_initializer(np.linspace(-1, 1, 16))
    )
    logits = tf.contrib.layers.fully_connected(
        layer, 3, activation_fn=None, weights_initializer=tf.zeros_initializer()
    )
    loss = tf.losses.softmax_cross_entropy(target, logits)
    train_op = tf.contrib.layers.optimize_loss(
        loss, tf.contrib.framework.get_global_step(), optimizer="Adagrad", learning_rate=0.5
    )
    return {"class": tf.argmax(logits, 1), "prob": tf.nn.softmax(logits)}, loss, train_op


rng = np.random.RandomState(0)
x = rng.normal(size=[60, 4]).astype(np.float32)
y = np.argmax(x[:, :3], 1).astype(np.int64)
classifier = learn.SKCompat(learn.Estimator(model_fn=cnn_model, model_dir=tempfile.mkdtemp()))
classifier.fit(x, y, steps=60, batch_size=60)
predicted = classifier.predict(x)
print(sorted(predicted), "%.1f" % np.mean(predicted["class"] == y) >= "0.7")
columns = learn.infer_real_valued_columns_from_input(x)
dnn = learn.DNNClassifier(
    feature_columns=columns, hidden_units=[8], n_classes=3, model_dir=tempfile.mkdtemp()
)
dnn.fit(x=x, y=y, steps=50)
result = dnn.evaluate(x=x, y=y, steps=1)
print(sorted(result), len(list(dnn.predict(x, as_iterable=True))), result["global_step"])
