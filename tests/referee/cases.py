"""The cases: the project's own graph-building functions, unchanged, with fixed numbers.

Runs under TensorFlow 1.15.5 on Python 3.7 (with `stub`) and under today's TensorFlow.
"""

import functools

from gan_book import began, cae, cgan, dcgan, gan, sizes, tips, vae, wgan
from gan_book.evaluation import classifier
from gan_book.uses import feature_loss, semi_supervised
from glcic import features, layers, masks, model
from glcic.batch_norm_lab import batch_of_one
from glcic.config import Config as GlcicConfig
from graphmode import tf
from pix2pix import lab, segmentation
from pix2pix import model as pix2pix
from pix2pix import networks as notes
from pix2pix.config import Config as Pix2pixConfig
from tests.referee.facts import Case, constant, numbers

CASES = {}


def case(function=None, **variants):
    """Registers a function that builds a case; with variants, one case for each."""
    if function is not None:
        CASES[function.__name__] = function
        return function

    def register(made):
        for label, values in variants.items():
            CASES[f"{made.__name__}_{label}"] = functools.partial(made, **values)
        return made

    return register


@case
def autoencoder():
    made = cae.CAE_CNN(latent_size=20)
    loss = tf.losses.mean_squared_error(labels=made.input, predictions=made.output_flat)
    feed = {made.input: numbers("digits", 4, 784, low=0.0)}
    return Case({"latent": made.latent, "output": made.output}, loss, feed)


@case(default={"as_published": False}, published={"as_published": True})
def variational(as_published):
    made = vae.AsPublished() if as_published else vae.VAE_CNN()
    loss, generation, latent = (vae.vae_loss_as_published if as_published else vae.vae_loss)(made)
    feed = {made.input: numbers("digits", 4, 784, low=0.0), made.noise: numbers("noise", 4, 20)}
    outputs = {"mean": made.mean, "stddev": made.stddev, "output": made.output}
    return Case({**outputs, "generation": generation, "latent": latent}, loss, feed)


@case
def autoencoder_of_color():
    made = sizes.CAE((32, 32, 3), latent_size=20)
    loss = tf.losses.mean_squared_error(labels=made.input, predictions=made.output_flat)
    feed = {made.input: numbers("images", 4, 3072, low=0.0)}
    return Case({"latent": made.latent, "output": made.output}, loss, feed)


@case
def variational_of_color():
    made = sizes.VAE((32, 32, 3), latent_size=20)
    config = vae.Config.create(kl_weight=0.5, kl_warmup=2)
    loss, generation, latent = vae.vae_loss(
        made, vae.gaussian_negative_log_likelihood, vae.kl_weight(config)
    )
    drawn = sizes.VAE_GEN((32, 32, 3), latent_size=20, reuse=True)
    feed = {made.input: numbers("images", 4, 3072, low=0.0), made.noise: numbers("noise", 4, 20)}
    feed[drawn.input] = numbers("z", 4, 20)
    outputs = {"mean": made.mean, "output": made.output, "drawn": drawn.output}
    return Case({**outputs, "generation": generation, "latent": latent}, loss, feed)


@case
def evidence():
    made = vae.VAE_CNN()
    nats = {"nll": vae.negative_log_likelihood(made), "kl": vae.kl_divergence(made)}
    feed = {made.input: numbers("digits", 4, 784, low=0.0), made.noise: numbers("noise", 4, 20)}
    return Case(nats, tf.reduce_mean(nats["nll"] + nats["kl"]), feed)


@case
def features_of_a_discriminator():
    config = dcgan.Config.create()
    hidden = tips.hidden_layers(dcgan.discriminator, config)
    with tf.variable_scope("", reuse=tf.AUTO_REUSE):
        layers = [hidden(constant(name, 6, 784)) for name in ("x", "y")]
    terms = feature_loss.feature_loss(*layers)
    return Case({f"term {number}": term for number, term in enumerate(terms)}, tf.add_n(terms))


