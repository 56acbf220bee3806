"""The autoencoder: the text's layers, its loss, what its modes write, and a run made before."""

import csv
import functools
import html
import json
import pathlib
import shutil

import numpy as np
import pytest
from conftest import config_of, shapes

import data
from data.drawn import digits as drawn_digits
from gan_book import cae
from gan_book.evaluation import classifier
from gan_book.uses import codes, compression
from graphmode import files, sessions, tf
from graphmode.training import run_folder, scalar_log

# Tests that share a run stay in one process.

OLD_RUN = pathlib.Path(__file__).with_name("old_run")  # of the program before its last rewriting

# The names that TensorFlow gives to the text's own code, and the shapes.
ENCODER = {
    "conv2d/kernel": (5, 5, 1, 16),
    "conv2d/bias": (16,),
    "conv2d_1/kernel": (5, 5, 16, 32),
    "conv2d_1/bias": (32,),
}
LATENT = {"latent_var/kernel": (1568, 20), "latent_var/bias": (20,)}
DECODER = {
    "z_matrix/kernel": (20, 1568),
    "z_matrix/bias": (1568,),
    "conv2d_transpose/kernel": (5, 5, 16, 32),
    "conv2d_transpose/bias": (16,),
    "conv2d_transpose_1/kernel": (5, 5, 1, 16),
    "conv2d_transpose_1/bias": (1,),
}


def test_variables_strides_and_activations_are_the_texts():
    cae.CAE_CNN()
    assert shapes() == {**ENCODER, **LATENT, **DECODER}
    assert sum(np.prod(shape) for shape in shapes().values()) == 90773
    # A transposed convolution to a gray image is that of graphmode.kernels, if oneDNN is there.
    kinds = {
        "Conv2D": "Conv2D",
        "Conv2DBackpropInput": "transposed",
        "DepthToSpace": "transposed",
        "Relu": "Relu",
        "Sigmoid": "Sigmoid",
        "MatMul": "MatMul",
    }
    operations = [
        op
        for op in tf.get_default_graph().get_operations()
        if op.type in kinds and not op.name.endswith("conv2d_transpose/Conv2D")
    ]
    assert [(kinds[op.type], op.name.split("/")[0]) for op in operations] == [
        ("Conv2D", "ENCODER"),
        ("Relu", "ENCODER"),
        ("Conv2D", "ENCODER"),
        ("Relu", "ENCODER"),
        ("MatMul", "LATENT"),
        ("MatMul", "DECODER"),
        ("Relu", "DECODER"),
        ("transposed", "DECODER"),
        ("Relu", "DECODER"),
        ("transposed", "DECODER"),
        ("Sigmoid", "DECODER"),
    ]
    for op in operations:
        if "Conv2D" in op.type:
            assert op.get_attr("strides") == [1, 2, 2, 1] and op.get_attr("padding") == b"SAME"


