"""A trained completion network as a SavedModel, which needs nothing of this project."""

from glcic import complete, model
from graphmode import files, sessions, tf


def export(config):
    """--mode export: writes a SavedModel with the signature `complete`.

    Inputs: image, float32 [batch, height, width, 3] in [0, 1]; mask, float32 [batch, height, width,
    1], above 0.5 where the hole is. Height and width are at least 4.
    Output: completed, as the image. Outside the hole it has the image's own pixels.

    Raises:
        InputError: the target exists, see `sessions.export`.
    """
    image = tf.placeholder(tf.float32, [None, None, None, 3], name="image")
    mask = tf.placeholder(tf.float32, [None, None, None, 1], name="mask")
    hole = tf.cast(mask > 0.5, tf.float32)

    # The network needs multiples of 4. The hole is mirrored, too, so that nothing in it is seen.
    height, width = tf.unstack(tf.shape(image)[1:3])
    margins = [[0, 0], [0, -height % 4], [0, -width % 4], [0, 0]]
    x, padded = (tf.pad(tensor, margins, "SYMMETRIC") for tensor in (2.0 * image - 1.0, hole))
    fill = complete.fill(config)
    _, imitation, _ = model.complete(x, padded, config, config.as_published, fill)

    filling = (imitation[:, :height, :width] + 1.0) / 2.0
    inside = tf.tile(hole, [1, 1, 1, 3]) > 0.5
    completed = tf.where(inside, filling, image, name="completed")
    target = config.output or files.path(config.output_dir, "saved_model")
    signature = {"image": image, "mask": mask}, {"completed": completed}
    sessions.export(config.checkpoint, target, {"complete": signature})
