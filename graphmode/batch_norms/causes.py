"""Why update ops do not run: what the program's source says about it.

The graph shows that they do not run. Which of the usual reasons it is stands in the program: it
never collects them, collects them before the layers are built, collects those of another scope, or
waits for them around the optimizer's construction.
"""

import ast
import functools
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from graphmode.batch_norms.inventory import Layer, Place, Step


class Collected(NamedTuple):
    """A line of a program that reads the collection of update ops.

    Attributes:
        file, line: where.
        function: name of the function that the line is in; "<module>" outside of functions.
        has_scope: whether it asks for one scope only.
        is_conditional: whether it is inside of an `if`.
    """

    file: str
    line: int
    function: str
    has_scope: bool
    is_conditional: bool


def of_never_run(evidence: Any, layer: Layer, steps: Sequence[Step]) -> str:
    """The name of the mistake because of which no training op runs a layer's updates."""
    if not layer.updates:
        return "never_run"
    collected = _collected_near(layer, steps)
    if not collected:
        return "never_run"
    place = layer.place
    # A line inside of an `if` that would collect them in time has not run: nothing waits for them.
    certain = [entry for entry in collected if not entry.is_conditional] or collected
    if all(_is_earlier(entry, place) for entry in certain):
        return "collected_too_early"
    if _misses(layer) and any(entry.has_scope for entry in collected):
        return "scope_misses_second_application"
    if _around_constructor(layer, steps) is not None:
        return "around_the_optimizer"
    return "never_run"


def sentence(cause: str, evidence: Any, layer: Layer) -> str:
    """What the source shows, a sentence that begins with a space, or nothing."""
    collected = _collected_near(layer, evidence.steps_of(layer))
    where = f"{collected[0].file.rpartition('/')[2]}:{collected[0].line}" if collected else ""
    if cause == "collected_too_early":
        return f" {where} collects them before the layers are built."
    if cause == "scope_misses_second_application":
        own = layer.updates[0].name.split("/")[0]
        return f" {where} asks for the ops of one scope, but theirs are in {own}/."
    if cause == "around_the_optimizer":
        block = _around_constructor(layer, evidence.steps_of(layer))
        line = block[1] if block else 0
        return f" Line {line} waits for them, but minimize is called outside of it."
    if where and not collected[0].is_conditional:
        return f" {where} collects them, but no training op waits for them."
    return ""


def places(cause: str, layer: Layer) -> List[Place]:
    """Further lines of the program that belong to the cause."""
    if cause == "never_run":
        return []
    return [Place(entry.file, entry.line, entry.function) for entry in _collected_near(layer, ())]


def _misses(layer):
    """Whether the names of the update ops begin with another scope than the variables."""
    own = layer.variables[0].split("/")[0]
    return all(update.name.split("/")[0] != own for update in layer.updates)


def _collected_near(layer: Layer, steps: Sequence[Step]) -> List[Collected]:
    """The lines that read the collection, in the functions that built the layer or the steps."""
    files = {place.file for place in layer.place.all if place.file}
    files |= {place.file for step in steps for place in step.place.all if place.file}
    functions = {(p.file, p.function) for p in layer.place.all}
    functions |= {(p.file, p.function) for step in steps for p in step.place.all}
    # What other functions of the files do may belong to another program.
    return [
        entry
        for file in sorted(files)
        for entry in _collected_in(file)
        if (entry.file, entry.function) in functions
    ]


def _is_earlier(collected: Collected, place: Place) -> bool:
    """Whether a line ran before the layer was made: it is above, in the same function."""
    for part in place.all:
        if (part.file, part.function) == (collected.file, collected.function):
            return collected.line < part.line
    return False


@functools.lru_cache(maxsize=64)
def _tree(path: str) -> Optional[ast.Module]:
    """A file's syntax tree, or None if there is none that Python 3 can read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return None


def _functions(tree: ast.Module) -> Iterator[Tuple[str, bool, ast.AST]]:
    """(name of the innermost function, whether inside of an `if`, node) of all nodes of a file."""

    def visit(node, name, is_conditional):
        for child in ast.iter_child_nodes(node):
            inner, inside = name, is_conditional or isinstance(node, ast.If)
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner, inside = child.name, False
            yield inner, inside, child
            yield from visit(child, inner, inside)

    yield from visit(tree, "<module>", False)


@functools.lru_cache(maxsize=64)
def _collected_in(path: str) -> Tuple[Collected, ...]:
    tree = _tree(path)
    collected = []
    for function, is_conditional, node in _functions(tree) if tree else ():
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func).rpartition(".")[2]
        if (
            name in ("get_collection", "get_collection_ref")
            and "update_ops" in ast.unparse(node).lower()
        ):
            has_scope = len(node.args) > 1 or any(word.arg == "scope" for word in node.keywords)
            collected.append(Collected(path, node.lineno, function, has_scope, is_conditional))
    return tuple(collected)


def _around_constructor(layer: Layer, steps: Sequence[Step]) -> Optional[Tuple[str, int]]:
    """(file, line) of a `with tf.control_dependencies` that makes an optimizer, and no step."""
    for step in steps:
        for place in step.place.all:
            tree = _tree(place.file) if place.file else None
            for _, _, node in _functions(tree) if tree else ():
                if (
                    isinstance(node, ast.With)
                    and "control_dependencies" in ast.unparse(node.items[0])
                    and node.lineno < place.line
                    and not node.lineno <= place.line <= (node.end_lineno or node.lineno)
                    and _makes_optimizer_only(node)
                    and place.line - node.lineno < 60
                ):
                    return place.file, node.lineno
    return None


def _makes_optimizer_only(node: ast.With) -> bool:
    """Whether a block makes an optimizer, and no training op except inside of an `if`."""
    simple = [part for part in node.body if isinstance(part, (ast.Assign, ast.Expr, ast.Return))]
    text = [ast.unparse(part) for part in simple]
    is_made = any("optim" in part.lower() for part in text)
    return is_made and not any(".minimize(" in part or ".apply_gradients(" in part for part in text)
