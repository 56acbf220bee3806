"""Two real workers on this machine: the same weights as one process, and what a fault leaves."""

import json
import os
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from gan_book import gan
from graphmode import tf
from graphmode.training import run_folder, scalar_log

FLAGS = ["--batch_size", "8", "--display_freq", "0", "--summary_freq", "1"]


def started(flags):
    """`./run.sh --workers 2 gan_book.gan`, with a network of its own where that is allowed."""
    environment = {**os.environ, "PYTHONPATH": os.getcwd()}
    for trusted in ([], ["--trusted_network"]):
        launcher = [sys.executable, "-m", "graphmode.runner.workers", "--workers", "2", *trusted]
        process = subprocess.Popen(
            [*launcher, "gan_book.gan", *FLAGS, *flags],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        line = process.stdout.readline()
        if "--trusted_network" not in line:
            return process
    raise AssertionError(line)


def stored(folder):
    """name -> value: moving averages and Adam's first moments, which are gradients here.

    Adam makes the same step of a gradient that is nothing but rounding (that of a bias before a
    batch norm) as of any other. So after more steps, weights show less.
    """
    reader = tf.train.load_checkpoint(str(run_folder.find_checkpoint(folder)))
    values = {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
    chosen = {name: v for name, v in values.items() if name.endswith(("/Adam", "mean", "variance"))}
    return {name: value for name, value in chosen.items() if np.abs(value).max() > 1e-6}


def of_group(launcher):
    """The workers that a launcher has started: number -> process."""
    children = psutil.Process(launcher.pid).children()
    return {json.loads(child.environ()["TF_CONFIG"])["task"]["index"]: child for child in children}


@pytest.mark.slow
def test_two_workers_train_as_one_and_a_killed_one_is_named(tmp_path):
    tips = ["--discriminator_norm", "batch", "--generator_dropout", "0.2"]
    alone, folder = tmp_path / "alone", tmp_path / "together"
    gan.main([*FLAGS, *tips, "--max_steps", "1", "--output_dir", str(alone)])
    flags = [*tips, "--sync_batch_norm", "--output_dir", str(folder)]
    process = started([*flags, "--max_steps", "1"])
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0, output
    one, two = stored(alone), stored(folder)
    assert one.keys() == two.keys() and len(one) > 12
    for name, value in one.items():
        np.testing.assert_allclose(two[name], value, atol=1e-3 * np.abs(value).max(), err_msg=name)
    [ours], [theirs] = scalar_log.read(alone), scalar_log.read(folder)
    for name in ("discriminator_loss", "generator_loss", "generator_gradient"):
        assert float(ours[name]) == pytest.approx(float(theirs[name]), rel=1e-4)
    assert "worker 1 of 2" in (folder / "worker-1.log").read_text()
    assert json.loads((folder / "config.json").read_text())["config"]["batch_size"] == 8

    process = started(["--resume", "--output_dir", str(folder), "--max_steps", "100000"])
    while len(scalar_log.read(folder)) < 4:
        assert process.poll() is None, process.stdout.read()
        time.sleep(0.05)
    members = of_group(process)
    members[1].kill()
    killed = time.monotonic()
    output = process.communicate(timeout=60)[0]
    assert time.monotonic() - killed < 25
    assert process.returncode == 1
    assert "worker 1 at 127.0.0.1:" in output and "to continue: --resume" in output
    assert run_folder.last_step(folder) > 1
    assert not any(member.is_running() for member in members.values())
