"""Losses, arrays and small things of tf.contrib and of the core that programs of the time use."""

import numpy as np
import tensorflow as tf
from tensorflow.contrib.framework import nest
from tensorflow.contrib.training import HParams, bucket_by_sequence_length
from tensorflow.python.ops import (
    array_ops,
    control_flow_ops,
    math_ops,
    nn_ops,
    variable_scope as vs,
)
from tensorflow.python.util import nest as inner_nest

hparams = HParams(learning_rate=0.1, layers=[1, 2], name="n", flag=True)
hparams.parse("learning_rate=0.3,layers=[4,5],flag=false")
hparams.add_hparam("extra", 7)
print(sorted(hparams.values().items()), hparams.to_json(sort_keys=True), "extra" in hparams)
print(
    nest.flatten({"b": [1, 2], "a": (3,)}),
    nest.map_structure(lambda v: v + 1, [1, (2,)]),
    nest.is_sequence((1,)),
)
print(inner_nest.pack_sequence_as([1, [2]], [7, 8]), tf.contrib.framework.is_tensor(tf.ones([1])))
a = tf.constant([[1.0, 2.0], [3.0, 4.0]])
b = tf.constant([[0.0, 1.0], [1.0, 0.0]])
values = {
    "hinge": tf.losses.hinge_loss(b, a),
    "huber": tf.losses.huber_loss(b, a),
    "log": tf.losses.log_loss(b, a / 5.0),
    "sigmoid": tf.losses.sigmoid_cross_entropy(b, a, label_smoothing=0.1),
    "softmax": tf.losses.softmax_cross_entropy(b, a, weights=2.0),
    "cosine": tf.losses.cosine_distance(tf.nn.l2_normalize(a, 1), tf.nn.l2_normalize(b, 1), dim=1),
    "pairwise": tf.losses.mean_pairwise_squared_error(b, a),
    "contrib": tf.contrib.losses.mean_squared_error(a, b),
    "triplet": tf.contrib.losses.metric_learning.triplet_semihard_loss([0, 1], a),
    "weighted": tf.nn.weighted_cross_entropy_with_logits(targets=b, logits=a, pos_weight=2.0),
    "poisson": tf.nn.log_poisson_loss(b, a),
    "crelu": tf.nn.crelu(a - 2.5),
    "maxout": tf.contrib.layers.maxout(a, 1),
    "unit": tf.contrib.layers.unit_norm(a, 1),
    "bow": tf.contrib.layers.bow_encoder([[0, 1]], 2, 3, initializer=tf.ones_initializer()),
    "gather": tf.gather_nd(a, [[0, 1]]),
    "where": tf.where(a > 2.0),
    "select": tf.where(a > 2.0, a, b),
    "topk": tf.nn.top_k(a, k=1)[1],
    "unique": tf.unique([3, 1, 3])[0],
    "setdiff": tf.setdiff1d([1, 2, 3], [2])[0],
    "cumsum": tf.cumsum(a, axis=1, exclusive=True),
    "one_hot": tf.one_hot([1], depth=3, on_value=5.0, off_value=0.0, axis=-1),
    "segment": tf.unsorted_segment_sum(a, [1, 1], 2),
    "diag": tf.matrix_diag_part(a),
    "svd": tf.svd(a)[0],
    "solve": tf.matrix_solve(a, b),
    "eye": tf.eye(2) + tf.diag([1.0, 2.0]),
    "fft": tf.abs(tf.fft(tf.to_complex64(a))),
    "einsum": tf.einsum("ij,jk->ik", a, b),
    "tensordot": tf.tensordot(a, b, axes=[[1], [0]]),
    "meshgrid": tf.meshgrid([1, 2], [3, 4])[0],
    "reverse": tf.reverse_sequence(a, [1, 2], seq_dim=1, batch_dim=0),
    "mask": tf.boolean_mask(a, [True, False]),
    "scatter": tf.scatter_nd([[1]], [4.0], [3]),
    "sequence": tf.contrib.seq2seq.sequence_loss(
        tf.zeros([1, 2, 3]), tf.constant([[1, 2]]), tf.ones([1, 2])
    ),
    "atrous": tf.nn.atrous_conv2d(tf.ones([1, 4, 4, 1]), tf.ones([3, 3, 1, 1]), 2, "SAME")[0, 0, 0],
    "depthwise": tf.nn.depthwise_conv2d(
        tf.ones([1, 3, 3, 2]), tf.ones([2, 2, 2, 1]), [1, 1, 1, 1], "VALID"
    )[0, 0],
    "conv1d": tf.nn.conv1d(tf.ones([1, 4, 1]), tf.ones([2, 1, 1]), stride=2, padding="SAME"),
    "conv3d": tf.nn.conv3d(tf.ones([1, 2, 2, 2, 1]), tf.ones([2, 2, 2, 1, 1]), [1] * 5, "VALID")[
        0, 0
    ],
    "dilation": tf.nn.convolution(
        tf.ones([1, 4, 4, 1]), tf.ones([2, 2, 1, 1]), "VALID", dilation_rate=[2, 2]
    )[0, 0],
    "clip": control_flow_ops.with_dependencies(
        [], math_ops.maximum(array_ops.ones([1]), nn_ops.relu([2.0]))
    ),
    "bucket": tf.to_int32(tf.floor(tf.div(7.0, 2.0))) + tf.mod(7, 4) + tf.floordiv(9, 2),
    "ceil": tf.ceil(1.2) + tf.sign(-2.0) + tf.lgamma(3.0) + tf.erf(0.5) + tf.rint(2.5),
}
with tf.Session() as sess:
    sess.run(tf.global_variables_initializer())
    for name in sorted(values):
        print(name, values[name].shape, np.round(sess.run(values[name]), 3).tolist())
print(
    vs.get_variable_scope().name == "",
    callable(bucket_by_sequence_length),
    len(tf.losses.get_losses()),
)
