"""Writes the page of runs again: `python -m graphmode.report RUN [RUN ...]`."""

import sys

from graphmode import errors
from graphmode.report import page


def main(folders):
    if not folders:
        errors.fail("graphmode.report", "no run is named: give the folder of a run")
    with errors.one_line("graphmode.report", "stopped"):
        for folder in folders:
            print(page.write(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
