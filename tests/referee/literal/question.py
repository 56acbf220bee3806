"""The question's program, as it stands: its network, and its table for batches of one and two.

The program uses TensorLayer. `tl` below has the four layers that it needs, with TensorLayer 1's
variables and numbers (epsilon 1e-5, decay 0.9).
"""

# The program has long lines, a network in a string, and its own way to format.
# ruff: noqa: E501, B018, UP031

import contextlib
import io
import types

import numpy as np

from graphmode import slim, tf
from tests.referee.facts import Case, constant

CANNOT_RUN = {
    # xavier_initilizer = tf.contrib.layers.xavier_initializer(uniform=True)
    "question, xavier_initilizer": "AttributeError: today's tf has no contrib; slim has the same.",
    # import tensorlayer as tl
    "question, tensorlayer": "ModuleNotFoundError: TensorLayer 1 is not installed; see `tl`.",
}


class _Layer:
    """A layer of TensorLayer: what it computes is its `outputs`."""

    def __init__(self, outputs):
        self.outputs = outputs

    def print_params(self, details):
        for variable in tf.global_variables():
            print(variable.name, variable.shape, variable.eval().mean() if details else "")


def _conv2d(network, n_filter, filter_size, strides, padding, act, W_init, name):
    x = network.outputs
    with tf.variable_scope(name):
        shape = [*filter_size, x.shape.as_list()[-1], n_filter]
        W = tf.get_variable("W_conv2d", shape, initializer=W_init)
        b = tf.get_variable("b_conv2d", [n_filter], initializer=tf.zeros_initializer())
        return _Layer(act(tf.nn.conv2d(x, W, [1, *strides, 1], padding) + b))


def _batch_norm(network, act, is_train, gamma_init, name, decay=0.9, epsilon=1e-5):
    x = network.outputs
    channels, axes = x.shape.as_list()[-1:], [0, 1, 2]
    with tf.variable_scope(name):
        beta = tf.get_variable("beta", channels, initializer=tf.zeros_initializer())
        gamma = tf.get_variable("gamma", channels, initializer=gamma_init)
        averages = [
            tf.get_variable(kind, channels, initializer=start(), trainable=False)
            for kind, start in (
                ("moving_mean", tf.zeros_initializer),
                ("moving_variance", tf.ones_initializer),
            )
        ]
        used = averages
        if is_train:
            moments = tf.nn.moments(x, axes)
            # TensorLayer moves its averages whenever the layer is computed.
            with tf.control_dependencies(
                [
                    tf.assign_sub(average, (average - moment) * (1 - decay))
                    for average, moment in zip(averages, moments)
                ]
            ):
                used = [tf.identity(moment) for moment in moments]
        return _Layer(act(tf.nn.batch_normalization(x, used[0], used[1], beta, gamma, epsilon)))


def _prelu(layer, a_init, name):
    x = layer.outputs
    with tf.variable_scope(name):
        alphas = tf.get_variable("alphas", x.shape.as_list()[-1:], initializer=a_init)
        return _Layer(tf.nn.relu(x) + alphas * (x - abs(x)) * 0.5)


tl = types.SimpleNamespace(
    layers=types.SimpleNamespace(
        InputLayer=lambda inputs, name: _Layer(inputs),
        Conv2d=_conv2d,
        BatchNormLayer=_batch_norm,
        PReluLayer=_prelu,
        initialize_global_variables=lambda sess: sess.run(tf.global_variables_initializer()),
    )
)


