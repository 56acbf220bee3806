"""Measures what the notes say about deep networks: activations, batch norm, skip connections.

The notes give reasons and no numbers. Here small dense networks classify drawn digits (or MNIST),
because they train in seconds, and because a dense layer is the simplest place where each of the
notes' effects can appear. The program prints tables and writes report.html and lab.json into
--output_dir.

    activation   效果是否较好不得而知,可尝试使用Sigmoid、tanh       which activation learns best
    saturation   往非线性函数的取值区间的上下限两端靠近            where the activations' inputs lie
    gradients    低层神经网络的梯度消失                          gradients of low layers, by depth
    speed        能大大加快训练速度                              steps with and without batch norm
    identity     防止…梯度弥散问题与退化问题                      paths around two layers (ResNet)
    whitening    那么神经网络会较快收敛                          inputs: raw, scaled, whitened

Run:     ./run.sh pix2pix.depth_lab                      (drawn digits; minutes on two cores)
         ./run.sh pix2pix.depth_lab --data mnist
Expect:  sigmoids that do not learn in ten layers, and do with batch norm.
"""

import dataclasses
import json
from typing import Literal

import numpy as np

import data
from graphmode import cli, config, files, sessions, tf
from graphmode.config import setting
from graphmode.report import tables

PROGRAM = "pix2pix.depth_lab"
TITLE = "Deep networks: what the notes say, measured"
WIDTH = 64  # units of each hidden layer
BATCH = 100
LEARNED = 0.9  # the accuracy that `speed` waits for


@dataclasses.dataclass(frozen=True)
class Flags(config.Settings):
    """The settings of the program."""

    data: Literal["digits", "mnist"] = setting("digits", help="drawn digits, or MNIST")
    input_dir: str = setting("", path=True, help="folder of MNIST's four files")
    output_dir: str = setting("runs/depth_lab", help="folder of report.html and lab.json")
    steps: int = setting(300, at_least=1, help="training steps of each network")
    seeds: int = setting(3, at_least=1, help="runs of each network; tables show the medians")


def activations(seed):
    """Name -> function of a tensor, with the numbers of the notes and of the papers.

    srelu is the shifted ReLU (see gan_book/figures/formulas.py: the notes give no formula). rrelu
    has a random slope in [1/8, 1/3] for each number, and its mean slope after training. Xu et al.
    2015, "Empirical Evaluation of Rectified Activations in Convolutional Network".
    """

    def rrelu(x, training):
        low, high = 1.0 / 8.0, 1.0 / 3.0
        random = tf.random_uniform(tf.shape(x), low, high, seed=seed)
        return tf.where(x > 0, x, x * tf.where(training, random, tf.fill(tf.shape(x), 0.2292)))

    def prelu(x, _):
        # Each layer learns one slope for each unit. It starts at 0.25 as in He et al. 2015.
        slope = tf.get_variable("slope", [x.shape[-1]], initializer=tf.constant_initializer(0.25))
        return tf.maximum(x, 0.0) + slope * tf.minimum(x, 0.0)

    def of(function):
        return lambda x, _: function(x)

    return {
        "lrelu": of(lambda x: tf.nn.leaky_relu(x, 0.2)),
        "relu": of(tf.nn.relu),
        "elu": of(tf.nn.elu),
        "srelu": of(lambda x: tf.maximum(x, -1.0)),
        "prelu": prelu,
        "rrelu": rrelu,
        "sigmoid": of(tf.nn.sigmoid),
        "tanh": of(tf.nn.tanh),
    }


