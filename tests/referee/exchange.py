"""Files of one TensorFlow, read by the other: checkpoints, graphs, records and event files.

    python -m tests.referee.exchange write FOLDER
    python -m tests.referee.exchange check FOLDER     prints what differs; exit status 1 if any

Both work under TensorFlow 1.15.5 (on Python 3.7) and under today's. `files/` was written by
TensorFlow 1.15.5; the suite checks it. The other direction needs both: write here, check there.
"""

import importlib
import json
import os
import shutil
import sys
import tempfile

import numpy as np

if sys.version_info < (3, 8):
    from tests.referee import stub  # noqa: F401  (before the project's modules)
from graphmode import tf as own_tf
from tests.referee.facts import described, numbers
from tests.referee.small_networks import NETWORKS, fill, generator, training, value

V1_TOO = ("dcgan", "cgan", "glcic", "pix2pix")  # also in the checkpoint format of version 1
# The graphs of these are written, too, with their training, and fed with these arrays.
TRAINED = {
    "cae": {"IMAGE_IN:0": numbers("digits", 2, 784, low=0.0)},
    "dcgan": {"IMAGE_IN:0": numbers("digits", 4, 784), "NOISE_IN:0": numbers("z", 4, 8)},
}
# What TensorFlow 1.15.5 cannot do with files of today.
NOT_THERE = {
    "dcgan": "today's fused batch norm gets the moving averages in training; 1.15.5 refuses them",
}
# Attributes that 1.15.5 does not know or reads otherwise. They do not change what is computed.
HINTS = ("grad_a", "grad_b", "grad_x", "grad_y", "_output_shapes")
LATEST = "cae-v2"
STEPS = 3
TOLERANCE = 2e-5  # of the norm: float32, other kernels
EXAMPLES = 7
COMPRESSIONS = {"none": "", "gzip": "GZIP", "zlib": "ZLIB"}
EVENTS = "events.out.tfevents.1.referee"


def write(folder, tf=own_tf, names=tuple(NETWORKS)):
    """Writes all files, of the networks `names`, into a new folder."""
    os.makedirs(os.path.join(folder, "checkpoints"))
    written = {"by": tf.__version__, "networks": {}}
    for name in names:
        written["networks"][name] = _write_network(folder, name, tf)
    tf.train.update_checkpoint_state(os.path.join(folder, "checkpoints"), LATEST)
    written["generator"] = write_generator(folder, tf)
    write_records(folder, tf)
    write_events(folder, tf)
    with open(os.path.join(folder, "facts.json"), "w") as file:
        json.dump(written, file, indent=0, sort_keys=True)
        file.write("\n")


def check(folder, tf=own_tf):
    """Reads all files of a folder.

    Args:
        folder: written by `write`, under any TensorFlow.
        tf: the TensorFlow that reads; here `graphmode.tf`, or the one of `namespace.installed()`.

    Returns:
        What differs from what `write` wrote, a list of strings.
    """
    with open(os.path.join(folder, "facts.json")) as file:
        written = json.load(file)
    networks = written["networks"]
    there = _old(tf.__version__) and not _old(written["by"])
    trained = [name for name in TRAINED if not (there and name in NOT_THERE)]
    parts = [(_check_network, [name, networks[name]]) for name in networks]
    parts += [(check_meta_graph, [name, networks[name]]) for name in trained if name in networks]
    parts += [(part, [written["generator"]]) for part in (check_frozen_graph, check_saved_model)]
    parts += [(part, []) for part in (check_latest_checkpoint, check_records, check_events)]
    different = []
    for part, arguments in parts:
        try:
            different += part(folder, *arguments, tf)
        except Exception as error:  # of whatever kind: the other files are still checked
            names = [part.__name__, *(name for name in arguments if isinstance(name, str))]
            different.append(f"{' '.join(names)}: {type(error).__name__}: {str(error)[:300]}")
    return different


def _old(version):
    return version.startswith("1.")


def checkpoints(name):
    """The files of a network's checkpoints, without their endings, and the format of each."""
    formats = ["v2", "v1"] if name in V1_TOO else ["v2"]
    return [(f"checkpoints/{name}-{format}", format) for format in formats]


