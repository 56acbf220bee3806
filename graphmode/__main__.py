"""Runs a program that was written for TensorFlow 1, unchanged, or checks it without running it.

Run: `python -m graphmode SCRIPT.py [its arguments]` or `python -m graphmode --check SCRIPT.py`.
"""

import os
import sys
from typing import Sequence

from graphmode import errors
from graphmode.old_programs import check, namespace

USAGE = "python -m graphmode [--check] SCRIPT.py [its arguments]"


def main(arguments: Sequence[str]) -> int:
    """Runs or checks a program. Returns the exit status."""
    only_check = arguments[:1] == ["--check"]
    script = arguments[only_check : only_check + 1]
    if not script or script[0] in ("-h", "--help"):
        first_paragraph = __doc__.split("\n\n")[0]
        print(f"{USAGE}\n\n{first_paragraph}")
        return 0 if script else 2
    if not os.path.isfile(script[0]):
        errors.fail("graphmode", f"the program {script[0]} does not exist: {USAGE}")
    with errors.one_line("graphmode", "stopped"):
        if only_check:
            return check.check(script[0])
        check.tree(script[0])  # reports Python 2 before TensorFlow is loaded
    # run.sh sets it for this process, not for processes that the program starts.
    os.environ.pop("PYTHONSAFEPATH", None)
    namespace.run(script[0], arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