class Network:
    """A dense classifier of digits, in a graph of its own.

    Args:
        digits: data.Digits.
        depth: number of hidden layers.
        activation: a name in `activations`.
        batch_norm: normalize the inputs of the activations.
        identity: add the input of each pair of layers to its output, as a ResNet does.
        inputs: function of images, [N, 784] in [0, 1], that prepares them.
    """

    def __init__(
        self, digits, seed, depth, activation, batch_norm=False, identity=False, inputs=None
    ):
        self.digits, self.random = digits, np.random.RandomState(seed)
        self.prepare = inputs or (lambda x: x)
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(seed)
            self.x = tf.placeholder(tf.float32, [None, 784])
            self.labels = tf.placeholder(tf.int64, [None])
            self.training = tf.placeholder_with_default(False, [])
            logits = self._layers(depth, activations(seed)[activation], batch_norm, identity)
            self.loss = tf.losses.sparse_softmax_cross_entropy(self.labels, logits)
            right = tf.equal(tf.argmax(logits, 1), self.labels)
            self.accuracy = tf.reduce_mean(tf.cast(right, tf.float32))
            self.gradients = tf.gradients(self.loss, self.kernels)
            with tf.control_dependencies(tf.get_collection(tf.GraphKeys.UPDATE_OPS)):
                self.step = tf.train.AdamOptimizer(0.001).minimize(self.loss)
            self.session = sessions.session()
            self.session.run(tf.global_variables_initializer())

    def _layers(self, depth, activation, batch_norm, identity):
        """[batch, 784] -> logits, [batch, 10]."""
        x, self.before, self.kernels = self.x, [], []
        for layer in range(depth):
            with tf.variable_scope(f"layer_{layer + 1}"):
                # With identity paths, layers 2 and 3 are a block, 4 and 5, and so on. The first
                # layer stands alone: 784 numbers cannot be added to 64.
                if identity and layer % 2 == 1:
                    shortcut = x
                x = tf.layers.dense(x, WIDTH, name="dense")
                self.kernels.append(tf.trainable_variables()[-2])
                if batch_norm:
                    x = tf.layers.batch_normalization(x, training=self.training, momentum=0.9)
                if identity and layer % 2 == 0 and layer:
                    x += shortcut
                self.before.append(x)
                x = activation(x, self.training)
        return tf.layers.dense(x, 10)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.session.close()

    def feed(self, training=False, images=None, labels=None):
        """The feed_dict of a random training batch, or of the images that are given."""
        if images is None:
            chosen = self.random.randint(len(self.digits.train_images), size=BATCH)
            images, labels = self.digits.train_images[chosen], self.digits.train_labels[chosen]
        pixels = self.prepare(np.reshape(images, [-1, 784]) / 255.0)
        return {self.x: pixels, self.labels: labels, self.training: training}

    def test(self, count=1000):
        """(loss, accuracy) of test digits, with moving averages where there are batch norms."""
        images, labels = self.digits.test_images[:count], self.digits.test_labels[:count]
        feed = self.feed(False, images, labels)
        return self.session.run([self.loss, self.accuracy], feed)

    def train(self, steps):
        """Runs `steps` steps and returns `test` after them."""
        for _ in range(steps):
            self.session.run(self.step, self.feed(True))
        return self.test()

    def gradient_sizes(self):
        """Root mean square of the loss's gradient for the weights of each layer."""
        gradients = self.session.run(self.gradients, self.feed(True))
        return [float(np.sqrt(np.mean(np.square(gradient)))) for gradient in gradients]


def medians(flags, digits, measure, **options):
    """The median of `measure`, function of a Network -> numbers, over the seeds."""
    found = []
    for seed in range(flags.seeds):
        with Network(digits, seed, **options) as network:
            found.append(measure(network))
    return np.median(np.asarray(found, np.float64), axis=0).tolist()


def activation_study(flags, digits):
    """Rows: accuracy of each activation with 2, 5 and 10 layers, and its loss on new digits."""

    def measure(network):
        loss, accuracy = network.train(flags.steps)
        images, labels = digits.train_images[:1000], digits.train_labels[:1000]
        training = network.session.run(network.loss, network.feed(False, images, labels))
        return [accuracy, loss, training]

    for name in activations(0):
        row = {"activation": name}
        for depth in (2, 5, 10):
            accuracy, loss, training = medians(flags, digits, measure, depth=depth, activation=name)
            row[f"{depth} layers: accuracy"] = accuracy
            if depth == 2:
                row["test loss - training loss"] = loss - training
        yield row


def saturation_study(flags, digits, depth=5):
    """Rows: where the inputs of sigmoids lie before and after training, with and without norm."""

    def measure(network):
        def inputs():
            values = network.session.run(network.before, network.feed(True))
            spread = [np.std(value, 0).mean() for value in values]
            saturated = [np.mean(np.abs(value) > 4) for value in values]
            shift = [np.abs(np.mean(value, 0)).mean() for value in values]
            return np.array([np.mean(spread), np.mean(shift), np.mean(saturated)])

        start = inputs()
        network.train(10 * flags.steps)
        return np.concatenate([start, inputs()])

    for norm in (False, True):
        numbers = medians(
            flags, digits, measure, depth=depth, activation="sigmoid", batch_norm=norm
        )
        for when, (spread, shift, saturated) in (
            ("before training", numbers[:3]),
            (f"after {10 * flags.steps} steps", numbers[3:]),
        ):
            yield {
                "batch norm": norm,
                "when": when,
                "deviation of the inputs": spread,
                "distance of their means from 0": shift,
                "share beyond -4 and 4": saturated,
            }


def gradient_study(flags, digits):
    """Rows: how much smaller the first layer's gradient is than the last one's."""

    def measure(network):
        sizes = network.gradient_sizes()
        # Both layers have WIDTH inputs: the very first has 784, which would be another comparison.
        return sizes[1] / sizes[-1]

    for activation in ("sigmoid", "lrelu"):
        for kind, options in (
            ("plain", {}),
            ("batch norm", {"batch_norm": True}),
            ("identity paths", {"identity": True}),
        ):
            row = {"activation": activation, "network": kind}
            for depth in (3, 9, 21):
                row[f"{depth} layers"] = medians(
                    flags, digits, measure, depth=depth, activation=activation, **options
                )
            yield row


