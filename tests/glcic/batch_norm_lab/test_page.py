"""What the laboratory prints and writes."""

import itertools
import json

import pytest

from glcic.batch_norm_lab import __main__ as lab
from glcic.batch_norm_lab import batch_of_one, recorded, studies
from graphmode.report import tables


def test_the_lab_leaves_tables_a_page_and_numbers(tmp_path, capsys, monkeypatch):
    plot = tables.Section("Means", "", [{"gap": 1 / 3}], lab.plot({"slim": [0.1, 0.2]}))
    first = [*itertools.islice(lab.sections(), 3), plot]
    monkeypatch.setattr(lab, "sections", lambda: first)
    lab.main(["--output_dir", str(tmp_path / "lab")])
    shown = capsys.readouterr().out
    assert "tf.layers.batch_normalization" in shown and "D/BatchNorm/beta" in shown
    assert "0.33333" in shown and shown.endswith(f"report: {tmp_path}/lab/report.html\n")
    page = (tmp_path / "lab" / "report.html").read_text()
    assert "<td>slim.batch_norm</td><td>0.999</td>" in page and page.count("data:image/png") == 1
    assert page.count(">TensorFlow 1.15.5 (recorded)</th>") == 3
    assert "module: tensorflow.contrib.layers.python.layers.layers" in page
    numbers = json.loads((tmp_path / "lab" / "lab.json").read_text())
    headings = ["The functions", "The defaults", "The variables and update ops", "Means"]
    assert list(numbers) == [*headings, recorded.COLUMN]
    assert numbers["Means"] == [{"gap": 1 / 3}]
    assert numbers["The defaults"] == first[1].rows
    assert numbers[recorded.COLUMN] == recorded.content()


def test_every_table_has_the_column_and_the_last_lists_what_differs(monkeypatch):
    def quick(study):
        return lambda: recorded.content()["studies"][study]

    for study in recorded.STUDIES:
        module = batch_of_one if study in ("batches", "cures") else studies
        monkeypatch.setattr(module, study, quick(study))
    monkeypatch.setattr(studies, "many_steps", lambda: (quick("many_steps")(), {"slim": [0.1]}))
    changed = [{**row, "decay": "0.5"} for row in recorded.content()["studies"]["defaults"][:1]]
    monkeypatch.setattr(studies, "defaults", lambda: changed)
    *sections, last = lab.sections()
    assert len(sections) == len(recorded.STUDIES)
    assert all(recorded.COLUMN in row for section in sections for row in section.rows)
    assert [row[recorded.COLUMN] for row in sections[1].rows] == ["decay: 0.999"]
    [row] = last.rows
    assert (row["study"], row["row"], row["column"]) == ("defaults", "slim.batch_norm", "decay")
    assert (row["today"], row[recorded.COLUMN], row["reason"]) == ("0.5", "0.999", "")
    assert "tensorflow 1.15.5" in last.text


def test_mistakes_are_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for flags, code in ((["--nothing"], 2), (["--output_dir", str(tmp_path / "file")], 1)):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as stopped:
            patch.setattr(lab, "sections", lambda: [])
            lab.main(flags)
        assert stopped.value.code == code
        error = capsys.readouterr().err
        assert error.startswith("glcic.batch_norm_lab: ") and error.count("\n") == 1
