"""Optimizers that apply the mean gradient of all workers, and of several runs (`--accumulate`)."""

import contextlib
import importlib
from typing import Any, Iterator, List, Sequence, Tuple

from graphmode import tf
from graphmode.training.contract import Model

AVERAGED = "cluster/averaged"  # graph collection of gradients that are means already
ACCUMULATING = "cluster/accumulating"  # graph collection of ops that add up gradients
SECONDS = "cluster/seconds"  # graph collection of variables: seconds spent in exchanges

Gradients = Sequence[Tuple[Any, Any]]


@contextlib.contextmanager
def exchanged(exchange, accumulate: int) -> Iterator[None]:
    """While it lasts, every tf.train.Optimizer applies the workers' mean gradients."""
    optimizer = importlib.import_module("tensorflow.python.training.optimizer").Optimizer
    plain = optimizer.apply_gradients

    def apply_gradients(self, grads_and_vars, global_step=None, name=None, **others):
        given = [(gradient, v) for gradient, v in grads_and_vars if gradient is not None]

        def step(gradients):
            return plain(self, averaged(exchange, gradients), global_step, name, **others)

        return step(given) if accumulate == 1 else _in_turn(given, step, accumulate)

    optimizer.apply_gradients = apply_gradients
    try:
        yield
    finally:
        optimizer.apply_gradients = plain


def averaged(exchange, gradients: Gradients) -> List[Tuple[Any, Any]]:
    """[(gradient, variable), ...] with the means over all workers. Means stay as they are."""
    given = [(tf.convert_to_tensor(gradient), v) for gradient, v in gradients]
    known = {tensor.name for tensor in tf.get_collection(AVERAGED)}
    if exchange.count == 1 or known.issuperset(gradient.name for gradient, _ in given):
        return given
    for gradient, v in given:
        gradient.set_shape(v.shape)
    local = [gradient for gradient, _ in given]
    with tf.control_dependencies(local):
        start = tf.timestamp()
    with tf.control_dependencies([start]):
        means = exchange.means(local, compressed=True)
    with tf.control_dependencies(means):
        took = tf.assign_add(_local([], tf.float64, SECONDS), tf.timestamp() - start)
    with tf.control_dependencies([took]):
        means = [tf.identity(mean) for mean in means]
    for mean in means:
        tf.add_to_collection(AVERAGED, mean)
    return [(mean, v) for mean, (_, v) in zip(means, given)]


def _local(shape, dtype, *collections):
    """A variable that starts at 0 and that no checkpoint has."""
    kinds = [tf.GraphKeys.LOCAL_VARIABLES, *collections]
    with tf.control_dependencies(None):
        zeros = tf.zeros(shape, dtype)
        return tf.Variable(zeros, trainable=False, collections=kinds, name="cluster_sum")


def _in_turn(gradients, step, accumulate):
    """An op that adds gradients up, and in each `accumulate`-th run makes a step with the mean."""
    sums = [_local(v.shape, tf.float32) for _, v in gradients]
    counter = _local([], tf.int64)
    added = [tf.assign_add(s, tf.convert_to_tensor(g)) for s, (g, _) in zip(sums, gradients)]
    with tf.control_dependencies(added):
        number = tf.assign_add(counter, 1)

    def apply():
        means = [(s / accumulate, v) for s, (_, v) in zip(sums, gradients)]
        with tf.control_dependencies([step(means)]):
            return tf.group(*[tf.assign(s, tf.zeros_like(s)) for s in sums])

    with tf.control_dependencies([number]):
        last = tf.equal(number % accumulate, 0)
        op = tf.cond(last, apply, tf.no_op)
    op = op.op if isinstance(op, tf.Tensor) else op
    tf.add_to_collection(ACCUMULATING, op)
    return op


def repeated(model: Model, accumulate: int) -> Model:
    """The model whose updates run `accumulate` times for each step of their optimizers.

    Their scalars become means over these runs. An update without an optimizer runs as before.
    """
    adding = {op.name for op in tf.get_collection(ACCUMULATING)}
    made: dict = {}

    def longer(update):
        op = update.op.op if isinstance(update.op, tf.Tensor) else update.op
        if not _depends_on(op, adding):
            return update
        if op.name not in made:
            made[op.name] = _with_means(op, update.scalars, accumulate)
        op, scalars = made[op.name]
        return update._replace(op=op, scalars=scalars, repeat=update.repeat * accumulate)

    phases = [phase._replace(updates=list(map(longer, phase.updates))) for phase in model.phases]
    return model._replace(phases=phases)


def _with_means(op, scalars, accumulate):
    """The op and its scalars, which are means over the last `accumulate` runs."""
    sums = {name: _local([], tf.float32) for name in scalars}
    counter = _local([], tf.int64)
    # The first run of a step forgets the sums of the step before.
    going_on = tf.cast(tf.not_equal(counter % accumulate, 0), tf.float32)
    with tf.control_dependencies([going_on]):
        new = {name: sums[name] * going_on + scalar for name, scalar in scalars.items()}
    with tf.control_dependencies(list(new.values())):
        kept = {name: tf.assign(sums[name], value) for name, value in new.items()}
    with tf.control_dependencies(list(kept.values())):
        counted = tf.assign_add(counter, 1)
    means = {name: value / accumulate for name, value in kept.items()}
    return tf.group(op, counted, *kept.values()), means


def _depends_on(op, names):
    """Whether an op is, or needs, one of the ops with these names."""
    waiting, seen = [op], set()
    while waiting:
        op = waiting.pop()
        if op.name in names:
            return True
        if op not in seen:
            seen.add(op)
            waiting.extend([*op.control_inputs, *(tensor.op for tensor in op.inputs)])
    return False
