"""tf.contrib.graph_editor: selects, copies and reconnects operations of a graph.

More than sixty lines: gradients with less memory and unrolled GANs stand on these functions. Views
have inputs and outputs, but cannot be remapped, and loops are not copied.
"""

import re

from tensorflow.python.ops import op_selector

from graphmode import tf

get_tensors = op_selector.get_tensors
make_list_of_t = op_selector.make_list_of_t


def make_list_of_op(ops, check_graph=True, allow_graph=True, ignore_ts=False):
    """A list of operations, of a graph, a view, an operation or a list."""
    ops = ops.ops if isinstance(ops, SubGraphView) else ops
    return op_selector.make_list_of_op(ops, check_graph, allow_graph, ignore_ts)


def get_generating_ops(ts):
    """The operations that make tensors."""
    return op_selector.get_generating_ops(ts)


def get_consuming_ops(ts):
    """The operations that use tensors."""
    return op_selector.get_consuming_ops(ts)


class ControlOutputs:
    """For each operation, the operations that wait for it."""

    def __init__(self, graph):
        self._outputs = {}
        for op in graph.get_operations():
            for before in op.control_inputs:
                self._outputs.setdefault(before, []).append(op)

    def get(self, op):
        """The operations that wait for `op`."""
        return self._outputs.get(op, ())


def check_cios(control_inputs=False, control_outputs=None, control_ios=None):
    """(whether control inputs count, the control outputs or None)."""
    if control_ios is not None:
        return True, control_ios
    if control_outputs is True:
        raise TypeError("control_outputs must be a ControlOutputs")
    return control_inputs, control_outputs or None


def _seeds(seeds, of_tensors):
    seeds = list(seeds) if isinstance(seeds, (list, tuple, set, frozenset, dict)) else [seeds]
    if seeds and isinstance(seeds[0], tf.Tensor):
        return of_tensors(seeds)
    return make_list_of_op(seeds, allow_graph=False)


def _walk(first, following, inclusive, within_ops, within_ops_fn):
    """All operations that can be reached, in the order of a breadth-first search."""
    within = None if not within_ops else set(make_list_of_op(within_ops))

    def counts(op):
        return (within is None or op in within) and (within_ops_fn is None or within_ops_fn(op))

    start = [op for op in first if within is None or op in within]
    result, wave = dict.fromkeys(start), list(start)
    while wave:
        reached = dict.fromkeys(op for one in wave for op in following(one) if counts(op))
        wave = [op for op in reached if op not in result]
        result.update(dict.fromkeys(wave))
    return [op for op in result if inclusive or op not in set(start)]


def get_forward_walk_ops(
    seed_ops,
    inclusive=True,
    within_ops=None,
    within_ops_fn=None,
    stop_at_ts=(),
    control_outputs=None,
):
    """The operations that depend on the seeds, operations or tensors."""
    stop, waiting = set(make_list_of_t(list(stop_at_ts))), check_cios(False, control_outputs)[1]

    def following(op):
        for tensor in op.outputs:
            if tensor not in stop:
                yield from tensor.consumers()
        yield from waiting.get(op) if waiting else ()

    first = _seeds(seed_ops, get_consuming_ops)
    return _walk(first, following, inclusive, within_ops, within_ops_fn)


def get_backward_walk_ops(
    seed_ops,
    inclusive=True,
    within_ops=None,
    within_ops_fn=None,
    stop_at_ts=(),
    control_inputs=False,
):
    """The operations that the seeds, operations or tensors, depend on."""
    stop = set(make_list_of_t(list(stop_at_ts)))

    def following(op):
        yield from (tensor.op for tensor in op.inputs if tensor not in stop)
        yield from op.control_inputs if control_inputs else ()

    first = _seeds(seed_ops, get_generating_ops)
    return _walk(first, following, inclusive, within_ops, within_ops_fn)


def _both_walks(forward, backward, inclusive, within, control):
    control_inputs, control_outputs = check_cios(*control)
    return (
        get_forward_walk_ops(forward, inclusive[0], *within, control_outputs=control_outputs),
        get_backward_walk_ops(backward, inclusive[1], *within, control_inputs=control_inputs),
    )


def get_walks_intersection_ops(
    forward_seed_ops,
    backward_seed_ops,
    forward_inclusive=True,
    backward_inclusive=True,
    within_ops=None,
    within_ops_fn=None,
    control_inputs=False,
    control_outputs=None,
    control_ios=None,
):
    """The operations between the seeds."""
    forward, backward = _both_walks(
        forward_seed_ops,
        backward_seed_ops,
        (forward_inclusive, backward_inclusive),
        (within_ops, within_ops_fn),
        (control_inputs, control_outputs, control_ios),
    )
    return [op for op in forward if op in set(backward)]


def get_walks_union_ops(
    forward_seed_ops,
    backward_seed_ops,
    forward_inclusive=True,
    backward_inclusive=True,
    within_ops=None,
    within_ops_fn=None,
    control_inputs=False,
    control_outputs=None,
    control_ios=None,
):
    """The operations of both walks."""
    walks = _both_walks(
        forward_seed_ops,
        backward_seed_ops,
        (forward_inclusive, backward_inclusive),
        (within_ops, within_ops_fn),
        (control_inputs, control_outputs, control_ios),
    )
    return list(dict.fromkeys([*walks[0], *walks[1]]))


def can_be_regex(obj):
    """Whether it is a string or a compiled regular expression."""
    return isinstance(obj, (str, re.Pattern))


