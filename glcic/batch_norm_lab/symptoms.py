"""What is seen because of each mistake with a batch norm: accuracy in training and in the test.

Each program of `mistakes` and its corrected twin learn to read digits. Both are measured as the
program itself does it, and also with the moving and with the batch's statistics.
"""

import tempfile

import numpy as np

from data import feeds
from glcic.batch_norm_lab.mistakes import MISTAKES
from graphmode import files, tf
from graphmode.report import tables

TEST_IMAGES = 1000
ALONE = 200  # images that are tested one at a time
BATCH = 100  # images that are tested together
LOST = 0.1  # a smaller loss of accuracy may be chance
TRAINING, TEST, ALONE_TEST = "training", "test", "test, one image at a time"
MOVING, STATISTICS = "with moving statistics", "with the batch's"

TITLE = "Batch norm: from the symptom to the mistake"
ANSWER = """Each small program makes one mistake with its batch norm. Find what you see in the first
table; it names the mistakes that look so.

To find the line of your own program: ./run.sh run --batch_norm SCRIPT."""

# Symptom -> what to think of it. `symptom_of` chooses.
SYMPTOMS = {
    "The network does not train": "The loss stays where it is, or nearly so.",
    "Good in training, bad in the test; good with the batch's statistics": (
        "The weights are good, the moving averages are not."
    ),
    "Good in training, bad in the test with both statistics": (
        "The test does not have the weights of the training."
    ),
    "The program's test is bad, but good with moving statistics": (
        "The averages are good, and the test does not use them."
    ),
    "Good in large batches, bad one image at a time": "The test uses the statistics of its batch.",
    "Bad with the batch's statistics only": (
        "The network was trained without the batch's statistics."
    ),
    "No loss of accuracy here": "It costs memory or time, or does harm in other programs.",
}


def programs(api):
    """(mistake, api) of the programs that are trained: with `api`, where the mistake can be made.

    The training switch's default differs, so that program is trained with all APIs.
    """
    for mistake in MISTAKES.values():
        several = mistake.apis if mistake.name == "left_at_default" else ()
        for one in several or [api if api in mistake.apis else mistake.apis[0]]:
            yield mistake, one


def rows(digits, api="layers", seed=0, tell=lambda text: None):
    """Trains all programs.

    Args:
        digits: a `data.Digits`.
        api: see `programs`.
        tell: called with a line after each program and its twin.

    Returns:
        A row for each program with a mistake. Each accuracy is "wrong / corrected", in %; `-`
        stands for a number that the program cannot have.
    """
    made = []
    for mistake, one in programs(api):
        wrong, twin = (
            accuracies(mistake, one, is_wrong, digits, seed) for is_wrong in (True, False)
        )
        row = {"symptom": symptom_of(wrong, twin), "mistake": mistake.title, "batch norm": one}
        row.update({name: f"{_percent(wrong[name])} / {_percent(twin[name])}" for name in wrong})
        made.append(row)
        tell(f"{mistake.title} ({one}): {row['symptom']}")
    return sorted(made, key=lambda row: list(SYMPTOMS).index(row["symptom"]))


def sections(rows):
    """Yields the page: from the symptoms to the mistakes, then the numbers of each symptom."""
    grouped = {symptom: [row for row in rows if row["symptom"] == symptom] for symptom in SYMPTOMS}
    first = [
        {
            "what you see": symptom,
            "what it means": SYMPTOMS[symptom],
            "mistakes that look so": "; ".join(dict.fromkeys(row["mistake"] for row in group)),
        }
        for symptom, group in grouped.items()
        if group
    ]
    yield tables.Section("What you see", "", first)
    for symptom, group in grouped.items():
        if group:
            text = f"{SYMPTOMS[symptom]} Accuracy in %: with the mistake / corrected."
            shown = [
                # A line of a narrow column does not end inside of "39 / 100".
                {
                    name: row[name].replace(" / ", "\u00a0/\u00a0")
                    for name in row
                    if name != "symptom"
                }
                for row in group
            ]
            yield tables.Section(symptom, text, shown)


def _percent(fraction):
    return "-" if fraction is None else f"{100 * fraction:.0f}"


def symptom_of(wrong, twin):
    """A key of `SYMPTOMS`; wrong, twin: see `accuracies`."""

    def lost(name):
        return (
            wrong[name] is not None and twin[name] is not None and twin[name] - wrong[name] > LOST
        )

    training, averages, weights, unused, alone, without, none = SYMPTOMS
    if lost(TRAINING):
        return training
    if lost(TEST) or lost(MOVING):
        if not lost(MOVING):
            return unused
        return weights if lost(STATISTICS) else averages
    if lost(ALONE_TEST):
        return alone
    return without if lost(STATISTICS) else none


