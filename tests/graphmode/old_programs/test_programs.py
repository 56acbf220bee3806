"""Programs of 2017 to 2019 run unchanged. Each is written here as it would have been then."""

import importlib.util
import sys

import mnist_files
import numpy as np
import pytest
from PIL import Image

from data.drawn import digits
from graphmode.old_programs import companions

SLIM = """
    from __future__ import absolute_import, division, print_function
    import numpy as np
    import tensorflow as tf
    import tensorflow.contrib.slim as slim
    from tensorflow.contrib.slim import nets

    def network(images, is_training):
        with slim.arg_scope([slim.conv2d], normalizer_fn=slim.batch_norm,
                            weights_regularizer=slim.l2_regularizer(0.0005),
                            normalizer_params={'is_training': is_training, 'decay': 0.9}):
            net = slim.conv2d(images, 8, [3, 3], scope='conv1')
            net = slim.repeat(net, 2, slim.conv2d, 8, [3, 3], scope='conv2')
            net = slim.max_pool2d(net, [2, 2], scope='pool')
            return slim.fully_connected(slim.flatten(net), 2, activation_fn=None, scope='logits')

    tf.set_random_seed(1)
    images = tf.placeholder(tf.float32, [None, 8, 8, 1])
    labels = tf.placeholder(tf.int64, [None])
    is_training = tf.placeholder(tf.bool, [])
    logits = network(images, is_training)
    loss = tf.losses.sparse_softmax_cross_entropy(labels, logits)
    loss += tf.losses.get_regularization_loss()
    step = slim.learning.create_train_op(loss, tf.train.AdamOptimizer(0.01))
    correct = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, dimension=1), labels), tf.float32))
    x = np.random.RandomState(0).normal(size=[64, 8, 8, 1]).astype(np.float32)
    y = (x.mean(axis=(1, 2, 3)) > 0).astype(np.int)
    x[y == 1] += 0.5
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        for _ in range(60):
            sess.run(step, {images: x, labels: y, is_training: True})
        print('accuracy', sess.run(correct, {images: x, labels: y, is_training: False}) > 0.9)
    print(len(slim.get_model_variables()), tf.__version__.startswith('1.'), hasattr(nets, 'vgg'))
"""

QUEUE = """
    import os, sys
    import tensorflow as tf
    files = [os.path.join(sys.argv[1], name) for name in sorted(os.listdir(sys.argv[1]))]
    queue = tf.train.string_input_producer(files, shuffle=False, num_epochs=1)
    key, value = tf.WholeFileReader().read(queue)
    image = tf.image.decode_png(value, channels=3)
    image = tf.image.resize_images(image, [4, 4])
    image.set_shape([4, 4, 3])
    batch = tf.train.batch([image], 2)
    sess = tf.Session()
    sess.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    coord = tf.train.Coordinator()
    threads = tf.train.start_queue_runners(sess=sess, coord=coord)
    seen = 0
    try:
        while not coord.should_stop():
            seen += len(sess.run(batch))
    except tf.errors.OutOfRangeError:
        print('done', seen)
    finally:
        coord.request_stop()
    coord.join(threads)
"""

MNIST = """
    import sys
    import tensorflow as tf
    from tensorflow.examples.tutorials.mnist import input_data
    mnist = input_data.read_data_sets(sys.argv[1], one_hot=True, validation_size=50)
    x = tf.placeholder(tf.float32, [None, 784])
    y = tf.placeholder(tf.float32, [None, 10])
    logits = tf.contrib.layers.fully_connected(x, 10, activation_fn=None,
        weights_initializer=tf.contrib.layers.variance_scaling_initializer())
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(logits=logits, labels=y))
    step = tf.train.GradientDescentOptimizer(0.5).minimize(loss)
    with tf.Session() as sess:
        sess.run(tf.initialize_all_variables())
        for _ in range(100):
            xs, ys = mnist.train.next_batch(50)
            sess.run(step, {x: xs, y: ys})
        right = tf.reduce_mean(tf.to_float(tf.equal(tf.argmax(logits, 1), tf.argmax(y, 1))))
        print(mnist.train.num_examples, mnist.train.epochs_completed, xs.shape,
              sess.run(right, {x: mnist.test.images, y: mnist.test.labels}) > 0.5)
"""

