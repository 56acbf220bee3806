"""Pairs of images, and single images, through TensorFlow 1's queues.

A pair is one file with A in its left half and B in its right half, or two files of the same name in
folders A and B. Once it is read it is always the former: one array, A left and B right.
"""

import contextlib
import os
import pathlib
import re
import sys
from typing import Any, Callable, List, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np

from data import channels, folders, queues
from graphmode import tf
from graphmode.errors import InputError, shown
from graphmode.training.queues import counted

SIDES = ("A", "B")  # folders of pairs in two files

Item = Union[pathlib.Path, Tuple[pathlib.Path, pathlib.Path]]  # a file, or the two files of a pair


class Format(NamedTuple):
    """How pairs are read.

    By default files are 8-bit RGB, whatever they contain: see `folders.decode`. Otherwise they keep
    all their bits, and A and B have these numbers of channels: see `channels.converted`.
    """

    a: int = 3
    b: int = 3
    bits: int = 8


PLAIN = Format()


def plain(items: Sequence[Item], form: Format) -> bool:
    """Whether `decode` returns uint8: the format is `PLAIN`, and the items are no stacks."""
    return form == PLAIN and not any(map(channels.is_stack, files(items)))


def find(folder: folders.Folder, sides: bool = True) -> List[Any]:
    """Finds the files of pairs, or single images.

    `folders.find`, but if all names are numbers, they are in numerical order: 2 before 10. Stacks
    (`channels`) are found in folders that have no images.

    Args:
        sides: whether subfolders A and B hold the two files of each pair.

    Returns:
        Paths; if all files lie in subfolders A and B: (path in A, path in B) of each name that
        both have. At least one.

    Raises:
        InputError: there is none.
    """
    folder = pathlib.Path(folder).expanduser()
    left, right = (folder / side for side in SIDES)
    if sides and left.is_dir() and right.is_dir() and not _loose(folder):
        partners = {_name(path, right): path for path in _files(right)}
        known = [path for path in _files(left) if _name(path, left) in partners]
        if known:
            return [(path, partners[_name(path, left)]) for path in known]
    return _files(folder)


def _loose(folder):
    return any(path.is_file() and not path.name.startswith(".") for path in folder.iterdir())


def _name(path, folder):
    return os.path.splitext(os.path.relpath(path, folder))[0]


def _files(folder):
    try:
        paths = folders.find(folder)
    except InputError:
        hidden = re.compile(r"(^|/)[.]")
        stacks = pathlib.Path(folder).glob(f"**/*{channels.STACK}")
        paths = sorted(p for p in stacks if not hidden.search(p.relative_to(folder).as_posix()))
        if not paths:
            raise
    if all(path.stem.isdecimal() for path in paths):
        paths.sort(key=lambda path: int(path.stem))
    return paths


def without_partner(folder: folders.Folder, items: Sequence[Item]) -> List[str]:
    """Lines about files in folders A and B that `find` left out: the other folder has no such name.

    Args:
        items: what `find` returned.
    """
    if not items or isinstance(items[0], pathlib.Path):
        return []
    taken = set(files(items))
    sides = [pathlib.Path(folder).expanduser() / side for side in SIDES]
    alone = [path for side in sides for path in _files(side) if path not in taken]
    return [shown(f"skipped {path}: no file of this name in the other folder") for path in alone]


def natural(items: Sequence[Item]) -> List[Item]:
    """Sorts by name as a person would: frame2 before frame10."""

    def key(item):
        parts = re.split(r"(\d+)", str(first(item)))
        return [(int(part), "") if part.isdecimal() else (0, part) for part in parts]

    return sorted(items, key=key)


def first(item: Item) -> pathlib.Path:
    """The file, or the first one of two."""
    return item if isinstance(item, pathlib.Path) else item[0]


def files(items: Sequence[Item]) -> List[pathlib.Path]:
    """All files of items."""
    return [path for item in items for path in ([item] if isinstance(item, pathlib.Path) else item)]


def names(items: Sequence[Item], folder: folders.Folder) -> List[str]:
    """A name for each item, see `folders.names`."""
    if items and not isinstance(items[0], pathlib.Path):
        folder = pathlib.Path(folder).expanduser() / SIDES[0]
    return folders.names([first(item) for item in items], folder)


