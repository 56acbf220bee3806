"""The dictionary in docs/batch_norm.md: every cell of its tables is computed.

PyTorch is no dependency. `Norm` is a transcription of what torch.nn.BatchNorm2d documents; where
PyTorch is installed, it is compared with the original.
"""

import ast
import importlib
import importlib.util
import inspect
import pathlib
import re

import numpy as np
import pytest

from graphmode import slim, tf

PAGE = (pathlib.Path(__file__).parents[3] / "docs" / "batch_norm.md").read_text(encoding="utf-8")
ROUNDING = {"rtol": 2e-4, "atol": 2e-5}  # float32; gradients are differences of larger numbers
STEPS, RATE = 3, 0.1
SHAPES = {"2d": [3, 2, 2, 3], "1d": [6, 3]}
# Of the channels: epsilon shows where it is small, the averages of the variance where it is large.
DEVIATIONS = np.array([0.03, 0.3, 3.0])


class Norm:
    """torch.nn.BatchNorm1d and BatchNorm2d, for arrays whose last axis has the channels."""

    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True):
        self.eps, self.momentum, self.training = eps, momentum, True
        self.weight = np.ones(num_features) if affine else None
        self.bias = np.zeros(num_features) if affine else None
        self.running_mean, self.running_var = np.zeros(num_features), np.ones(num_features)

    def eval(self):
        self.training = False
        return self

    def step(self, x, weights_of_loss, trains_weight=True):
        """One step of gradient descent on sum(weights_of_loss * output^2) / 2.

        Returns:
            (output, gradient of x, of bias, of weight), before the step.
        """
        axes = tuple(range(x.ndim - 1))
        mean, variance = self.running_mean, self.running_var
        if self.training:
            mean, variance = x.mean(axes), x.var(axes)  # normalizes by the biased variance
            kept = x.var(axes, ddof=1)  # and keeps the unbiased one
            self.running_mean = (1 - self.momentum) * self.running_mean + self.momentum * mean
            self.running_var = (1 - self.momentum) * self.running_var + self.momentum * kept
        normalized = (x - mean) / np.sqrt(variance + self.eps)
        gamma = 1.0 if self.weight is None else self.weight
        output = gamma * normalized + (0.0 if self.bias is None else self.bias)
        by_output = weights_of_loss * output
        by_weight, by_bias = (by_output * normalized).sum(axes), by_output.sum(axes)
        by_x = gamma * by_output / np.sqrt(variance + self.eps)
        if self.training:  # mean and variance depend on x
            by_x = by_x - by_x.mean(axes) - normalized * (by_x * normalized).mean(axes)
        if self.weight is not None:
            self.bias = self.bias - RATE * by_bias
            if trains_weight:
                self.weight = self.weight - RATE * by_weight
        return output, by_x, by_bias, by_weight


def tables():
    """The rows of the section's tables as lists of cells, without headings."""
    section = PAGE.split("\n## The dictionary\n")[1].split("\n## ")[0]
    parts = re.findall(r"(?:^\|.*\n)+", section, re.M)
    assert len(parts) == 3
    return [[[c.strip() for c in line.split("|")[1:-1]] for line in p.splitlines()] for p in parts]


DEFAULTS, CONVOLUTIONS, DENSE = tables()
LINES = [("2d", row) for row in CONVOLUTIONS[2:]] + [("1d", row) for row in DENSE[2:]]


def batches(kind):
    random = np.random.RandomState(0)
    x = [DEVIATIONS * random.normal(1.0, 1.0, SHAPES[kind]) for _ in range(STEPS)]
    return x, random.normal(0.0, 0.1, SHAPES[kind])


def code(cell):
    return re.match(r"`([^`]+)`", cell)[1]


def by_hand():
    """The function of the page."""
    section = PAGE.split("\n## The dictionary\n")[1]
    space = {"tf": tf}
    exec(re.search(r"```python\n(def by_hand.*?)```", section, re.S)[1], space)
    return space["by_hand"]


