"""The tour: four short trainings and one page about them."""

import json

import pytest

import data
import glcic.config
import pix2pix.config
from data.drawn import facades, faces
from examples import tour
from gan_book.evaluation import sampling
from graphmode.training import run_folder

pytestmark = pytest.mark.slow
NAMES = "vae", "gan", "glcic", "pix2pix"


@pytest.fixture(scope="module")
def folder(digits, tmp_path_factory):
    """The tour's folder after a few steps of each program. One of its runs is an earlier one."""
    folder = tmp_path_factory.mktemp("tour")
    earlier = folder / "vae"
    earlier.mkdir()
    (earlier / "config.json").write_text('{"program": "gan_book.vae", "config": {}}')
    (earlier / "scalars.csv").write_text("of the earlier run")
    (folder / "index.html").touch()
    all_faces = faces.folder
    with pytest.MonkeyPatch.context() as patch:
        # A cache of its own: the drawn images are fewer than in other tests.
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        few = data.few(digits, 130)
        few = few._replace(test_images=few.test_images[:20], test_labels=few.test_labels[:20])
        patch.setattr(data, "load", lambda name, input_dir: few)
        small = {"size": 32, "hole_min": 8, "hole_max": 16, "width": 2, "batch_size": 2}
        for name, number in small.items():
            patch.setitem(glcic.config.SMALL, name, number)
        small = {"crop_size": 32, "scale_size": 36, "ngf": 1, "ndf": 1}
        for name, number in small.items():
            patch.setitem(pix2pix.config.SMALL, name, number)
        patch.setattr(faces, "folder", lambda size: all_faces(size, 40))
        patch.setattr(facades, "COUNTS", {"train": 4, "val": 2})
        patch.setattr(sampling, "COUNT", 200)
        steps = ["--vae_steps", "4", "--gan_steps", "5", "--glcic_steps", "8"]
        tour.main([*steps, "--pix2pix_steps", "3", "--output_dir", str(folder)])
    return folder


def test_each_program_trains_its_steps(folder):
    assert [run_folder.last_step(folder / name) for name in NAMES] == [4, 5, 8, 3]
    programs = [run_folder.stored(folder / name)[0] for name in NAMES]
    assert programs == ["gan_book.vae", "gan_book.gan", "glcic", "pix2pix"]
    for name in ("glcic", "pix2pix"):
        assert run_folder.stored(folder / name)[1]["preset"] == "small"
    assert (folder / "vae" / "scalars.csv").read_text().startswith("step,")


def test_glcic_trains_all_its_phases(folder):
    settings = run_folder.stored(folder / "glcic")[1]
    phases = settings["completion_steps"], settings["discriminator_steps"]
    assert min(phases) > 0 and sum(phases) < 8


def test_all_runs_are_evaluated(folder):
    for name in NAMES:
        assert json.loads((folder / name / "metrics.json").read_text())


def test_the_page_shows_all_runs(folder):
    page = (folder / "index.html").read_text()
    assert all(f'href="{name}/report.html"' in page for name in NAMES)
    assert page.count("data:image/png") >= 8 and tour.TITLE in page
    assert "held-out face" in page


def test_a_run_that_the_tour_did_not_make_is_left_alone(tmp_path, capsys):
    (tmp_path / "gan").mkdir()
    (tmp_path / "gan" / "config.json").write_text('{"program": "gan_book.gan", "config": {}}')
    with pytest.raises(SystemExit) as end:
        tour.main(["--output_dir", str(tmp_path)])
    error = capsys.readouterr().err
    assert end.value.code == 2 and error.count("\n") == 1
    assert "gan holds a run that the tour did not make" in error
    assert [file.name for file in tmp_path.iterdir()] == ["gan"]


def test_too_few_steps_are_one_line(capsys):
    with pytest.raises(SystemExit) as end:
        tour.main(["--glcic_steps", "7"])
    error = capsys.readouterr().err
    assert end.value.code == 2 and error.count("\n") == 1
    assert "--glcic_steps '7' is not a whole number (at least 8)" in error
