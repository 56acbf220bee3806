"""Connections of the server: none lasts long, and slow ones make room for others.

Waitress reads requests without threads, so slow senders cost little. But it has no limit for the
time of a whole request, and it accepts nobody once its connections are used up.
"""

import logging
import socket
import time

import waitress
from waitress import channel, parser, task, utilities

from pix2pix.serve import application

SECONDS = 60.0  # from connecting to the last byte of the answer, without the time of the work
CONNECTIONS = 150  # that wait for their peer; a server has 1,024 files, a connection up to three
THREADS = 128  # more than those that may wait for large images


def listen(app, host, port):
    """A waitress server that listens.

    Args:
        app: the WSGI application.
        host, port: the address; port 0: any free one.

    Returns:
        (server, port). `server.run()` serves.

    Raises:
        OSError, ValueError: the address cannot be used.
    """
    # It would report every queue, and everything that clients do wrong.
    logging.getLogger("waitress").setLevel(logging.CRITICAL)
    sockets: dict = {}
    server = waitress.create_server(
        app,
        map=sockets,
        host=host,
        port=port,
        threads=THREADS,
        connection_limit=2 * CONNECTIONS,  # at work, too; more wait to be accepted
        channel_request_lookahead=1,  # to see that a peer has gone: its request is dropped
        max_request_header_size=1 << 14,
        max_request_body_size=application.MAX_BYTES + 1,
        recv_bytes=1 << 16,
        asyncore_use_poll=True,  # select() fails at file 1024
        log_socket_errors=False,
    )
    # localhost may have two addresses. Then there are two servers in one.
    servers = [one for one in sockets.values() if hasattr(one, "effective_port")]
    for one in servers:
        one.channel_class = Channel
    return server, int(servers[0].effective_port)


class LengthRequired(utilities.Error):
    """A body in chunks is refused: waitress takes quadratic time for an endless line in it."""

    code = 411
    reason = "Length Required"


class Parser(parser.HTTPRequestParser):
    """Reads the only request of a connection."""

    def parse_header(self, header_plus):
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # for example, a length of 5,000 digits
            raise parser.ParsingError(str(error)) from None
        # One request is all, so the age of a connection is that of its request.
        self.headers["CONNECTION"] = "close"

    def received(self, data):
        count = super().received(data)
        if self.chunked and not self.error:
            self.error, self.completed = LengthRequired(""), True
        if self.error:
            self.expect_continue = False  # the body is not wanted
        return len(data) if self.completed else count  # what follows is ignored


class Refusal(task.ErrorTask):
    """The answer to a request that does not reach the application: one line."""

    def execute(self):
        error = self.request.error
        line = f"{application.ERRORS.get(error.code, error.reason)}\n".encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers.extend(application.HEADERS.items())
        self.response_headers.append(("Content-Type", "text/plain; charset=utf-8"))
        self.set_close_on_finish()
        self.content_length = len(line)
        self.write(line)


class Channel(channel.HTTPChannel):
    """A connection that ends after `SECONDS`, or as the oldest of too many that wait."""

    parser_class = Parser
    error_task_class = Refusal
    expired = False  # to be closed, whatever is not sent yet
    answered = False  # what the peer still sends is read and ignored

    def __init__(self, server, *more, **named):
        super().__init__(server, *more, **named)
        others = server.active_channels.values()
        # Those with `requests` are at work.
        waiting = [one for one in others if not (one.requests or one.expired)]
        if len(waiting) > CONNECTIONS:
            waiting[0].expired = True  # the oldest; an honest request arrives within milliseconds

    def readable(self):
        # The loop asks this before it waits for sockets: here they can be closed safely.
        late = time.time() > self.creation_time + SECONDS
        if self.expired or (late and not self.requests):
            self.expired = True
            self.handle_close()
            return False
        return self.answered or super().readable()

    def writable(self):
        return self.connected and super().writable()

    def received(self, data):
        return False if self.answered or self.requests else super().received(data)

    def handle_close(self):
        if self.will_close and not (self.answered or self.expired):
            # If a socket is closed while it has unread bytes, its peer may lose the answer. So only
            # our half is closed, and the peer closes the other half.
            self.answered, self.will_close = True, False
            try:
                self.socket.shutdown(socket.SHUT_WR)
                return
            except OSError:  # the peer has gone
                pass
        super().handle_close()
