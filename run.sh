#!/usr/bin/env bash
# Runs the programs of this project, and makes what they need on first use.
#
#   ./run.sh [--gpu auto|cpu|0|0,1] [--background] MODULE [flags]
#                           runs one, e.g. ./run.sh gan_book.vae --max_steps 1000  (MODULE --help: its flags);
#                           --gpu auto takes the card with most free memory, --background outlives the terminal
#   ./run.sh list           the programs, a line each
#   ./run.sh demo [flags]   the short tour
#
#   ./run.sh jobs           what runs, or ran, in the background of this folder
#   ./run.sh log JOB [-f]   what a job has printed; -f goes on showing it
#   ./run.sh stop JOB       lets a job save, and ends it
#   ./run.sh gpus           the graphics cards and what is free on them
#   ./run.sh disk           the free space, and what each folder in runs/ takes
#
#   ./run.sh setup [--gpu]  makes .venv beside this file, --gpu with NVIDIA's libraries; else done on first need
#   ./run.sh doctor         what this machine has and lacks
#   ./run.sh test [args]    the tests, with pytest's arguments
#
# PYTHON=/path/to/python names a Python (3.10 to 3.13) to use. An active environment that already holds the
# packages is used as it is. CUDA_VISIBLE_DEVICES counts when --gpu is not given. RUNS_DISK_WARN_GB (2): warn
# when less is free. RUNS_STOP_WAIT (60): seconds that stop waits. Wrong use ends with status 2 and says why.

set -euo pipefail

SELF=$(readlink -f -- "${BASH_SOURCE[0]}")
ROOT=$(dirname -- "$SELF")
VENV=$ROOT/.venv
STAMP=$VENV/setup.stamp # "EXTRAS PYTHON-VERSION CHECKSUM-OF-SETUP.PY", or "... unfinished"
PACKAGES=(tensorflow tf_keras tf_slim numpy PIL tqdm jinja2 matplotlib tensorboard)
GPU="" BACKGROUND="" BASE="" VERSION="" CARDS="" NO_CARDS=""

say() { printf 'run.sh: %s\n' "$*" >&2; }
die() { say "$@"; exit 2; }

help() {
  local line
  while IFS= read -r line && [[ $line == '#'* ]]; do
    [[ $line == '#!'* ]] || { line=${line#\#}; echo "${line# }"; }
  done <"$SELF"
}

# --- Python ---------------------------------------------------------------------------------------------------

examine() { # examine PYTHON: VERSION becomes 3.11, say, or empty when it does not run; fails if it cannot make a venv
  VERSION=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2]); import ensurepip, venv' 2>/dev/null </dev/null)
}

supported() { [[ $VERSION =~ ^3\.1[0-3]$ ]]; }

holds() { # holds PYTHON [MODULE...]: is it a version that fits, with all packages (and these modules) installed?
  local python=$1
  shift
  "$python" - "${PACKAGES[@]}" "$@" 2>/dev/null <<'END'
import importlib.util, sys
sys.path = [folder for folder in sys.path if folder]  # without the current folder
fits = (3, 10) <= sys.version_info[:2] <= (3, 13)
sys.exit(not (fits and all(importlib.util.find_spec(name) for name in sys.argv[1:])))
END
}

