import os
import tempfile

import numpy as np
import scipy.misc
import scipy.ndimage
import tensorflow as tf
from PIL import Image

folder = tempfile.mkdtemp()


def merge(images, size):
    h, w = images.shape[1], images.shape[2]
    img = np.zeros((h * size[0], w * size[1], 3))
    for idx, image in enumerate(images):
        i = idx % size[1]
        j = idx // size[1]
        img[j * h : j * h + h, i * w : i * w + w, :] = image
    return img


def inverse_transform(images):
    return (images + 1.0) / 2.0


def imsave(images, size, path):
    image = np.squeeze(merge(images, size))
    return scipy.misc.imsave(path, image)


def center_crop(x, crop_h, crop_w, resize_h=4, resize_w=4):
    h, w = x.shape[:2]
    j, i = int(round((h - crop_h) / 2.0)), int(round((w - crop_w) / 2.0))
    return scipy.misc.imresize(x[j : j + crop_h, i : i + crop_w], [resize_h, resize_w])


rng = np.random.RandomState(0)
images = np.tanh(rng.normal(size=[4, 6, 6, 3]))
path = os.path.join(folder, "grid.png")
imsave(inverse_transform(images), [2, 2], path)
read = scipy.misc.imread(path)
print(read.shape, read.dtype, int(read.min()), int(read.max()), int(read.sum()))
gray = scipy.misc.imread(path, flatten=True)
print(gray.shape, gray.dtype, "%.1f" % gray.mean(), scipy.misc.imread(path, mode="L").dtype)
print(
    center_crop(read, 8, 8).shape,
    scipy.misc.imresize(read, 50).shape,
    scipy.misc.imresize(read, 1.5, interp="nearest").shape,
)
small = scipy.misc.imresize(gray, (4, 4), interp="bicubic", mode="F")
print(small.dtype, small.shape)
print(scipy.misc.bytescale(np.array([[0.0, 1.0], [2.0, 4.0]])).tolist())
print(
    scipy.misc.toimage(read[:, :, 0], cmin=0, cmax=255).size,
    scipy.misc.fromimage(Image.open(path)).shape,
)
print(scipy.misc.imrotate(read, 90).shape, scipy.misc.imfilter(read[:, :, 0], "blur").shape)
print(
    scipy.ndimage.imread(path).shape,
    scipy.misc.logsumexp([0.0, 0.0]).round(4),
    scipy.misc.comb(4, 2),
)
net = tf.image.resize_images(tf.constant(read[None]), [3, 3])
print(
    net.dtype,
    net.shape,
    tf.image.resize_bilinear(tf.to_float(read[None]), [2, 2], align_corners=True).shape,
)
