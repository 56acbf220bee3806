import shutil

import pytest
from PIL import Image

from data import folders
from data.drawn import faces
from glcic import __main__ as glcic
from glcic import layers as kinds
from glcic import networks
from glcic.config import Config
from graphmode import tf
from graphmode.training import run_folder

TINY = {
    "size": 32,
    "width": 2,
    "batch_size": 4,
    "hole_min": 8,
    "hole_max": 16,
    "summary_freq": 1,
}


@pytest.fixture
def tiny(tmp_path):
    """Settings of a run on images of 32 pixels, in a folder of its own."""

    def make(**values):
        fixed = {**TINY, "input": "feed", "display_freq": 0, "output_dir": str(tmp_path / "run")}
        steps = {"max_steps": 9, "completion_steps": 3, "discriminator_steps": 3}
        return Config.create(**{**fixed, **steps, **values})

    return make


@pytest.fixture
def shallow(monkeypatch):
    """Networks of two layers, for tests of what is around the networks.

    Such graphs are built many times faster.
    """

    def completion_network(x, is_training, width, layers):
        x = layers.conv2d(x, is_training, width, kernel=3)
        return tf.nn.tanh(kinds.conv2d(layers.conv, x, 3, kernel=3))

    def discriminator(images, patches, width, layers):
        features = [layers.dense(layers.flatten(x), True, 4 * width) for x in (patches, images)]
        return tf.squeeze(layers.logit(tf.concat(features, -1), True), -1)

    monkeypatch.setattr(networks, "completion_network", completion_network)
    monkeypatch.setattr(networks, "discriminator", discriminator)


@pytest.fixture(scope="session")
def images(tmp_path_factory):
    """Twelve valid images of several shapes."""
    folder = tmp_path_factory.mktemp("images")
    for number, face in enumerate(faces.draw(12, 60, 3)):
        cut = face[: 60 - 2 * (number % 3), : 60 - 3 * (number % 2)]
        Image.fromarray(cut).save(folder / f"{number}.png")
    return folders.images(folder)


@pytest.fixture(scope="session")
def photographs(tmp_path_factory):
    """A folder of forty faces, and of two files that are no images."""
    folder = tmp_path_factory.mktemp("photographs")
    for number, face in enumerate(faces.draw(40, 44, 3)):
        Image.fromarray(face).save(folder / f"{number}.png")
    (folder / "empty.jpg").touch()
    (folder / "words.png").write_text("no image")
    return folder


@pytest.fixture(scope="session")
def short():
    """TINY on the command line, with queues and six steps: four, one and one in the phases."""
    given = {
        **TINY,
        "max_steps": 6,
        "completion_steps": 4,
        "discriminator_steps": 1,
        "preset": "small",
    }
    return [text for name, value in given.items() for text in (f"--{name}", str(value))]


@pytest.fixture(scope="session")
def trained(photographs, short, tmp_path_factory):
    """A run through all three phases, with its evaluation."""
    folder = tmp_path_factory.mktemp("runs") / "glcic"
    glcic.main(["--input_dir", str(photographs), "--output_dir", str(folder), *short])
    return folder


@pytest.fixture(scope="session")
def contrasty(trained, tmp_path_factory):
    """The trained run with larger weights. After six steps its output is gray everywhere."""
    folder = tmp_path_factory.mktemp("contrasty")
    shutil.copy(trained / "config.json", folder)
    reader = tf.train.load_checkpoint(str(run_folder.find_checkpoint(trained)))
    with tf.Graph().as_default(), tf.Session() as session:
        for name in reader.get_variable_to_shape_map():
            factor = 1.6 if name.startswith("G/") and name.endswith("weights") else 1
            tf.Variable(reader.get_tensor(name) * factor, name=name)
        session.run(tf.global_variables_initializer())
        tf.train.Saver().save(session, str(folder / "model.ckpt"), 6, write_meta_graph=False)
    return folder


@pytest.fixture
def use(trained):
    """Runs a mode of the program with the trained run."""

    def run(mode, *more):
        glcic.main(["--mode", mode, "--checkpoint", str(trained), *map(str, more)])

    return run
