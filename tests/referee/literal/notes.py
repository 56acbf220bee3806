"""The pix2pix notes' code, as the notes print it.

The notes print single lines of a program, and tables of its layers. The functions around the lines
are the smallest that the tables allow. They are not those of pix2pix/networks.py. One line is left
out: `parser.add_argument("--trace_freq", ...)`, which needs no TensorFlow.
"""

# The notes have long lines, and names that nothing reads.
# ruff: noqa: E501, F841

from __future__ import division  # the notes' own: 精确除法

import contextlib
import io

from graphmode import tf
from tests.referee.facts import Case, constant

CANNOT_RUN = {
    # input = tf.concat([layers[-1], layers[skip_layer]], axis=3
    "notes, P369 skip_layer": "SyntaxError: the closing bracket is missing.",
    # from__future__importabsolute_import
    "notes, absolute_import": "NameError: the spaces are lost, so it is one name.",
    # def create_generator(generator_inputs,generator_outputs_channels):
    "notes, P331 Generator": "SyntaxError: the function has no body.",
    # def preprocess_lab(lab):
    "notes, P69 Lab": "SyntaxError: the function has no body.",
    # def rgb_to_lab(srgb):
    "notes, P155": "SyntaxError: the function has no body; its lines stand elsewhere.",
    # C.T * A = B
    "notes, P134 反卷积": "SyntaxError: an equation of matrices, not a program.",
}

EPS = 1e-12
NGF = NDF = 2  # the notes leave both to a flag


def name_scopes():
    """变量共享: tf.get_variable ignores name scopes."""
    with contextlib.redirect_stdout(io.StringIO()):
        # fmt: off
        with tf.name_scope('name_scope_x'):
            var1 = tf.get_variable(name='var1', shape=[1], dtype=tf.float32)
            var3 = tf.Variable(name='var2', initial_value=[2], dtype=tf.float32)
            var4 = tf.Variable(name='var2', initial_value=[2], dtype=tf.float32)

        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            print(var1.name, sess.run(var1))
            print(var3.name, sess.run(var3))
            print(var4.name, sess.run(var4))
        # fmt: on
    return Case({variable.name: variable for variable in (var1, var3, var4)})


def lrelu(x, a):
    return tf.maximum(x, 0) + a * tf.minimum(x, 0)


def batchnorm(inputs):
    channels = [inputs.shape.as_list()[3]]
    with tf.variable_scope("batchnorm"):
        offset = tf.get_variable("offset", channels, initializer=tf.zeros_initializer())
        scale = tf.get_variable(
            "scale", channels, initializer=tf.random_normal_initializer(1.0, 0.02)
        )
        mean, variance = tf.nn.moments(inputs, [0, 1, 2])
        return tf.nn.batch_normalization(inputs, mean, variance, offset, scale, 1e-5)


def conv(batch_input, out_channels, stride):
    in_channels = batch_input.shape.as_list()[3]
    padded_input = tf.pad(batch_input, [[0, 0], [1, 1], [1, 1], [0, 0]])
    with tf.variable_scope("conv"):
        # fmt: off
        filter = tf.get_variable("filter", [4, 4, in_channels, out_channels],
                                 initializer=tf.random_normal_initializer(0, 0.02))
        return tf.nn.conv2d(padded_input, filter, [1, stride, stride, 1],
                            padding="VALID")
        # fmt: on


def deconv(batch_input, out_channels):
    batch, in_height, in_width, in_channels = batch_input.shape.as_list()
    with tf.variable_scope("deconv"):
        filter = tf.get_variable(
            "filter",
            [4, 4, out_channels, in_channels],
            initializer=tf.random_normal_initializer(0, 0.02),
        )
        # fmt: off
        # [batch, in_height, in_width, in_channels], [filter_width, filter_height, out_channels, in_channels]
        #     => [batch, out_height, out_width, out_channels]
        # fmt: on
        wanted = [batch, in_height * 2, in_width * 2, out_channels]
        return tf.nn.conv2d_transpose(batch_input, filter, wanted, [1, 2, 2, 1], padding="SAME")


