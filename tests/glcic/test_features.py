"""The network whose features compare patches, and the figures of evaluation that need it."""

import numpy as np
import pytest

from data import squares
from data.drawn import faces
from glcic import evaluate, features, inputs
from graphmode import sessions, tf
from graphmode.report import scores


def test_ways_are_four_turns_each_also_mirrored():
    patch = np.arange(9).reshape(1, 3, 3, 1)
    ways = [features.turned(patch, [way])[0].tobytes() for way in range(features.TURNS)]
    assert len(set(ways)) == features.TURNS and ways[0] == patch.tobytes()
    assert ways[4] == patch[:, :, ::-1].tobytes() and ways[2] == patch[:, ::-1, ::-1].tobytes()


def test_the_network_learns_which_way_up_a_face_is():
    drawn = faces.draw(64, 32, 0)
    own = features.Config(side=32, max_steps=60, batch_size=32, lr=0.003, output_dir="unused")
    model = features.build(own, squares.of_array(drawn, 32, 0))
    accuracy, losses = model.phases[0].updates[0].scalars["accuracy"], []
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        for number in range(own.max_steps):
            update = model.phases[0].updates[0]
            losses.append(session.run([update.op, accuracy], model.feed(number))[1])
    assert np.mean(losses[:5]) < 0.3 and np.mean(losses[-5:]) > 0.45


def test_features_are_trained_once_and_tell_gray_patches_from_faces(photographs, tiny):
    config = tiny(input_dir=str(photographs))
    paths = inputs.images(config).train
    patches = faces.draw(20, 16, 5)
    results = []
    for _ in range(2):
        with features.trained(config, paths) as describe:
            results.append(describe(patches))
            gray = describe(np.full_like(patches, 128))
    assert results[0].shape == (20, features.SIZE)
    np.testing.assert_array_equal(results[0], results[1])
    assert scores.frechet_distance(gray, results[0]) > 0


@pytest.mark.parametrize(
    "box, corner",
    [((10, 12, 8, 4), (6, 6)), ((0, 0, 8, 8), (0, 0)), ((24, 20, 8, 12), (16, 16))],
)
def test_a_patch_has_its_hole_in_the_middle_or_lies_at_the_border(box, corner):
    hole = np.zeros([1, 32, 32], bool)
    top, left, height, width = box
    hole[0, top : top + height, left : left + width] = True
    assert evaluate.patch_corners(hole, 16).tolist() == [list(corner)]
    image = np.arange(32 * 32).reshape(1, 32, 32, 1)
    assert features.cut(image, [corner], 16)[0, 0, 0, 0] == 32 * corner[0] + corner[1]


def test_sharpness_is_1_for_the_image_itself_and_less_if_it_is_blurred():
    images = np.random.default_rng(0).integers(0, 256, [2, 12, 12, 3]).astype(np.uint8)
    holes = np.zeros([2, 12, 12], bool)
    holes[:, 3:9, 3:9] = True
    blurred = (images + np.roll(images.astype(float), 1, 1)) / 2
    assert scores.sharpness(images, images, holes) == 1.0
    assert 0.5 < scores.sharpness(blurred, images, holes) < 0.9
    halved = images / 2.0
    assert scores.sharpness(halved, images, holes) == pytest.approx(0.5)
    assert scores.sharpness(images, np.zeros_like(images), holes) == 1.0
