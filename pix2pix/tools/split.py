"""Divides a folder of pictures at random: moves them into its folders train, val and test.

Run: `./run.sh pix2pix.split --dir pairs --train_frac 0.8`. An interrupted call is finished by the same command.
"""

import os
import pathlib
import random

from data import pairs
from graphmode import cli, errors

PARTS = ("train", "val", "test")


def divide(names, train, test):
    """Name -> part: shares `train` and `test` of the names, the rest for val; by chance, but always the same."""
    shuffled = sorted(names)
    random.Random(0).shuffle(shuffled)
    first = round(train * len(shuffled))
    last = len(shuffled) - round(test * len(shuffled))
    return {name: PARTS[0] if n < first else PARTS[1] if n < last else PARTS[2] for n, name in enumerate(shuffled)}


def split(flags):
    if flags.train_frac + flags.test_frac > 1:
        raise errors.InputError("--train_frac {} and --test_frac {} are more than 1 together".format(
            flags.train_frac, flags.test_frac))
    folder = pathlib.Path(flags.dir).expanduser()
    found = pairs.find(folder)
    loose = [path for path in found if path.parent == folder]
    # What an interrupted call has moved already: with the rest it makes the same division.
    moved = {path.name: path.parent.name for path in found if path.parent.parent == folder and path.parent.name in PARTS}
    parts = divide([*moved, *(path.name for path in loose)], flags.train_frac, flags.test_frac)
    if not loose or any(parts[name] != part for name, part in moved.items()):
        raise errors.InputError("{} has been divided already: its pictures lie in {}".format(
            folder, ", ".join(sorted(set(moved.values()))) or "other folders"))
    taken = [path.name for path in loose if path.name in moved or (folder / parts[path.name] / path.name).exists()]
    if taken:
        raise errors.InputError("{} lies in {} and in {}: rename one".format(taken[0], folder, folder / parts[taken[0]]))
    for path in loose:
        (folder / parts[path.name]).mkdir(exist_ok=True)
        os.rename(str(path), str(folder / parts[path.name] / path.name))
    return {part: list(parts.values()).count(part) for part in PARTS}


def main(argv=None):
    parser = cli.Parser(prog="pix2pix.split", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--dir", required=True, help="folder of pictures")
    parser.add_argument("--train_frac", type=cli.real(0.0, 1.0), default=0.8, help="share for train (default: 0.8)")
    parser.add_argument("--test_frac", type=cli.real(0.0, 1.0), default=0.0, help="share for test; the rest is val (default: 0)")
    with errors.one_line("pix2pix.split"):
        counts = split(parser.parse_args(argv))
    print(", ".join("{}: {}".format(*pair) for pair in counts.items()))


if __name__ == "__main__":
    main()
