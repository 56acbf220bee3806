import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow.python import pywrap_tensorflow

checkpoint_dir = tempfile.mkdtemp()
path = os.path.join(checkpoint_dir, "model.ckpt")
with tf.variable_scope("layer"):
    w = tf.get_variable("w", initializer=np.arange(4, dtype=np.float32))
b = tf.Variable(3.0, name="b")
x = tf.placeholder(tf.float32, [4], name="x")
y = tf.add(tf.reduce_sum(w * x), b, name="y")
tf.add_to_collection("outputs", y)
saver = tf.train.Saver(max_to_keep=2, keep_checkpoint_every_n_hours=2)
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for step in range(4):
        sess.run(b.assign_add(1.0))
        saved = saver.save(sess, path, global_step=step, write_meta_graph=step == 3)
print(os.path.basename(saved), [os.path.basename(p) for p in saver.last_checkpoints])
print(sorted(os.listdir(checkpoint_dir)))
ckpt = tf.train.get_checkpoint_state(checkpoint_dir)
print(bool(ckpt and ckpt.model_checkpoint_path), os.path.basename(ckpt.model_checkpoint_path))

tf.reset_default_graph()
with tf.Session() as sess:
    loader = tf.train.import_meta_graph(saved + ".meta")
    loader.restore(sess, tf.train.latest_checkpoint(checkpoint_dir))
    graph = tf.get_default_graph()
    out = graph.get_tensor_by_name("y:0")
    print(sess.run(out, {"x:0": np.ones(4)}), tf.get_collection("outputs")[0].name)
    print([v.name for v in tf.global_variables()], graph.get_operation_by_name("b").type)

tf.reset_default_graph()
with tf.Session() as sess:
    renamed = tf.get_variable("other/w", [4])
    fresh = tf.get_variable("fresh", [], initializer=tf.zeros_initializer())
    partial = tf.train.Saver({"layer/w": renamed})
    sess.run(tf.variables_initializer([fresh]))
    partial.restore(sess, saved)
    print(sess.run(renamed), sess.run(tf.report_uninitialized_variables()).tolist())
    tf.train.init_from_checkpoint(checkpoint_dir, {"b": fresh})
    sess.run(fresh.initializer)
    print(sess.run(fresh))
    try:
        tf.train.Saver([fresh]).restore(sess, saved)
    except tf.errors.NotFoundError as error:
        print("not found", "fresh" in str(error))

reader = pywrap_tensorflow.NewCheckpointReader(saved)
print(sorted(reader.get_variable_to_shape_map().items()), reader.has_tensor("b"))
print(tf.train.NewCheckpointReader(saved).get_tensor("layer/w"))
print(tf.contrib.framework.list_variables(checkpoint_dir), tf.train.checkpoint_exists(path + "-0"))
