from __future__ import division, print_function

import collections
import inspect
import itertools
import os
import tempfile
import time

import numpy as np
import tensorflow as tf

start = time.clock()
a = np.zeros([2, 3], dtype=np.float)
b = a.astype(np.int) + np.bool(True)
print(a.dtype, b.dtype, np.asscalar(np.array([3])), np.product([2, 3]), np.cumproduct([1, 2, 3]))
print(
    np.alltrue([True, False]),
    np.sometrue([True, False]),
    np.in1d([1, 2], [2]),
    np.rank if hasattr(np, "rank") else "",
)
print(
    np.array([1, [2, 3]], dtype=np.object).shape,
    np.NaN != np.NaN,
    np.Inf,
    isinstance("x", (np.str, np.unicode)),
)
path = os.path.join(tempfile.mkdtemp(), "x.npy")
np.save(path, {"conv1": {"weights": np.ones([2, 2])}})
data_dict = np.load(path, allow_pickle=True, encoding="latin1").item()
print(sorted(data_dict), data_dict["conv1"]["weights"].shape)
for op_name in data_dict:
    for param_name, value in data_dict[op_name].items():
        print(op_name, param_name, value.sum())
print(np.fromstring("1 2 3", sep=" "), np.int0(3), np.float_(0.5), np.row_stack([[1], [2]]).shape)
print(isinstance([], collections.Iterable), isinstance({}, collections.Mapping))
print(inspect.getargspec(lambda q, w=1: None).args, hasattr(itertools, "izip"))
x = tf.placeholder(tf.float32, [None, 2])
y = tf.reduce_sum(x, 1)
counts = np.bincount(np.array([0, 1, 1]))
with tf.Session() as sess:
    out = sess.run(y, {x: np.matrix([[1, 2], [3, 4]])})
    print(
        out, "%s" % out[0], "loss: {:.2f}".format(out[1]), round(out[0], 2), [float(v) for v in out]
    )
    print(np.mean(out), np.max(out) > 5, out.tostring() == out.tobytes(), counts.tolist())
print(
    time.clock() - start < 60,
    np.random.RandomState(0).random_integers(1, 1),
    np.vstack([out, out]).shape,
)
print(
    np.histogram([1, 2, 3], bins=3, normed=False)[0]
    if False
    else np.histogram([1, 2, 3], bins=3)[0]
)
print(
    np.unique([3, 1, 3], return_counts=True)[1],
    np.argsort(-out),
    np.tile(out[:, np.newaxis], [1, 2]).shape,
)
