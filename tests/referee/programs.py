"""Whole programs: their `build` functions, unchanged, and three steps with their own optimizers.

Where `cases` asks what a network computes, this asks what a program trains: data, losses, which
weights each update moves, moving averages, schedules.
"""

import contextlib
import functools
import pathlib

import numpy as np
from PIL import Image

from data import folders
from data.mnist import Digits
from gan_book import began, cae, cgan, dcgan, gan, vae, wgan
from gan_book.evaluation import classifier
from gan_book.uses import few_labels, semi_supervised
from glcic import features
from glcic import model as glcic
from glcic.config import Config as GlcicConfig
from graphmode import tf, variables
from pix2pix import model as pix2pix
from pix2pix.config import Config as Pix2pixConfig
from tests.referee import facts
from tests.referee.facts import described, numbers

STEPS = 3
EPSILON = 0.1  # see `steady_adam`
PROGRAMS = {
    "cae": (cae, {}),
    "vae": (vae, {}),
    "vae_published": (vae, {"as_published": True}),
    "gan": (gan, {}),
    "gan_published": (gan, {"as_published": True}),
    "gan_smooth_unrolled": (gan, {"label_smoothing": 0.1, "unrolled_steps": 1}),
    "dcgan": (dcgan, {}),
    "dcgan_published": (dcgan, {"as_published": True}),
    "wgan": (wgan, {}),
    "wgan_penalty": (wgan, {"gradient_penalty": True}),
    "began": (began, {}),
    "cgan": (cgan, {}),
    "classifier": (classifier, {}),
    "semi_supervised": (semi_supervised, {"labels": 20}),
}
SMALL = {"preset": "small", "size": 32, "width": 4, "hole_min": 8, "hole_max": 16}
GLCIC = {
    "glcic": {"alpha": 0.1, "r1": 1.0},
    "glcic_published": {"as_published": True},
    "glcic_paper": {"recipe": "paper"},
    "glcic_queue": {"input": "queue"},
}
PIX2PIX = {
    "pix2pix": {},
    "pix2pix_published": {"as_published": True},
    "pix2pix_lab": {"lab_colorization": True},
    "pix2pix_instance": {"norm": "instance"},
}


def digits():
    """Sixty made-up images of ten classes, the first of which are the test images."""
    pixels = (numbers("pixels", 80, 28, 28, low=0.0) * 255).astype(np.uint8)
    labels = (np.arange(80) % 10).astype(np.uint8)
    return Digits(pixels[20:], labels[20:], pixels[:20], labels[:20])


def pictures(folder, count, height, width):
    """Writes made-up PNG files and returns their paths."""
    paths = [pathlib.Path(folder, f"{number}.png") for number in range(count)]
    for number, path in enumerate(paths):
        pixels = numbers(f"picture {number}", height, width, 3, low=0.0) * 255
        Image.fromarray(pixels.astype(np.uint8)).save(str(path))
    return paths


def of_digits(module, flags, folder):
    config = module.Config.create(**{"batch_size": 10, "max_steps": 3, **flags})
    return module.build(config, digits())


def of_faces(flags, folder):
    few = {"batch_size": 4, "input": "feed", "max_steps": 9, "completion_steps": 3}
    config = GlcicConfig.create(**{**SMALL, **few, "discriminator_steps": 3, **flags})
    paths = pictures(folder, 12, 50, 44)
    return glcic.build(config, folders.Images(paths[:8], paths[8:], []))


def of_pairs(flags, folder):
    sizes = {"crop_size": 32, "scale_size": 36, "ngf": 4, "ndf": 4, "max_steps": 3}
    config = Pix2pixConfig.create(**{"preset": "small", "batch_size": 2, **sizes, **flags})
    paths = pictures(folder, 6, 40, 40 if config.lab_colorization else 80)
    return pix2pix.build(config, paths[:4], paths[4:])


def of_few_labels(folder):
    """A classifier on the encoder, by 30 labels."""
    config = few_labels.Config.create(batch_size=10, max_steps=3)
    images, labels = digits()[:2]
    return few_labels.build(config, few_labels.encoder, images[:30], labels[:30])[0]


def of_patches(folder):
    """The network whose features measure hole patches."""
    config = features.Config(side=16, batch_size=8, max_steps=3)
    return features.build(config, lambda number: numbers(f"batch {number}", 8, 24, 24, 3, low=0.0))


BUILDS = {
    "few_labels": of_few_labels,
    "patch_features": of_patches,
    **{name: functools.partial(of_digits, *given) for name, given in PROGRAMS.items()},
    **{name: functools.partial(of_faces, flags) for name, flags in GLCIC.items()},
    **{name: functools.partial(of_pairs, flags) for name, flags in PIX2PIX.items()},
}


@contextlib.contextmanager
def steady_adam():
    """While it lasts, Adam's epsilon is large.

    With 1e-8 Adam makes a whole step of a gradient that is 0 but for rounding, as the biases before
    a batch norm have it, and after three steps nothing could be compared.
    """
    plain = tf.train.AdamOptimizer
    tf.train.AdamOptimizer = functools.partial(plain, epsilon=EPSILON)
    try:
        yield
    finally:
        tf.train.AdamOptimizer = plain


def train(build, folder):
    """Builds a program's model in a new graph and trains each of its phases for `STEPS` steps.

    Returns:
        As `facts.facts`: each scalar at each step, and by how much each variable of the networks
        moved.
    """
    found = {}
    with tf.Graph().as_default(), facts.fixed_noise(), steady_adam():
        model = build(folder)
        own = tf.trainable_variables() + variables.moving_averages("")
        listed = [f"{v.op.name} {v.shape.as_list()}" for v in tf.global_variables()]
        advance = tf.assign_add(tf.train.get_or_create_global_step(), 1)
        with tf.Session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            facts.fill(session, own)
            before = session.run({v.op.name: v for v in own})
            coordinator = tf.train.Coordinator()
            runners = tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS)
            threads = tf.train.start_queue_runners(session, coordinator) if runners else []
            for phase in model.phases:
                for step in range(min(STEPS, phase.steps)):
                    feed = model.feed(step) if model.feed else None
                    for place, update in enumerate(phase.updates):
                        fetched = session.run([update.op, dict(update.scalars)], feed)[1]
                        for name, value in fetched.items():
                            found[f"{phase.name} {step} {place} {name}"] = described(value)
                    session.run(advance)
            after = session.run({v.op.name: v for v in own})
            coordinator.request_stop()
            coordinator.join(threads, stop_grace_period_secs=5, ignore_live_threads=True)
    for name, value in after.items():
        found["moved " + name] = described(value - before[name])
    return {"variables": listed, "numbers": found}