named_python() { # checks the PYTHON= that the user has set, and makes it a whole path
  local name=${PYTHON-}
  [[ $name ]] || return 0
  PYTHON=$(type -P -- "$name") || die "PYTHON=$name: no such program; give a Python 3.10 to 3.13"
  [[ $PYTHON == /* ]] || PYTHON=$PWD/$PYTHON
  if [[ ${PYTHON%/*} -ef $VENV/bin ]]; then unset PYTHON && return; fi # our own: the usual way finds it
  examine "$PYTHON" || supported || die "PYTHON=$name: ${VERSION:+is Python }${VERSION:-does not run}; give a Python 3.10 to 3.13"
  supported || die "PYTHON=$name: is Python $VERSION; give a Python 3.10 to 3.13"
}

find_base() { # BASE: the Python to make .venv with, the newest that works
  local wanted python found="" lacking=""
  if [[ ${PYTHON-} ]]; then
    examine "$PYTHON" || no_venv "$PYTHON"
    BASE=$PYTHON
    return
  fi
  for wanted in 3.13 3.12 3.11 3.10; do
    while IFS= read -r python; do
      [[ ! ${python%/*} -ef $VENV/bin ]] || continue
      if examine "$python"; then
        [[ $VERSION != "$wanted" ]] || { BASE=$python && return; }
      elif [[ $VERSION == "$wanted" ]]; then
        lacking=${lacking:-$python}
      fi
      [[ -z $VERSION || $found == *"$python "* ]] || found+="${found:+, }$python ($VERSION)"
    done < <(type -aP "python$wanted" python3 python)
  done
  [[ -z $lacking ]] || no_venv "$lacking"
  die "no Python 3.10 to 3.13 here (found: ${found:-none}); install one (Debian, Ubuntu: sudo apt-get install python3" \
    "python3-venv), or name it: PYTHON=/path/to/python ./run.sh setup"
}

no_venv() {
  examine "$1" || true
  die "$1 cannot make a virtual environment; install its venv module (Debian, Ubuntu: sudo apt-get install" \
    "python$VERSION-venv), or name another Python 3.10 to 3.13: PYTHON=/path/to/python ./run.sh setup"
}

read_stamp() { # EXTRAS, MADE_WITH, CHECKSUM; empty without a stamp
  EXTRAS="" MADE_WITH="" CHECKSUM=""
  [[ ! -f $STAMP ]] || read -r EXTRAS MADE_WITH CHECKSUM <"$STAMP" || true
}

venv_ready() { # venv_ready EXTRAS: is .venv whole, of this setup.py, with these extras, of the PYTHON= asked for?
  read_stamp
  [[ -x $VENV/bin/python && $CHECKSUM == "$(cksum <"$ROOT/setup.py")" && $EXTRAS == "$1"* ]] || return 1
  [[ -z ${PYTHON-} ]] || { examine "$PYTHON" || true; } && [[ -z ${PYTHON-} || $VERSION == "$MADE_WITH" ]]
}

venv_usable() { # can pip go on in the .venv that is there? Not after an interrupted setup, nor with another Python.
  local asked=""
  read_stamp
  [[ $CHECKSUM != unfinished && -x $VENV/bin/python ]] || return 1
  [[ -z ${PYTHON-} ]] || { examine "$PYTHON" || true; asked=$VERSION; }
  examine "$VENV/bin/python" || true
  supported && [[ -z $asked || $asked == "$VERSION" ]]
}

lock() { # one run.sh at a time makes .venv; the lock goes with the process
  if type -P flock >/dev/null; then
    exec 9>"$VENV/setup.lock"
    flock -n 9 || { say "another run.sh is setting up; waiting for it"; flock 9; }
    return
  fi
  until mkdir "$VENV/setup.locked" 2>/dev/null; do
    start_time "$(cat "$VENV/setup.locked/pid" 2>/dev/null || echo $$)" >/dev/null || rm -rf "$VENV/setup.locked"
    sleep 0.5
  done
  echo $$ >"$VENV/setup.locked/pid"
}

unlock() { if type -P flock >/dev/null; then exec 9>&-; else rm -rf "$VENV/setup.locked"; fi; }

make_venv() { # make_venv EXTRAS: the stamp is completed last, so that half a setup is done again
  local extras=$1 log=$VENV/setup.log size="about a minute, 2 GB"
  venv_usable || find_base # before anything is written
  mkdir -p "$VENV" || die "cannot write in $ROOT; copy the project to a folder of yours"
  lock
  trap unlock EXIT
  trap 'die "setup interrupted; the next command does it again"' INT
  if ! venv_ready "$extras"; then # another run.sh may have made it meanwhile
    [[ $EXTRAS != *gpu* ]] || extras=$EXTRAS
    [[ $extras != *gpu* ]] || size="some minutes, 7 GB"
    if venv_usable; then
      say "installing what setup.py asks for into .venv, Python $VERSION ($size; its output: $log)"
      echo "$extras $VERSION unfinished" >"$STAMP"
      : >"$log"
    else
      find_base
      say "making .venv with Python $VERSION ($size; its output: $log)"
      rm -rf "$VENV"/{bin,include,lib,lib64,share,pyvenv.cfg}
      echo "$extras $VERSION unfinished" >"$STAMP"
      "$BASE" -m venv "$VENV" >"$log" 2>&1 || no_venv "$BASE"
    fi
    if ! (cd -- "$ROOT" && .venv/bin/python -m pip install --disable-pip-version-check -e ".[$extras]") >>"$log" 2>&1; then
      tail -n 5 "$log" >&2
      die "pip could not install the packages (above: the end of $log); check network and disk, then: ./run.sh setup"
    fi
    echo "$extras $VERSION $(cksum <"$ROOT/setup.py")" >"$STAMP"
  fi
  unlock
  trap - EXIT INT
}

setup() {
  local extras=tests
  [[ $# == 0 || $* == --gpu ]] || die "setup: '$*' is unknown; there is only: ./run.sh setup [--gpu]"
  [[ $# == 0 ]] || extras=tests,gpu
  named_python
  venv_ready "$extras" || make_venv "$extras"
  echo "ready: $VENV, Python $("$VENV/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
}

need_python() { # need_python [MODULE...]: PY, an environment of the user's that holds everything, else .venv
  local own="" environment
  named_python
  if [[ ${PYTHON-} ]] && holds "$PYTHON" "$@"; then PY=$PYTHON && return; fi
  [[ -e $STAMP ]] || own=$VENV # made by hand
  for environment in "${VIRTUAL_ENV-}" "${CONDA_PREFIX-}" "$own"; do
    if [[ $environment && ($own || ! $environment -ef $VENV) ]] && holds "$environment/bin/python" "$@"; then
      PY=$environment/bin/python && return
    fi
  done
  PY=$VENV/bin/python
  venv_ready tests || make_venv tests
}

doctor() {
  if ! (need_python); then # it has said why
    gpus
    disk
    exit 2
  fi
  need_python
  PYTHONPATH=$ROOT${PYTHONPATH:+:$PYTHONPATH} exec "$PY" -m graphmode.doctor "$@"
}

# --- Graphics cards -------------------------------------------------------------------------------------------

read_cards() { # CARDS: a line "index|name|used|total|busy" for each, in MiB and %; NO_CARDS says why there is none
  local output line
  CARDS=""
  if ! type -P nvidia-smi >/dev/null; then
    NO_CARDS="there is no nvidia-smi, so no NVIDIA driver"
  elif ! output=$(timeout 20 nvidia-smi --format=csv,noheader,nounits \
    --query-gpu=index,name,memory.used,memory.total,utilization.gpu 2>&1); then
    NO_CARDS="nvidia-smi fails: ${output%%$'\n'*}"
  else
    while IFS= read -r line; do
      [[ ! $line =~ ^[0-9]+, ]] || CARDS+=${line//, /|}$'\n'
    done <<<"$output"
    CARDS=${CARDS%$'\n'}
    NO_CARDS="nvidia-smi lists no card"
  fi
}

gigabytes() { if [[ $1 =~ ^[0-9]+$ ]]; then printf '%d.%d' $(($1 / 1024)) $(($1 % 1024 * 10 / 1024)); else printf '?'; fi; }

free_of() { if [[ $1$2 =~ ^[0-9]+$ ]]; then echo $(($2 - $1)); else echo 0; fi; } # some cards report no memory

describe() { # describe ID: "GPU 1 (NAME, 39.1 of 40.0 GB free)"
  local id name used total busy
  while IFS='|' read -r id name used total busy; do
    [[ $id != "$1" ]] || { echo "GPU $id ($name, $(gigabytes "$(free_of "$used" "$total")") of $(gigabytes "$total") GB free)" && return; }
  done <<<"$CARDS"
  echo "GPU $1"
}

gpus() {
  local id name used total busy
  read_cards
  [[ $CARDS ]] || { echo "CPU only: $NO_CARDS" && return; }
  printf '%-4s %-32s %12s %12s %6s\n' GPU name 'used (GB)' 'total (GB)' 'busy'
  while IFS='|' read -r id name used total busy; do
    printf '%-4s %-32s %12s %12s %6s\n' "$id" "$name" "$(gigabytes "$used")" "$(gigabytes "$total")" "$busy %"
  done <<<"$CARDS"
}

choose_gpu() { # CUDA_VISIBLE_DEVICES from --gpu; what the user has set in it counts when --gpu is not given
  local id used total most=-1 ids best taken="" text=""
  export CUDA_DEVICE_ORDER
  if [[ -z $GPU && ${CUDA_VISIBLE_DEVICES+set} ]]; then
    CUDA_DEVICE_ORDER=${CUDA_DEVICE_ORDER:-PCI_BUS_ID}
    return
  fi
  CUDA_DEVICE_ORDER=PCI_BUS_ID # the order of nvidia-smi
  export CUDA_VISIBLE_DEVICES=-1
  [[ $GPU != cpu ]] || return 0
  read_cards
  if [[ -z $GPU || $GPU == auto ]]; then
    if [[ -z $CARDS ]]; then
      [[ $NO_CARDS != *fails* ]] || say "$NO_CARDS; so the CPU is used"
      return 0
    fi
    while IFS='|' read -r id _ used total _; do
      if (($(free_of "$used" "$total") > most)); then best=$id most=$(free_of "$used" "$total"); fi
    done <<<"$CARDS"
    ids=("$best")
  else
    [[ $CARDS ]] || die "--gpu $GPU: $NO_CARDS; use --gpu cpu"
    IFS=, read -ra ids <<<"$GPU,"
  fi
  for id in "${ids[@]}"; do
    [[ ,$taken, != *",$id,"* && (($id =~ ^[0-9]+$ && $'\n'$CARDS == *$'\n'"$id|"*) || \
      ($id =~ ^(GPU|MIG)- && $(nvidia-smi -L) == *"(UUID: $id)"*)) ]] ||
      die "--gpu $GPU: not a list of cards; there are: $(while IFS='|' read -r id _; do printf '%s, ' "$id"; done <<<"$CARDS")auto, cpu"
    taken+=${taken:+,}$id text+=${text:+, }$(describe "$id")
  done
  export CUDA_VISIBLE_DEVICES=$taken
  echo "$text" >&2
}

# --- Programs -------------------------------------------------------------------------------------------------

is_program() { [[ -f $1 && ($1 == */__main__.py || $(<"$1") == *$'\nif __name__ == '*) ]]; }

