"""The tour: it trains the VAE, the GAN, GLCIC and pix2pix on drawn images in five minutes.

Run:     ./run.sh demo
         Then open runs/demo/index.html. A second call replaces the runs of the first.
"""

import dataclasses
import sys

from gan_book import gan, vae
from glcic import __main__ as glcic
from graphmode import cli, config, errors, files
from graphmode.config import setting
from graphmode.report import several
from graphmode.training import run_folder
from pix2pix import __main__ as pix2pix

TITLE = "Four generative models, trained on this machine"
TEXT = (
    "The VAE and the GAN learned from 8,000 drawn digits, the VAE for half a minute, the GAN for "
    "one. The VAE's images are soft, because it averages over what it is not sure of. The GAN's "
    "are sharp and ragged. GLCIC learned for a minute to complete holes in drawn faces, mostly "
    "from squared errors. Its rows show a held-out face with the hole, the network's output, the "
    "completion, and the face itself. pix2pix learned for a minute to turn the labels of the parts "
    "of drawn facades into facades. Its rows show the labels, the output, and the facade that the "
    "labels belong to."
)


@dataclasses.dataclass(frozen=True)
class Tour(config.Settings):
    """Settings of the tour."""

    output_dir: str = setting("runs/demo", help="folder for the page and the four runs")
    vae_steps: int = setting(2000, at_least=1, help="training steps of the VAE")
    gan_steps: int = setting(3500, at_least=1, help="training steps of the GAN")
    glcic_steps: int = setting(400, at_least=8, help="training steps of GLCIC")
    pix2pix_steps: int = setting(2000, at_least=1, help="training steps of pix2pix")


def take(settings):
    """Runs the four programs, each in a graph and a folder of its own, and writes the page.

    Raises:
        InputError: a run that is not the tour's is in the way.
    """
    names = "vae", "gan", "glcic", "pix2pix"
    folders = {name: files.path(settings.output_dir, name) for name in names}
    target = files.path(settings.output_dir, "index.html")
    taken = [folder for folder in folders.values() if run_folder.holds_a_run(folder)]
    if taken and not target.exists():
        raise errors.InputError(
            f"{taken[0]} holds a run that the tour did not make: choose another --output_dir"
        )
    several.write_tour(target, [], TITLE, "The tour is not finished yet.")

    steps = settings.vae_steps
    train(vae, "drawn digits", folders["vae"], steps, display_freq=max(1, steps // 8))
    steps = settings.gan_steps
    train(gan, "drawn digits", folders["gan"], steps, display_freq=max(1, steps // 8))
    gan.main(["--mode", "evaluate", "--checkpoint", str(folders["gan"])])
    steps = settings.glcic_steps
    train(
        glcic,
        "drawn faces",
        folders["glcic"],
        steps,
        preset="small",
        display_freq=steps // 4,
        summary_freq=max(1, steps // 40),
    )
    steps = settings.pix2pix_steps
    train(
        pix2pix,
        "drawn facades",
        folders["pix2pix"],
        steps,
        preset="small",
        which_direction="BtoA",
        display_freq=max(1, steps // 4),
    )
    several.write_tour(target, list(folders.values()), TITLE, TEXT)
    print(f"open {target}")


def train(program, images, folder, steps, **flags):
    """Trains a program as its command line does, in place of an earlier run."""
    sys.stderr.write(f"{folder.name}: {steps} steps on {images}, into {folder}\n")
    flags = {"output_dir": folder, "max_steps": steps, **flags}
    program.main(["--overwrite", *(f"--{name}={value}" for name, value in flags.items())])


def main(argv=None):
    cli.tool("examples.tour", Tour, __doc__, take, argv)


if __name__ == "__main__":
    main()
