"""What the laboratory prints and writes."""

import itertools
import json

import pytest

from glcic.batch_norm_lab import __main__ as lab
from graphmode.report import tables


def test_the_lab_leaves_tables_a_page_and_numbers(tmp_path, capsys, monkeypatch):
    plot = tables.Section("Means", "", [{"gap": 1 / 3}], lab.plot({"slim": [0.1, 0.2]}))
    first = [*itertools.islice(lab.library_sections(), 2), plot]
    monkeypatch.setattr(lab, "sections", lambda: first)
    lab.main(["--output_dir", str(tmp_path / "lab")])
    shown = capsys.readouterr().out
    assert "tf.layers.batch_normalization" in shown and "D/BatchNorm/beta" in shown
    assert "0.33333" in shown and shown.endswith(f"report: {tmp_path}/lab/report.html\n")
    page = (tmp_path / "lab" / "report.html").read_text()
    assert "<td>slim.batch_norm</td><td>0.999</td>" in page and page.count("data:image/png") == 1
    numbers = json.loads((tmp_path / "lab" / "lab.json").read_text())
    assert list(numbers) == ["The defaults", "The variables and update ops", "Means"]
    assert numbers["Means"] == [{"gap": 1 / 3}]
    assert numbers["The defaults"] == first[0].rows


def test_mistakes_are_one_line(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for flags, code in ((["--nothing"], 2), (["--output_dir", str(tmp_path / "file")], 1)):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as stopped:
            patch.setattr(lab, "sections", lambda: [])
            lab.main(flags)
        assert stopped.value.code == code
        error = capsys.readouterr().err
        assert error.startswith("glcic.batch_norm_lab: ") and error.count("\n") == 1
