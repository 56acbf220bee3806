"""Classifiers that begin with a generative model's weights, or learn from its samples."""

import json

import pytest

import data
from conftest import config_of
from gan_book import cae, cgan, dcgan, few_labels
from graphmode import runs, sessions, tf, training


@pytest.fixture(scope="module")
def started(tmp_path_factory, digits):
    """Folders of short runs of the three models."""
    folders = {}
    for program, switches in ((cae, {}), (dcgan, dict(discriminator_batch_norm=True)), (cgan, dict(labels=40))):
        config = config_of(program, tmp_path_factory.mktemp("run"), max_steps=2, display_freq=0, **switches)
        with sessions.graph(config):
            training.fit(program.build(config, digits), config)
        folders[program.__name__.split(".")[1]] = config.output_dir
    return folders


def test_few_digits_are_ten_alike_and_nested(digits):
    few, more = data.digits.few(digits, 20), data.digits.few(digits, 100)
    assert sorted(few.train_labels) == sorted(list(range(10)) * 2) and len(more.train_images) == 100
    assert {image.tobytes() for image in few.train_images} < {image.tobytes() for image in more.train_images}
    assert few.test_images is digits.test_images


@pytest.mark.parametrize("pretrained", [True, False])
def test_a_classifier_begins_with_the_runs_weights(pretrained, started, digits, tmp_path):
    config = config_of(few_labels, tmp_path, cae=started["cae"], gan=started["dcgan"])
    for name, hidden, start, _ in few_labels.cases(config):
        if bool(start) != pretrained:
            continue
        tf.reset_default_graph()
        few_labels.build(config, hidden, digits.train_images, digits.train_labels, start)
        saved = tf.train.load_checkpoint(start or started["cae" if "encoder" in name else "dcgan"])
        weights = [v for v in tf.global_variables() if v.op.name.startswith(("classifier/conv", "classifier/discr"))
                   and "Adam" not in v.op.name]
        with sessions.session() as session:
            session.run(tf.global_variables_initializer())
            same = [(session.run(v) == saved.get_tensor(v.op.name.split("/", 1)[1])).all() for v in weights]
        assert len(weights) >= 4
        assert all(same) if pretrained else not all(same)


@pytest.mark.parametrize("as_published, black", [(False, -1.0), (True, 0.0)])
def test_the_discriminator_sees_pixels_as_it_was_trained(as_published, black, value, monkeypatch):
    monkeypatch.setattr(dcgan, "hidden_layers", lambda x, switches, is_training: [x])
    saved = config_of(dcgan, as_published=as_published)
    assert value(few_labels.discriminator(saved)(tf.zeros([1, 784]), True)).max() == black


def test_cgan_learns_from_the_labelled_digits_alone(digits):
    model = cgan.build(config_of(cgan, max_steps=2, batch_size=20, labels=40), digits)
    known = {image.tobytes() for image in data.batches.flat_pixels(data.digits.few(digits, 40).train_images)}
    pixels, labels = list(model.feed(1).values())
    assert len(pixels) == 20 and {row.tobytes() for row in pixels} <= known


def test_all_cases_are_compared(started, tmp_path, monkeypatch, digits):
    monkeypatch.setattr(data, "load", lambda name, input_dir: digits)
    few_labels.main(["--few", "60", "--seeds", "1", "--max_steps", "3", "--generated", "30", "--output_dir",
                     str(tmp_path / "run"), "--cae", started["cae"], "--gan", started["dcgan"], "--cgan", started["cgan"]])
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert len(figures) == 2 * 2 * 6  # 60 and 600 of the 640 digits; means and spreads; six cases
    assert all(0 <= value <= 1 for value in figures.values())
    assert "pre-trained: accuracy" in (tmp_path / "run" / "report.html").read_text()
    assert len(list((tmp_path / "run").glob("600 labels*"))) == 6


def test_fewer_than_one_of_each_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        cgan.main(["--labels", "5", "--batch_size", "4", "--output_dir", str(tmp_path / "run")])
    error = capsys.readouterr().err
    assert end.value.code == 2 and "5 labelled digits are too few" in error and error.count("\n") == 1


def test_resuming_reads_what_is_finished(digits, tmp_path):
    config = config_of(few_labels, tmp_path / "run", max_steps=3)
    few = data.digits.few(digits, 100)
    case = digits, few_labels.encoder, few.train_images, few.train_labels
    first = few_labels.accuracy(config, *case)
    written = (tmp_path / "run" / "scalars.csv").stat().st_mtime_ns
    assert few_labels.accuracy(config._replace(resume=True), *case) == first
    assert (tmp_path / "run" / "scalars.csv").stat().st_mtime_ns == written


@pytest.mark.parametrize("arguments, message", [
    ([], "give --cae, --gan or --cgan"), (["--cae", "nowhere"], "nowhere is neither a run's folder nor a checkpoint")])
def test_nothing_to_compare_is_one_line(arguments, message, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        few_labels.main([*arguments, "--output_dir", str(tmp_path / "run")])
    error = capsys.readouterr().err
    assert end.value.code == 2 and message in error and error.count("\n") == 1


def test_the_classifier_learns(digits, tmp_path):
    config = config_of(few_labels, tmp_path / "run", max_steps=60)
    few = data.digits.few(digits, 100)
    assert few_labels.accuracy(config, digits, few_labels.encoder, few.train_images, few.train_labels) > 0.5
    assert runs.last_step(config.output_dir) == 60
