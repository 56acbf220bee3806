"""预训练 Generative models when few labels are known: pre-training, and generated examples.

The text names both uses and shows no code. A classifier with each use is compared with the same
classifier without it, at 100, 1,000 and 10,000 labels.
    - Pre-training: a classifier starts from an autoencoder's encoder or from a GAN's discriminator,
      which learned from digits without labels.
    - Extending the data set: a classifier also learns from a conditional GAN's samples.

A conditional GAN knows the labels of its training digits. If it learned from all labels, the
comparison is unfair, because the classifier then learns from all labels indirectly.
`gan_book.cgan --labels 100` trains one on the same 100 labels that the classifier learns from.

Run:     ./run.sh gan_book.uses.few_labels --data mnist --cae runs/cae
         `--gan runs/dcgan` and `--cgan runs/cgan` add cases. Any one of the three is enough.
Expect:  for each case the mean test accuracy, and its standard deviation over the seeds.
"""

import dataclasses
import sys
from typing import Any, Callable, Iterator, NamedTuple

import numpy as np

import data
from data import feeds
from gan_book import cae, cgan, dcgan, gan, inputs, sizes, tips
from graphmode import cli, config, errors, sessions, tf, training, variables
from graphmode.config import setting
from graphmode.report import images, page
from graphmode.training import run_folder


@dataclasses.dataclass(frozen=True)
class Config(config.Run, inputs.Inputs):
    """Settings of the comparison."""

    PROGRAM = "gan_book.uses.few_labels"
    FORMER_PROGRAMS = ("gan_book.few_labels",)

    cae: str = setting("", path=True, help="run of gan_book.cae; its encoder starts a classifier")
    gan: str = setting(
        "", path=True, help="run of gan_book.dcgan; its discriminator starts a classifier"
    )
    cgan: str = setting(
        "", path=True, help="run of gan_book.cgan; its samples extend the labelled digits"
    )
    few: int = setting(
        100,
        at_least=2,
        help="number of labels; the program also tries 10 and 100 times as many, "
        "if there are enough digits",
    )
    seeds: int = setting(
        3, at_least=1, help="number of training runs of each case, with different seeds"
    )
    generated: int = setting(10000, at_least=10, help="number of samples that extend the digits")
    max_steps: int = setting(
        600, at_least=1, changeable=True, help="number of steps of each training"
    )
    batch_size: int = setting(64, at_least=1, help="examples per step")
    lr: float = setting(
        0.001,
        above=0.0,
        help="learning rate of Adam at the first step; it falls to 0 along a cosine",
    )


class Case(NamedTuple):
    """A classifier to compare.

    Attributes:
        name: in metrics.json.
        hidden: function of (images [batch, 784] in [0, 1], is_training) -> [batch, size].
        start: checkpoint with the weights of `hidden`; empty for random weights.
        extended: whether generated digits extend the labelled ones.
    """

    name: str
    hidden: Callable[[Any, bool], Any]
    start: str = ""
    extended: bool = False


def encoder(x, is_training):
    """The autoencoder's encoder: [batch, 784] in [0, 1] -> [batch, 1568]."""
    return tf.reshape(cae.encoder(tf.reshape(x, [-1, 28, 28, 1])), [-1, 7 * 7 * 32])


def encoder_of(config):
    """`encoder` for the images of the configuration."""
    if config.shape == inputs.TEXT:
        return encoder
    return lambda x, is_training: sizes.encoder(tf.reshape(x, [-1, *config.shape]))


def discriminator(trained):
    """The hidden layers of a DCGAN's discriminator.

    Args:
        trained: dcgan.Config of the run, from `run_folder.trained`.

    Returns:
        A function of (images [batch, 784] in [0, 1], is_training) -> [batch, 1024].
    """

    def hidden(x, is_training):
        layers = tips.hidden_layers(dcgan.networks(trained)[0], trained, is_training)
        return layers(gan.scaled(x, trained.as_published))[-1]

    return hidden


def cases(config) -> Iterator[Case]:
    """The classifiers to compare, for the runs that the configuration names."""
    encoder = encoder_of(config)
    if config.cae:
        start = run_folder.trained(cae.Config, config.cae).checkpoint
        yield Case("the autoencoder's encoder, random", encoder)
        yield Case("the autoencoder's encoder, pre-trained", encoder, start)
    if config.gan:
        trained = run_folder.trained(dcgan.Config, config.gan)
        hidden = discriminator(trained)
        yield Case("the GAN's discriminator, random", hidden)
        yield Case("the GAN's discriminator, pre-trained", hidden, trained.checkpoint)
    if config.cgan:
        yield Case("without generated digits", encoder)
        yield Case("with generated digits", encoder, extended=True)


