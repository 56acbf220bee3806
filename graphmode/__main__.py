"""Runs a program that was written for TensorFlow 1 as it is, or checks it without running it.

Run: `python -m graphmode SCRIPT.py [its arguments]`, or `python -m graphmode --check SCRIPT.py`.
"""

import os
import sys

from graphmode import cli

USAGE = "python -m graphmode [--check] SCRIPT.py [its arguments]"


def main(arguments):
    check = arguments[:1] == ["--check"]
    script = arguments[check:check + 1]
    if not script or script[0] in ("-h", "--help"):
        print("{}\n\n{}".format(USAGE, __doc__.split("\n\n")[0]))
        return 0 if script else 2
    if not os.path.isfile(script[0]):
        cli.fail("graphmode", f"there is no program {script[0]}: {USAGE}")
    from graphmode import old_program
    with cli.one_line("graphmode", "stopped"):
        if check:
            return old_program.check(script[0])
        old_program.tree(script[0])  # Python 2 is told so before TensorFlow is loaded
    from graphmode import version_1  # here: it is not wanted for --help
    os.environ.pop("PYTHONSAFEPATH", None)  # run.sh's, for this process; not for those that the program starts
    version_1.run(script[0], arguments[1:])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
