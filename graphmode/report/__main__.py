"""Writes the page of a run again; of several runs, a page that compares them.

`python -m graphmode.report runs/gan` writes runs/gan/report.html, with two runs or more it writes
comparison.html, with a folder of runs the list of these, index.html.
"""

import sys

from graphmode import cli, errors, files
from graphmode.report import page, several
from graphmode.training import run_folder

PROGRAM = "graphmode.report"


def main(argv):
    parser = cli.Parser(
        prog=PROGRAM, description=(__doc__ or "").split("\n")[0], allow_abbrev=False
    )
    parser.add_argument("folders", nargs="*", metavar="RUN", help="folder of a run, or of runs")
    parser.add_argument("--output", help="the page that compares runs")
    with errors.one_line(PROGRAM, "stopped"):
        given = parser.parse_args(argv)
        if not given.folders:
            raise errors.InputError("no run is named: give the folder of a run")
        if len(given.folders) > 1:
            print(several.write_comparison(given.folders, given.output))
        elif run_folder.holds_a_run(given.folders[0]) or not _holds_runs(given.folders[0]):
            print(page.write(given.folders[0]))
        else:
            print(several.write_index(given.folders[0]))


def _holds_runs(folder):
    return any(map(run_folder.holds_a_run, files.path(folder).glob("*/")))


if __name__ == "__main__":
    main(sys.argv[1:])
