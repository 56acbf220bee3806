"""A model with one weight, whose training can be computed by hand."""

from graphmode import files, tf, training
from graphmode.training import scalar_log


def descent(steps=10, feed_log=None, loss_of=tf.square):
    """A weight w that starts at 4 and follows (w - x)^2; x is the number of the batch modulo 3."""
    x = tf.placeholder(tf.float32, [])
    w = tf.get_variable("model/w", initializer=4.0)
    loss = loss_of(w - x)
    step = tf.train.GradientDescentOptimizer(0.25).minimize(loss)

    def feed(number):
        if feed_log is not None:
            feed_log.append(number)
        return {x: number % 3}

    return training.Model(
        [training.Phase("train", steps, [training.Update(step, {"loss": loss})])],
        {"image": tf.fill([2, 4, 4, 1], tf.nn.sigmoid(w))},
        feed,
    )


def losses(config):
    return [(int(row["step"]), float(row["loss"])) for row in scalar_log.read(config.output_dir)]


def by_hand(steps):
    w, seen = 4.0, []
    for step in range(steps):
        seen.append((w - step % 3) ** 2)
        w -= 0.25 * 2 * (w - step % 3)
    return seen, w


def weight(config, step):
    with files.no_pattern(files.path(config.output_dir, f"model.ckpt-{step}")) as path:
        return tf.train.load_checkpoint(path).get_tensor("model/w")
