import numpy as np
import tensorflow as tf

rng = np.random.RandomState(0)
image = tf.constant((rng.rand(10, 8, 3) * 255).astype(np.uint8))
floats = tf.image.convert_image_dtype(image, tf.float32)
batch = tf.expand_dims(floats, 0)
distorted = tf.random_crop(floats, [6, 6, 3])
distorted = tf.image.random_flip_left_right(distorted)
distorted = tf.image.random_brightness(distorted, max_delta=63)
distorted = tf.image.random_contrast(distorted, lower=0.2, upper=1.8)
distorted = tf.image.random_saturation(tf.image.random_hue(distorted, 0.1), 0.5, 1.5)
made = {
    "area": tf.image.resize_images(image, (5, 4), method=tf.image.ResizeMethod.AREA),
    "bilinear": tf.image.resize_images(image, [4, 4]),
    "bicubic": tf.image.resize_bicubic(batch, [5, 5]),
    "nearest": tf.image.resize_nearest_neighbor(batch, [20, 16]),
    "number": tf.image.resize_images(batch, [3, 3], 1),
    "corners": tf.image.resize_images(batch, [7, 5], align_corners=True),
    "crop_or_pad": tf.image.resize_image_with_crop_or_pad(image, 12, 6),
    "central": tf.image.central_crop(image, 0.5),
    "flip": tf.image.flip_left_right(image),
    "standard": tf.image.per_image_standardization(floats),
    "gray": tf.image.rgb_to_grayscale(image),
    "hsv": tf.image.rgb_to_hsv(floats),
    "box": tf.image.crop_and_resize(batch, [[0.0, 0.0, 0.5, 0.5]], [0], [3, 3]),
    "rot": tf.image.rot90(image),
    "adjusted": tf.image.adjust_brightness(tf.image.adjust_contrast(floats, 2.0), 0.1),
    "boxes": tf.image.draw_bounding_boxes(batch, [[[0.1, 0.1, 0.9, 0.9]]]),
    "pad": tf.image.pad_to_bounding_box(image, 1, 1, 12, 10),
    "glimpse": tf.image.extract_glimpse(batch, [4, 4], [[0.0, 0.0]]),
    "patches": tf.extract_image_patches(batch, [1, 2, 2, 1], [1, 2, 2, 1], [1, 1, 1, 1], "VALID"),
    "rotated": tf.contrib.image.rotate(batch, 0.5, interpolation="BILINEAR"),
    "translated": tf.contrib.image.translate(batch, [1, 2]),
    "s2d": tf.space_to_depth(batch, 2),
    "pool": tf.nn.max_pool_with_argmax(batch, [1, 2, 2, 1], [1, 2, 2, 1], "SAME")[0],
    "keep": tf.image.resize_images(batch, [5, 5], preserve_aspect_ratio=True),
}
begin, size, bbox = tf.image.sample_distorted_bounding_box(
    tf.shape(image), bounding_boxes=[[[0.0, 0.0, 1.0, 1.0]]], min_object_covered=0.9
)
scores = tf.image.non_max_suppression(
    [[0.0, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 0.9]], [0.9, 0.8], 2, 0.5
)
jpeg = tf.image.decode_image(tf.image.encode_jpeg(image))
with tf.Session() as sess:
    print(
        sess.run(distorted).shape,
        distorted.get_shape(),
        tf.slice(image, begin, size).shape,
        jpeg.shape,
    )
    for name in sorted(made):
        value = sess.run(made[name])
        print(name, made[name].get_shape(), value.dtype, "%.3f" % value.mean())
    print(sess.run(scores), sess.run(jpeg).shape)
    print(
        "%.3f %.3f"
        % (
            sess.run(tf.image.psnr(batch, batch * 0.9, 1.0))[0],
            sess.run(tf.image.total_variation(floats)),
        )
    )