def _variables(tf):
    return {v.op.name: v.shape.as_list() for v in tf.global_variables()}


def _write_network(folder, name, tf):
    """Writes the checkpoints of a network; of `TRAINED` also the graph. Returns its facts."""
    with tf.Graph().as_default(), tf.Session() as session:
        case = NETWORKS[name]()
        if name in TRAINED:
            tf.add_to_collection("train", training(case.loss))
            for _, tensor in sorted(case.outputs.items()):
                tf.add_to_collection("outputs", tensor)
        saver = tf.train.Saver()
        fill(session)
        written = {"variables": _variables(tf)}
        for path, format in checkpoints(name):
            if format == "v1":
                saver = tf.train.Saver(write_version=tf.train.SaverDef.V1)
            path = os.path.join(folder, path)
            saver.save(session, path, write_meta_graph=False, write_state=False)
            if name in TRAINED and format == "v2":
                _write(path + ".meta", _meta_graph(tf, saver.as_saver_def()))
        written["outputs"] = _described(session.run(case.outputs, case.feed))
        if name in TRAINED:
            [step] = tf.get_collection("train")
            written["trained"] = _described(_trained(session, step, case.feed, tf))
        return written


def _described(values):
    return {name: described(array) for name, array in values.items()}


def _trained(session, step, feed, tf):
    """The trainable variables after some steps."""
    for _ in range(STEPS):
        session.run(step, feed)
    return session.run({v.op.name: v for v in tf.trainable_variables()})


def _write(path, message):
    """Writes a protocol buffer, the same bytes each time."""
    with open(path, "wb") as file:
        file.write(message.SerializeToString(deterministic=True))


def _meta_graph(tf, saver_def=None):
    """The current graph. If it is of today, 1.15.5 can read it: it knows all attributes."""
    if _old(tf.__version__):
        return tf.train.export_meta_graph(saver_def=saver_def)
    meta_graph = tf.train.export_meta_graph(saver_def=saver_def, strip_default_attrs=True)
    for node in meta_graph.graph_def.node:
        for hint in HINTS:
            node.attr.pop(hint, None)
    return meta_graph


def write_generator(folder, tf=own_tf):
    """Writes a frozen graph and a SavedModel of the DCGAN's generator. Returns its facts."""
    with tf.Graph().as_default(), tf.Session() as session:
        z, sample = generator()
        fill(session)
        frozen = tf.graph_util.convert_variables_to_constants(
            session, _meta_graph(tf).graph_def, ["SAMPLE_OUT"]
        )
        _write(os.path.join(folder, "frozen.pb"), frozen)
        tf.saved_model.simple_save(
            session, os.path.join(folder, "saved_model"), {"z": z}, {"sample": sample}
        )
        path = os.path.join(folder, "saved_model", "saved_model.pb")
        saved = importlib.import_module("tensorflow.core.protobuf.saved_model_pb2").SavedModel()
        with open(path, "rb") as file:
            saved.ParseFromString(file.read())
        _write(path, saved)
        return _described(session.run({"sample": sample}, {z: numbers("z", 4, 8)}))


def _check_network(folder, name, written, tf):
    """The checkpoints of a network: names, values, and what the restored network computes."""
    different = []
    with tf.Graph().as_default(), tf.Session() as session:
        case = NETWORKS[name]()
        if name in TRAINED:
            training(case.loss)
        expected, saver = _variables(tf), tf.train.Saver()
        initializer = tf.global_variables_initializer()
        if expected != written["variables"]:
            different.append(f"{name}: other variables: {expected} and {written['variables']}")
        for path, _ in checkpoints(name):
            path = os.path.join(folder, path)
            different += _check_values(path, expected, tf)
            # What one checkpoint restores must not be taken for that of the next.
            session.run(initializer)
            saver.restore(session, path)
            values = session.run(case.outputs, case.feed)
            different += _compared(path, written["outputs"], values)
    return different


