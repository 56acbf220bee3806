"""Trains the VAE and the GAN on drawn digits for about two minutes and shows both on one page.

Run: `./run.sh demo`, then open runs/demo/index.html. A second call starts anew.
"""

import argparse
import pathlib
import sys

from gan_book import gan, vae
from graphmode import report


def main(argv=None):
    parser = argparse.ArgumentParser(prog="gan_book.demo", description=__doc__.split("\n\n")[0])
    parser.add_argument("--output_dir", default="runs/demo", help="default: runs/demo")
    parser.add_argument("--vae_steps", type=int, default=2000)
    parser.add_argument("--gan_steps", type=int, default=3500)
    flags = parser.parse_args(argv)
    folders = []
    for program, steps in ((vae, flags.vae_steps), (gan, flags.gan_steps)):
        folder = str(pathlib.Path(flags.output_dir, program.__name__.split(".")[-1]))
        sys.stderr.write("{}: {} steps on drawn digits, into {}\n".format(program.__name__, steps, folder))
        program.main(["--output_dir", folder, "--max_steps", str(steps), "--display_freq", str(max(1, steps // 8)),
                      "--overwrite"])
        folders.append(folder)
    gan.main(["--mode", "evaluate", "--checkpoint", folders[1]])
    page = pathlib.Path(flags.output_dir, "index.html")
    report.write_index(page, folders, "Two generative models, trained on this machine",
                       "Both learned from 8,000 drawn digits, the VAE for half a minute, the GAN for one. The VAE's pictures are soft, for it "
                       "averages over what it is unsure of; the GAN's are sharp and ragged.")
    print("open {}".format(page))


if __name__ == "__main__":
    main()
