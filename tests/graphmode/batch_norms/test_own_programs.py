"""What `explain` says of this project's own programs: nothing but what is intended."""

import numpy as np
import pytest
from conftest import config_of
from PIL import Image

from data import folders
from data.drawn import facades, faces
from gan_book import cgan, dcgan, wgan
from glcic import model as glcic
from glcic.config import Config as GlcicConfig
from graphmode import batch_norms
from pix2pix import model as pix2pix
from pix2pix.config import Config as Pix2pixConfig

LAYERS = {"size": 32, "width": 2, "batch_size": 4, "hole_min": 8, "hole_max": 16, "input": "feed"}
STEPS = {"max_steps": 9, "completion_steps": 3, "discriminator_steps": 3}


def names(weight=batch_norms.MISTAKE):
    findings = batch_norms.explain()
    return [finding.mistake for finding in findings if finding.weight == weight]


@pytest.mark.parametrize(
    "program, as_published, expected",
    [
        pytest.param(dcgan, False, [], marks=pytest.mark.slow),
        # The text: the batch norms are always in training mode, also for samples.
        (dcgan, True, ["batch_statistics_in_test"]),
        pytest.param(cgan, False, [], marks=pytest.mark.slow),
        pytest.param(wgan, False, [], marks=pytest.mark.slow),
    ],
)
def test_the_chapter(program, as_published, expected, digits, tmp_path):
    program.build(
        config_of(program, tmp_path, batch_size=8, max_steps=2, as_published=as_published), digits
    )
    assert names() == expected and not names(batch_norms.INTENDED)


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags, expected",
    [
        ({}, []),
        ({"as_published": True}, ["batch_statistics_in_test"]),
        # The blog's comparison of batch norms, with its mistakes.
        ({"discriminator_norm": "layers"}, ["left_at_default"]),
        ({"discriminator_norm": "layers_training"}, ["never_run"]),
        ({"discriminator_norm": "author"}, ["not_shared"]),
        ({"discriminator_norm": "author_shared"}, []),
        ({"last_batch_norm": True}, ["norm_on_logit"]),
    ],
)
def test_the_blog(flags, expected, tmp_path):
    for number, face in enumerate(faces.draw(4, 60, 3)):
        Image.fromarray(face).save(tmp_path / f"{number}.png")
    fixed = {**LAYERS, **STEPS, "output_dir": str(tmp_path / "run")}
    glcic.build(GlcicConfig.create(**fixed, **flags), folders.images(tmp_path))
    assert names() == expected


@pytest.mark.parametrize("as_published", [pytest.param(False, marks=pytest.mark.slow), True])
def test_the_notes(as_published, tmp_path):
    for number in range(2):
        pair = np.hstack(facades.draw(40, [0, number]))
        Image.fromarray(pair).save(tmp_path / f"{number}.png")
    sizes = {"crop_size": 32, "scale_size": 32, "ngf": 2, "ndf": 2, "max_steps": 1}
    config = Pix2pixConfig.create(**sizes, as_published=as_published, display_freq=0)
    pix2pix.build(config, sorted(map(str, tmp_path.glob("*.png"))), [])
    # As published, the map of 1 x 1 is normalized, and the batch is one image.
    assert names() == (["batch_of_one"] if as_published else [])
    assert names(batch_norms.INTENDED) == ["batch_statistics_on_purpose"]
