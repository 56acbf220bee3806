#!/usr/bin/env bash
# Runs the programs of this project, and makes what they need on first use.
#
#   ./run.sh [--gpu auto|cpu|0|0,1] [--background] MODULE [flags]
#                           a program, e.g. ./run.sh gan_book.vae --max_steps 1000  (MODULE --help: its flags);
#                           --gpu auto takes the card with most free memory, --background outlives the terminal
#   ./run.sh [--gpu ...] [--background] run SCRIPT.py [its arguments]
#                           a program written for TensorFlow 1, unchanged; run --check SCRIPT.py only reads it
#   ./run.sh list           the programs, a line each
#   ./run.sh demo [flags]   the short tour
#   ./run.sh jobs           what runs, or ran, in the background of this folder
#   ./run.sh log JOB [-f]   what a job has printed; -f goes on showing it
#   ./run.sh stop JOB       lets a job save, and ends it
#   ./run.sh gpus           the graphics cards and what is free on them
#   ./run.sh disk           the free space, and what each folder in runs/ takes
#   ./run.sh setup [--gpu]  makes .venv beside this file, --gpu with NVIDIA's libraries; else done on first need
#   ./run.sh doctor         what this machine has and lacks
#   ./run.sh test [args]    the tests, with pytest's arguments
#
# PYTHON=/path/to/python names the Python (3.10 to 3.13) to use. That one, or an active environment, is used as it
# is if it holds the packages. CUDA_VISIBLE_DEVICES counts when --gpu is not given. RUNS_DISK_WARN_GB (2): warn when
# less is free. RUNS_STOP_WAIT (60): seconds that stop waits. Wrong use ends with status 2 and a line that says why.

# shellcheck disable=SC2329  # main calls the commands by their names
set -euo pipefail
shopt -s nullglob
SELF=$(readlink -f -- "${BASH_SOURCE[0]}")
ROOT=$(dirname -- "$SELF")
VENV=$ROOT/.venv
STAMP=$VENV/setup.stamp # "EXTRAS CHECKSUM-OF-SETUP.PY", while at work "EXTRAS unfinished"
PACKAGES=(tensorflow tf_keras tf_slim numpy PIL tqdm rich jinja2 matplotlib tensorboard)
GPU="" BACKGROUND=""

say() { printf 'run.sh: %s\n' "$*" >&2; }
die() { say "$@"; exit 2; }

help() {
  local line
  while IFS= read -r line && [[ $line == '#'* ]]; do [[ $line == '#!'* ]] || echo "${line:2}"; done <"$SELF"
}

