"""tf.contrib.graph_editor's copies and connections, see `graph_editor`."""

from graphmode import tf
from graphmode.old_programs.adapters.graph_editor import (
    ControlOutputs,
    get_walks_intersection_ops,
    make_view,
)


def add_control_inputs(op, cops):
    """Lets an operation wait for others."""
    cops = cops if isinstance(cops, (list, tuple, set)) else [cops]
    for cop in cops:
        if cop in op.control_inputs:
            raise ValueError(f"{cop.name} is already a control_input of {op.name}")
    op._add_control_inputs(list(cops))


def remove_control_inputs(op, cops):
    """Lets an operation not wait for others any more."""
    cops = cops if isinstance(cops, (list, tuple, set)) else [cops]
    for cop in cops:
        if cop not in op.control_inputs:
            raise ValueError(f"{cop.name} is not a control_input of {op.name}")
    kept = [one for one in op.control_inputs if one not in cops]
    op._remove_all_control_inputs()
    op._add_control_inputs(kept)


def _reroute(pairs, can_modify, cannot_modify):
    """Gives the users of each second tensor the first one. Returns the number of changes."""
    uses = [
        (user, place, new)
        for new, old in pairs
        for user in (old.consumers() if can_modify is None else can_modify)
        if user not in (cannot_modify or ())
        for place, tensor in enumerate(user.inputs)
        if tensor is old
    ]
    for user, place, new in uses:
        user._update_input(place, new)
    return len(uses)


def _listed(tensors):
    return list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]


def reroute_ts(ts0, ts1, can_modify=None, cannot_modify=None):
    """The users of `ts1` get `ts0`. Returns the number of changed inputs."""
    return _reroute(list(zip(_listed(ts0), _listed(ts1))), can_modify, cannot_modify)


def swap_ts(ts0, ts1, can_modify=None, cannot_modify=None):
    """The users of `ts1` get `ts0`, and the other way round."""
    first, second = _listed(ts0), _listed(ts1)
    pairs = [*zip(first, second), *zip(second, first)]
    return _reroute(pairs, can_modify, cannot_modify)


def placeholder_name(t=None, scope=None, prefix="geph"):
    """A name for a placeholder in the place of a tensor."""
    name = prefix if t is None else f"{prefix}__{t.name.replace(':', '_').rpartition('/')[2]}"
    scope = t.op.name.rpartition("/")[0] if scope is None and t is not None else scope
    return f"{scope.rstrip('/')}/{name}" if scope else name


def make_placeholder_from_tensor(t, scope=None, prefix="geph"):
    """A placeholder with a tensor's type and shape."""
    return tf.placeholder(t.dtype, t.shape, name=placeholder_name(t, scope, prefix))


def make_placeholder_from_dtype_and_shape(dtype, shape=None, scope=None, prefix="geph"):
    """A placeholder."""
    return tf.placeholder(dtype, shape, name=placeholder_name(None, scope, prefix))


ph = make_placeholder_from_dtype_and_shape


class TransformerInfo:
    """Which operation and tensor is a copy of which."""

    def __init__(self, info):
        self._transformed_ops, self._transformed_ts = info

    def transformed(self, original, missing_fn=None):
        """The copies of operations and tensors, in the same structure."""
        return _mapped(original, {**self._transformed_ops, **self._transformed_ts}, missing_fn)

    def original(self, transformed, missing_fn=None):
        """The originals of copies, in the same structure."""
        known = {**self._transformed_ops, **self._transformed_ts}
        return _mapped(transformed, {copy: old for old, copy in known.items()}, missing_fn)


def _mapped(structure, known, missing):
    def find(one):
        return known[one] if one in known else missing(one) if missing else None

    return tf.nest.map_structure(find, structure)


def copy_with_input_replacements(
    sgv, replacement_ts, dst_graph=None, dst_scope="", src_scope="", reuse_dst_scope=False
):
    """Copies operations, with other inputs: (view of the copies, `TransformerInfo`).

    Args:
        replacement_ts: input of the operations -> what the copies get. Others stay the same.
        dst_scope, src_scope: the scope of the copies' names, instead of the originals'.
    """
    view = make_view(sgv)
    graph = dst_graph or view.graph
    if dst_scope and not reuse_dst_scope:
        dst_scope = graph.unique_name(dst_scope.rstrip("/"))
    ops, tensors = {}, {}
    inside = set(view.ops)

    def moved(tensor):
        if tensor in tensors:
            return tensors[tensor]
        if tensor in replacement_ts:
            return replacement_ts[tensor]
        if tensor.op in inside:
            raise NotImplementedError(f"{tensor.op.name} is in a loop, which cannot be copied")
        if graph is tensor.graph:
            return tensor
        with graph.as_default():
            tensors[tensor] = make_placeholder_from_tensor(tensor, dst_scope)
        return tensors[tensor]

    # Operations get their numbers when they are made, so inputs come first.
    for op in sorted(view.ops, key=lambda op: op._id):
        name = op.name
        if src_scope and name.startswith(f"{src_scope.rstrip('/')}/"):
            name = name[len(src_scope.rstrip("/")) + 1 :]
        name = f"{dst_scope.rstrip('/')}/{name}" if dst_scope else name
        # No context: the names are whole, and nothing of the caller's belongs to the copy.
        with graph.as_default(), tf.name_scope(None), tf.control_dependencies(None):
            copy = graph._create_op_internal(
                op.type,
                [moved(tensor) for tensor in op.inputs],
                [output.dtype for output in op.outputs],
                name=graph.unique_name(name) + "/",
                attrs=dict(op.node_def.attr),
                op_def=op.op_def,
                compute_device=False,
            )
        copy._set_device(op.device)
        ops[op] = copy
        tensors.update(zip(op.outputs, copy.outputs))
        for before, after in zip(op.outputs, copy.outputs):
            after.set_shape(before.shape)
    for op, copy in ops.items():
        waits = [ops[before] for before in op.control_inputs if before in ops]
        copy._add_control_inputs(waits)
    _add_to_collections(view.graph, graph, {**ops, **tensors})
    return make_view(list(ops.values())), TransformerInfo((ops, tensors))


def _add_to_collections(graph, new_graph, copies):
    for name in graph.get_all_collection_keys():
        for one in graph.get_collection(name):
            if isinstance(one, (tf.Tensor, tf.Operation)) and one in copies:
                new_graph.add_to_collection(name, copies[one])


def copy(sgv, dst_graph=None, dst_scope="", src_scope="", reuse_dst_scope=False):
    """Copies operations: (view of the copies, `TransformerInfo`)."""
    return copy_with_input_replacements(sgv, {}, dst_graph, dst_scope, src_scope, reuse_dst_scope)


def graph_replace(target_ts, replacement_ts, dst_scope="", src_scope="", reuse_dst_scope=False):
    """The targets, computed again with other values for the tensors in `replacement_ts`."""
    targets = tf.nest.flatten(target_ts)
    ops = get_walks_intersection_ops(
        list(replacement_ts), targets, control_ios=ControlOutputs(targets[0].graph)
    )
    if not ops:
        raise ValueError("Targets and replacements are not connected!")
    _, info = copy_with_input_replacements(
        ops, replacement_ts, None, dst_scope, src_scope, reuse_dst_scope
    )
    return info.transformed(target_ts, lambda original: original)
