"""The order of batches, and what is fed."""

import numpy as np
import pytest

from data import feeds
from graphmode import tf
from graphmode.errors import InputError


def test_an_epoch_has_every_example_once_in_a_new_order():
    batch = feeds.shuffled(examples=12, batch_size=4, seed=1)
    epochs = [
        np.concatenate([batch(3 * epoch + number) for number in range(3)]) for epoch in range(5)
    ]
    for epoch in epochs:
        assert sorted(epoch) == list(range(12))
    assert len({tuple(epoch) for epoch in epochs}) == 5
    other = feeds.shuffled(12, 4, seed=2)
    assert any((batch(number) != other(number)).any() for number in range(3))


def test_the_rest_of_an_epoch_is_dropped():
    batch = feeds.shuffled(examples=11, batch_size=4, seed=1)
    for epoch in range(20):
        assert len({*batch(2 * epoch), *batch(2 * epoch + 1)}) == 8
    assert {example for number in range(40) for example in batch(number)} == set(range(11))


def test_batches_can_be_requested_in_any_order():
    sequential = [feeds.shuffled(10, 3, seed=5)(number) for number in range(30)]
    batch = feeds.shuffled(10, 3, seed=5)
    for number in np.random.default_rng(0).permutation(30):
        np.testing.assert_array_equal(batch(number), sequential[number])
        batch(number)[:] = 0  # a copy: later answers do not change
        np.testing.assert_array_equal(batch(number), sequential[number])


def test_a_batch_larger_than_the_data_is_refused():
    np.testing.assert_array_equal(sorted(feeds.shuffled(10, 10, seed=0)(7)), range(10))
    with pytest.raises(InputError, match="--batch_size 11 .* 10 examples: use 1 to 10"):
        feeds.shuffled(10, 11, seed=0)


@pytest.mark.parametrize("labelled", [False, True])
def test_digits_are_fed_as_pixels_with_their_labels(digits, labelled):
    pixels, labels = object(), object()
    feed = feeds.digits(digits, pixels, 32, 7, labels if labelled else None)
    fed, chosen = feed(23), feeds.shuffled(640, 32, 7)(23)
    np.testing.assert_allclose(
        fed[pixels].reshape(32, 28, 28) * 255, digits.train_images[chosen], rtol=1e-6
    )
    assert fed[pixels].dtype == np.float32
    assert list(fed) == ([pixels, labels] if labelled else [pixels])
    if labelled:
        np.testing.assert_array_equal(fed[labels], digits.train_labels[chosen])


def test_fixed_noise_has_the_numbers_of_the_docs(value):
    """The numbers of numpy's old generator, in one op, and the same in every run."""
    noise = [feeds.fixed_noise([2, 3], 0), feeds.fixed_noise([2, 2], 0, "uniform")]
    assert [op.type for op in tf.get_default_graph().get_operations()] == ["Const", "Const"]
    normal, uniform = value(noise)
    np.testing.assert_allclose(
        normal, [[1.764052, 0.400157, 0.978738], [2.240893, 1.867558, -0.977278]], atol=1e-6
    )
    np.testing.assert_allclose(uniform, [[0.097627, 0.430379], [0.205527, 0.089766]], atol=1e-6)
    assert normal.dtype == uniform.dtype == np.float32
    with pytest.raises(ValueError, match="unknown kind of noise 'gauss'"):
        feeds.fixed_noise([1], 0, "gauss")
