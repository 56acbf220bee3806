#!/usr/bin/env bash
# Runs the programs of this project, and makes what they need on first use.
#
#   ./run.sh [--gpu auto|cpu|0|0,1] [--background] MODULE [flags]
#                           runs a program, for example: ./run.sh gan_book.vae --max_steps 1000
#                           (flags: MODULE --help). --gpu auto: the GPU with the most free memory.
#                           --background: outlives the terminal. --workers N: see docs/scaling.md
#   ./run.sh [--gpu ...] [--background] run SCRIPT.py [its arguments]
#                           runs a TensorFlow 1 program; run --check SCRIPT.py only reads it,
#                           run --batch_norm SCRIPT.py also examines its batch norms
#   ./run.sh list           shows all programs
#   ./run.sh demo [flags]   runs the short tour
#   ./run.sh jobs           shows the background jobs of this folder
#   ./run.sh log JOB [-f]   shows the output of a job; with -f also new output
#   ./run.sh stop JOB       lets a job save, then stops it
#   ./run.sh gpus           shows the GPUs and their free memory
#   ./run.sh disk           shows the free space, and the size of each folder in runs/
#   ./run.sh setup [--gpu] [--old]  makes .venv: for NVIDIA GPUs, for programs that need NumPy 1
#   ./run.sh doctor         shows what this machine has, and what is missing
#   ./run.sh test [args]    runs the tests, with pytest's arguments (check: format, lint and types)
#   ./run.sh referee        compares with TensorFlow 1.15.5 itself (needs Python 3.7)
#
# PYTHON=/path/to/python names the Python to use (3.10 to 3.13). This Python, or an active
# environment, is used if it has the packages; otherwise .venv is used. Without --gpu, your
# CUDA_VISIBLE_DEVICES is used. docs/running.md has the rest. After wrong use, the status is 2.

