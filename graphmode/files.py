"""Files that are written whole or not at all."""

import contextlib
import os
import pathlib
import tempfile


def path(folder, *names):
    """A pathlib.Path below a folder. A leading `~` is the home directory."""
    return pathlib.Path(folder).expanduser().joinpath(*names)


def write_whole(target, content):
    """Writes a file. `target` then holds all of the content, or still what it held before.

    Args:
        target: path of the file. Its folder is created if it does not exist.
        content: str (written as UTF-8) or bytes.
    """
    target = pathlib.Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    content = content.encode("utf-8") if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=str(target.parent), prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        set_usual_mode(temporary)
        os.replace(temporary, str(target))
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def set_usual_mode(file) -> None:
    """Gives a temporary file, which only its owner can read, the mode of other new files."""
    mask = os.umask(0)
    os.umask(mask)
    os.chmod(file, 0o666 & ~mask)
