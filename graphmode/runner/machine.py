"""Free GPUs and free disk space: `./run.sh gpus`, `./run.sh disk`, and the choice of the GPU.

run.sh starts this module with any Python from 3.10 on. It needs no installed package.
"""

import os
import shutil
import subprocess
import sys
from typing import NamedTuple

from graphmode.errors import InputError, one_line, shown

_QUERY = "--query-gpu=index,name,memory.used,memory.total,utilization.gpu"
_PATIENCE = 20  # seconds that nvidia-smi may take


# GPUs


class GPU(NamedTuple):
    """One GPU as nvidia-smi reports it.

    Attributes:
        id: its number, for example "0".
        name: for example "NVIDIA H200".
        used, total: memory in MiB, or None if the GPU does not report it.
        busy: percent, as text.
    """

    id: str
    name: str
    used: int | None
    total: int | None
    busy: str

    @property
    def free(self) -> int:
        """MiB; 0 if unknown."""
        return 0 if self.used is None or self.total is None else self.total - self.used

    def __str__(self):
        if self.used is None or self.total is None:
            return f"GPU {self.id} ({self.name})"
        memory = f"{gigabytes(self.free)} of {gigabytes(self.total)} GB free"
        return f"GPU {self.id} ({self.name}, {memory})"

    def row(self) -> str:
        """Its line in the table of `./run.sh gpus`."""
        used, total = ("-" if size is None else gigabytes(size) for size in (self.used, self.total))
        return f"{self.id:<4} {self.name:<36} {used:>6} of {total:>5} GB {self.busy:>6} %"


def gigabytes(mebibytes: float) -> str:
    """MiB as GiB with one decimal."""
    return f"{mebibytes / 1024:.1f}"


