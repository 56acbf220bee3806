"""A run's folder: what is in it, who owns it, and files that are written whole or not at all.

    config.json  model.ckpt-N.*  checkpoint  events.*  scalars.csv  samples/  figures/  trace-N.json
    warnings.txt  metrics.json  report.html
"""

import contextlib
import csv
import fcntl
import io
import json
import re
import shutil
import sys

from graphmode.errors import InputError, Stopped, fail, one_line
from graphmode.files import path, write_whole

_OWN_FILES = ("config.json", "checkpoint", "events.*", "model.ckpt-*", "scalars.csv", "samples", "figures", "sample.png",
              "samples.npz", "trace-*.json", "warnings.txt", "metrics.json", "report.html",
              "index.html", "images")

_OLD_OPTIONS = ("which_direction", "ngf", "ndf", "lab_colorization")


def holds_a_run(folder):
    """Whether a config.json of ours lies there."""
    try:
        return "program" in json.loads(path(folder, "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def stored(folder):
    """The program and the settings (name -> value) that a folder's config.json names. Raises InputError.

    A folder of the pix2pix that the notes read has options.json instead; what is there is taken over as that program does.
    """
    file = path(folder, "config.json")
    old = not file.exists() and path(folder, "options.json").exists()
    file = path(folder, "options.json") if old else file
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        if old:
            return "pix2pix", {"as_published": True, **{name: found[name] for name in _OLD_OPTIONS if name in found}}
        return found["program"], dict(found["config"])
    except FileNotFoundError:
        raise InputError("{} holds no run: there is no config.json in it".format(folder)) from None
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("{} cannot be read ({}): use another run".format(file, error)) from None


def checkpoints(folder):
    """The complete checkpoints in a folder, oldest first: [(step, path without ending), ...]; model-N are the old program's."""
    found = []
    for index in path(folder).glob("model*-*.index"):
        step = re.fullmatch(r"model(?:\.ckpt)?-(\d+)\.index", index.name)
        if step and list(index.parent.glob(index.stem + ".data-*")):
            found.append((int(step[1]), index.with_suffix("")))
    return sorted(found)


def last_step(folder):
    """Steps done at the last checkpoint of a run; 0 without one."""
    return max((step for step, _ in checkpoints(folder)), default=0)


def find_checkpoint(name):
    """The newest checkpoint of a run's folder, or the one named. Raises InputError."""
    given = path(name)
    if given.is_dir():
        found = checkpoints(given)
        if not found:
            raise InputError("{} holds no checkpoint (model.ckpt-N.index): give the folder of a run".format(name))
        return found[-1][1]
    for _, checkpoint in checkpoints(given.parent):
        if checkpoint.name == re.sub(r"\.(index|meta|data-.*)$", "", given.name):
            return checkpoint
    raise InputError("{} is neither a run's folder nor a checkpoint".format(name))


def own_files(folder):
    """What lies in a folder under the names that a run gives its files."""
    return sorted(found for pattern in _OWN_FILES for found in path(folder).glob(pattern))


@contextlib.contextmanager
def started(config):
    """Makes the run's folder ready, empty of an earlier run or without what a resumed one will find anew, and keeps it.

    Yields:
        The folder, which no other process can train in meanwhile.

    Raises:
        InputError: the folder cannot be written, is another process's, or holds other files under a run's names.
    """
    folder = path(config.output_dir)
    check_free(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(str(folder / ".lock"), "a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError("another process is training in {}: wait for it, stop it, or choose another --output_dir"
                             .format(folder)) from None
        stale = ("metrics.json", "figures", "warnings.txt")
        # Not config.json, which is replaced below: cut short here, the folder is still known for a run's.
        for name in [found for found in own_files(folder)
                     if found.name != "config.json" and (found.name in stale or not config.resume)]:
            shutil.rmtree(str(name)) if name.is_dir() else name.unlink()
        stored = {"program": config.program, "config": config._asdict()}
        write_whole(folder / "config.json", json.dumps(stored, indent=1) + "\n")
    except OSError as error:
        raise InputError("the run's folder {} cannot be written: {}; choose another --output_dir".format(
            folder, error.strerror)) from error
    with lock:
        yield folder


def check_free(folder):
    """Raises InputError if files that are no run's would be taken for one's and be lost."""
    strange = [found.name for found in own_files(folder)]
    if strange and not holds_a_run(folder):
        raise InputError("{} is no run's folder but holds {}, which a run would replace: choose another --output_dir"
                         .format(folder, ", ".join(strange[:3])))


class ScalarLog:
    """scalars.csv: a row every `summary_freq` steps, each scalar the mean since the row before.

    Args:
        folder: the run's folder. Rows beyond `step` (written after the checkpoint that is resumed) are dropped.
        names: of the scalars, in the order of the columns.
        step: steps done when the run goes on. After a kill the next row counts from there, not from the row before.
    """

    def __init__(self, folder, names, step):
        self._file = path(folder, "scalars.csv")
        self._names = list(names)
        self._sums = {}
        rows = [row for row in read_scalars(folder) if int(row["step"]) <= step] if step else []
        text = io.StringIO()
        writer = csv.DictWriter(text, ["step", "phase"] + self._names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_whole(self._file, text.getvalue())

    def add(self, values):
        for name, value in values.items():
            total, count = self._sums.get(name, (0.0, 0))
            self._sums[name] = total + value, count + 1

    def row(self, step, phase):
        """Appends a row, if there is anything to say, and returns the means."""
        if not self._sums:
            return {}
        means = {name: total / count for name, (total, count) in self._sums.items()}
        self._sums = {}
        cells = [str(step), phase] + ["{:.6g}".format(means[n]) if n in means else "" for n in self._names]
        with open(str(self._file), "a", encoding="utf-8") as file:
            file.write(",".join(cells) + "\n")
        return means


def read_scalars(folder):
    """The rows of a run's scalars.csv as dictionaries of strings; a last row that was cut short is left out."""
    file = path(folder, "scalars.csv")
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8")
    return list(csv.DictReader(io.StringIO(text[:text.rfind("\n") + 1])))


def warn(folder, message, aloud=True):
    """Says a line on stderr and adds it to the run's warnings, which its report shows; once, however often it is said."""
    if aloud:
        sys.stderr.write("warning: {}\n".format(message))
    line, file = message.replace("\n", " ") + "\n", path(folder, "warnings.txt")
    line = line.encode("utf-8", "backslashreplace").decode()  # a file's name may be no UTF-8
    if not file.exists() or line not in file.read_text(encoding="utf-8").splitlines(keepends=True):
        with open(str(file), "a", encoding="utf-8") as opened:
            opened.write(line)
