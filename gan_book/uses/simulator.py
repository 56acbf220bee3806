"""创建某种模拟器 A simulator: a model learns the dynamics of a quadcopter from recorded flights.

The text: 可以通过四个输入来控制四轴飞行器; 如果捕获此数据并在其上训练生成模型, 则可以学习
无人机的动态. It shows no code. Here the flights come from the equations of motion of a rigid body
with four rotors and gusts of wind. The model sees only what a recorder would: states and the four
inputs. It learns the distribution of the next state, a normal one, whose mean and deviations are
the outputs of a dense network:

    p(change of the state | state, four thrusts)        loss: -log p, in nats per step

Two comparisons show what the network adds: "no change" and the best linear model (least squares).

A state has nine numbers: velocity in the world (3, m/s), roll, pitch and yaw (3, rad), and the
angular velocity in the body (3, rad/s). The position is their integral.

Run:     ./run.sh gan_book.uses.simulator
Expect:  the network predicts a step better than a linear model does. Without new measurements its
         error grows, but hardly faster than that of the true equations: most of it are the gusts.
"""

import dataclasses
import json

import numpy as np

from graphmode import cli, config, files, sessions, tf
from graphmode.config import setting
from graphmode.report import plots, tables

PROGRAM = "gan_book.uses.simulator"
STEP = 0.02  # seconds
MASS, ARM, GRAVITY = 0.5, 0.2, 9.81  # kg, m, m/s^2
INERTIA = np.array([0.005, 0.005, 0.009])  # kg m^2
YAW_PER_THRUST = 0.02  # m: a rotor's torque around the vertical axis per newton of thrust
DRAG = 0.3  # 1/s
GUSTS = np.array([0.02] * 3 + [0.0] * 3 + [0.05] * 3)  # deviations of the changes in a step
MOST = 4 * MASS * GRAVITY / 4  # N: the most that a rotor gives, four times its share of the weight
GROUPS = {"velocity (m/s)": slice(0, 3), "angles (rad)": slice(3, 6), "rates (rad/s)": slice(6, 9)}


@dataclasses.dataclass(frozen=True)
class Flags(config.Settings):
    """The settings of the simulator."""

    output_dir: str = setting("runs/simulator", help="folder of report.html and simulator.json")
    flights: int = setting(400, at_least=20, help="recorded flights; a tenth is held out")
    seconds: float = setting(4.0, at_least=2.0, help="length of a flight")
    max_steps: int = setting(4000, at_least=1, help="training steps")
    batch_size: int = setting(256, at_least=1, help="recorded moments per training step")
    units: int = setting(64, at_least=1, help="units of each of the two hidden layers")
    seed: int = setting(0, at_least=0, help="of flights, weights and batches")


def rotations(angles):
    """Roll, pitch, yaw, [N, 3] -> matrices from the body to the world, [N, 3, 3]."""
    (sr, sp, sy), (cr, cp, cy) = np.sin(angles).T, np.cos(angles).T
    rows = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def change(states, thrusts):
    """What the equations of motion say of the next STEP seconds, without gusts.

    Args:
        states: [N, 9], see above.
        thrusts: [N, 4] newtons: front, right, back, left.

    Returns:
        [N, 9], next state minus state.
    """
    velocity, angles, rates = states[:, :3], states[:, 3:6], states[:, 6:]
    front, right, back, left = thrusts.T
    up = rotations(angles)[:, :, 2]
    acceleration = up * thrusts.sum(1, keepdims=True) / MASS - DRAG * velocity
    acceleration[:, 2] -= GRAVITY
    torque = np.stack(
        [
            ARM * (left - right),
            ARM * (back - front),
            YAW_PER_THRUST * (front + back - left - right),
        ],
        1,
    )
    # Euler's equation: the second term turns the axis of a body that spins.
    turning = (torque - np.cross(rates, rates * INERTIA)) / INERTIA
    (sr, sp), (cr, cp) = np.sin(angles[:, :2]).T, np.cos(angles[:, :2]).T
    p, q, r = rates.T
    # Rates of roll, pitch and yaw from the angular velocity of the body
    yawing = (q * sr + r * cr) / cp
    angular = np.stack([p + yawing * sp, q * cr - r * sr, yawing], 1)
    return STEP * np.concatenate([acceleration, angular, turning], 1)