def accuracies(mistake, api, wrong, digits, seed=0):
    """Trains one program, in its own graph.

    Returns:
        Column -> fraction of the images that are read correctly, or None. "test" is as the program
        does it, with all images of a batch together; a graph may fix the batch's size.
    """
    images, labels = _scaled(digits.test_images[:TEST_IMAGES]), digits.test_labels[:TEST_IMAGES]
    known = _scaled(digits.train_images[:TEST_IMAGES]), digits.train_labels[:TEST_IMAGES]
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(seed)
        program = mistake.build(api, wrong)
        reads = [
            _reader(session, program, logits, is_training)
            for logits, is_training in ((program.logits, True), (program.test_logits, False))
        ]
        initialize = tf.global_variables_initializer()
        session.run(initialize)
        _train(session, program, digits, seed)
        measured = {TRAINING: _accuracy(reads[0], *known, program.batch_size)}
        if program.saver:
            _save_and_restore(session, program, initialize, digits, seed)
        read = reads[1]
        fixed = program.images.shape.as_list()[0]
        measured[TEST] = _accuracy(read, images, labels, fixed or BATCH)
        measured[ALONE_TEST] = None
        if not fixed or fixed == 1:
            measured[ALONE_TEST] = _accuracy(read, images[:ALONE], labels[:ALONE], 1)
        values = {v.op.name: session.run(v) for v in tf.global_variables()}
    for name, is_training in ((MOVING, False), (STATISTICS, True)):
        measured[name] = _with_statistics(program.network, is_training, values, images, labels)
    return measured


def _scaled(images):
    """uint8 [N, 28, 28] -> float32 [N, 28, 28, 1] in [-1, 1]."""
    return images[..., None].astype(np.float32) / 127.5 - 1


def _train(session, program, digits, seed):
    """Trains a program for its own number of steps; its variables have their first values."""
    choose = feeds.shuffled(len(digits.train_images), program.batch_size, seed)
    for step in range(program.steps):
        chosen = choose(step)
        feed = _feed(program, _scaled(digits.train_images[chosen]), digits.train_labels[chosen])
        for train_op in program.train_ops:
            session.run(train_op, feed)


def _feed(program, images, labels, is_training=True):
    feed = {program.images: images, program.labels: labels}
    if program.is_training is not None:
        feed[program.is_training] = is_training
    return feed


def _reader(session, program, logits, is_training):
    """A function: images, labels -> the digits that the program reads."""
    chosen = tf.argmax(logits, axis=1)
    return lambda *batch: session.run(chosen, _feed(program, *batch, is_training))


def _accuracy(read, images, labels, size):
    """The fraction of correct digits, read in batches of `size`."""
    starts = range(0, len(images) - size + 1, size)
    digits = [read(images[at : at + size], labels[at : at + size]) for at in starts]
    return float(np.mean(np.concatenate(digits) == labels[: size * len(starts)]))


def _save_and_restore(session, program, initialize, digits, seed):
    """Writes the checkpoint and reads it into new variables, as a test program would."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(files.path(folder, "model"))
        if program.source:
            with tf.Graph().as_default(), tf.Session() as other:
                tf.set_random_seed(seed)
                source = MISTAKES["not_saved"].build(program.source, False)
                other.run(tf.global_variables_initializer())
                _train(other, source, digits, seed)
                source.saver.save(other, path)
        else:
            program.saver.save(session, path)
        session.run(initialize)
        (program.restorer or program.saver).restore(session, path)


def _with_statistics(network, is_training, values, images, labels):
    """The accuracy of the trained network with the batch's statistics, or with the moving ones.

    None if the network has no moving ones.

    Args:
        network: see `mistakes.frame.Program`.
        values: name of a variable -> its value.
    """
    with tf.Graph().as_default(), tf.Session() as session:
        tf.set_random_seed(0)
        x = tf.placeholder(tf.float32, [BATCH, 28, 28, 1])
        y = tf.placeholder(tf.int64, [BATCH])
        chosen = tf.argmax(network(x, y, is_training), axis=1)
        variables = tf.global_variables()
        if not is_training and not any("moving_mean" in v.op.name for v in variables):
            return None
        for variable in variables:
            variable.load(values[variable.op.name], session)
        return _accuracy(
            lambda *batch: session.run(chosen, dict(zip((x, y), batch))), images, labels, BATCH
        )
