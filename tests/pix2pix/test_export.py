"""An exported network, loaded by plain TensorFlow 2."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from data.drawn import facades
from graphmode.errors import InputError
from pix2pix import palette

PLAIN = """
import sys, numpy, tensorflow as tf
assert tf.executing_eagerly()
model = tf.saved_model.load(sys.argv[1])
content = open(sys.argv[2], "rb").read()
png = model.signatures["translate_file"](tf.constant(content))["png"].numpy()
open(sys.argv[3], "wb").write(png)
image = tf.cast(tf.io.decode_png(content, 3), tf.float32)[None] / 255
batch = tf.concat([image, image * 0], 0)
numpy.save(sys.argv[4], model.signatures["translate"](batch)["translations"].numpy())
"""


@pytest.mark.slow
def test_plain_tensorflow_translates_as_test_does(exported, tmp_path):
    inputs, outputs = (exported / "images" / f"9-{kind}.png" for kind in ("inputs", "outputs"))
    made_png, made_npy = tmp_path / "made.png", tmp_path / "made.npy"
    subprocess.run(
        [sys.executable, "-c", PLAIN, exported / "saved_model", inputs, made_png, made_npy],
        check=True,
        cwd=str(tmp_path),
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
    )
    wanted, made = np.asarray(Image.open(outputs), float), np.asarray(Image.open(made_png), float)
    numbers = np.load(made_npy)
    assert numbers.shape == (2, 32, 32, 3)
    # Inputs were rounded to 8 bits in their file.
    assert np.abs(made - wanted).max() <= 6
    assert np.abs(255 * numbers[0] - made).max() <= 0.51


def test_an_existing_folder_is_not_replaced(exported, refused, tmp_path):
    flags = ["--mode", "export", "--checkpoint", exported, "--output", tmp_path / "another"]
    (tmp_path / "another").mkdir()
    assert "another already exists" in refused(*flags)


def test_an_export_has_it_and_others_are_facades(exported, tmp_path):
    made = palette.read(exported / "saved_model")
    assert made.name == "pix2pix" and dict(made.colors)["facade"] == facades.LABELS["facade"]
    assert palette.read(tmp_path) == palette.FACADES
    content = json.loads((exported / "saved_model" / palette.FILE).read_text())
    content["colors"][0][1] = [0, 0, 256]
    (tmp_path / palette.FILE).write_text(json.dumps(content))
    with pytest.raises(InputError, match="drawing.json cannot be read"):
        palette.read(tmp_path)
