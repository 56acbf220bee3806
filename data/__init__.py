"""Data sets and input pipelines."""

from data import mnist
from data.drawn import digits as drawn_digits
from data.mnist import Digits, few
from graphmode.errors import InputError

__all__ = ["Digits", "few", "load"]


def load(name: str, input_dir: str = "") -> Digits:
    """Loads the labelled images called `name`.

    Args:
        name: "mnist", "fashion_mnist" or "kmnist" (read from files, see `mnist.load`), or "digits"
            (drawn, see `drawn.digits`).
        input_dir: folder of the four files; empty: the folders that `mnist.load` knows.

    Raises:
        InputError: unknown name, an input folder for drawn digits, or missing or damaged files.
    """
    if name in mnist.PUBLISHED:
        return mnist.load(input_dir, name)
    if name != "digits":
        raise InputError(
            f"unknown data set {name!r}: use --data digits, {', '.join(mnist.PUBLISHED)}"
        )
    if input_dir:
        raise InputError(
            f"--data digits draws its images and reads nothing from --input_dir {input_dir}: "
            "use --data mnist, or remove --input_dir"
        )
    return drawn_digits.load()