def test_the_network_in_numpy(value):
    """The same output from a plain numpy forward pass over explicit sums."""
    model = cae.CAE_CNN(latent_size=3)
    images = np.random.RandomState(0).rand(2, 784).astype(np.float32)
    weights = tf.trainable_variables()
    z, output, *arrays = value([model.latent, model.output, *weights], {model.input: images})
    w = {v.op.name: array.astype(np.float64) for v, array in zip(weights, arrays)}

    def convolved(x, name):
        """SAME, stride 2, 5x5: one pixel of padding before and two behind."""
        size = x.shape[1] // 2
        x = np.pad(x, [(0, 0), (1, 2), (1, 2), (0, 0)])
        y = sum(
            x[:, i : i + 2 * size : 2, j : j + 2 * size : 2] @ w[f"{name}/kernel"][i, j]
            for i in range(5)
            for j in range(5)
        )
        return y + w[f"{name}/bias"]

    def transposed(x, name):
        """The transpose of `convolved`: each pixel is spread over 5x5 pixels."""
        size = x.shape[1]
        kernel = w[f"{name}/kernel"]
        y = np.zeros([len(x), 2 * size + 3, 2 * size + 3, kernel.shape[2]])
        for i in range(5):
            for j in range(5):
                y[:, i : i + 2 * size : 2, j : j + 2 * size : 2] += x @ kernel[i, j].T
        return y[:, 1:-2, 1:-2] + w[f"{name}/bias"]

    def relu(x):
        return np.maximum(x, 0)

    x = relu(convolved(relu(convolved(images.reshape(2, 28, 28, 1), "conv2d")), "conv2d_1"))
    codes = x.reshape(2, 1568) @ w["latent_var/kernel"] + w["latent_var/bias"]
    x = relu(codes @ w["z_matrix/kernel"] + w["z_matrix/bias"]).reshape(2, 7, 7, 32)
    logits = transposed(relu(transposed(x, "conv2d_transpose")), "conv2d_transpose_1")
    np.testing.assert_allclose(z, codes, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(output, 1 / (1 + np.exp(-logits)), rtol=1e-4)


def test_the_loss_is_the_mean_squared_error(digits):
    model = cae.build(config_of(cae, max_steps=1), digits)
    feed = model.feed(0)
    graph = tf.get_default_graph()
    output = graph.get_tensor_by_name("DECODER/conv2d_transpose_1/Sigmoid:0")
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        loss, y = session.run([model.phases[0].updates[0].scalars["loss"], output], feed)
    (x,) = feed.values()
    assert loss == pytest.approx(np.mean(np.square(x - y.reshape(x.shape))), rel=1e-5)


@pytest.mark.parametrize(
    "flags, rate",
    [({}, 0.001), ({"as_published": True}, 0.0001), ({"as_published": True, "lr": 0.5}, 0.5)],
)
def test_learning_rate(flags, rate, digits, value):
    cae.build(config_of(cae, max_steps=10, **flags), digits)
    operations = tf.get_default_graph().get_operations()
    adam = next(op for op in operations if op.type == "ApplyAdam")
    assert value(adam.inputs[5]) == pytest.approx(rate)


def test_side_by_side_alternates_inputs_and_outputs(value):
    x = np.arange(3 * 784, dtype=np.float32).reshape(3, 784)
    pairs = value(cae.side_by_side(tf.constant(x), tf.constant(-x)))
    assert pairs.shape == (6, 28, 28, 1)
    np.testing.assert_array_equal(pairs[0::2].reshape(3, 784), x)
    np.testing.assert_array_equal(pairs[1::2].reshape(3, 784), -x)


@pytest.fixture(scope="module")
def trained(digits, tmp_path_factory):
    """The folder of a run of a few hundred steps."""
    folder = tmp_path_factory.mktemp("cae") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda name, input_dir: digits)
        flags = ["--data", "digits", "--max_steps", "350", "--batch_size", "32"]
        cae.main([*flags, "--display_freq", "175", "--output_dir", str(folder)])
    return folder


@pytest.fixture
def small_data(monkeypatch, digits):
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)


def test_training_writes_a_report_with_metrics_and_figures(trained, digits):
    metrics = json.loads((trained / "metrics.json").read_text())
    assert metrics["test images"] == len(digits.test_images)
    error = metrics["test mean squared error"]
    # The mean of the PSNRs is above the PSNR of the mean error.
    assert 0 <= metrics["test PSNR (dB)"] + 10 * np.log10(error) < 1
    blind = np.square(digits.test_images / 255 - digits.train_images.mean(0) / 255).mean()
    assert error < 0.7 * blind
    page = html.unescape((trained / "report.html").read_text())
    assert all(name in page for name in [*metrics, "test digits and reconstructions"])
    grids = sorted(file.name for file in (trained / "samples").iterdir())
    assert grids == [f"reconstructions-{step:08d}.png" for step in (0, 175, 350)]


def test_sample_reconstructs_test_digits(trained, digits, small_data):
    cae.main(["--mode", "sample", "--checkpoint", str(trained), "--count", "30"])
    outputs = np.load(trained / "samples.npz")["images"]
    assert outputs.shape == (30, 28, 28)
    distances = [
        np.square(outputs / 255.0 - image / 255.0).mean((1, 2)) for image in digits.test_images[:30]
    ]
    nearer = np.mean(np.diag(distances) < np.mean(distances, axis=0))
    assert nearer > 0.9  # to its own digit than to the others, on average


@pytest.mark.parametrize(
    "flags, message",
    [
        (["--latent_size", "3"], "--latent_size 3 contradicts the run in"),
        (["--data", "mnist", "--input_dir", "nowhere"], "nowhere"),
        (["--count", "0"], "--count '0' is not a whole number (at least 1)"),
        (["--lr", "0"], "--lr '0' is not a number (above 0.0)"),
        (["--data", "cats"], "cats"),
    ],
)
def test_a_mistake_is_one_line(flags, message, trained, capsys):
    with pytest.raises(SystemExit) as end:
        cae.main(["--mode", "sample", "--checkpoint", str(trained), *flags])
    error = capsys.readouterr().err
    assert end.value.code == 2 and message in error and error.count("\n") == 1


