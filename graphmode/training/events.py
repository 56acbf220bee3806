"""TensorBoard's events of a run: graph, scalars, image grids, settings as text and hparams."""

import dataclasses
import sys

from graphmode import errors, tf
from graphmode.report import images, origin


class Events:
    """Writes events.* into the folder of a run.

    Args:
        folder: of the run.
        config: a `config.Run`.
        graph: a graph that the file gets, too, or None.
    """

    def __init__(self, folder, config, graph=None):
        self._writer = tf.summary.FileWriter(str(folder), graph)
        if graph is not None:  # a resumed run has its settings already
            self._add(_hparams(config), 0)
            self._add(_text(config), 0)

    def _add(self, summary, step):
        content = summary if isinstance(summary, bytes) else summary.SerializeToString()
        self._writer.add_summary(content, step)

    def scalars(self, means, summaries, step: int) -> None:
        """Writes a row of scalars (name -> number), and the graph's own summaries (bytes)."""
        values = [tf.Summary.Value(tag=name, simple_value=value) for name, value in means.items()]
        for summary in [tf.Summary(value=values), *summaries]:
            self._add(summary, step)

    def image(self, name: str, grid, step: int) -> None:
        """Writes an image: uint8 [height, width(, 3)]."""
        made = tf.Summary.Image(
            height=grid.shape[0],
            width=grid.shape[1],
            colorspace=3 if grid.ndim == 3 else 1,
            encoded_image_string=images.png(grid),
        )
        self._add(tf.Summary(value=[tf.Summary.Value(tag=name, image=made)]), step)

    def close(self) -> None:
        """Closes the file. What cannot be written is said, and is no error: the run is good."""
        try:
            self._writer.close()
        except tf.errors.OpError as error:
            sys.stderr.write(f"events.* are not complete: {errors.cause(error.message)}\n")


def _hparams(config):
    """The settings for TensorBoard's tab HPARAMS, which compares runs by them."""
    from tensorboard.plugins.hparams import summary_v2  # here: it takes a moment

    values = dataclasses.asdict(config)
    own = {name: value for name, value in values.items() if name not in origin.OF_ONE_CALL}
    return summary_v2.hparams_pb(own)


def _text(config):
    """What differs from the default, and all settings, as tables in Markdown for the tab TEXT."""
    from tensorboard.plugins.text import summary_v2

    changed, flags = origin.changes(config)
    lines = [
        f"`{' '.join(['./run.sh', config.PROGRAM, *flags])}`",
        "",
        "| setting | value | default |",
    ]
    lines += ["| --- | --- | --- |"]
    lines += [f"| **{name}** | {value} | {default} |" for name, (value, default) in changed.items()]
    lines += [
        f"| {name} | {value} | |"
        for name, value in dataclasses.asdict(config).items()
        if name not in changed
    ]
    return summary_v2.text_pb("settings", "\n".join(lines))
