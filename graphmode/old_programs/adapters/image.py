"""tf.contrib.image: projective transforms and warps.

A transform is [a0, a1, a2, b0, b1, b2, c0, c1]: the output at (x, y) is the input at
((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), where k = c0 x + c1 y + 1.
"""

import numpy as np

from graphmode import tf


def flat_transforms_to_matrices(transforms):
    """[..., 8] -> [..., 3, 3]."""
    transforms = tf.convert_to_tensor(transforms)
    flat = tf.reshape(transforms, [-1, 8])
    ones = tf.ones([tf.shape(flat)[0], 1], flat.dtype)
    return tf.reshape(tf.concat([flat, ones], 1), [-1, 3, 3])


def matrices_to_flat_transforms(transform_matrices):
    """[batch, 3, 3] -> [batch, 8]."""
    flat = tf.reshape(tf.convert_to_tensor(transform_matrices), [-1, 9])
    return flat[:, :8] / flat[:, 8:]


def compose_transforms(*transforms):
    """The transform that is the first one, then the second one, and so on: [batch, 8]."""
    result = flat_transforms_to_matrices(transforms[0])
    for one in transforms[1:]:
        result = tf.matmul(result, flat_transforms_to_matrices(one))
    return matrices_to_flat_transforms(result)


def angles_to_projective_transforms(angles, image_height, image_width, name=None):
    """Rotations by angles (radians, counterclockwise) about the center: [batch, 8]."""
    with tf.name_scope(name, "angles_to_projective_transforms"):
        angles = tf.reshape(tf.convert_to_tensor(angles, tf.float32), [-1])
        width, height = (tf.cast(size, tf.float32) - 1 for size in (image_width, image_height))
        cos, sin, zeros = tf.cos(angles), tf.sin(angles), tf.zeros_like(angles)
        right = (width - (cos * width - sin * height)) / 2
        down = (height - (sin * width + cos * height)) / 2
        return tf.stack([cos, -sin, right, sin, cos, down, zeros, zeros], axis=1)


def translations_to_projective_transforms(translations, name=None):
    """Shifts [batch, 2] of (right, down) pixels: [batch, 8]."""
    with tf.name_scope(name, "translations_to_projective_transforms"):
        moves = tf.reshape(tf.convert_to_tensor(translations, tf.float32), [-1, 2])
        ones, zeros = tf.ones_like(moves[:, 0]), tf.zeros_like(moves[:, 0])
        return tf.stack(
            [ones, zeros, -moves[:, 0], zeros, ones, -moves[:, 1], zeros, zeros], axis=1
        )


def transform(images, transforms, interpolation="NEAREST", output_shape=None, name=None):
    """Transformed images; what lies outside is 0.

    Args:
        images: [batch, height, width, channels], [height, width, channels] or [height, width].
        transforms: [8] or [batch, 8].
        interpolation: "NEAREST" or "BILINEAR".
    """
    with tf.name_scope(name, "transform"):
        images = tf.convert_to_tensor(images)
        rank = images.shape.rank
        if rank not in (2, 3, 4):
            raise TypeError("Images should have rank between 2 and 4.")
        batch = images[tf.newaxis] if rank < 4 else images
        batch = batch[..., tf.newaxis] if rank == 2 else batch
        transforms = tf.convert_to_tensor(transforms, tf.float32)
        transforms = transforms[tf.newaxis] if transforms.shape.rank == 1 else transforms
        shape = tf.shape(batch)[1:3] if output_shape is None else output_shape
        result = tf.raw_ops.ImageProjectiveTransformV2(
            images=batch,
            transforms=transforms,
            output_shape=tf.convert_to_tensor(shape, tf.int32),
            interpolation=interpolation.upper(),
        )
        known = (
            tf.get_static_value(tf.convert_to_tensor(shape)) if output_shape is not None else None
        )
        inner = batch.shape.as_list()[1:3] if output_shape is None else known
        inner = [None, None] if inner is None else list(inner)
        result.set_shape([batch.shape.as_list()[0], *inner, batch.shape.as_list()[3]])
        result = result[0] if rank < 4 else result
        return result[..., 0] if rank == 2 else result


def rotate(images, angles, interpolation="NEAREST", name=None):
    """Images rotated by angles (radians, counterclockwise)."""
    with tf.name_scope(name, "rotate"):
        images = tf.convert_to_tensor(images)
        sizes = tf.shape(images)[-3:-1] if images.shape.rank > 2 else tf.shape(images)
        transforms = angles_to_projective_transforms(angles, sizes[0], sizes[1])
        return transform(images, transforms, interpolation)


def translate(images, translations, interpolation="NEAREST", name=None):
    """Images shifted by (right, down) pixels."""
    with tf.name_scope(name, "translate"):
        return transform(images, translations_to_projective_transforms(translations), interpolation)


def dense_image_warp(image, flow, name="dense_image_warp"):
    """The image at (y, x) - flow, bilinear; places outside count as the nearest one inside.

    Args:
        image: [batch, height, width, channels].
        flow: [batch, height, width, 2], (down, right) in pixels.
    """
    with tf.name_scope(name):
        image, flow = tf.convert_to_tensor(image), tf.convert_to_tensor(flow)
        height, width = (tf.shape(image)[1], tf.shape(image)[2])
        grid = tf.stack(tf.meshgrid(tf.range(height), tf.range(width), indexing="ij"), axis=2)
        places = tf.cast(grid, flow.dtype)[tf.newaxis] - flow
        last = tf.stack([height, width]) - 2
        corner = tf.clip_by_value(tf.cast(tf.floor(places), tf.int32), 0, tf.maximum(last, 0))
        part = tf.clip_by_value(places - tf.cast(corner, flow.dtype), 0.0, 1.0)
        part = tf.cast(part, image.dtype)
        down, right = part[..., :1], part[..., 1:]

        def at(y, x):
            return tf.gather_nd(image, corner + [y, x], batch_dims=1)

        top = at(0, 0) + right * (at(0, 1) - at(0, 0))
        bottom = at(1, 0) + right * (at(1, 1) - at(1, 0))
        result = top + down * (bottom - top)
        result.set_shape(image.shape)
        return result


def connected_components(images):
    """The connected equal pixels of [..., height, width] images get the same number, 0 is none.

    It runs in numpy, by scipy.
    """

    def label(batch):
        from scipy import ndimage

        labels, count = np.zeros(batch.shape, np.int32), 0
        for image, out in zip(batch, labels):
            for value in np.unique(image[image != 0]):
                found, number = ndimage.label(image == value)
                out[found > 0] = found[found > 0] + count
                count += number
        return _in_order(labels)

    images = tf.convert_to_tensor(images)
    shape = tf.shape(images)
    flat = tf.reshape(images, tf.concat([[-1], shape[-2:]], 0))
    result = tf.reshape(tf.numpy_function(label, [flat], tf.int32), shape)
    result.set_shape(images.shape)
    return result


def _in_order(labels):
    """Numbers the components in the order of their first pixels."""
    found, first = np.unique(labels, return_index=True)
    order = np.argsort(first[found > 0]) if (found > 0).any() else []
    numbers = np.zeros(int(labels.max()) + 1, np.int32)
    for new, old in enumerate(np.asarray(found[found > 0])[order], start=1):
        numbers[old] = new
    return numbers[labels]
