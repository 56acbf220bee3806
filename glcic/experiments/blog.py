"""The blog's experiments by name: what it says, what is asked, and which flags differ from the base."""

from typing import NamedTuple

SLIM = "The right model uses slim.batch_norm; replaced by other functions of TensorFlow the two do not fight. But why?"
RATES = "alpha = {}, d_learn = {}: failed!"


class Experiment(NamedTuple):
    """One factor against the base. `anew`: it changes the first phase too, which is then trained for it."""
    name: str
    sentence: str
    question: str
    flags: dict
    anew: bool = False
    several: bool = False  # run with all the seeds; the others with the first


def _norm(kind, question):
    return Experiment("bn_" + kind, SLIM, question, {"batch_norm": kind}, several=True)


EXPERIMENTS = [
    Experiment("base",
               "Discriminator and completion network are now trained together.",
               "Do they fight, and does it show?",
               {}, several=True),
    _norm("slim_scale", "slim's with a gamma: is the gamma what matters?"),
    _norm("layers", "tf.layers' defaults, which normalise nothing: is that the failure?"),
    _norm("layers_training", "tf.layers' with training=True, update ops not run: enough?"),
    _norm("layers_training_updates", "tf.layers' as meant: any different from slim's?"),
    _norm("nn_moments", "By hand, as in the pix2pix notes: any different?"),
    _norm("author", "By hand with tf.Variable, so that D(real) and D(completion) have offsets of their own: is that "
                    "the failure?"),
    _norm("author_shared", "The same with shared offsets: does that mend it?"),
    _norm("none", "Without any: is batch norm needed for the fight?"),
    _norm("instance", "Each picture by itself: do the batch's statistics matter?"),
    Experiment("conv_layers",
               "What is the difference between slim's convolution and TensorFlow's?",
               "tf.layers', with the same borders, bias and initialiser: any?",
               {"conv": "layers"}, anew=True),
    Experiment("conv_nn",
               "Replaced slim.conv2d() by tf.nn.conv2d(): little difference.",
               "By hand: any?",
               {"conv": "nn"}, anew=True),
    Experiment("input_feed",
               "Why does queue input differ so much from feeding batches?",
               "Fed: any difference?",
               {"input": "feed"}, anew=True, several=True),
    Experiment("patch_fed",
               "Before, pictures were fetched first and the masked part cut out of them.",
               "The patch as numbers from outside: does it stop the adversarial gradient?",
               {"fed": "patch"}, several=True),
    Experiment("completion_fed",
               "Optimising G_loss_all had no effect on the adversarial loss.",
               "Patch and picture as numbers from outside: no gradient at all?",
               {"fed": "completion"}),
    Experiment("holes_frozen",
               "Random points decide the mask (drawn in numpy while the graph is built).",
               "As many holes as a batch has pictures, for the whole run: worse on others?",
               {"frozen_holes": True}, anew=True),
    Experiment("no_reshape",
               "The discriminator lacked a reshape before the dense layer; its loss stayed constant.",
               "A dense layer for each position: does D learn nothing?",
               {"reshape": False}),
    Experiment("sigmoid_output",
               "The output should be a score, activated by a sigmoid.",
               "Two sigmoids: do gradients vanish?",
               {"sigmoid_output": True}),
    Experiment("last_batch_norm",
               "So the last layer has batch_norm and leaky_relu.",
               "Does it blind D, for real and completed are normalised apart?",
               {"last_batch_norm": True}),
    Experiment("wrong_label",
               "When g_loss_gan falls, D_loss falls, too: that is no fight. G_loss_gan was computed wrongly.",
               "With D's label for completions, 0: does G help D?",
               {"wrong_label": True}),
    Experiment("alpha_1",
               RATES.format(1, "0.002"),
               "Too much adversary?",
               {"alpha": 1.0, "lr": 0.002, "discriminator_lr": 0.002}),
    Experiment("alpha_05",
               RATES.format(0.05, "0.0001"),
               "The blog's next.",
               {"alpha": 0.05, "discriminator_lr": 0.0001}),
    Experiment("alpha_0004",
               "alpha = 0.0004, the paper's.",
               "Too little against an MSE over the hole?",
               {"alpha": 0.0004}),
    Experiment("alpha_0004_lr_4",
               RATES.format(0.0004, "0.0001"),
               "A slower D.",
               {"alpha": 0.0004, "discriminator_lr": 1e-4}),
    Experiment("alpha_0004_lr_5",
               RATES.format(0.0004, "0.00001"),
               "Slower still.",
               {"alpha": 0.0004, "discriminator_lr": 1e-5}),
    Experiment("alpha_0004_lr_6",
               RATES.format(0.0004, "0.000001") + " Such a rate is of no use.",
               "Does D learn at all?",
               {"alpha": 0.0004, "discriminator_lr": 1e-6}),
    Experiment("pictures_500",
               "500 pictures of faces.",
               "Worse on unseen pictures?",
               {"most_pictures": 500}, anew=True),
    Experiment("longer_first",
               "The imitation was bad because it was trained for too few steps.",
               "Twice the first phase: better?",
               {"completion_steps": 2}, anew=True),
    Experiment("d_twice",
               "k updates of D for one of G.",
               "k = 2: does D win?",
               {"discriminator_repeats": 2}),
]
