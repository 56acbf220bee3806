import glob
import os
import tempfile

import numpy as np
import tensorflow as tf

folder = tempfile.mkdtemp()
x = tf.placeholder(tf.float32, [None], name="x")


def variable_summaries(var):
    with tf.name_scope("summaries"):
        mean = tf.reduce_mean(var)
        tf.summary.scalar("mean", mean)
        with tf.name_scope("stddev"):
            stddev = tf.sqrt(tf.reduce_mean(tf.square(var - mean)))
        tf.summary.scalar("stddev", stddev)
        tf.summary.histogram("histogram", var)


with tf.name_scope("input"):
    variable_summaries(x)
tf.summary.image("picture", tf.reshape(x, [1, 2, 2, 1]), max_outputs=1)
tf.summary.text("words", tf.constant("hello"))
extra = tf.summary.scalar("extra", tf.reduce_max(x), collections=["other"])
merged = tf.summary.merge_all()
both = tf.summary.merge([extra, tf.summary.scalar("sum", tf.reduce_sum(x), collections=[])])
with tf.Session() as sess:
    train_writer = tf.summary.FileWriter(os.path.join(folder, "train"), sess.graph)
    for step in range(2):
        summary = sess.run(merged, {x: np.arange(4) * (step + 1)})
        train_writer.add_summary(summary, step)
    value = tf.Summary.Value(tag="epoch/loss", simple_value=0.25)
    train_writer.add_summary(tf.Summary(value=[value]), 7)
    train_writer.flush()
    train_writer.close()
    proto = tf.summary.Summary()
    proto.ParseFromString(sess.run(both, {x: np.ones(4)}))
    print([(v.tag, v.simple_value) for v in proto.value])
(path,) = glob.glob(os.path.join(folder, "train", "events*"))
for event in tf.train.summary_iterator(path):
    for v in event.summary.value:
        kind = v.WhichOneof("value")
        print(event.step, v.tag, kind, "%.3f" % v.simple_value if kind == "simple_value" else "")
print(len(tf.get_collection(tf.GraphKeys.SUMMARIES)), tf.get_collection("other")[0].op.name)
