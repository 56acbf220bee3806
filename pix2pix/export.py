"""--mode export: a SavedModel that translates images without this project."""

from graphmode import files, sessions, tf
from pix2pix import translate


def export(config):
    """Writes a SavedModel with two signatures, one for files and one for numbers.

    translate_file (the default): `contents`, a string scalar, the bytes of a PNG or JPEG file
        -> `png`, the bytes of the translation. Unlike `--mode test` it ignores the EXIF orientation
        and drops transparency.
    translate: `images`, float32 [batch, any height, any width, 3] in [0, 1] -> `translations`,
        float32 [batch, height, width, 3] in [0, 1], of the network's size. The other images of the
        batch do not matter.

    Dropout is on, so that one input has many translations.

    Raises:
        InputError: the target folder exists, or the checkpoint does not fit.
    """
    contents = tf.placeholder(tf.string, [], name="contents")
    image = tf.image.decode_image(contents, channels=3, expand_animations=False)
    image.set_shape([None, None, 3])
    translation = _translation(tf.cast(image, tf.float32) / 255.0, config)
    pixels = tf.round(255.0 * tf.clip_by_value(translation, 0.0, 1.0))
    png = tf.image.encode_png(tf.cast(pixels, tf.uint8))

    images = tf.placeholder(tf.float32, [None, None, None, 3], name="images")
    translations = tf.map_fn(
        lambda one: _translation(one, config),
        tf.clip_by_value(images, 0.0, 1.0),
        parallel_iterations=1,
    )
    signatures = {
        "translate_file": ({"contents": contents}, {"png": png}),
        "translate": ({"images": images}, {"translations": translations}),
    }
    target = config.output or files.path(config.output_dir, "saved_model")
    sessions.export(config.checkpoint, target, signatures)


def _translation(image, config):
    """[any height, any width, 3] in [0, 1] -> [height, width, 3] in [0, 1]."""
    return translate.translated(image, config, joined=False)[1][0]
