"""Files of TensorFlow 1.15.5 are read here; files of today have what 1.15.5 reads."""

import json
import pathlib
import shutil

import pytest

from graphmode import tf
from graphmode.old_programs import namespace
from tests.referee import exchange

pytestmark = [pytest.mark.slow, pytest.mark.referee]
FILES = pathlib.Path(__file__).parent / "files"
WRITE = "python3.7 -m tests.referee.exchange write tests/referee/files"


@pytest.fixture
def files():
    assert FILES.is_dir(), f"{FILES} is missing: {WRITE}"
    return FILES


def attributes(path):
    """The kinds of ops of a meta graph, each with the attributes that its nodes have."""
    graph = tf.MetaGraphDef()
    graph.ParseFromString(path.read_bytes())
    kinds = {}
    for node in graph.graph_def.node:
        own = {name for name in node.attr if not name.startswith("_")}
        kinds.setdefault(node.op, set()).update(own)
    return kinds


def test_files_of_tensorflow_1_15_5_are_read_here(files):
    """Ten checkpoints of six networks, graphs, records and events, by an unchanged program's tf."""
    assert json.loads((files / "facts.json").read_text())["by"] == "1.15.5"
    formats = [format for name in exchange.NETWORKS for _, format in exchange.checkpoints(name)]
    assert (len(formats), formats.count("v1")) == (10, 4)
    with namespace.installed() as tensorflow:
        assert exchange.check(str(files), tensorflow) == []


def test_files_of_today_are_read_again_and_have_attributes_that_1_15_5_knows(files, tmp_path):
    """1.15.5 reads no attribute that it does not know; `exchange check` there reads them all."""
    folder = tmp_path / "files"
    exchange.write(str(folder), names=("cae",))
    assert exchange.check(str(folder)) == []
    name = "checkpoints/cae-v2.meta"
    known, ours = attributes(files / name), attributes(folder / name)
    assert {kind: own - known[kind] for kind, own in ours.items() if own - known[kind]} == {}


def test_a_wrong_file_is_noticed(files, tmp_path):
    folder = tmp_path / "files"
    exchange.write(str(folder), names=("cae",))
    with tf.Graph().as_default(), tf.Session() as session:
        case = exchange.NETWORKS["cae"]()
        exchange.training(case.loss)
        exchange.fill(session)
        tf.trainable_variables()[0].load(0.5 * session.run(tf.trainable_variables()[0]), session)
        path = str(folder / "checkpoints" / "cae-v2")
        tf.train.Saver().save(session, path, write_meta_graph=False, write_state=False)
    shutil.copy(folder / "records-gzip.tfrecord", folder / "records-none.tfrecord")
    (folder / "frozen.pb").write_bytes(b"no graph")
    different = "\n".join(exchange.check(str(folder)))
    for place in (
        "v2: conv2d/kernel has other",
        "v2: latent differs",
        "meta graph: latent differs",
    ):
        assert place in different
    assert "check_records: " in different and "check_frozen_graph: DecodeError" in different