def speed_study(flags, digits, limit=8):
    """Rows: steps until 90 % of test digits are right, with and without batch norm."""

    def measure(network):
        part = max(1, flags.steps // 10)
        for number in range(1, 10 * limit + 1):
            if network.train(part)[1] >= LEARNED:
                return number * part
        return np.inf

    for activation in ("sigmoid", "lrelu"):
        for depth in (2, 5, 10):
            row = {"activation": activation, "layers": depth}
            for norm in (False, True):
                steps = medians(
                    flags, digits, measure, depth=depth, activation=activation, batch_norm=norm
                )
                never = f"more than {limit * flags.steps}"
                row["with batch norm" if norm else "without"] = (
                    int(steps) if np.isfinite(steps) else never
                )
            yield row


def identity_study(flags, digits):
    """Rows: losses on training digits by depth, with and without identity paths."""

    def measure(network):
        network.train(flags.steps)
        images, labels = digits.train_images[:1000], digits.train_labels[:1000]
        return network.session.run(
            [network.loss, network.accuracy], network.feed(False, images, labels)
        )

    for kind, options in (("plain", {}), ("identity paths", {"identity": True})):
        for depth in (3, 9, 21, 41):
            loss, accuracy = medians(
                flags, digits, measure, depth=depth, activation="relu", **options
            )
            yield {
                "network": kind,
                "layers": depth,
                "training loss": loss,
                "training accuracy": accuracy,
            }


def whitening_study(flags, digits):
    """Rows: loss after a few steps for inputs as they are, standardized and whitened."""
    pixels = np.reshape(digits.train_images[:5000], [-1, 784]) / 255.0
    mean, deviation = pixels.mean(0), pixels.std(0)
    values, vectors = np.linalg.eigh(np.cov(pixels.T))
    # Directions in which the digits hardly vary would be magnified noise: those with less than
    # 0.01 of the mean variance are left small.
    floor = 0.01 * values.mean()
    whiten = vectors / np.sqrt(np.maximum(values, floor)) @ vectors.T

    kinds = {
        "in [0, 1]": None,
        "mean 0, variance 1 for each pixel": lambda x: (x - mean) / np.maximum(deviation, 0.1),
        "whitened": lambda x: (x - mean) @ whiten,
    }
    for name, inputs in kinds.items():
        row = {"inputs": name}
        for steps in (max(1, flags.steps // 10), max(1, flags.steps // 3), flags.steps):
            row[f"accuracy after {steps} steps"] = medians(
                flags,
                digits,
                lambda network, steps=steps: network.train(steps)[1],
                depth=2,
                activation="lrelu",
                inputs=inputs,
            )
        yield row


# Name of the study -> (heading, the notes' words and what the table shows, function)
STUDIES = {
    "activations": (
        "Activations",
        """激活函数: 效果是否较好不得而知,可尝试使用Sigmoid、tanh. The notes do not know whether the
        leaky ReLU is better than others, and remember that it had little effect. The table has the
        accuracy on test digits. The last column says how much worse the loss is on test digits
        than on training digits (在一定程度上能起到正则效果的RReLU: random slopes regularize).""",
        activation_study,
    ),
    "saturation": (
        "Where the inputs of the activations lie",
        """整体分布逐渐往非线性函数的取值区间的上下限两端靠近: the inputs drift in training to the
        ends of the sigmoid, where it is flat. Means over the five layers.""",
        saturation_study,
    ),
    "gradients": (
        "Gradients of low layers",
        """导致后向传播时低层神经网络的梯度消失: the gradient of the second layer, divided by
        that of the last hidden layer, before training. Both layers have the same size.""",
        gradient_study,
    ),
    "speed": (
        "Batch norm and the speed of training",
        """能大大加快训练速度: the number of steps until 90 % of the test digits are right.""",
        speed_study,
    ),
    "identity": (
        "Depth and identity paths",
        """网络越深,梯度消失的现象就越来越明显; 防止网络层数增加而导致的梯度弥散问题与退化问题:
        the training loss of deep networks, with and without paths that add a block's input to its
        output. (pix2pix's generator has no such paths: its skip connections concatenate.)""",
        identity_study,
    ),
    "whitening": (
        "Whitened inputs",
        """白化: 那么神经网络会较快收敛. Two layers; the same digits in three forms.""",
        whitening_study,
    ),
}


def run(flags):
    digits = data.load(flags.data, flags.input_dir)
    results, sections = {}, []
    for name, (heading, text, study) in STUDIES.items():
        results[name] = list(study(flags, digits))
        sections.append(tables.Section(heading, text, results[name]))
        tables.show(sections[-1:])
    files.write_whole(
        files.path(flags.output_dir, "lab.json"), json.dumps(results, indent=1, ensure_ascii=False)
    )
    target = files.path(flags.output_dir, "report.html")
    tables.write(target, TITLE, sections)
    print(f"report: {target}")


def main(argv=None):
    cli.tool(PROGRAM, Flags, __doc__, run, argv)


if __name__ == "__main__":
    main()
