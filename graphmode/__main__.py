"""Runs a program that was written for TensorFlow 1, unchanged, or checks it without running it.

Run: `python -m graphmode SCRIPT.py [its arguments]`. With `-m MODULE` in place of SCRIPT.py it runs
a module, as Python does. `--check` only reads the program; `--check -v` lists every name.
`--batch_norm` runs the program and says at its end which mistakes its batch norms have.
"""

import importlib
import importlib.util
import os
import sys
from typing import Any, Dict, List, Optional, Sequence

USAGE = "python -m graphmode [--check [-v]] (SCRIPT.py | -m MODULE) [its arguments]"
OF_BATCH_NORM = "--batch_norm [--after N] [--json FILE] [--page FILE]"
_BATCH_NORM_HELP = f"""python -m graphmode {OF_BATCH_NORM} (SCRIPT.py | -m MODULE) [its arguments]

Runs the program unchanged. At its end, at Ctrl-C or after N runs of a session, stderr gets the
mistakes of its batch norms, each with its line, what you see because of it, and the cure; then the
batch norms with their update ops, moving averages and statistics. --page writes the same as a page,
--json as data."""


def main(arguments: Sequence[str]) -> int:
    """Runs or checks a program. Returns the exit status."""
    rest = list(arguments)
    only_check = _taken(rest, "--check")
    verbose = only_check and _taken(rest, "-v")
    examined = None if only_check else _of_batch_norm(rest)
    is_module = _taken(rest, "-m")
    if not rest or rest[0] in ("-h", "--help"):
        first_paragraph = __doc__.split("\n\n")[0]
        print(f"{USAGE}\n\n{first_paragraph}\n\n{_BATCH_NORM_HELP}")
        return 0 if rest else 2
    program, *its_arguments = rest
    script = _of_module(program) if is_module else program
    errors = importlib.import_module("graphmode.errors")
    if not script or not os.path.isfile(script):
        kind = "module" if is_module else "program"
        errors.fail("graphmode", f"the {kind} {program} does not exist: {USAGE}")
    with errors.one_line("graphmode", "stopped"):
        if only_check:
            check = importlib.import_module("graphmode.old_programs.check")
            return check.check(program, verbose, is_module)
        # Reports Python 2 before TensorFlow is loaded.
        importlib.import_module("graphmode.old_programs.reading.sources").tree(script)
    # run.sh sets it for this process, not for processes that the program starts.
    os.environ.pop("PYTHONSAFEPATH", None)
    if examined is not None:
        command = importlib.import_module("graphmode.batch_norms.observe_command")
        command.run(program, its_arguments, is_module, command.Options(**examined))
        return 0
    namespace = importlib.import_module("graphmode.old_programs.namespace")
    namespace.run(program, its_arguments, is_module)
    return 0


def _taken(arguments, option):
    """Removes an option from the start of the arguments, if it is there."""
    is_there = arguments[:1] == [option]
    del arguments[:is_there]
    return is_there


def _of_batch_norm(arguments: List[str]) -> Optional[Dict[str, Any]]:
    """Removes --batch_norm and its options from the start of the arguments.

    Returns:
        `observe_command.Options` as a dictionary, or None without --batch_norm.
    """
    if not _taken(arguments, "--batch_norm"):
        return None
    options: Dict[str, Any] = {}
    while arguments and arguments[0].startswith(("--after", "--json", "--page")):
        option, is_joined, value = arguments.pop(0).partition("=")
        if not is_joined:
            value = arguments.pop(0) if arguments else ""
        options[option[2:]] = _checked(option, value)
    return options


def _checked(option: str, value: str) -> Any:
    """The value of an option of --batch_norm. A wrong one ends the process in one line."""
    errors = importlib.import_module("graphmode.errors")
    if option == "--after":
        if not value.isdecimal() or not int(value):
            errors.fail("graphmode", f"--after needs a number of runs from 1 on, not {value!r}")
        return int(value)
    path = os.path.abspath(value)  # the program may go to another folder
    if option not in ("--json", "--page"):
        errors.fail("graphmode", f"unknown option {option}: {OF_BATCH_NORM}")
    if not value or value.startswith("--") or os.path.isdir(path):
        errors.fail("graphmode", f"{option} needs the name of a file to write, not {value!r}")
    return path


def _of_module(name: str) -> Optional[str]:
    """The file of a module in the working folder or on sys.path; of a package, its __main__."""
    path = sys.path[:]
    sys.path.insert(0, os.getcwd())
    try:
        spec = importlib.util.find_spec(name)
        if spec and spec.submodule_search_locations:
            spec = importlib.util.find_spec(f"{name}.__main__")
        return spec.origin if spec else None
    except (ModuleNotFoundError, ValueError):
        return None
    finally:
        sys.path[:] = path


def _prepare() -> None:
    """What holds for the whole process. It must come before TensorFlow is imported."""
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # the working folder: its queue.py is not for TensorFlow
    # The C++ lines are no errors of the program: those are exceptions. 1 is graphmode's default.
    if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "1":
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    sys.excepthook = importlib.import_module("graphmode.old_programs.tracebacks").show


if __name__ == "__main__":
    _prepare()
    sys.exit(main(sys.argv[1:]))
