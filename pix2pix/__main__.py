"""pix2pix: learns from pairs of images to translate one into the other, translates, and exports.

Run:    ./run.sh pix2pix --preset small --which_direction BtoA       (on drawn facades)
        ./run.sh pix2pix --input_dir facades/train --which_direction BtoA
        ./run.sh pix2pix --mode test --checkpoint runs/pix2pix --input_dir facades/val \\
            --output_dir facades_test
"""

from graphmode import cli, training
from pix2pix import export, inputs, model, segmentation, translate
from pix2pix.config import Config


def train(config):
    if config.segmentation:
        segmentation.check(config)
    paths, skipped, ratio = inputs.training_files(config, joined=not config.lab_colorization)
    config = config.replace(pair_ratio=ratio)
    held_out = inputs.held_out_files(config)
    training.fit(model.build(config, paths, held_out)._replace(notes=skipped), config)


def main(argv=None):
    modes = {"train": train, "test": translate.test, "export": export.export}
    cli.main(Config, modes, __doc__, argv, after_training="test")


if __name__ == "__main__":
    main()