# Python
examine() { # examine PYTHON [MODULE...]: VERSION ("3.11", or "" if it does not run), ABLE if it can make a venv,
  VERSION="" ABLE="" WHOLE="" # WHOLE if its version fits and it has all packages and these modules
  read -r VERSION ABLE WHOLE < <("$1" - "${PACKAGES[@]}" "${@:2}" 2>/dev/null <<'END'
import importlib.util, sys
sys.path = [folder for folder in sys.path if folder]  # without the current folder
def has(*modules): return all(importlib.util.find_spec(module) for module in modules)
fits = (3, 10) <= sys.version_info[:2] <= (3, 13)
print("%d.%d" % sys.version_info[:2], has("venv", "ensurepip") or "-", fits and has(*sys.argv[1:]) or "-")
END
  ) && ABLE=${ABLE#-} WHOLE=${WHOLE#-} || true
}

no_venv() { # no_venv PYTHON VERSION
  die "$1 cannot make a virtual environment; install its venv module (Debian, Ubuntu: sudo apt-get install" \
    "python$2-venv), or name another Python 3.10 to 3.13: PYTHON=/path/to/python ./run.sh setup"
}

find_base() { # BASE: the Python to make .venv with, PYTHON= or the newest that works; VERSION: its version
  local wanted names lacking=()
  for wanted in 3.13 3.12 3.11 3.10; do
    names=("python$wanted" python3 python)
    [[ -z ${PYTHON-} ]] || names=("$PYTHON")
    while IFS= read -r BASE; do
      [[ ! ${BASE%/*} -ef $VENV/bin ]] || continue # .venv is active: not from itself
      examine "$BASE"
      if [[ $VERSION == "$wanted" && $ABLE ]]; then return; fi
      [[ $VERSION != "$wanted" ]] || lacking=("$BASE" "$VERSION")
    done < <(type -aP "${names[@]}")
  done
  [[ ! ${lacking-} ]] || no_venv "${lacking[@]}"
  examine "${PYTHON:-python3}"
  die "no Python 3.10 to 3.13 (${PYTHON:-python3}: ${VERSION:-does not run}); install one (Debian, Ubuntu: sudo" \
    "apt-get install python3 python3-venv), or name it: PYTHON=/path/to/python ./run.sh setup"
}

venv_ready() { # venv_ready EXTRAS: is .venv whole, from this setup.py, with these extras? MADE: the stamp
  MADE=""
  [[ ! -f $STAMP ]] || MADE=$(<"$STAMP")
  [[ -x $VENV/bin/python && $MADE == "$1"*" $(cksum <"$ROOT/setup.py")" ]]
}

lock() { # one run.sh at a time makes .venv; without flock, a link that names the owner
  if type -P flock >/dev/null; then
    exec 9>"$VENV/setup.lock"
    flock -n 9 || { say "another run.sh is setting up; waiting for it" && flock 9; }
    return
  fi
  until ln -s "$BASHPID" "$VENV/setup.owner" 2>/dev/null; do
    kill -0 "$(readlink "$VENV/setup.owner")" 2>/dev/null || rm -f "$VENV/setup.owner"
    sleep 0.5
  done
  trap 'rm -f "$VENV/setup.owner"' EXIT
}

make_venv() ( # make_venv EXTRAS; the stamp is completed last, so that half a setup is done again
  extras=$1 log=$VENV/setup.log size="about a minute, 2 GB"
  [[ -f $STAMP || ! -e $VENV/bin ]] || die "$VENV is not from ./run.sh setup and lacks packages; remove it"
  find_base
  if ! mkdir -p "$VENV" 2>/dev/null || [[ ! -w $VENV ]]; then
    die "cannot write in $VENV; copy the project to a folder of yours"
  fi
  lock
  if venv_ready "$extras"; then exit 0; fi # another run.sh has just made it
  trap 'die "setup interrupted; the next command does it again"' INT
  if [[ $MADE == *gpu* ]]; then extras=tests,gpu; fi
  if [[ $extras == *gpu* ]]; then size="some minutes, 7 GB"; fi
  echo "$extras unfinished" >"$STAMP"
  if [[ $MADE == *[0-9] ]] && "$VENV/bin/python" -c "" 2>/dev/null; then
    say "setup.py or the extras have changed: installing into .venv (at most $size; its output: $log)"
  else
    say "making .venv with Python $VERSION ($size; its output: $log)"
    rm -rf "${VENV:?}"/{bin,include,lib,lib64,share,pyvenv.cfg}
    "$BASE" -m venv "$VENV" >"$log" 2>&1 || no_venv "$BASE" "$VERSION"
  fi
  cd -- "$ROOT"
  if ! .venv/bin/python -m pip install --disable-pip-version-check -e ".[$extras]" >>"$log" 2>&1; then
    tail -n 5 "$log" >&2
    die "pip could not install the packages (above: the end of $log); check network and disk, then: ./run.sh setup"
  fi
  echo "$extras $(cksum <setup.py)" >"$STAMP"
)

setup() { # setup [--gpu]; with PYTHON= anew, with that Python
  local extras=tests
  [[ $# == 0 || $* == --gpu ]] || die "setup: '$*' is unknown; there is only: ./run.sh setup [--gpu]"
  [[ $# == 0 ]] || extras=tests,gpu
  check_named_python
  [[ -z ${PYTHON-} || ! -f $STAMP ]] || echo "$extras unfinished" >"$STAMP"
  venv_ready "$extras" || make_venv "$extras"
  echo "ready: $VENV ($("$VENV/bin/python" --version))"
}

check_named_python() { # check_named_python [MODULE...]: examines the PYTHON= of the user, makes it a whole path
  local name=${PYTHON-}
  [[ $name ]] || return 0
  PYTHON=$(type -P -- "$name") || die "PYTHON=$name: no such program; name a Python 3.10 to 3.13"
  [[ $PYTHON == /* ]] || PYTHON=$PWD/$PYTHON
  examine "$PYTHON" "$@"
  NAMED=$VERSION
  [[ $VERSION =~ ^3\.1[0-3]$ ]] || die "PYTHON=$name: ${VERSION:-does not run}; name a Python 3.10 to 3.13"
}

need_python() { # need_python [MODULE...]: PY, a Python of the user's that is whole, else that of .venv
  local environment environments=("${VIRTUAL_ENV-}" "${CONDA_PREFIX-}" "$VENV")
  check_named_python "$@"
  if [[ ${PYTHON-} ]]; then
    PY=$PYTHON environments=("$VENV")
    [[ ! $WHOLE ]] || return 0
  fi
  for environment in "${environments[@]}"; do
    PY=$environment/bin/python
    if [[ -f $STAMP && $environment -ef $VENV || ! -x $PY ]]; then continue; fi # ours: below
    examine "$PY" "$@"
    if [[ $WHOLE ]]; then return; fi
  done
  PY=$VENV/bin/python
  venv_ready tests || make_venv tests
  if [[ ${PYTHON-} && $("$PY" --version) != *" $NAMED."* ]]; then
    say "$PYTHON lacks packages: using .venv; to make that anew with it: PYTHON=$PYTHON ./run.sh setup"
  fi
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

# Graphics cards
gigabytes() { printf '%d.%d' $((($1 * 10 + 512) / 10240)) $((($1 * 10 + 512) / 1024 % 10)); } # from MiB

read_cards() { # IDS, and by id FREE (MiB), CARD ("GPU 1 (...)"), ROW (of the table); NO_CARDS: why there are none
  local output id name used total busy
  declare -gA FREE=() CARD=() ROW=()
  IDS="" NO_CARDS="nvidia-smi lists no card"
  type -P nvidia-smi >/dev/null || { NO_CARDS="there is no nvidia-smi, so no NVIDIA driver" && return; }
  output=$(timeout 20 nvidia-smi --query-gpu=index,name,memory.used,memory.total,utilization.gpu \
    --format=csv,noheader,nounits 2>&1) || { NO_CARDS="nvidia-smi fails: ${output%%$'\n'*}" && return; }
  while IFS='|' read -r id name used total busy; do
    [[ $id =~ ^[0-9]+$ ]] || continue
    IDS+="$id " FREE[$id]=0 CARD[$id]="GPU $id ($name)"
    if [[ $used$total =~ ^[0-9]+$ ]]; then # not every card reports it
      FREE[$id]=$((total - used))
      CARD[$id]="GPU $id ($name, $(gigabytes "${FREE[$id]}") of $(gigabytes "$total") GB free)"
      used=$(gigabytes "$used") total=$(gigabytes "$total")
    fi
    ROW[$id]=$(printf '%-4s %-36s %6s of %5s GB %6s %%' "$id" "$name" "$used" "$total" "$busy")
  done <<<"${output//, /|}"
}

gpus() {
  local id
  read_cards
  [[ $IDS ]] || { echo "CPU only: $NO_CARDS" && return; }
  printf '%-4s %-36s %18s %8s\n' GPU name "memory in use" busy
  for id in $IDS; do echo "${ROW[$id]}"; done
}

choose_gpu() { # CUDA_VISIBLE_DEVICES from --gpu; what the user has set in it counts when --gpu is not given
  local id ids=$GPU taken="" text=""
  export CUDA_DEVICE_ORDER=PCI_BUS_ID # the order of nvidia-smi
  if [[ -z $GPU && ${CUDA_VISIBLE_DEVICES+set} ]]; then return; fi
  export CUDA_VISIBLE_DEVICES=-1
  if [[ $GPU == cpu ]]; then return; fi
  read_cards
  if [[ -z $GPU || $GPU == auto ]]; then
    if [[ $NO_CARDS == *fails* ]]; then say "$NO_CARDS; so the CPU is used"; fi
    ids=${IDS%% *}
    for id in $IDS; do ((FREE[$id] <= FREE[$ids])) || ids=$id; done
    [[ $ids ]] || return 0
  fi
  [[ $IDS ]] || die "--gpu $GPU: $NO_CARDS; use --gpu cpu"
  while IFS= read -rd , id; do
    if [[ -z $id || ,$taken, == *",$id,"* ]] || { [[ -z ${CARD[$id]-} ]] &&
      [[ ! $id =~ ^(GPU|MIG)- || $(nvidia-smi -L) != *"(UUID: $id)"* ]]; }; then
      die "--gpu $GPU: '$id' is not a card, or named twice; there are: ${IDS// /, }auto, cpu"
    fi
    taken+=${taken:+,}$id text+=${text:+, }${CARD[$id]-GPU $id}
  done <<<"$ids,"
  CUDA_VISIBLE_DEVICES=$taken
  echo "$text" >&2
}

# Programs
is_program() { [[ -f $1 && ($1 == */__main__.py || $'\n'$(<"$1") == *$'\nif __name__ == '*) ]]; }

list() { # MODULE and the first line of its docstring, without running any
  local file module text
  for file in "$ROOT"/{gan_book,glcic,pix2pix}/*.py; do
    is_program "$file" || continue
    module=${file#"$ROOT/"} module=${module%.py} module=${module%/__main__} text=$(<"$file")
    [[ $text == *'"""'* ]] || text='"""'
    text=${text#*'"""'} text=${text#"${text%%[![:space:]]*}"} text=${text%%[$'\r\n']*}
    printf '%-24s %s\n' "${module//\//.}" "${text%%'"""'*}"
  done
}

run_program() { # run_program MODULE [flags]
  local path=$ROOT/${1//./\/} name there="" like="" asked=${1%.py}
  if [[ ! $1 =~ ^[A-Za-z0-9_.]+$ ]] || ! { is_program "$path.py" || is_program "$path/__main__.py"; }; then
    while read -r name _; do
      there+="$name, "
      [[ .$name != *."${asked//\//.}" ]] || like=" Do you mean $name?"
    done < <(list)
    die "'$1' is no program or command; there are: ${there}and the commands of ./run.sh help.$like"
  fi
  choose_gpu
  need_python
  if [[ ${CUDA_VISIBLE_DEVICES:--1} != -1 && -f $STAMP && $PY == "$VENV"/* ]] && ! venv_ready tests,gpu; then
    say ".venv is without NVIDIA's libraries: on the CPU, unless the system has them; ./run.sh setup --gpu adds them"
  fi
  export PYTHONSAFEPATH=1 # a data.py in the user's folder is not ours (heeded from Python 3.11 on)
  launch "${1##*.}" "$@"
}

run_script() { # run_script [--check] SCRIPT [arguments]
  [[ $# != 0 ]] || die "run: which program? ./run.sh run SCRIPT.py [its arguments]"
  choose_gpu
  need_python
  export PYTHONSAFEPATH=1 # the user's folder may hold a queue.py; graphmode takes this back for the script itself
  launch run graphmode "$@"
}

run_tests() { # a path below tests/ among the arguments takes the place of all tests; without any, two at a time
  local argument where=tests
  [[ $# != 0 ]] || set -- -n 2 --dist loadgroup
  for argument; do [[ $argument != tests/* ]] || where=""; done
  choose_gpu
  need_python pytest xdist cv2 skimage flask waitress playwright
  cd -- "$ROOT"
  launch test pytest ${where:+"$where"} "$@"
}

launch() { # launch NAME MODULE [flags]: becomes the program, or leaves it behind as job NAME-1, NAME-2, ...
  local name=$1 number=1 job command tries=200 detach=(nohup)
  shift
  warn_disk
  export PYTHONPATH=$ROOT${PYTHONPATH:+:$PYTHONPATH}
  [[ $BACKGROUND ]] || exec "$PY" -m "$@"
  if ! mkdir -p runs/.jobs 2>/dev/null || [[ ! -w runs/.jobs ]]; then
    die "cannot write in $PWD/runs/.jobs; start from a folder of yours"
  fi
  until (set -o noclobber && : >"runs/.jobs/$name-$number.job") 2>/dev/null; do number=$((number + 1)); done
  name+=-$number job=$PWD/runs/.jobs/$name command=$(printf '%q ' "$@")
  printf 'started %s\ncommand %s\n' "$(date '+%F %T')" "${command% }" >>"$job.job"
  if type -P setsid >/dev/null; then detach=(setsid nohup); fi
  set -m # without, bash makes what it starts with & deaf to SIGINT
  PYTHONUNBUFFERED=1 "${detach[@]}" "$BASH" "$SELF" --job "$job" "$PY" -m "$@" </dev/null >"$job.log" 2>&1 &
  until [[ $(<"$job.job") == *$'\npid '* ]]; do
    ((tries--)) || die "$name did not start; see $job.log"
    sleep 0.05
  done
  echo "$name started: ${command% }"
  printf '  %q %-18s %s\n' "$0" "log $name -f" "follows its output (Ctrl-C leaves it running)" \
    "$0" jobs "what runs" "$0" "stop $name" "lets it save, and ends it"
}

# Jobs: runs/.jobs/NAME.log, and NAME.job with a line for each of started, command, pid, stop, status

start_time() { # start_time PID: tells a process from a later one with its number; fails if there is none
  local stat
  if [[ ! -d /proc/self ]]; then ps -o lstart= -p "$1" && return; fi
  { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
  read -ra stat <<<"${stat##*) }" # from field 3 on: the name before may hold blanks
  [[ ${stat[0]} != Z ]] && echo "${stat[19]}"
}

run_job() { # run_job JOB COMMAND...: the parent of a background program, there to keep its exit status
  local status=0
  (me=$BASHPID && echo "pid $me $(start_time "$me")" >>"$1.job" && exec "${@:2}") || status=$?
  echo "status $status" >>"$1.job"
}

read_job() { # read_job NAME: its record in JOB, by the words above, its PID and its STATE
  local key value
  declare -gA JOB=([started]="" [command]="" [pid]="")
  [[ ${1-} && -f runs/.jobs/$1.job ]] || die "no job '${1-}' in $PWD/runs/.jobs; see: ./run.sh jobs"
  while read -r key value; do JOB[$key]=$value; done <"runs/.jobs/$1.job"
  PID=${JOB[pid]%% *}
  if [[ ! ${JOB[status]-} && ${JOB[pid]} == "$PID $(start_time "$PID")" ]]; then
    STATE=running
  elif [[ ! ${JOB[status]-} && ! ${2-} ]]; then # if it ended just now, its status is being written
    sleep 0.3 && read_job "$1" again
  else
    STATE=${JOB[stop]-${JOB[status]+done}}
    STATE="${STATE:-lost}, exit ${JOB[status]-unknown}"
  fi
}

jobs() {
  local file
  printf '%-16s %-22s %-20s %s\n' job state started command
  for file in runs/.jobs/*.job; do
    file=${file##*/} file=${file%.job}
    read_job "$file"
    printf '%-16s %-22s %-20s %s\n' "$file" "$STATE" "${JOB[started]}" "${JOB[command]}"
  done
}

