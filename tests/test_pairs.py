"""Pairs of pictures: found in order, augmented alike."""

import numpy as np
from PIL import Image
import pytest

from data import facades, pairs
from graphmode import runs, sessions, tf

SIDE, SCALE = 16, 20


@pytest.fixture
def numbered(tmp_path):
    """1.png to 12.png, both halves alike."""
    random = np.random.default_rng(0)
    for number in range(1, 13):
        half = random.integers(0, 256, [SIDE, SIDE, 3], np.uint8)
        Image.fromarray(np.hstack([half, half])).save(tmp_path / f"{number}.png")
    return tmp_path


def drawn(batch, times):
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        coordinator = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(session, coordinator)
        found = [session.run(batch) for _ in range(times)]
        coordinator.request_stop()
        coordinator.join(threads, stop_grace_period_secs=10)
    return found


def test_numbers_come_in_their_order(numbered):
    assert [path.name for path in pairs.find(numbered)][:3] == ["1.png", "2.png", "3.png"]
    (numbered / "3.png").rename(numbered / "cat.png")
    assert [path.name for path in pairs.find(numbered)][:3] == ["1.png", "10.png", "11.png"]


def test_halves_that_are_alike_stay_alike_through_the_queue(numbered):
    batch = pairs.batches(pairs.find(numbered), SIDE, SIDE, SCALE, True, 3, 0)
    for a, b in drawn(batch, 10):
        assert a.shape == (3, SIDE, SIDE, 3)
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("flip, most", [(True, 2 * 25), (False, 25)])
def test_a_picture_is_mirrored_and_cut_everywhere(flip, most, value):
    ramp = np.random.default_rng(0).random([SCALE, SCALE, 3]).astype(np.float32)
    cut, = pairs.augment([tf.constant(ramp)], SIDE, SIDE, SCALE, flip, 0)
    with sessions.session() as session:
        found = {session.run(cut).tobytes() for _ in range(60 * most // 10)}
    wanted = {view[top:top + SIDE, left:left + SIDE].tobytes() for view in (ramp, ramp[:, ::-1])[:1 + flip]
              for top in range(5) for left in range(5)}
    assert found <= wanted and len(found) > 0.9 * most


def test_without_chances_a_pair_is_what_the_file_holds(numbered):
    batch = pairs.batches(pairs.find(numbered)[:1], SIDE, SIDE, SIDE, False, 1, 0)
    [[a, b]] = drawn(batch, 1)
    file = np.asarray(Image.open(numbered / "1.png")) / np.float32(255)
    np.testing.assert_allclose(a[0], file[:, :SIDE], atol=1e-6)
    np.testing.assert_allclose(b[0], file[:, SIDE:], atol=1e-6)


def test_enlarging_interpolates_and_as_published_repeats(value):
    step = np.repeat(np.float32([[[0, 0, 0], [1, 1, 1]]]), 2, 0)
    smooth, repeated = value([pairs.resized(tf.constant(step), 4, 4, published) for published in (False, True)])
    assert np.unique(repeated).tolist() == [0, 1] and len(np.unique(smooth)) > 2


def test_unseen_pictures_lie_beside_train(tmp_path):
    for name in ("train", "val", "test", "other"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / name / "1.png")
    assert pairs.unseen_beside(tmp_path / "train") == tmp_path / "val"
    (tmp_path / "val" / "1.png").unlink()
    assert pairs.unseen_beside(tmp_path / "train") == tmp_path / "test"
    assert pairs.unseen_beside(tmp_path / "other") is None


def test_drawn_facades_have_the_labels_colours_and_no_twins():
    drawn_facades = [facades.draw(64, [3, part, number]) for part in (0, 1) for number in range(1, 20)]
    colours = {tuple(colour) for _, labels in drawn_facades for colour in labels.reshape(-1, 3)}
    assert colours == set(facades.LABELS.values())
    assert len({photo.tobytes() for photo, _ in drawn_facades}) == len(drawn_facades)
    for photo, labels in drawn_facades:
        assert photo.shape == labels.shape == (64, 64, 3)
        # The sky is lighter than the glass.
        assert photo[(labels == facades.LABELS["background"]).all(2)].mean() > photo[
            (labels == facades.LABELS["window"]).all(2)].mean()


def test_drawn_facades_are_kept(monkeypatch):
    monkeypatch.setattr(facades, "DRAWN", {"train": 3, "val": 2})
    place = facades.folder(48)
    assert [path.name for path in pairs.find(place / "train")] == ["1.png", "2.png", "3.png"]
    before = (place / "val" / "1.png").stat().st_mtime_ns
    assert facades.folder(48) == place and (place / "val" / "1.png").stat().st_mtime_ns == before


def test_a_folder_without_pictures_is_an_error(tmp_path):
    with pytest.raises(runs.InputError, match="holds no pictures"):
        pairs.find(tmp_path)
