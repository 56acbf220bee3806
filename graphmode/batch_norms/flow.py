"""A graph as data that flow: who reads what, where a value comes from, and what runs before it.

Everything here is about TensorFlow's graphs in general. Conditions are those of control flow of
version 1 (Switch and Merge), which `tf.cond` makes here.
"""

import collections
from typing import Any, Dict, Iterable, Iterator, List, NamedTuple, Optional, Set, Tuple

from graphmode import tf

# Ops that pass their first input on, perhaps in another shape or type.
PASSING = frozenset(
    "Identity StopGradient Reshape Squeeze ExpandDims Cast Enter RefEnter Exit RefIdentity "
    "Snapshot PreventGradient BroadcastTo CheckNumerics Switch RefSwitch NextIteration "
    "ReadVariableOp Assign AssignSub AssignAdd EnsureShape".split()
)
VARIABLES = frozenset(("VariableV2", "Variable", "VarHandleOp", "AutoReloadVariable"))
POINTWISE = PASSING | frozenset(
    "Add AddV2 AddN Sub Mul RealDiv Div Neg Square Sqrt Rsqrt Pow Maximum Minimum Reciprocal "
    "Inv Merge RefMerge Select SelectV2 ConcatV2 Pack".split()
)
# Ops with functions of their own, whose inside is not looked at.
CLOSED = frozenset(
    "If StatelessIf While StatelessWhile PartitionedCall StatefulPartitionedCall Case".split()
)


class Condition(NamedTuple):
    """A branch of a tf.cond or tf.where.

    Attributes:
        root: name of the tensor that decides, without what only passes it on; "" if unknown.
        value: the value of `root` for which the branch is taken.
    """

    root: str
    value: bool


class Source(NamedTuple):
    """Where a value comes from: a tensor, and the conditions under which it does."""

    tensor: Any
    conditions: Tuple[Condition, ...]


