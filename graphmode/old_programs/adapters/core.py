"""Names outside tf.contrib whose arguments have changed, or that need a few lines."""

import functools

import numpy as np
from tensorflow.python.data.ops import dataset_ops
from tensorflow.python.ops import gen_experimental_dataset_ops

from graphmode import tf


def _named_only(name, sentinel):
    if sentinel is not None:
        raise ValueError(f"Only call `{name}` with named arguments (labels=..., logits=..., ...)")


def softmax_cross_entropy_with_logits(
    _sentinel=None, labels=None, logits=None, dim=-1, name=None, axis=None
):
    """Takes named arguments only: their order was reversed before TensorFlow 1.0."""
    _named_only("softmax_cross_entropy_with_logits", _sentinel)
    return tf.nn.softmax_cross_entropy_with_logits(
        labels=labels, logits=logits, dim=dim, name=name, axis=axis
    )


def sparse_softmax_cross_entropy_with_logits(_sentinel=None, labels=None, logits=None, name=None):
    """Takes named arguments only."""
    _named_only("sparse_softmax_cross_entropy_with_logits", _sentinel)
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits, name=name)


def sigmoid_cross_entropy_with_logits(_sentinel=None, labels=None, logits=None, name=None):
    """Takes named arguments only."""
    _named_only("sigmoid_cross_entropy_with_logits", _sentinel)
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits, name=name)


def experimental_list_devices():
    """The names of the devices."""
    return [
        f"/job:localhost/replica:0/task:0{device.name}"
        for device in tf.config.list_logical_devices()
    ]


class MapVectorizationOptions:
    """Options of an optimization that TensorFlow 2 removed. They have no effect on values."""

    enabled = use_choose_fastest = None


class StatsOptions:
    """Options for statistics of datasets, which TensorFlow 2 removed.

    A dataset cannot be given them: `options.experimental_stats` is an error.
    """

    aggregator, prefix, counter_prefix, latency_all_edges = None, "", "", None


class StatsAggregator:
    """Statistics of datasets. Without `StatsOptions` no dataset fills them."""

    def __init__(self):
        self._resource = gen_experimental_dataset_ops.stats_aggregator_handle()

    def get_summary(self):
        """The statistics as a serialized summary, a string."""
        return gen_experimental_dataset_ops.stats_aggregator_summary(self._resource)


def _transformed(make, tag):
    """For dataset.apply: the same elements through a dataset that `make` gives."""

    def apply(dataset):
        class Counted(dataset_ops.UnaryUnchangedStructureDataset):
            def __init__(self):
                super().__init__(
                    dataset,
                    make(dataset._variant_tensor, tf.constant(tag), **dataset._flat_structure),
                )

        return dataset_ops.DatasetV1Adapter(Counted())

    return apply


def bytes_produced_stats(tag):
    """For dataset.apply: the same elements, and their bytes for a `StatsAggregator`."""
    return _transformed(gen_experimental_dataset_ops.bytes_produced_stats_dataset, tag)


def latency_stats(tag):
    """For dataset.apply: the same elements, and their times for a `StatsAggregator`."""
    return _transformed(gen_experimental_dataset_ops.latency_stats_dataset, tag)


class CheckpointInputPipelineHook(tf.train.SessionRunHook):
    """Saves the state of an estimator's input iterators beside its checkpoints."""

    def __init__(self, estimator):
        config = estimator.config
        self._saver = tf.train.CheckpointSaverHook(
            estimator.model_dir,
            save_secs=config.save_checkpoints_secs,
            save_steps=config.save_checkpoints_steps,
            checkpoint_basename=f"input_pipeline_{config.task_type}_{config.task_id}.ckpt",
        )

    def begin(self):
        iterators = tf.get_collection("iterators")
        saveables = [tf.data.experimental.make_saveable_from_iterator(one) for one in iterators]
        self._saver._saver = tf.train.Saver(saveables, sharded=True)
        self._saver.begin()

    def after_create_session(self, session, coord):
        self._saver.after_create_session(session, coord)

    def before_run(self, run_context):
        return self._saver.before_run(run_context)

    def after_run(self, run_context, run_values):
        self._saver.after_run(run_context, run_values)

    def end(self, session):
        self._saver.end(session)


class _TpuParameters:
    """Settings of an optimizer for a TPU's embeddings, as attributes."""

    def __init__(self, **settings):
        vars(self).update(settings)


class AdagradParameters(_TpuParameters):
    """Settings of Adagrad."""

    def __init__(
        self,
        learning_rate,
        initial_accumulator=0.1,
        use_gradient_accumulation=True,
        clip_weight_min=None,
        clip_weight_max=None,
    ):
        super().__init__(**_given(locals()))


class AdamParameters(_TpuParameters):
    """Settings of Adam."""

    def __init__(
        self,
        learning_rate,
        beta1=0.9,
        beta2=0.999,
        epsilon=1e-8,
        lazy_adam=True,
        sum_inside_sqrt=True,
        use_gradient_accumulation=True,
        clip_weight_min=None,
        clip_weight_max=None,
    ):
        super().__init__(**_given(locals()))


class StochasticGradientDescentParameters(_TpuParameters):
    """Settings of stochastic gradient descent."""

    def __init__(self, learning_rate, clip_weight_min=None, clip_weight_max=None):
        super().__init__(**_given(locals()))


def _given(arguments):
    return {name: value for name, value in arguments.items() if name not in ("self", "__class__")}


class _RawOps:
    """tf.raw_ops that TensorFlow 2 removed.

    CompareAndBitpack is made of others. The debugging ops of a TPU's embeddings have no kernel on
    a CPU or GPU in TensorFlow 1 either: there they fail when they run, here when they are called.
    """

    _TPU = "ADAM Adadelta Adagrad FTRL Momentum ProximalAdagrad RMSProp".split()

    def CompareAndBitpack(self, *, input, threshold, name=None):  # noqa: N802, A002
        with tf.name_scope(name, "CompareAndBitpack"):
            bits = tf.cast(tf.convert_to_tensor(input) > threshold, tf.int32)
            shape = tf.concat([tf.shape(bits)[:-1], [tf.shape(bits)[-1] // 8, 8]], 0)
            weights = tf.constant(2 ** np.arange(7, -1, -1), tf.int32)
            return tf.cast(tf.reduce_sum(tf.reshape(bits, shape) * weights, -1), tf.uint8)

    def __getattr__(self, name):
        known = [
            f"{way}TPUEmbedding{kind}ParametersGradAccumDebug"
            for way in ("Load", "Retrieve")
            for kind in self._TPU
        ]
        if name not in known:
            raise AttributeError(name)
        return functools.partial(_needs_a_tpu, name)

    def __dir__(self):
        return ["CompareAndBitpack"]


def _needs_a_tpu(op, **_):
    raise NotImplementedError(f"tf.raw_ops.{op} runs on a TPU, with TensorFlow 1 only")


raw_ops = _RawOps()
