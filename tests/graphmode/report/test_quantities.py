"""Metrics as tables."""

from graphmode.report import quantities


def values(table):
    return {row.name: [(cell.value, cell.best) for cell in row.cells] for row in table.rows}


def test_a_row_for_each_quantity_and_a_column_for_each_method():
    first, second = quantities.tables(
        {
            "hole L1, completion": 0.139,
            "hole L1, Telea": 0.083,
            "hole PSNR, completion": 18.0,
            "hole PSNR, Telea": 17.6,
            "Frechet distance of hole patches, completion": 0.8,
            "Frechet distance of hole patches, other real images": 0.1,
            "test images": 1184,
            "folder": "drawn faces",
        }
    )
    assert first.columns == ["completion", "Telea", "other real images"]
    assert values(first) == {
        "hole L1": [("0.139", False), ("0.083", True), ("", False)],
        "hole PSNR": [("18", True), ("17.6", False), ("", False)],
        # Real images are there to compare with: nothing is the best of one method.
        "Frechet distance of hole patches": [("0.8", False), ("", False), ("0.1", False)],
    }
    assert [row.better for row in first.rows] == ["lower", "higher", "lower"]
    assert first.rows[0].cells[1].name == "hole L1, Telea"
    assert values(second) == {"test images": [("1,184", False)], "folder": [("drawn faces", False)]}


def test_the_method_may_come_first():
    [first, second] = quantities.tables(
        {"samples": 10000, "samples: digits covered": 8, "real test digits: digits covered": 10}
    )
    assert first.columns == ["samples", "real test digits"]
    assert [cell.value for cell in first.rows[0].cells] == ["8", "10"]
    assert [row.name for row in second.rows] == ["samples"]


def test_which_direction_is_better():
    better = quantities.better
    assert better("test ELBO (nats per image)") == better("SSIM") == "higher"
    assert better("importance-sampled NLL (nats per image)") == better("CIE76") == "lower"
    assert better("hole L1, completion, below the best of the others (%)") == "higher"
    assert better("sharpness") == better("rank correlation of generator_loss and x") == ""


def test_several_runs_are_columns_and_only_their_own_method_can_win():
    runs = {
        "a": {"L1, output": 0.2, "L1, mean training target": 0.3, "images": 50},
        "b": {"L1, output": 0.1, "L1, mean training target": 0.2},
    }
    table = quantities.of_runs(runs)
    assert values(table) == {
        "L1, output": [("0.2", False), ("0.1", True)],
        "images": [("50", False), ("", False)],
        "L1, mean training target": [("0.3", False), ("0.2", False)],
    }
