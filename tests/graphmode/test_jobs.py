"""The background: jobs of real child processes, their records, and records of older versions."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import psutil
import pytest

from graphmode import jobs
from graphmode.errors import InputError
from graphmode.runner import background


@pytest.fixture
def work(tmp_path, monkeypatch):
    """The current folder; its name has a newline and an escape sequence."""
    folder = tmp_path / "my\nwork\x1b[2J"
    (folder / "runs/.jobs").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def child():
    """A process that ends on SIGTERM."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def record(name, text):
    jobs.FOLDER.joinpath(f"{name}.job").write_text(text)


def ticks(process):
    """When a process began, as the kernel says it."""
    with open(f"/proc/{process.pid}/stat") as stat:
        return stat.read().rpartition(") ")[2].split()[19]


def lstart(process):
    """When a process began, as `ps -o lstart=` prints it."""
    began = time.localtime(psutil.Process(process.pid).create_time())
    return time.strftime("%a %b %d %H:%M:%S %Y", began)


# Records


def test_a_job_of_the_older_run_sh_is_listed_and_stopped(work, child, capsys):
    start = ticks(child)
    head = "started 2020-02-02 20:20:20\ncommand gan_book.vae --output_dir two\\ words\n"
    record("vae-1", f"{head}pid {child.pid} {start}\n")
    jobs.show_jobs()
    line = capsys.readouterr().out.splitlines()[1]
    shape = r"vae-1 +running +2020-02-02 20:20:20 +gan_book.vae --output_dir two\\ words"
    assert re.fullmatch(shape, line)
    jobs.stop("vae-1")
    assert child.wait() == -signal.SIGTERM
    assert capsys.readouterr().out == "vae-1 stopped, exit unknown\n"
    text = jobs.FOLDER.joinpath("vae-1.job").read_text()
    assert text == f"{head}pid {child.pid} {start}\nstop stopped\n"


@pytest.mark.parametrize("begin", [ticks, lstart])
def test_a_start_time_is_recognized_in_each_form(work, child, begin):
    record("vae-1", f"pid {child.pid} {begin(child)}\n")
    assert jobs.read("vae-1").state == "running"


def test_seconds_are_a_form_of_the_start_time(work, child):
    record("vae-1", f"pid {child.pid} {psutil.Process(child.pid).create_time():.2f}\n")
    assert jobs.read("vae-1").state == "running"


@pytest.mark.parametrize("start", ["17", "17.00", "Sun Feb  2 20:20:20 2020", "", "x", "-1", "٣"])
def test_another_process_with_the_number_of_a_dead_job_is_left_alone(work, child, capsys, start):
    record("vae-1", f"started 2020-02-02 20:20:20\ncommand gan_book.vae\npid {child.pid} {start}\n")
    jobs.stop("vae-1")
    assert capsys.readouterr().out == "vae-1 is not running: lost, exit unknown\n"
    assert child.poll() is None


def test_a_process_that_has_ended_but_is_not_reaped_does_not_run(work, child):
    start = ticks(child)
    record("vae-1", f"pid {child.pid} {start}\n")
    child.terminate()
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert jobs.read("vae-1").state == "lost, exit unknown"


@pytest.mark.parametrize(
    "text, state",
    [
        ("", "lost, exit unknown"),
        ("\n\n", "lost, exit unknown"),
        ("started 2020-02-02 20:20:20\n\ncommand x\n", "lost, exit unknown"),
        ("pid\n", "lost, exit unknown"),
        ("pid \n", "lost, exit unknown"),
        ("pid x y\n", "lost, exit unknown"),
        ("pid 99999999999999999999 1\n", "lost, exit unknown"),
        ("pid 0 0\n", "lost, exit unknown"),
        ("stop stopped\n", "stopped, exit unknown"),
        ("pid 1 17\n\nstop stopped\nstatus 143\n", "stopped, exit 143"),
        ("  \nstatus 0\n\n", "done, exit 0"),
    ],
)
def test_an_incomplete_record_has_a_state_and_does_not_hide_the_others(work, capsys, text, state):
    record("a-1", text)
    record("b-1", "status 0\n")
    jobs.show_jobs()
    lines = [re.split(" {2,}", line) for line in capsys.readouterr().out.splitlines()]
    assert [line[:2] for line in lines[1:]] == [["a-1", state], ["b-1", "done, exit 0"]]


def test_what_is_no_record_does_not_hide_the_jobs(work, capsys):
    record("b-1", "status 0\n")
    jobs.FOLDER.joinpath("a-1.job").mkdir()
    jobs.FOLDER.joinpath("c-1.job").symlink_to("nowhere")
    os.mkfifo(jobs.FOLDER / "d-1.job")
    jobs.show_jobs()
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["job", "b-1"]


def test_control_characters_are_printed_escaped(work, capsys):
    record("a\x1b[2J\nb", "command x\x1b[31m\nstarted \x07\nstatus 0\n")
    jobs.FOLDER.joinpath("bytes.job").write_bytes(b"command \xff\nstatus 0\n")
    jobs.show_jobs()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["a\\x1b[2J\\nb", "done,", "exit", "0", "\\x07", "x\\x1b[31m"],
        ["bytes", "done,", "exit", "0", "\\xff"],
    ]
    with pytest.raises(InputError, match=r"^no job 'c\\n' in .*/my\\nwork\\x1b\[2J/runs/\.jobs; "):
        jobs.read("c\n")


