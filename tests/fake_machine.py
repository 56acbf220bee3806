"""A checkout of run.sh alone, on a machine of which the tests decide what it has: Pythons, cards, tools."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

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
