"""How many of TensorFlow 1.15.5's documented names old programs find, and their arguments.

`api_1_15_5.json.gz` has the names without `tf.`, each with its arguments (None: no function).
"""

import collections
import gzip
import inspect
import json
import pathlib
import re

import pytest

from graphmode.old_programs import namespace

API = json.loads(
    gzip.decompress(pathlib.Path(__file__).with_name("api_1_15_5.json.gz").read_bytes())
)
# Module of tf.contrib -> how many of its documented names are given, at least.
ROW = r"\| (\w+) \| (\d+) of (\d+) "
GIVEN = {
    "autograph": 12,
    "batching": 1,
    "checkpoint": 15,
    "cluster_resolver": 8,
    "crf": 11,
    "data": 39,
    "deprecated": 6,
    "distribute": 21,
    "distributions": 69,
    "estimator": 20,
    "factorization": 2,
    "feature_column": 5,
    "framework": 68,
    "graph_editor": 40,
    "hooks": 1,
    "image": 10,
    "layers": 84,
    "learn": 31,
    "legacy_seq2seq": 12,
    "lookup": 23,
    "losses": 14,
    "metrics": 57,
    "nn": 9,
    "opt": 27,
    "predictor": 2,
    "proto": 2,
    "rnn": 48,
    "saved_model": 2,
    "seq2seq": 29,
    "signal": 9,
    "slim": 129,
    "sparsemax": 2,
    "staging": 1,
    "stateless": 4,
    "tensorrt": 1,
    "tpu": 30,
    "training": 28,
    "util": 5,
}
# Names whose arguments differ, with the reason.
OTHER_ARGUMENTS = {
    "contrib.autograph.converted_call": "made by AutoGraph itself",
    "contrib.autograph.set_loop_options": "back_prop is always true",
    "contrib.distribute.AllReduceCrossDeviceOps": "two arguments of packing are gone",
    "contrib.distribute.MirroredStrategy": "tf.distribute's, which takes devices, no number",
    "contrib.distribute.UpdateContext": "made by a strategy itself",
    "contrib.layers.scale_gradient": "in 1.15.5 an object, whose call took the same arguments",
    "contrib.slim.scale_gradient": "in 1.15.5 an object, whose call took the same arguments",
    "contrib.tensorrt.create_inference_graph": "one argument is gone",
    "Operation": "made by TensorFlow's C++ code",
    "Tensor": "made by TensorFlow's C++ code",
    "OptionalSpec": "the argument is called element_spec",
    "data.experimental.OptionalStructure": "the argument is called element_spec",
    "RaggedTensor": "made by its class methods, in TensorFlow 1, too",
    "autograph.experimental.set_loop_options": "back_prop is always true",
    "config.experimental.set_virtual_device_configuration": "the argument is logical_devices",
    "errors.UnknownError": "the error code follows from the class",
    "function": "two arguments of experiments have other names",
    "random.experimental.create_rng_state": "the argument is called alg",
}


def module_of(name):
    parts = name.split(".")
    return parts[1] if parts[0] == "contrib" else ""


def arguments(value):
    """The names of the arguments that can be given by their places, also through decorators."""
    signature = inspect.signature(value.__init__ if inspect.isclass(value) else value)
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [name for name, one in signature.parameters.items() if one.kind in by_place]
    return [name for name in names if name != "self"]


def in_order(expected, given):
    """Whether the given arguments are the expected ones, with others between them at most."""
    rest = iter(given)
    return all(argument in rest for argument in expected if argument != "self")


@pytest.fixture(scope="module")
def found():
    """name -> object, of all documented names that exist."""
    values = {}
    with namespace.installed(with_companions=False) as tf:
        for name in API:
            value = tf
            try:
                for part in name.split("."):
                    value = getattr(value, part)
            except (AttributeError, ImportError):
                continue
            values[name] = value
    return values


def test_the_list_is_that_of_1_15_5():
    assert len(API) == 4312 and sum(module_of(name) == "" for name in API) == 3117


def test_names_outside_contrib(found):
    missing = [name for name in API if name not in found and module_of(name) == ""]
    assert len(missing) <= 7, missing


@pytest.mark.parametrize("module", sorted(GIVEN))
def test_names_of_contrib(module, found):
    names = [name for name in API if module_of(name) == module]
    missing = [name for name in names if name not in found]
    assert len(names) - len(missing) >= GIVEN[module], missing


def test_callables_take_the_arguments_of_1_15_5_in_its_order(found):
    functions = {
        name: API[name]
        for name in found
        if isinstance(API[name], list) and not inspect.ismodule(found[name])
    }
    # Where TensorFlow has added arguments, they are behind the old ones or have names of their own.
    differ = {
        name
        for name, expected in functions.items()
        if not in_order(expected, arguments(found[name]))
    }
    assert differ <= set(OTHER_ARGUMENTS), sorted(differ - set(OTHER_ARGUMENTS))
    assert len(differ) <= 0.01 * len(functions)


def test_the_page_has_these_counts(found):
    page = pathlib.Path(__file__).parents[3] / "docs" / "old_programs.md"
    text = page.read_text(encoding="utf-8")
    rows = {name: (int(n), int(of)) for name, n, of in re.findall(ROW, text)}
    documented, there = (collections.Counter(map(module_of, names)) for names in (API, found))
    assert rows == {name: (there[name], documented[name]) for name in there if name}
    said = r"Of its ([0-9,]+) .*? ([0-9,]+) are there, and of the ([0-9,]+) .*?, ([0-9]+)\."
    outside = re.search(said, text)
    numbers = [int(number.replace(",", "")) for number in outside.groups()]
    inside = [sum(n for name, n in counts.items() if name) for counts in (documented, there)]
    assert numbers == [documented[""], there[""], *inside]
