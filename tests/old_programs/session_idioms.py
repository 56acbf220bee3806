import json
import os

import numpy as np
import tensorflow as tf
from tensorflow.python.client import device_lib, timeline
from tensorflow.python.framework import dtypes, tensor_shape

os.environ["CUDA_VISIBLE_DEVICES"] = ""
config = tf.ConfigProto(
    allow_soft_placement=True,
    inter_op_parallelism_threads=1,
    intra_op_parallelism_threads=1,
    gpu_options=tf.GPUOptions(per_process_gpu_memory_fraction=0.4),
)
config.gpu_options.allow_growth = True
print(
    config.intra_op_parallelism_threads,
    [d.device_type for d in device_lib.list_local_devices()][:1],
)
x = tf.placeholder(tf.float32, shape=(None, 28, 28, 1), name="x")
n, h, w, c = x.get_shape()
print(n, h, w, c, type(h).__name__, h * w, int(h) // 2, h // 3, h.value + 1, n.value, n == None)  # noqa: E711
print(
    x.get_shape().ndims,
    x.shape[1:3].as_list(),
    x.shape[-1],
    x.shape.is_fully_defined(),
    len(x.shape),
)
print(np.prod(x.get_shape().as_list()[1:]), x.shape.num_elements(), [int(d) for d in x.shape[1:]])
print(x, x.dtype, x.op.type, x.dtype.base_dtype == tf.float32, x.dtype is dtypes.float32)
print(
    tf.TensorShape([2, None]).as_list(),
    tensor_shape.unknown_shape(2),
    tf.Dimension(3) + 1,
    isinstance(c, tf.Dimension),
)
a = tf.Variable(2.0, name="a", dtype=tf.float32)
with tf.name_scope("outer") as scope:
    b = tf.multiply(a, 3.0, name="b")
    hidden = tf.Variable(1.0, name="hidden")
print(b.name, b.op.name, scope, hidden.name, a, type(a).__name__)
print(a.initial_value.op.name)
assert b.graph is tf.get_default_graph()
sess = tf.Session(config=config)
sess.run(tf.global_variables_initializer())
run_metadata = tf.RunMetadata()
options = tf.RunOptions(trace_level=tf.RunOptions.FULL_TRACE)
print(sess.run(b, options=options, run_metadata=run_metadata))
trace = timeline.Timeline(run_metadata.step_stats).generate_chrome_trace_format()
print("traceEvents" in json.loads(trace), len(run_metadata.step_stats.dev_stats) > 0)
print(sess.run({"a": a, "pair": (b, [a])}), sess.run("outer/b:0"), sess.run([]))
print(sess.run(b, {a: 5.0}), a.eval(session=sess), sess.graph is tf.get_default_graph())
handle = sess.partial_run_setup([b, a], [])
print(sess.partial_run(handle, b))
call = sess.make_callable([a, b])
print([float(v) for v in call()], tf.contrib.util.constant_value(tf.constant([1, 2]) + 1))
print(
    tf.is_variable_initialized(a).eval(session=sess),
    tf.report_uninitialized_variables().eval(session=sess).shape,
)
try:
    sess.run(x)
except tf.errors.InvalidArgumentError as error:
    print(error.message.split(" with")[0], error.op.name)
sess.close()
try:
    sess.run(b)
except RuntimeError as error:
    print(error)
print(tf.get_default_session() is None, tf.__version__.split(".")[0], tf.VERSION[:2])
print(
    [v.name for v in tf.global_variables(scope="outer")],
    tf.contrib.framework.get_name_scope() == "",
)
