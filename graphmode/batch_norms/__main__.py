"""Renames the batch norms of a checkpoint, between slim's names and those of tf.layers.

Run: `python -m graphmode.batch_norms translate CHECKPOINT --to tf.layers --output NEW`
(`--to slim`, `--to contrib`). What a program's batch norms do says `./run.sh run --batch_norm`.
"""

import sys
from typing import Optional, Sequence

from graphmode import cli, errors
from graphmode.batch_norms.translate import LAYERS, translate

PROGRAM = "graphmode.batch_norms"


def main(argv: Optional[Sequence[str]] = None) -> None:
    parser = cli.Parser(
        prog=PROGRAM, description=(__doc__ or "").split("\n")[0], allow_abbrev=False
    )
    parser.add_argument("action", choices=["translate"])
    parser.add_argument("checkpoint", help="path of a checkpoint, or the folder of one")
    parser.add_argument("--to", required=True, choices=list(LAYERS))
    parser.add_argument("--output", help="path of the new checkpoint (default: CHECKPOINT-TO)")
    with errors.one_line(PROGRAM, "stopped"):
        given = parser.parse_args(argv)
        done = translate(given.checkpoint, given.to, given.output)
        for old, new in sorted(done.renamed.items()):
            print(f"{old} -> {new}")
        for verb, names in (("added", done.added), ("removed", done.removed)):
            for name in names:
                print(f"{verb}: {name}")
        for note in done.notes:
            print(note)
        print(f"written: {done.checkpoint}")


if __name__ == "__main__":
    main(sys.argv[1:])
