import os

os.environ.update(
    TF_NUM_INTRAOP_THREADS="1", TF_NUM_INTEROP_THREADS="1"
)  # two workers on two cores, see ./run.sh test
import gc
import shutil
import signal

import pytest
from fake_machine import TOOLS, Project
from matplotlib.figure import Figure

from data.drawn import digits as drawn_digits
from glcic import features
from graphmode import config, sessions, tf
from graphmode.report import plots

# Graphs are many small objects that refer to each other, and seldom garbage: Python looks for it
# less often. It takes a tenth of the time, and 80 MB more.
gc.set_threshold(50_000, 20, 20)

# nohup and `command &` in a script ignore them for all that they start; the programs keep that.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
signal.signal(signal.SIGINT, signal.default_int_handler)

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "slow: not in ./run.sh test but in .ci/run; alone with -m slow"
    )
    config.addinivalue_line(
        "markers", "referee: slow, and part of ./run.sh referee; not in .ci/run"
    )
    config.addinivalue_line(
        "markers",
        "browser: a page in a real browser, where the machine has one of " + ", ".join(BROWSERS),
    )
    for place in ("tf.layers", "tf.nn.rnn_cell", "layer"):  # pytest forgets graphmode's own filters
        config.addinivalue_line("filterwarnings", f"ignore:`{place}.* is deprecated")


def browser():
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def pytest_collection_modifyitems(config, items):
    """Without a browser its tests are left out, and the last lines say so."""
    if not browser():
        chosen = [item for item in items if item.get_closest_marker("browser")]
        config.hook.pytest_deselected(items=chosen)
        items[:] = [item for item in items if item not in chosen]


def pytest_terminal_summary(terminalreporter):
    terminalreporter.write_line(
        f"the page of pix2pix.serve: tried in {browser()}"
        if browser()
        else "no browser found: without the tests of the page in one (install chromium)"
    )


@pytest.fixture(scope="session")
def browser_path():
    return browser()


@pytest.fixture(scope="session", autouse=True)
def quick_plots():
    """Plots are not laid out: each took 0.1 to 0.5 s."""

    def figure(width, height, dpi=100):
        return Figure(figsize=(width, height), dpi=dpi)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plots, "figure", figure)
        yield


@pytest.fixture(scope="session", autouse=True)
def graphs_as_built():
    """TensorFlow optimizes each graph before its first step: a quarter of the time of short runs.

    Not optimized, a step computes the same. The tests that start programs as a user does, in a
    process of their own, run optimized graphs, and so do those of `--precision mixed`.
    """
    options = sessions._options

    def unoptimized(precision):
        made = options(precision)
        made.graph_options.rewrite_options.disable_meta_optimizer = precision != "mixed"
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "_options", unoptimized)
        yield


@pytest.fixture(scope="session", autouse=True)
def hardly_trained_features():
    """The network of glcic/features.py learns for two steps only, not for fifteen seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(features, "STEPS", 2)
        yield


@pytest.fixture(autouse=True)
def fresh_graph():
    tf.reset_default_graph()
    tf.set_random_seed(0)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """No test reads or fills the user's cache."""
    patch = pytest.MonkeyPatch()
    patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
    patch.delenv("GAN_DATA_DIR", raising=False)
    yield
    patch.undo()


@pytest.fixture
def settings(tmp_path):
    """A configuration of the loop's own flags in a folder of its own."""

    def make(**values):
        return config.Run(**{"output_dir": str(tmp_path / "run"), "display_freq": 0, **values})

    return make


@pytest.fixture
def value():
    """Reads a tensor, or several, after initialising what needs it."""

    def read(tensors, feed=None):
        with sessions.session() as session:
            session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
            return session.run(tensors, feed)

    return read


@pytest.fixture(scope="session")
def digits():
    return drawn_digits.load(train=640, test=200)


def config_of(program, tmp_path=None, **values):
    """The settings of a program: its defaults, and what the values override."""
    values = {"batch_size": 32, "output_dir": str(tmp_path), **values}
    return program.Config.create(**values)


def moved(model, groups):
    """For each update of the last phase, run once: which of the groups of variables it changes."""
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        states = [session.run(groups)]
        for update in model.phases[-1].updates:
            session.run(update.op, model.feed(0))
            states.append(session.run(groups))
    changes = []
    for old, new in zip(states, states[1:]):
        pairs = [list(zip(*group)) for group in zip(old, new)]
        changes.append([any((a != b).any() for a, b in pair) for pair in pairs])
    return changes


def shapes():
    return {v.op.name: tuple(v.shape.as_list()) for v in tf.trainable_variables()}


@pytest.fixture(scope="session")
def tools(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tools")
    for name in TOOLS:
        path = shutil.which(name)
        if path:
            (folder / name).symlink_to(path)
    return folder


@pytest.fixture
def project(tmp_path, tools):
    project = Project(tmp_path, tools)
    yield project
    for path in project.work.glob("runs/.jobs/*.job"):  # a test that failed may have left one
        job = project.job(path.stem)
        if path.stem.startswith("sleeper") and "pid" in job and "status" not in job:
            try:
                os.kill(int(job["pid"].split()[0]), signal.SIGKILL)
            except ProcessLookupError:
                pass
