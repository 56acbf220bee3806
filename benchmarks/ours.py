"""The programs' own models as steps to time."""

import data
from data.folders import Images
from gan_book import cae, dcgan, gan, vae
from glcic import inputs, model
from glcic.config import Config as GlcicConfig
from graphmode import sessions, tf
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


def built(name, config):
    """A program's `training.Model`, built in the default graph."""
    if name.startswith("glcic"):
        return model.build(config, glcic_images(config))
    if name.startswith("pix2pix"):
        return pix2pix.build(config, pix2pix_files(config), [])
    return PROGRAMS[name].build(config, data.load("digits"))


def stepper(name, batch_size, precision="float32"):
    """A function that makes step `number` as `training.fit` does, feed and scalars included."""
    config = config_of(name, batch_size)
    with sessions.graph(config):
        steps = Steps(built(name, config))
        session = sessions.session(precision)
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        if tf.get_collection(tf.GraphKeys.QUEUE_RUNNERS):
            tf.train.start_queue_runners(session)
    return lambda number: steps.run(session, number)
