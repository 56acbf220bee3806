"""Waitress' connections: what is no proper request, slow senders, and too many of them."""

import contextlib
import socket
import threading
import time

import pytest
from waitress import adjustments

from pix2pix.serve import application, connections

POST = b"POST /translate HTTP/1.1\r\nHost: a\r\n"


def echo(environ, start_response):
    """A WSGI application: the request's body."""
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@contextlib.contextmanager
def serving():
    server, port = connections.listen(echo, "127.0.0.1", 0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield port
    server.task_dispatcher.shutdown()
    server.close()


@pytest.fixture(scope="module")
def port():
    with serving() as port:
        yield port


def connected(port):
    return socket.create_connection(("127.0.0.1", port), timeout=20)


def answers(port, *parts):
    """Everything that comes back, until the server ends the connection."""
    with connected(port) as opened:
        for part in parts:
            opened.sendall(part)
        received = b""
        while more := opened.recv(1 << 16):
            received += more
    return received


@pytest.mark.parametrize(
    "request_bytes, status, words",
    [
        (POST + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n", b"400", b"Bad Request"),
        (b"GET http://[ HTTP/1.1\r\n\r\n", b"400", b"Bad Request"),
        (b"no request\r\n\r\n", b"400", b"Bad Request"),
        (POST + b"a: " + b"b" * 20000, b"431", b"Too Large"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"411", b"send the length"),
        (POST + b"Content-Length: 99999999999\r\n\r\n", b"413", b"send at most 8388608 bytes"),
        (
            POST + b"Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n",
            b"413",
            b"send at most 8388608 bytes",
        ),
    ],
)
def test_what_is_no_proper_request_is_refused_in_one_line(port, request_bytes, status, words):
    head, body = answers(port, request_bytes).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.") and head.split()[1] == status
    assert words in body and body.count(b"\n") == 1
    assert b"X-Content-Type-Options: nosniff" in head


def test_who_sends_too_much_reads_the_refusal_after_sending_it_all(port):
    """Without reading the rest, the server's end of the connection would drop its answer."""
    length = 6 * application.MAX_BYTES
    body = [bytes(1 << 20)] * (length >> 20)
    received = answers(port, POST + b"Content-Length: %d\r\n\r\n" % length, *body)
    assert received.startswith(b"HTTP/1.1 413") and b"too large" in received


def test_a_connection_has_one_request(port):
    one = POST + b"Content-Length: 2\r\n\r\nab"
    received = answers(port, one * 3)
    assert received.count(b"HTTP/1.1 200") == 1 and received.endswith(b"\r\n\r\nab")
    assert b"Connection: close" in received


def ended(opened):
    """Whether the server has ended the connection. It is not readable otherwise."""
    try:
        return opened.recv(1) == b""
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False


def test_slow_senders_make_room_for_others(port, monkeypatch):
    monkeypatch.setattr(connections, "CONNECTIONS", 4)
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(connected(port)) for _ in range(9)]
        for one in slow:
            one.sendall(b"POST /")
        for _ in range(9):
            assert answers(port, POST + b"Content-Length: 1\r\n\r\na").endswith(b"a")
        assert all(ended(one) for one in slow[:5])


@pytest.mark.parametrize("sent", [b"", b"POST /", POST + b"Content-Length: 9\r\n\r\n"])
def test_a_slow_sender_has_a_time_limit(port, monkeypatch, sent):
    """It sends a byte now and then: silence is not needed."""
    monkeypatch.setattr(connections, "SECONDS", 0.2)
    with connected(port) as opened:
        opened.sendall(sent)
        for _ in range(3):
            time.sleep(0.05)
            with contextlib.suppress(OSError):
                opened.sendall(b"a")
        start = time.monotonic()
        answers(port, b"GET / HTTP/1.1\r\n\r\n")  # its arrival wakes the server's loop
        assert ended(opened) and time.monotonic() - start < 5


def test_who_reads_nothing_has_a_time_limit(port, monkeypatch):
    monkeypatch.setattr(connections, "SECONDS", 0.5)
    length = 8 << 20
    with socket.socket() as opened:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        opened.settimeout(20)
        opened.connect(("127.0.0.1", port))
        opened.sendall(POST + b"Content-Length: %d\r\n\r\n" % length + bytes(length))
        time.sleep(2)  # the loop looks once a second
        received = 0
        with contextlib.suppress(ConnectionResetError):
            while more := opened.recv(1 << 16):
                received += len(more)
    assert received < length


def test_localhost_may_be_two_addresses(monkeypatch):
    real = socket.getaddrinfo

    def both(host, *more):
        return real("127.0.0.1", *more) + real("127.0.0.2", *more)

    monkeypatch.setattr(adjustments.socket, "getaddrinfo", both)
    server, port = connections.listen(echo, "localhost", 0)
    threading.Thread(target=server.run, daemon=True).start()
    assert answers(port, b"GET / HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200")
    server.close()
