"""The programs' own models as steps to time."""

import data
from data import folders
from gan_book import cae, dcgan, gan, vae
from glcic import model as glcic, options, sources
from graphmode import cli, files, sessions, tf, training
from pix2pix import model as pix2pix, options as pix2pix_options, sources as pix2pix_sources

PROGRAMS = {"cae": cae, "vae": vae, "gan": gan, "dcgan": dcgan}


def glcic_config(name, batch_size, input="feed"):
    """The settings of a GLCIC model by its name: glcic_small or glcic."""
    return cli.settings(options.Config, input=input, batch_size=batch_size, preset="small" if name == "glcic_small" else "full")


def glcic_pictures(config):
    """Some drawn faces, so that nothing waits for files."""
    return folders.Pictures(sources.find(config).train[:200], [], [])


def pix2pix_config(name, batch_size):
    """The settings of a pix2pix model by its name: pix2pix_small or pix2pix."""
    return cli.settings(pix2pix_options.Config, batch_size=batch_size, which_direction="BtoA", max_steps=10**6,
                        preset="small" if name == "pix2pix_small" else "full")


def pix2pix_files(config):
    return pix2pix_sources.training(config)[0][:50]


def built(name, batch_size, input="feed"):
    """A program's `training.Model` by its name. input: how GLCIC gets its pictures, feed or queue."""
    if name.startswith("glcic"):
        config = glcic_config(name, batch_size, input)
        return glcic.build(config, glcic_pictures(config))
    if name.startswith("pix2pix"):
        config = pix2pix_config(name, batch_size)
        return pix2pix.build(config, pix2pix_files(config), [])
    program = PROGRAMS[name]
    config = cli.settings(program.Config, batch_size=batch_size, max_steps=10**6)
    return program.build(config, data.load("digits"))


def stepper(name, batch_size, precision="float32"):
    """A function that makes step `number` of the last phase as `training.fit` does, feed and scalars included."""
    model = built(name, batch_size)
    plan = plans.plan_of(model)[-1]
    session = sessions.session(precision)
    session.run(tf.global_variables_initializer())
    tf.train.start_queue_runners(session)
    return lambda number: plans.run_step(session, model, plan, number)
