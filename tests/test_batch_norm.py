"""The batch-norm laboratory's numbers, against closed forms, on whatever supported TensorFlow runs this."""

import json
import math

import numpy as np
import pytest

from conftest import config_of
from glcic import batch_norm, batch_norm_lab, batch_norm_studies as studies, batch_of_one, masks, model, options
from graphmode import tables, tf


def by(rows, name):
    return {row[name]: row for row in rows}


def test_the_defaults_are_as_the_page_says():
    rows = by(studies.defaults(), "function")
    slims, layers = rows["slim.batch_norm"], rows["tf.layers.batch_normalization"]
    assert (slims["decay"], slims["center"], slims["scale"], slims["training"], slims["updates"]) == (
        "0.999", "True", "False", "True", "update_ops")
    assert (layers["decay"], layers["center"], layers["scale"], layers["training"]) == ("0.99", "True", "True", "False")
    assert slims["epsilon"] == layers["epsilon"] == "0.001" and rows["tf.nn.batch_normalization"]["epsilon"] == "must be given"
    assert (rows["slim.conv2d"]["borders"], rows["slim.conv2d"]["activation"]) == ("SAME", "relu")
    assert (rows["tf.layers.conv2d"]["borders"], rows["tf.layers.conv2d"]["activation"]) == ("valid", "None")


def test_what_each_creates_and_what_reuse_adds():
    rows = by(studies.created(), "kind")
    assert set(rows) == set(batch_norm.KINDS)
    assert rows["slim"]["trainable"] == ["D/BatchNorm/beta"]
    assert sorted(rows["slim_scale"]["trainable"]) == ["D/BatchNorm/beta", "D/BatchNorm/gamma"]
    for kind in ("slim", "slim_scale", "layers_training_updates"):
        assert len(rows[kind]["update ops"]) == len(rows[kind]["update ops of the second application"]) == 2
        assert all(name.startswith("D_1/") for name in rows[kind]["update ops of the second application"])
    for kind in ("layers", "layers_training", "nn_moments", "none", "instance", "author", "author_shared"):
        assert rows[kind]["update ops"] == rows[kind]["update ops of the second application"] == []
    assert len(rows["author"]["trainable"]) == 4 and len(rows["author_shared"]["trainable"]) == 2
    assert rows["none"]["trainable"] == []


def test_what_each_gives():
    pictures = np.random.RandomState(0).normal(3.0, 2.0, [4, 5, 5, 3]).astype(np.float32)
    channels = pictures.reshape(-1, 3)
    rows = by(studies.behaviour(), "kind")
    for kind in set(rows) - {"layers", "none"}:
        assert rows[kind]["training: mean"] == pytest.approx(0, abs=1e-6)
        assert rows[kind]["training: deviation"] == pytest.approx(1, abs=0.03)  # nn_moments' gamma is drawn
    for name in ("training", "inference"):
        assert rows["layers"][name + ": mean"] == pytest.approx(pictures.mean() / math.sqrt(1.001), rel=1e-5)
    for kind, decay, ddof in (("slim", 0.999, 1), ("layers_training_updates", 0.99, 1), ("author_shared", 0.5, 0)):
        means, variances = (1 - decay) * channels.mean(0), decay + (1 - decay) * channels.var(0, ddof=ddof)
        np.testing.assert_allclose(rows[kind]["moving_mean"], means, rtol=1e-4)
        np.testing.assert_allclose(rows[kind]["moving_variance"], variances, rtol=1e-4)
        expected = (pictures - means) / np.sqrt(variances + 1e-3)
        assert rows[kind]["inference: mean"] == pytest.approx(expected.mean(), rel=1e-4)
        assert rows[kind]["inference: deviation"] == pytest.approx(expected.std(), rel=1e-4)
    assert rows["layers_training"]["moving_mean"] == rows["layers"]["moving_mean"] == [0, 0, 0]
    assert rows["slim"]["gradient"] < 0.1 * rows["layers"]["gradient"]


def test_the_fused_kernel_keeps_bessels_variance():
    for row in studies.fused():
        unbiased = row["kernel"].startswith("fused") or row["kernel"] == "default, rank 2" and row["library"] == "slim"
        assert row["moving variance"] == pytest.approx(row["Bessel's" if unbiased else "biased"], rel=1e-5)
        assert row["Bessel's"] - row["biased"] > 0.003


def test_a_thousand_steps():
    rows, curves = studies.many_steps()
    assert len(rows) == len(curves) == 4
    for row in rows:
        decay = 0.999 if row["kind"] == "slim" else 0.99
        gone = 1 - decay ** 1000 if row["update ops run"] else 0.0
        assert row["moving mean"] == pytest.approx(3 * gone, abs=0.06)
        assert row["moving variance"] == pytest.approx(1 + 3 * gone, abs=0.15)
    gaps = {(row["kind"], row["update ops run"]): row["gap"] for row in rows}
    # Without the ops inference gives x where training gives (x - 3) / 2: 3 + z against z / 2 + ..., about 3 apart.
    assert gaps["slim", False] == gaps["layers_training_updates", False] == pytest.approx(3, abs=0.2)
    assert gaps["layers_training_updates", True] < 0.1 < gaps["slim", True] < 1


