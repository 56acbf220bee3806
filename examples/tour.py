"""Trains the VAE, the GAN, GLCIC and pix2pix on drawn pictures for four to five minutes and shows them on one page.

Run: `./run.sh demo`, then open runs/demo/index.html. A second call starts anew.
"""

import pathlib
import subprocess
import sys

from gan_book import gan, vae
from graphmode import cli, errors
from graphmode.report import page
from graphmode.training import run_folder

TITLE = "Four generative models, trained on this machine"


def apart(program, folder, data, **numbers):
    """Trains a small preset in a process of its own, for the texts' programs know nothing of one another."""
    sys.stderr.write("{}: {} steps on {}, into {}\n".format(program, numbers["max_steps"], data, folder))
    flags = ["--{}={}".format(*pair) for pair in {**numbers, "output_dir": folder}.items()]
    done = subprocess.run([sys.executable, "-m", program, "--preset", "small", "--overwrite", *flags])
    if done.returncode:
        sys.exit(done.returncode)


def main(argv=None):
    parser = cli.Parser(prog="gan_book.demo", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--output_dir", default="runs/demo", help="(default: runs/demo)")
    parser.add_argument("--vae_steps", type=cli.whole(1), default=2000, help="(default: 2000)")
    parser.add_argument("--gan_steps", type=cli.whole(1), default=3500, help="(default: 3500)")
    parser.add_argument("--glcic_steps", type=cli.whole(8), default=400, help="(default: 400)")
    parser.add_argument("--pix2pix_steps", type=cli.whole(1), default=2000, help="(default: 2000)")
    with errors.one_line("gan_book.demo"):
        flags = parser.parse_args(argv)
    folders = [pathlib.Path(flags.output_dir, name) for name in ("vae", "gan", "glcic", "pix2pix")]
    page = pathlib.Path(flags.output_dir, "index.html")
    taken = [str(folder) for folder in folders if run_folder.holds_a_run(folder)]
    if taken and not page.exists():
        errors.fail("gan_book.demo", "{} holds a run that is no demo's: choose another --output_dir".format(taken[0]))
    page.write_index(page, [], TITLE, "The demo is under way.")
    for program, folder, steps in zip((vae, gan), folders, (flags.vae_steps, flags.gan_steps)):
        sys.stderr.write("{}: {} steps on drawn digits, into {}\n".format(program.__name__, steps, folder))
        program.main(["--output_dir", str(folder), "--max_steps", str(steps), "--display_freq", str(max(1, steps // 8)),
                      "--overwrite"])
    gan.main(["--mode", "evaluate", "--checkpoint", str(folders[1])])
    steps = flags.glcic_steps
    apart("glcic", folders[2], "drawn faces", max_steps=steps, completion_steps=3 * steps // 4, discriminator_steps=steps // 8,
          display_freq=steps // 4, summary_freq=max(1, steps // 40))
    steps = flags.pix2pix_steps
    apart("pix2pix", folders[3], "drawn facades", max_steps=steps, which_direction="BtoA", display_freq=max(1, steps // 4))
    page.write_index(page, folders, TITLE, "The VAE and the GAN learned from 8,000 drawn digits, the VAE for half a minute, "
                       "the GAN for one. The VAE's pictures are soft, for it averages over what it is unsure of; the GAN's are "
                       "sharp and ragged. GLCIC learned for a minute to complete holes in drawn faces, mostly from squared "
                       "errors; its rows show a held-out face with the hole, what the network imagines, the completion, and "
                       "the face itself. pix2pix learned for a minute to paint drawn facades from the labels of their parts; "
                       "its rows show the labels, its painting, and the facade that they were taken from.")
    print("open {}".format(page))


if __name__ == "__main__":
    main()
