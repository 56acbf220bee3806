"""Two calls of a program that its graph does not keep: restored checkpoints, collected updates."""

import contextlib
import functools
import importlib
import sys
import traceback
import types
from typing import Any, Dict, Iterator, List

from graphmode import tf
from graphmode.batch_norms import places
from graphmode.batch_norms.facts import Restored


class Calls:
    """What programs did while `watching` was entered.

    Attributes:
        restored: graph -> `Restored`, in the order of the calls.
        collected: graph -> (file, line, scope, names of the update ops), in the order of the calls.
    """

    def __init__(self) -> None:
        self.restored: Dict[Any, List[Restored]] = {}
        self.collected: Dict[Any, List[Any]] = {}

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Looks at Saver.restore and tf.get_collection. Both do what they did before."""
        saver = importlib.import_module("tensorflow.python.training.saver").Saver
        restore, get_collection = saver.restore, tf.Graph.get_collection

        @functools.wraps(restore)
        def restore_and_note(own, sess, save_path):
            restore(own, sess, save_path)
            if sess is not None and own.saver_def:
                self._note_restored(sess.graph, own.saver_def.restore_op_name, str(save_path))

        @functools.wraps(get_collection)
        def get_and_note(graph, name, scope=None):
            values = get_collection(graph, name, scope)
            if name == tf.GraphKeys.UPDATE_OPS:
                self._note_collected(graph, scope, values)
            return values

        saver.restore, tf.Graph.get_collection = restore_and_note, get_and_note
        try:
            yield
        finally:
            saver.restore, tf.Graph.get_collection = restore, get_collection

    def _note_restored(self, graph, restore_op, path):
        with contextlib.suppress(tf.errors.OpError, ValueError):
            shapes = tf.train.load_checkpoint(path).get_variable_to_shape_map()
            restored = Restored(
                checkpoint=path,
                restore_op=restore_op,
                names=frozenset(shapes),
                shapes={name: tuple(shape) for name, shape in shapes.items()},
            )
            self.restored.setdefault(graph, []).append(restored)

    def _note_collected(self, graph, scope, values):
        frames = traceback.walk_stack(sys._getframe(2))
        stack = traceback.StackSummary.extract(frames, lookup_lines=False)
        if any(frame.filename.endswith("/meta_graph.py") for frame in stack):
            return  # a Saver writes all collections
        place = places.of(types.SimpleNamespace(traceback=list(reversed(stack))))
        if place.file:
            names = frozenset(getattr(value, "op", value).name for value in values)
            call = (place.file, place.line, scope, names)
            self.collected.setdefault(graph, []).append(call)