def test_zeros_for_one_plus_minus_gamma_for_two():
    rows = {(row["batch"], row["of"]): row for row in batch_of_one.batches()}
    for of in ("logits", "output"):
        assert all(rows[1, of][name] == 0 for name in ("mean", "deviation", "least", "largest"))
        assert rows[2, of]["mean"] == pytest.approx(0, abs=1e-6)
        assert rows[2, of]["least"] == pytest.approx(-rows[2, of]["largest"])
    gamma, tanh = rows["", "+-gamma"], rows["", "+-tanh(gamma)"]
    # A value d above or below the mean gives gamma d / sqrt(d^2 + epsilon): gamma, unless the two pictures are nearly alike.
    assert 0.9 * gamma["deviation"] < rows[2, "logits"]["deviation"] < gamma["deviation"]
    assert rows[2, "logits"]["largest"] <= gamma["largest"] and rows[2, "output"]["largest"] <= tanh["largest"]
    assert tanh["largest"] == pytest.approx(math.tanh(gamma["largest"]))
    assert rows[16, "logits"]["deviation"] == pytest.approx(1, abs=0.02) and rows[16, "logits"]["largest"] > 1.5
    # The question's own figures are such a gamma's.
    assert math.tanh(1.044437) == pytest.approx(0.779634, abs=1e-6)
    assert abs(0.998715 - 1) < 3 * 0.02 / 10 and 1.044437 < 1 + 4 * 0.02


def test_the_answers_example():
    both, first, second = studies.answer()
    assert both["means"] == [3, 5, 7] and both["variances"] == [1, 1, 1]
    np.testing.assert_allclose(both["normalised"], np.array([[-1] * 3, [1] * 3]) / math.sqrt(1.001), rtol=1e-5)
    assert first["normalised"] == second["normalised"] == [[0, 0, 0]]
    per_channel, per_position = studies.per_pixel()
    assert per_channel["deviation"] == pytest.approx(1, abs=0.01) and per_position["deviation"] == 0


def test_which_cures_work():
    rows = by(batch_of_one.cures(), "cure")
    assert {cure for cure, row in rows.items() if not row["tells pictures apart"]} == {"nothing", "instance norm"}
    assert {cure for cure, row in rows.items() if not row["learns"]} == {"nothing", "instance norm"}
    assert rows["nothing"]["gradient"] == 0


def test_the_question_is_answered_for_any_size_of_the_last_map():
    """The text's layers: 256 -> 126 -> 61 -> 29 -> 13 -> 5 -> 1."""
    output, _ = batch_of_one.conv_net(tf.placeholder(tf.float32, [None, 256, 256, 3]))
    kernels = {v.op.name: v.shape.as_list() for v in tf.trainable_variables() if v.op.name.endswith("kernel")}
    assert kernels["h6/conv2d/kernel"] == [5, 5, 256, 100] and output.shape.as_list() == [None, 1, 1, 100]
    assert [kernels["h%d/conv2d/kernel" % n][-1] for n in range(1, 6)] == [64, 128, 256, 256, 256]


def test_the_lab_leaves_tables_a_page_and_numbers(tmp_path, capsys, monkeypatch):
    few = [tables.Section("Of [things]", "Words.", [{"name": "a", "number": 1 / 3}, {"name": "b", "more": [1, 2.5]}], b"png")]
    monkeypatch.setattr(batch_norm_lab, "sections", lambda: few)
    batch_norm_lab.main(["--output_dir", str(tmp_path / "lab")])
    shown = capsys.readouterr().out
    assert "Of [things]" in shown and "0.33333" in shown and "1, 2.5" in shown
    page = (tmp_path / "lab" / "report.html").read_text()
    assert "<th>more</th>" in page and "<td>0.33333</td><td>-</td>" in page and "data:image/png;base64,cG5n" in page
    assert json.loads((tmp_path / "lab" / "lab.json").read_text()) == {"Of [things]": few[0].rows}
    with pytest.raises(SystemExit) as stopped:
        batch_norm_lab.main(["--nothing"])
    assert stopped.value.code == 2 and capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("kind", ["layers_training_updates", "author_shared"])
def test_the_completion_network_draws_with_other_batch_norms(kind, value):
    config = config_of(options, completion_batch_norm=kind, size=32, width=2)
    x, mask = tf.random_normal([4, 32, 32, 3]), masks.mask(masks.holes(4, 32, 32, 8, 16), 32, 32)
    drawn = [model.complete(x, mask, config, is_training)[2] for is_training in (True, False)]
    assert all(np.isfinite(picture).all() for picture in value(drawn))