def make_regex(obj):
    """The compiled regular expression."""
    if not can_be_regex(obj):
        raise ValueError(f"Expected a string or a regex, got: {type(obj)}")
    return re.compile(obj)


def filter_ops(ops, positive_filter):
    """The operations that a function accepts; True: all."""
    ops = make_list_of_op(ops)
    return ops if positive_filter is True else [op for op in ops if positive_filter(op)]


def filter_ops_from_regex(ops, regex):
    """The operations whose names match."""
    regex = make_regex(regex)
    return filter_ops(ops, lambda op: regex.search(op.name))


def filter_ts(ops, positive_filter):
    """The inputs and outputs of operations that a function accepts; True: all."""
    tensors = dict.fromkeys(
        tensor for op in make_list_of_op(ops) for tensor in (*op.inputs, *op.outputs)
    )
    return [tensor for tensor in tensors if positive_filter is True or positive_filter(tensor)]


def filter_ts_from_regex(ops, regex):
    """The tensors whose names match."""
    regex = make_regex(regex)
    return filter_ts(ops, lambda tensor: regex.search(tensor.name))


def get_name_scope_ops(ops, scope):
    """The operations of a name scope."""
    return filter_ops_from_regex(ops, f"^{re.escape(scope.rstrip('/'))}(/.*)?$")


def get_ops_ios(ops, control_inputs=False, control_outputs=None, control_ios=None):
    """The neighbours of operations."""
    control_inputs, control_outputs = check_cios(control_inputs, control_outputs, control_ios)
    result = []
    for op in make_list_of_op(ops):
        result += [tensor.op for tensor in op.inputs]
        result += [user for tensor in op.outputs for user in tensor.consumers()]
        result += op.control_inputs if control_inputs else []
        result += control_outputs.get(op) if control_outputs else []
    return list(dict.fromkeys(result))


def compute_boundary_ts(ops):
    """(inputs from outside, outputs that are used outside or not at all, tensors inside)."""
    ops = make_list_of_op(ops)
    inside = set(ops)
    inputs = list(dict.fromkeys(tensor for op in ops for tensor in op.inputs))
    outputs = list(dict.fromkeys(tensor for op in ops for tensor in op.outputs))
    inner = [tensor for tensor in inputs if tensor.op in inside]
    kept = {tensor for tensor in inner if set(tensor.consumers()) <= inside}
    return (
        [tensor for tensor in inputs if tensor not in set(inner)],
        [tensor for tensor in outputs if tensor not in kept],
        inner,
    )


def _selected(arguments, settings, from_regex, make_list, kind):
    graph, accepts = settings.pop("graph", None), settings.pop("positive_filter", None)
    restrict = settings.pop(f"restrict_{kind}_regex", False)
    found = []
    for argument in arguments:
        if can_be_regex(argument):
            if graph is None:
                raise ValueError("Use the keyword argument 'graph' to use regex.")
            pattern = make_regex(argument).pattern
            other = {"ts": "(?#ops)", "ops": "(?#ts)"}[kind]
            if pattern.startswith(other) or restrict and not pattern.startswith(f"(?#{kind})"):
                continue
            found += from_regex(graph, argument)
        else:
            found += make_list(argument)
    return [one for one in dict.fromkeys(found) if accepts is None or accepts(one)]


def select_ops(*args, **kwargs):
    """Operations of operations, lists, graphs and regular expressions (with `graph=`)."""
    return _selected(
        args,
        kwargs,
        filter_ops_from_regex,
        lambda one: make_list_of_op(one, ignore_ts=True),
        "ops",
    )


def select_ts(*args, **kwargs):
    """Tensors of tensors, lists, graphs and regular expressions (with `graph=`)."""
    return _selected(
        args, kwargs, filter_ts_from_regex, lambda one: make_list_of_t(one, ignore_ops=True), "ts"
    )


def select_ops_and_ts(*args, **kwargs):
    """(operations, tensors) of `select_ops` and `select_ts`."""
    ops = select_ops(*args, restrict_ops_regex=False, **dict(kwargs))
    return ops, select_ts(*args, restrict_ts_regex=True, **dict(kwargs))


class SubGraphView:
    """Operations with the tensors that go in and out."""

    def __init__(self, inside_ops=(), passthrough_ts=()):
        self.ops = make_list_of_op(list(inside_ops) if isinstance(inside_ops, set) else inside_ops)
        inputs, outputs, _ = compute_boundary_ts(self.ops)
        self.passthroughs = list(passthrough_ts)
        self.inputs, self.outputs = inputs + self.passthroughs, outputs + self.passthroughs

    @property
    def graph(self):
        """The graph of the operations."""
        return (self.ops or [one.op for one in self.passthroughs])[0].graph

    @property
    def connected_inputs(self):
        """The inputs, in the order of their use."""
        return self.inputs

    def consumers(self):
        """The operations outside that use the outputs."""
        inside = set(self.ops)
        return [op for op in get_consuming_ops(self.outputs) if op not in inside]


def make_view(*args, **kwargs):
    """A view of operations, as `select_ops` finds them."""
    if len(args) == 1 and isinstance(args[0], SubGraphView):
        return args[0]
    ops, tensors = select_ops_and_ts(*args, **kwargs)
    return SubGraphView(ops, tensors)


sgv = make_view


def make_view_from_scope(scope, graph):
    """A view of a name scope."""
    return SubGraphView(get_name_scope_ops(graph, scope))


sgv_scope = make_view_from_scope