def pilot(states, wishes, random):
    """The thrusts, [N, 4], that bring roll and pitch near the wishes, [N, 2], with some noise.

    Without a pilot a quadcopter falls over in a second, and the records would show only that.
    """
    wanted = 25.0 * (wishes - states[:, 3:5]) - 6.0 * states[:, 6:8]  # rad/s^2
    roll, pitch = (wanted * INERTIA[:2] / ARM / 2).T
    lift = MASS * GRAVITY / 4 * (1.0 - 0.1 * states[:, 2])
    thrusts = np.stack([lift - pitch, lift - roll, lift + pitch, lift + roll], 1)
    return np.clip(thrusts * random.uniform(0.8, 1.2, thrusts.shape), 0.0, MOST)


def record(flights, steps, random):
    """Flights: states, [flights, steps + 1, 9], and thrusts, [flights, steps, 4]."""
    states = random.normal(0.0, [0.5] * 3 + [0.2] * 3 + [0.3] * 3, [flights, 9])
    wishes = np.zeros([flights, 2])
    seen, given = [states], []
    for step in range(steps):
        if step % 25 == 0:  # each half second the pilot wishes something else
            wishes = random.uniform(-0.5, 0.5, [flights, 2])
        thrusts = pilot(states, wishes, random)
        states = states + change(states, thrusts) + random.normal(size=states.shape) * GUSTS
        seen.append(states)
        given.append(thrusts)
    return np.stack(seen, 1), np.stack(given, 1)


def features(states, thrusts):
    """[N, 9], [N, 4] -> what the network sees, [N, 16]: sines and cosines in place of angles."""
    angles = states[:, 3:6]
    return np.concatenate(
        [states[:, :3], np.sin(angles), np.cos(angles), states[:, 6:], thrusts], 1
    )


class Simulator:
    """The network. Features and changes are scaled by means and deviations of the records."""

    def __init__(self, flags, inputs, changes):
        self.flags = flags
        self.scales = inputs.mean(0), inputs.std(0) + 1e-6, changes.mean(0), changes.std(0) + 1e-6
        tf.set_random_seed(flags.seed)
        self.x = tf.placeholder(tf.float32, [None, inputs.shape[1]])
        self.y = tf.placeholder(tf.float32, [None, changes.shape[1]])
        hidden = self.x
        for _ in range(2):
            hidden = tf.layers.dense(hidden, flags.units, activation=tf.nn.elu)
        self.mean = tf.layers.dense(hidden, changes.shape[1])
        # The logarithm keeps deviations positive. The bound keeps one lucky step from infinity:
        # the angles' changes have no gusts, so that their deviation could fall for ever.
        self.log_deviation = tf.maximum(tf.layers.dense(hidden, changes.shape[1]), -5.0)
        distance = tf.square((self.y - self.mean) * tf.exp(-self.log_deviation))
        # -log of the normal density, without the constant
        self.loss = tf.reduce_mean(tf.reduce_sum(0.5 * distance + self.log_deviation, axis=1))
        step = tf.train.get_or_create_global_step()
        rate = tf.train.cosine_decay(0.002, step, flags.max_steps)
        self.step = tf.train.AdamOptimizer(rate).minimize(self.loss, global_step=step)
        self.session = sessions.session()
        self.session.run(tf.global_variables_initializer())

    def _scaled(self, inputs):
        mean, deviation, *_ = self.scales
        return (inputs - mean) / deviation

    def train(self, inputs, changes, random):
        x, (_, _, mean, deviation) = self._scaled(inputs), self.scales
        y = (changes - mean) / deviation
        for _ in range(self.flags.max_steps):
            chosen = random.integers(len(x), size=self.flags.batch_size)
            self.session.run(self.step, {self.x: x[chosen], self.y: y[chosen]})

    def __call__(self, states, thrusts):
        """Mean and deviation of the changes, [N, 9] each."""
        feed = {self.x: self._scaled(features(states, thrusts))}
        mean, log_deviation = self.session.run([self.mean, self.log_deviation], feed)
        return mean * self.scales[3] + self.scales[2], np.exp(log_deviation) * self.scales[3]


def linear(inputs, changes):
    """The least-squares model: function of (states, thrusts) -> changes, [N, 9]."""
    design = np.concatenate([inputs, np.ones([len(inputs), 1])], 1)
    weights = np.linalg.lstsq(design, changes, rcond=None)[0]
    return lambda states, thrusts: (
        np.concatenate([features(states, thrusts), np.ones([len(states), 1])], 1) @ weights
    )


def flown(states, thrusts, model, gusts=None):
    """Flies on from `states`, [N, 9], with recorded thrusts, [N, steps, 4].

    Args:
        model: function of (states, thrusts) -> changes.
        gusts: None, or function of the number of the step that returns additional changes.

    Returns:
        [N, steps + 1, 9].
    """
    path = [states]
    for step in range(thrusts.shape[1]):
        added = 0.0 if gusts is None else gusts(step)
        path.append(path[-1] + model(path[-1], thrusts[:, step]) + added)
    return np.stack(path, 1)