log() { # log JOB [-f]
  read_job "${1-}"
  [[ $# == 1 || ${*:2} == -f ]] || die "log: '${*:2}' is unknown; there is only: ./run.sh log JOB [-f]"
  [[ $# == 1 || $STATE != running ]] || exec tail -n +1 --pid="$PID" -f "runs/.jobs/$1.log"
  exec cat "runs/.jobs/$1.log"
}

stop() { # stop JOB
  local seconds=${RUNS_STOP_WAIT:-60} tries
  [[ $seconds =~ ^[0-9]{1,6}$ ]] || die "RUNS_STOP_WAIT=$seconds: give whole seconds"
  read_job "${1-}"
  [[ $STATE == running ]] || { echo "$1 does not run: $STATE" && return; }
  echo stop stopped >>"runs/.jobs/$1.job"
  kill -TERM "$PID" 2>/dev/null || true
  for ((tries = 0; tries <= 10#$seconds * 5; tries++)); do
    read_job "$1"
    [[ $STATE == running ]] || { echo "$1 $STATE" && return; }
    sleep 0.2
  done
  say "$1 (process $PID) still runs after $seconds s; it may be saving: ./run.sh log $1 -f; unsaved end: kill -9 $PID"
  return 1
}

# Disk
free_megabytes() { # on the disk of runs/, or where that would be made
  { df -BM --output=avail runs 2>/dev/null || df -BM --output=avail .; } | tail -n 1 | tr -dc 0-9
}

warn_disk() {
  local limit=${RUNS_DISK_WARN_GB:-2} free
  [[ $limit =~ ^[0-9]{1,9}$ ]] || die "RUNS_DISK_WARN_GB=$limit: give whole gigabytes"
  free=$(free_megabytes) || return 0
  ((free >= 10#$limit * 1024)) || say "only $(gigabytes "$free") GB free on the disk of runs/; see: ./run.sh disk"
}

disk() {
  local size folder
  echo "$(gigabytes "$(free_megabytes)") GB free on the disk of $PWD/runs"
  for folder in runs/*/; do du -sm "$folder" 2>/dev/null || true; done | sort -rn |
    while IFS=$'\t' read -r size folder; do printf '%8d MB  %s\n' "$size" "${folder%/}"; done
}

main() {
  while [[ ${1-} == -* ]]; do
    case $1 in
    --gpu=*) set -- --gpu "${1#*=}" "${@:2}" ;;
    --gpu) GPU=${2-} && [[ $GPU && $GPU != --* ]] || die "--gpu needs a value: auto, cpu, 0 or 0,1"; shift 2 ;;
    --background) BACKGROUND=1; shift ;;
    --job) run_job "${@:2}"; return ;;
    -h | --help) help; return ;;
    *) die "unknown option '$1' before MODULE; see: ./run.sh help" ;;
    esac
  done
  case ${1-help} in
  help | list | jobs | log | stop | gpus | disk | setup | doctor)
    [[ -z $GPU$BACKGROUND ]] || die "--gpu and --background go before a program, not '${1-}'; see: ./run.sh help"
    "${1-help}" "${@:2}" ;;
  demo) run_program gan_book.demo "${@:2}" ;;
  run) run_script "${@:2}" ;;
  test) run_tests "${@:2}" ;;
  *) run_program "$@" ;;
  esac
}

main "$@"
exit # bash would read on in this file, which may have changed under a long job
