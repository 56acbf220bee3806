"""scalars.csv: what is damaged is said, with the file, the line and the cure."""

import pytest

from graphmode.errors import InputError
from graphmode.training import scalar_log

GOOD = "step,phase,loss,accuracy\n1,train,0.5,\n2,train,0.25,1\n"


def read(folder, content):
    (folder / "scalars.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    return scalar_log.read(folder)


def test_rows_are_read_and_a_last_one_that_was_cut_off_is_left_out(tmp_path):
    assert scalar_log.read(tmp_path) == []
    rows = read(tmp_path, GOOD)
    assert [row["loss"] for row in rows] == ["0.5", "0.25"] and rows[0]["accuracy"] == ""
    assert read(tmp_path, GOOD + "3,train,0.1") == rows
    assert read(tmp_path, "step,phase,loss\n") == []


@pytest.mark.parametrize(
    "content, words",
    [
        ("", "has no line with the names of its columns"),
        ("step,pha", "has no line with the names of its columns"),
        (GOOD[25:], "has no line with the names"),
        (GOOD + "x,train,1,1\n", "line 4: 'x,train,1,1' is no row"),
        (GOOD + "-3,train,1,1\n", "line 4"),
        (GOOD + "3,train,1\n", "line 4"),
        (GOOD + "3,train,1,1,1\n", "line 4"),
        (GOOD + "3,train,one,1\n", "line 4"),
        (GOOD + "3,train,nan,1\n", "line 4"),
        (GOOD.replace("0.5", "0\x00.5"), ""),
        (GOOD.replace("0.5", '"0.5'), ""),
        (GOOD.encode() + b"\xff\xfe\n", "is damaged"),
        (b"\0" * 100 + b"\n", ""),
    ],
)
def test_a_damaged_file_is_one_line_with_the_cure(content, words, tmp_path):
    with pytest.raises(InputError) as error:
        read(tmp_path, content)
    text = str(error.value)
    assert f"{tmp_path}/scalars.csv" in text and words in text
    assert "correct or delete the file" in text
