"""The programs' own models as steps to time."""

import data
from data import folders
from gan_book import cae, gan, vae
from glcic import model as glcic, options, sources
from graphmode import cli, plans, sessions, tf

PROGRAMS = {"cae": cae, "vae": vae, "gan": gan}


def glcic_config(name, batch_size):
    """The settings of a GLCIC model by its name: glcic_small or glcic."""
    return cli.settings(options.Config, input="feed", batch_size=batch_size, preset="small" if name == "glcic_small" else "full")


def glcic_pictures(config):
    """Some drawn faces, so that nothing waits for files."""
    return folders.Pictures(sources.find(config).train[:200], [], [])


def _built(name, batch_size):
    if name.startswith("glcic"):
        config = glcic_config(name, batch_size)
        return glcic.build(config, glcic_pictures(config))
    program = PROGRAMS[name]
    config = cli.settings(program.Config, batch_size=batch_size, max_steps=10**6)
    return program.build(config, data.load("digits"))


def stepper(name, batch_size):
    """A function that makes step `number` of the last phase as `training.fit` does, feed and scalars included."""
    model = _built(name, batch_size)
    plan = plans.plan_of(model)[-1]
    session = sessions.session()
    session.run(tf.global_variables_initializer())
    return lambda number: plans.run_step(session, model, plan, number)
