"""Attacks the programs for some minutes: `python -m tests.campaign --minutes 30`.

Each part gets a share of the time. What was wrong is printed, with the trial that found it; the
same seed repeats the same trials, as far as the time allows. Exit status 1 if anything was wrong.
"""

import argparse
import collections
import json
import pathlib
import sys
import tempfile
import time

from tests.campaign import damage, disk, killing, resuming, serve, settings, uploads, wild

# name -> (function of folder, seed and seconds; its share of the time; what it tries)
PARTS = {
    "kills": (killing.attack, 5, "SIGKILL at a random moment, an exit at any file operation"),
    "stops": (resuming.attack, 5, "SIGTERM, SIGHUP, Ctrl-C at a random step, then --resume"),
    "damage": (damage.attack, 5, "damaged files of a run: resumed, sampled from, shown"),
    "disk": (disk.attack, 3, "a disk that becomes full"),
    "wild": (wild.attack, 5, "random settings that are accepted: three steps"),
    "settings": (settings.attack, 1, "hostile flags and config.json files"),
    "uploads": (uploads.attack, 1, "damaged images, masks, photographs and IDX files"),
    "serve": (serve.within, 5, "50 clients among 20 attackers"),
}


def campaign(seconds, seed, parts):
    """Runs parts for so many seconds together.

    Returns:
        part -> (number of trials, trial -> what was wrong, seconds).
    """
    results = {}
    whole = sum(PARTS[name][1] for name in parts)
    for name in parts:
        attack, share, _ = PARTS[name]
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            found = attack(pathlib.Path(folder), seed, seconds * share / whole)
        wrong = {trial: faults for trial, faults in found.items() if faults}
        results[name] = len(found), wrong, time.monotonic() - begun
        print(line(name, results[name]), flush=True)
        for trial, faults in wrong.items():
            print(f"  {trial}: {json.dumps(faults)}", flush=True)
    return results


def line(name, result):
    """A row of the table: part, trials, faults, seconds, what is tried."""
    trials, wrong, seconds = result
    return f"{name:10}{trials:8}{len(wrong):8}{seconds:8.0f} s  {PARTS[name][2]}"


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=30, help="of all parts together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS), help="parts")
    given = parser.parse_args(argv)
    print(f"seed {given.seed}\n{'part':10}{'trials':>8}{'faults':>8}{'time':>10}")
    results = campaign(60 * given.minutes, given.seed, given.only)
    kinds = collections.Counter(
        fault.split(":")[0]
        for _, wrong, _ in results.values()
        for faults in wrong.values()
        for fault in faults
    )
    print("nothing was wrong" if not kinds else dict(kinds))
    if "disk" in results and not results["disk"][0]:
        print("disk: not tried, this machine lets no user make a file system (unshare)")
    return 1 if kinds else 0


if __name__ == "__main__":
    sys.exit(main())
