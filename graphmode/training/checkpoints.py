"""Writing checkpoints: each is whole, or absent, and no path is taken for a pattern.

tf.train.Saver looks for old checkpoints with patterns. In `runs/a[1]` it would delete those of
`runs/a1`. Here its ops write, and everything else is done by exact names.
"""

import os
import pathlib
import shutil

from graphmode import errors, files, repairs, tf
from graphmode.training import run_folder


def save(session, saver, folder: pathlib.Path, step: int, keep: int) -> None:
    """Writes model.ckpt-STEP, then deletes all but the newest `keep` checkpoints.

    Args:
        saver: a tf.train.Saver of the session's graph.
        folder: the folder of the run, with its lock held.

    Raises:
        OSError: it cannot be written. The older checkpoints are still there.
    """
    temporary = folder / f"{files.UNFINISHED}checkpoint"
    shutil.rmtree(str(temporary), ignore_errors=True)
    temporary.mkdir()
    names, target = saver.as_saver_def(), folder / f"model.ckpt-{step}"
    try:
        written = str(temporary / target.name)
        with repairs.hold_noise():
            session.run(names.save_tensor_name, {names.filename_tensor_name: written})
        delete(target)  # one that a run left which was stopped, or is damaged
        # The index last: only a checkpoint with an index counts.
        for file in sorted(temporary.iterdir(), key=lambda file: file.suffix == ".index"):
            _sync(file)
            os.replace(str(file), str(folder / file.name))
        _sync(folder)
    except tf.errors.OpError as error:
        raise errors.of_tensorflow(error, folder) from error
    finally:
        shutil.rmtree(str(temporary), ignore_errors=True)
    for _, old in run_folder.checkpoints(folder)[:-keep]:
        delete(old)
    _write_state(folder)


def delete(checkpoint: pathlib.Path) -> None:
    """Deletes the files of a checkpoint. The index goes first, so that it never seems whole."""
    ours = [f for f in checkpoint.parent.iterdir() if f.name.startswith(checkpoint.name + ".")]
    for file in sorted(ours, key=lambda file: file.suffix != ".index"):
        file.unlink()


def _write_state(folder):
    """The file `checkpoint`, which tf.train.latest_checkpoint reads."""
    paths = [path.name for _, path in run_folder.checkpoints(folder)]
    state = tf.train.generate_checkpoint_state_proto(".", paths[-1], paths)
    files.write_whole(folder / "checkpoint", str(state))


def _sync(path):
    """Waits until a file or the names in a folder are on the disk."""
    handle = os.open(str(path), os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
