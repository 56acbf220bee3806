"""The programs' own models as steps to time."""

import pathlib

import numpy as np

import data
from data import mnist
from data.folders import Images
from gan_book import cae, dcgan, gan, vae
from glcic import inputs, model
from glcic.config import Config as GlcicConfig
from graphmode import sessions, tf
from graphmode.errors import InputError
from graphmode.training.steps import Steps
from pix2pix import inputs as pix2pix_inputs
from pix2pix import model as pix2pix
from pix2pix.config import Config as Pix2pixConfig

PROGRAMS = {"cae": cae, "vae": vae, "gan": gan, "dcgan": dcgan}
LONG = 10**6  # steps of a run: more than any benchmark makes


def glcic_config(name, batch_size, input="feed"):
    """The settings of a GLCIC model; name: glcic_small or glcic. Only the third phase has steps."""
    return GlcicConfig.create(
        input=input,
        batch_size=batch_size,
        preset="small" if name == "glcic_small" else "full",
        max_steps=LONG,
        completion_steps=0,
        discriminator_steps=0,
    )


def glcic_images(config):
    """Two hundred drawn faces: all of them stay in memory, so no step waits for files."""
    return Images(inputs.images(config).train[:200], [], [])


def pix2pix_config(name, batch_size):
    """The settings of a pix2pix model; name: pix2pix_small or pix2pix."""
    return Pix2pixConfig.create(
        batch_size=batch_size,
        which_direction="BtoA",
        max_steps=LONG,
        preset="small" if name == "pix2pix_small" else "full",
    )


def pix2pix_files(config):
    return pix2pix_inputs.training_files(config).paths[:50]


def config_of(name, batch_size, input="feed"):
    """The settings of a model. input: how GLCIC gets its images, feed or queue."""
    if name.startswith("glcic"):
        return glcic_config(name, batch_size, input)
    if name.startswith("pix2pix"):
        return pix2pix_config(name, batch_size)
    return PROGRAMS[name].Config.create(batch_size=batch_size, max_steps=LONG)


def examples(name, config):
    """What a model is trained on: `data.folders.Images`, files of pairs, or `data.mnist.Digits`."""
    if name.startswith("glcic"):
        return glcic_images(config)
    if name.startswith("pix2pix"):
        return pix2pix_files(config)
    return data.load("digits")


def saved_examples(name, batch_size, folder):
    """`examples` as files that any Python reads: their paths. Digits are saved into the folder."""
    made = examples(name, config_of(name, batch_size))
    if isinstance(made, mnist.Digits):
        path = pathlib.Path(folder, "digits.npz")
        np.savez(path, **made._asdict())
        return [str(path)]
    return [str(path) for path in (made.train if isinstance(made, Images) else made)]


def built(name, config, images=None):
    """A program's `training.Model`, built in the default graph.

    Args:
        images: as `examples` returns them; None: these.
    """
    images = examples(name, config) if images is None else images
    if name.startswith("glcic"):
        return model.build(config, images)
    if name.startswith("pix2pix"):
        return pix2pix.build(config, images, [])
    return PROGRAMS[name].build(config, images)


def stepper(name, batch_size, precision="float32"):
    """A function that makes step `number` as `training.fit` does, feed and scalars included."""
    config = config_of(name, batch_size)
    with sessions.graph(config):
        return stepper_in_graph(name, config, lambda: sessions.session(precision))


def without_mixed():
    """Why --precision mixed is not possible on this machine; "" if it is."""
    try:
        sessions.session("mixed").close()
    except InputError as error:
        return str(error)
    return ""


def stepper_in_graph(name, config, open_session, images=None):
    """`stepper` in the default graph.

    Args:
        open_session: a function that returns a session.
        images: see `built`.
    """
    steps = Steps(built(name, config, images))
    session = open_session()
    session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
    if tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS):
        tf.train.start_queue_runners(session)
    return lambda number: steps.run(session, number)
