"""Runs under TensorFlow 1.15.5: writes what it computes, a file for each case, into a folder.

`python -m tests.referee.record FOLDER [CASES]`, which `./run.sh referee` calls. A record has the
numbers of a case, and the functions of the project that were called.
"""

import json
import os
import pathlib
import platform
import sys
import tempfile

import numpy
import tensorflow

from tests.referee import stub  # noqa: F401  (before the project's modules)

# Of the batch-norm laboratory's studies, records/ has only which functions they call. Their rows
# stand beside the laboratory, which shows them.
LABORATORY = "laboratory"


def versions():
    return {
        "tensorflow": tensorflow.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
    }


def main(target, *names):
    from tests.referee import calls, catalog, lab

    tensorflow.compat.v1.logging.set_verbosity("ERROR")
    for name, run in sorted(catalog.RUNS.items()):
        if names and name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder, calls.recorded() as called:
            found = run(folder)
        write(target, name, called, found)
    if not names or LABORATORY in names:
        with calls.recorded() as called:
            lab.record(pathlib.Path(target, "studies"))
        write(target, LABORATORY, called, {"variables": [], "numbers": {}})


def write(target, name, called, found):
    content = {"versions": versions(), "functions": sorted(called), **found}
    text = json.dumps(content, indent=0, sort_keys=True)
    pathlib.Path(target, name + ".json").write_text(text + "\n", encoding="utf-8")
    print(f"{name}: {len(content['numbers'])} quantities", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
    main(*sys.argv[1:])
