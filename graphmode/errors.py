"""Errors that a user can cause: each becomes one line on stderr and an exit status."""

import contextlib
import sys


class InputError(ValueError):
    """Something that the user gave cannot be used.

    Programs print it as one line and exit with status 2. The message says what is wrong, shows the
    offending value, and says how to correct it.
    """


class Stopped(SystemExit):
    """Training was interrupted and has saved a checkpoint.

    Attributes:
        code: exit status; 0 after SIGINT (Ctrl-C), 143 after SIGTERM.
        message: says how to continue.
    """

    def __init__(self, code, message):
        super().__init__(code)
        self.message = message


def fail(program, message, status=2):
    """Prints one line on stderr and ends the process."""
    sys.stderr.write(f"{program}: {message}\n")
    raise SystemExit(status)


@contextlib.contextmanager
def one_line(program, stopped="stopped; run the same command again to continue"):
    """Turns errors that a user can cause into one line on stderr and an exit status.

    Args:
        program: name that begins the line.
        stopped: the line after Ctrl-C or SIGTERM.

    Raises:
        SystemExit: status 2 for an InputError; 1 for a number that is not finite and for a file
            that cannot be read or written; 130 for Ctrl-C; 143 for SIGTERM.
    """
    try:
        yield
    except Stopped as error:
        fail(program, stopped, error.code or 130)
    except KeyboardInterrupt:
        fail(program, stopped, 130)
    except InputError as error:
        fail(program, error)
    except FloatingPointError as error:
        fail(program, error, 1)
    except OSError as error:
        fail(program, f"{error.filename}: {error.strerror}" if error.filename else error, 1)
