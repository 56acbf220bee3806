"""A checkout of run.sh alone, on a machine whose Pythons, GPUs and tools the tests decide."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent

# All that run.sh may call besides Python. The tests' PATH holds nothing else.
TOOLS = ("bash", "env", "dirname", "grep", "readlink", "sed", "sleep")

# The parts of graphmode that run.sh starts.
PARTS = ["__init__.py", "errors.py", "jobs.py", "runner"]

PROGRAMS = {
    "gan_book/__init__.py": '"""The chapter.\n\nMore."""\n',
    "gan_book/echo.py": '''"""Says what it was given, and ends with the status `--status`.

        It is not run by `list`.
        """
        import json, os, sys
        if __name__ == "__main__":
            print(json.dumps({
                "gpus": os.environ["CUDA_VISIBLE_DEVICES"],
                "order": os.environ["CUDA_DEVICE_ORDER"],
                "flags": sys.argv[1:], "folder": os.getcwd(), "path": sys.path,
                "pid": os.getpid()}))
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
    "gan_book/uses/__init__.py": '"""Uses of the chapter\'s models."""\n',
    "gan_book/uses/few_labels.py": '"""Few labels."""\nif __name__ == "__main__":\n    1\n',
    "glcic/__main__.py": '"""Image completion."""\n',
    "graphmode/doctor.py": "import sys\nprint('examined', sys.argv[1:])\n",
    "tests/test_one.py": "def test_one():\n    pass\n",
    "setup.py": "# version 1\n",
}

# Stands in for Python `version`: notes its venv and pip in the file `record`, and runs all else
# with that number. Its `flaw` says what it lacks.
FAKE_PYTHON = """
import os, sys
launcher, version, flaw, arguments = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
def note(text):
    with open(os.path.join(os.path.dirname(__file__), "record"), "a") as record:
        record.write(text + "\\n")
if arguments[:1] in (["-ES"], ["-IS"]):
    del arguments[0]
if arguments[:2] == ["-m", "venv"]:
    note("venv " + version)
    if flaw == "venv fails":
        sys.exit("The virtual environment was not created successfully")
    os.mkdir(arguments[2] + "/bin")
    os.link(launcher, arguments[2] + "/bin/python")
elif arguments[:2] == ["-m", "pip"]:
    note("pip " + arguments[-1])
    import time
    behaviour = os.environ.get("FAKE_PIP")
    print("collecting, then", behaviour, flush=True)
    time.sleep({"slow": 0.3, "hangs": 60}.get(behaviour, 0))
    sys.exit(behaviour == "fails")
else:
    sys.version_info = (*map(int, version.split(".")), 0)
    has = {"venv": True, "ensurepip": flaw != "no ensurepip", "pytest": flaw == "whole"}
    if "find_spec" in arguments[1]:  # run.sh asks which packages it has
        import importlib.util
        importlib.util.find_spec = lambda name: has.get(name, flaw in ("whole", "no pytest"))
    if arguments[0] == "-m":
        import runpy
        sys.argv = arguments[1:]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments[:1] + arguments[2:]
        exec(arguments[1], {"__name__": "__main__"})
"""

ONE_GPU = "echo '0, NVIDIA H200, 1024, 143771, 5'"
THREE_GPUS = """
    case $1 in
    -L) echo 'GPU 0: Tesla T4 (UUID: GPU-5c89aa11)'
        echo '  MIG 1g.5gb     Device  0: (UUID: MIG-7b00)' ;;
    --query-gpu=index,name,memory.used,memory.total,utilization.gpu)
        echo '0, Tesla T4, 15000, 15360, 97'
        echo '1, NVIDIA A100-SXM4-40GB, 922, 40960, 0'
        echo '2, NVIDIA A100-SXM4-40GB, 30000, 40960, 55' ;;
    *) exit 1 ;;
    esac"""
BROKEN_DRIVER = (
    'echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."; exit 9'
)
SILENT_GPU = "echo '0, NVIDIA GB10, [N/A], [N/A], 3'"  # it shares the computer's memory


class Project:
    """A checkout in a folder with a blank in its name, and the environment of its run.sh.

    Its .venv is ready and starts the Python of the tests.
    """

    def __init__(self, folder, tools):
        self.root, self.bin, self.work = folder / "a checkout", folder / "bin", folder / "my work"
        for new in (self.root, self.bin, self.work):
            new.mkdir()
        for name, text in PROGRAMS.items():
            self.write(name, text)
        shutil.copy(ROOT / "run.sh", self.root)
        for part in PARTS:
            copy = shutil.copytree if part == "runner" else shutil.copy
            copy(ROOT / "graphmode" / part, self.root / "graphmode" / part)
        self.venv = self.root / ".venv"
        self.executable(self.venv / "bin/python", f"exec '{sys.executable}' \"$@\"")
        checksum = f"{zlib.crc32((self.root / 'setup.py').read_bytes()):08x}"
        (self.venv / "setup.stamp").write_text(f"opencv,serve,programs,tests {checksum}\n")
        self.environment = {"PATH": f"{self.bin}:{tools}", "PYTHONDONTWRITEBYTECODE": "1"}

    def bare(self):
        """Removes .venv, so that the machine has no Python."""
        shutil.rmtree(self.venv)
        return self

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text.replace("\n        ", "\n"))

    def executable(self, name, script):
        path = self.bin / name  # `name` may also be a whole path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/usr/bin/env bash\n" + script + "\n")
        path.chmod(0o755)
        return path

    def gpus(self, script):
        return self.executable("nvidia-smi", script)

    def python(self, name, version, flaw=""):
        """A Python called `name` on the PATH."""
        (self.bin / "fake.py").write_text(FAKE_PYTHON)
        words = (sys.executable, "-S", self.bin / "fake.py", self.bin / name, version, flaw)
        quoted = " ".join(f"'{word}'" for word in words)
        return self.executable(name, f'exec {quoted} "$@"')

    def record(self):
        path = self.bin / "record"
        return path.read_text().splitlines() if path.exists() else []

    def start(self, *arguments, command=None, **environment):
        return subprocess.Popen(
            [command or self.root / "run.sh", *arguments],
            cwd=self.work,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**self.environment, **environment},
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

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
        (line,) = result.stderr.splitlines()
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
