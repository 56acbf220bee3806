"""run.sh: the choice of the GPU, and the disk."""

import json
import os
import re
import shutil

import pytest
from fake_machine import BROKEN_DRIVER, ONE_GPU, SILENT_GPU, THREE_GPUS

from graphmode.errors import InputError
from graphmode.runner import machine


@pytest.fixture
def gpus(tmp_path, tools, monkeypatch):
    """Sets what nvidia-smi is; None: there is none."""
    monkeypatch.setenv("PATH", f"{tmp_path}:{tools}")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    def install(script):
        if script is not None:
            (tmp_path / "nvidia-smi").write_text(f"#!/usr/bin/env bash\n{script}\n")
            (tmp_path / "nvidia-smi").chmod(0o755)

    return install


@pytest.mark.parametrize(
    "script, wanted, visible, message",
    [
        (THREE_GPUS, "", "1", "GPU 1 (NVIDIA A100-SXM4-40GB, 39.1 of 40.0 GB free)"),
        (THREE_GPUS, "auto", "1", "GPU 1 (NVIDIA A100-SXM4-40GB, 39.1 of 40.0 GB free)"),
        (THREE_GPUS, "0", "0", "GPU 0 (Tesla T4, 0.4 of 15.0 GB free)"),
        (
            THREE_GPUS,
            "2,0",
            "2,0",
            "GPU 2 (NVIDIA A100-SXM4-40GB, 10.7 of 40.0 GB free), "
            "GPU 0 (Tesla T4, 0.4 of 15.0 GB free)",
        ),
        (THREE_GPUS, "cpu", "-1", ""),
        (THREE_GPUS, "GPU-5c89aa11", "GPU-5c89aa11", "GPU GPU-5c89aa11"),
        (THREE_GPUS, "MIG-7b00", "MIG-7b00", "GPU MIG-7b00"),
        (ONE_GPU, "", "0", "GPU 0 (NVIDIA H200, 139.4 of 140.4 GB free)"),
        (SILENT_GPU, "", "0", "GPU 0 (NVIDIA GB10)"),
        (
            "echo '0, T4, , , '; echo '1, T4, 0008, 0010, 0'",
            "",
            "1",
            "GPU 1 (T4, 0.0 of 0.0 GB free)",
        ),
        ("echo '08, T4, 0512, 02048, 0'", "", "8", "GPU 8 (T4, 1.5 of 2.0 GB free)"),
        (f"echo '0, T4, {'9' * 5000}, 9, 0'", "", "0", "GPU 0 (T4)"),
        (
            BROKEN_DRIVER,
            "",
            "-1",
            "run.sh: nvidia-smi fails: NVIDIA-SMI has failed because it couldn't communicate with "
            "the NVIDIA driver.; using the CPU",
        ),
        ("exit 9", "", "-1", "run.sh: nvidia-smi fails: status 9; using the CPU"),
        ("echo 'No devices were found'", "", "-1", ""),
        ("echo; echo ','; echo 'x, y'", "auto", "-1", ""),
        (None, "", "-1", ""),
        (None, "auto", "-1", ""),
        (None, "cpu", "-1", ""),
    ],
)
def test_the_gpu_with_most_free_memory_or_the_named_ones(
    gpus, capsys, script, wanted, visible, message
):
    gpus(script)
    assert machine.choose(wanted) == visible
    assert capsys.readouterr().err.strip() == message


@pytest.mark.parametrize(
    "value, offender",
    [
        ("3", "3"),
        ("x", "x"),
        ("0,,1", ""),
        ("0,", ""),
        ("0,0", "0"),
        ("00", "00"),
        ("*", "*"),
        ("0 1", "0 1"),
        ("-1", "-1"),
        ("GPU-5c89", "GPU-5c89"),
        ("0,GPU-beef", "GPU-beef"),
        ("auto,1", "auto"),
        ("0,\x1b[2J\n", "\\x1b[2J\\n"),
    ],
)
def test_a_gpu_that_is_not_there_is_refused(gpus, value, offender):
    gpus(THREE_GPUS)
    with pytest.raises(InputError) as error:
        machine.choose(value)
    assert f"'{offender}' is not a GPU, or is named twice" in str(error.value)
    assert "there are: 0, 1, 2, auto, cpu" in str(error.value)
    assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "script, reason", [(None, "no nvidia-smi"), (BROKEN_DRIVER, "couldn't communicate")]
)
def test_a_named_gpu_without_any_is_refused(gpus, capsys, script, reason):
    gpus(script)
    with pytest.raises(InputError, match=f"--gpu 0: .*{reason}.*; use --gpu cpu"):
        machine.choose("0")
    machine.show_gpus()
    output = capsys.readouterr().out
    assert output.startswith("CPU only: ") and reason in output