def _check_values(path, expected, tf):
    reader = tf.train.NewCheckpointReader(path)
    found = reader.get_variable_to_shape_map()
    if found != expected:
        return [f"{path}: other names or shapes: {found} and {expected}"]
    return [
        f"{path}: {name} has other values"
        for name, shape in expected.items()
        if not np.array_equal(reader.get_tensor(name), value(name, shape).astype(np.float32))
    ]


def _compared(where, written, values):
    """The descriptions that differ by more than `TOLERANCE`."""
    different = []
    for name, known in written.items():
        now = described(values[name])
        pairs = list(zip(known["values"], now["values"]))
        pairs += [(known[key], now[key]) for key in ("norm", "product")]
        error = max(abs(a - b) for a, b in pairs) / max(known["norm"], 1e-6)
        if known["shape"] != now["shape"] or not error < TOLERANCE:
            different.append(f"{where}: {name} differs by {error:.1e}")
    return different


def check_latest_checkpoint(folder, tf=own_tf):
    """The file `checkpoint` names the latest one, wherever the folder is now."""
    latest = tf.train.latest_checkpoint(os.path.join(folder, "checkpoints"))
    expected = os.path.join(folder, "checkpoints", LATEST)
    return [] if latest == expected else [f"latest_checkpoint: {latest}, not {expected}"]


def check_meta_graph(folder, name, written, tf=own_tf):
    """The graph with its training goes on from the checkpoint, without the program."""
    path = os.path.join(folder, "checkpoints", f"{name}-v2")
    with tf.Graph().as_default(), tf.Session() as session:
        saver = tf.train.import_meta_graph(path + ".meta")
        saver.restore(session, path)
        outputs = dict(zip(sorted(written["outputs"]), tf.get_collection("outputs")))
        values = session.run(outputs, TRAINED[name])
        different = _compared(f"{name}, meta graph", written["outputs"], values)
        [step] = tf.get_collection("train")
        trained = _trained(session, step, TRAINED[name], tf)
    return different + _compared(f"{name}, meta graph, trained", written["trained"], trained)


def check_frozen_graph(folder, written, tf=own_tf):
    """A graph whose weights are constants."""
    graph = tf.GraphDef()
    with open(os.path.join(folder, "frozen.pb"), "rb") as file:
        graph.ParseFromString(file.read())
    with tf.Graph().as_default(), tf.Session() as session:
        tf.import_graph_def(graph, name="")
        values = session.run({"sample": "SAMPLE_OUT:0"}, {"NOISE_IN:0": numbers("z", 4, 8)})
    return _compared("frozen graph", written, values)


def check_saved_model(folder, written, tf=own_tf):
    """A SavedModel, read by its signature."""
    with tf.Graph().as_default(), tf.Session() as session:
        path = os.path.join(folder, "saved_model")
        model = tf.saved_model.loader.load(session, [tf.saved_model.tag_constants.SERVING], path)
        signature = model.signature_def["serving_default"]
        z, sample = signature.inputs["z"].name, signature.outputs["sample"].name
        values = session.run({"sample": sample}, {z: numbers("z", 4, 8)})
    return _compared("SavedModel", written, values)


def _example(number):
    """What the example of a number holds: feature -> list."""
    return {
        "label": [number, -number],
        "pixels": numbers(f"record {number}", 5).tolist(),
        "name": [b"record " + bytes([number]) * number],
    }


def write_records(folder, tf=own_tf):
    """TFRecords of examples, not compressed and compressed."""
    for kind, compression in COMPRESSIONS.items():
        path = os.path.join(folder, f"records-{kind}.tfrecord")
        options = tf.python_io.TFRecordOptions(
            getattr(tf.python_io.TFRecordCompressionType, compression or "NONE")
        )
        with tf.python_io.TFRecordWriter(path, options) as writer:
            for number in range(EXAMPLES):
                features = _example(number)
                example = tf.train.Example(
                    features=tf.train.Features(
                        feature={
                            "label": tf.train.Feature(
                                int64_list=tf.train.Int64List(value=features["label"])
                            ),
                            "pixels": tf.train.Feature(
                                float_list=tf.train.FloatList(value=features["pixels"])
                            ),
                            "name": tf.train.Feature(
                                bytes_list=tf.train.BytesList(value=features["name"])
                            ),
                        }
                    )
                )
                writer.write(example.SerializeToString(deterministic=True))


