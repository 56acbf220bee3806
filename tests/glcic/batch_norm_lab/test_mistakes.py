"""The programs that make mistakes with batch norms: what each does, and what its twin does."""

import ast
import inspect
import linecache

import numpy as np
import pytest

from glcic.batch_norm_lab import mistakes
from glcic.batch_norm_lab.mistakes import frame
from graphmode import tf

MISTAKES = mistakes.MISTAKES


@pytest.mark.parametrize("name", MISTAKES)
def test_the_lines_of_a_mistake_are_marked(name):
    mistake = MISTAKES[name]
    assert set(mistake.apis) <= set(frame.APIS) and mistake.build.__doc__
    assert 1 <= len(mistake.lines()) <= 10
    assert all("# mistake" in linecache.getline(*line) for line in mistake.lines())


def moved(name, api, wrong):
    """The variables that one training step moves: names without the optimizer's own."""
    with tf.Graph().as_default(), tf.Session() as session:
        program = MISTAKES[name].build(api, wrong)
        session.run(tf.global_variables_initializer())
        random = np.random.RandomState(0)
        size = program.batch_size
        feed = {
            program.images: random.uniform(-1, 1, [size, 28, 28, 1]),
            program.labels: random.randint(10, size=size),
        }
        if program.is_training is not None:
            feed[program.is_training] = True
        variables = [v for v in tf.global_variables() if "Adam" not in v.op.name]
        variables = [v for v in variables if not v.op.name.split("/")[-1].startswith("beta")]
        before = session.run(variables)
        for train_op in program.train_ops:
            session.run(train_op, feed)
        after = session.run(variables)
        return {v.op.name for v, a, b in zip(variables, before, after) if (a != b).any()}


def averages(names):
    return {name for name in names if "/moving_" in name}


@pytest.mark.parametrize(
    "name, api",
    [
        ("never_run", "slim"),
        pytest.param("around_the_optimizer", "hand", marks=pytest.mark.slow),
    ],
)
def test_updates_that_never_run_leave_the_averages(name, api):
    assert moved(name, api, True) and not averages(moved(name, api, True))
    assert len(averages(moved(name, api, False))) == 6


def test_a_step_that_waits_for_both_branches_of_a_cond_does_nothing():
    wrong = moved("in_cond", "layers", True)
    assert wrong == averages(wrong)
    assert moved("in_cond", "layers", False) >= {"classifier/conv1/kernel"}


@pytest.mark.slow
def test_tf_variable_does_not_share():
    """The blog's: the second application has a gamma of its own, which one step moves."""

    def gammas(wrong):
        names = moved("not_shared", "hand", wrong)
        return {name for name in names if name.endswith("gamma") and "discriminator" in name}

    assert len(gammas(True)) == 2 * len(gammas(False)) == 6


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [True, False])
@pytest.mark.parametrize("name, api", [(m.name, api) for m in MISTAKES.values() for api in m.apis])
def test_every_program_can_be_built_and_taken_a_step(name, api, wrong):
    names = moved(name, api, wrong)
    assert names or (name, wrong) == ("in_cond", True)


def test_the_programs_can_be_read_by_python_3_7():
    """They are as people wrote them: TensorFlow 1.15 runs them, too."""
    modules = {inspect.getmodule(mistake.build) for mistake in MISTAKES.values()} | {frame}
    for module in modules:
        ast.parse(inspect.getsource(module), feature_version=(3, 7))
