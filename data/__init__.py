"""Data sets and input pipelines."""

from data import mnist
from data.drawn import digits as drawn_digits
from data.mnist import Digits, few
from graphmode.errors import InputError

__all__ = ["Digits", "few", "load"]


def load(name: str, input_dir: str = "") -> Digits:
    """Loads the labelled 28x28 images called `name`.

    Args:
        name: "mnist" (read from files, see `mnist.load`) or "digits" (drawn, see `drawn.digits`).
        input_dir: folder of MNIST's files; empty: the folders that `mnist.load` knows.

    Raises:
        InputError: unknown name, an input folder for drawn digits, or missing or damaged files.
    """
    if name == "mnist":
        return mnist.load(input_dir)
    if name != "digits":
        raise InputError(f"unknown data set {name!r}: use --data mnist or --data digits")
    if input_dir:
        raise InputError(
            f"--data digits draws its images and reads nothing from --input_dir {input_dir}: "
            "use --data mnist, or remove --input_dir"
        )
    return drawn_digits.load()
