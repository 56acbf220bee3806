"""Classifiers that start from a generative model's weights, or learn from its samples."""

import json

import numpy as np
import pytest
from conftest import config_of

import data
from data import feeds
from gan_book import cae, cgan, dcgan
from gan_book.uses import few_labels
from graphmode import errors, sessions, tf, training
from graphmode.training import run_folder

# Tests that share a run stay in one process.

PROGRAMS = {
    "cae": (cae, {}),
    "gan": (dcgan, {"discriminator_norm": "batch"}),
    "cgan": (cgan, {"labels": 40}),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory, digits):
    """Folders of short runs by the flag that names them, and what the cgan was fed."""
    folders = {}
    for name, (program, switches) in PROGRAMS.items():
        folder = tmp_path_factory.mktemp("run")
        config = config_of(program, folder, max_steps=1, display_freq=0, batch_size=8, **switches)
        with sessions.graph(config):
            model = program.build(config, digits)
            training.fit(model, config)
        folders[name] = str(folder)
    return folders, list(model.feed(1).values())


@pytest.fixture(scope="module")
def started(runs):
    return runs[0]


def cases_of(**runs):
    config = few_labels.Config.create(**runs)
    return {case.name: case for case in few_labels.cases(config)}


def test_each_run_adds_two_cases(started):
    assert [(case.start != "", case.extended) for case in cases_of(**started).values()] == [
        (False, False),
        (True, False),
        (False, False),
        (True, False),
        (False, False),
        (False, True),
    ]
    assert list(cases_of(cgan=started["cgan"])) == [
        "without generated digits",
        "with generated digits",
    ]


@pytest.mark.parametrize(
    "flag, model", [("cae", "the autoencoder's encoder"), ("gan", "the GAN's discriminator")]
)
def test_a_classifier_starts_from_the_runs_weights(flag, model, started, digits):
    case = cases_of(**{flag: started[flag]})[f"{model}, pre-trained"]
    config = few_labels.Config.create()
    tf.reset_default_graph()
    few_labels.build(config, case.hidden, digits.train_images, digits.train_labels, case.start)
    saved = tf.train.load_checkpoint(str(run_folder.find_checkpoint(started[flag])))
    weights = [
        v
        for v in tf.global_variables()
        if v.op.name.startswith(("classifier/conv", "classifier/discriminator/"))
        and "Adam" not in v.op.name
    ]
    assert len(weights) == {"cae": 4, "gan": 6 + 2 * 4}[flag]  # gan: two batch norms
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        same = [
            (session.run(v) == saved.get_tensor(v.op.name.split("/", 1)[1])).all() for v in weights
        ]
    assert all(same)


@pytest.mark.parametrize("as_published", [False, True])
def test_the_discriminator_sees_pixels_as_it_was_trained(as_published, value):
    """Its first layer gives the same for a black image as the DCGAN's own network."""
    trained = config_of(dcgan, as_published=as_published)
    hidden = few_labels.discriminator(trained)
    hidden(tf.zeros([2, 784]), True)
    operations = tf.get_default_graph().get_operations()
    first = next(op for op in operations if op.type == "Conv2D")
    assert (value(first.inputs[0]) == (0.0 if as_published else -1.0)).all()


def test_cgan_learns_from_the_labelled_digits_alone(runs, digits):
    few = data.few(digits, 40)
    known = {image.tobytes() for image in feeds.flat_pixels(few.train_images)}
    pixels, _ = runs[1]
    assert len(pixels) == 8 and {row.tobytes() for row in pixels} <= known


def test_generated_digits_extend_the_labelled_ones(started, digits, monkeypatch, tmp_path):
    samples, labels = few_labels.generated(
        few_labels.Config.create(cgan=started["cgan"], generated=23)
    )
    assert samples.shape == (23, 28, 28) and samples.dtype == np.uint8
    assert list(labels) == [n % 10 for n in range(23)]
    shown = []

    def kept(config, digits, hidden, pixels, labels, start):
        shown.append((len(pixels), len(labels), config.seed))
        return 0.5

    monkeypatch.setattr(few_labels, "accuracy", kept)
    config = few_labels.Config.create(seeds=2, seed=5)
    for case in cases_of(cgan=started["cgan"]).values():
        few_labels.accuracies(config, digits, case, 50, (samples, labels), tmp_path)
    assert shown == [(50, 50, 5), (50, 50, 6), (73, 73, 5), (73, 73, 6)]


