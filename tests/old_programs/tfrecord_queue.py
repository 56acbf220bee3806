import os
import tempfile

import numpy as np
import tensorflow as tf


def _int64_feature(value):
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))


def _bytes_feature(value):
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _floats_feature(value):
    return tf.train.Feature(float_list=tf.train.FloatList(value=value))


filename = os.path.join(tempfile.mkdtemp(), "train.tfrecords")
writer = tf.python_io.TFRecordWriter(filename)
for index in range(6):
    image = np.full([2, 3], index, np.uint8)
    features = tf.train.Features(
        feature={
            "height": _int64_feature(2),
            "label": _int64_feature(index),
            "image_raw": _bytes_feature(image.tostring()),
            "box": _floats_feature([0.5, index]),
        }
    )
    writer.write(tf.train.Example(features=features).SerializeToString())
writer.close()

for serialized in list(tf.python_io.tf_record_iterator(path=filename))[:1]:
    example = tf.train.Example()
    example.ParseFromString(serialized)
    raw = example.features.feature["image_raw"].bytes_list.value[0]
    print(
        np.fromstring(raw, dtype=np.uint8).reshape(2, 3).tolist(), sorted(example.features.feature)
    )


def read_and_decode(filename_queue):
    reader = tf.TFRecordReader()
    _, serialized_example = reader.read(filename_queue)
    features = tf.parse_single_example(
        serialized_example,
        features={
            "image_raw": tf.FixedLenFeature([], tf.string),
            "label": tf.FixedLenFeature([], tf.int64),
            "box": tf.VarLenFeature(tf.float32),
            "missing": tf.FixedLenFeature([], tf.int64, default_value=-1),
        },
    )
    image = tf.decode_raw(features["image_raw"], tf.uint8)
    image.set_shape([6])
    image = tf.cast(image, tf.float32) * (1.0 / 255) - 0.5
    return (
        image,
        tf.cast(features["label"], tf.int32),
        tf.sparse_tensor_to_dense(features["box"]),
        features["missing"],
    )


filename_queue = tf.train.string_input_producer([filename], num_epochs=20)
image, label, box, missing = read_and_decode(filename_queue)
images, labels = tf.train.batch([image, label], batch_size=4, capacity=30)
boxes = tf.train.batch([box], 2, dynamic_pad=True)
shuffled = tf.train.shuffle_batch(
    [image, label], 2, capacity=20, min_after_dequeue=4, num_threads=1
)
init_op = tf.group(tf.global_variables_initializer(), tf.local_variables_initializer())
sess = tf.Session()
sess.run(init_op)
coord = tf.train.Coordinator()
threads = tf.train.start_queue_runners(sess=sess, coord=coord)
batch, _ = sess.run(shuffled)
print(batch.shape, images.get_shape(), sess.run(missing), sess.run(boxes).shape)
seen = 0
try:
    while True:
        seen += len(sess.run(labels))
except tf.errors.OutOfRangeError:
    print("done", seen <= 120)
coord.request_stop()
coord.join(threads)
sess.close()