programs() { # "MODULE<tab>first line of its docstring", without running any
  local file module text
  for file in "$ROOT"/{gan_book,glcic,pix2pix}/*.py; do
    is_program "$file" || continue
    module=${file#"$ROOT/"} module=${module%.py} module=${module%/__main__}
    text=$(<"$file")
    [[ $text == *'"""'* ]] || text='"""'
    text=${text#*'"""'}
    text=${text#"${text%%[![:space:]]*}"} text=${text%%[$'\r\n']*}
    printf '%s\t%s\n' "${module//\//.}" "${text%%'"""'*}"
  done
}

list() {
  local module text
  while IFS=$'\t' read -r module text; do printf '%-24s %s\n' "$module" "$text"; done < <(programs)
}

run_program() { # run_program MODULE [flags]
  local path=$ROOT/${1//./\/}
  [[ $1 =~ ^[A-Za-z_][A-Za-z0-9_.]*$ ]] && { is_program "$path.py" || is_program "$path/__main__.py"; } ||
    die "no program or command '$1'; there are: $(while IFS=$'\t' read -r path _; do printf '%s, ' "$path"; done < <(programs))or see: ./run.sh help"
  choose_gpu
  need_python
  if [[ $CUDA_VISIBLE_DEVICES != -1 && $PY == "$VENV"/* ]] && read_stamp && [[ $EXTRAS == tests ]]; then
    say ".venv is without NVIDIA's libraries: on the CPU, unless the system has them; ./run.sh setup --gpu adds them"
  fi
  export PYTHONSAFEPATH=1 # a data.py in the user's folder is not ours (Python 3.11 and later heed it)
  launch "${1##*.}" "$@"
}

run_tests() {
  local argument where=tests
  for argument; do [[ $argument != tests/* ]] || where=""; done
  choose_gpu
  need_python pytest
  cd -- "$ROOT"
  launch test pytest ${where:+"$where"} "$@"
}

launch() { # launch NAME MODULE [flags]: becomes the program, or leaves it behind as job NAME-1, NAME-2, ...
  local name=$1 number=1 job me=$0 detach=(nohup)
  shift
  warn_disk
  export PYTHONPATH=$ROOT${PYTHONPATH:+:$PYTHONPATH}
  [[ $BACKGROUND ]] || exec "$PY" -m "$@"
  mkdir -p runs/.jobs && [[ -w runs/.jobs ]] || die "cannot write in $PWD/runs/.jobs; start from a folder of yours"
  until (set -o noclobber && : >"runs/.jobs/$name-$number.job") 2>/dev/null; do number=$((number + 1)); done
  name+=-$number job=$PWD/runs/.jobs/$name
  printf 'started %s\ncommand %s\n' "$(date '+%F %T')" "$(printf '%q ' "$@")" >>"$job.job"
  [[ $me == */* ]] || me=./$me
  ! type -P setsid >/dev/null || detach=(setsid nohup)
  set -m # a process group of its own; bash would also make it deaf to SIGINT without
  PYTHONUNBUFFERED=1 "${detach[@]}" "$BASH" "$SELF" --job "$job" "$PY" -m "$@" </dev/null >"$job.log" 2>&1 &
  until [[ $(<"$job.job") == *$'\npid '* ]]; do sleep 0.05; done
  printf '%s started: %s\n' "$name" "$(printf '%q ' "$@")"
  printf '  %q %-15s %s\n' "$me" "log $name -f" "follows its output (Ctrl-C leaves it running)" "$me" jobs "what runs" \
    "$me" "stop $name" "lets it save, and ends it"
}

