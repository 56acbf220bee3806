"""What the programs need and this machine has or lacks, with cures: `./run.sh doctor`."""

import importlib
import os
import pathlib
import platform
import shutil
import sys
from typing import Any, List, Tuple

from graphmode import downloads, errors, repairs, tf

PACKAGES = (
    "tensorflow",
    "tf_keras",
    "tf_slim",
    "numpy",
    "scipy",
    "pillow",
    "tqdm",
    "rich",
    "jinja2",
    "matplotlib",
    "tensorboard",
    "psutil",
    "pooch",
    "platformdirs",
)
LITTLE_DISK = 2.0  # GB


def library(module: str, package: str) -> Any:
    """The module of an optional library. Raises InputError with the pip line if it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise errors.InputError(
            f"{package} is not installed ({error}): pip install {package}"
        ) from error


def examine() -> Tuple[List[Tuple[str, str]], List[str]]:
    """Returns (findings, faults): pairs of name and value; what is wrong, with the cure."""
    import importlib.metadata  # here, because Python 3.7 has none: see tests/referee/stub.py

    version = platform.python_version()
    findings, faults = [("Python", f"{version} ({sys.executable})")], []
    if not (3, 10) <= sys.version_info[:2] <= (3, 13):
        faults.append(
            f"Python {version} is not supported: make the environment with 3.10 to 3.13 "
            "(PYTHON=python3.12 ./run.sh setup)"
        )
    for name in PACKAGES:
        try:
            findings.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            faults.append(f"the package {name} is missing: ./run.sh setup, or pip install {name}")
    for examination in (_tensorflow, _data, _disk):
        examination(findings, faults)
    return findings, faults


def _tensorflow(findings, faults):
    try:
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.layers.batch_normalization(tf.layers.dense(tf.ones([2, 3]), 4), training=True)
            session.run(tf.global_variables_initializer())
            session.run(x)
        repairs.load("tf_slim")
        findings.append(("graph mode", "tf.layers and slim work"))
    except Exception as error:  # whatever it is, the user needs its first line
        line = str(error).splitlines()[0] if str(error) else repr(error)
        faults.append(f"TensorFlow does not work here: {line}")
        return
    devices = [
        device.name.replace("/physical_device:", "") for device in tf.config.list_physical_devices()
    ]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "not set")
    findings += [("devices", ", ".join(devices)), ("CUDA_VISIBLE_DEVICES", visible)]
    hidden = visible in ("-1", "")
    if shutil.which("nvidia-smi") and not hidden and not any("GPU" in name for name in devices):
        faults.append(
            "nvidia-smi is here but TensorFlow sees no GPU: "
            "./run.sh setup --gpu installs its CUDA libraries"
        )


def _data(findings, faults):
    places = [(downloads.cache_folder() / "mnist", "cache")]
    if "GAN_DATA_DIR" in os.environ:
        places.insert(0, (pathlib.Path(os.environ["GAN_DATA_DIR"], "mnist"), "GAN_DATA_DIR"))
    for folder, origin in places:
        files = sorted(folder.glob("*-ubyte*"))
        if len(files) >= 4:
            findings.append(("MNIST", f"{folder} ({origin})"))
            return
        if origin == "GAN_DATA_DIR" and folder.exists():
            faults.append(f"{folder} has {len(files)} of MNIST's four files: copy the others there")
    cure = "--data mnist downloads it (11 MB), --data digits draws digits instead"
    findings.append(("MNIST", f"not here; {cure}"))


def _disk(findings, faults):
    free = shutil.disk_usage(".").free / 1e9
    findings.append(("disk", f"{free:.1f} GB free here"))
    if free < LITTLE_DISK:
        faults.append(f"only {free:.1f} GB are free here: remove old runs (./run.sh disk)")


def main():
    findings, faults = examine()
    for name, value in findings:
        print(f"{name:>22}  {value}")
    for fault in faults:
        print(f"{'WRONG':>22}  {fault}")
    print(f"{'':>22}  {f'problems: {len(faults)}' if faults else 'no problems'}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