def check_records(folder, tf=own_tf):
    """Reads them with the reader of input queues, as programs of the time do."""
    different = []
    for kind, compression in COMPRESSIONS.items():
        path = os.path.join(folder, f"records-{kind}.tfrecord")
        options = tf.python_io.TFRecordOptions(
            getattr(tf.python_io.TFRecordCompressionType, compression or "NONE")
        )
        with tf.Graph().as_default(), tf.Session() as session:
            queue = tf.train.string_input_producer([path], num_epochs=1, shuffle=False)
            _, record = tf.TFRecordReader(options=options).read(queue)
            features = {
                "label": tf.FixedLenFeature([2], tf.int64),
                "pixels": tf.FixedLenFeature([5], tf.float32),
                "name": tf.FixedLenFeature([1], tf.string),
            }
            example = tf.parse_single_example(record, features)
            session.run(tf.local_variables_initializer())
            coordinator = tf.train.Coordinator()
            threads = tf.train.start_queue_runners(session, coordinator)
            read = [session.run(example) for _ in range(EXAMPLES)]
            coordinator.request_stop()
            coordinator.join(threads)
        read = [{key: array.tolist() for key, array in one.items()} for one in read]
        if read != [_example(number) for number in range(EXAMPLES)]:
            different.append(f"{path}: other examples")
    return different


def _pixels():
    return (numbers("event", 1, 6, 5, 3, low=0.0) * 255).astype(np.uint8)


def write_events(folder, tf=own_tf):
    """An event file of scalars, a histogram and an image in each of three steps."""
    temporary = tempfile.mkdtemp()
    with tf.Graph().as_default(), tf.Session() as session:
        scalar = tf.placeholder(tf.float32, [])
        tf.summary.scalar("loss", scalar)
        tf.summary.histogram("weights", tf.constant(numbers("histogram", 100)) * scalar)
        tf.summary.image("picture", tf.constant(_pixels()))
        summary = tf.summary.merge_all()
        with tf.summary.FileWriter(temporary) as writer:
            for step in range(STEPS):
                writer.add_summary(session.run(summary, {scalar: step + 0.25}), step)
    # The same events again, with fixed times: the file is the same whenever it is written.
    [name] = os.listdir(temporary)
    with tf.python_io.TFRecordWriter(os.path.join(folder, EVENTS)) as writer:
        for event in tf.train.summary_iterator(os.path.join(temporary, name)):
            event.wall_time = 1.5e9 + event.step
            writer.write(event.SerializeToString())
    shutil.rmtree(temporary)


def check_events(folder, tf=own_tf):
    """Reads it: each step's scalar, the histogram's sums, the image's pixels."""
    read = {}
    with tf.Graph().as_default(), tf.Session() as session:
        for event in tf.train.summary_iterator(os.path.join(folder, EVENTS)):
            for entry in event.summary.value:
                kind = entry.WhichOneof("value")
                content = getattr(entry, kind)
                if kind == "histo":
                    content = [content.num, round(content.sum, 4), round(content.sum_squares, 4)]
                if kind == "image":
                    image = tf.image.decode_png(content.encoded_image_string)
                    content = session.run(image).tolist()
                read[event.step, entry.tag] = content
    expected = {}
    for step in range(STEPS):
        weights = numbers("histogram", 100) * np.float32(step + 0.25)
        weights = weights.astype(np.float64)
        sums = [100.0, round(weights.sum(), 4), round((weights**2).sum(), 4)]
        expected.update({(step, "loss"): step + 0.25, (step, "weights"): sums})
        expected[step, "picture/image/0"] = _pixels()[0].tolist()
    if read == expected:
        return []
    keys = [key for key in {**read, **expected} if read.get(key) != expected.get(key)]
    return [f"event file: other values of {sorted(keys)}"]


def main(action, folder):
    own_tf.logging.set_verbosity("ERROR")
    if action == "write":
        write(folder)
        return 0
    different = check(folder)
    print("\n".join(different) or "all files are read, and their contents are the same")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