SUPERVISOR = """
    import sys
    import tensorflow as tf
    flags = tf.app.flags
    flags.DEFINE_string('train_dir', '/tmp/nowhere', 'where to')
    FLAGS = flags.FLAGS

    def main(_):
        step = tf.contrib.framework.get_or_create_global_step()
        w = tf.get_variable('w', [], initializer=tf.constant_initializer(5.0))
        loss = tf.square(w)
        tf.summary.scalar('loss', loss)
        train = tf.train.GradientDescentOptimizer(0.1).minimize(loss, global_step=step)
        supervisor = tf.train.Supervisor(logdir=FLAGS.train_dir, save_summaries_secs=1,
                                         save_model_secs=0)
        with supervisor.managed_session() as sess:
            for _ in range(20):
                sess.run(train)
            supervisor.saver.save(sess, supervisor.save_path, global_step=step)
            print('%.4f' % sess.run(w), sess.run(step))
        print(tf.contrib.framework.list_variables(FLAGS.train_dir))

    if __name__ == '__main__':
        tf.app.run()
"""

LAYERS = """
    import tensorflow as tf
    from tensorflow.contrib.framework import arg_scope, get_variables
    from tensorflow.contrib.layers import batch_norm, conv2d, flatten, l2_regularizer
    from tensorflow.contrib.layers import xavier_initializer
    from tensorflow.contrib.training import HParams
    from tensorflow.python.framework import ops
    from tensorflow.contrib import rnn
    hparams = HParams(width=4, rate=0.1, sizes=[1, 2], name='a').parse('width=6,sizes=[3,4,5]')
    with tf.variable_scope('net'), arg_scope([conv2d], weights_initializer=xavier_initializer(),
                                             weights_regularizer=l2_regularizer(hparams.rate),
                                             normalizer_fn=batch_norm):
        y = flatten(conv2d(tf.ones([2, 5, 5, 3]), hparams.width, 3, padding='VALID'))
    penalty = tf.add_n(tf.get_collection(ops.GraphKeys.REGULARIZATION_LOSSES))
    cell = rnn.BasicLSTMCell(3)
    outputs, _ = tf.nn.dynamic_rnn(cell, tf.reshape(y, [2, 9, 6]), dtype=tf.float32)
    total = tf.reduce_sum(y, reduction_indices=[1], keep_dims=True)
    with tf.Session() as sess:
        sess.run(tf.global_variables_initializer())
        weights = sess.run(get_variables('net/Conv/weights')[0])
        print(y.shape, total.shape, outputs.shape)
        print(hparams.values() == {'width': 6, 'rate': 0.1, 'sizes': [3, 4, 5], 'name': 'a'})
        expected = 0.05 * (weights ** 2).sum()
        print(abs(sess.run(penalty) - expected) < 1e-5, len(get_variables("net")))
"""

MISC = """
    import sys
    import numpy as np
    import scipy.misc
    from PIL import Image
    import helper
    images = np.zeros([6, 4, 3], dtype=np.float)
    images[:3] = [1.0, 0.0, -1.0]
    scipy.misc.imsave(sys.argv[1], images)
    read = scipy.misc.imread(sys.argv[1]).astype(np.float32)
    print(read[0, 0].tolist(), read.shape, scipy.misc.imresize(read, [3, 2]).shape,
          scipy.misc.imresize(read, 0.5).shape)
    print(scipy.misc.imread(sys.argv[1], flatten=True).dtype, scipy.misc.toimage(images).size)
    small = Image.fromarray(np.uint8(read)).resize((2, 2), Image.ANTIALIAS)
    print(small.size, np.bool is not None, helper.VALUE)
"""


def test_a_slim_network_with_a_placeholder_for_training(runs_here):
    assert runs_here(SLIM) == "accuracy True\n14 True True\n"