@case
def variational_generator():
    made = vae.VAE_CNN_GEN()
    return Case({"output": made.output}, feed={made.input: numbers("z", 4, 20)})


def adversarial(discriminator, generator, size=100, loss=gan.gan_loss, pixels=784):
    """Both networks of a GAN and both losses."""
    x, z = constant("digits", 8, pixels), constant("z", 8, size)
    sample = generator(z)
    with tf.variable_scope("") as scope:
        real = discriminator(x)
        scope.reuse_variables()
        fake = discriminator(sample)
    losses = loss(real, fake)
    outputs = {"sample": sample, "real": real, "fake": fake}
    outputs.update({f"loss {number}": value for number, value in enumerate(losses)})
    return Case(outputs, losses[0] + losses[1])


@case
def dense_gan():
    return adversarial(gan.discriminator, gan.generator)


@case
def smoothed_gan():
    return adversarial(
        gan.discriminator, gan.generator, loss=functools.partial(gan.gan_loss, label_smoothing=0.1)
    )


@case
def dcgan_published():
    return adversarial(dcgan.discriminator, dcgan.generator)


@case
def dcgan_of_color():
    return adversarial(
        functools.partial(sizes.discriminator, size=32),
        functools.partial(sizes.generator, size=32, channels=3),
        pixels=3072,
    )


@case(
    default={},
    features={"minibatch_features": True},
    average={"pooling": "average", "discriminator_activation": "relu"},
)
def dcgan_with_switches(**flags):
    config = dcgan.Config.create(**flags)
    return adversarial(
        tips.discriminator(dcgan.discriminator, config), tips.generator(dcgan.generator, config)
    )


@case
def conditional():
    labels = tf.constant([0, 1, 2, 3, 4, 5, 6, 7])
    return adversarial(
        lambda x: dcgan.discriminator(cgan.with_planes(x, labels)),
        lambda z: dcgan.generator(cgan.labelled(z, labels)),
    )


@case
def wasserstein():
    return adversarial(wgan.critic, dcgan.generator, loss=wgan.wgan_loss)


@case
def wasserstein_penalty():
    real, fake = constant("digits", 4, 784), constant("samples", 4, 784)
    with tf.variable_scope("") as scope:
        values = wgan.critic(real)
        scope.reuse_variables()
        # The random points on the line are fed: both TensorFlows draw other ones.
        between = constant("between", 4, 784)
        slope = tf.norm(tf.gradients(wgan.critic(between), between)[0] + 1e-12, axis=1)
    return Case({"values": values, "slope": slope, "fake": fake})


@case(digits={"data": "digits"}, faces={"data": "faces", "size": 32})
def boundary(**flags):
    config = began.Config.create(filters=4, dim=16, **flags)
    x, z = constant("images", 4, *config.shape), constant("z", 4, 16)
    sample = began.generator(z, config)
    with tf.variable_scope("") as scope:
        real = began.discriminator(x, config)
        scope.reuse_variables()
        fake = began.discriminator(sample, config)
    real_loss, fake_loss = (
        began.reconstruction_loss(x, real),
        began.reconstruction_loss(sample, fake),
    )
    k, measure = began.balance(tf.constant(0.25), real_loss, fake_loss, 0.5, 0.01)
    outputs = {"sample": sample, "real": real, "fake": fake, "k": k, "measure": measure}
    return Case(outputs, real_loss + 0.5 * fake_loss)


@case
def doubled():
    return Case({"doubled": began.doubled(constant("x", 2, 3, 5, 4))})


@case
def minibatch():
    return Case({"features": tips.minibatch_features(constant("x", 6, 12))})


@case
def digit_classifier():
    logits, found = classifier.classifier(constant("digits", 4, 784, low=0.0))
    return Case({"logits": logits, "features": found})


