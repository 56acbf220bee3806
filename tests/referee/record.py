"""Writes what TensorFlow 1.15.5 computes: `python -m tests.referee.record`, on Python 3.7.

The environment, once: tensorflow==1.15.5 'numpy<1.19' 'protobuf<3.21' pillow 'scipy==1.1.0'
typing_extensions platformdirs tqdm.
"""

import json
import pathlib
import platform
import sys

import numpy
import tensorflow

from tests.referee import stub  # noqa: F401  (before the project's modules)

RECORDS = pathlib.Path(__file__).parent / "records"


def main(names):
    from tests.referee import cases, facts

    tensorflow.compat.v1.logging.set_verbosity("ERROR")
    versions = {
        "tensorflow": tensorflow.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
    }
    RECORDS.mkdir(exist_ok=True)
    for name, build in sorted(cases.CASES.items()):
        if names and name not in names:
            continue
        content = {"versions": versions, **facts.facts(build)}
        text = json.dumps(content, indent=0, sort_keys=True)
        (RECORDS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
        print(f"{name}: {len(content['numbers'])} quantities", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
