"""Trains the VAE and the GAN on drawn digits for about two minutes and shows both on one page.

Run: `./run.sh demo`, then open runs/demo/index.html. A second call starts anew.
"""

import argparse
import pathlib
import sys

from gan_book import gan, vae
from graphmode import report, runs

TITLE = "Two generative models, trained on this machine"


def main(argv=None):
    parser = argparse.ArgumentParser(prog="gan_book.demo", description=__doc__.split("\n\n")[0])
    parser.add_argument("--output_dir", default="runs/demo", help="default: runs/demo")
    parser.add_argument("--vae_steps", type=int, default=2000)
    parser.add_argument("--gan_steps", type=int, default=3500)
    flags = parser.parse_args(argv)
    folders = [pathlib.Path(flags.output_dir, name) for name in ("vae", "gan")]
    page = pathlib.Path(flags.output_dir, "index.html")
    taken = [str(folder) for folder in folders if runs.holds_a_run(folder)]
    if taken and not page.exists():
        sys.stderr.write("gan_book.demo: {} holds a run that is no demo's: choose another --output_dir\n".format(taken[0]))
        sys.exit(2)
    report.write_index(page, [], TITLE, "The demo is under way.")
    for program, folder, steps in zip((vae, gan), folders, (flags.vae_steps, flags.gan_steps)):
        sys.stderr.write("{}: {} steps on drawn digits, into {}\n".format(program.__name__, steps, folder))
        program.main(["--output_dir", str(folder), "--max_steps", str(steps), "--display_freq", str(max(1, steps // 8)),
                      "--overwrite"])
    gan.main(["--mode", "evaluate", "--checkpoint", str(folders[1])])
    report.write_index(page, folders, TITLE, "Both learned from 8,000 drawn digits, the VAE for half a minute, the GAN for "
                       "one. The VAE's pictures are soft, for it averages over what it is unsure of; the GAN's are sharp "
                       "and ragged.")
    print("open {}".format(page))


if __name__ == "__main__":
    main()
