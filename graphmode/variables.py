"""Which variables belong to which network, training steps that move these and no others, and what batch norms see."""

import collections
import math

from graphmode import tf
from graphmode.errors import InputError


def _below(scope, variables):
    """Variables of one scope: 'discriminator' is neither 'local_discriminator' nor 'discriminator_2'; all are in ''."""
    return [v for v in variables if not scope or v.op.name.startswith(scope.rstrip("/") + "/")]


def trainable(scope):
    """The trainable variables of the network in a variable scope.

    Raises:
        ValueError: there are none; the message lists the scopes that have some.
    """
    found = _below(scope, tf.trainable_variables())
    if not found:
        scopes = sorted({v.op.name.split("/")[0] for v in tf.trainable_variables()})
        raise ValueError("no trainable variables in scope {!r}; there are {}".format(scope, scopes))
    return found


def moving_averages(scope):
    """The moving means and variances of the batch norms in a variable scope."""
    return [v for v in _below(scope, tf.global_variables()) if v.op.name.endswith(("moving_mean", "moving_variance"))]


def updates(scope):
    """The ops that update a scope's moving averages: those of the network's first application.

    A network that is applied twice has two sets, the second named scope_1/..., on the same variables; run together
    they race. So ops are matched to variables by the graph, not by their names, and each variable gets one.
    """
    wanted = {v.op.name for v in moving_averages(scope)}
    chosen = collections.OrderedDict()
    for update in tf.get_collection(tf.GraphKeys.UPDATE_OPS):
        target = _nearest(update if isinstance(update, tf.Operation) else update.op, wanted)
        if target:
            chosen.setdefault(target, update)
    return list(chosen.values())


def _nearest(op, names):
    """The name in `names` of the closest op that feeds `op`, or None."""
    queue, seen = collections.deque([op]), set()
    while queue:
        op = queue.popleft()
        if op.name in names:
            return op.name
        if op not in seen:
            seen.add(op)
            queue.extend(tensor.op for tensor in op.inputs)
    return None


def minimize(loss, scope, optimizer):
    """One training step of the network in `scope`: its weights follow the loss, its batch norms' averages move along.

    Args:
        loss: scalar.
        scope: variable scope of the network; no variable outside it moves.
        optimizer: a tf.train.Optimizer of this network's own (one shared by two losses shares its step count).

    Returns:
        One op; when it has run, weights and moving averages are updated. A loss fetched with it is the one before the
        update: the gradient alone would not wait for it.
    """
    # The default, GATE_OP, would also compute the gradients of every other weight that the loss passes, and throw them away.
    gradients = optimizer.compute_gradients(loss, trainable(scope), gate_gradients=tf.train.Optimizer.GATE_GRAPH)
    tf.add_to_collection("gradient_norms/" + scope, tf.global_norm([gradient for gradient, _ in gradients]))
    with tf.control_dependencies([loss]):
        step = optimizer.apply_gradients(gradients)
    return tf.group(step, *updates(scope))


def gradient_norm(scope):
    """The length of the gradient that the scope's training step follows: a scalar, all weights taken as one vector."""
    return tf.get_collection("gradient_norms/" + scope)[-1]


def averages_gap(scope):
    """How far a scope's moving averages are from the batch at hand: a scalar, 0 if they agree.

    The root of the mean over channels of (moving mean - batch mean)^2 / batch variance, of the layer where it is largest.
    A batch of N values differs from the whole by about 1 / sqrt(N); averages that nobody updates stay where they began.
    """
    pairs = collections.defaultdict(dict)
    for update in updates(scope):
        update = update if isinstance(update, tf.Operation) else update.op
        moving, batch = update.inputs[1].op.inputs[0].op.inputs  # assign_sub(moving, (moving - batch) * (1 - decay))
        layer, kind = _nearest(update, {v.op.name for v in moving_averages(scope)}).rsplit("/", 1)
        pairs[layer][kind] = moving, batch
    gaps = []
    for pair in pairs.values():
        (moving, batch), (_, variance) = pair["moving_mean"], pair["moving_variance"]
        gaps.append(tf.sqrt(tf.reduce_mean(tf.square(moving - batch) / (variance + 1e-3))))
    return tf.reduce_max(tf.stack(gaps))


def check_batch_norms():
    """Raises InputError if a batch norm of the graph normalises each channel by a single value, which leaves beta alone.

    It sees batch, height and width of its input as far as the graph knows them; a batch of unknown size passes.
    """
    for op in tf.get_default_graph().get_operations():
        fused = op.type.startswith("FusedBatchNorm") and "Grad" not in op.type and op.get_attr("is_training")
        if fused or (op.type == "Mean" and op.name.endswith("moments/mean")):
            shape = op.inputs[0].shape.as_list()
            channels = 1 if fused and op.get_attr("data_format") == b"NCHW" else -1
            if math.prod(0 if size is None else size for size in shape) == shape[channels]:
                raise InputError("batch norm {} sees one value per channel (its input is {}), so it would give beta whatever "
                                 "comes in: use a --batch_size of 2 or more, or no batch norm there".format(
                                     op.name.rsplit("/moments/mean", 1)[0].rsplit("/FusedBatchNorm", 1)[0],
                                     "x".join(map(str, shape))))


def clip(scope, limit):
    """An op that clips the weights of a scope to [-limit, limit], batch norm's gamma and beta excepted."""
    return tf.group(*[tf.assign(v, tf.clip_by_value(v, -limit, limit)) for v in trainable(scope)
                      if v.op.name.rsplit("/", 1)[-1] not in ("gamma", "beta")])


def check_scopes(*scopes):
    """Raises ValueError unless each trainable variable belongs to exactly one of the scopes."""
    for variable in tf.trainable_variables():
        owners = [scope for scope in scopes if _below(scope, [variable])]
        if len(owners) != 1:
            raise ValueError("variable {!r} belongs to {} of the scopes {}".format(
                variable.op.name, "several" if owners else "none", list(scopes)))
