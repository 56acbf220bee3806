"""Files that are written whole or not at all."""

import contextlib
import os
import pathlib
import re
import shutil
import tempfile

UNFINISHED = ".unfinished-"  # how the name of a file or folder begins that is being written


def path(folder, *names):
    """A pathlib.Path below a folder. A leading `~` is the home directory."""
    return pathlib.Path(folder).expanduser().joinpath(*names)


@contextlib.contextmanager
def no_pattern(target):
    """A path of a checkpoint or of a folder that TensorFlow can read, whatever its name is.

    TensorFlow takes the paths of checkpoints and SavedModels for patterns: `[1]`, `*`, `?`, `\\`.

    Yields:
        The str of `target`, or of the same file through a link in a temporary folder.
    """
    target = pathlib.Path(os.path.abspath(str(target)))
    pattern = re.compile(r"[\[\]*?{}\\]")
    if not pattern.search(str(target)):
        yield str(target)
        return
    folder = pathlib.Path(tempfile.mkdtemp(prefix="graphmode."))
    try:
        whole = bool(pattern.search(target.name))  # the name of a checkpoint is no file's name
        (folder / "link").symlink_to(target if whole else target.parent)
        yield str(folder / "link" if whole else folder / "link" / target.name)
    finally:
        shutil.rmtree(str(folder))


def write_whole(target, content):
    """Writes a file. `target` then holds all of the content, or still what it held before.

    Args:
        target: path of the file. Its folder is created if it does not exist.
        content: str (written as UTF-8) or bytes.
    """
    target = pathlib.Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    content = content.encode("utf-8") if isinstance(content, str) else content
    handle, temporary = tempfile.mkstemp(dir=str(target.parent), prefix=UNFINISHED)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # before it gets its name: a power cut leaves no empty file
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
