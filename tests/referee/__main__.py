"""`./run.sh referee [--record]`: the real TensorFlow 1.15.5 against today's.

It makes .venv-tf1, an environment of Python 3.7 with TensorFlow 1.15.5, if it is not there. Python
3.7 is found on the path or below ~/.pyenv, or named: PYTHON37=/path/to/python3.7.

Without --record, the cases run in that environment, and their numbers must be the committed
records, to rounding. Then today's TensorFlow is compared with the records. With --record, the
records are written again.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from glcic.batch_norm_lab import recorded
from tests.referee import calls, compare

FOLDER = pathlib.Path(__file__).parent
ROOT = FOLDER.parents[1]
VENV = ROOT / ".venv-tf1"
PACKAGES = [
    "tensorflow==1.15.5",
    "numpy<1.19",  # newer ones do not load under TensorFlow 1.15
    "protobuf<3.21",  # the same
    "scipy==1.1.0",  # the last with scipy.misc's image functions
    "pillow",
    "typing_extensions",  # typing.Literal for Python 3.7
    "platformdirs",
    "tqdm",
]


def python37():
    """A Python 3.7. Ends with one line and status 2 if there is none."""
    named = os.environ.get("PYTHON37")
    found = sorted(pathlib.Path.home().glob(".pyenv/versions/3.7*/bin/python"))
    for candidate in [named] if named else ["python3.7", *map(str, found)]:
        ask = [candidate, "-c", "import sys; print(sys.version_info[:2] == (3, 7))"]
        try:
            done = subprocess.run(
                ask, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
            )
        except OSError:
            continue
        if done.stdout.strip() == b"True":
            return candidate
    where = f"PYTHON37={named} is none" if named else "none is on the path or below ~/.pyenv"
    sys.stderr.write(
        f"referee: TensorFlow 1.15.5 needs Python 3.7; {where}: "
        "install it (pyenv install 3.7), or name it: PYTHON37=/path/to/python3.7\n"
    )
    raise SystemExit(2)


def environment():
    """The Python of .venv-tf1, which is made if it is not there or was not finished."""
    python = VENV / "bin" / "python"
    finished = VENV / "finished"
    if not finished.exists():
        base = python37()
        shutil.rmtree(VENV, ignore_errors=True)
        print(f"referee: making {VENV} (TensorFlow 1.15.5, 110 MB)", flush=True)
        subprocess.run([base, "-m", "venv", str(VENV)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
        finished.touch()
    return str(python)


def there(python, module, *arguments):
    """Runs a module of tests.referee in that environment."""
    command = [python, "-W", "ignore", "-m", f"tests.referee.{module}", *arguments]
    variables = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, cwd=ROOT, env=variables)


def read(folder):
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def write_digests():
    """Notes in which state the functions of each record are, see `calls.digest`."""
    records = read(FOLDER / "records")
    digests = {name: calls.digest(record["functions"]) for name, record in records.items()}
    text = json.dumps(digests, indent=0, sort_keys=True)
    (FOLDER / "digests.json").write_text(text + "\n", encoding="utf-8")


def keep_studies(new):
    """Takes the laboratory's new rows, unless they are the old ones to rounding."""
    studies = json.loads(new.read_text())["studies"]
    old = recorded.content()["studies"]
    same = list(studies) == list(old) and all(len(studies[name]) == len(old[name]) for name in old)
    if not same or any(recorded.differences(name, rows) for name, rows in studies.items()):
        shutil.copy(new, recorded.PATH)


def main(argv=None):
    parser = argparse.ArgumentParser(prog="./run.sh referee", description=__doc__.split("\n")[0])
    parser.add_argument("--record", action="store_true", help="write the records again")
    parser.add_argument("cases", nargs="*", help="names of cases; all without")
    given = parser.parse_args(argv)
    python = environment()
    with tempfile.TemporaryDirectory() as folder:
        there(python, "record", folder, *given.cases)
        new, old = read(pathlib.Path(folder)), read(FOLDER / "records")
        changed = [
            name
            for name in new
            if name not in old or compare.differences(old[name], new[name], name)
        ]
        print(f"{len(new)} cases under TensorFlow 1.15.5; {len(changed)} differ from the records")
        if given.record:
            # A record that agrees to rounding stays as it is: machines round differently.
            for name in new:
                functions = old.get(name, {}).get("functions")
                if name in changed or functions != new[name]["functions"]:
                    shutil.copy(pathlib.Path(folder, f"{name}.json"), FOLDER / "records")
            if (pathlib.Path(folder) / "studies").exists():
                keep_studies(pathlib.Path(folder) / "studies")
            if not given.cases:
                for name in set(old) - set(new):
                    (FOLDER / "records" / f"{name}.json").unlink()
            write_digests()
        elif changed:
            print("\n".join(changed))
            return 1
    if not given.cases:
        with tempfile.TemporaryDirectory() as folder:
            here = [sys.executable, "-m", "tests.referee.exchange", "write", folder]
            subprocess.run(here, check=True, cwd=ROOT)
            there(python, "exchange", "check", folder)
        print("checkpoints, graphs and records written here are read by TensorFlow 1.15.5")
    tests = ["-m", "pytest", "-q", "-m", "slow or not slow", str(FOLDER)]
    return subprocess.run([sys.executable, *tests], check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