# fmt: off
def create_generator(generator_inputs,generator_outputs_channels):
    # fmt: on
    layers = []
    # fmt: off
    with tf.variable_scope("encoder_1"):
        # fmt: on
        layers.append(conv(generator_inputs, NGF, stride=2))
    for number, factor in enumerate([2, 4, 8, 8, 8, 8, 8], 2):
        with tf.variable_scope(f"encoder_{number}"):
            # fmt: off
            rectified = lrelu(layers[-1], 0.2)
            # fmt: on
            convolved = conv(rectified, NGF * factor, stride=2)
            # fmt: off
            output = batchnorm(convolved)
            # fmt: on
            layers.append(output)
    for skip_layer, factor in zip(range(7, 0, -1), [8, 8, 8, 8, 4, 2, 1]):
        with tf.variable_scope(f"decoder_{skip_layer + 1}"):
            input = layers[-1]
            if skip_layer < 7:
                input = tf.concat([layers[-1], layers[skip_layer]], axis=3)
            layers.append(batchnorm(deconv(tf.nn.relu(input), NGF * factor)))
    with tf.variable_scope("decoder_1"):
        input = tf.concat([layers[-1], layers[0]], axis=3)
        output = tf.tanh(deconv(tf.nn.relu(input), generator_outputs_channels))
        layers.append(output)
    return layers


def create_discriminator(discrim_inputs, discrim_targets):
    # 2x [batch, height, width, in_channels] => [batch, height, width, in_channels * 2]
    layers = [tf.concat([discrim_inputs, discrim_targets], axis=3)]
    for number, (factor, stride) in enumerate([(1, 2), (2, 2), (4, 2), (8, 1)], 1):
        with tf.variable_scope(f"layer_{number}"):
            convolved = conv(layers[-1], NDF * factor, stride)
            layers.append(lrelu(convolved if number == 1 else batchnorm(convolved), 0.2))
    with tf.variable_scope("layer_5"):
        layers.append(tf.sigmoid(conv(layers[-1], 1, stride=1)))
    return layers


def generator():
    layers = create_generator(constant("inputs", 2, 256, 256, 3), 3)
    names = [f"encoder_{n}" for n in range(1, 9)] + [f"decoder_{n}" for n in range(8, 0, -1)]
    return Case(dict(zip(names, layers)), tf.constant(0.0))  # `adversarial` has the gradients


def discriminator():
    images = constant("inputs", 1, 256, 256, 3), constant("targets", 1, 256, 256, 3)
    layers = create_discriminator(*images)
    outputs = {f"layer_{number}": layer for number, layer in enumerate(layers) if number}
    return Case(outputs, tf.reduce_mean(layers[-1]))


def discriminator_loss(predict_real, predict_fake):
    # fmt: off
    with tf.name_scope("discriminator_loss"):
        # predict_real => 1
        # predict_fake => 0
        discrim_loss = tf.reduce_mean(-(tf.log(predict_real + EPS) + tf.log(1 - predict_fake + EPS)))
    # fmt: on
    return discrim_loss


def generator_loss(predict_fake, outputs, targets):
    # fmt: off
    with tf.name_scope("generator_loss"):
        # predict_fake => 1
        # fmt: on
        return tf.reduce_mean(-tf.log(predict_fake + EPS)), tf.reduce_mean(abs(targets - outputs))


def adversarial():
    inputs, targets = constant("inputs", 1, 256, 256, 3), constant("targets", 1, 256, 256, 3)
    with tf.variable_scope("generator"):
        outputs = create_generator(inputs, 3)[-1]
    # create two copies of discriminator, one for real pairs and one for fake pairs
    # they share the same underlying variables
    with tf.variable_scope("discriminator"):
        predict_real = create_discriminator(inputs, targets)[-1]
    with tf.variable_scope("discriminator", reuse=True):
        predict_fake = create_discriminator(inputs, outputs)[-1]
    discrim_loss = discriminator_loss(predict_real, predict_fake)
    gen_loss_GAN, gen_loss_L1 = generator_loss(predict_fake, outputs, targets)
    losses = {"discriminator": discrim_loss, "GAN": gen_loss_GAN, "L1": gen_loss_L1}
    predictions = {"real": predict_real, "fake": predict_fake, "output": outputs}
    return Case({**predictions, **losses}, discrim_loss + gen_loss_GAN + 100 * gen_loss_L1)


