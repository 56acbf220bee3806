"""Pages about several runs: the list and the comparison."""

import dataclasses
import json
import re

import numpy as np
import pytest

from graphmode.errors import InputError
from graphmode.report import images, page, several
from graphmode.report.__main__ import main as report
from graphmode.training import run_folder
from graphmode.training.scalar_log import ScalarLog


@pytest.fixture
def run(tmp_path, settings, grid):
    """Makes a run in runs/NAME, with one row, one grid and metrics. Returns its folder."""

    def make(name, loss=1.0, metrics=None, **values):
        config = settings(output_dir=str(tmp_path / "runs" / name), **values)
        with run_folder.started(config) as folder:
            log = ScalarLog(folder, ["loss"], 0)
            for step in (10, 20):
                log.add({"loss": loss})
                log.row(step, "train")
        grid(folder, "samples/samples-00000020.png", value=int(loss))
        (folder / "metrics.json").write_text(json.dumps(metrics or {}))
        return folder

    return make


def test_the_list_of_runs_is_kept_up_to_date(run, tmp_path, well_formed):
    page.write(run("a"))
    index = tmp_path / "runs" / "index.html"
    assert "1 run." in index.read_text()
    page.write(run("b b"))
    text = index.read_text()
    tree = well_formed(text)
    links = [link.get("href") for link in tree.iter("a")]
    assert sorted(links) == ["a/report.html", "b%20b/report.html"]
    assert text.count("data:image/webp") == 2 and "Undertrained" in text
    assert not (tmp_path / "index.html").exists()  # other folders get none


def test_the_list_never_replaces_another_page_and_never_ends_a_run(run, tmp_path, capsys):
    folder = run("a")
    index = tmp_path / "runs" / "index.html"
    index.write_text("mine")
    page.write(folder)
    assert index.read_text() == "mine" and "index.html is another page" in capsys.readouterr().err
    with pytest.raises(InputError, match="move it"):
        several.write_index(tmp_path / "runs")


def test_a_damaged_run_is_counted_and_the_others_are_listed(run, tmp_path):
    run("a")
    (run("b") / "metrics.json").write_text("[")
    (tmp_path / "runs" / "pages").mkdir()
    (tmp_path / "runs" / "pages" / "index.html").write_text("of another program")
    text = several.write_index(tmp_path / "runs").read_text()
    assert "1 more cannot be read" in text and 'href="pages/index.html"' in text


def test_runs_are_compared_on_one_page(run, tmp_path, well_formed, capsys):
    a = run("a", 1.0, {"L1, output": 0.2}, seed=1)
    b = run("b", 0.5, {"L1, output": 0.1}, seed=2)
    report([str(a), str(b)])
    target = tmp_path / "runs" / "comparison.html"
    assert capsys.readouterr().out == f"{target}\n"
    text = target.read_text()
    tree = well_formed(text)
    lines = [line.get("style") for line in tree.iter("polyline")]
    assert lines == ["stroke: var(--c0)", "stroke: var(--c1)"]  # on one axis
    assert text.count("data:image/png") == 2 and "a, step 20" in text and "b, step 20" in text
    assert re.search(r'0\.2</td><td class="best">0\.1</td>', text)
    rows = re.findall(r"<code>--(\w+)</code></th><td>([^<]*)</td><td>([^<]*)</td>", text)
    assert rows == [("seed", "1", "2")]
    assert [link.get("href") for link in tree.iter("a")] == ["a/report.html", "b/report.html"]


def test_runs_of_one_name_are_told_apart_by_their_folders(run, tmp_path):
    a, b = run("x/gan"), run("y/gan")
    target = several.write_comparison([a, b], tmp_path / "both.html")
    assert "x/gan, step 20" in target.read_text() and "y/gan, step 20" in target.read_text()
    with pytest.raises(InputError, match="holds no run"):
        several.write_comparison([a, tmp_path])
    target.write_text("mine")
    with pytest.raises(InputError, match="another page"):
        several.write_comparison([a, b], target)


def test_the_module_lists_a_folder_of_runs(run, tmp_path, capsys):
    run("a")
    report([str(tmp_path / "runs")])
    assert capsys.readouterr().out == f"{tmp_path}/runs/index.html\n"


def test_a_tour_shows_figures_metrics_and_links(run, tmp_path, well_formed):
    folder = run("a", metrics={"L1, output": 0.1, "L1, mean training target": 0.2})
    images.save_png(folder / "figures" / "inputs_outputs.png", images.grid(np.zeros([2, 4, 4])))
    several.write_tour(tmp_path / "index.html", [folder], "Title", "One.\n\nTwo.")
    text = (tmp_path / "index.html").read_text()
    well_formed(text)
    assert 'href="runs/a/report.html"' in text and text.count("data:image/png") == 1
    assert "<p>One.</p><p>Two.</p>" in text and "mean training target" in text


def test_settings_of_one_call_are_no_difference(settings):
    first = dataclasses.asdict(settings())
    second = {**first, "overwrite": True, "output_dir": "x", "lr": 1.0}
    assert several.differing({"a": first, "b": second}) == {"lr": ["", 1.0]}