@pytest.mark.parametrize("name", ["", "vae-1", "../x", "/etc/passwd"])
def test_a_job_that_does_not_exist_is_refused(work, name):
    (work / "runs/x.job").write_text("status 0\n")
    for command in (jobs.show_log, jobs.stop):
        with pytest.raises(InputError, match=f"no job '{name}' in .*; see: ./run.sh jobs"):
            command(name)


def test_wrong_values_are_refused(work, monkeypatch):
    record("a-1", "status 0\n")
    jobs.FOLDER.joinpath("a-1.log").write_text("")
    with pytest.raises(InputError, match="log: '-n 5' is unknown; there is only"):
        jobs.show_log("a-1", "-n", "5")
    monkeypatch.setenv("RUNS_STOP_WAIT", "1m")
    with pytest.raises(InputError, match="RUNS_STOP_WAIT=1m: give whole seconds"):
        jobs.stop("a-1")


@pytest.mark.parametrize(
    "argument", ["plain", "two words", "it's", "a\nb", "\x1b[2J'\\", "数字", ""]
)
def test_a_quoted_argument_is_one_line_that_the_shell_reads_back(argument):
    quoted = background.quoted(argument)
    assert quoted.isprintable()
    result = subprocess.run(["bash", "-c", f"printf %s {quoted}"], capture_output=True)
    assert result.stdout.decode() == argument


# Through run.sh


def test_a_job_is_listed_followed_and_stopped_after_it_has_saved(project):
    output = project.succeed("--background", "gan_book.sleeper", "--output_dir", "two words")
    first, *hints = output.splitlines()
    assert first == "sleeper-1 started: gan_book.sleeper --output_dir 'two words'"
    for line, command in zip(hints, ("log sleeper-1 -f", "jobs", "stop sleeper-1"), strict=True):
        assert re.match(rf"  \S.*/run\.sh'? {command}  ", line)
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
    assert project.succeed("stop", "sleeper-1") == "sleeper-1 is not running: stopped, exit 0\n"


def test_a_finished_job_keeps_its_status_and_the_next_gets_the_next_number(project):
    flags = ("--background", "--gpu", "cpu", "gan_book.echo", "--status")
    project.succeed(*flags, "0")
    project.succeed(*flags, "3", "a\nb")
    for number, status in ((1, 0), (2, 3)):
        project.wait_for(f"status {status}", project.work / f"runs/.jobs/echo-{number}.job")
    listed = project.succeed("jobs").splitlines()[1:]
    shape = r"echo-1 +done, exit 0 .* --status 0\n(echo-2) +done, exit 3 .* --status 3 \$'a\\nb'"
    assert re.fullmatch(shape, "\n".join(listed))
    given = json.loads(project.succeed("log", "echo-2"))
    assert (given["gpus"], given["flags"]) == ("-1", ["--status", "3", "a\nb"])
    assert (given["path"][0] == str(project.work)) == (sys.version_info < (3, 11))


def test_a_job_that_does_not_end_in_time_is_named_and_a_killed_one_has_its_status(project):
    project.succeed("--background", "gan_book.sleeper", "--deaf")
    project.wait_for("ready\n", project.work / "runs/.jobs/sleeper-1.log")
    result = project.run("stop", "sleeper-1", RUNS_STOP_WAIT="0")
    pid = project.job("sleeper-1")["pid"].split()[0]
    assert result.returncode == 1
    assert f"sleeper-1 (process {pid}) still runs after 0 s" in result.stderr
    os.kill(int(pid), signal.SIGKILL)
    project.wait_for("status 137", project.work / "runs/.jobs/sleeper-1.job")
    assert "stopped, exit 137" in project.succeed("jobs")


def test_a_job_hears_sigint_also_if_its_starter_ignored_it(project):
    """A script that starts run.sh with & makes it ignore SIGINT."""
    text = "import signal\nif __name__ == '__main__':\n    print(signal.getsignal(signal.SIGINT))\n"
    project.write("gan_book/signals.py", text)
    project.executable("deaf", "trap '' INT; exec \"$@\"")
    project.succeed(project.root / "run.sh", "--background", "gan_book.signals", command="deaf")
    project.wait_for("status 0", project.work / "runs/.jobs/signals-1.job")
    assert "default_int_handler" in project.succeed("log", "signals-1")


def test_a_folder_that_cannot_hold_jobs_is_refused(project):
    (project.work / "runs").write_text("not a folder")
    line = project.fail("--background", "gan_book.echo")
    assert f"cannot write in {project.work}/runs/.jobs" in line


def test_jobs_need_no_setup(project):
    """A setup.py that has changed, or a machine without .venv, is no reason to install now."""
    (project.work / "runs/.jobs").mkdir(parents=True)
    (project.work / "runs/.jobs/vae-1.job").write_text("started 2020\nstatus 0\n")
    project.write("setup.py", "# version 2\n")
    assert "vae-1            done, exit 0" in project.succeed("jobs")
    project.bare().python("python3", "3.12")
    (project.work / "runs/.jobs/vae-1.job").unlink()
    (project.work / "runs/.jobs").rmdir()
    result = project.run("jobs")
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == f"run.sh: no jobs in {project.work}/runs/.jobs\n"
    assert not project.record()