def of_tensorflow(kind, text):
    """What one cell computes in three steps: name -> value."""
    x_values, weights = batches(kind)
    keras = []

    def layer(**arguments):
        keras.append(tf.keras.layers.BatchNormalization(**arguments))
        return keras[-1]

    seen = {}
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, SHAPES[kind])
        space = {"tf": tf, "slim": slim, "x": x, "by_hand": by_hand(), "BatchNormalization": layer}
        output = eval(text, space)
        loss = tf.reduce_sum(weights.astype(np.float32) * output**2) / 2
        parameters = {v.op.name.split("/")[-1]: v for v in tf.trainable_variables()}
        assert set(parameters) <= {"beta", "gamma"}
        gradients = dict(zip(["x", *parameters], tf.gradients(loss, [x, *parameters.values()])))
        updates = [
            *tf.get_collection(tf.GraphKeys.UPDATE_OPS),
            *(u for k in keras for u in k.updates),
        ]
        step = [v.assign_sub(RATE * gradients[name]) for name, v in parameters.items()]
        session.run(tf.global_variables_initializer())
        for number, batch in enumerate(x_values):
            found = session.run({"output": output, **gradients}, {x: batch})
            seen.update({f"{name} {number}": value for name, value in found.items()})
            session.run([*step, *updates], {x: batch})
        for variable in set(tf.global_variables()) - set(tf.trainable_variables()):
            seen[variable.op.name.split("/")[-1]] = session.run(variable)
    return seen


def of_pytorch(kind, cell):
    x_values, weights = batches(kind)
    trains_weight = "not trained" not in cell
    space = {"BatchNorm1d": Norm, "BatchNorm2d": Norm}
    norm = eval(code(cell).replace("nn.", ""), space)
    seen = {}
    for number, batch in enumerate(x_values):
        values = norm.step(batch, weights, trains_weight)
        named = dict(zip(("output", "x", "beta", "gamma"), values))
        if norm.weight is None or not trains_weight:
            del named["gamma"]
        if norm.bias is None:
            del named["beta"]
        seen.update({f"{name} {number}": value for name, value in named.items()})
    return {**seen, "moving_mean": norm.running_mean, "moving_variance": norm.running_var}


def assert_same(first, second):
    assert sorted(first) == sorted(second)
    for name, value in first.items():
        np.testing.assert_allclose(value, second[name], **ROUNDING, err_msg=name)


@pytest.mark.parametrize("kind, row", LINES, ids=[f"{kind}-{row[0]}" for kind, row in LINES])
def test_the_cells_of_a_line_compute_the_same(kind, row):
    slim_cell, *others, torch_cell, hand_cell = row[1:]
    expected = of_tensorflow(kind, code(hand_cell))
    assert np.abs(expected["x 2"]).max() > 0.01 and "moving_variance" in expected
    for cell in (slim_cell, *others):
        assert_same(of_tensorflow(kind, code(cell)), expected)
    if torch_cell != "none":
        assert_same(of_pytorch(kind, torch_cell), expected)


def test_a_wrong_line_would_be_noticed():
    """Another decay, epsilon, gamma or kernel changes a number by more than rounding."""
    right = of_tensorflow("2d", "slim.batch_norm(x, 0.99, scale=True)")
    for text in (
        "slim.batch_norm(x, 0.999, scale=True)",
        "slim.batch_norm(x, 0.99, scale=True, epsilon=1e-5)",
        "slim.batch_norm(x, 0.99)",
        "slim.batch_norm(x, 0.99, scale=True, fused=False)",
        "tf.layers.batch_normalization(x)",
    ):
        with pytest.raises(AssertionError):
            assert_same(of_tensorflow("2d", text), right)


def test_pytorchs_averages_become_biased_ones():
    formula = re.search(r"`biased = ([^`]+)`", PAGE)[1]
    unbiased = of_pytorch("1d", "`nn.BatchNorm1d(3)`")["moving_variance"]
    expected = of_tensorflow("1d", "by_hand(x, 0.9, 1e-5)")["moving_variance"]
    values = {"decay": 0.9, "t": STEPS, "N": SHAPES["1d"][0], "unbiased": unbiased}
    np.testing.assert_allclose(eval(formula, values), expected, rtol=1e-5)


FUNCTIONS = {
    "slim.batch_norm": lambda: [slim.batch_norm],
    "tf.layers.batch_normalization": lambda: [tf.layers.batch_normalization],
    "tf.keras.layers.BatchNormalization": lambda: [
        function
        for base in reversed(tf.keras.layers.BatchNormalization.__mro__[:-1])
        for function in (base.__init__, getattr(base, "call", None))
        if inspect.isfunction(function)
    ],
    "nn.BatchNorm2d": lambda: [Norm.__init__],
}