def test_a_queue_reader_with_a_coordinator(runs_here, tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(6):
        Image.new("RGB", (8, 8)).save(tmp_path / "in" / f"{number}.png")
    assert runs_here(QUEUE, tmp_path / "in") == "done 6\n"


def test_the_tutorials_reader_of_mnist(runs_here, tmp_path):
    mnist_files.write(tmp_path / "mnist", digits.load(train=550, test=100))
    assert runs_here(MNIST, tmp_path / "mnist") == "500 9 (50, 784) True\n"


def test_a_supervisor_with_summaries_and_a_saver(runs_here, tmp_path):
    folder = tmp_path / "run"
    shown = runs_here(SUPERVISOR, f"--train_dir={folder}")
    assert shown.splitlines() == ["0.0576 20", "[('global_step', []), ('w', [])]"]
    assert list(folder.glob("events.*")) and (folder / "model.ckpt-20.index").exists()


def test_contrib_layers_framework_training_and_rnn(runs_here):
    assert runs_here(LAYERS).splitlines() == ["(2, 54) (2, 1) (2, 9, 3)", "True", "True 4"]


def test_images_through_scipy_misc_and_a_module_beside(runs_here, tmp_path):
    (tmp_path / "helper.py").write_text(
        "import tensorflow as tf\nVALUE = tf.contrib.slim.conv2d.__name__\n"
    )
    shown = runs_here(MISC, tmp_path / "made.png").splitlines()
    assert shown == [
        "[255.0, 128.0, 0.0] (6, 4, 3) (3, 2, 3) (3, 2, 3)",
        "float32 (4, 6)",
        "(2, 2) True convolution2d",
    ]
    assert not hasattr(Image, "ANTIALIAS") and not hasattr(np, "float")
    assert "scipy.misc" not in sys.modules
    assert importlib.util.find_spec("tensorflow.contrib") is None


def test_inner_modules_of_contrib(runs_here):
    shown = runs_here("""
        from tensorflow.contrib.framework.python.ops import add_arg_scope, variables
        from tensorflow.contrib.layers.python.layers import initializers, layers, utils
        from tensorflow.contrib.layers.python.layers.layers import batch_norm
        from tensorflow.contrib.slim.python.slim.nets import resnet_v1
        import tensorflow.contrib.slim.python.slim.learning as learning
        print(callable(add_arg_scope), callable(variables.get_variables),
              callable(initializers.xavier_initializer), layers.batch_norm is batch_norm,
              callable(resnet_v1.resnet_v1_50), callable(learning.train))
        """)
    assert shown == "True True True True True True\n"


@pytest.mark.parametrize(
    "use, error",
    [
        (
            "tf.nn.softmax_cross_entropy_with_logits(tf.ones([2, 3]), tf.ones([2, 3]))",
            "Only call .* with named arguments",
        ),
        (
            "tf.nn.sigmoid_cross_entropy_with_logits(tf.ones([2]), tf.ones([2]))",
            "Only call .* with named arguments",
        ),
        ("tf.get_variable('v', [1]); tf.get_variable('v', [1])", "Variable v already exists"),
    ],
)
def test_errors_are_those_of_version_1(use, error, runs_here):
    with pytest.raises(ValueError, match=error):
        runs_here(f"import tensorflow as tf\n{use}\n")


def test_old_keywords(runs_here):
    shown = runs_here("""
        import tensorflow as tf
        x = tf.constant([[1.0, 3.0], [2.0, 0.0]])
        made = [tf.reduce_sum(x, reduction_indices=1, keep_dims=True), tf.nn.softmax(x, dim=0),
                tf.argmax(x, dimension=1), tf.squeeze(tf.expand_dims(x, dim=0), squeeze_dims=[0]),
                tf.concat(values=[x, x], axis=0)]
        print([tensor.shape.as_list() for tensor in made])
        """)
    assert shown == "[[2, 1], [2, 2], [2], [2, 2], [4, 2]]\n"


@pytest.mark.parametrize(
    "use, cure",
    [
        (
            "tf.contrib.tensor_forest.client(1, 2, 3)",
            "tf.contrib.tensor_forest is missing in TensorFlow 2.* instead: sklearn.ensemble",
        ),
        ("from tensorflow.contrib import ffmpeg", "tf.contrib.ffmpeg is missing"),
        (
            "import tensorflow.contrib.labeled_tensor as lt",
            "tf.contrib.labeled_tensor is missing in TensorFlow 2.* the package xarray",
        ),
        ("tf.contrib.layers.no_such_layer(1)", "tf.contrib.layers.no_such_layer is missing"),
        ("tf.train.no_such_thing", "no_such_thing"),
    ],
)
def test_a_missing_name_is_an_error_with_its_line_and_a_replacement(use, cure, runs_here):
    with pytest.raises((AttributeError, ImportError), match=cure) as missing:
        runs_here(f"import tensorflow as tf\n\n{use}\n")
    assert "program.py:3: " in str(missing.value)


def test_keras_is_keras_2(runs_here):
    assert runs_here("""
        from keras.models import Sequential
        from keras.layers import Dense
        import keras.backend as K
        import tensorflow as tf
        model = Sequential([Dense(3, input_shape=(2,))])
        made = model(tf.ones([4, 2]))
        print(Sequential is tf.keras.models.Sequential, K.get_session().run(made).shape)
        """).endswith("True (4, 3)\n")
    assert "keras" not in sys.modules


@pytest.mark.parametrize(
    "image", [np.arange(48, dtype=np.uint8).reshape(4, 4, 3), np.linspace(-1, 1, 16).reshape(4, 4)]
)
def test_bytescale_keeps_bytes_and_scales_other_numbers(image):
    scaled = companions.bytescale(image)
    expected = image if image.dtype == np.uint8 else (image + 1) * 127.5
    assert scaled.dtype == np.uint8
    np.testing.assert_allclose(scaled, expected, atol=0.501)
