"""The DCGAN: the text's layers as published, its notes by default, batch norms in sampling."""

import numpy as np
import pytest
from conftest import config_of, shapes
from layer_table import layer_table
from older_variables import built_variables, older_variables

import data
from gan_book import cgan, dcgan, gan, tips
from graphmode import sessions, tf, variables
from graphmode.training import run_folder

GENERATOR = [
    *(("dense", 1024), "Relu", "batch norm"),
    *(("dense", 7 * 7 * 128), "Relu", "batch norm"),
    *(("transposed", 64, 4, 2, "SAME"), "Relu", "batch norm"),
    *(("transposed", 1, 4, 2, "SAME"), "Tanh"),
]
AS_PUBLISHED = [
    *(("conv", 32, 5, 1, "VALID"), "LeakyRelu", ("max", 2, 2)),
    *(("conv", 64, 5, 1, "VALID"), "LeakyRelu", ("max", 2, 2)),
    *(("dense", 1024), "LeakyRelu"),
    ("dense", 1),
]
DEFAULT = [
    *(("conv", 32, 5, 2, "SAME"), "LeakyRelu"),
    *(("conv", 64, 5, 2, "SAME"), "batch norm", "LeakyRelu"),
    *(("dense", 1024), "batch norm", "LeakyRelu"),
    ("dense", 1),
]


def parameters(scope):
    return sum(np.prod(shape) for name, shape in shapes().items() if name.startswith(scope))


def test_generator_is_the_texts():
    dcgan.generator(gan.noise(8, 100))
    assert layer_table("generator") == GENERATOR
    assert parameters("generator") == 6679105
    assert len(variables.moving_averages("generator")) == 6


@pytest.mark.parametrize("program, first_kernel", [(dcgan, 25), (cgan, 275)])
@pytest.mark.parametrize(
    "as_published, table, count", [(True, AS_PUBLISHED, 1102721), (False, DEFAULT, 3267585)]
)
def test_discriminator_follows_the_texts_code_or_its_notes(
    program, first_kernel, as_published, table, count, digits
):
    config = config_of(program, max_steps=1, batch_size=4, as_published=as_published)
    program.build(config, digits)
    assert layer_table("discriminator")[: len(table)] == table
    assert parameters("discriminator") == count + (first_kernel - 25) * 32
    averages = variables.moving_averages("discriminator")
    assert len(averages) == (0 if as_published else 4)
    name = program.__name__.rsplit(".", 1)[1] + (" --as_published" if as_published else "")
    assert built_variables() == older_variables(name)


def test_flags_win_over_the_published_network():
    config = config_of(dcgan, as_published=True, pooling="average")
    assert (config.discriminator_norm, config.pooling) == ("none", "average")


@pytest.mark.parametrize("as_published, half_way", [(False, 0.0005), (True, 0.001)])
def test_learning_rate_follows_a_cosine(as_published, half_way, digits, value):
    config = config_of(dcgan, max_steps=10, as_published=as_published)
    rate = tf.convert_to_tensor(dcgan.learning_rate(config, digits))
    step = tf.train.get_or_create_global_step()
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        first = session.run(rate)
        session.run(tf.assign(step, 5))
        assert [first, session.run(rate)] == pytest.approx([0.001, half_way], rel=1e-5)


@pytest.fixture(scope="module")
def trained(digits, tmp_path_factory):
    """The configuration of a DCGAN after one step, which the program has trained."""
    folder = tmp_path_factory.mktemp("dcgan") / "run"
    flags = ["--max_steps", "1", "--display_freq", "0", "--batch_size", "8"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda name, input_dir="": digits)
        dcgan.main([*flags, "--output_dir", str(folder)])
    return run_folder.trained(dcgan.Config, folder)


@pytest.mark.parametrize("as_published", [False, True])
def test_one_image_depends_on_z_and_as_published_does_not(as_published, trained):
    """A batch norm after a dense layer that sees one value gives beta, whatever z was."""
    images = []
    for seed in (0, 1):
        with tf.Graph().as_default():
            config = trained.replace(as_published=as_published, seed=seed)
            images.append(dcgan.generate(config, 1))
    difference = np.abs(images[0] - images[1]).max()
    assert difference < 1e-3 if as_published else difference > 0.01


def test_the_program_samples(trained):
    run = trained.checkpoint.rsplit("/", 1)[0]
    dcgan.main(["--mode", "sample", "--checkpoint", run, "--count", "7"])
    images = np.load(f"{run}/samples.npz")["images"]
    assert images.shape == (7, 28, 28) and len(np.unique(images.reshape(7, -1), axis=0)) == 7


def test_training_moves_the_averages_and_sampling_reads_them(digits):
    model = dcgan.build(config_of(dcgan, max_steps=9, batch_size=8), digits)
    d_step, g_step = (update.op for update in model.phases[0].updates)
    averages = variables.moving_averages("generator")
    with sessions.session() as session:
        session.run(tf.global_variables_initializer())
        before, samples = session.run([averages, model.images["samples"]])
        session.run(d_step, model.feed(0))
        unmoved = session.run(averages)
        session.run(g_step, model.feed(0))
        after = session.run(averages)
        session.run([tf.assign(v, v + 1.0) for v in averages])
        shifted = session.run(model.images["samples"])
    assert all((a == b).all() for a, b in zip(before, unmoved))
    assert all((a != b).any() for a, b in zip(unmoved, after))
    assert np.abs(shifted - samples).max() > 0.01


def test_a_batch_of_one_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        dcgan.main(["--batch_size", "1", "--max_steps", "2", "--output_dir", str(tmp_path / "run")])
    error = capsys.readouterr().err
    assert end.value.code == 2 and error.count("\n") == 1 and "--batch_size of 2" in error
    assert "generator/batch_normalization has one value per channel" in error
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "pooling, norm, sides", [("max", "none", (12, 4)), ("strided", "batch", (14, 7))]
)
def test_hidden_layers_are_what_the_discriminators_logits_come_from(pooling, norm, sides, value):
    """The last layer by hand, on the third of the hidden layers, gives the network's own logits."""
    config = tips.Tips(pooling=pooling, discriminator_norm=norm)
    x = tf.random_uniform([4, 784], -1, 1)
    logits = tips.discriminator(dcgan.discriminator, config)(x)
    with tf.variable_scope("", reuse=True):
        layers = tips.hidden_layers(dcgan.discriminator, config)(x)
    kernel, bias = variables.trainable("discriminator")[-2:]
    hidden, *first, expected, weights, biases = value(
        [layers[2], *layers[:2], logits, kernel, bias]
    )
    np.testing.assert_allclose(hidden @ weights + biases, expected, rtol=1e-4, atol=1e-5)
    assert [layer.shape[1:3] for layer in first] == [(side, side) for side in sides]


def test_hidden_layers_have_no_last_layer():
    tips.hidden_layers(dcgan.discriminator, tips.Tips())(tf.zeros([2, 784]))
    assert "discriminator/dense/kernel" in shapes()
    assert "discriminator/dense_1/kernel" not in shapes()
