"""The page of a run."""

import json
import re

import pytest

from graphmode.errors import InputError
from graphmode.report import page
from graphmode.report.__main__ import main as report_again
from graphmode.training import run_folder
from graphmode.training.scalar_log import ScalarLog


def test_report_needs_a_run_and_shows_what_is_there(tmp_path, settings, grid, well_formed):
    with pytest.raises(InputError, match="holds no run"):
        page.write(tmp_path)
    with run_folder.started(settings()) as folder:
        pass
    for step in range(0, 2000, 100):
        grid(folder, f"samples/grid-{step:08d}.png")
    grid(folder, "figures/inputs_outputs_targets.png")
    run_folder.warn(folder, "something <odd>")
    text = page.write(folder).read_text()
    tree = well_formed(text)
    moments = [each.get("data-moment") for each in tree.iter("figure") if each.get("data-moment")]
    assert len(moments) == 8 and (moments[0], moments[-1]) == ("step 0", "step 1900")
    assert "something &lt;odd&gt;" in text and 'type="range" min="0" max="7"' in text
    heads = [span.text for span in tree.iter("span") if span.text in ("input", "output", "target")]
    assert heads == ["input", "output", "target"]
    assert all(image.get("alt") for image in tree.iter("img"))
    assert not re.search(r'(src|href)="(?!data:)', text)  # it needs no other file


def test_what_is_left_and_what_is_right_is_said(settings, grid):
    with run_folder.started(settings()) as folder:
        pass
    grid(folder, "samples/holed_imitation_completion_real-00000001.png", columns=12)
    grid(folder, "figures/real_holed_mean_color_Navier_Stokes.png", columns=8)
    grid(folder, "figures/odd_name.png")
    grid(folder, "figures/test_cats_and_reconstructions.png")
    text = page.write(folder).read_text()
    assert "From left to right: with hole, network output, completion, original." in text
    assert "original, with hole, mean color, Navier-Stokes. 2 of these groups stand" in text
    assert "<figcaption>Odd name</figcaption>" in text
    assert "Pairs of test cats, which training has not seen: on the left" in text


def test_damaged_files_of_a_run_are_said_and_do_not_hide_the_rest(settings, capsys):
    with run_folder.started(settings()) as folder:
        pass
    (folder / "scalars.csv").write_text("step,phase,loss\n1,train,x\n")
    (folder / "warnings.txt").write_bytes(b"a \xff warning\n")
    for damaged in ('{"calls": [{}], "changed": [', '{"changed": {"lr": 1}}', '{"calls": [1]}'):
        (folder / "run.json").write_text(damaged)
        page.write(folder)
    (folder / "samples").mkdir()
    (folder / "samples" / "grid-00000001.png").write_bytes(b"\x89PNG\r\n\x1a\n no image")
    text = page.write(folder).read_text()
    assert "warning</" in text and "no curves: " in text and "step 1<" in text
    assert "scalars.csv, line 2: " in capsys.readouterr().err
    for content in ("[]", '{"a": ', "[" * 100000):
        (folder / "metrics.json").write_text(content)
        with pytest.raises(InputError, match="metrics.json cannot be read .*: delete it"):
            page.write(folder)


def test_metrics_are_printed_stored_and_on_the_page(settings, capsys):
    with run_folder.started(settings()) as folder:
        pass
    page.write_metrics(folder, {"accuracy": 0.987654321, "images": 10})
    assert "accuracy  0.98765\n" in capsys.readouterr().out
    assert json.loads((folder / "metrics.json").read_text()) == {
        "accuracy": 0.987654321,
        "images": 10,
    }
    assert "<td>0.9877</td>" in (folder / "report.html").read_text()


def test_metrics_of_a_folder_without_a_run_make_no_page(tmp_path):
    page.write_metrics(tmp_path, {"accuracy": 1.0})
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_a_curve_shows_the_last_value(settings, well_formed):
    with run_folder.started(settings()) as folder:
        log = ScalarLog(folder, ["loss"], 0)
        for step in (1, 2, 3):
            log.add({"loss": 1.0 / step})
            log.row(step, "train")
    text = page.write(folder).read_text()
    assert "<code>loss</code>, at the end 0.3333" in text and text.count("<polyline") == 1
    assert "<dt>steps</dt><dd>3" in text
    well_formed(text)


def test_the_module_writes_the_page_again(settings, capsys):
    with run_folder.started(settings()) as folder:
        pass
    report_again([str(folder)])
    assert capsys.readouterr().out == f"{folder}/report.html\n"
    for folders, message in (([], "no run is named"), ([str(folder / "x")], "x holds no run")):
        with pytest.raises(SystemExit) as stopped:
            report_again(folders)
        assert stopped.value.code == 2 and message in capsys.readouterr().err
