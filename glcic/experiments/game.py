"""Do the two networks fight? Measured at a checkpoint, not read off curves.

Run: `./run.sh glcic --mode game --checkpoint runs/glcic/model.ckpt-10000`.

From a checkpoint of the third phase the completion network alone takes some steps, and D's loss on completions must end above
where as many steps without the adversarial loss bring it; then the discriminators alone take as many, and their loss must fall
again. The verdict follows from these and a few more numbers by the rule in `verdict`.
"""

import numpy as np

from glcic import model, sources
from graphmode import sessions, tf, variables

BATCHES = 24  # over which a loss is averaged
STEPS = 30  # that one network takes alone in an experiment, whose learning rate is high
LONGER = 100  # the same in a run whose rates have fallen
ENOUGH = 0.1  # change of a loss, in nats, that counts
WON = 0.1  # D's loss below which it has won; blind it is 2 ln 2 = 1.39


def measure(config, pictures, checkpoint, steps=STEPS):
    """Numbers about one checkpoint.

    Args:
        config: of the run. Learning rates that fall stay what they are at the checkpoint.
        pictures: `data.folders.Pictures`.

    Returns:
        name -> number: D's losses and accuracies; by how much these change in so many steps: `fake_loss, G alone`, `fake_loss,
        G by MSE` (the control, without the adversarial loss) and, from where G alone has brought it, `loss, D's answer`; the
        lengths of the gradients, by the completion network's weights, of alpha times the adversarial loss and of the MSE.
    """
    built = model.build(config._replace(input="feed", discriminator_repeats=1), pictures)
    [mse_step], (discriminator_step, joint_step) = built.phases[0].updates, built.phases[2].updates
    losses = built.scalars
    weights = variables.trainable("G")
    pulls = [config.alpha * losses["adversarial_loss"], losses["mse"]]
    gradients = [[gradient for gradient in tf.gradients(pull, weights) if gradient is not None] for pull in pulls]
    lengths = [tf.global_norm(gradient) if gradient else tf.constant(0.0) for gradient in gradients]
    with sessions.session() as session:
        def mean(fetched):
            rows = [session.run(fetched, built.feed(number)) for number in range(BATCHES)]
            return {name: float(np.mean([row[name] for row in rows])) for name in fetched}

        def after(step):
            for number in range(steps):
                session.run(step, built.feed(BATCHES + number))
            return mean({name: losses[name] for name in ("real_loss", "fake_loss")})

        sessions.restore(session, checkpoint)
        found = mean({**losses, "gradient, adversarial": lengths[0], "gradient, mse": lengths[1]})
        completion_alone, answer = after(joint_step), after(discriminator_step)
        sessions.restore(session, checkpoint)
        control = after(mse_step)
    found["fake_loss, G alone"] = completion_alone["fake_loss"] - found["fake_loss"]
    found["fake_loss, G by MSE"] = control["fake_loss"] - found["fake_loss"]
    found["loss, D's answer"] = sum(answer.values()) - sum(completion_alone.values())
    return found


def verdict(found):
    """What became of the game.

    Args:
        found: numbers of `measure`; where they are known with `hole L1`, the mean absolute difference in the holes of unseen
            pictures, and `hole L1, mean colour`, that of the pictures' mean. Or `why` training ended early.

    Returns:
        "diverges": training ended early, a number is not finite, or completions are worse than the mean colour.
        "no gradient": that of the adversarial loss is less than a millionth of the MSE's.
        "D wins": its loss is below `WON`, or it is right in more than 99 % of cases on both sides.
        "fights": the adversarial loss moves D: G alone brings D's loss on completions `ENOUGH` above where G by MSE does; and D's
            answer brings its own down. (From where it stood it may fall in both: G may be ahead at that moment.)
        "no effect": none of these.
    """
    if "why" in found or not np.isfinite(np.hstack(list(found.values()))).all():
        return "diverges"
    if found.get("hole L1", 0.0) > found.get("hole L1, mean colour", np.inf):
        return "diverges"
    if found["gradient, adversarial"] < 1e-6 * found["gradient, mse"]:
        return "no gradient"
    if found["real_loss"] + found["fake_loss"] < WON or min(found["real_accuracy"], found["fake_accuracy"]) > 0.99:
        return "D wins"
    if push(found) > ENOUGH and found["loss, D's answer"] < 0.0:
        return "fights"
    return "no effect"


def push(found):
    """Nats by which D's loss on completions ends higher for the adversarial loss; `measure`'s numbers."""
    return found["fake_loss, G alone"] - found["fake_loss, G by MSE"]


def game(config):
    """--mode game: the numbers and the verdict of one checkpoint, on the screen."""
    found = measure(config, sources.find(config), config.checkpoint, LONGER)
    for name, number in found.items():
        print("{:>44}  {:.4g}".format(name, number))
    print("{:>44}  {}".format("verdict", verdict(found)))
