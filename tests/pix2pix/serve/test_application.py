"""The server: its answers over WSGI, and one over HTTP."""

import io
import re
import shutil
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
import zlib

import numpy as np
import pytest
from PIL import Image

from data.drawn import facades
from graphmode import doctor, tf
from graphmode.report import images
from pix2pix.serve import __main__ as serve
from pix2pix.serve import application, decoding


@pytest.fixture(scope="module")
def network(exported):
    return application.load(exported / "saved_model")


@pytest.fixture(scope="module")
def decode():
    decoders = decoding.Decoders()
    yield decoders.decode
    decoders.close()


@pytest.fixture
def client(network, decode):
    return application.create(network, decode, ["Mybox"]).test_client()


def black(height, width):
    return images.png(np.zeros([height, width, 3], np.uint8))


def test_the_page_has_the_labels(client):
    page = client.get("/").get_data(as_text=True)
    assert all(name in page for name in facades.LABELS) and "#007fff" in page


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
def test_an_image_comes_back_translated(client, file_format):
    buffer = io.BytesIO()
    Image.fromarray(facades.draw(50, 0)[1]).save(buffer, file_format)
    answer = client.post("/translate", data=buffer.getvalue())
    assert answer.status_code == 200 and answer.mimetype == "image/png"
    assert Image.open(io.BytesIO(answer.data)).size == (32, 32)


def bomb():
    """A PNG file of 60,000 x 60,000 pixels: its head only."""
    small = black(2, 2)
    head = b"IHDR" + (60000).to_bytes(4, "big") * 2 + small[24:29]
    return small[:12] + head + zlib.crc32(head).to_bytes(4, "big") + small[33:]


def cut_short():
    noise = np.random.default_rng(0).integers(0, 256, [30, 30, 3], np.uint8)
    return images.png(noise)[:900]


@pytest.mark.parametrize(
    "upload, status, words",
    [
        (b"", 400, "nothing was sent"),
        (b"GIF89a", 400, "not an image"),
        (b"<svg onload=alert(1)>", 400, "not an image"),
        (cut_short(), 400, "cut short"),
        (bomb(), 400, "too many|exceeds limit"),
        (bytes(application.MAX_BYTES + 1), 413, "too large"),
    ],
)
def test_bad_uploads_are_refused_in_one_line(client, upload, status, words):
    answer = client.post("/translate", data=upload)
    text = answer.get_data(as_text=True)
    assert answer.status_code == status and answer.mimetype == "text/plain"
    assert re.search(words, text) and text.count("\n") == 1


def test_a_form_is_refused(client):
    form = {"file": (io.BytesIO(black(9, 9)), "a.png")}
    answer = client.post("/translate", data=form, content_type="multipart/form-data")
    assert answer.status_code == 400 and b"send the image's bytes" in answer.data