class Flow:
    """Indexes of a graph that does not change any more.

    Attributes:
        ops: its operations in the order in which they were made.
        by_name: name -> operation.
        order: name -> number of the operation.
        inputs: name -> its inputs, tensors.
        controls: name -> the operations that it waits for without reading them.
        trainable: the names of the trainable variables.
    """

    def __init__(self, graph: Any):
        self.graph = graph
        self.ops: List[Any] = graph.get_operations()
        self.by_name: Dict[str, Any] = {op.name: op for op in self.ops}
        self.order = {op.name: number for number, op in enumerate(self.ops)}
        self.inputs: Dict[str, List[Any]] = {}
        self.controls: Dict[str, List[Any]] = {}
        trainable = graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES)
        self.trainable = frozenset(variable.op.name for variable in trainable)
        self._consumers: Dict[str, List[Any]] = collections.defaultdict(list)
        self._controlled: Dict[str, List[Any]] = collections.defaultdict(list)
        for op in self.ops:
            self.inputs[op.name] = list(op.inputs)
            for tensor in self.inputs[op.name]:
                self._consumers[tensor.name].append(op)
            self.controls[op.name] = list(op.control_inputs)
            for before in self.controls[op.name]:
                self._controlled[before.name].append(op)

    def tensor(self, name: str) -> Any:
        """The tensor of a name, for example "x:0"."""
        op, _, number = name.rpartition(":")
        return self.by_name[op].outputs[int(number)]

    def consumers(self, tensor: Any) -> List[Any]:
        """The operations that read a tensor."""
        return self._consumers.get(tensor.name, [])

    def followers(self, op: Any) -> Iterator[Any]:
        """The operations that run after `op`: they read it, or wait for it."""
        for tensor in op.outputs:
            yield from self._consumers.get(tensor.name, ())
        yield from self._controlled.get(op.name, ())

    def before(self, ops: Iterable[Any], without: Iterable[str] = ()) -> Set[str]:
        """The names of all operations that run if `ops` run, these included.

        Args:
            without: names of operations at which the search stops.
        """
        seen, names = set(without), set()
        waiting = list(ops)
        while waiting:
            op = waiting.pop()
            if op.name in seen:
                continue
            seen.add(op.name)
            names.add(op.name)
            waiting.extend(tensor.op for tensor in self.inputs[op.name])
            waiting.extend(self.controls[op.name])
        return names

    def after(self, ops: Iterable[Any]) -> Set[str]:
        """The names of all operations that read `ops` or wait for them, these included."""
        seen: Set[str] = set()
        waiting = list(ops)
        while waiting:
            op = waiting.pop()
            if op.name not in seen:
                seen.add(op.name)
                waiting.extend(self.followers(op))
        return seen

    def sources(self, tensor: Any) -> List[Source]:
        """Where the value of a tensor comes from, through ops that only pass it on.

        Reading a variable gives the tensor of the variable itself.
        """
        sources: List[Source] = []
        seen: Set[Tuple[str, Tuple[Condition, ...]]] = set()
        waiting = [Source(tensor, ())]
        while waiting:
            tensor, conditions = waiting.pop()
            if (tensor.name, conditions) in seen or len(seen) > 200:
                continue
            seen.add((tensor.name, conditions))
            op, inputs = tensor.op, self.inputs[tensor.op.name]
            if op.type in PASSING and inputs:
                waiting.append(Source(inputs[0], conditions))
            elif op.type in ("Merge", "RefMerge", "Select", "SelectV2"):
                waiting.extend(
                    Source(branch, conditions + condition)
                    for branch, condition in self._branches(op, inputs)
                )
            else:
                sources.append(Source(tensor, conditions))
        return sources

    def _branches(self, op, inputs):
        if op.type in ("Select", "SelectV2"):
            root, value = self.root(inputs[0])
            branches = ((inputs[1], value), (inputs[2], not value))
        elif inputs[1].op.type == "NextIteration":
            return [(inputs[0], ())]
        else:
            predicate = self.by_name.get(op.name.rpartition("/")[0] + "/pred_id")
            root, value = self.root(predicate.outputs[0]) if predicate else ("", True)
            branches = ((inputs[1], value), (inputs[0], not value))
        return [(branch, (Condition(root, value),)) for branch, value in branches]

    def root(self, predicate: Any) -> Tuple[str, bool]:
        """The tensor that decides a condition, and its value for which the condition is true."""
        value = True
        while True:
            op, inputs = predicate.op, self.inputs[predicate.op.name]
            if op.type == "LogicalNot":
                value = not value
            elif op.type not in PASSING or not inputs:
                return predicate.name, value
            predicate = inputs[0]

    def conditions(self, op: Any) -> List[Condition]:
        """The branches of tf.cond that an operation is inside of, the outermost last."""
        conditions, context = [], op._get_control_flow_context()
        while context is not None:
            if hasattr(context, "pred") and context.pred is not None:
                root, value = self.root(context.pred)
                conditions.append(Condition(root, value == bool(context.branch)))
            context = context.outer_context
        return conditions

    def in_loop(self, op: Any) -> bool:
        """Whether an operation is inside of a tf.while_loop or tf.map_fn."""
        context = op._get_control_flow_context()
        while context is not None:
            if not hasattr(context, "branch"):
                return True
            context = context.outer_context
        return False

    def origin(self, tensor: Any) -> Any:
        """The tensor that is passed on to this one without a change of its shape."""
        unchanged = PASSING - {"Reshape", "Squeeze", "ExpandDims", "BroadcastTo", "Cast"}
        while tensor.op.type in unchanged and self.inputs[tensor.op.name]:
            tensor = self.inputs[tensor.op.name][0]
        return tensor

    def variable(self, tensor: Any) -> Optional[Any]:
        """The operation of the variable that a tensor is or reads, or None."""
        ops = {source.tensor.op for source in self.sources(tensor)}
        if len(ops) == 1:
            op = ops.pop()
            return op if op.type in VARIABLES else None
        return None

    def behind(self, tensor: Any, most: int = 60) -> Iterator[Any]:
        """The tensors that a value is made of by arithmetic, itself included, nearest first.

        Whoever sends True back for a tensor leaves out what is behind it.
        """
        seen: Set[str] = set()
        waiting = collections.deque([tensor])
        while waiting and len(seen) < most:
            tensor = waiting.popleft()
            if tensor.name in seen:
                continue
            seen.add(tensor.name)
            if not (yield tensor) and tensor.op.type in POINTWISE:
                waiting.extend(self.inputs[tensor.op.name])

    def constant(self, tensor: Any, branch: bool = True) -> Optional[float]:
        """The number that a tensor always has, or None.

        Args:
            branch: which branch counts where conditions decide.
        """
        op, inputs = tensor.op, self.inputs[tensor.op.name]
        if op.type == "Const":
            value = tf.get_static_value(tensor)
            return float(value) if value is not None and value.size == 1 else None
        if op.type == "Merge":
            return self.constant(inputs[1 if branch else 0], branch)
        if op.type in PASSING and inputs and op.type not in ("NextIteration", "ReadVariableOp"):
            return self.constant(inputs[0], branch)
        if op.type in ("Sub", "Add", "AddV2", "Mul", "RealDiv") and len(inputs) == 2:
            a, b = (self.constant(value, branch) for value in inputs)
            if a is not None and b is not None:
                return _arithmetic(op.type, a, b)
        return None


def _arithmetic(kind, a, b):
    if kind == "Sub":
        return a - b
    if kind == "Mul":
        return a * b
    if kind == "RealDiv":
        return a / b if b else None
    return a + b
