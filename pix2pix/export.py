"""--mode export: a SavedModel that translates images without this project."""

from data import channels
from graphmode import files, sessions, tf
from pix2pix import palette, translate


def export(config):
    """Writes a SavedModel with two signatures, one for files and one for numbers.

    translate_file (the default): `contents`, a string scalar, the bytes of a PNG or JPEG file
        -> `png`, the bytes of the translation. Unlike `--mode test` it ignores the EXIF orientation
        and drops transparency, unless --input_nc is 4. With --bits 16 both have 16 bits.
    translate: `images`, float32 [batch, any height, any width, channels] in [0, 1] ->
        `translations`, float32 [batch, height, width, channels] in [0, 1], of the network's size.
        The other images of the batch do not matter.

    The file drawing.json in the folder says how one draws an input (`palette`).

    If no image file has as many channels as inputs or outputs, there is only `translate`.

    Dropout is on, so that one input has many translations.

    Raises:
        InputError: the target folder exists, or the checkpoint does not fit.
    """
    given, made = (3, 3) if config.lab_colorization else config.channels
    signatures = {}
    if given in channels.IMAGES and made in channels.IMAGES:
        signatures["translate_file"] = _of_files(config, given)
    images = tf.placeholder(tf.float32, [None, None, None, given], name="images")
    translations = tf.map_fn(
        lambda one: _translation(one, config),
        tf.clip_by_value(images, 0.0, 1.0),
        parallel_iterations=1,
    )
    signatures["translate"] = ({"images": images}, {"translations": translations})
    target = config.output or files.path(config.output_dir, "saved_model")
    sessions.export(config.checkpoint, target, signatures)
    palette.write(target, config)


def _of_files(config, given):
    """The signature translate_file: its inputs and outputs. `given`: channels of the inputs."""
    kind, full = (tf.uint16, 65535.0) if config.bits == "16" else (tf.uint8, 255.0)
    contents = tf.placeholder(tf.string, [], name="contents")
    image = tf.image.decode_image(contents, channels=given, dtype=kind, expand_animations=False)
    image.set_shape([None, None, given])
    translation = _translation(tf.cast(image, tf.float32) / full, config)
    pixels = tf.round(full * tf.clip_by_value(translation, 0.0, 1.0))
    png = tf.image.encode_png(tf.cast(pixels, kind))
    return {"contents": contents}, {"png": png}


def _translation(image, config):
    """[any height, any width, channels] in [0, 1] -> [height, width, channels] in [0, 1]."""
    return translate.translated(image, config, joined=False)[1][0]
