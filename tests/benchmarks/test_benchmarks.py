"""What the benchmarks count: the work of a step, and nothing that is computed in vain."""

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import limit, ours, turns
from graphmode import sessions, tf


def test_work_of_the_autoencoder_is_that_of_its_layers():
    macs = [
        14 * 14 * 16 * 25,
        7 * 7 * 32 * 25 * 16,
        1568 * 20,
        20 * 1568,
        7 * 7 * 32 * 25 * 16,
        14 * 14 * 16 * 25,
    ]
    # Forward, by the weights, and by the layers' inputs. The first layer's gradient by the image is
    # computed, too, because TensorFlow's own `minimize` asks for it.
    assert limit.work("cae", 4) == 4 * 2 * 3 * sum(macs)


def test_work_of_the_dcgan_is_what_pytorchs_counter_says_of_its_twin():
    assert limit.work("dcgan", 128) == 25395134464  # torch.utils.flop_counter on benchmarks.theirs


def test_the_generators_step_computes_no_gradients_of_the_discriminators_weights():
    config = ours.config_of("dcgan", 4)
    with sessions.graph(config):
        step = ours.built("dcgan", config).phases[-1].updates[-1].op
        ops = limit.ancestors(step)
    made = {op.name for op in ops if op.type == "Conv2DBackpropFilter"}
    assert len(made) == 2 and not [name for name in made if "discriminator" in name]


def test_a_step_trains_the_model():
    step = ours.stepper("gan", 8)
    phase, scalars, _ = step(0)
    assert phase == "train" and set(scalars) >= {"discriminator_loss", "generator_loss"}
    assert step(1)[1]["discriminator_loss"] != scalars["discriminator_loss"]


@pytest.mark.parametrize("name", ["glcic_small", "pix2pix_small"])
def test_the_large_models_are_their_presets(name):
    config = ours.config_of(name, 2)
    assert (config.preset, config.batch_size, config.max_steps) == ("small", 2, ours.LONG)


def test_the_table_compares_turn_by_turn():
    seconds = {
        "ours": [1.0, 2.0, 4.0],
        "ours, mixed": [1.0, 1.0, 1.0],
        "PyTorch": [2.0, 2.0, 8.0],
        "channels_last": [3.0, 1.0, 9.0],
        "autocast": [2.0, 3.0, 1.5],
        "limit": [1.0, 1.0, 1.0],
        "limit, mixed": [0.5, 0.5, 0.5],
    }
    results = {label: {"seconds": values, "MB": 100.0} for label, values in seconds.items()}
    row = benchmarks.row("gan", results, limit.WORK)
    assert row["ours"] == "2000.00" and row["MB"] == "100"
    # The better layout takes 2, 1 and 8 seconds.
    assert row["PyTorch / ours"] == "2.00 (0.50 to 2.00)"
    assert row["autocast / mixed"] == "2.00 (1.50 to 3.00)"
    assert row["of the limit"] == "50 %" and row["mixed"] == "50 %"


def test_names_of_models_are_checked(capsys):
    for flags, code in ((["--models", "gan,biggan"], 2), (["--starts", "0"], 2)):
        with pytest.raises(SystemExit) as stopped:
            benchmarks.main(flags)
        assert stopped.value.code == code
    assert "--models biggan is not one of cae, vae, gan" in capsys.readouterr().err


def test_sides_take_turns_in_their_own_processes():
    results = turns.compare({"one": ("limit", ("float32",))}, rounds=2, steps=1)
    seconds, memory = results["one"]["seconds"], results["one"]["MB"]
    assert len(seconds) == 2 and min(seconds) > 0 and memory > 50
    assert tf.get_default_graph().get_operations() == []  # nothing was built in this process
