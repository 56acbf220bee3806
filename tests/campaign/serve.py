"""pix2pix.serve under load and attack: honest clients, and attackers in a process of their own."""

import concurrent.futures
import contextlib
import http.client
import io
import pathlib
import random
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any, Dict

import numpy as np
import psutil
from PIL import Image

from graphmode import tf
from pix2pix.serve import application

ROOT = pathlib.Path(__file__).parents[2]
HEAD = "POST /translate HTTP/1.1\r\nHost: {host}\r\nContent-Length: {length}\r\n{more}\r\n"
SHARE = 75  # honest requests for each second of the campaign, the quiet ones not counted
PATIENCE = 120.0  # seconds that a client waits for an answer


def save_model(folder):
    """A SavedModel as of pix2pix, whose translation is the negative of the image."""
    with tf.Graph().as_default(), tf.Session() as session:
        images = tf.placeholder(tf.float32, [None, None, None, 3])
        ends = {"images": images}, {"translations": 1.0 - images}
        made = {"translate": tf.saved_model.predict_signature_def(*ends)}
        builder = tf.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, [tf.saved_model.SERVING], made)
        builder.save()


@contextlib.contextmanager
def server(folder):
    """Yields (port, process) of a server with the model of `save_model`. Its log is in `folder`."""
    save_model(folder / "model")
    command = [sys.executable, "-m", "pix2pix.serve", "--model", str(folder / "model")]
    log = folder / "log.txt"
    with open(log, "w", encoding="utf-8") as stream:
        process = subprocess.Popen(
            [*command, "--port", "0"], cwd=str(ROOT), stdout=stream, stderr=stream
        )
    try:
        while not (address := re.search(r"http://.*:(\d+)/", log.read_text(encoding="utf-8"))):
            assert process.poll() is None, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield int(address[1]), process
    finally:
        process.terminate()
        process.wait()


def encoded(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, file_format, **options)
    return buffer.getvalue()


def asked(port, upload, **headers):
    """Sends an upload. Returns (status, the answer's bytes)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("POST", "/translate", upload, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def honest(port, requests, clients, seed):
    """Requests of many clients at once: (seconds of each, what was wrong)."""

    def one(number):
        chance = np.random.default_rng([seed, number])
        height, width = chance.integers(32, 257, 2)
        image = chance.integers(0, 256, [height, 1, 3], np.uint8).repeat(width, 1)
        upload, start = encoded(image), time.monotonic()
        try:
            status, answer = asked(port, upload)
        except OSError as error:
            return time.monotonic() - start, f"{number}: {error!r}"
        seconds = time.monotonic() - start
        if status != 200:
            return seconds, f"{number}: {status} {answer!r}"
        same = np.array_equal(np.asarray(Image.open(io.BytesIO(answer))), 255 - image)
        return seconds, None if same else f"{number}: another image"

    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(one, range(requests)))
    return [seconds for seconds, _ in answers], [fault for _, fault in answers if fault]


def many_scans(side, scans):
    """A progressive JPEG file whose last scan is repeated."""
    chance = np.random.default_rng(0)
    blocks = chance.integers(0, 256, [side // 8, side // 8, 3], np.uint8)
    whole = encoded(blocks.repeat(8, 0).repeat(8, 1), "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * scans + whole[-2:]


def raw(port, *parts, pause=0.0, read=True):
    """Sends bytes as they are, and reads until the server ends the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as opened:
        for part in parts:
            opened.sendall(part)
            time.sleep(pause)
        while read and opened.recv(1 << 16):
            pass


def head(port, length, more=""):
    return HEAD.format(host=f"127.0.0.1:{port}", length=length, more=more).encode()


# Attacks: name -> function of (port, random.Random, prepared uploads). Each is one visit.
def refused(port, upload, status, **headers):
    """An upload must get this status."""
    found = asked(port, upload, **headers)
    assert found[0] == status, (found, status)


def slow(port, chance, uploads):
    """Fifty connections that send a byte a second."""
    with contextlib.ExitStack() as stack:
        begun = head(port, 5000) if chance.random() < 0.5 else b"POST /translate HT"
        opened = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(50)
        ]
        for byte in [begun, *[b"a"] * chance.randrange(5)]:
            for one in opened:
                one.sendall(byte)
            time.sleep(1)


def deaf(port, chance, uploads):
    """Large answers that nobody reads, several on one connection."""
    upload = uploads["noise"]
    raw(port, (head(port, len(upload)) + upload) * 3, pause=2.0, read=False)


def broken(port, chance, uploads):
    """An image file with a few changed bytes: any answer but a failure."""
    upload = bytearray(chance.choice([uploads["noise"], uploads["jpeg"]]))
    for _ in range(chance.randrange(1, 9)):
        upload[chance.randrange(len(upload))] = chance.randrange(256)
    status, _ = asked(port, bytes(upload[: chance.randrange(1, len(upload) + 1)]))
    assert status in (200, 400, 503), status


