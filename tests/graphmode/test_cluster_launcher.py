"""`./run.sh --workers`: cores and GPUs, the network, and what is started again."""

import os
import socket
import subprocess
import sys

import pytest

from graphmode.errors import InputError
from graphmode.runner import workers

LISTEN = """
import socket, sys
from graphmode.runner import workers
if not workers.private_network():
    sys.exit("not allowed")
with socket.create_server(("0.0.0.0", 0)) as server:
    port = server.getsockname()[1]
    socket.create_connection(("127.0.0.1", port)).close()  # the workers reach one another
    print(port, flush=True)
    sys.stdin.read()
"""


def test_cores_are_divided(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3, 1, 2, 0})
    assert workers.shares(2) == [({0, 2}, None), ({1, 3}, None)]
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {5})
    assert workers.shares(2) == [({5}, None), ({5}, None)]


def test_each_worker_has_a_gpu(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    assert [gpu for _, gpu in workers.shares(2)] == ["4", "7"]
    with pytest.raises(InputError, match="--workers 3: 2 GPUs were chosen .4,7."):
        workers.shares(3)


@pytest.mark.parametrize(
    "flags, saved, expected",
    [
        (["--lr", "1"], True, ["--lr", "1", "--resume"]),
        (["--checkpoint", "a", "--overwrite"], True, ["--resume"]),
        (["--checkpoint=a"], False, ["--checkpoint=a", "--overwrite"]),
        (["--resume"], False, ["--resume"]),
    ],
)
def test_flags_of_a_restart(flags, saved, expected):
    assert workers.again(flags, saved) == expected


def test_nobody_outside_reaches_the_workers_network():
    """Where the system allows it. Otherwise --workers is refused without --trusted_network."""
    child = subprocess.Popen(
        [sys.executable, "-c", LISTEN], stdin=-1, stdout=-1, stderr=-1, text=True
    )
    port = child.stdout.readline()
    if not port:
        assert "not allowed" in child.communicate()[1]
        refused = subprocess.run(
            [sys.executable, "-m", "graphmode.runner.workers", "--workers", "2", "gan_book.cae"],
            capture_output=True,
            text=True,
        )
        assert refused.returncode == 2 and "--trusted_network" in refused.stderr
        return
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)))
    child.communicate()


def test_a_worker_that_fails_ends_all_with_its_message(tmp_path, capfd):
    """The workers are plain scripts here: worker 1 fails, worker 0 never ends by itself."""
    script = tmp_path / "script.py"
    script.write_text(
        "import json, os, sys, time\n"
        "rank = json.loads(os.environ['TF_CONFIG'])['task']['index']\n"
        "if rank: sys.exit('worker 1: no such image')\n"
        "time.sleep(60)\n"
    )
    workers.heard.clear()
    group = workers.Group(2, [], tmp_path, private=True, program=[sys.executable, str(script)])
    group.grace = 0.5
    assert group.status() == 137
    assert "worker 1 has ended (status 1): worker 1: no such image" in capfd.readouterr().err
    assert all(worker.process.returncode is not None for worker in group.workers)
