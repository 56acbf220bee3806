"""Files from the net, kept in a cache: whole and with the right MD5, or not there at all."""

import contextlib
import hashlib
import http.client
import os
import pathlib
import sys
import urllib.request

import tqdm

from graphmode.cli import InputError

TIMEOUT = 20  # seconds without an answer, or without a byte
BLOCK = 1 << 16  # bytes


def cache_dir():
    """The folder of downloaded files: `$XDG_CACHE_HOME/graphmode-gans`, else `~/.cache/graphmode-gans`."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "graphmode-gans"


def fetch(urls, path, md5):
    """Makes sure that the file `path` is there with the MD5 `md5` (hexadecimal digits), and returns `path`.

    A file with another MD5 is replaced. A download that fails or is interrupted leaves no file and no new folder.

    Raises:
        InputError: no URL of `urls`, tried in turn, gave that file, or the folder cannot be used.
    """
    path = pathlib.Path(path)
    new_folders = [folder for folder in path.parents if not os.path.exists(folder)]  # innermost first
    failures = []
    try:
        if path.is_file() and hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == md5:
            return path
        path.parent.mkdir(parents=True, exist_ok=True)
        for url in urls:
            try:
                _download(url, path, md5)
                return path
            except (OSError, http.client.HTTPException, ValueError) as error:
                failures.append(f"{url} ({error})")
    except OSError as error:
        failures.append(f"{error.filename} ({error.strerror})")
    finally:
        for folder in new_folders:
            with contextlib.suppress(OSError):  # not empty: it holds what was downloaded
                folder.rmdir()
    raise InputError(f"{path.name} cannot be downloaded: {'; '.join(failures)}. "
                     f"Put the files into {path.parent} yourself, or use --data digits")


def _download(url, path, md5):
    """One attempt. Raises OSError, HTTPException (no or half an answer) or ValueError (wrong content, no URL)."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.part")  # two programs may download at once
    digest = hashlib.md5(usedforsecurity=False)
    print(f"Downloading {url}", file=sys.stderr)
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, open(partial, "wb") as file:
            size = int(answer.headers.get("Content-Length", 0))  # 0: the server does not say
            with tqdm.tqdm(total=size or None, unit="B", unit_scale=True, disable=None) as bar:  # None: terminals only
                while block := answer.read(BLOCK):
                    file.write(block)
                    digest.update(block)
                    bar.update(len(block))
                received = file.tell()
        if received < size:
            raise ConnectionError(f"cut short after {received} of {size} bytes")
        if digest.hexdigest() != md5:
            raise ValueError(f"MD5 {digest.hexdigest()}, expected {md5}")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
