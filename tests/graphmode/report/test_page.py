"""The page of a run."""

import json

import numpy as np
import pytest

from graphmode.errors import InputError
from graphmode.report import images, page
from graphmode.report.__main__ import main as report_again
from graphmode.training import run_folder
from graphmode.training.scalar_log import ScalarLog


def test_report_needs_a_run_and_shows_what_is_there(tmp_path, settings):
    with pytest.raises(InputError, match="holds no run"):
        page.write(tmp_path)
    config = settings()
    with run_folder.started(config) as folder:
        pass
    for step in range(0, 2000, 100):
        images.save_png(folder / "samples" / f"grid-{step:08d}.png", np.zeros([2, 2], np.uint8))
    run_folder.warn(folder, "something <odd>")
    text = page.write(folder).read_text()
    assert (
        text.count("<figure>") == 8 and "step 0<" in text and "step 1900<" in text
    )  # eight moments, both ends
    assert "something &lt;odd&gt;" in text


def test_damaged_files_of_a_run_are_said_and_do_not_hide_the_rest(settings, capsys):
    with run_folder.started(settings()) as folder:
        pass
    (folder / "scalars.csv").write_text("step,phase,loss\n1,train,x\n")
    (folder / "warnings.txt").write_bytes(b"a \xff warning\n")
    (folder / "samples").mkdir()
    (folder / "samples" / "grid-00000001.png").write_bytes(b"\x89PNG\r\n\x1a\n no image")
    text = page.write(folder).read_text()
    assert "warning</" in text and "no curves: " in text and "step 1<" in text
    assert "scalars.csv, line 2: " in capsys.readouterr().err
    for content in ("[]", '{"a": ', "[" * 100000):
        (folder / "metrics.json").write_text(content)
        with pytest.raises(InputError, match="metrics.json cannot be read .*: delete it"):
            page.write(folder)


def test_metrics_are_printed_stored_and_on_the_page(tmp_path, settings, capsys):
    config = settings()
    with run_folder.started(config) as folder:
        pass
    page.write_metrics(folder, {"accuracy": 0.987654321, "images": 10})
    assert "accuracy  0.98765\n" in capsys.readouterr().out
    assert json.loads((folder / "metrics.json").read_text()) == {
        "accuracy": 0.987654321,
        "images": 10,
    }
    assert "<td>0.98765</td>" in (folder / "report.html").read_text()


def test_metrics_of_a_folder_without_a_run_make_no_page(tmp_path):
    page.write_metrics(tmp_path, {"accuracy": 1.0})
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_a_curve_shows_every_row_and_the_last_value(settings):
    config = settings()
    with run_folder.started(config) as folder:
        log = ScalarLog(folder, ["loss"], 0)
        for step in (1, 2, 3):
            log.add({"loss": 1.0 / step})
            log.row(step, "train")
    text = page.write(folder).read_text()
    assert "loss (last 0.333333)" in text and text.count("data:image/svg+xml") == 1
    assert "3 steps" in text


def test_an_index_links_to_the_reports_of_its_runs(tmp_path, settings):
    config = settings(output_dir=str(tmp_path / "runs" / "a"))
    with run_folder.started(config) as folder:
        pass
    images.save_png(folder / "samples" / "grid-00000001.png", np.zeros([2, 2], np.uint8))
    page.write(folder)
    page.write_index(tmp_path / "index.html", [folder], "Title", "Some text.")
    text = (tmp_path / "index.html").read_text()
    assert 'href="runs/a/report.html"' in text and text.count("data:image/png") == 1


def test_the_module_writes_the_page_again(settings, capsys):
    config = settings()
    with run_folder.started(config) as folder:
        pass
    report_again([str(folder)])
    assert capsys.readouterr().out == f"{folder}/report.html\n"
    for folders, message in (([], "no run is named"), ([str(folder / "x")], "x holds no run")):
        with pytest.raises(SystemExit) as stopped:
            report_again(folders)
        assert stopped.value.code == 2 and message in capsys.readouterr().err
