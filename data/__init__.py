"""Data sets and input pipelines."""

from data import digits, mnist
from graphmode.cli import InputError


def load(name, input_dir=""):
    """The labelled 28x28 pictures called `name`.

    Args:
        name: "mnist" (read from files, see `mnist.load`) or "digits" (drawn, see `digits.load`).
        input_dir: folder of MNIST's files; empty: the places that `mnist.load` knows.

    Returns:
        `digits.Digits`.

    Raises:
        InputError: another name, a folder of files for digits that are drawn, or missing or damaged files.
    """
    if name == "mnist":
        return mnist.load(input_dir)
    if name != "digits":
        raise InputError(f"there is no data set {name!r}: use --data mnist or --data digits")
    if input_dir:
        raise InputError(f"--data digits draws its pictures and reads nothing from {input_dir}: "
                         "use --data mnist, or leave out --input_dir")
    return digits.load()