# --- Jobs: runs/.jobs/NAME.log and NAME.job, which holds lines "started", "command", "pid", "stop", "status" ---

start_time() { # start_time PID: tells a process from a later one with its number; fails if there is none
  local stat
  if [[ -r /proc/self/stat ]]; then
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    read -ra stat <<<"${stat##*) }" # from field 3 on: the name before may hold blanks
    [[ ${stat[0]} != Z ]] && echo "${stat[19]}"
  else
    ps -o lstart= -p "$1"
  fi
}

run_job() { # run_job JOB COMMAND...: the parent of a background program, there to keep its exit status
  local job=$1 status=0
  shift
  (me=$BASHPID && echo "pid $me $(start_time "$me")" >>"$job.job" && exec "$@") || status=$?
  echo "status $status" >>"$job.job"
}

read_job() { # read_job NAME: STARTED, COMMAND, PID, STATE
  local key value birth="" stop="" status="" again=${2-}
  STARTED="" COMMAND="" PID=""
  [[ $1 && -f runs/.jobs/$1.job ]] || die "no job '$1' in $PWD/runs/.jobs; see: ./run.sh jobs"
  while read -r key value; do
    case $key in
    started) STARTED=$value ;;
    command) COMMAND=$value ;;
    pid) PID=${value%% *} birth=${value#* } ;;
    stop) stop=1 ;;
    status) status=$value ;;
    esac
  done <"runs/.jobs/$1.job"
  if [[ $status ]]; then
    STATE="${stop:+stopped}" STATE="${STATE:-done}, exit $status"
  elif [[ $PID && $(start_time "$PID") == "$birth" ]]; then
    STATE=running
  elif [[ -z $again ]]; then # ended a moment ago? Then its status is being written.
    sleep 0.3 && read_job "$1" again
  else
    STATE="stopped, exit unknown"
  fi
}

