"""The parts of run.sh: Pythons and .venv, GPUs and disk, the list of programs, jobs."""
