"""Divides a folder of images at random: moves them into its folders train, val and test.

Run:    ./run.sh pix2pix.tools.split --dir pairs --train_frac 0.8

If it is interrupted, the same command finishes the division.
"""

import dataclasses
import os
import pathlib
import random

from data import pairs
from graphmode import cli, config
from graphmode.config import setting
from graphmode.errors import InputError

PARTS = ("train", "val", "test")


@dataclasses.dataclass(frozen=True)
class Flags(config.Settings):
    """Settings of the division."""

    dir: str = setting("", required=True, help="folder of images")
    train_frac: float = setting(0.8, at_least=0.0, at_most=1.0, help="fraction for train")
    test_frac: float = setting(
        0.0, at_least=0.0, at_most=1.0, help="fraction for test; val gets the rest"
    )

    def check(self):
        super().check()
        if self.train_frac + self.test_frac > 1:
            raise InputError(
                f"--train_frac {self.train_frac} and --test_frac {self.test_frac} "
                "are more than 1 together: give smaller fractions"
            )


def divide(names, train_frac, test_frac):
    """Assigns names to `PARTS` at random, the same names always in the same way: name -> part."""
    shuffled = sorted(names)
    random.Random(0).shuffle(shuffled)
    train = round(train_frac * len(shuffled))
    test = round(test_frac * len(shuffled))
    counts = (train, len(shuffled) - train - test, test)
    parts = [part for part, count in zip(PARTS, counts, strict=True) for _ in range(count)]
    return dict(zip(shuffled, parts, strict=True))


def split(flags):
    """Moves the images of --dir. Returns part -> number of images.

    Raises:
        InputError: the folder is divided already, or an image would replace another.
    """
    folder = pathlib.Path(flags.dir)
    paths = pairs.find(folder, sides=False)
    loose = [path for path in paths if path.parent == folder]
    # An interrupted division has moved these. Together with the others they are divided again in
    # the same way.
    moved = {
        path.name: path.parent.name
        for path in paths
        if path.parent.parent == folder and path.parent.name in PARTS
    }
    names = [*moved, *(path.name for path in loose)]
    parts = divide(names, flags.train_frac, flags.test_frac)
    if not loose or any(parts[name] != part for name, part in moved.items()):
        places = ", ".join(sorted(set(moved.values()))) or "other folders"
        raise InputError(
            f"{folder} has been divided already: its images are in {places}; "
            "move them back to divide them again"
        )
    for path in loose:
        target = folder / parts[path.name] / path.name
        if path.name in moved or target.exists():
            raise InputError(f"{path.name} is in {folder} and in {target.parent}: rename one")
    for path in loose:
        (folder / parts[path.name]).mkdir(exist_ok=True)
        os.rename(str(path), str(folder / parts[path.name] / path.name))
    return {part: list(parts.values()).count(part) for part in PARTS}


def run(flags):
    print(", ".join(f"{part}: {count}" for part, count in split(flags).items()))


def main(argv=None):
    cli.tool("pix2pix.tools.split", Flags, __doc__, run, argv)


if __name__ == "__main__":
    main()