def _ask(*arguments: str) -> str:
    """The output of nvidia-smi. Raises InputError if it does not exist, fails or hangs."""
    if not shutil.which("nvidia-smi"):
        raise InputError("there is no nvidia-smi, so there is no NVIDIA driver")
    try:
        process = subprocess.Popen(
            ["nvidia-smi", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output = process.communicate(timeout=_PATIENCE)[0].decode(errors="replace")
    except subprocess.TimeoutExpired:
        # It may ignore SIGTERM when the driver hangs. Its end is not awaited: in the driver itself
        # not even SIGKILL ends it.
        process.kill()
        raise InputError(f"nvidia-smi fails: no answer in {_PATIENCE} s") from None
    except OSError as error:
        raise InputError(f"nvidia-smi fails: {error.strerror}") from error
    if process.returncode:
        lines = output.split("\n")
        raise InputError(f"nvidia-smi fails: {shown(lines[0]) or f'status {process.returncode}'}")
    return output


def _number(text: str) -> int | None:
    """A decimal number, also with leading zeros; None for "", "[N/A]" and the like."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def read_gpus() -> list[GPU]:
    """All GPUs in the order of nvidia-smi. Raises InputError if there are none, with the reason."""
    gpus = []
    for line in _ask(_QUERY, "--format=csv,noheader,nounits").splitlines():
        fields = [field.strip() for field in line.split(",")]
        number = _number(fields[0])
        if len(fields) < 5 or number is None:
            continue
        name, (used, total, busy) = ", ".join(fields[1:-3]), fields[-3:]
        gpus.append(GPU(str(number), shown(name), _number(used), _number(total), shown(busy)))
    if not gpus:
        raise InputError("nvidia-smi lists no GPU")
    return gpus


def choose(wanted: str) -> str:
    """The value of CUDA_VISIBLE_DEVICES for `--gpu`; says on stderr which GPUs that is.

    Args:
        wanted: "cpu", "auto", numbers or UUIDs separated by commas, or "" if `--gpu` is not
            given. Then a value that the user has set counts, else the choice is "auto".

    Raises:
        InputError: a GPU is named that this machine does not have.
    """
    if not wanted and "CUDA_VISIBLE_DEVICES" in os.environ:
        return os.environ["CUDA_VISIBLE_DEVICES"]
    if wanted == "cpu":
        return "-1"
    try:
        gpus = read_gpus()
    except InputError as error:
        if wanted not in ("", "auto"):
            raise InputError(f"--gpu {shown(wanted)}: {error}; use --gpu cpu") from None
        if "fails" in str(error):
            print(f"run.sh: {error}; using the CPU", file=sys.stderr)
        return "-1"
    by_id = {gpu.id: gpu for gpu in gpus}
    if wanted in ("", "auto"):
        wanted = max(gpus, key=lambda gpu: gpu.free).id
    ids = wanted.split(",")
    for number, name in enumerate(ids):
        if name in ids[:number] or not (name in by_id or _is_uuid(name)):
            raise InputError(
                f"--gpu {shown(wanted)}: '{shown(name)}' is not a GPU, or is named twice; "
                f"there are: {', '.join([*by_id, 'auto', 'cpu'])}"
            )
    print(", ".join(str(by_id.get(name, f"GPU {name}")) for name in ids), file=sys.stderr)
    return wanted


def _is_uuid(name: str) -> bool:
    return name.startswith(("GPU-", "MIG-")) and f"(UUID: {name})" in _ask("-L")


def show_gpus() -> None:
    """Prints the table of `./run.sh gpus`."""
    try:
        gpus = read_gpus()
    except InputError as error:
        print(f"CPU only: {error}")
        return
    print(f"{'GPU':<4} {'name':<36} {'memory in use':>18} {'busy':>8}")
    for gpu in gpus:
        print(gpu.row())


# Disk


def free_megabytes() -> float:
    """MiB that are free on the disk of runs/, or of the folder where runs/ would be made."""
    return shutil.disk_usage("runs" if os.path.isdir("runs") else ".").free / 2**20


def warn_disk() -> None:
    """Says on stderr if less than RUNS_DISK_WARN_GB (2) GB are free.

    Raises:
        InputError: RUNS_DISK_WARN_GB is not a whole number.
    """
    limit = os.environ.get("RUNS_DISK_WARN_GB") or "2"
    gigabytes_wanted = _number(limit)
    if gigabytes_wanted is None:
        raise InputError(f"RUNS_DISK_WARN_GB={shown(limit)}: give whole gigabytes")
    free = free_megabytes()
    if free < gigabytes_wanted * 1024:
        text = f"only {gigabytes(free)} GB free on the disk of runs/; see: ./run.sh disk"
        print(f"run.sh: {text}", file=sys.stderr)


def _size(folder: str) -> int:
    """Bytes on the disk below a folder. A file with several names counts once."""
    sizes = {}
    for parent, _, names in os.walk(folder):
        for name in [".", *names]:
            try:
                status = os.lstat(os.path.join(parent, name))
            except OSError:  # removed meanwhile
                continue
            sizes[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(sizes.values())


def show_disk() -> None:
    """Prints the free space, and each folder in runs/ with its size, the largest first."""
    free = gigabytes(free_megabytes())
    print(f"{free} GB free on the disk of {shown(os.path.join(os.getcwd(), 'runs'))}")
    sizes = {}
    if os.path.isdir("runs"):
        names = [entry.name for entry in os.scandir("runs") if entry.is_dir()]
        sizes = {name: _size(f"runs/{name}/") for name in names if not name.startswith(".")}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        print(f"{-(-sizes[name] // 2**20):8d} MB  runs/{shown(name)}")


def main(arguments: list[str]) -> None:
    """`gpus`, `disk`, or `choose GPU`, which prints the value of CUDA_VISIBLE_DEVICES."""
    with one_line("run.sh"):
        if arguments[0] == "gpus":
            show_gpus()
        elif arguments[0] == "disk":
            show_disk()
        else:
            print(choose(arguments[1]))
            warn_disk()
