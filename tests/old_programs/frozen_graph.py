import os
import tempfile

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.python.framework import graph_util
from tensorflow.python.platform import gfile
from tensorflow.python.tools import freeze_graph, optimize_for_inference_lib

folder = tempfile.mkdtemp()
x = tf.placeholder(tf.float32, [None, 3], name="input")
w = tf.Variable(np.arange(6, dtype=np.float32).reshape(3, 2), name="w")
unused = tf.Variable(1.0, name="unused")
y = tf.nn.relu(tf.matmul(x, w), name="output")
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    tf.train.write_graph(sess.graph_def, folder, "graph.pbtxt")
    saved = tf.train.Saver().save(sess, os.path.join(folder, "model.ckpt"))
    frozen = graph_util.convert_variables_to_constants(sess, sess.graph.as_graph_def(), ["output"])
    print([(n.name, n.op) for n in frozen.node])
    with tf.gfile.GFile(os.path.join(folder, "frozen.pb"), "wb") as f:
        f.write(frozen.SerializeToString())
    sub = tf.graph_util.extract_sub_graph(sess.graph.as_graph_def(), ["output"])
    print(
        len(sub.node) < len(sess.graph_def.node),
        tf.graph_util.tensor_shape_from_node_def_name(sess.graph, "output"),
    )
freeze_graph.freeze_graph(
    os.path.join(folder, "graph.pbtxt"),
    "",
    False,
    saved,
    "output",
    "save/restore_all",
    "save/Const:0",
    os.path.join(folder, "tool.pb"),
    True,
    "",
)

tf.reset_default_graph()
with gfile.FastGFile(os.path.join(folder, "tool.pb"), "rb") as f:
    graph_def = tf.GraphDef()
    graph_def.ParseFromString(f.read())
    (out,) = tf.import_graph_def(graph_def, return_elements=["output:0"], name="")
graph = tf.get_default_graph()
print(out.name, [op.name for op in graph.get_operations() if op.type == "Placeholder"], out.shape)
with tf.Session() as sess:
    print(sess.run(out, {"input:0": np.ones([1, 3])}).tolist())
small = optimize_for_inference_lib.optimize_for_inference(
    graph_def, ["input"], ["output"], tf.float32.as_datatype_enum
)
print([n.op for n in small.node])
with tf.Graph().as_default() as other:
    tf.import_graph_def(graph_def, input_map={"input": tf.ones([2, 3])})
    print([n.name for n in other.as_graph_def().node][-1])
    text = text_format.MessageToString(other.as_graph_def())
    print(text.splitlines()[1], text_format.Merge(text, tf.GraphDef()).node[0].op)