@case
def eleven_classes():
    with tf.variable_scope("") as scope:
        real = semi_supervised.discriminator(constant("digits", 8, 784))
        scope.reuse_variables()
        fake = semi_supervised.discriminator(constant("samples", 8, 784))
    labels = tf.constant([0, 1, 2, 3, 4, 5, 6, 7])
    (real, hidden), (fake, _) = real, fake
    losses = {
        "classes": semi_supervised.class_loss(real, labels),
        "reality": semi_supervised.reality_loss(real, fake),
    }
    loss = losses["classes"] + losses["reality"]
    return Case({"real": real, "fake": fake, "hidden": hidden, **losses}, loss)


def small(**flags):
    return GlcicConfig.create(preset="small", size=32, width=4, hole_min=8, hole_max=16, **flags)


@case(default={}, published={"as_published": True}, inference={"is_training": False})
def completion(is_training=True, **flags):
    x, hole = constant("images", 4, 32, 32, 3), tf.to_float(constant("hole", 4, 32, 32, 1) > 0.5)
    holed, imitation, done = model.complete(x, hole, small(**flags), is_training)
    loss = model.completion_loss(x, imitation, hole)
    return Case({"holed": holed, "imitation": imitation, "completion": done}, loss)


@case(
    default={},
    no_reshape={"reshape": False},
    last_batch_norm={"last_batch_norm": True},
    sigmoid={"sigmoid_output": True},
    layers={"conv": "layers", "discriminator_norm": "layers_training_updates"},
    nn={"conv": "nn", "discriminator_norm": "nn_moments"},
)
def fight(**flags):
    config = small(**flags)
    corners = tf.constant([[0, 0], [16, 16], [3, 9], [8, 1]])
    real = model.discriminate(constant("images", 4, 32, 32, 3), corners, config)
    fake = model.discriminate(constant("completions", 4, 32, 32, 3), corners, config)
    losses = model.adversarial_losses(real, fake)
    outputs = {"real": real, "fake": fake}
    outputs.update({f"loss {number}": value for number, value in enumerate(losses)})
    return Case(outputs, losses[0] + losses[1])


@case
def glcic_penalty():
    config = small(discriminator_norm="none")
    x = constant("images", 2, 32, 32, 3)
    logits = model.discriminate(x, tf.constant([[0, 0], [5, 6]]), config)
    return Case({"penalty": model.gradient_penalty(logits, x)})


@case
def holes():
    boxes = tf.constant([[2, 3, 8, 9], [20, 20, 12, 12], [0, 16, 16, 8]])
    corners = masks.corners(boxes, 32, 16)
    patches = masks.patches(constant("images", 3, 32, 32, 3), corners, 16)
    mask = masks.mask(boxes, 32, 32)
    chosen = {
        "sampled": masks.holes(3, 32, 32, 8, 16),
        "frozen": masks.frozen(3, 32, 32, 8, 16),
        "corners": corners,
    }
    chosen["published"], chosen["published corners"] = masks.published(3, 32, 8, 16, 0)
    outputs = {name: tf.to_float(value) for name, value in chosen.items()}
    return Case({"mask": mask, "patches": patches, **outputs})


@case(scratches={"shape": "scratches"}, both={"shape": "both"})
def holes_shaped(shape):
    boxes = tf.constant([[2, 3, 8, 9], [20, 20, 12, 12], [0, 16, 16, 8]])
    chances = constant("chances", 3, masks.NUMBERS, low=0.0)
    return Case({"mask": masks.shaped(shape, boxes, chances, 32, 4)})


def _activation(name, is_training):
    x = constant("x", 4, 6, 6, 5) * tf.get_variable("w", [5])
    return Case({"activated": layers.ACTIVATIONS[name](3.0 * x, is_training)})


for _name in layers.ACTIVATIONS:
    for _mode in (True, False):
        CASES[f"activation_{_name}{'' if _mode else '_inference'}"] = functools.partial(
            _activation, name=_name, is_training=_mode
        )


