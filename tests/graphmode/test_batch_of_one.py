"""A batch norm with a single value per channel is refused before training."""

import pytest

from graphmode import slim, tf, variables
from graphmode.errors import InputError


def by_hand(x):
    return x - tf.nn.moments(x, [0], name="own/moments")[0]


@pytest.mark.parametrize(
    "normalize, shape, name",
    [
        (
            lambda x: tf.layers.batch_normalization(x, training=True),
            [1, 8],
            "net/batch_normalization",
        ),
        (lambda x: slim.batch_norm(x, scope="bn"), [1, 1, 1, 8], "net/bn"),
        (by_hand, [1, 8], "net/own"),
    ],
)
def test_a_single_value_per_channel_is_refused(normalize, shape, name):
    with tf.variable_scope("net"):
        for batch in (2, None):  # of an unknown size it may be enough
            with tf.variable_scope(f"of_{batch}"):
                normalize(tf.placeholder(tf.float32, [batch, *shape[1:]]))
        variables.check_batch_norms()
    tf.reset_default_graph()
    with tf.variable_scope("net"):
        normalize(tf.ones(shape))
    size = "x".join(map(str, shape))
    message = rf"{name} has one value per channel .*{size}.*--batch_size of 2"
    with pytest.raises(InputError, match=message):
        variables.check_batch_norms()
