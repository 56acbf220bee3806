import glob
import os
import tempfile

import numpy as np
import tensorflow as tf
from PIL import Image

folder = tempfile.mkdtemp()
for i in range(4):
    pixels = np.full([12, 10, 3], 50 * i, np.uint8)
    Image.fromarray(pixels).save(os.path.join(folder, "%d.png" % i))
    Image.fromarray(pixels).save(os.path.join(folder, "%d.jpg" % i), quality=95)
input_paths = glob.glob(os.path.join(folder, "*.png"))
get_name = lambda path: os.path.splitext(os.path.basename(path))[0]
input_paths = sorted(input_paths, key=lambda path: int(get_name(path)))

with tf.name_scope("load_images"):
    path_queue = tf.train.string_input_producer(input_paths, shuffle=False)
    reader = tf.WholeFileReader()
    paths, contents = reader.read(path_queue)
    raw_input = tf.image.decode_png(contents)
    raw_input = tf.image.convert_image_dtype(raw_input, dtype=tf.float32)
    assertion = tf.assert_equal(tf.shape(raw_input)[2], 3, message="image does not have 3 channels")
    with tf.control_dependencies([assertion]):
        raw_input = tf.identity(raw_input)
    raw_input.set_shape([None, None, 3])
    width = tf.shape(raw_input)[1]
    a_images = raw_input[:, : width // 2, :]
    a_images = tf.image.resize_images(a_images, [8, 8], method=tf.image.ResizeMethod.AREA)
    a_images = tf.random_crop(a_images, [6, 6, 3])
paths_batch, inputs_batch = tf.train.batch([paths, a_images], batch_size=2)

matched = tf.train.match_filenames_once(os.path.join(folder, "*.jpg"))
jpeg_queue = tf.train.string_input_producer(matched, shuffle=False, num_epochs=1)
_, jpeg = tf.WholeFileReader().read(jpeg_queue)
decoded = tf.image.decode_jpeg(jpeg, channels=1, ratio=2)
count = tf.size(matched)
encoded = tf.image.encode_png(tf.zeros([3, 3, 1], tf.uint8))

sv = tf.train.Supervisor(logdir=os.path.join(folder, "log"), save_summaries_secs=0, saver=None)
with sv.managed_session() as sess:
    for _ in range(3):
        names, batch = sess.run([paths_batch, inputs_batch])
        print([os.path.basename(n.decode()) for n in names], batch.shape, batch[1].mean().round(3))
    print(sess.run(count), sess.run(decoded).shape)
    made = sess.run(encoded)
    print(made[1:4])
