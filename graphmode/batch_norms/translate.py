"""Renames the batch norms of a checkpoint: from slim's names to those of tf.layers, and back.

slim (and tf.contrib.layers, which is the same) calls a batch norm without a name `BatchNorm`,
`BatchNorm_1`, ...; tf.layers calls it `batch_normalization`, `batch_normalization_1`, ... The names
of the four variables are the same, and so are those of a batch norm that the program names itself.
"""

import os
import pathlib
import re
import shutil
import tempfile
from typing import Any, Dict, List, NamedTuple, Optional, Set, Tuple

import numpy as np

from graphmode import errors, files, repairs, tf
from graphmode.errors import InputError

# API -> how it calls a batch norm without a name.
LAYERS = {"tf.layers": "batch_normalization", "slim": "BatchNorm", "contrib": "BatchNorm"}
FIRST = {"gamma": 1.0, "beta": 0.0}  # the values with which a missing parameter changes nothing
# Last part of a slot's name -> its value before the first step. None: the variable's own value.
SLOTS = {
    "Adam": 0.0, "Adam_1": 0.0, "Momentum": 0.0, "RMSProp": 1.0, "RMSProp_1": 0.0, "RMSProp_2": 0.0,
    "Adadelta": 0.0, "Adadelta_1": 0.0, "ExponentialMovingAverage": None,
}  # fmt: skip
# A tensor of the new checkpoint: the names of what was added. Programs do not read it.
ADDED = "graphmode_batch_norms_added"


class Translation(NamedTuple):
    """What `translate` did.

    Attributes:
        checkpoint: path of the new checkpoint, as tf.train.Saver.restore takes it.
        renamed: old name -> new name, for names that differ.
        added: names of new variables: missing gammas (ones), betas (zeros) and their slots.
        removed: names that an earlier translation had added, and that are gone again.
        notes: sentences about what no checkpoint holds.
    """

    checkpoint: str
    renamed: Dict[str, str]
    added: List[str]
    removed: List[str]
    notes: List[str]


def translate(checkpoint: Any, to: str, output: Optional[Any] = None) -> Translation:
    """Writes a checkpoint whose batch norms have the names of another API.

    All other variables, and all values, stay as they are. For tf.layers a missing gamma is added
    as ones, a missing beta as zeros. Back to slim, these are removed again.

    Args:
        checkpoint: path of a checkpoint, or of a folder with a file `checkpoint`.
        to: "tf.layers", "slim" or "contrib".
        output: path of the new checkpoint. None: the old path, a dash and `to`.

    Raises:
        InputError: no checkpoint, no batch norm, a name that would be there twice, shapes that do
            not fit, an optimizer whose slots of a new parameter are unknown, or `output` exists.
        OSError: the new checkpoint cannot be written.
    """
    if to not in LAYERS:
        raise InputError(f"to {to!r} is not one of {', '.join(LAYERS)}")
    path, values = _read(checkpoint)
    target = pathlib.Path(os.path.abspath(files.path(output or f"{path}-{to}")))
    if pathlib.Path(f"{target}.index").exists():
        raise InputError(f"{target} already exists: remove it, or choose another output")
    removed = _take_out(values) if to != "tf.layers" else []
    layers = _batch_norms(path, values)
    names = {name: _renamed(name, layers, LAYERS[to]) for name in values}
    _check_names(path, names)
    translated = {names[name]: value for name, value in values.items()}
    added: List[str] = []
    if to == "tf.layers":
        for layer in sorted(layers):
            added += _complete(path, translated, _renamed(f"{layer}/", layers, LAYERS[to]))
    if added:
        earlier = [one.decode() for one in translated.get(ADDED, np.zeros(0, object))]
        translated[ADDED] = np.array([name.encode() for name in [*earlier, *added]], object)
    _write(target, translated)
    renamed = {old: new for old, new in names.items() if old != new}
    return Translation(str(target), renamed, added, removed, _notes(to, layers, values, renamed))


def _read(checkpoint: Any) -> Tuple[str, Dict[str, Any]]:
    """(path of the checkpoint, name -> value)."""
    path = str(files.path(checkpoint))
    if os.path.isdir(path):
        newest = tf.train.latest_checkpoint(path)
        if not newest:
            raise InputError(
                f"{checkpoint} has no file `checkpoint`: give the path of a checkpoint"
            )
        path = newest
    path = re.sub(r"\.(index|meta|data-\d+-of-\d+)$", "", path)
    try:
        with files.no_pattern(path) as readable, repairs.hold_noise():
            reader = tf.train.NewCheckpointReader(readable)
            return path, {
                name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()
            }
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        reason = errors.cause(str(error))
        raise InputError(f"{checkpoint} cannot be read as a checkpoint: {reason}") from error


def _batch_norms(path: str, values: Dict[str, Any]) -> Set[str]:
    """The scopes of the batch norms: those with a moving mean and a moving variance.

    Raises:
        InputError: there are none, one of the two is missing, or the shapes do not fit.
    """
    kinds = ("moving_mean", "moving_variance")
    scopes = [{n[: -len(kind) - 1] for n in values if n.endswith("/" + kind)} for kind in kinds]
    for alone in sorted(scopes[0] ^ scopes[1]):
        which = kinds[alone in scopes[0]]
        raise InputError(f"{path}: the batch norm {alone} has no {which}: nobody knows its value")
    if not scopes[0]:
        raise InputError(f"{path} has no batch norm: no variable is called moving_mean")
    for scope in sorted(scopes[0]):
        names = [f"{scope}/{kind}" for kind in (*FIRST, *kinds)]
        shapes = {name: values[name].shape for name in names if name in values}
        if len(set(shapes.values())) > 1 or len(shapes[f"{scope}/moving_mean"]) != 1:
            listed = ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
            raise InputError(f"{path}: a batch norm has one value per channel, but here: {listed}")
    return scopes[0]


