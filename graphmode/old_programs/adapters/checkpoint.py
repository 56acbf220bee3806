"""tf.contrib.checkpoint: states that object-based checkpoints save."""

import io

import numpy as np
from tensorflow.python.checkpoint.checkpoint import object_metadata
from tensorflow.python.trackable import autotrackable, base, python_state
from tensorflow.python.training.saving import saveable_object

from graphmode import tf


class UniqueNameTracker(autotrackable.AutoTrackable):
    """Tracks objects under names that it makes unique: name, name_1, ..."""

    def __init__(self):
        super().__init__()
        self._maybe_initialize_trackable()

    def track(self, trackable, base_name):
        """Tracks an object, and returns it."""
        if not isinstance(trackable, base.Trackable):
            raise ValueError(f"Expected a trackable value, got {trackable}")
        names, number = {ref.name for ref in self._self_unconditional_checkpoint_dependencies}, 0
        while (name := f"{base_name}_{number}" if number else base_name) in names:
            number += 1
        self._track_trackable(trackable, name)
        return trackable


class _Array(python_state.PythonState):
    def __init__(self, array):
        self.array = array

    def serialize(self):
        file = io.BytesIO()
        np.save(file, self.array, allow_pickle=False)
        return file.getvalue()

    def deserialize(self, string_value):
        self.array = np.load(io.BytesIO(string_value), allow_pickle=False)


class NumpyState(base.Trackable):
    """numpy arrays as attributes, which a tf.train.Checkpoint saves and restores."""

    def _lookup_dependency(self, name, *arguments):
        value = super()._lookup_dependency(name, *arguments)
        if value is None:  # restored before the program has set it
            value = _Array(np.array([]))
            self._track_trackable(value, name)
            object.__setattr__(self, name, value)
        return value

    def __getattribute__(self, name):
        value = super().__getattribute__(name)
        return value.array if isinstance(value, _Array) else value

    def __setattr__(self, name, value):
        known = vars(self).get(name)
        if isinstance(known, _Array) and isinstance(value, (np.ndarray, np.generic)):
            known.array = value
            return
        if isinstance(value, (np.ndarray, np.generic)):
            value = _Array(value)
            self._track_trackable(value, name, overwrite=True)
        elif not name.startswith("_"):
            raise NotImplementedError(
                f"Assigned {value} to the {name} property of {self}, which is not a NumPy array."
            )
        super().__setattr__(name, value)


class _Part(saveable_object.SaveableObject):
    def __init__(self, name, dtype, device, save, restore):
        self.restored = restore
        spec = saveable_object.SaveSpec(save, "", name, dtype, device)
        super().__init__(save, [spec], name)

    def restore(self, restored_tensors, restored_shapes):
        return self.restored(restored_tensors[0])


class _Component(base.Trackable):
    """One of several values that are saved, and restored, together."""

    def __init__(self, name, dtype, device, shared):
        self._arguments, self._shared = (name, dtype, device), shared

    def _save(self):
        saved, _, fill, _, _ = self._shared
        if self._arguments[0] not in saved:
            fill(saved)
        return saved.pop(self._arguments[0])

    def _restore(self, tensor):
        _, restored, _, consume, count = self._shared
        restored[self._arguments[0]] = tensor
        if len(restored) < count:
            return tf.no_op()
        op = consume(restored)
        restored.clear()
        return op

    def _gather_saveables_for_checkpoint(self):
        name, dtype, device = self._arguments
        return {
            base.VARIABLE_VALUE_KEY: lambda name=name: _Part(
                name, dtype, device, self._save, self._restore
            )
        }


def split_dependency(
    component_names, component_dtypes, fill_save_buffer_fn, consume_restore_buffer_fn, device
):
    """name -> trackable: parts of one state, in a checkpoint with a name each."""
    shared = ({}, {}, fill_save_buffer_fn, consume_restore_buffer_fn, len(component_names))
    return {
        name: _Component(name, dtype, device, shared)
        for name, dtype in zip(component_names, component_dtypes)
    }


def dot_graph_from_checkpoint(save_path):
    """The objects of a checkpoint and what they hold, as a graph for Graphviz's dot."""
    lines = ["digraph {"]
    for number, node in enumerate(object_metadata(save_path).nodes):
        names = ", ".join(attribute.full_name for attribute in node.attributes)
        lines.append(f'N_{number} [shape=point label="" tooltip="{names}"]')
        lines += [f'N_{number} -> N_{c.node_id} [label="{c.local_name}"]' for c in node.children]
        lines += [
            f'N_{number} -> N_{slot.slot_variable_node_id} [label="{slot.slot_name}" style=dotted]'
            for slot in node.slot_variables
        ]
    return "\n".join([*lines, "}\n"])
