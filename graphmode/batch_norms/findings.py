"""What `explain` returns: mistakes, each with what is wrong, what one will see, and the cure."""

import dataclasses
from typing import Any, Dict, List, Sequence, Tuple

from graphmode.batch_norms.inventory import Layer, Place

MISTAKE, INTENDED, REMARK = "mistake", "intended", "remark"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One mistake of a program.

    Attributes:
        mistake: its name, for example "never_run".
        weight: "mistake"; "intended" for what is unusual, but done on purpose as far as the graph
            shows; "remark" for what costs memory or time, and changes no result.
        kind: the kind of the batch norms, see `Layer`: the cure uses the words of that API.
        layers: the scopes of the batch norms, in the order of the program.
        what: what is wrong, a sentence with the lines.
        symptom: what one will see because of it.
        cure: what to write.
        places: the lines that make the mistake, those of the batch norms first.
    """

    mistake: str
    weight: str
    kind: str
    layers: Tuple[str, ...]
    what: str
    symptom: str
    cure: str
    places: Tuple[Place, ...]

    def __str__(self) -> str:
        return f"{self.what} {self.symptom} {self.cure}"

    @property
    def lines(self) -> List[Tuple[str, int]]:
        """(file, line) of all places, and of the lines that called them."""
        return [(part.file, part.line) for place in self.places for part in place.all]

    def as_json(self) -> Dict[str, Any]:
        """The same as a dictionary of strings and lists."""
        entry = dataclasses.asdict(self)
        entry["places"] = [str(place) for place in self.places]
        entry["layers"] = list(self.layers)
        return entry


def lines(places: Sequence[Place], most: int = 6) -> str:
    """Lines as text: "model.py:41, 52 and 60 (called from train.py:8)"."""
    unique = list(dict.fromkeys(place for place in places if place.file))
    if not unique:
        return "unknown line"
    callers = [place.called_from for place in unique]
    if len(unique) > 1 and len({(place.file, place.line) for place in unique}) == 1:
        # One line of a helper: the lines that call it say which batch norms they are.
        outer = [next(_differing(callers, number), None) for number in range(len(unique))]
        if all(outer):
            return f"{unique[0]}, called from {_listed([place for place in outer if place], most)}"
    return _listed(unique, most)


def _differing(callers, number):
    """The callers of one place that the other places do not share, the nearest first."""
    for place in callers[number]:
        same = [
            any((p.file, p.line) == (place.file, place.line) for p in other) for other in callers
        ]
        if not all(same):
            yield place


def _listed(places, most):
    parts: List[str] = []
    seen = set()
    previous = None
    for place in places:
        if (place.file, place.line) in seen:
            continue
        seen.add((place.file, place.line))
        parts.append(str(place.line) if place.file == previous else str(place))
        previous = place.file
    if len(parts) > most:
        parts = parts[:most] + [f"{len(parts) - most} more"]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def norms(layers: Sequence[Layer]) -> str:
    """Batch norms as text: "the batch norm D/bn1 (slim, model.py:41)"."""
    kinds = ", ".join(dict.fromkeys(layer.kind for layer in layers))
    where = lines([layer.place for layer in layers])
    if len(layers) == 1:
        return f"the batch norm {layers[0].scope or 'without a scope'} ({kinds}, {where})"
    return f"{len(layers)} batch norms ({kinds}, {where})"


def subject(layers: Sequence[Layer], one: str, several: str) -> str:
    """The beginning of a sentence: the batch norms and a verb, "have" for several of them."""
    text = norms(layers)
    return f"{text[0].upper()}{text[1:]} {one if len(layers) == 1 else several}"


def make(
    mistake: str,
    layers: Sequence[Layer],
    what: str,
    symptom: str,
    cure: str,
    places: Sequence[Place] = (),
    weight: str = MISTAKE,
) -> Finding:
    """A finding about some batch norms. `places` are further lines that belong to it."""
    own = [layer.place for layer in layers]
    return Finding(
        mistake=mistake,
        weight=weight,
        kind=layers[0].kind,
        layers=tuple(layer.scope for layer in layers),
        what=what,
        symptom=symptom,
        cure=cure,
        places=tuple(dict.fromkeys([*own, *places])),
    )
