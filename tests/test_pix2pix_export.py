"""An exported network: loaded by plain TensorFlow 2, and served over HTTP."""

import io
import os
import pathlib
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import zlib

import numpy as np
from PIL import Image
import pytest

from data import facades
from graphmode import images, tf
from pix2pix import __main__ as pix2pix, networks, serve

PLAIN = """
import sys, numpy, tensorflow as tf
assert tf.executing_eagerly()
model = tf.saved_model.load(sys.argv[1])
png = model.signatures["translate_file"](tf.constant(open(sys.argv[2], "rb").read()))["png"].numpy()
open(sys.argv[3], "wb").write(png)
numbers = tf.cast(tf.io.decode_png(open(sys.argv[2], "rb").read(), 3), tf.float32)[None] / 255
drawn = model.signatures["translate"](tf.concat([numbers, numbers * 0], 0))["translations"].numpy()
numpy.save(sys.argv[4], drawn)
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """runs/pix2pix, trained for two steps without dropout, so that one input has one output."""
    patch = pytest.MonkeyPatch()
    patch.setattr(networks, "DROPOUT", 0.0)
    run = tmp_path_factory.mktemp("runs") / "pix2pix"
    pix2pix.main(["--crop_size", "32", "--scale_size", "32", "--ngf", "2", "--ndf", "2", "--which_direction", "BtoA",
                  "--max_steps", "2", "--output_dir", str(run)])
    pix2pix.main(["--mode", "export", "--checkpoint", str(run)])
    patch.undo()
    return run


@pytest.fixture
def client(exported):
    return serve.application(serve.load(exported / "saved_model")).test_client()


def test_plain_tensorflow_translates_as_test_does(exported, tmp_path):
    inputs = exported / "images" / "1-inputs.png"
    subprocess.run([sys.executable, "-c", PLAIN, exported / "saved_model", inputs, tmp_path / "made.png", tmp_path / "made.npy"],
                   check=True, cwd=str(tmp_path), env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, capture_output=True)
    wanted = np.asarray(Image.open(exported / "images" / "1-outputs.png"), float)
    made, numbers = np.asarray(Image.open(tmp_path / "made.png"), float), np.load(tmp_path / "made.npy")
    # Inputs went through 8 bits on their way to the file.
    assert np.abs(made - wanted).max() <= 6 and np.abs(255 * numbers[0] - made).max() <= 0.51
    assert numbers.shape == (2, 32, 32, 3)


def test_a_folder_is_exported_once(exported, capsys):
    with pytest.raises(SystemExit) as stopped:
        pix2pix.main(["--mode", "export", "--checkpoint", str(exported)])
    assert stopped.value.code == 2 and "saved_model exists already" in capsys.readouterr().err


def test_page_has_the_labels(client):
    page = client.get("/").get_data(as_text=True)
    assert all(name in page for name in facades.LABELS) and "#007fff" in page


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_a_picture_comes_back_translated(client, file_format):
    buffer = io.BytesIO()
    Image.fromarray(facades.draw(50, 0)[1]).save(buffer, file_format)
    answer = client.post("/translate", data=buffer.getvalue())
    assert answer.status_code == 200 and answer.mimetype == "image/png"
    assert Image.open(io.BytesIO(answer.data)).size == (32, 32)


def bomb():
    """A PNG of 60,000 x 60,000 pixels in a few bytes: its head, and nothing."""
    small = images.png(np.zeros([2, 2, 3], np.uint8))
    head = b"IHDR" + (60000).to_bytes(4, "big") * 2 + small[24:29]
    return small[:12] + head + zlib.crc32(head).to_bytes(4, "big") + small[33:]


@pytest.mark.parametrize("uploaded, status, words", [
    (b"", 400, "nothing was sent"), (b"GIF89a", 400, "no picture"), (b"<svg onload=alert(1)>", 400, "no picture"),
    (images.png(np.random.default_rng(0).integers(0, 256, [30, 30, 3], np.uint8))[:900], 400, "cut short"),
    (bomb(), 400, "too many|exceeds limit"),
    (bytes(serve.MOST_BYTES + 1), 413, "too many")])
def test_bad_uploads_are_refused_in_one_line(client, uploaded, status, words):
    answer = client.post("/translate", data=uploaded)
    text = answer.get_data(as_text=True)
    assert answer.status_code == status and answer.mimetype == "text/plain"
    assert re.search(words, text) and text.count("\n") == 1


@pytest.mark.parametrize("path, status", [("/translate", 405), ("/etc/passwd", 404), ("/../setup.py", 404)])
def test_nothing_else_is_served(client, path, status):
    assert client.get(path).status_code == status


def test_another_kind_of_network_is_refused_before_anything_is_served(tmp_path, capsys):
    x = tf.placeholder(tf.float32, [None, 4, 4, 3])
    with tf.Session() as session:
        tf.saved_model.simple_save(session, str(tmp_path / "other"), {"images": x}, {"translations": tf.identity(x)})
    with pytest.raises(SystemExit) as stopped:
        serve.main(["--model", str(tmp_path / "other")])
    assert stopped.value.code == 2 and "no export of pix2pix: it has no signature `translate`" in capsys.readouterr().err


def test_a_folder_without_a_network_is_an_error(tmp_path, capsys):
    with pytest.raises(SystemExit) as stopped:
        serve.main(["--model", str(tmp_path)])
    assert stopped.value.code == 2 and "holds no saved_model.pb" in capsys.readouterr().err


def test_server_listens_on_this_machine_alone(exported):
    root = pathlib.Path(__file__).parents[1]
    command = [sys.executable, "-m", "pix2pix.serve", "--model", str(exported / "saved_model"), "--port", "0"]
    with subprocess.Popen(command, cwd=str(root), stdout=subprocess.PIPE, text=True) as server:
        try:
            address, port = re.search(r"(http://127\.0\.0\.1:(\d+)/)", server.stdout.readline()).groups()
            with urllib.request.urlopen(address, timeout=20) as page:
                assert b"<canvas" in page.read()
            for upload, status in ((b"no picture", 400), (bytes(serve.MOST_BYTES + 1), 413)):
                with pytest.raises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(address + "translate", upload, timeout=20)
                assert refused.value.code == status and refused.value.read().count(b"\n") == 1
            # Another of this machine's own addresses.
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.2", int(port)), timeout=20)
        finally:
            server.terminate()


def test_a_failing_network_is_one_line():
    def broken(picture):
        raise RuntimeError("secret")
    answer = serve.application(broken).test_client().post("/translate", data=images.png(np.zeros([9, 9, 3], np.uint8)))
    assert answer.status_code == 500 and answer.get_data(as_text=True).count("\n") == 1 and b"secret" not in answer.data


def test_large_pictures_are_shrunk_before_the_network():
    seen = []
    client = serve.application(lambda picture: seen.append(picture.shape) or picture[:8, :8]).test_client()
    assert client.post("/translate", data=images.png(np.zeros([2000, 1500, 3], np.uint8))).status_code == 200
    assert seen == [(1000, 750, 3)]