def test_with_two_latent_units_the_report_shows_z(small_data, tmp_path):
    flags = ["--latent_size", "2", "--max_steps", "1", "--display_freq", "0"]
    cae.main([*flags, "--lr", "0.1", "--output_dir", str(tmp_path / "run")])
    assert "latent space" in (tmp_path / "run" / "report.html").read_text()


def test_compress_writes_the_table_and_the_figure(trained, small_data, monkeypatch, capsys):
    monkeypatch.setattr(compression, "QUALITIES", (10, 90))
    evaluated = (trained / "metrics.json").read_text()
    cae.main(["--mode", "compress", "--checkpoint", str(trained)])
    assert (trained / "metrics.json").read_text() == evaluated
    with open(trained / "figures" / "rate_distortion.csv") as file:
        rows = list(csv.DictReader(file))
    exact = next(row for row in rows if row["method"] == "autoencoder, not rounded")
    expected = -10 * np.log10(json.loads(evaluated)["test mean squared error"])
    assert float(exact["PSNR (dB)"]) == pytest.approx(expected, abs=0.01)
    assert float(exact["bytes per digit"]) == 80.0
    assert len([row for row in rows if row["method"].startswith("autoencoder")]) == 8 + 8 + 1
    assert (trained / "figures" / "rate_distortion.png").stat().st_size > 10000
    assert "rate distortion" in (trained / "report.html").read_text()
    assert capsys.readouterr().out.count("bytes per digit") == len(rows)


@pytest.mark.slow
def test_generate_from_normals_is_better_than_from_noise(trained, small_data, monkeypatch):
    monkeypatch.setattr(codes, "COUNT", 200)
    brief = functools.partial(classifier.Config, max_epochs=1)
    monkeypatch.setattr(classifier, "Config", brief)
    cae.main(["--mode", "generate", "--checkpoint", str(trained)])
    with open(trained / "figures" / "generated.csv") as file:
        rows = {row["z from"]: row for row in csv.DictReader(file)}
    assert list(rows) == ["N(0; 1)", "one normal", "30 normals"]
    distances = [float(row["Frechet distance"]) for row in rows.values()]
    assert max(distances[1:]) < distances[0]  # the codes do not follow N(0, 1)
    assert all(0 <= int(row["digits covered"]) <= 10 for row in rows.values())
    page = (trained / "report.html").read_text()
    for name in ("N01", "one_normal", "30_normals"):
        assert (trained / "figures" / f"generated_from_{name}.png").exists()
        assert f"generated from {name.replace('_', ' ')}" in page


@pytest.fixture
def old_run(tmp_path, monkeypatch):
    folder = tmp_path / "old"
    shutil.copytree(OLD_RUN, folder)
    # All test digits of --data digits; the training digits are not read.
    monkeypatch.setattr(data, "load", lambda name, input_dir: drawn_digits.load(train=1))
    return folder


def test_a_run_made_before_gives_the_same_images_and_metrics(old_run):
    before = np.load(OLD_RUN / "samples.npz")["images"].astype(int)
    cae.main(["--mode", "sample", "--checkpoint", str(old_run), "--count", str(len(before))])
    now = np.load(old_run / "samples.npz")["images"]
    assert before.max() > 100 and np.abs(now - before).max() <= 1  # of 255, rounding
    before = json.loads((OLD_RUN / "metrics.json").read_text())
    cae.main(["--mode", "evaluate", "--checkpoint", str(old_run)])
    assert json.loads((old_run / "metrics.json").read_text()) == pytest.approx(before, rel=1e-4)


def test_a_run_made_before_is_continued(old_run, small_data):
    flags = ["--max_steps", "1502", "--summary_freq", "1", "--display_freq", "0"]
    cae.main(["--output_dir", str(old_run), "--resume", *flags])
    with open(OLD_RUN / "scalars.csv") as file:
        before = list(csv.DictReader(file))
    rows = scalar_log.read(old_run)
    assert rows[:3] == before and [row["step"] for row in rows[3:]] == ["1501", "1502"]
    assert float(rows[3]["loss"]) == pytest.approx(float(before[-1]["loss"]), rel=0.2)
    reader = tf.train.load_checkpoint(str(run_folder.find_checkpoint(old_run)))
    # Adam goes on, too: after 1502 steps beta2_power is 0.999^1503.
    assert reader.get_tensor("Solver/beta2_power") == pytest.approx(0.999**1503, rel=2e-4)
    assert json.loads(files.path(old_run, "config.json").read_text())["config"]["latent_size"] == 1
