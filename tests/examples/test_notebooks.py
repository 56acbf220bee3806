"""The notebooks run, with a few steps; their outputs are not committed."""

import asyncio
import json
import pathlib
import re

import nbclient
import nbformat
import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "examples" / "notebooks"
NOTEBOOKS = sorted(path.name for path in FOLDER.glob("*.ipynb"))


def read(name):
    return nbformat.read(FOLDER / name, as_version=4)


def run(notebook, folder):
    """Runs the cells with a kernel whose folder is `folder`. Returns the notebook."""
    client = nbclient.NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(folder)}}
    )
    asyncio.run(client.async_execute())
    return notebook


def text(cell):
    """What a cell printed, and its results as text."""
    parts = []
    for output in cell.outputs:
        parts.append(output.get("text") or output.get("data", {}).get("text/plain", ""))
    return "".join(parts)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_is_committed_without_outputs(name):
    cells = json.loads((FOLDER / name).read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code and all(cell["outputs"] == [] for cell in code)
    assert all(cell["execution_count"] is None for cell in code)


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs(name, tmp_path):
    notebook = read(name)
    for cell in notebook.cells:
        cell.source = cell.source.replace("steps = 2000", "steps = 500")
        for number in ("300", "400"):
            cell.source = cell.source.replace(f"steps = {number}", "steps = 4")
    cells = [cell for cell in run(notebook, tmp_path).cells if cell.cell_type == "code"]
    shown = "".join(map(text, cells))
    if name == "batch_norm.ipynb":
        assert float(re.search(r"largest difference: (\S+)", shown)[1]) < 1e-5
        assert shown.count("[[0. 0. 0. 0.]]") == 2
    elif name == "complete_a_photograph.ipynb":
        assert "pixels outside the hole are unchanged: True" in shown
    elif name == "old_notebook.ipynb":
        assert float(text(cells[-1]).split("accuracy:")[1].split()[0]) > 0.9
    else:
        assert shown.count("report.html") >= 7


@pytest.mark.slow
def test_a_cell_that_runs_twice_says_what_to_do(tmp_path):
    cell = "from graphmode import tf\ntf.get_variable('v', [1])"
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in (cell, cell)]
    )
    with pytest.raises(nbclient.exceptions.CellExecutionError) as error:
        run(notebook, tmp_path)
    assert "Variable v already exists. This cell has run before" in str(error.value)
    assert "tf.reset_default_graph()" in str(error.value)
