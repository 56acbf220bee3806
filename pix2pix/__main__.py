"""pix2pix: learns to translate pictures from pairs, translates, and exports what it has learned.

Run: `./run.sh pix2pix --preset small --which_direction BtoA` (on drawn facades; with --input_dir facades/train on your own
pairs), then `./run.sh pix2pix --mode test --checkpoint runs/pix2pix --input_dir facades/val --output_dir facades_test`.
"""

from data import folders, pairs
from graphmode import cli, training
from pix2pix import export, labels, model, options, sources, translate


def train(config):
    options.check(config)
    if config.judge:
        labels.check(config)
    paths, skipped, ratio = sources.training(config, not config.lab_colorization)
    config = config._replace(pair_ratio=ratio)
    beside = sources.unseen_folder(config)
    unseen = folders.usable(pairs.find(beside))[0] if beside else []
    training.fit(model.build(config, paths, unseen)._replace(notes=skipped), config)


def main(argv=None):
    modes = {"train": train, "test": translate.test, "export": export.export}
    cli.main("pix2pix", options.Config, modes, __doc__, argv, after_training="test")


if __name__ == "__main__":
    main()
