"""Errors that a user can cause: each becomes one line on stderr and an exit status."""

import contextlib
import errno
import os
import re
import signal
import sys
import threading

FULL = (errno.ENOSPC, errno.EDQUOT)
GONE = (errno.EPIPE, errno.EIO)  # the pipe's reader, or the terminal
# What a terminal, the system or `kill` sends to end a program. SIGINT, Ctrl-C, is Python's own.
ENDING = (signal.SIGTERM, signal.SIGHUP)


class InputError(ValueError):
    """Something that the user gave cannot be used.

    Programs print it as one line and exit with status 2. The message says what is wrong, shows the
    offending value, and says how to correct it.
    """


class Stopped(SystemExit):
    """Training was interrupted and has saved a checkpoint.

    Attributes:
        code: exit status; 0 after SIGINT (Ctrl-C), 143 after SIGTERM, 129 after SIGHUP.
        message: says how to continue.
    """

    def __init__(self, code, message):
        super().__init__(code)
        self.message = message


class Ended(KeyboardInterrupt):
    """SIGTERM or SIGHUP came where nothing waits for it. As after Ctrl-C, `finally` parts run.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def shown(text):
    """A text as one safe line: control characters, such as newlines, are escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def cause(message):
    """The one line of a tf.errors.OpError's message that says why, without stack and hints."""
    lines = [line.strip() for line in str(message).splitlines() if line.strip()] or [""]
    nodes = [place for place, line in enumerate(lines[:-1]) if line.startswith("Node: ")]
    text = lines[nodes[-1] + 1] if nodes else lines[0]
    if re.match(r"\d+ root error\(s\) found", text):
        text = lines[lines.index(text) + 1]
    return re.sub(r"^(\(\d+\) )?[A-Z_]+: ", "", text)


def of_tensorflow(error, path):
    """An OSError for a tf.errors.OpError that came when `path` was written."""
    text = cause(error.message)
    full = os.strerror(errno.ENOSPC) in text
    return OSError(
        errno.ENOSPC if full else None, os.strerror(errno.ENOSPC) if full else text, str(path)
    )


def exit_status(interrupt):
    """The status after a KeyboardInterrupt, as shells count: 128 and the number of the signal."""
    return 128 + getattr(interrupt, "number", signal.SIGINT)


def fail(program, message, status=2):
    """Prints one line on stderr and ends the process."""
    sys.stderr.write(f"{program}: {shown(message)}\n")
    raise SystemExit(status)


@contextlib.contextmanager
def one_line(program, stopped="stopped; run the same command again to continue"):
    """Turns errors that a user can cause into one line on stderr and an exit status.

    Args:
        program: name that begins the line.
        stopped: the line after Ctrl-C, SIGTERM or SIGHUP.

    Raises:
        SystemExit: status 2 for an InputError and for a name that the locale cannot write; 1 for a
            number that is not finite, for a file that cannot be read or written, and for too little
            memory; 130 for Ctrl-C; 143 for SIGTERM; 129 for SIGHUP.
    """
    with streams(), _signals_raise():
        try:
            yield
            sys.stdout.flush()
        except Stopped as error:
            fail(program, stopped, error.code or 130)
        except KeyboardInterrupt as error:
            fail(program, stopped, exit_status(error))
        except InputError as error:
            fail(program, error)
        except FloatingPointError as error:
            fail(program, error, 1)
        except OSError as error:
            fail(program, _reason(error), 1)
        except MemoryError as error:
            more = f" ({error})" if str(error) else ""
            fail(
                program,
                f"not enough memory{more}: smaller batches, images or networks need less",
                1,
            )
        except UnicodeEncodeError as error:
            fail(
                program,
                f"the name {error.object!a} cannot be written as {error.encoding}: "
                "rename it, or set LC_ALL=C.UTF-8",
            )


def _reason(error):
    """What an OSError says, with the cure if the disk is full."""
    text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    if error.errno in FULL:
        text += "; free some space, then run the same command again (training: with --resume)"
    return text


@contextlib.contextmanager
def _signals_raise():
    """SIGTERM and SIGHUP raise `Ended`. A signal that is ignored (nohup) stays ignored."""
    old = {}

    def end(number, frame):
        raise Ended(number)

    if threading.current_thread() is threading.main_thread():
        for number in ENDING:
            if signal.getsignal(number) == signal.SIG_DFL:
                old[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


class _Steady:
    """A text stream whose reader may go away. What nobody can read is lost, and is no error.

    Args:
        stream: the stream.
        lossy: whether a full disk, too, only loses what is written.
    """

    def __init__(self, stream, lossy):
        self._stream, self._lossy = stream, lossy

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def write(self, text):
        self._careful(lambda: self._stream.write(text))
        return len(text)

    def flush(self):
        self._careful(self._stream.flush)

    def _careful(self, action):
        try:
            action()
        except OSError as error:
            if not self._lossy and error.errno not in GONE:
                raise
            # What is left in the buffer would fail again when Python ends.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            with contextlib.suppress(OSError, ValueError):
                os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


@contextlib.contextmanager
def streams():
    """stdout and stderr that do not end a program which is at work.

    Both may be closed, or lose their reader, or have an encoding that lacks a character: it is
    written as an escape then.
    """
    for number in (0, 1, 2):
        # A closed descriptor would become that of the next file, and get what is printed.
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number, which is this one
    old = sys.stdout, sys.stderr
    for stream in filter(None, old):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = (
        _Steady(stream or open(os.devnull, "w"), lossy) for stream, lossy in zip(old, (False, True))
    )
    try:
        yield
    finally:
        sys.stdout, sys.stderr = old