def size(item: Item) -> Tuple[int, int]:
    """(width, height) in pixels of a file, or of both files of a pair side by side."""
    width, height = channels.size(first(item))
    return (width, height) if isinstance(item, pathlib.Path) else (2 * width, height)


def decode(item: Item, form: Format, joined: bool, alone: int = 3) -> np.ndarray:
    """Reads a pair or a single image.

    Args:
        item: from `find`.
        form: of the files.
        joined: whether a single file holds a pair.
        alone: the number of channels of a single image that is no pair.

    Returns:
        [height, width, channels]: uint8 RGB if the item is `plain`, else float32 in [0, 1]. If A
        and B have different numbers of channels, the array has the larger one, see `parted`.

    Raises:
        InputError: a file is damaged, has other channels, or the two files differ in size.
    """
    read = folders.decode if plain([item], form) else channels.decode
    if not isinstance(item, pathlib.Path):
        sides = tuple(map(read, item))
        if sides[0].shape[:2] != sides[1].shape[:2]:
            own, its = (f"{side.shape[1]} x {side.shape[0]}" for side in sides)
            raise InputError(
                shown(f"{item[0]}: {own} pixels, but {item[1]} has {its}: make both the same size")
            )
        sources = item
    else:
        image, sources = read(item), (item, item)
        if image.dtype == np.uint8:
            return image
        if not joined:
            return channels.converted(image, alone, item)
        wide = max(form.a, form.b)
        if image.shape[2] == wide and wide not in channels.IMAGES:
            return image  # of a stack, A or B has the first channels
        sides = halves(image)
    return np.hstack(
        [
            _widened(channels.converted(side, number, path), max(form.a, form.b))
            for side, number, path in zip(sides, (form.a, form.b), sources)
        ]
    )


def _widened(image, wide):
    """An image with more channels, which are 0."""
    return np.pad(image, [(0, 0), (0, 0), (0, wide - image.shape[2])])


def usable(
    items: Sequence[Item], folder: Optional[folders.Folder], read: Callable[[Item], Any]
) -> Tuple[List[Any], List[str]]:
    """Reads every item once: `folders.usable` for what that does not know.

    Args:
        folder: where `find` found them. Files without a partner are named, too.
        read: a function of an item that raises InputError if it cannot be used.

    Returns:
        The items that can be used, and lines about the others.

    Raises:
        InputError: none can be used; the message shows what is wrong with the first one.
    """

    def fault(item):
        try:
            read(item)
        except InputError as error:
            return f"skipped {error}"

    faults = list(folders.in_threads(fault, items))
    good = [item for item, line in zip(items, faults) if not line]
    skipped = [line for line in faults if line]
    if not good:
        reason = skipped[0][len("skipped ") :]
        raise InputError(f"none of {len(items)} images can be used: {reason}")
    if skipped:
        skipped.insert(0, f"skipped {len(skipped)} of {len(items)} images")
    skipped += without_partner(folder, items) if folder else []
    sys.stderr.writelines(f"{line}\n" for line in skipped)
    return good, skipped


def held_out_beside(folder: folders.Folder) -> Optional[pathlib.Path]:
    """The folder `val` or `test` with images beside a folder `train`, or None."""
    folder = pathlib.Path(folder)
    for name in ("val", "test") if folder.name == "train" else ():
        with contextlib.suppress(InputError):
            find(folder.with_name(name))
            return folder.with_name(name)
    return None


def halves(image: Any) -> Tuple[Any, Any]:
    """A and B: the left and the right half of [height, width, 3], an array or a tensor.

    B is one pixel wider than A if the width is odd.
    """
    width = image.shape[1] if isinstance(image.shape[1], int) else tf.shape(image)[1]
    middle = width // 2
    return image[:, :middle], image[:, middle:]


def parted(image: Any, form: Format) -> Tuple[Any, Any]:
    """`halves` with the channels of each: [height, width, form.a] and [height, width, form.b]."""
    first, second = halves(image)
    if form.a == form.b:
        return first, second
    return first[..., : form.a], second[..., : form.b]