# fmt: off
def conv_net(inputs, is_training):

    # xavier_initilizer = tf.contrib.layers.xavier_initializer(uniform=True)    (see CANNOT_RUN)
    xavier_initilizer = slim.xavier_initializer(uniform=True)
    normal_initializer = tf.random_normal_initializer(mean=1., stddev=0.02)

    # Input Layers
    network = tl.layers.InputLayer(inputs, name='input')

    fx = [64, 128, 256, 256, 256]

    for i, n_out_channel in enumerate(fx):

        with tf.variable_scope('h' + str(i + 1)):

            network = tl.layers.Conv2d(
                network,
                n_filter    = n_out_channel,
                filter_size = (5, 5),
                strides     = (2, 2),
                padding     = 'VALID',
                act         = tf.identity,
                W_init      = xavier_initilizer,
                name        = 'conv2d'
            )

            network = tl.layers.BatchNormLayer(
                network,
                act        = tf.identity,
                is_train   = is_training,
                gamma_init = normal_initializer,
                name       = 'batch_norm'
            )

            network = tl.layers.PReluLayer(
                layer  = network,
                a_init = tf.constant_initializer(0.2),
                name   ='activation'
            )

    ############# OUTPUT LAYER ###############

    with tf.variable_scope('h' + str(len(fx) + 1)):
        '''
        network = tl.layers.FlattenLayer(network, name='flatten')
        network = tl.layers.DenseLayer(
            network,
            n_units = 100,
            act = tf.identity,
            W_init = xavier_initilizer,
            name = 'dense'
        )
        '''

        output_filter_size = tuple([int(i) for i in network.outputs.get_shape()[1:3]])

        network = tl.layers.Conv2d(
            network,
            n_filter    = 100,
            filter_size = output_filter_size,
            strides     = (1, 1),
            padding     = 'VALID',
            act         = tf.identity,
            W_init      = xavier_initilizer,
            name        = 'conv2d'
        )

        network = tl.layers.BatchNormLayer(
            network,
            act        = tf.identity,
            is_train   = is_training,
            gamma_init = normal_initializer,
            name       = 'batch_norm'
        )

        net_logits = network.outputs

        network.outputs = tf.nn.tanh(
            x    = network.outputs,
            name = 'activation'
        )

        net_output = network.outputs

        return network, net_output, net_logits
# fmt: on


def main():
    results = {}
    # fmt: off
    tf.logging.set_verbosity(tf.logging.DEBUG)

    #################################################
    #                MODEL DEFINITION               #
    #################################################

    PLH_SHAPE = [None, 256, 256, 3]

    input_plh = tf.placeholder(tf.float32, PLH_SHAPE, name='input_placeholder')

    convnet, net_out, net_logits = conv_net(input_plh, is_training=True)

    with tf.Session() as sess:
        tl.layers.initialize_global_variables(sess)

        convnet.print_params(details=True)

        #################################################
        #                  LAUNCH A RUN                 #
        #################################################

        for BATCH_SIZE in [1, 2]:

            INPUT_SHAPE = [BATCH_SIZE, 256, 256, 3]

            batch_data = np.random.random(size=INPUT_SHAPE)

            output, logits = sess.run(
                [net_out, net_logits],
                feed_dict={
                    input_plh: batch_data
                }
            )

            if tf.logging.get_verbosity() == tf.logging.DEBUG:
                print("\n\n###########################")

                print("\nBATCH SIZE = %d\n" % BATCH_SIZE)

            tf.logging.debug("output => Shape: %s - Mean: %e - Std: %f - Min: %f - Max: %f" % (
                output.shape,
                output.mean(),
                output.std(),
                output.min(),
                output.max()
            ))

            tf.logging.debug("logits => Shape: %s - Mean: %e - Std: %f - Min: %f - Max: %f" % (
                logits.shape,
                logits.mean(),
                logits.std(),
                logits.min(),
                logits.max()
            ))

            if tf.logging.get_verbosity() == tf.logging.DEBUG:
                print("###########################")
            # fmt: on
            results.update({f"output {BATCH_SIZE}": output, f"logits {BATCH_SIZE}": logits})
    return results


def program():
    """The whole program. Its weights are formulas here, because all noise is."""
    verbosity, before = tf.logging.get_verbosity(), np.random.get_state()
    np.random.seed(0)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            results = main()
    finally:
        tf.logging.set_verbosity(verbosity)
        np.random.set_state(before)
    return Case({name: tf.constant(array) for name, array in results.items()}, tf.constant(0.0))


def answer():
    """The answer's formula and its example of a batch of two."""
    # fmt: off
    batch = [
        [2, 4, 6],
        [4, 6, 8]]
    # fmt: on
    input, gamma, beta = tf.constant(batch, tf.float32), 1.0, 0.0
    mean, variance = tf.nn.moments(input, [0])
    sigma = tf.sqrt(variance)
    # fmt: off
    output = gamma * (input - mean) / sigma + beta
    # fmt: on
    return Case({"mean": mean, "output": output}, tf.constant(0.0))


def network(is_training):
    """A batch that is no special case, and small images, whose last map has one pixel."""
    images = constant("images", 6, 128, 128, 3, low=0.0)
    convnet, net_out, net_logits = conv_net(images, is_training)
    # No gradients: five million weights. cases.question has those of a smaller network.
    return Case({"output": net_out, "logits": net_logits}, tf.constant(0.0))


CASES = {
    "question_program": program,
    "question_training": lambda: network(True),
    "question_inference": lambda: network(False),
    "question_answer": answer,
}
