"""Pairs of images: their order, and augmentation that treats both halves alike."""

import numpy as np
import pytest
from PIL import Image

from data import channels, pairs
from graphmode import sessions, tf
from graphmode.errors import InputError

SIDE, SCALE = 16, 20


@pytest.fixture
def numbered(tmp_path):
    """1.png to 12.png, each with two equal halves."""
    random = np.random.default_rng(0)
    for number in range(1, 13):
        half = random.integers(0, 256, [SIDE, SIDE, 3], np.uint8)
        Image.fromarray(np.hstack([half, half])).save(tmp_path / f"{number}.png")
    return tmp_path


def dequeue(batch, times):
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        coordinator = tf.train.Coordinator()
        session.run(tf.local_variables_initializer())
        threads = tf.train.start_queue_runners(session, coordinator)
        batches = [session.run(batch) for _ in range(times)]
        coordinator.request_stop()
        coordinator.join(threads, stop_grace_period_secs=10)
    return batches


def test_names_that_are_numbers_are_in_numerical_order(numbered):
    assert [path.name for path in pairs.find(numbered)][:3] == ["1.png", "2.png", "3.png"]
    (numbered / "3.png").rename(numbered / "cat.png")
    assert [path.name for path in pairs.find(numbered)][:3] == ["1.png", "10.png", "11.png"]


def test_equal_halves_stay_equal_through_the_queue(numbered):
    batch = pairs.batches(pairs.find(numbered), SIDE, SIDE, SCALE, True, 3, 0)
    for a, b in dequeue(batch, 10):
        assert a.shape == (3, SIDE, SIDE, 3)
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("flip, most", [(True, 2 * 25), (False, 25)])
def test_images_are_mirrored_and_cropped_everywhere(flip, most, value):
    ramp = np.random.default_rng(0).random([SCALE, SCALE, 3]).astype(np.float32)
    number = tf.placeholder(tf.int64, [])
    (crop,) = pairs.augment([tf.constant(ramp)], SIDE, SIDE, SCALE, flip, 0, number)
    with sessions.session() as session:
        crops = {session.run(crop, {number: n}).tobytes() for n in range(60 * most // 10)}
        assert (session.run(crop, {number: 7}) == session.run(crop, {number: 7})).all()
    possible = {
        view[top : top + SIDE, left : left + SIDE].tobytes()
        for view in (ramp, ramp[:, ::-1])[: 1 + flip]
        for top in range(5)
        for left in range(5)
    }
    assert crops <= possible and len(crops) > 0.9 * most


def test_without_augmentation_a_pair_equals_its_file(numbered):
    batch = pairs.batches(pairs.find(numbered)[:1], SIDE, SIDE, SIDE, False, 1, 0)
    [[a, b]] = dequeue(batch, 1)
    file = np.asarray(Image.open(numbered / "1.png")) / np.float32(255)
    np.testing.assert_allclose(a[0], file[:, :SIDE], atol=1e-6)
    np.testing.assert_allclose(b[0], file[:, SIDE:], atol=1e-6)


def test_enlarging_interpolates_but_repeats_pixels_as_published(value):
    step = np.repeat(np.float32([[[0, 0, 0], [1, 1, 1]]]), 2, 0)
    smooth, repeated = value(
        [pairs.resized(tf.constant(step), 4, 4, published) for published in (False, True)]
    )
    assert np.unique(repeated).tolist() == [0, 1] and len(np.unique(smooth)) > 2


def test_held_out_images_lie_beside_train(tmp_path):
    for name in ("train", "val", "test", "other"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (2, 2)).save(tmp_path / name / "1.png")
    assert pairs.held_out_beside(tmp_path / "train") == tmp_path / "val"
    (tmp_path / "val" / "1.png").unlink()
    assert pairs.held_out_beside(tmp_path / "train") == tmp_path / "test"
    assert pairs.held_out_beside(tmp_path / "other") is None


def test_a_folder_without_images_is_an_error(tmp_path):
    with pytest.raises(InputError, match="contains no images"):
        pairs.find(tmp_path)


@pytest.fixture
def sides(tmp_path):
    """A with gray images a1.png to a12.png, B with stacks of five channels of the same names."""
    random = np.random.default_rng(0)
    for number in range(1, 13):
        for side, wide, kind in (("A", 1, "png"), ("B", 5, "npy")):
            (tmp_path / side).mkdir(exist_ok=True)
            pixels = random.integers(0, 256, [SIDE, SIDE, wide]) / np.float32(255)
            content = channels.encode(pixels, kind)
            (tmp_path / side / f"a{number}.{kind}").write_bytes(content)
    return tmp_path


def test_two_files_of_one_name_are_a_pair(sides):
    items = pairs.find(sides)
    assert [(a.parent.name, a.stem) for a, _ in items][:2] == [("A", "a1"), ("A", "a10")]
    assert all(b == sides / "B" / f"{a.stem}.npy" for a, b in items)
    assert [a.stem for a, _ in pairs.natural(items)] == [f"a{n}" for n in range(1, 13)]
    assert pairs.names(items, sides)[0] == "a1" and pairs.size(items[0]) == (2 * SIDE, SIDE)
    (sides / "A" / "a1.png").unlink()
    [line] = pairs.without_partner(sides, pairs.find(sides))
    assert line.endswith("B/a1.npy: no file of this name in the other folder")
    (sides / "beside.png").touch()  # then A and B are only folders
    assert all(path.suffix == ".png" for path in pairs.find(sides))


def test_both_files_keep_their_numbers_through_the_queue(sides):
    form = pairs.Format(1, 5, 16)
    batch = pairs.batches(pairs.find(sides)[:1], SIDE, SIDE, SIDE, False, 1, 0, form=form)
    [[a, b]] = dequeue(batch, 1)
    np.testing.assert_allclose(a[0], channels.decode(sides / "A" / "a1.png"), atol=1e-6)
    np.testing.assert_allclose(b[0], channels.decode(sides / "B" / "a1.npy"), atol=1e-6)


def test_pairs_that_do_not_fit_are_named(sides, capsys):
    form = pairs.Format(1, 5, 16)
    Image.new("L", (SIDE, 9)).save(sides / "A" / "a1.png")
    items = pairs.find(sides)
    good, skipped = pairs.usable(items, sides, lambda item: pairs.decode(item, form, True))
    assert good == items[1:] and skipped[0] == "skipped 1 of 12 images"
    assert "A/a1.png: 16 x 9 pixels, but" in skipped[1] and skipped[1] in capsys.readouterr().err
    with pytest.raises(InputError, match="none of 11 images can be used: .*5 channels where 3"):
        pairs.usable(good, sides, lambda item: pairs.decode(item, pairs.PLAIN, True))


def test_a_stack_holds_both_sides(tmp_path):
    """B has fewer channels than A: the first ones."""
    whole = np.random.default_rng(0).random([4, 6, 5]).astype(np.float32)
    (tmp_path / "x.npy").write_bytes(channels.encode(whole, "npy"))
    [item] = pairs.find(tmp_path)
    form = pairs.Format(5, 2)
    a, b = pairs.parted(pairs.decode(item, form, True), form)
    np.testing.assert_array_equal(a, whole[:, :3])
    np.testing.assert_array_equal(b, whole[:, 3:, :2])
