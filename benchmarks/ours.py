"""The programs' own models as steps to time."""

import data
from gan_book import cae, gan, vae
from graphmode import cli, plans, sessions, tf

PROGRAMS = {"cae": cae, "vae": vae, "gan": gan}


def stepper(name, batch_size):
    """A function that makes training step `number` as `training.fit` does, feed and scalars included."""
    program = PROGRAMS[name]
    config = cli.settings(program.Config, batch_size=batch_size, max_steps=10**6)
    model = program.build(config, data.load("digits"))
    plan = plans.plan_of(model)[0]
    session = sessions.session()
    session.run(tf.global_variables_initializer())
    return lambda number: plans.run_step(session, model, plan, number)
