"""Weights to begin with: trained networks in the folder `weights`, small enough for a repository.

    python -m graphmode.weights list                what there is
    python -m graphmode.weights get NAME [FOLDER]   a copy as an ordinary run (runs/NAME)
    python -m graphmode.weights pack RUN NAME --command "..." --licence "..."     a new entry

An entry is a folder that --checkpoint takes: `--mode sample --checkpoint weights/NAME`. It holds
config.json, a checkpoint with the needed variables (graphmode/packed.py), and card.json: the
command and the commit that made it, its metrics and its licence.
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from graphmode import cli, files, packed
from graphmode.errors import InputError, one_line
from graphmode.training import run_folder

ROOT = pathlib.Path(__file__).resolve().parents[1]
FOLDER = ROOT / "weights"
LIMIT = 3_000_000  # bytes of the checkpoint of an entry
# What optimizers add to the name of a variable, and variables of their own
SLOTS = re.compile(r"(.*)/(Adam|Adam_1|RMSProp|RMSProp_1|Momentum|Adagrad)$")
OF_OPTIMIZERS = re.compile(r"(.*/)?beta[12]_power(_\d+)?$")
SHOWN = 3  # metrics of an entry in the list


def entries(folder=None):
    """Name -> card of each entry, in alphabetical order."""
    cards = sorted(pathlib.Path(folder or FOLDER).glob("*/card.json"))
    return {card.parent.name: json.loads(card.read_text(encoding="utf-8")) for card in cards}


def show(folder=None):
    """Prints a line and some metrics for each entry."""
    for name, card in entries(folder).items():
        print(f"{name}: {card['program']}, {card['bytes'] / 1e6:.1f} MB, {card['stored']}")
        print(f"    {card['command']}    (commit {card['commit']})")
        for metric, value in list(card["metrics"].items())[:SHOWN]:
            print(
                f"    {metric}: {value:.4g}"
                if isinstance(value, float)
                else f"    {metric}: {value}"
            )
        print(f"    licence: {card['licence']}")
    if not entries(folder):
        print(f"there are no weights in {folder or FOLDER}")


def get(name, target="", folder=None):
    """Writes an entry as an ordinary run, with all weights in float32, and returns its folder.

    Raises:
        InputError: there is no such entry, or `target` exists.
    """
    entry = _entry(name, folder)
    target = files.path(target or f"runs/{name}")
    if target.exists():
        raise InputError(f"{target} already exists: remove it, or give another folder")
    checkpoint = run_folder.find_checkpoint(entry)
    tensors = packed.read(checkpoint)
    with _whole(target) as made:
        for file in ("config.json", "card.json"):
            shutil.copyfile(entry / file, made / file)
        packed.write(made / checkpoint.name, tensors, limit=sys.maxsize)
    return target


def _entry(name, folder=None):
    entry = pathlib.Path(folder or FOLDER, name)
    if not (entry / "card.json").is_file():
        known = ", ".join(entries(folder)) or "none"
        raise InputError(f"there are no weights called {name!r}; there are: {known}")
    return entry


def pack(run, name, command, licence, commit="", scopes=(), limit=LIMIT, folder=None):
    """Makes an entry of a run's newest checkpoint and returns its card.

    Variables of optimizers are left out, and so are paths of this machine.

    Args:
        run: the folder of the run, or a checkpoint in it.
        name: of the entry: letters, digits, `_` and `-`.
        command: the command that trained it.
        licence: a line about the weights and the data.
        commit: of the code that trained it; empty: the checkout's.
        scopes: variable scopes to keep, for example ["generator"]; empty: all.
        limit: bytes of the checkpoint.

    Raises:
        InputError: there is no such run or scope, the entry exists, or it does not become small
            enough.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise InputError(f"{name!r} is no name for weights: use letters, digits, _ and -")
    target = pathlib.Path(folder or FOLDER, name)
    if target.exists():
        raise InputError(f"{target} already exists: remove it, or choose another name")
    checkpoint = run_folder.find_checkpoint(run)
    program, settings = run_folder.stored(checkpoint.parent)
    tensors = needed(packed.read(checkpoint), scopes)
    metrics = files.path(checkpoint.parent, "metrics.json")
    with _whole(target) as made:
        stored = packed.write(made / checkpoint.name, tensors, limit)
        size = sum(file.stat().st_size for file in made.iterdir())
        if size > limit * 1.02:
            raise InputError(
                f"{run} becomes {size / 1e6:.1f} MB, more than {limit / 1e6:.1f}: "
                "keep fewer variables (--scope), or set a larger --limit"
            )
        card = {
            "program": program,
            "command": command,
            "commit": commit or _commit(),
            "step": int(checkpoint.name.rsplit("-", 1)[1]),
            "licence": licence,
            "stored": stored,
            "bytes": size,
            "metrics": json.loads(metrics.read_text(encoding="utf-8")) if metrics.exists() else {},
        }
        own = {key: "" if _is_path(value) else value for key, value in settings.items()}
        _write_json(made / "config.json", {"program": program, "config": own})
        _write_json(made / "card.json", card)
    return card