def _renamed(name: str, layers: Set[str], to: str) -> str:
    """A name with the batch norm's part changed; it may be that of an optimizer's slot."""
    pattern = rf"(^|/)(?:{'|'.join(sorted(set(LAYERS.values())))})(_\d+)?(?=/)"
    for match in re.finditer(pattern, name):
        ending = name[: match.end()]
        # A slot's name may begin with the scope of the optimizer.
        if any(ending == layer or ending.endswith("/" + layer) for layer in layers):
            return f"{name[: match.start()]}{match[1]}{to}{match[2] or ''}{name[match.end() :]}"
    return name


def _check_names(path: str, names: Dict[str, str]) -> None:
    """Raises InputError if two variables would have one name."""
    seen: Dict[str, str] = {}
    for old, new in sorted(names.items()):
        if new in seen:
            raise InputError(f"{path}: {seen[new]} and {old} would both be called {new}")
        seen[new] = old


def _complete(path: str, values: Dict[str, Any], layer: str) -> List[str]:
    """Adds the missing parameters of a batch norm, with their slots; returns their names.

    Args:
        values: name -> value; it is changed.
        layer: new scope of the batch norm, with a slash at the end.
    """
    missing = [name for name in FIRST if layer + name not in values]
    if not missing:
        return []
    like = values[f"{layer}moving_mean"]
    slots = {}  # of the other parameter: what is in front of the variable's name, and behind it
    for name in values:
        front, found, slot = name.rpartition(f"{layer}{_other(missing)}/")
        if found:
            slots[front, slot] = SLOTS.get(slot, "unknown")
    if len(missing) == 2:
        slots = {("", name.split("/")[-1]): "unknown" for name in values if _is_slot(name)}
    for (_, slot), value in slots.items():
        if value == "unknown":
            raise InputError(
                f"{path}: {layer}{missing[0]} is missing, and its new slot {slot} is unknown: "
                "save without the optimizer's variables, tf.train.Saver(...)"
            )
    added = {}
    for name in missing:
        added[layer + name] = np.full_like(like, FIRST[name])
        for (front, slot), value in slots.items():
            first = FIRST[name] if value is None else value
            added[f"{front}{layer}{name}/{slot}"] = np.full_like(like, first)
    values.update(added)
    return list(added)


def _other(missing):
    """The parameter that is there, if one is missing."""
    return "beta" if missing == ["gamma"] else "gamma"


def _is_slot(name):
    return name.split("/")[-1] in SLOTS


def _take_out(values: Dict[str, Any]) -> List[str]:
    """Removes what an earlier translation added; returns the names."""
    names = [name.decode() for name in values.pop(ADDED, ())]
    for name in names:
        values.pop(name, None)
    return names


def _notes(to, layers, values, renamed):
    """What the new program has to say itself."""
    notes = (
        [] if renamed else [f"No name has changed: all are those of {to}, or the program's own."]
    )
    notes += [
        "Decay and epsilon are not in a checkpoint. Both have epsilon 0.001. To go on training: "
        "slim's decay 0.999 is tf.layers' momentum=0.999, tf.layers' 0.99 is slim's decay=0.99."
    ]
    gammas = [f"{layer}/gamma" for layer in sorted(layers) if f"{layer}/gamma" in values]
    if to != "tf.layers" and gammas:
        notes.append(
            f"{len(gammas)} batch norms have a gamma: build them with slim.batch_norm(scale=True). "
            "slim's default does not read it."
        )
    if to == "tf.layers" and any("/moving_mean/" in name for name in values):
        notes.append("tf.layers has no zero_debias_moving_mean: its variables are kept, not read.")
    return notes


def _write(target: pathlib.Path, values: Dict[str, Any]) -> None:
    """Writes a checkpoint, whole or not at all."""
    names = sorted(values)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = pathlib.Path(tempfile.mkdtemp(dir=str(target.parent), prefix=files.UNFINISHED))
    try:
        with files.no_pattern(folder) as readable, tf.Graph().as_default():
            types = [tf.as_dtype(np.asarray(values[name]).dtype) for name in names]
            tensors = [tf.placeholder(kind, np.shape(values[n])) for kind, n in zip(types, names)]
            save = tf.raw_ops.SaveV2(
                prefix=f"{readable}/whole",
                tensor_names=names,
                shape_and_slices=[""] * len(names),
                tensors=tensors,
            )
            with tf.Session() as session, repairs.hold_noise():
                session.run(save, {one: values[name] for one, name in zip(tensors, names)})
        # The index last: only a checkpoint with an index counts.
        for file in sorted(folder.iterdir(), key=lambda file: file.suffix == ".index"):
            files.set_usual_mode(str(file))
            os.replace(str(file), f"{target}{file.name[len('whole') :]}")
    except tf.errors.OpError as error:
        raise errors.of_tensorflow(error, target) from error
    finally:
        shutil.rmtree(str(folder), ignore_errors=True)
