"""GLCIC (图像补全): trains a network that completes holes in images, and uses it.

Run:     ./run.sh glcic --preset small --input_dir FOLDER       (without a folder, on drawn faces)
         ./run.sh glcic --mode complete --checkpoint runs/glcic --image photo.jpg \\
             --mask hole.png --output out.png                   (the hole is white in hole.png)
Modes:   train, then evaluate; complete; export; game (do the two networks fight?)
Expect:  `--preset small` takes minutes on two CPU cores. Its completions have a mean absolute error
         below that of OpenCV's inpainting (docs/results.md).
"""

import sys

from glcic import complete, evaluate, export, inputs, model
from glcic.config import Config
from glcic.experiments import game
from graphmode import cli, training


def train(config):
    built = model.build(config, inputs.images(config))
    idle = [phase.name for phase in built.phases if not phase.steps]
    if idle:
        sys.stderr.write(
            f"no steps for the phases: {', '.join(idle)} "
            "(see --max_steps, --completion_steps and --discriminator_steps)\n"
        )
    training.fit(built, config)


def main(argv=None):
    modes = {
        "train": train,
        "complete": complete.complete,
        "evaluate": evaluate.evaluate,
        "export": export.export,
        "game": game.game,
    }
    check = Config.check_call
    cli.main(Config, modes, __doc__, argv, after_training="evaluate", check=check)


if __name__ == "__main__":
    main()
