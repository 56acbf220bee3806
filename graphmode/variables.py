"""Which variables belong to which network, training steps that move only these, and batch norms."""

import collections
import math
from typing import Any, Dict, List, Sequence

from graphmode import cluster, tf
from graphmode.errors import InputError


def _below(scope, variables):
    """The variables of one scope; all of them for the scope "".

    The scope 'discriminator' contains neither 'local_discriminator' nor 'discriminator_2'.
    """
    prefix = scope.rstrip("/") + "/"
    return [v for v in variables if not scope or v.op.name.startswith(prefix)]


def trainable(scope: str) -> List[Any]:
    """The trainable variables of the network in a variable scope.

    Raises:
        ValueError: there are none. The message lists the scopes that have some.
    """
    own = _below(scope, tf.trainable_variables())
    if not own:
        scopes = sorted({v.op.name.split("/")[0] for v in tf.trainable_variables()})
        raise ValueError(f"no trainable variables in scope {scope!r}; there are {scopes}")
    return own


def moving_averages(scope: str) -> List[Any]:
    """The moving means and variances of the batch norms in a variable scope."""
    endings = ("moving_mean", "moving_variance")
    return [v for v in _below(scope, tf.global_variables()) if v.op.name.endswith(endings)]


def updates(scope: str) -> List[Any]:
    """The ops that update a scope's moving averages, from the network's first application only.

    A network that is applied twice has two sets of these ops, the second with names that begin
    with scope_1/, on the same variables. If both run, they race. Therefore the graph decides which
    variable an op updates, not the op's name, and each variable gets one op.
    """
    wanted = {v.op.name for v in moving_averages(scope)}
    chosen: Dict[str, Any] = {}
    for update in tf.get_collection(tf.GraphKeys.UPDATE_OPS):
        target = _nearest(_op(update), wanted)
        if target:
            chosen.setdefault(target, update)
    return list(chosen.values())


def _op(fetch):
    return fetch if isinstance(fetch, tf.Operation) else fetch.op


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


def minimize(loss, scope: str, optimizer):
    """One training step of the network in `scope`: its weights and its moving averages.

    Args:
        loss: scalar.
        scope: variable scope of the network. No variable outside it moves.
        optimizer: a tf.train.Optimizer of this network alone. An optimizer that two losses share
            has one step count for both.

    Returns:
        An op that updates the weights and the moving averages. If the loss is fetched with it,
        the value is the one before the update.
    """
    # The default, GATE_OP, also computes the gradients of all other weights in the loss.
    gate = tf.train.Optimizer.GATE_GRAPH
    gradients = optimizer.compute_gradients(loss, trainable(scope), gate_gradients=gate)
    gradients = cluster.here().averaged(gradients)
    norm = tf.global_norm([gradient for gradient, _ in gradients])
    tf.add_to_collection(f"gradient_norms/{scope}", norm)
    # The gradient alone does not wait for the loss.
    with tf.control_dependencies([loss]):
        step = optimizer.apply_gradients(gradients)
    return tf.group(step, *updates(scope))


def gradient_norm(scope: str):
    """The gradient norm of the scope's training step over all weights: a scalar."""
    return tf.get_collection(f"gradient_norms/{scope}")[-1]


def averages_gap(scope: str):
    """The distance of a scope's moving averages from the current batch: a scalar, 0 if equal.

    It is the root of the mean over channels of (moving mean - batch mean)^2 / batch variance, in
    the layer where this is largest. The mean of a batch of N values differs from that of the data
    by about 1 / sqrt(N). Averages that are never updated keep their initial values.
    """
    names = {v.op.name for v in moving_averages(scope)}
    layers: Dict[str, Dict[str, Any]] = collections.defaultdict(dict)
    for update in map(_op, updates(scope)):
        # The op is assign_sub(moving, (moving - batch) * (1 - decay)).
        moving, batch = update.inputs[1].op.inputs[0].op.inputs
        layer, kind = _nearest(update, names).rsplit("/", 1)
        layers[layer][kind] = moving, batch, update
    gaps = []
    for pair in layers.values():
        moving, batch, update = pair["moving_mean"]
        variance = pair["moving_variance"][1]
        gaps.append(tf.sqrt(tf.reduce_mean(tf.square(moving - batch) / (variance + 1e-3))))
        # A step that fetches the gap also runs the update. Without this order the gap would be the
        # one before or after it, by chance.
        update._add_control_inputs([gaps[-1].op])
    return tf.reduce_max(tf.stack(gaps))


def check_batch_norms() -> None:
    """Raises InputError if a batch norm of the graph has a single value per channel.

    Such a batch norm gives beta for every input. A batch of unknown size passes.
    """
    for op in tf.get_default_graph().get_operations():
        fused = op.type.startswith("FusedBatchNorm") and "Grad" not in op.type
        fused = fused and op.get_attr("is_training")
        if fused or (op.type == "Mean" and op.name.endswith("moments/mean")):
            shape = op.inputs[0].shape.as_list()
            channels = 1 if fused and op.get_attr("data_format") == b"NCHW" else -1
            if math.prod(0 if size is None else size for size in shape) == shape[channels]:
                name = op.name.rsplit("/moments/mean", 1)[0].rsplit("/FusedBatchNorm", 1)[0]
                raise InputError(
                    f"batch norm {name} has one value per channel "
                    f"(its input is {'x'.join(map(str, shape))}), so its output would be beta for "
                    "every input: use a --batch_size of 2 or more, or no batch norm there"
                )


def clip(scope: str, limit: float):
    """An op that clips the weights of a scope to [-limit, limit], except gamma and beta."""
    weights = [v for v in trainable(scope) if v.op.name.split("/")[-1] not in ("gamma", "beta")]
    return tf.group(*[tf.assign(v, tf.clip_by_value(v, -limit, limit)) for v in weights])


def check_scopes(*scopes: str) -> None:
    """Raises ValueError unless each trainable variable belongs to exactly one of the scopes."""
    for variable in tf.trainable_variables():
        owners: Sequence[str] = [scope for scope in scopes if _below(scope, [variable])]
        if len(owners) != 1:
            number = "several" if owners else "none"
            raise ValueError(
                f"variable {variable.op.name!r} belongs to {number} of the scopes {list(scopes)}"
            )
