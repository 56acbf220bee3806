"""The command `graphmode`, which `pip install` makes: what ./run.sh does in a checkout.

graphmode run OLD_SCRIPT.py [its arguments]     runs a TensorFlow 1 program
graphmode check OLD_SCRIPT.py                   reads it, and says what is missing
graphmode list                                  the programs of this project
graphmode gan_book.vae [flags]                  runs one of them
graphmode report RUN                            writes the page of a run again
graphmode doctor                                what this machine has, and what is missing
graphmode jobs | log JOB | stop JOB             background jobs that ./run.sh has started
"""

import os
import shlex
import sys
from typing import List, Optional, Sequence

from graphmode import errors
from graphmode.runner import programs

COMMANDS = {
    "run": ["graphmode"],
    "check": ["graphmode", "--check"],
    "report": ["graphmode.report"],
    "doctor": ["graphmode.doctor"],
    "jobs": ["graphmode.jobs", "jobs"],
    "log": ["graphmode.jobs", "log"],
    "stop": ["graphmode.jobs", "stop"],
}


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Becomes the Python process that does what the command says.

    Raises:
        SystemExit: after `list` and help; with status 2 if there is no such command.
    """
    arguments: List[str] = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(__doc__)
        sys.exit(0 if arguments else 2)
    name, *rest = arguments
    if name == "list":
        programs.main(["list"])
        sys.exit(0)
    if name in COMMANDS:
        module = COMMANDS[name]
    elif name in programs.programs():
        module = [name]
    elif name.endswith(".py") and os.path.isfile(name):
        errors.fail("graphmode", f"{name} is a script: use graphmode run {shlex.quote(name)}")
    else:
        errors.fail("graphmode", f"{name!r} is no command or program: see graphmode list")
    # As in run.sh: a data.py in the user's folder is not ours (heeded from Python 3.11 on).
    os.environ["PYTHONSAFEPATH"] = "1"
    os.execv(sys.executable, [sys.executable, "-m", *module, *rest])


if __name__ == "__main__":
    main()
