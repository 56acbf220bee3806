"""GLCIC: trains a network that completes holes in pictures, completes pictures with it, measures it, exports it.

Run: `./run.sh glcic --preset small --input_dir FOLDER` (without a folder, on faces drawn here), then `./run.sh glcic
--mode complete --checkpoint runs/glcic --image photo.jpg --mask hole.png --output out.png`; the hole is white.
"""

import sys

from glcic import complete, evaluate, game, model, options, sources
from graphmode import cli, training


def train(config):
    options.check(config)
    built = model.build(config, sources.find(config))
    idle = [phase.name for phase in built.phases if not phase.steps]
    if idle:
        sys.stderr.write("no steps for {}: --max_steps ends before (--completion_steps, --discriminator_steps)\n".format(
            " and ".join(idle)))
    training.fit(built, config)


def main(argv=None):
    modes = {"train": train, "complete": complete.complete, "evaluate": evaluate.evaluate, "export": complete.export,
             "game": game.game}
    cli.main("glcic", options.Config, modes, __doc__, argv, after_training="evaluate")


if __name__ == "__main__":
    main()