@pytest.mark.parametrize("few, expected", [(10, [10, 100]), (64, [64, 640]), (65, [65])])
def test_more_labels_are_tried_as_far_as_there_are_digits(few, expected, digits):
    assert few_labels.counts(few_labels.Config.create(few=few), digits) == expected


@pytest.fixture(scope="module")
def compared(started, digits, tmp_path_factory):
    """The folder of a comparison of both uses: pre-training and generated digits."""
    folder = tmp_path_factory.mktemp("compared") / "run"
    runs = [f"--{flag}={started[flag]}" for flag in ("cae", "cgan")]
    numbers = ["--few", "100", "--seeds", "1", "--max_steps", "2", "--generated", "30"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda name, input_dir: digits)
        flags = [*runs, *numbers, "--batch_size", "4", "--lr", "0.002", "--data", "digits"]
        few_labels.main([*flags, "--output_dir", str(folder)])
    return folder


def test_all_cases_are_compared(compared):
    metrics = json.loads((compared / "metrics.json").read_text())
    assert len(metrics) == 2 * 4  # mean and spread of four cases
    assert all(0 <= value <= 1 for value in metrics.values())
    assert "pre-trained: accuracy" in (compared / "report.html").read_text()
    assert len(list(compared.glob("100 labels*"))) == 4


def test_resuming_trains_what_is_missing_and_reads_the_rest(compared, digits, monkeypatch):
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)
    before = json.loads((compared / "metrics.json").read_text())
    folders = sorted(compared.glob("* labels*"))
    for file in folders[0].glob("model.ckpt*"):  # an interrupted training
        file.unlink()
    times = {folder: (folder / "scalars.csv").stat().st_mtime_ns for folder in folders}
    few_labels.main(["--resume", "--output_dir", str(compared)])
    assert json.loads((compared / "metrics.json").read_text()) == before
    trained = [
        folder for folder in folders if (folder / "scalars.csv").stat().st_mtime_ns > times[folder]
    ]
    assert trained == folders[:1]


def test_a_classifier_that_was_stopped_is_trained_further(digits, tmp_path, monkeypatch):
    fit, asked = training.fit, []

    def seen(model, config):
        asked.append((config.resume, config.overwrite))
        fit(model, config)

    monkeypatch.setattr(training, "fit", seen)
    config = config_of(few_labels, tmp_path / "run", max_steps=2)
    known = digits.train_images[:50], digits.train_labels[:50]
    for steps, resume in ((2, False), (3, True), (3, True), (2, True), (2, False)):
        own = config.replace(max_steps=steps, resume=resume)
        few_labels.accuracy(own, digits, lambda x, is_training: x, *known)
        assert run_folder.last_step(config.output_dir) == steps
    # New; further; only read; shorter, therefore new; not resumed, therefore new
    assert asked == [(False, True), (True, False), (False, True), (False, True)]


def test_an_interrupted_comparison_says_how_to_continue(
    started, tmp_path, digits, monkeypatch, capsys
):
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)

    def interrupted(model, config):
        raise errors.Stopped(143, "stopped at step 1 of 3")

    monkeypatch.setattr(training, "fit", interrupted)
    folder = str(tmp_path / "run")
    with pytest.raises(SystemExit) as end:
        few_labels.main(["--gan", started["gan"], "--max_steps", "3", "--output_dir", folder])
    error = capsys.readouterr().err
    assert end.value.code == 143
    assert error.splitlines()[-1].endswith(f"stopped; to continue: --resume --output_dir {folder}")


@pytest.mark.parametrize(
    "flags, message",
    [
        ([], "give --cae, --gan or --cgan"),
        (["--cae", "nowhere"], "--cae nowhere does not exist"),
        (["--cae", "."], "holds no checkpoint (model.ckpt-N.index): give the folder of a run"),
        (["--few", "1"], "--few '1' is not a whole number (at least 2)"),
    ],
)
def test_nothing_to_compare_is_one_line(flags, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        few_labels.main([*flags, "--output_dir", str(tmp_path / "run")])
    error = capsys.readouterr().err
    assert end.value.code == 2 and message in error and error.count("\n") == 1


def test_the_classifier_learns(digits, tmp_path):
    config = config_of(few_labels, tmp_path / "run", max_steps=60)
    few = data.few(digits, 100)
    known = few.train_images, few.train_labels
    assert few_labels.accuracy(config, digits, few_labels.encoder, *known) > 0.5
    assert run_folder.last_step(config.output_dir) == 60