def numbers(image: Any) -> Any:
    """A tensor of what `decode` returns as float32 in [0, 1]."""
    return tf.cast(image, tf.float32) / 255.0 if image.dtype == tf.uint8 else image


def resized(image: Any, height: int, width: int, published: bool = False) -> Any:
    """Resizes an image with AREA if it becomes smaller, else bilinearly.

    Args:
        image: [any height, any width, channels] tensor of floats.
        height, width: of the result, in pixels.
        published: AREA in any case, as in the published program. It repeats pixels of an image
            that becomes larger.

    Returns:
        [height, width, channels].
    """
    shape = tf.shape(image)
    method = tf.image.ResizeMethod

    def by(chosen):
        return tf.image.resize_images(image, [height, width], method=chosen)

    if published:
        return by(method.AREA)
    shrinks = (shape[0] >= height) & (shape[1] >= width)
    return tf.cond(shrinks, lambda: by(method.AREA), lambda: by(method.BILINEAR))


def augment(
    images: Sequence[Any],
    height: int,
    width: int,
    scale: int,
    flip: bool,
    seed: int,
    number: Any,
    published: bool = False,
) -> List[Any]:
    """Mirrors, resizes and crops images at random, all of them in the same way.

    Args:
        images: [any height, any width, channels] tensors in [0, 1].
        height, width: of the results, in pixels.
        scale: height to which images are resized before they are cropped, at least `height`. The
            width is in proportion.
        flip: if True, images are mirrored with probability 0.5.
        seed: of the random numbers, int from 0.
        number: int64 [], of the image: each gets other random numbers.
        published: see `resized`.

    Returns:
        [height, width, channels] for each image.
    """
    wide = round(scale * width / height)
    # One op: several ops with this seed would return the same numbers.
    both = tf.stack([tf.constant(seed, tf.int64), number])
    random = tf.unstack(tf.random.stateless_uniform([3], both))
    mirrored = random[0] < (0.5 if flip else 0.0)
    top = tf.cast(random[1] * (scale - height + 1), tf.int32)
    left = tf.cast(random[2] * (wide - width + 1), tf.int32)
    results = []
    for image in images:
        channels = image.shape[2]
        large = resized(_mirrored_if(mirrored, image), scale, wide, published)
        crop = large[top : top + height, left : left + width]
        crop.set_shape([height, width, channels])
        results.append(crop)
    return results


def _mirrored_if(condition, image):
    return tf.cond(condition, lambda: tf.reverse(image, [1]), lambda: image)


def reader(items: Sequence[Item], seed: int, form: Format, joined: bool) -> Tuple[Any, Any]:
    """The next pair or image, see `queues.reader`, and its number.

    Returns:
        [any height, any width, channels], uint8 or float32 in [0, 1] (see `decode`), and int64 [].
    """
    if plain(items, form) and isinstance(items[0], pathlib.Path):
        return queues.reader(files(items), seed)
    places, number = queues.names([str(place) for place in range(len(items))], seed)
    place = places.dequeue()

    def read(place):
        return decode(items[int(place)], form, joined)

    image = tf.py_func(read, [place], tf.uint8 if plain(items, form) else tf.float32)
    image.set_shape([None, None, max(form.a, form.b)])
    return image, number(place)


def batches(
    paths: Sequence[Item],
    height: int,
    width: int,
    scale: int,
    flip: bool,
    batch_size: int,
    seed: int,
    joined: bool = True,
    published: bool = False,
    form: Format = PLAIN,
) -> List[Any]:
    """An endless stream of augmented batches. Each epoch has a different order.

    Args:
        paths: valid images (see `usable`), at least one.
        height, width, scale, flip, published: see `augment`.
        batch_size: pairs or images in a batch.
        seed: int from 0.
        joined: whether an item holds A and B.
        form: of the files.

    Returns:
        A and B, or the images: float32 [batch_size, height, width, channels] in [0, 1] each. Queue
        runners fill them (`training.fit` starts them). They stop if a file has become unreadable.
    """
    image, number = reader(paths, seed, form, joined)
    image = numbers(image)
    parts = parted(image, form) if joined else [image]
    augmented = augment(parts, height, width, scale, flip, seed, number, published)
    batch = tf.train.batch(augmented, batch_size)
    return counted(batch if joined else [batch])