def odd(port, chance, uploads):
    """Requests that no client sends."""
    host = f"Host: 127.0.0.1:{port}\r\n".encode()
    post = b"POST /translate HTTP/1.1\r\n" + host
    raw(
        port,
        chance.choice(
            [
                post + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
                b"GET http://[ HTTP/1.1\r\n" + host + b"\r\n",
                b"GET / HTTP/1.1\r\n" + host + b"a: " + b"b" * 20000 + b"\r\n\r\n",
                post + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
                (b"GET / HTTP/1.1\r\n" + host + b"\r\n") * 100,
                bytes(chance.randrange(256) for _ in range(300)) + b"\r\n\r\n",
            ]
        ),
    )


ATTACKS = {
    "slow": slow,
    "deaf": deaf,
    "broken": broken,
    "odd": odd,
    "gone": lambda port, chance, uploads: raw(port, head(port, 9) + b"x" * 9, read=False),
    "many scans": lambda port, chance, uploads: refused(port, uploads["scans"], 400),
    "64 scans": lambda port, chance, uploads: asked(port, uploads["64 scans"]),
    "megapixels": lambda port, chance, uploads: asked(port, uploads["megapixels"]),
    "too large": lambda port, chance, uploads: refused(
        port, bytes(application.MAX_BYTES + chance.randrange(1, 20 << 20)), 413
    ),
    "other host": lambda port, chance, uploads: refused(port, b"x", 403, Host="example.com"),
    "other page": lambda port, chance, uploads: refused(
        port, b"x", 403, Origin="http://example.com"
    ),
}


def attackers(port, number, seed):
    """Attacks from so many threads until the process is ended. Prints what should not happen."""
    chance = np.random.default_rng(1)
    noise = chance.integers(0, 256, [704, 704, 3], np.uint8)
    uploads = {
        "noise": encoded(noise),
        "jpeg": encoded(noise, "JPEG"),
        "scans": many_scans(512, 300),
        "64 scans": many_scans(704, 50),
        "megapixels": encoded(np.zeros([4096, 4096], np.uint8)),
    }

    def attack_on(thread):
        own = random.Random(f"{seed} {thread}")
        while True:
            name = own.choice(list(ATTACKS))
            try:
                ATTACKS[name](port, own, uploads)
                print(name, flush=True)
            except OSError:  # the server may hang up
                print(name, flush=True)
            except AssertionError as error:
                print(f"WRONG {name}: {error}", flush=True)

    for thread in range(number):
        threading.Thread(target=attack_on, args=[thread], daemon=True).start()
    threading.Event().wait()


def memory(process):
    """MiB of a process and of those that it has started."""
    processes = [process, *process.children(recursive=True)]
    return sum(one.memory_info().rss for one in processes) >> 20


def attack(requests: int = 5000, clients: int = 50, attacking: int = 20, seed: int = 0) -> Dict:
    """Honest requests without attackers, then the same number among attackers.

    Returns:
        Figures: quiet and attacked median in seconds, memory before and after in MiB, visits of the
        attackers, and "wrong", a list of everything that should not have happened.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        with server(folder) as (port, process):
            honest(port, clients, clients, seed)  # warm
            quiet, wrong = honest(port, max(clients, requests // 5), clients, seed)
            before = memory(psutil.Process(process.pid))
            command = [sys.executable, "-m", "tests.campaign.serve", *map(str, (port, attacking))]
            with open(folder / "visits.txt", "w") as visits:
                others = subprocess.Popen([*command, str(seed)], cwd=str(ROOT), stdout=visits)
            time.sleep(2.0)
            try:
                attacked, more = honest(port, requests, clients, seed + 1)
            finally:
                others.kill()
                others.wait()
            _, last = honest(port, clients, clients, seed + 2)
            after = memory(psutil.Process(process.pid))
        log = (folder / "log.txt").read_text(encoding="utf-8").splitlines()[1:]
        lines = (folder / "visits.txt").read_text(encoding="utf-8").splitlines()
    figures: Dict[str, Any] = {
        "requests": requests,
        "wrong": [*wrong, *more, *last, *log, *(line for line in lines if "WRONG" in line)],
        "quiet": round(statistics.median(quiet), 4),
        "attacked": round(statistics.median(attacked), 4),
        "slowest": round(max(attacked), 4),
        "memory": (before, after),
        "visits": len(lines),
    }
    print("serve:", figures)
    return figures


def within(folder: pathlib.Path, seed: int, seconds: float) -> Dict[str, Any]:
    """`attack` with as many requests as fit into the time, about.

    Returns:
        trial -> what was wrong. All honest requests that were right count as trials without fault.
    """
    clients, attacking = (50, 20) if seconds > 60 else (10, 4)
    requests = max(100, round(SHARE * seconds))
    figures = attack(requests, clients, attacking, seed)
    wrong = figures["wrong"]
    if requests >= 1000 and figures["attacked"] > 2 * figures["quiet"]:
        wrong = [*wrong, f"median {figures['attacked']} s, quiet {figures['quiet']} s"]
    found: Dict[str, Any] = {f"request {n}": [] for n in range(requests + figures["visits"])}
    found.update({f"wrong {number}": [line] for number, line in enumerate(wrong)})
    return found


if __name__ == "__main__":
    attackers(*map(int, sys.argv[1:]))
