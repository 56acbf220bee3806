"""TensorFlow 1's names: which module of today has them, and what to use instead of missing ones.

Only tables. `namespace` reads them; `adapters` has what needs more than another name.
"""

from typing import Any, Dict, List

from graphmode.old_programs import companions, input_data

VERSION = "1.15.5"

# Modules of TensorFlow 1 -> where their names are now, in this order: dotted paths (`tf.` is
# tensorflow.compat.v1) or objects.
MODULES: Dict[str, List[Any]] = {
    "contrib": [],
    "contrib.slim": ["tf_slim"],
    "contrib.layers": ["tf_slim"],
    "contrib.framework": ["tf_slim", "tf.train", "tf.nest"],
    "contrib.slim.python": [],
    "contrib.slim.python.slim": ["tf_slim"],
    "contrib.layers.python": [],
    "contrib.layers.python.layers": ["tf_slim.layers", "tf_slim"],
    "contrib.framework.python": [],
    "contrib.framework.python.ops": ["tf_slim.ops", "tf_slim"],
    "contrib.losses": ["tf_slim.losses"],
    "contrib.metrics": ["tf_slim.metrics", "tf.metrics"],
    "contrib.training": [companions, "tf_slim.training", "tf.train"],
    "contrib.rnn": ["tf.nn.rnn_cell", "tf.nn"],
    "contrib.data": ["tf.data.experimental", "tf.data"],
    "contrib.lookup": ["tf.lookup"],
    "contrib.summary": ["tf.compat.v2.summary"],
    "nn": [companions.nn, "tf.nn"],
    "train": ["tf.train"],
    "examples": [],
    "examples.tutorials": [],
    "examples.tutorials.mnist": [],
    "examples.tutorials.mnist.input_data": [input_data],
}

_NO_ESTIMATOR = "a loop with tf.Session; TensorFlow 2.16 removed tf.estimator"
# Names that are missing -> what can replace them.
CURES = {
    "contrib.crf": "write the recursion with tf.scan, or use tensorflow_addons.text.crf of an "
    "older TensorFlow",
    "contrib.distributions": "tensorflow_probability, or tf.distributions for the basic ones",
    "contrib.learn": _NO_ESTIMATOR,
    "contrib.seq2seq": "tf.nn.dynamic_rnn or tf.nn.raw_rnn",
    "contrib.gan": "the package tensorflow_gan, or write the losses yourself",
    "contrib.eager": "tf.GradientTape in a program for TensorFlow 2",
    "contrib.opt": "an optimizer of tf.train",
    "contrib.image": "tf.image",
    "contrib.tensorboard": "tensorboard.plugins",
    "contrib.legacy_seq2seq": "tf.nn.static_rnn",
    "contrib.cudnn_rnn": "tf.nn.rnn_cell",
    "contrib.ffmpeg": "another package for sound",
    "contrib.keras": "tf.keras",
    "contrib.estimator": _NO_ESTIMATOR,
    "contrib.deprecated": "tf.summary",
    "estimator": _NO_ESTIMATOR,
    "audio_summary": "tf.summary.audio",
    "batch_matmul": "tf.matmul",
    "batch_matrix_inverse": "tf.matrix_inverse",
    "complex_abs": "tf.abs",
    "concat_v2": "tf.concat",
    "histogram_summary": "tf.summary.histogram",
    "image_summary": "tf.summary.image",
    "initialize_variables": "tf.variables_initializer",
    "inv": "tf.reciprocal",
    "listdiff": "tf.setdiff1d",
    "merge_all_summaries": "tf.summary.merge_all",
    "merge_summary": "tf.summary.merge",
    "mul": "tf.multiply",
    "neg": "tf.negative",
    "pack": "tf.stack",
    "scalar_summary": "tf.summary.scalar",
    "select": "tf.where",
    "sub": "tf.subtract",
    "train.SummaryWriter": "tf.summary.FileWriter",
    "unpack": "tf.unstack",
}