def test_the_defaults_are_those_of_the_functions():
    head, *rows = DEFAULTS[2:]
    parameters = []
    for cell in head[1:]:
        merged = {}
        for function in FUNCTIONS[code(cell)]():
            merged.update(inspect.signature(function).parameters)
        parameters.append(merged)
    checked = 0
    for row in rows:
        for known, cell in zip(parameters, row[1:]):
            for name, value in re.findall(r"`(\w+)=([^`]+)`", cell):
                assert known[name].default == ast.literal_eval(value), cell
                checked += 1
    assert checked == 23


def test_the_names_of_the_variables_and_their_order():
    row = next(row for row in DEFAULTS if row[0] == "variables, in order")
    texts = ["slim.batch_norm(x, scale=True)", "tf.layers.batch_normalization(x)", "layer(x)"]
    for text, cell in zip(texts, row[1:]):
        with tf.Graph().as_default():
            x = tf.placeholder(tf.float32, [4, 4, 4, 3])
            layer = tf.keras.layers.BatchNormalization(name="batch_normalization")
            eval(text, {"slim": slim, "tf": tf, "x": x, "layer": layer})
            names = [v.op.name for v in tf.global_variables()]
        first, *others = re.findall(r"`([^`]+)`", cell)
        assert names == [first, *(f"{first.split('/')[0]}/{name}" for name in others)]
    assert set(re.findall(r"`([^`]+)`", row[4])) <= set(vars(Norm(3)))


def test_where_the_update_ops_are():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [4, 4, 4, 3])

        def new():
            return len(tf.get_collection_ref("update_ops"))

        slim.batch_norm(x)
        assert new() == 2
        slim.batch_norm(x, updates_collections=None)
        assert new() == 2
        tf.layers.batch_normalization(x, training=True)
        assert new() == 4
        layer = tf.keras.layers.BatchNormalization()
        layer(x, training=True)
        assert new() == 4 and len(layer.updates) == 2


@pytest.mark.slow  # the lines of the tables differ in it, too
@pytest.mark.parametrize("kind, name", [("2d", "convolutions"), ("1d", "dense layers")])
def test_which_variance_is_kept(kind, name):
    row = next(row for row in DEFAULTS if row[0] == f"moving variance after {name}")
    texts = [
        "slim.batch_norm(x, 0.5)",
        "tf.layers.batch_normalization(x, momentum=0.5, training=True)",
        "BatchNormalization(momentum=0.5)(x, training=True)",
    ]
    kept = [of_tensorflow(kind, text)["moving_variance"] for text in texts]
    kept.append(of_pytorch(kind, "`nn.BatchNorm2d(3, momentum=0.5)`")["moving_variance"])
    for value, cell in zip(kept, row[1:]):
        hand = of_tensorflow(kind, f"by_hand(x, 0.5, 1e-3, unbiased={cell == 'unbiased'})")
        np.testing.assert_allclose(value, hand["moving_variance"], rtol=1e-5)


if importlib.util.find_spec("torch"):
    CASES = [{}, {"eps": 0.001, "momentum": 0.01}, {"affine": False}]

    @pytest.mark.parametrize("arguments", CASES, ids=str)
    @pytest.mark.parametrize("training", [True, False])
    def test_the_transcription_is_pytorchs(arguments, training):
        torch = importlib.import_module("torch")
        x_values, weights = batches("1d")
        ours, theirs = Norm(3, **arguments), torch.nn.BatchNorm1d(3, **arguments)
        if not training:
            ours.eval()
            theirs.eval()
        for batch in x_values:
            output, by_x, *_ = ours.step(batch, weights)
            x = torch.tensor(batch, dtype=torch.float32, requires_grad=True)
            theirs.zero_grad()
            actual = theirs(x)
            (torch.tensor(weights) * actual**2).sum().div(2).backward()
            np.testing.assert_allclose(actual.detach().numpy(), output, **ROUNDING)
            np.testing.assert_allclose(x.grad.numpy(), by_x, **ROUNDING)
            with torch.no_grad():
                for parameter in theirs.parameters():
                    parameter -= RATE * parameter.grad
        np.testing.assert_allclose(theirs.running_mean.numpy(), ours.running_mean, **ROUNDING)
        np.testing.assert_allclose(theirs.running_var.numpy(), ours.running_var, **ROUNDING)
