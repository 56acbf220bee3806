"""What this machine has and lacks for the programs here, and how to mend it: `./run.sh doctor`."""

import importlib
import importlib.metadata
import os
import pathlib
import platform
import shutil
import sys

from graphmode import errors, repairs, tf

_PACKAGES = ("tensorflow", "tf_keras", "tf_slim", "numpy", "pillow", "tqdm", "jinja2", "matplotlib", "tensorboard")


def library(module, package):
    """An optional library's module, which `pip install package` brings. Raises InputError with that cure."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise errors.InputError("{} is not installed ({}): pip install {}".format(package, error, package)) from error


def examine():
    """Returns (findings, faults): lines of what there is, and lines of what is wrong with the cure of each."""
    findings = [("Python", "{} ({})".format(platform.python_version(), sys.executable))]
    faults = []
    if not (3, 10) <= sys.version_info[:2] <= (3, 13):
        faults.append("Python {} is not supported: make the environment with 3.10 to 3.13 (PYTHON=python3.12 ./run.sh "
                      "setup)".format(platform.python_version()))
    for name in _PACKAGES:
        try:
            findings.append((name, importlib.metadata.version(name)))
        except importlib.metadata.PackageNotFoundError:
            faults.append("the package {0} is missing: ./run.sh setup, or pip install {0}".format(name))
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
    except Exception as error:  # whatever it is, its first line is what the user needs
        faults.append("TensorFlow does not work here: {}".format(str(error).splitlines()[0] if str(error) else repr(error)))
        return
    devices = [device.name.replace("/physical_device:", "") for device in tf.config.list_physical_devices()]
    findings.append(("devices", ", ".join(devices)))
    findings.append(("CUDA_VISIBLE_DEVICES", os.environ.get("CUDA_VISIBLE_DEVICES", "not set")))
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("-1", "")
    if shutil.which("nvidia-smi") and not hidden and not any(name.startswith("GPU") for name in devices):
        faults.append("nvidia-smi is here but TensorFlow sees no GPU: ./run.sh setup --gpu installs its CUDA libraries")


def _data(findings, faults):
    places = [(pathlib.Path(os.environ["GAN_DATA_DIR"], "mnist"), "GAN_DATA_DIR")] if "GAN_DATA_DIR" in os.environ else []
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache", "graphmode-gans", "mnist")
    for folder, origin in places + [(cache, "cache")]:
        files = sorted(folder.glob("*-ubyte*"))
        if len(files) >= 4:
            findings.append(("MNIST", "{} ({})".format(folder, origin)))
            return
        if origin == "GAN_DATA_DIR" and folder.exists():
            faults.append("{} holds {} of MNIST's four files".format(folder, len(files)))
    findings.append(("MNIST", "not here; --data mnist downloads it (11 MB), --data digits draws digits instead"))


def _disk(findings, faults):
    free = shutil.disk_usage(".").free / 1e9
    findings.append(("disk", "{:.1f} GB free here".format(free)))
    if free < 2:
        faults.append("only {:.1f} GB are free here: remove old runs (./run.sh disk lists them)".format(free))


def main():
    findings, faults = examine()
    for name, value in findings:
        print("{:>22}  {}".format(name, value))
    for fault in faults:
        print("{:>22}  {}".format("WRONG", fault))
    print("{:>22}  {}".format("", "nothing is wrong" if not faults else "{} to mend".format(len(faults))))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
