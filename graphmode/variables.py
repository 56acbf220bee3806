"""Which variables belong to which network, and training steps that move these and no others."""

import collections

from graphmode import tf


def _below(scope, variables):
    """Variables of one scope: 'discriminator' is neither 'local_discriminator' nor 'discriminator_2'."""
    return [v for v in variables if v.op.name.startswith(scope.rstrip("/") + "/")]


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
    gradients = optimizer.compute_gradients(loss, trainable(scope))
    with tf.control_dependencies([loss]):
        step = optimizer.apply_gradients(gradients)
    return tf.group(step, *updates(scope))


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