def errors_of(difference):
    """Group -> root mean square of the differences, [..., 9]."""
    return {
        name: float(np.sqrt(np.mean(np.square(difference[..., part]))))
        for name, part in GROUPS.items()
    }


def run(flags):
    random = np.random.default_rng(flags.seed)
    states, thrusts = record(flags.flights, round(flags.seconds / STEP), random)
    held_out = flags.flights // 10
    moments, given = states[held_out:, :-1].reshape(-1, 9), thrusts[held_out:].reshape(-1, 4)
    changes = np.diff(states[held_out:], axis=1).reshape(-1, 9)
    inputs = features(moments, given)
    with tf.Graph().as_default():
        network = Simulator(flags, inputs, changes)
        network.train(inputs, changes, random)
        models = {
            "no change": lambda states, thrusts: np.zeros_like(states),
            "linear model": linear(inputs, changes),
            "network": lambda states, thrusts: network(states, thrusts)[0],
            "equations of motion": change,
        }
        sections = compare(models, network, states[:held_out], thrusts[:held_out])
        network.session.close()
    tables.show(sections)
    results = {section.heading: list(section.rows) for section in sections}
    files.write_whole(files.path(flags.output_dir, "simulator.json"), json.dumps(results, indent=1))
    target = files.path(flags.output_dir, "report.html")
    tables.write(target, "A simulator that is learned from flights", sections)
    print(f"report: {target}")


def compare(models, network, states, thrusts):
    """The tables on held-out flights, [N, steps + 1, 9] and [N, steps, 4]."""
    moments, given = states[:, :-1].reshape(-1, 9), thrusts.reshape(-1, 4)
    changes = np.diff(states, axis=1).reshape(-1, 9)
    one_step = [
        {"model": name, **errors_of(model(moments, given) - changes)}
        for name, model in models.items()
    ]
    mean, deviation = network(moments, given)
    within = np.abs(changes - mean) < 2 * deviation
    spread = [
        {
            "group": name,
            "the network's deviation": float(np.sqrt(np.mean(np.square(deviation[:, part])))),
            "deviation of the gusts": float(np.sqrt(np.mean(np.square(GUSTS[part])))),
            "changes within two deviations": float(np.mean(within[:, part])),
        }
        for name, part in GROUPS.items()
    ]
    paths = {name: flown(states[:, 0], thrusts, model) for name, model in models.items()}
    # Another flight with the same thrusts and other gusts shows how much of the error is chance.
    random = np.random.default_rng(1)
    paths["other gusts"] = flown(
        states[:, 0], thrusts, change, lambda _: random.normal(size=[len(states), 9]) * GUSTS
    )
    seconds = [{"model": name} for name in paths]
    for row, path in zip(seconds, paths.values()):
        for moment in (0.2, 0.5, 1.0, 2.0):
            at = round(moment / STEP)
            difference = path[:, at, :3] - states[:, at, :3]
            row[f"after {moment} s"] = float(np.sqrt(np.mean(np.square(difference))))
    return [
        tables.Section(
            "One step ahead",
            f"""Root mean square errors of the predicted state after {STEP} seconds, on flights that
            the network has not seen. The equations of motion make no error but the gusts.""",
            one_step,
        ),
        tables.Section(
            "How sure the network is",
            """The network also learns how much of a change is chance: its deviation should be that
            of the gusts, and 95.4 % of normal changes are within two deviations.""",
            spread,
        ),
        tables.Section(
            "Flights without new measurements",
            """Each model flies on alone with the recorded thrusts: errors of the velocity (m/s).
            "other gusts" is the same flight in another wind: two real flights differ so much.""",
            seconds,
            plots.png(figure(paths, states)),
        ),
    ]


def figure(paths, states):
    """The forward velocity in one held-out flight, as it was and as the models say."""
    drawing = plots.figure(8, 3.5)
    axes = drawing.subplots()
    times = np.arange(states.shape[1]) * STEP
    axes.plot(times, states[0, :, 0], "k", label="recorded")
    for name in ("linear model", "network", "other gusts"):
        axes.plot(times, paths[name][0, :, 0], label=name)
    axes.set(xlabel="seconds", ylabel="velocity in x (m/s)")
    low, high = states[0, :, 0].min(), states[0, :, 0].max()
    axes.set_ylim(low - 2, high + 2)
    axes.legend()
    return drawing


def main(argv=None):
    cli.tool(PROGRAM, Flags, __doc__, run, argv)


if __name__ == "__main__":
    main()