set -euo pipefail
ROOT=$(readlink -f -- "${BASH_SOURCE[0]}")
ROOT=${ROOT%/*} # dirname would lose a newline at the end
GPU="" BACKGROUND="" WORKERS=()

say() { # one line, whatever characters the names of folders have
  local text=$*
  printf 'run.sh: %s\n' "${text//[[:cntrl:]]/?}" >&2
}
die() { say "$@"; exit 2; }

help() { sed -n '2,/^$/s/^# \{0,1\}//p' "$ROOT/run.sh"; } # the comment above

find_python() { # ANY: a Python from 3.10 on, for what needs no packages
  local answer version="does not run" candidates=("$ROOT/.venv/bin/python"
    "${VIRTUAL_ENV-}/bin/python" "${CONDA_PREFIX-}/bin/python" python3 python3.1{3,2,1,0} python)
  [[ -z ${PYTHON-} ]] || candidates=("$PYTHON")
  for ANY in "${candidates[@]}"; do # -S: without the installed packages it starts in half the time
    answer=$("$ANY" -ES -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>&1) || continue
    if [[ $answer =~ ^3\.[1-9][0-9]$ ]]; then return; fi
    version=$answer
  done
  [[ -z ${PYTHON-} ]] || die "PYTHON=$PYTHON: $version; name a Python 3.10 to 3.13"
  die "no Python 3.10 to 3.13 (python3: $version); install one (Debian, Ubuntu: sudo apt-get" \
    "install python3 python3-venv), or name it: PYTHON=/path/to/python ./run.sh setup"
}

plain() { # plain MODULE [arguments]: runs a part of graphmode.runner, which needs no packages
  "$ANY" -IS -c 'import importlib, sys
sys.path.insert(0, sys.argv[1])
importlib.import_module("graphmode.runner." + sys.argv[2]).main(sys.argv[3:])' "$ROOT" "$@"
}

need_python() { # need_python need [tests]: PY, a Python with the packages; makes .venv if needed
  PY=$(plain environment "$@") || exit 2
  export PYTHONPATH=$ROOT${PYTHONPATH:+:$PYTHONPATH}
}

launch() { # launch NAME MODULE [flags]: becomes the program, or leaves it as job NAME-1, NAME-2...
  [[ $BACKGROUND ]] || exec "$PY" -m "${@:2}"
  exec "$PY" -m graphmode.runner.background start "$0" "$@"
}

prepare() { # prepare [tests]: CUDA_VISIBLE_DEVICES from --gpu, a warning if the disk is full, PY
  CUDA_VISIBLE_DEVICES=$(plain machine choose "$GPU") || exit 2
  export CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER=PCI_BUS_ID # the order of nvidia-smi
  need_python need "$@"
}

run_program() { # run_program NAME MODULE [flags]; NAME is that of its background job
  prepare
  export PYTHONSAFEPATH=1 # a data.py in the user's folder is not ours (heeded from Python 3.11 on)
  launch "$@"
}

run_module() { # run_module MODULE [flags]
  local flag file=$ROOT/${1//.//}
  if [[ ! $1 =~ ^[A-Za-z0-9_.]+$ ]] ||
    { [[ ! -f $file/__main__.py ]] && ! grep -qs '^if __name__ == ' "$file.py"; }; then
    plain programs unknown "$1"
  fi
  for flag in "${@:2}"; do # --help needs neither packages nor a GPU
    [[ $flag != -h && $flag != --help ]] || { plain programs help "$1" && exit; }
  done
  # TFJob and cloud services set TF_CONFIG.
  [[ ! ${WORKERS[*]-} ]] || WORKERS=(graphmode.runner.workers "${WORKERS[@]}")
  [[ ${WORKERS[*]-} || ! ${TF_CONFIG-}${GRAPHMODE_CLUSTER-} ]] || WORKERS=(graphmode.cluster)
  run_program "${1##*.}" "${WORKERS[@]}" "$@"
}

run_tests() { # a path below tests/ replaces all tests; without arguments two tests run at a time
  local argument where=tests
  [[ $# != 0 ]] || set -- -n 2 --dist loadfile --no-loadscope-reorder
  for argument; do [[ $argument != tests/* ]] || where=""; done
  prepare tests
  cd -- "$ROOT"
  launch test pytest ${where:+"$where"} "$@"
}

main() {
  while [[ ${1-} == -* ]]; do
    case $1 in
    --gpu=*) set -- --gpu "${1#*=}" "${@:2}" ;;
    --gpu) GPU=${2-} && [[ $GPU && $GPU != --* ]] || die "--gpu needs a value: auto, cpu, 0 or 0,1"
      shift 2 ;;
    --background) BACKGROUND=1 && shift ;;
    --trusted_network) WORKERS+=("$1") && shift ;;
    --workers | --restarts | --cluster | --task)
      [[ $# != 1 && $2 != --* ]] || die "$1 needs a value; see docs/scaling.md"
      WORKERS+=("$1" "$2") && shift 2 ;;
    --batch_norm) set -- run "$@" ;;
    --check) die "--check belongs to run: ./run.sh run --check ${2-SCRIPT.py}" ;;
    -h | --help) set -- help ;;
    *) die "unknown option '$1' before MODULE; see: ./run.sh help" ;;
    esac
  done
  [[ $# != 0 ]] || set -- help
  local alone="^(help|list|jobs|log|stop|gpus|disk|setup|doctor|check|referee)$"
  [[ ! $GPU$BACKGROUND || ! $1 =~ $alone ]] ||
    die "--gpu and --background go before a program, not '$1'"
  [[ ${#WORKERS[@]} == 0 || ! $1 =~ ${alone/%)\$/|run|test|demo)\$} ]] ||
    die "--workers and --cluster are for programs that train, not for '$1'"
  [[ $1 == help ]] || find_python
  case $1 in
  help) help ;;
  list) plain programs list ;;
  gpus | disk) plain machine "$1" ;;
  setup) plain environment "$@" ;;
  jobs | log | stop)
    [[ $1 != jobs || -d runs/.jobs ]] || { say "no jobs in $PWD/runs/.jobs" && exit; }
    need_python jobs && exec "$PY" -m graphmode.jobs "$@" ;;
  doctor) # if there is no environment, need_python says why
    (need_python need) || { plain machine gpus && plain machine disk && exit 2; }
    need_python need && exec "$PY" -m graphmode.doctor "${@:2}" ;;
  check) need_python need tests && cd -- "$ROOT" && "$PY" -m ruff format --check . &&
    "$PY" -m ruff check . && exec "$PY" -m mypy ;;
  test) run_tests "${@:2}" ;;
  referee) need_python need tests && cd -- "$ROOT" && exec "$PY" -m tests.referee "${@:2}" ;;
  run)
    [[ $# != 1 ]] || die "run: which program? ./run.sh run SCRIPT.py [its arguments]"
    [[ $2 != -h && $2 != --help ]] || { plain programs help graphmode && exit; }
    run_program run graphmode "${@:2}" ;;
  demo) run_module examples.tour "${@:2}" ;;
  *) run_module "$@" ;;
  esac
}

main "$@"
exit # bash would read on in this file, which may have changed meanwhile