def build(config, hidden, pixels, labels, start=""):
    """Builds the graph that trains a classifier.

    Args:
        hidden, start: see `Case`. A dense layer of ten logits follows `hidden`.
        pixels: uint8 [N, 28, 28], images to learn from.
        labels: uint8 [N], 0 to 9.

    Returns:
        (training.Model, the placeholder of the images, [batch, 10] logits for testing).
    """
    x = tf.placeholder(tf.float32, [None, inputs.numbers(config)], name="IMAGE_IN")
    y = tf.placeholder(tf.int64, [None], name="LABEL_IN")
    classes = len(config.class_names)
    with tf.variable_scope("classifier"):
        logits = tf.layers.dense(hidden(x, True), classes, name="digits")
    with tf.variable_scope("classifier", reuse=True):
        test_logits = tf.layers.dense(hidden(x, False), classes, name="digits")
    if start:
        own = "classifier/digits/"  # the other variables are those of the run, below "classifier/"
        read = [v for v in tf.global_variables() if not v.op.name.startswith(own)]
        tf.train.init_from_checkpoint(start, {v.op.name.split("/", 1)[1]: v for v in read})
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
    solver = tf.train.AdamOptimizer(training.cosine(config.lr, config.max_steps))
    step = variables.minimize(loss, "classifier", solver)
    indices = feeds.shuffled(len(pixels), min(config.batch_size, len(pixels)), config.seed)

    def feed(number):
        chosen = indices(number)
        return {x: feeds.flat_pixels(pixels[chosen]), y: labels[chosen]}

    update = training.Update(step, {"loss": loss})
    phases = [training.Phase("train", config.max_steps, [update])]
    return training.Model(phases=phases, feed=feed), x, test_logits


def accuracy(config, digits, hidden, pixels, labels, start=""):
    """Trains one classifier into config.output_dir and returns its accuracy on the test digits.

    With config.resume a classifier that an interrupted comparison has begun is trained further, and
    one that it has finished is only read.
    """
    step = run_folder.last_step(config.output_dir) if config.resume else 0
    if step != config.max_steps:
        begun = 0 < step < config.max_steps
        config = config.replace(resume=begun, overwrite=not begun)
        with sessions.graph(config):
            training.fit(build(config, hidden, pixels, labels, start)[0], config)
    with sessions.graph(config):
        _, x, logits = build(config, hidden, pixels, labels)
        with sessions.session() as session:
            sessions.restore(session, run_folder.find_checkpoint(config.output_dir))
            flat = feeds.flat_pixels(digits.test_images)
            guesses = sessions.in_parts(session, logits, x, flat).argmax(1)
    return float(np.mean(guesses == digits.test_labels))


def generated(config):
    """Samples of the conditional GAN: uint8 [N, 28, 28] and their labels, uint8 [N]."""
    labels = (np.arange(config.generated) % len(config.class_names)).astype(np.uint8)
    with tf.Graph().as_default():
        samples = cgan.generate(run_folder.trained(cgan.Config, config.cgan), labels)
    return images.to_uint8(samples[..., 0] if config.shape[2] == 1 else samples), labels


def accuracies(config, digits, case, count, samples, folder):
    """Trains a case with `count` labels, once for each seed: a list of accuracies.

    Raises:
        errors.Stopped: the message says how to continue the comparison.
    """
    few = data.few(digits, count)
    known = few.train_images, few.train_labels
    if case.extended:
        known = tuple(np.concatenate(pair) for pair in zip(known, samples))
    results = []
    for seed in range(config.seed, config.seed + config.seeds):
        target = folder / f"{count} labels, {case.name}, seed {seed}"
        sys.stderr.write(f"{target.name} ({config.max_steps} steps)\n")
        own = config.replace(seed=seed, output_dir=str(target), checkpoint="")
        try:
            results.append(accuracy(own, digits, case.hidden, *known, case.start))
        except errors.Stopped as stopped:
            message = f"stopped; to continue: --resume --output_dir {folder}"
            raise errors.Stopped(stopped.code, message) from None
    return results


def counts(config, digits):
    """The numbers of labels to compare at, as far as there are so many digits."""
    wanted = [config.few * times for times in (1, 10, 100)]
    return [count for count in wanted if count <= len(digits.train_labels)]


def check(config):
    """Raises InputError if there is nothing to compare, or a run is missing."""
    if not list(cases(config)):
        raise errors.InputError("nothing to compare: give --cae, --gan or --cgan, folders of runs")
    if config.cgan:
        run_folder.trained(cgan.Config, config.cgan)


def check_shapes(config):
    """Raises InputError if a run was trained on images of another shape."""
    for name, owner in (("cae", cae.Config), ("gan", dcgan.Config), ("cgan", cgan.Config)):
        run = getattr(config, name)
        shape = run_folder.trained(owner, run).shape if run else config.shape
        if shape != config.shape:
            sides = (" x ".join(map(str, each)) for each in (shape, config.shape))
            raise errors.InputError(
                "--{} {}: it has images of {}, and the data of {}".format(name, run, *sides)
            )


def train(config):
    """Trains all cases and writes metrics.json: mean and standard deviation of the accuracy."""
    config, digits = inputs.load(config)
    if not digits.classes:
        raise errors.InputError(f"--input_dir {config.input_dir} has no class folders: add some")
    check_shapes(config)
    chosen = list(cases(config))
    samples = generated(config) if config.cgan else None
    metrics = {}
    with run_folder.started(config) as folder:
        for count in counts(config, digits):
            for case in chosen:
                results = accuracies(config, digits, case, count, samples, folder)
                name = f"{count} labels, {case.name}"
                metrics[f"{name}: accuracy"] = float(np.mean(results))
                metrics[f"{name}: spread"] = float(np.std(results))
    page.write_metrics(config.output_dir, metrics)


def main(argv=None):
    cli.main(Config, {"train": train}, __doc__, argv, check=check)


if __name__ == "__main__":
    main()
