"""tf.contrib.training.HParams: numbers, strings and lists as attributes, read from text or JSON."""

import json
import re

# NAME=VALUE, NAME=[VALUES] or NAME[INDEX]=VALUE, up to the next comma.
_SETTING = re.compile(
    r"\s*(?P<name>[a-zA-Z][\w.]*)(?:\[\s*(?P<index>\d+)\s*\])?\s*="
    r"\s*(?:\[(?P<list>[^\]]*)\]|(?P<value>[^,\[]*))\s*(?:,|$)"
)


def _read(kind, text, name):
    text = text.strip()
    try:
        if kind is bool:
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        return kind(text)
    except (KeyError, ValueError):
        raise ValueError(
            f"Could not parse hparam {name!r}: {text!r} is no {kind.__name__}"
        ) from None


def parse_values(values, type_map, ignore_unknown=False):
    """Reads `name=value,name=[a,b],name[1]=c`.

    Args:
        type_map: name -> type of the value.
        ignore_unknown: whether names without a type are left out.

    Returns:
        name -> value, list of values, or {index: value}.
    """
    results, position = {}, 0
    while position < len(values.rstrip()):
        match = _SETTING.match(values, position)
        if not match:
            raise ValueError(f"Malformed hyperparameter value: {values[position:]}")
        position = match.end()
        name, index = match["name"], match["index"]
        if name not in type_map:
            if ignore_unknown:
                continue
            raise ValueError(f"Unknown hyperparameter type for {name}")
        kind = type_map[name]
        if match["list"] is not None:
            parts = [part for part in match["list"].split(",") if part.strip()]
            value = [_read(kind, part, name) for part in parts]
        else:
            value = _read(kind, match["value"], name)
        if index is not None:
            results.setdefault(name, {})[int(index)] = value
        elif name in results:
            raise ValueError(f"Multiple assignments to variable {name!r} in {values}")
        else:
            results[name] = value
    return results


class HParams:
    """Named hyperparameters. Each keeps the type of its first value."""

    def __init__(self, hparam_def=None, model_structure=None, **kwargs):
        if hparam_def is not None:
            raise ValueError("hparam_def is not supported; give names and values")
        self._hparam_types, self._model_structure = {}, model_structure
        for name, value in kwargs.items():
            self.add_hparam(name, value)

    def add_hparam(self, name, value):
        """Adds a name; a list must not be empty, since its type is that of its values."""
        if getattr(self, name, None) is not None:
            raise ValueError(f"Hyperparameter name is reserved: {name}")
        several = isinstance(value, (list, tuple))
        if several and not value:
            raise ValueError(f"Multi-valued hyperparameters cannot be empty: {name}")
        self._hparam_types[name] = (type(value[0] if several else value), several)
        setattr(self, name, value)

    def set_hparam(self, name, value):
        """Sets a known name; the value must have its type, or be convertible without a loss."""
        kind, several = self._hparam_types[name]
        if isinstance(value, list) != several and isinstance(value, (list, tuple)) != several:
            what = "a list" if several else "one value"
            raise ValueError(f"Hyperparameter {name!r} takes {what}, not {value!r}")
        setattr(
            self,
            name,
            [_cast(kind, v, name) for v in value] if several else _cast(kind, value, name),
        )

    def del_hparam(self, name):
        """Removes a name, if there is one."""
        if hasattr(self, name):
            delattr(self, name)
            del self._hparam_types[name]

    def parse(self, values):
        """Sets values from `name=value,name=[a,b],name[1]=c`, see `parse_values`."""
        types = {name: kind for name, (kind, _) in self._hparam_types.items()}
        changes = parse_values(values, types)
        for name, value in changes.items():
            if isinstance(value, dict):
                value = [value.get(i, old) for i, old in enumerate(getattr(self, name))]
            changes[name] = value
        return self.override_from_dict(changes)

    def override_from_dict(self, values_dict):
        """Sets the values of a dict."""
        for name, value in values_dict.items():
            self.set_hparam(name, value)
        return self

    def parse_json(self, values_json):
        """Sets the values of a JSON object."""
        return self.override_from_dict(json.loads(values_json))

    def to_json(self, indent=None, separators=None, sort_keys=False):
        """The values as a JSON object; functions are left out."""
        values = {name: value for name, value in self.values().items() if not callable(value)}
        return json.dumps(values, indent=indent, separators=separators, sort_keys=sort_keys)

    def set_model_structure(self, model_structure):
        """Keeps an object beside the values."""
        self._model_structure = model_structure

    def get_model_structure(self):
        """The object that `set_model_structure` keeps."""
        return self._model_structure

    def values(self):
        """name -> value."""
        return {name: getattr(self, name) for name in self._hparam_types}

    def get(self, key, default=None):
        """The value of a name, or the default."""
        return getattr(self, key) if key in self._hparam_types else default

    def __contains__(self, key):
        return key in self._hparam_types

    def __str__(self):
        return str(sorted(self.values().items()))

    def __repr__(self):
        return f"HParams({self})"


def _cast(kind, value, name):
    """A value of a type: whole numbers become floats, but not the other way round."""
    if value is None or kind is type(None) or isinstance(value, kind) and kind is not int:
        return value
    fits = {
        bool: isinstance(value, bool),
        int: isinstance(value, int) and not isinstance(value, bool),
        float: isinstance(value, (int, float)) and not isinstance(value, bool),
        str: isinstance(value, (str, bytes)),
    }
    if not fits.get(kind, True):
        raise ValueError(
            f"Could not cast hparam {name!r} of type {kind.__name__!r} from value {value!r}"
        )
    return kind(value)
