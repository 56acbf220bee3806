"""Faces from a folder, and drawn ones."""

import numpy as np
from PIL import Image

from data import faces


def grays(batch):
    """The numbers of the images in a batch; image n has the gray value 10 * n everywhere."""
    assert (batch == batch[:, :1, :1, :1]).all()
    return np.rint(batch[:, 0, 0, 0] * 25.5).astype(int).tolist()


def test_faces_come_from_a_folder(tmp_path, capsys):
    for number in range(26):
        Image.new("L", (40, 30), number * 10).save(tmp_path / f"{number}.png")
    (tmp_path / "bad.png").touch()
    loaded = faces.load(str(tmp_path), 16, batch_size=4, seed=0)
    assert "bad.png: an empty file" in capsys.readouterr().err
    assert loaded.skipped[0] == "skipped 1 of 27 images"
    test = set(grays(loaded.test / np.float32(255)))
    batches = [loaded.batch(number) for number in range(loaded.train // 4 * 5)]
    train = {gray for batch in batches for gray in grays(batch)}
    assert test and loaded.test.dtype == np.uint8 and loaded.train == len(train)
    assert not test & train and test | train == set(range(26))


def test_faces_are_drawn_if_there_is_no_folder(monkeypatch):
    monkeypatch.setattr(faces, "TRAIN_COUNT", 60)
    monkeypatch.setattr(faces, "TEST_COUNT", 20)
    loaded = faces.load("", 16, batch_size=60, seed=0)
    train = np.rint(loaded.batch(0) * 255).astype(np.uint8)
    assert loaded.train == 60 and train.shape == (60, 16, 16, 3)
    assert loaded.test.shape == (20, 16, 16, 3)
    assert len({image.tobytes() for image in [*train, *loaded.test]}) == 80
