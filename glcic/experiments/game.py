"""Do the two networks fight? The answer comes from measurements at a checkpoint, not from curves.

From a checkpoint of the third phase, the completion network alone takes some steps. This must raise
D's loss on completions more than the same number of steps without the adversarial loss. Then the
discriminators alone take as many steps. This must lower their loss again. `verdict` has the rule.

Run:     ./run.sh glcic --mode game --checkpoint runs/glcic/model.ckpt-10000
"""

import numpy as np

from glcic import inputs, model
from graphmode import sessions, tf, variables
from graphmode.training import progress

BATCHES = 24  # number of batches of a mean loss
STEPS = 30  # steps of one network alone, in the experiments, whose learning rate is high
LONGER = 100  # the same in a run whose learning rates have fallen
PUSHED = 0.1  # nats: a larger change of a loss counts
WON = 0.1  # nats: D has won if its loss is lower; the loss of a D that guesses is 2 ln 2 = 1.39
SURE = 0.99  # D has won if both its accuracies are higher
NO_GRADIENT = 1e-6  # a smaller ratio of the two gradient norms counts as no gradient

VERDICTS = ("fights", "no effect", "D wins", "no gradient", "undertrained", "diverges")

RULE = f"""The rule of the verdicts; the first that applies is the verdict.

"diverges": training ended because a number was not finite.

"undertrained": the completions of held-out images have a larger L1 error in the holes than the mean
color of the image. The networks may have diverged, or not learned enough yet.

"no gradient": the gradient norm of alpha times the adversarial loss is less than a millionth of the
gradient norm of the MSE.

"D wins": D's loss is below {WON} (the loss of a D that guesses is 2 ln 2 = 1.39), or both of its
accuracies, on real images and on completions, are above {SURE:.0%}.

"fights": from a checkpoint of the third phase, {STEPS} steps of the completion network with the
adversarial loss leave D's loss on completions more than {PUSHED} nats higher than {STEPS} of its
steps without the adversarial loss, and {STEPS} steps of D then lower D's loss.

"no effect": none of these."""


def measure(config, images, checkpoint, steps=STEPS):
    """Measures one checkpoint. G is the completion network, D the two discriminators.

    Args:
        config: settings of the run. A learning rate that falls keeps its value at the checkpoint.
        images: `data.folders.Images`; the training images are used.
        checkpoint: path of a checkpoint of the third phase.
        steps: number of steps that one network takes alone.

    Returns:
        A dictionary: name -> number.
        "real_loss", "fake_loss", "real_accuracy" and so on: D's scalars at the checkpoint.
        "fake_loss, G alone": change of D's loss on completions after G's steps.
        "fake_loss, G by MSE": the same, but G's steps have no adversarial loss.
        "loss, D's answer": change of D's loss after D's steps, which follow the steps of "G alone".
        "gradient, adversarial", "gradient, mse": see `gradient_norms`.
    """
    built = model.build(config.replace(input="feed", discriminator_repeats=1), images)
    [by_mse], [by_d], (_, by_g) = (phase.updates for phase in built.phases)
    losses = by_d.scalars
    norms = gradient_norms(config, losses)
    with sessions.session() as session:

        def mean(fetches):
            bar = progress.over(range(BATCHES), "losses of D and G")
            rows = [session.run(fetches, built.feed(number)) for number in bar]
            return {name: float(np.mean([row[name] for row in rows])) for name in fetches}

        def after(update, name):
            for number in progress.over(range(steps), f"steps of {name} alone"):
                session.run(update.op, built.feed(BATCHES + number))
            return mean({name: losses[name] for name in ("real_loss", "fake_loss")})

        sessions.restore(session, checkpoint)
        numbers = mean({**losses, **norms})
        g_alone, answer = after(by_g, "G"), after(by_d, "D")
        sessions.restore(session, checkpoint)
        control = after(by_mse, "G by MSE")
    numbers["fake_loss, G alone"] = g_alone["fake_loss"] - numbers["fake_loss"]
    numbers["fake_loss, G by MSE"] = control["fake_loss"] - numbers["fake_loss"]
    numbers["loss, D's answer"] = sum(answer.values()) - sum(g_alone.values())
    return numbers


def gradient_norms(config, losses):
    """Gradient norms of alpha times the adversarial loss, and of the MSE: name -> scalar.

    Gradients are taken with respect to the completion network's weights.
    """
    weights = variables.trainable("G")
    parts = {
        "gradient, adversarial": config.alpha * losses["adversarial_loss"],
        "gradient, mse": losses["mse"],
    }
    norms = {}
    for name, part in parts.items():
        gradients = [gradient for gradient in tf.gradients(part, weights) if gradient is not None]
        norms[name] = tf.global_norm(gradients) if gradients else tf.constant(0.0)
    return norms


def verdict(numbers):
    """The verdict on a run, one of `VERDICTS`, by `RULE`.

    Args:
        numbers: from `measure`. It may also have "hole L1", the L1 error in the holes of held-out
            images, and "hole L1, mean color", the error of holes filled with the mean color. If
            training ended early, it has "why".
    """
    if "why" in numbers or not np.isfinite(np.hstack(list(numbers.values()))).all():
        return "diverges"
    if numbers.get("hole L1", 0.0) > numbers.get("hole L1, mean color", np.inf):
        return "undertrained"
    if numbers["gradient, adversarial"] < NO_GRADIENT * numbers["gradient, mse"]:
        return "no gradient"
    if numbers["real_loss"] + numbers["fake_loss"] < WON:
        return "D wins"
    if min(numbers["real_accuracy"], numbers["fake_accuracy"]) > SURE:
        return "D wins"
    # D's answer is measured after G's steps. Both losses may fall if G was ahead.
    if push(numbers) > PUSHED and numbers["loss, D's answer"] < 0.0:
        return "fights"
    return "no effect"


def push(numbers):
    """How much the adversarial loss raises D's loss on completions, in nats."""
    return numbers["fake_loss, G alone"] - numbers["fake_loss, G by MSE"]


def game(config):
    """--mode game: prints the numbers and the verdict of one checkpoint."""
    numbers = measure(config, inputs.images(config), config.checkpoint, LONGER)
    for name, number in numbers.items():
        print(f"{name:>44}  {number:.4g}")
    print(f"{'verdict':>44}  {verdict(numbers)}")
