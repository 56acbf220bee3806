"""The laboratory's numbers against closed forms, with the installed TensorFlow."""

import math

import numpy as np
import pytest

from glcic import layers


def by(rows, name):
    return {row[name]: row for row in rows}


def test_the_defaults_are_as_the_page_says(measured):
    rows = by(measured("defaults"), "function")
    slims, tf_layers = rows["slim.batch_norm"], rows["tf.layers.batch_normalization"]
    names = ("decay", "epsilon", "center", "scale", "training", "updates")
    assert [slims[name] for name in names] == [
        "0.999", "0.001", "True", "False", "True", "update_ops"
    ]  # fmt: skip
    assert [tf_layers[name] for name in names] == ["0.99", "0.001", "True", "True", "False", ""]
    assert rows["tf.nn.batch_normalization"]["epsilon"] == "required"
    convolutions = [(row["padding"], row["activation"]) for row in rows.values() if row["padding"]]
    assert convolutions == [("SAME", "relu"), ("valid", "None"), ("None", "")]


def test_what_each_creates_and_what_reuse_adds(measured):
    rows = by(measured("created"), "kind")
    assert set(rows) == set(layers.NORMS)
    assert rows["slim"]["trainable"] == ["D/BatchNorm/beta"]
    assert sorted(rows["slim_scale"]["trainable"]) == ["D/BatchNorm/beta", "D/BatchNorm/gamma"]
    with_updates = {"slim", "slim_scale", "layers_training_updates"}
    for kind, row in rows.items():
        first, second = row["update ops"], row["update ops of the second application"]
        assert len(first) == len(second) == (2 if kind in with_updates else 0)
        assert all(name.startswith("D/") for name in first)
        assert all(name.startswith("D_1/") for name in second)
    assert len(rows["author"]["trainable"]) == 4 and len(rows["author_shared"]["trainable"]) == 2
    assert rows["none"]["trainable"] == []


@pytest.fixture(scope="module")
def behaviour(measured):
    return by(measured("behaviour"), "kind")


def batch():
    return np.random.RandomState(0).normal(3.0, 2.0, [4, 5, 5, 3]).astype(np.float32)


def test_all_but_two_normalize_in_training(behaviour):
    for kind, row in behaviour.items():
        if kind in ("layers", "none"):
            scale = math.sqrt(1.001) if kind == "layers" else 1.0
            assert row["training: mean"] == pytest.approx(batch().mean() / scale, rel=1e-5)
            assert row["training: standard deviation"] == pytest.approx(batch().std() / scale)
        else:
            assert row["training: mean"] == pytest.approx(0, abs=1e-6)
            assert row["training: standard deviation"] == pytest.approx(1, abs=1e-3)
    gradient = "mean absolute gradient"
    assert behaviour["slim"][gradient] < 0.1 * behaviour["layers"][gradient]


@pytest.mark.parametrize(
    "kind, decay, ddof",
    [("slim", 0.999, 1), ("layers_training_updates", 0.99, 1), ("author_shared", 0.5, 0)],
)
def test_inference_uses_moving_averages_after_one_update(kind, decay, ddof, behaviour):
    row, channels = behaviour[kind], batch().reshape(-1, 3)
    means = (1 - decay) * channels.mean(0)
    variances = decay + (1 - decay) * channels.var(0, ddof=ddof)
    np.testing.assert_allclose(row["moving_mean"], means, rtol=1e-4)
    np.testing.assert_allclose(row["moving_variance"], variances, rtol=1e-4)
    expected = (batch() - means) / np.sqrt(variances + 1e-3)
    assert row["inference: mean"] == pytest.approx(expected.mean(), rel=1e-4)
    assert row["inference: standard deviation"] == pytest.approx(expected.std(), rel=1e-4)


def test_averages_without_update_ops_stay(behaviour):
    for kind in ("layers", "layers_training"):
        assert behaviour[kind]["moving_mean"] == [0, 0, 0]
        assert behaviour[kind]["moving_variance"] == [1, 1, 1]


def test_the_fused_kernel_keeps_the_unbiased_variance(measured):
    rows = {(row["library"], row["kernel"]): row for row in measured("fused")}
    assert len(rows) == 18
    # TensorFlow's own fused op takes images only.
    assert rows.pop(("tf.nn", "fused, rank 2"))["moving variance"] == "ValueError"
    values = np.random.RandomState(0).normal(0.0, 2.0, 100)
    biased, unbiased = values.var(), values.var(ddof=1)
    fused = {(library, "fused, rank 4") for library in ("slim", "tf.layers", "tf.nn")}
    fused |= {("slim", "default, rank 4"), ("tf.layers", "default, rank 4")}
    fused |= {("slim", "fused, rank 2"), ("slim", "default, rank 2")}
    for place, row in rows.items():
        kept = unbiased if place in fused else biased
        assert row["moving variance"] == pytest.approx(0.9 + 0.1 * kept, rel=1e-5)
        assert row["keeps"] == ("unbiased" if place in fused else "biased")
        assert row["normalizes by"] == pytest.approx(biased, rel=1e-4)
        assert row["uses"] == "biased"


def test_the_signatures_name_slims_batch_norm_twice(measured):
    rows = by(measured("signatures"), "function")
    same = [name for name, row in rows.items() if row["is slim.batch_norm"]]
    assert same == ["slim.batch_norm", "slim.layers.batch_norm"]
    parameters = rows["slim.batch_norm"]["parameters"]
    assert parameters[:5] == ["inputs", "decay", "center", "scale", "epsilon"]


def test_a_thousand_steps(measured):
    rows, curves = measured("many_steps")
    assert len(rows) == len(curves) == 4
    for row, curve in zip(rows, curves.values(), strict=True):
        decay = 0.999 if row["kind"] == "slim" else 0.99
        done = 1 - decay**1000 if row["update ops run"] else 0.0
        assert row["moving mean"] == curve[-1] == pytest.approx(3 * done, abs=0.06)
        assert row["moving variance"] == pytest.approx(1 + 3 * done, abs=0.15)
        assert len(curve) == 1000
    gaps = {(row["kind"], row["update ops run"]): row["gap"] for row in rows}
    # Without the updates inference gives x, and training (x - 3) / 2. For x = 3 + 2 z they differ
    # by 3 + z.
    assert (
        gaps["slim", False] == gaps["layers_training_updates", False] == pytest.approx(3, abs=0.2)
    )
    assert gaps["layers_training_updates", True] < 0.1 < gaps["slim", True] < 1


def test_the_example_of_the_answer(measured):
    both, first, second = measured("answer")
    assert both["means"] == [3, 5, 7] and both["variances"] == [1, 1, 1]
    expected = np.array([[-1] * 3, [1] * 3]) / math.sqrt(1.001)
    np.testing.assert_allclose(both["normalized"], expected, rtol=1e-5)
    assert first["normalized"] == second["normalized"] == [[0, 0, 0]]


def test_a_mean_per_position_of_one_image_gives_zeros(measured):
    per_channel, per_position = measured("per_pixel")
    assert per_channel["number of values"] == 16 and per_position["number of values"] == 1
    assert per_channel["standard deviation"] == pytest.approx(1, abs=0.01)
    assert per_position["standard deviation"] == per_position["mean"] == 0
