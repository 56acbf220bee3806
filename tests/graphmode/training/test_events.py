"""What TensorBoard gets: read as TensorBoard reads it."""

import io

import numpy as np
from descent import descent
from PIL import Image
from tensorboard.backend.event_processing import event_accumulator
from tensorboard.plugins.hparams import metadata

from graphmode import files, training


def test_tensorboard_has_images_settings_and_hparams(settings):
    config = settings(display_freq=5, seed=7)
    training.fit(descent(10), config)
    events = event_accumulator.EventAccumulator(config.output_dir).Reload()
    assert events.Tags()["images"] == ["image"] and events.Tags()["scalars"] == ["loss"]
    shown = events.Images("image")
    assert [event.step for event in shown] == [0, 5, 10]
    last = files.path(config.output_dir, "samples", "image-00000010.png").read_bytes()
    pixels = [
        np.asarray(Image.open(io.BytesIO(one))) for one in (shown[-1].encoded_image_string, last)
    ]
    assert (pixels[0] == pixels[1]).all()
    [hparams] = events.PluginTagToContent(metadata.PLUGIN_NAME).values()
    values = metadata.parse_session_start_info_plugin_data(hparams).hparams
    assert values["seed"].number_value == 7 and "output_dir" not in values
    [text] = events.Tensors("settings")
    assert b"| **seed** | 7 | 0 |" in text.tensor_proto.string_val[0]
