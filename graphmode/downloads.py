"""Files from the internet: each is whole and has the right MD5, or it does not exist."""

import contextlib
import os
import pathlib
import sys
import tempfile
from typing import Optional, Sequence

import platformdirs

from graphmode import files
from graphmode.errors import InputError

TIMEOUT = 20  # seconds without a byte from the server
BLOCK = 1 << 16  # bytes


def _pooch():
    import pooch  # here: it takes a sixth of a second, and --help does not need it

    pooch.get_logger().setLevel("WARNING")  # `fetch` prints a line of its own
    return pooch


def cache_folder() -> pathlib.Path:
    """The folder of downloaded files.

    On Linux it is `$XDG_CACHE_HOME/graphmode-gans`, or `~/.cache/graphmode-gans`. Without a home
    directory that can be written (containers) it is a folder of this user for temporary files.

    Raises:
        InputError: that folder belongs to another user.
    """
    try:
        folder = platformdirs.user_cache_path("graphmode-gans", appauthor=False)
        parent = next(path for path in (folder, *folder.parents) if path.exists())
        if folder.is_absolute() and (parent == folder or os.access(parent, os.W_OK | os.X_OK)):
            return folder
    except (OSError, RuntimeError):  # no home directory, or one that cannot be searched
        pass
    folder = pathlib.Path(tempfile.gettempdir(), f"graphmode-gans-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise InputError(f"{folder} belongs to another user: set XDG_CACHE_HOME to another folder")
    return folder


def md5(path: pathlib.Path) -> str:
    """The MD5 of a file, in hexadecimal digits."""
    return _pooch().file_hash(str(path), alg="md5")


def fetch(urls: Sequence[str], path: pathlib.Path, expected: Optional[str] = None) -> pathlib.Path:
    """Makes sure that a file exists with the right content.

    A download that fails or is interrupted leaves no file and no new folder.

    Args:
        urls: where the file can be downloaded. They are tried in this order.
        path: the file.
        expected: MD5 of the content. A file with another MD5 is replaced. If None, a file
            that exists is right.

    Returns:
        `path`.

    Raises:
        InputError: no URL has that file, or the folder cannot be used.
    """
    path = pathlib.Path(path)
    folders = [folder for folder in path.parents if not folder.exists()]  # the innermost is first
    failures = []
    try:
        if path.is_file() and (expected is None or md5(path) == expected):
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        for url in urls:
            try:
                _download(url, path, expected)
                return path
            except (OSError, ValueError) as error:
                failures.append(f"{url} ({' '.join(str(error).split())})")
    except OSError as error:
        failures.append(f"{error.filename} ({error.strerror})")
    finally:
        for folder in folders:
            with contextlib.suppress(OSError):  # not empty: it holds the file
                folder.rmdir()
    raise InputError(
        f"{path.name} cannot be downloaded: {'; '.join(failures)}; put the file into {path.parent}"
    )


def _download(url, path, expected):
    """One attempt. Raises OSError (no answer, or half an answer) or ValueError (other content)."""
    print(f"Downloading {url}", file=sys.stderr)
    _pooch().retrieve(
        url,
        known_hash=expected and f"md5:{expected}",
        fname=path.name,
        path=path.parent,
        downloader=_pooch().HTTPDownloader(
            # The bytes as they are: a server may offer to unpack a gzipped file on the way.
            headers={"Accept-Encoding": "identity"},
            timeout=TIMEOUT,
            chunk_size=BLOCK,
            progressbar=sys.stderr.isatty(),
        ),
    )
    files.set_usual_mode(path)