jobs() {
  local file
  printf '%-16s %-22s %-20s %s\n' job state started command
  for file in runs/.jobs/*.job; do
    [[ -f $file ]] || continue
    file=${file##*/}
    read_job "${file%.job}"
    printf '%-16s %-22s %-20s %s\n' "${file%.job}" "$STATE" "$STARTED" "$COMMAND"
  done
}

log() {
  read_job "${1-}"
  [[ $# == 1 || (${2-} == -f && $# == 2) ]] || die "log: '${*:2}' is unknown; there is only: ./run.sh log JOB [-f]"
  if [[ ${2-} == -f && $STATE == running ]]; then
    exec tail -n +1 --pid="$PID" -f "runs/.jobs/$1.log"
  fi
  exec cat "runs/.jobs/$1.log"
}

stop() {
  local seconds=${RUNS_STOP_WAIT:-60} waited
  [[ $seconds =~ ^[0-9]+$ ]] || die "RUNS_STOP_WAIT=$seconds: give whole seconds"
  read_job "${1-}"
  [[ $STATE == running ]] || { echo "$1 does not run: $STATE" && return; }
  echo stop >>"runs/.jobs/$1.job"
  kill -TERM "$PID" 2>/dev/null || true
  for ((waited = 0; waited <= seconds * 5; waited++)); do
    read_job "$1"
    [[ $STATE == running ]] || { echo "$1: $STATE" && return; }
    sleep 0.2
  done
  say "$1 (process $PID) still runs after $seconds s; it may be saving: ./run.sh log $1 -f; unsaved end: kill -9 $PID"
  return 1
}

# --- Disk -----------------------------------------------------------------------------------------------------

free_megabytes() {
  local folder=runs
  [[ -d runs ]] || folder=.
  df -BM --output=avail "$folder" | { read -r _ && IFS=' M' read -r folder && echo "${folder%M}"; }
}

warn_disk() {
  local limit=${RUNS_DISK_WARN_GB:-2} free
  [[ $limit =~ ^[0-9]{1,9}$ ]] || die "RUNS_DISK_WARN_GB=$limit: give whole gigabytes"
  free=$(free_megabytes) || return 0
  ((free >= 10#$limit * 1024)) || say "only $(gigabytes "$free") GB free on the disk of runs/; ./run.sh disk shows what takes it"
}

disk() {
  local size folder
  echo "$(gigabytes "$(free_megabytes)") GB free on the disk of $PWD/runs"
  for folder in runs/*/; do
    [[ ! -d $folder ]] || du -sm "$folder"
  done | sort -rn | while IFS=$'\t' read -r size folder; do printf '%8d MB  %s\n' "$size" "${folder%/}"; done
}

main() {
  while [[ ${1-} == -* ]]; do
    case $1 in
    --gpu) GPU=${2-} && [[ $GPU ]] || die "--gpu needs a value: auto, cpu, 0 or 0,1"; shift 2 ;;
    --gpu=*) GPU=${1#*=} && [[ $GPU ]] || die "--gpu needs a value: auto, cpu, 0 or 0,1"; shift ;;
    --background) BACKGROUND=1; shift ;;
    --job) shift; run_job "$@"; return ;;
    -h | --help) help; return ;;
    *) die "unknown option '$1' before MODULE; see: ./run.sh help" ;;
    esac
  done
  [[ -z $GPU$BACKGROUND || (${1-} && ! ${1-} =~ ^(help|list|jobs|log|stop|gpus|disk|setup|doctor)$) ]] ||
    die "--gpu and --background go before a program, demo or test, not '${1-}'; see: ./run.sh help"
  case ${1-help} in
  help | list | jobs | log | stop | gpus | disk | setup | doctor) "${1-help}" "${@:2}" ;;
  demo) run_program gan_book.demo "${@:2}" ;;
  test) run_tests "${@:2}" ;;
  *) run_program "$@" ;;
  esac
}

main "$@"
exit # bash reads on in this file otherwise, and it may have changed under a long job