def averaged_losses():
    discrim_loss, gen_loss_GAN, gen_loss_L1 = tf.unstack(constant("losses", 3, low=0.0))
    # fmt: off
    ema = tf.train.ExponentialMovingAverage(decay=0.99)
    update_losses = ema.apply([discrim_loss, gen_loss_GAN, gen_loss_L1])
    # fmt: on
    with tf.control_dependencies([update_losses]):
        losses = {"D": discrim_loss, "GAN": gen_loss_GAN, "L1": gen_loss_L1}
        return Case({name: tf.identity(ema.average(loss)) for name, loss in losses.items()})


# fmt: off
def preprocess_lab(lab):
    # fmt: on
    L_chan, a_chan, b_chan = tf.unstack(lab, axis=1)
    # L_chan: black and white with input range [0, 100]
    return tf.stack([L_chan / 50 - 1, a_chan / 110, b_chan / 110], axis=1)


def lab_of(xyz_pixels):
    """(2)XYZ转LAB, with the notes' second matrix."""
    relative = xyz_pixels / [0.950456, 1.0, 1.088754]
    edge = 6 / 29
    linear = relative / (3 * edge**2) + 4 / 29
    # convert to fx = f(X/Xn), fy = f(Y/Yn), fz = f(Z/Zn) (P174)
    fxfyfz_pixels = tf.where(relative > edge**3, tf.pow(relative, 1 / 3), linear)
    # fmt: off
    fxfyfz_to_lab = tf.constant([
        #  l       a       b
        [  0.0,  500.0,    0.0], # fx
        [116.0, -500.0,  200.0], # fy
        [  0.0,    0.0, -200.0], # fz
    ])
    lab_pixels = tf.matmul(fxfyfz_pixels, fxfyfz_to_lab) +tf.constant([-16.0, 0.0, 0.0])
    # fmt: on
    return lab_pixels


def lab():
    rgb_pixels = constant("colors", 20, 3, low=0.01, high=0.99)
    # fmt: off
    rgb_to_xyz = tf.constant([
        #    X        Y          Z
        [0.412453, 0.212671, 0.019334], # R
        [0.357580, 0.715160, 0.119193], # G
        [0.180423, 0.072169, 0.950227], # B
    ])
    xyz_pixels = tf.matmul(rgb_pixels, rgb_to_xyz)
    # fmt: on
    lab_pixels = lab_of(xyz_pixels)
    return Case({"xyz": xyz_pixels, "lab": lab_pixels, "input": preprocess_lab(lab_pixels)})


def lab_with_four_digits():
    var_R, var_G, var_B = tf.unstack(constant("colors", 20, 3, low=0.01, high=0.99), axis=1)
    # fmt: off
    X = var_R * 0.4124 + var_G * 0.3576 + var_B * 0.1805
    Y = var_R * 0.2126 + var_G * 0.7152 + var_B * 0.0722
    Z = var_R * 0.0193 + var_G * 0.1192 + var_B * 0.9505
    # fmt: on
    return Case({"X": X, "Y": Y, "Z": Z, "lab": lab_of(tf.stack([X, Y, Z], axis=1))})


CASES = {
    "notes_name_scopes": name_scopes,
    "notes_generator": generator,
    "notes_discriminator": discriminator,
    "notes_adversarial": adversarial,
    "notes_averaged_losses": averaged_losses,
    "notes_lab": lab,
    "notes_lab_with_four_digits": lab_with_four_digits,
}
