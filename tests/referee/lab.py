"""Records the batch-norm laboratory's studies under TensorFlow 1.15.5 (see `record`).

Alone: `python -m tests.referee.lab`, on Python 3.7.
"""

import json
import platform

import numpy

from tests.referee import stub  # noqa: F401  (before the project's modules)


def record(path=None):
    """Runs all studies of `glcic.batch_norm_lab` and writes their rows.

    Args:
        path: of the JSON file; None: where the laboratory reads it.
    """
    # Now, because the stub must be imported before.
    from glcic.batch_norm_lab import recorded
    from graphmode import tf

    path = path or recorded.PATH
    tf.compat.v1.logging.set_verbosity("ERROR")  # without notices of deprecation
    versions = {
        "tensorflow": tf.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
    }
    parts = []
    for name, study in recorded.STUDIES.items():
        rows = ",\n".join(json.dumps(_rounded(row)) for row in study())
        parts.append(f"{json.dumps(name)}: [\n{rows}\n]")
        print(f"laboratory: {name}", flush=True)
    text = ",\n".join(parts)
    with open(str(path), "w", encoding="utf-8") as file:
        file.write(f'{{"versions": {json.dumps(versions)},\n"studies": {{\n{text}\n}}}}\n')


def _rounded(value):
    """Floats with six digits, and 0 for rounding errors: the rest depends on the CPU."""
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, float):
        return float(f"{value:.6g}") if abs(value) > 1e-6 else 0.0
    return value


if __name__ == "__main__":
    record()
