"""What generative models are good for when few labels are known: pre-training, and more examples to learn from.

Two of the uses that the chapter names. Pre-training: an autoencoder's encoder or a GAN's discriminator, trained on digits
without labels, is the beginning of a classifier. Extending the data set: a conditional GAN draws further examples of
each digit. Each is held against the same classifier without it, with 100, 1,000 and 10,000 labels.

A conditional GAN knows the labels of what it was trained on: one trained on all digits brings their labels in through
the back door. `gan_book.cgan --labels 100` trains one on the very 100 that the classifier may see.

Run: `./run.sh gan_book.few_labels --data mnist --cae runs/cae --gan runs/dcgan --cgan runs/cgan`, with any of the three;
the report has the mean test accuracy of each case, and its spread over the seeds.
"""

from typing import Literal, NamedTuple

import numpy as np

import data
from data import batches
from gan_book import cae, cgan, dcgan, gan, tips
from graphmode import cli, errors, sessions, tf, training, variables
from graphmode.report import images, page
from graphmode.training import run_folder


@dataclasses.dataclass(frozen=True)
class Config(Settings_):
    data: Literal["digits", "mnist"] = setting("digits", help='drawn here, or MNIST')
    cae: str = setting("", help='a run of gan_book.cae: its encoder')
    gan: str = setting("", help='a run of gan_book.dcgan: its discriminator')
    cgan: str = setting("", help='a run of gan_book.cgan: its samples')
    few: int = setting(100, at_least=10, help='labels; ten times and a hundred times as many are tried too, as far as there are digits')
    seeds: int = setting(3, at_least=1, help='trainings of each case, each with its own first weights')
    generated: int = setting(10000, at_least=10, help='samples that extend the labelled digits')
    max_steps: int = setting(600, at_least=1, help='of each training')
    batch_size: int = setting(64, at_least=1, help='examples per step')
    lr: float = setting(0.001, at_least=0.0, help="Adam's first learning rate, falling to 0 along a cosine")


def encoder(x, is_training):
    """The autoencoder's: [batch, 784] in [0, 1] -> [batch, 1568]."""
    return tf.reshape(cae.encoder(tf.reshape(x, [-1, 28, 28, 1])), [-1, 7 * 7 * 32])


def discriminator(saved):
    """That of a DCGAN's run, but for its last layer: a function of [batch, 784] in [0, 1], giving [batch, 1024]."""
    def hidden(x, is_training):
        with tf.variable_scope("discriminator"):
            return dcgan.hidden_layers(gan.scaled(x, saved.as_published), tips.Tips.of(saved), is_training=is_training)[-1]
    return hidden


def build(config, hidden, pictures, labels, start=""):
    """A classifier with its training step.

    Args:
        hidden: function of pictures and is_training that gives what a last layer of ten logits is put on.
        pictures, labels: uint8 [N, 28, 28] and [N], what it learns from.
        start: a checkpoint that holds the weights of `hidden`; empty: random ones.

    Returns:
        (training.Model, the placeholder of pictures, the logits for testing).
    """
    x = tf.placeholder(tf.float32, [None, 784], name="IMAGE_IN")
    y = tf.placeholder(tf.int64, [None], name="LABEL_IN")
    with tf.variable_scope("classifier"):
        logits = tf.layers.dense(hidden(x, True), 10, name="digits")
    with tf.variable_scope("classifier", reuse=True):
        test_logits = tf.layers.dense(hidden(x, False), 10, name="digits")
    if start:
        begun = [v for v in tf.global_variables() if not v.op.name.startswith("classifier/digits/")]
        tf.train.init_from_checkpoint(start, {v.op.name.split("/", 1)[1]: v for v in begun})
    loss = tf.losses.sparse_softmax_cross_entropy(y, logits)
    step = variables.minimize(loss, "classifier", tf.train.AdamOptimizer(training.cosine(config.lr, config.max_steps)))
    indices = batches.shuffled(len(pictures), min(config.batch_size, len(pictures)), config.seed)

    def feed(number):
        chosen = indices(number)
        return {x: batches.flat_pixels(pictures[chosen]), y: labels[chosen]}
    model = training.Model([training.Phase("train", config.max_steps, [step])], {"loss": loss}, feed=feed)
    return model, x, test_logits


def accuracy(config, digits, hidden, pictures, labels, start=""):
    """Trains one classifier into config.output_dir; returns the share of the test digits that it reads right.

    With config.resume, one that an interrupted comparison has finished is only read.
    """
    if not (config.resume and run_folder.last_step(config.output_dir) == config.max_steps):
        config = config._replace(resume=False)
        with sessions.graph(config):
            training.fit(build(config, hidden, pictures, labels, start)[0], config)
    with sessions.graph(config):
        _, x, logits = build(config, hidden, pictures, labels)
        with sessions.session() as session:
            sessions.restore(session, run_folder.find_checkpoint(config.output_dir))
            read = sessions.in_parts(session, logits, x, batches.flat_pixels(digits.test_images)).argmax(1)
    return float(np.mean(read == digits.test_labels))


def cases(config):
    """(name, hidden layers, start, extended) of the classifiers to compare, as far as there are runs to begin with."""
    if config.cae:
        start = run_folder.trained(cae.Config, config.cae).checkpoint
        yield "the autoencoder's encoder, random", encoder, "", False
        yield "the autoencoder's encoder, pre-trained", encoder, start, False
    if config.gan:
        saved = run_folder.trained(dcgan.Config, config.gan)
        hidden = discriminator(saved)
        yield "the GAN's discriminator, random", hidden, "", False
        yield "the GAN's discriminator, pre-trained", hidden, saved.checkpoint, False
    if config.cgan:
        yield "without generated digits", encoder, "", False
        yield "with generated digits", encoder, "", True


def train(config):
    """Trains all cases; metrics.json has the mean test accuracy of each and the standard deviation over the seeds."""
    chosen = list(cases(config))
    if not chosen:
        raise errors.InputError("nothing to compare: give --cae, --gan or --cgan, the folder of a run")
    digits = data.load(config.data, config.input_dir)
    if config.cgan:
        labels = np.arange(config.generated) % 10
        with tf.Graph().as_default():
            samples = cgan.draw(run_folder.trained(cgan.Config, config.cgan), labels)
        samples = images.to_uint8(samples[..., 0]), labels.astype(np.uint8)
    figures = {}
    with run_folder.started(config) as folder:
        for count in [config.few * times for times in (1, 10, 100) if config.few * times <= len(digits.train_labels)]:
            for name, hidden, start, extended in chosen:
                found = []
                for seed in range(config.seed, config.seed + config.seeds):
                    known = data.digits.few(digits, count)[:2]
                    if extended:
                        known = [np.concatenate(pair) for pair in zip(known, samples)]
                    own = config._replace(seed=seed, output_dir=str(folder / "{} labels, {}, seed {}".format(
                        count, name, seed)), checkpoint="")
                    try:
                        found.append(accuracy(own, digits, hidden, *known, start))
                    except errors.Stopped as stopped:
                        raise errors.Stopped(stopped.code, "stopped; go on with --resume --output_dir {}".format(folder))
                figures["{} labels, {}: accuracy".format(count, name)] = float(np.mean(found))
                figures["{} labels, {}: spread".format(count, name)] = float(np.std(found))
    page.write_metrics(config.output_dir, figures)


def main(argv=None):
    cli.main("gan_book.few_labels", Config, {"train": train}, __doc__, argv)


if __name__ == "__main__":
    main()
