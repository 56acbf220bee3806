"""--mode export: a SavedModel that translates without this project; and the graph that it holds."""

from graphmode import files, sessions, tf
from pix2pix import options, translate


def export(config):
    """Two signatures, for files and for numbers; dropout stays on, so one input has many outputs.

    translate_file (the default): `contents`, the bytes of a PNG or JPEG file, a string scalar -> `png`, those of its translation.
    Unlike in --mode test the file is taken as it is: not turned as its EXIF says, transparency dropped.
    translate: `images`, float32 [batch, any height, any width, 3] in [0, 1] -> `translations`, float32 [batch, crop_size,
    crop_width, 3] in [0, 1]. Each picture is normalised by itself, whatever the batch.
    """
    options.check(config)
    contents = tf.placeholder(tf.string, [], name="contents")
    picture = tf.image.decode_image(contents, channels=3, expand_animations=False)
    picture.set_shape([None, None, 3])
    drawn = outputs(tf.cast(picture, tf.float32) / 255.0, config)
    png = tf.image.encode_png(tf.cast(tf.round(255.0 * tf.clip_by_value(drawn, 0.0, 1.0)), tf.uint8))
    images = tf.placeholder(tf.float32, [None, None, None, 3], name="images")
    translations = tf.map_fn(lambda one: outputs(one, config), tf.clip_by_value(images, 0.0, 1.0), parallel_iterations=1)
    sessions.export(config.checkpoint, config.output or files.path(config.output_dir, "saved_model"),
                    {"translate_file": ({"contents": contents}, {"png": png}),
                     "translate": ({"images": images}, {"translations": translations})})


def outputs(picture, config):
    """[any height, any width, 3] in [0, 1] -> its translation, [height, width, 3] in [0, 1]."""
    return translate.translated(picture, config, False)[1][0]
