"""What the benchmarks count: the work of a step, and nothing that is computed for naught."""

from benchmarks import limit, ours
from graphmode import plans


def test_work_of_the_autoencoder_is_that_of_its_layers():
    macs = [14 * 14 * 16 * 25, 7 * 7 * 32 * 25 * 16, 1568 * 20, 20 * 1568, 7 * 7 * 32 * 25 * 16, 14 * 14 * 16 * 25]
    # Forth, by the weights, and by the layers' inputs, the pictures too: TensorFlow's own `minimize` computes that.
    assert limit.work("cae", 4) == 4 * 2 * 3 * sum(macs)


def test_work_of_the_dcgan_is_what_pytorchs_counter_says_of_its_twin():
    assert limit.work("dcgan", 128) == 25395134464  # torch.utils.flop_counter on benchmarks.theirs


def test_the_generators_step_computes_no_gradients_of_the_discriminators_weights():
    *_, step = ours.built("dcgan", 4).phases[-1].updates
    made = {op.name for op in plans.ancestors(step) if op.type == "Conv2DBackpropFilter"}
    assert len(made) == 2 and not [name for name in made if "discriminator" in name]