@pytest.mark.parametrize(
    "path, status", [("/translate", 405), ("/etc/passwd", 404), ("/../setup.py", 404)]
)
def test_nothing_else_is_served(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status and answer.get_data(as_text=True).count("\n") == 1


def test_a_failing_network_is_one_line(decode):
    def broken(image):
        raise RuntimeError("secret")

    client = application.create(broken, decode).test_client()
    answer = client.post("/translate", data=black(9, 9))
    assert answer.status_code == 500 and answer.get_data(as_text=True).count("\n") == 1
    assert b"secret" not in answer.data


def test_large_images_are_reduced_before_the_network(decode):
    shapes = []

    def network(image):
        shapes.append(image.shape)
        return image[:8, :8]

    client = application.create(network, decode).test_client()
    assert client.post("/translate", data=black(2000, 1500)).status_code == 200
    assert shapes == [(1000, 750, 3)]


def test_too_many_large_images_are_refused():
    def busy(upload, aside):
        raise decoding.Busy

    answer = application.create(None, busy).test_client().post("/translate", data=b"x")
    assert answer.status_code == 503 and b"send a smaller one" in answer.data


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:9", "10.1.2.3", "mybox:1"])
def test_addresses_and_own_names_are_served(client, host):
    assert client.get("/", headers={"Host": host}).status_code == 200
    page = f"http://{host.upper()}"
    assert client.get("/", headers={"Host": host, "Origin": page}).status_code == 200


@pytest.mark.parametrize(
    "headers, words",
    [
        ({"Host": "evil.example:8000"}, "the host 'evil.example:8000' is not this server"),
        ({"Host": ""}, "the host '' is not"),
        ({"Host": "evil.example@127.0.0.1"}, "is not this server"),
        ({"Host": "127.0.0.1.evil.example"}, "is not this server"),
        ({"Origin": "http://evil.example"}, "a page of http://evil.example must not use"),
        ({"Origin": "http://localhost:3000"}, "a page of http://localhost:3000 must not use"),
        ({"Origin": "null"}, "a page of null must not"),
        ({"Origin": "http://["}, "must not"),
    ],
)
def test_other_hosts_and_pages_of_others_are_refused(client, headers, words):
    """DNS rebinding, and a page elsewhere that uses the server through a visitor's browser."""
    for answer in (
        client.get("/", headers=headers),
        client.post("/translate", data=black(9, 9), headers=headers),
    ):
        text = answer.get_data(as_text=True)
        assert answer.status_code == 403 and words in text and text.count("\n") == 1


@pytest.mark.parametrize("path, status", [("/", 200), ("/none", 404), ("/translate", 405)])
def test_every_answer_says_what_a_browser_may_do(client, path, status):
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    rules = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in rules and "frame-ancestors 'none'" in rules
    assert "unsafe" not in rules


def test_the_page_has_no_style_or_script_that_its_policy_forbids(client):
    page = client.get("/").get_data(as_text=True)
    assert " style=" not in page and not re.search(r"\son\w+=", page)


@pytest.fixture
def refused(capsys):
    """Runs the server, which must end with status 2. Returns its last line."""

    def expect(*arguments):
        with pytest.raises(SystemExit) as stopped:
            serve.main(list(map(str, arguments)))
        assert stopped.value.code == 2
        return capsys.readouterr().err.splitlines()[-1]

    return expect


def test_a_network_of_another_kind_is_refused(tmp_path, refused):
    x = tf.placeholder(tf.float32, [None, 4, 4, 3])
    with tf.Session() as session:
        ends = {"images": x}, {"translations": tf.identity(x)}
        tf.saved_model.simple_save(session, str(tmp_path / "other"), *ends)
    line = refused("--model", tmp_path / "other")
    assert "is not an export of pix2pix: it has the signatures serving_default" in line


def test_the_name_of_a_folder_may_look_like_a_pattern(exported, tmp_path):
    shutil.copytree(exported / "saved_model", tmp_path / "a[1]*")
    assert application.load(tmp_path / "a[1]*")(np.zeros([9, 9, 3])).shape == (32, 32, 3)


def test_a_folder_without_a_network_is_an_error(tmp_path, refused):
    assert "holds no saved_model.pb" in refused("--model", tmp_path)
    assert "--model is missing" in refused()


def test_a_missing_library_is_an_error_with_the_cure(exported, refused, monkeypatch):
    monkeypatch.delitem(sys.modules, "pix2pix.serve.connections", raising=False)
    monkeypatch.setitem(sys.modules, "waitress", None)
    assert "pip install waitress" in refused("--model", exported / "saved_model")


def test_a_port_in_use_is_an_error(exported, refused):
    """--host, --port"""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refused("--model", exported / "saved_model", "--port", port)
    assert f"cannot listen at 127.0.0.1:{port}" in line
    line = refused("--model", exported / "saved_model", "--host", "no host", "--port", 0)
    assert "cannot listen at no host:0" in line


def test_the_server_listens_on_this_machine_only(network, monkeypatch, capsys):
    """--port 0 finds a free one."""
    waitress, servers = doctor.library("waitress", "waitress"), []
    create = waitress.create_server

    def created(*arguments, **more):
        servers.append(create(*arguments, **more))
        return servers[0]

    monkeypatch.setattr(waitress, "create_server", created)
    monkeypatch.setattr(application, "load", lambda folder: network)
    flags = serve.Flags(model="folder", port=0, names="a, other.example")  # --names
    thread = threading.Thread(target=serve.serve, args=[flags], daemon=True)
    thread.start()
    try:
        printed, end = "", time.monotonic() + 60
        while "\n" not in printed and time.monotonic() < end:
            time.sleep(0.01)
            printed += capsys.readouterr().out
        address, port = re.search(r"(http://127\.0\.0\.1:(\d+)/)", printed).groups()
        with urllib.request.urlopen(address, timeout=20) as page:
            assert b"<canvas" in page.read()
        named = urllib.request.Request(address, headers={"Host": "other.example"})
        with urllib.request.urlopen(named, timeout=20) as page:
            assert page.status == 200
        too_large = bytes(5 * application.MAX_BYTES)
        for upload, status in ((b"no image", 400), (too_large, 413)):
            with pytest.raises(urllib.error.HTTPError) as error:
                urllib.request.urlopen(address + "translate", upload, timeout=20)
            assert error.value.code == status and error.value.read().count(b"\n") == 1
        # Another of this machine's own addresses
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.2", int(port)), timeout=20)
    finally:
        for server in servers:
            server.task_dispatcher.shutdown()
            server.close()