def needed(tensors, scopes=()):
    """The tensors that sampling and evaluation use: name -> array.

    Args:
        tensors: all of a checkpoint.
        scopes: variable scopes to keep; empty: all.

    Raises:
        InputError: there is no variable in a scope.
    """
    kept = {}
    for name, value in tensors.items():
        slot = SLOTS.fullmatch(name)
        if not OF_OPTIMIZERS.fullmatch(name) and not (slot and slot[1] in tensors):
            kept[name] = value
    for scope in scopes:
        if not any(name.startswith(f"{scope}/") for name in kept):
            tops = sorted({name.split("/")[0] for name in kept})
            raise InputError(f"--scope {scope}: there are only {', '.join(tops)}")
    inside = tuple(f"{scope}/" for scope in scopes) or ("",)
    return {name: value for name, value in kept.items() if name.startswith(inside)}


def _is_path(value):
    return isinstance(value, str) and (os.path.isabs(value) or value.startswith("~"))


def _commit():
    """The commit of this checkout. Raises InputError."""
    try:
        found = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        raise InputError("this is no git checkout: give --commit") from None
    return found.stdout.strip()[:12]


def _write_json(target, content):
    files.write_whole(target, json.dumps(content, indent=1) + "\n")


class _whole:
    """A folder that is filled under another name, and gets its own when it is whole."""

    def __init__(self, target):
        self._target = target

    def __enter__(self):
        self._target.parent.mkdir(parents=True, exist_ok=True)
        name = tempfile.mkdtemp(prefix=files.UNFINISHED, dir=str(self._target.parent))
        self._made = pathlib.Path(name)
        os.chmod(name, 0o755)
        return self._made

    def __exit__(self, kind, *_):
        if kind is None:
            os.rename(str(self._made), str(self._target))
        else:
            shutil.rmtree(str(self._made))


def _parser():
    made = cli.Parser(prog="graphmode.weights", description=__doc__.split("\n\n")[0])
    commands = made.add_subparsers(dest="what", required=True, parser_class=cli.Parser)
    commands.add_parser("list", help="show what there is")
    getting = commands.add_parser("get", help="copy weights as an ordinary run")
    getting.add_argument("name")
    getting.add_argument("folder", nargs="?", default="", help="runs/NAME if it is not given")
    packing = commands.add_parser("pack", help="make an entry of a run")
    packing.add_argument("run", help="the folder of a run, or a checkpoint in it")
    packing.add_argument("name")
    packing.add_argument("--command", required=True, help="the command that trained it")
    packing.add_argument("--licence", required=True, help="a line about weights and data")
    packing.add_argument("--commit", default="", help="default: that of this checkout")
    packing.add_argument(
        "--scope", action="append", default=[], help="variables to keep, for example generator"
    )
    packing.add_argument("--limit", type=int, default=LIMIT, help=f"bytes (default: {LIMIT})")
    return made


def main(argv=None):
    with one_line("graphmode.weights"):
        given = _parser().parse_args(argv)
        if given.what == "list":
            show()
        elif given.what == "get":
            print(f"{get(given.name, given.folder)}: use it as --checkpoint")
        else:
            card = pack(
                given.run,
                given.name,
                given.command,
                given.licence,
                given.commit,
                given.scope,
                given.limit,
            )
            print(f"{FOLDER / given.name}: {card['bytes'] / 1e6:.2f} MB, {card['stored']}")


if __name__ == "__main__":
    main()