def test_an_nvidia_smi_that_hangs_and_ignores_sigterm_is_killed(gpus, capsys, monkeypatch):
    monkeypatch.setattr(machine, "_PATIENCE", 0.2)
    gpus("trap '' TERM; echo '0, T4, 1, 2, 3'; sleep 30")
    assert machine.choose("") == "-1"
    assert "nvidia-smi fails: no answer in 0.2 s; using the CPU" in capsys.readouterr().err


def test_the_table_of_gpus(gpus, capsys):
    gpus(THREE_GPUS + "\necho '3, NVIDIA GB10, [N/A], [N/A], 3'")
    machine.show_gpus()
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["GPU", "name", "memory", "in", "use", "busy"],
        ["0", "Tesla", "T4", "14.6", "of", "15.0", "GB", "97", "%"],
        ["1", "NVIDIA", "A100-SXM4-40GB", "0.9", "of", "40.0", "GB", "0", "%"],
        ["2", "NVIDIA", "A100-SXM4-40GB", "29.3", "of", "40.0", "GB", "55", "%"],
        ["3", "NVIDIA", "GB10", "-", "of", "-", "GB", "3", "%"],
    ]


@pytest.mark.parametrize("value", ["2", "0,1", "-1", ""])
def test_a_variable_of_the_user_counts_until_a_gpu_is_named(gpus, monkeypatch, value):
    gpus(THREE_GPUS)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    chosen = {wanted: machine.choose(wanted) for wanted in ("", "0", "auto", "cpu")}
    assert chosen == {"": value, "0": "0", "auto": "1", "cpu": "-1"}


def test_a_program_sees_the_chosen_gpu(project):
    project.gpus(THREE_GPUS)
    result = project.run("gan_book.echo")
    given = json.loads(result.stdout)
    assert (given["gpus"], given["order"]) == ("1", "PCI_BUS_ID")
    assert result.stderr.startswith("GPU 1 (NVIDIA A100-SXM4-40GB, 39.1 of 40.0 GB free)\n")
    assert project.echo("gan_book.echo", CUDA_VISIBLE_DEVICES="")["gpus"] == ""
    assert project.echo("--gpu=2", "gan_book.echo")["gpus"] == "2"
    assert "--gpu 3: '3' is not a GPU" in project.fail("--gpu", "3", "gan_book.echo")
    assert "A100" in project.succeed("gpus")


# Disk


def test_disk_shows_what_is_free_and_the_biggest_folder_first(tmp_path, capsys, monkeypatch):
    work = tmp_path / "a\nb"
    for name, megabytes in (("small run", 1), ("big\n\x1b[2J", 3), (".jobs", 1)):
        (work / "runs" / name / "deep").mkdir(parents=True)
        (work / "runs" / name / "deep/model").write_bytes(os.urandom((megabytes << 20) - 8192))
    os.link(work / "runs/small run/deep/model", work / "runs/small run/twice")
    monkeypatch.chdir(work)
    usage = shutil.disk_usage(work)._replace(free=1536 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    machine.show_disk()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"1.5 GB free on the disk of {tmp_path}/a\\nb/runs"
    sizes = [re.fullmatch(r" +(\d+) MB  (.*)", line).groups() for line in lines[1:]]
    assert sizes == [("3", "runs/big\\n\\x1b[2J"), ("1", "runs/small run")]


def test_disk_needs_no_environment(project):
    project.bare().python("python3", "3.12")
    (project.work / "runs/vae").mkdir(parents=True)
    assert "GB free on the disk of" in project.succeed("disk")
    assert not project.record()


def test_a_program_warns_when_the_disk_is_nearly_full(project):
    result = project.run("gan_book.echo", RUNS_DISK_WARN_GB="999999999")
    assert re.fullmatch(
        r"run.sh: only \d+\.\d GB free on the disk of runs/; see: ./run.sh disk\n", result.stderr
    )
    assert project.run("gan_book.echo", RUNS_DISK_WARN_GB="0").stderr == ""
    assert "RUNS_DISK_WARN_GB=much" in project.fail("gan_book.echo", RUNS_DISK_WARN_GB="much")