def _normalized(kind, rank, is_training):
    shape = [4, 6, 6, 5] if rank == 4 else [8, 5]
    scale = tf.get_variable("w", [5])
    x = constant("x", *shape) * scale
    return Case({"normalized": layers.normalize(kind, x, is_training)})


for _kind in layers.NORMS:
    for _rank in (2, 4):
        for _training in (True, False):
            _mode = "training" if _training else "inference"
            CASES[f"norm_{_kind}_rank_{_rank}_{_mode}"] = functools.partial(
                _normalized, _kind, _rank, _training
            )


def _convolved(kind, function, **values):
    x = constant("x", 2, 9, 10, 3)
    return Case({"y": function(kind, x, 6, kernel=3, **values)})


for _kind in layers.CONVS:
    CASES[f"conv_{_kind}"] = functools.partial(_convolved, _kind, layers.conv2d)
    CASES[f"conv_{_kind}_stride"] = functools.partial(_convolved, _kind, layers.conv2d, stride=2)
    CASES[f"conv_{_kind}_dilated"] = functools.partial(_convolved, _kind, layers.conv2d, rate=2)
    CASES[f"conv_{_kind}_transposed"] = functools.partial(
        _convolved, _kind, layers.conv2d_transpose, stride=2
    )


@case
def patch_features():
    logits, found = features.network(constant("patches", 4, 32, 32, 3), is_training=True)
    return Case({"logits": logits, "features": found})


@case(training={"is_training": True}, inference={"is_training": False})
def question(is_training):
    x = constant("images", 4, 32, 32, 3)
    return Case({"logits": batch_of_one.conv_net(x, is_training=is_training, filters=[4, 8])})


@case
def unet():
    with tf.variable_scope("generator"):
        return Case({"y": notes.create_generator(constant("x", 1, 256, 256, 3), 3, ngf=2)})


@case
def patch_gan():
    with tf.variable_scope("discriminator"):
        return Case(
            {
                "y": notes.create_discriminator(
                    constant("x", 1, 64, 64, 3), constant("y", 1, 64, 64, 3), 4
                )
            }
        )


@case(batch={"norm": "batch"}, instance={"norm": "instance"}, separable={"conv": "separable"})
def translation(**flags):
    config = Pix2pixConfig.create(
        preset="small", crop_size=32, scale_size=32, ngf=4, ndf=4, **flags
    )
    inputs, targets = constant("x", 2, 32, 32, 3), constant("y", 2, 32, 32, 3)
    with tf.variable_scope("discriminator"):
        real = pix2pix.discriminate(inputs, targets, config)
    return Case({"real": real, "translation": pix2pix.translate(inputs, config)})


@case
def half_lab_colors():
    """What --lab_colorization learns: a and b for a lightness."""
    a_and_b = constant("a and b", 2, 8, 8, 2, low=-0.3, high=0.3)
    lightness = constant("lightness", 2, 8, 8, 1, low=-0.5, high=0.5)
    lightness_again, a, b = lab.preprocess_lab(lab.rgb_to_lab(constant("rgb", 2, 8, 8, 3, low=0.1)))
    outputs = {"rgb": lab.augment(a_and_b, lightness), "L": lightness_again, "a": a, "b": b}
    return Case(outputs)


@case
def label_colors():
    labels = segmentation.read_labels(constant("colors", 2, 6, 6, 3, low=0.0))
    return Case({"labels": tf.to_float(labels)})


@case
def lab_colors():
    colors = constant("colors", 2, 8, 8, 3, low=0.01, high=0.99)
    there = lab.rgb_to_lab(colors)
    return Case({"lab": there, "rgb": lab.lab_to_rgb(there)})


@case
def reading():
    return Case({"logits": segmentation.network(constant("photos", 1, 32, 32, 3), 4)})
