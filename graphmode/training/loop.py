"""The one training loop, `fit`. It knows the contract and nothing about any model."""

import errno
import math
import signal
import sys

import numpy as np

from graphmode import batch_norms, cluster, errors, noise, sessions, tf, variables
from graphmode.report import images, origin, page
from graphmode.training import checkpoints, queues, run_folder
from graphmode.training.contract import Model
from graphmode.training.events import Events
from graphmode.training.progress import Progress, Signals
from graphmode.training.scalar_log import ScalarLog
from graphmode.training.steps import Steps


def steps_for(config, examples: int) -> int:
    """The number of steps: --max_steps, or --max_epochs over so many examples."""
    batch_size = config.batch_size * cluster.here().parts
    return config.max_steps or config.max_epochs * max(1, examples // batch_size)


def cosine(rate: float, steps: int):
    """A learning rate that falls from `rate` to 0 over `steps` along half a cosine: a scalar."""
    return tf.train.cosine_decay(rate, tf.train.get_or_create_global_step(), steps)


def fit(model: Model, config) -> None:
    """Trains a model, which was built in the default graph, and writes a run folder.

    Args:
        config: a `config.Run`. With `checkpoint` training starts from those weights.

    Raises:
        InputError: the folder cannot be written, a checkpoint does not fit, or the CPU does not
            support the precision.
        FloatingPointError: a scalar or a weight is not finite. The message names it; the last
            checkpoint is good.
        errors.Stopped: SIGINT (status 0), SIGTERM (143) or SIGHUP (129) was received. The current
            step was finished, a checkpoint and the report were written. A second Ctrl-C stops at
            once.
    """
    crew = cluster.here()
    model = crew.prepared(model, config)
    steps, weights, last = Steps(model), _Weights(config), model.steps
    with Signals() as signals, crew.session(sessions.session, config.precision) as session:
        weights.load(session)
        weights.first, weights.images = crew.begin(session, model, weights.first, weights.images)
        if config.resume and not 0 < weights.first < last:
            sys.stderr.write(
                f"The run has already finished (step {weights.first} of {last}). "
                "To train longer, set a larger --max_steps or --max_epochs.\n"
                if weights.first
                else f"There is no checkpoint in {config.output_dir} yet: starting at step 0.\n"
            )
        with run_folder.started(config) as folder, queues.running(session, weights.images):
            for note in [*model.notes, *batch_norms.notes()]:
                run_folder.warn(folder, note, aloud=False)
            weights.continue_in(folder)
            crew.began(folder)
            run = _Training(model, config, session, folder, weights)
            try:
                run.train(steps, signals)
            except FloatingPointError as error:
                raise run.not_finite(error) from None
            except tf.errors.OpError as error:
                crew.failed(error, run)
                raise
            finally:
                run.close()
    if signals.received:
        interrupted = signals.received == signal.SIGINT
        raise errors.Stopped(
            0 if interrupted else 128 + signals.received,
            f"stopped at step {run.step} of {last}; "
            f"to continue: --resume --output_dir {config.output_dir}",
        )


class _Weights:
    """The weights of a run: where they come from, and their checkpoints."""

    def __init__(self, config):
        self._config = config
        self._saver = tf.train.Saver()
        self._trainable = tf.trainable_variables()
        self._finite = tf.stack([tf.reduce_all(tf.is_finite(v)) for v in self._trainable])
        self.first = 0  # the step of the checkpoint that a resumed run continues from
        self.images, self.begun = 0, {}  # see `queues.taken` and `ScalarLog.begun`
        self._damaged = []

    def load(self, session):
        """Initializes all variables; then restores the run's, or those of --checkpoint."""
        session.run([tf.global_variables_initializer(), tf.local_variables_initializer()])
        if self._config.resume:
            self._resume(session)
        elif self._config.checkpoint:
            wanted = self._trainable + variables.moving_averages("")
            sessions.restore(session, self._config.checkpoint, wanted)

    def _resume(self, session):
        """Restores the newest checkpoint that is good."""
        run_folder.say_incomplete(self._config.output_dir)
        for step, checkpoint in reversed(run_folder.checkpoints(self._config.output_dir)):
            try:
                sessions.restore(session, checkpoint)
            except sessions.DamagedCheckpoint:
                self._damaged.append(checkpoint)
            else:
                self.first = step
                self._take(run_folder.kept_at(self._config.output_dir, step))
                return
        if self._damaged:
            raise errors.InputError(
                f"all checkpoints in {self._config.output_dir} are damaged: "
                "start again with --overwrite"
            )

    def _take(self, kept):
        """Takes what was stored with a checkpoint. A damaged resume.json counts as none."""
        try:
            begun = {
                name: (float(total), int(count)) for name, (total, count) in kept["begun"].items()
            }
            self.images, self.begun = max(0, int(kept["images"])), begun
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            sys.stderr.write(
                f"{self._config.output_dir}/resume.json does not have step {self.first}: the next "
                "row of scalars.csv has fewer steps, and a queue starts its order again\n"
            )

    def continue_in(self, folder):
        """Deletes the damaged checkpoints. The run will write them again."""
        for checkpoint in self._damaged:
            checkpoints.delete(checkpoint)
            message = f"{checkpoint.name} was damaged: continuing at step {self.first}"
            run_folder.warn(folder, message)

    def save(self, session, folder, step):
        """Writes a checkpoint. Raises FloatingPointError if a weight is not finite."""
        self.check(session, step)
        checkpoints.save(session, self._saver, folder, step, self._config.keep)

    def check(self, session, step):
        """Raises FloatingPointError if a weight is not finite."""
        finite = session.run(self._finite)
        broken = [v.op.name for v, good in zip(self._trainable, finite) if not good]
        if broken:
            raise FloatingPointError(f"{', '.join(broken)} is not finite at step {step}")


class _Training:
    """The loop, and all that it writes into the run's folder."""

    def __init__(self, model, config, session, folder, weights):
        self._model, self._config, self._session = model, config, session
        self.folder, self._weights, self._crew = folder, weights, cluster.here()
        self.step, self._last = weights.first, model.steps
        self._log = ScalarLog(folder, model.scalars, self.step, weights.begun)
        self._alarms = _Alarms(folder, model.alarms)
        # A resumed run's graph is already among the events.
        graph = None if self.step else session.graph
        self._events = Events(folder, config, graph)
        gpus = sum(device.device_type == "GPU" for device in session.list_devices())
        origin.begin(folder, config, self.step, self._last, gpus)
        tf.get_default_graph().finalize()
        # Programs with presets start with the text's own numbers, which are meant for a GPU.
        full = getattr(config, "preset", "small") == "full"
        shorter = "--preset small takes minutes" if full else ""
        self._progress = Progress(self.step, self._last, shorter)

    def train(self, steps, signals):
        """Runs the steps that remain, until a signal is received."""
        config, crew, saved = self._config, self._crew, self.step
        if config.display_freq and not self.step:
            self._display()
        while self.step < self._last and not crew.heard(signals):
            self.step += 1
            traces = str(self.folder / f"trace-{self.step}")
            phase, values, summaries = steps.run(
                self._session,
                self.step - 1,
                self._due(config.summary_freq),
                traces if self._due(config.trace_freq) else None,
            )
            values = crew.agreed(self._session, values, signals)
            self._take(phase, values, summaries)
            if self._due(config.display_freq):
                self._display()
            if self._due(config.save_freq):
                self._save()
                saved = self.step
        if self.step != saved:
            self._save()
        crew.ended(self)

    def save_again(self, session):
        """Saves in another session, after an exchange with other workers failed: the step."""
        self._session = session
        self.step = int(session.run(tf.train.get_global_step()))
        if self.step > run_folder.last_step(self.folder):
            self._save()
        return self.step

    def _save(self):
        if not self._crew.chief:
            self._weights.check(self._session, self.step)
            return
        if not (self.folder / "config.json").exists():
            # What would be written now could not be continued.
            message = "the run's folder was deleted while it trained"
            raise FileNotFoundError(errno.ENOENT, message, str(self.folder))
        images = queues.taken(self._session) * self._crew.count
        # First: a checkpoint without it could not be continued exactly.
        state = {"begun": self._log.begun, "images": images}
        run_folder.keep(self.folder, self.step, state)
        self._weights.save(self._session, self.folder, self.step)

    def _due(self, frequency):
        return frequency and (self.step % frequency == 0 or self.step == self._last)

    def _take(self, phase, values, summaries):
        """Checks, shows and logs the scalars of a step."""
        for name, value in values.items():
            if not math.isfinite(value):
                raise FloatingPointError(f"{name} is {value} at step {self.step}")
        self._log.add(values)
        shown = values if self._due(self._config.progress_freq) else None
        self._progress.step(self.step, shown, phase, self._alarms.ringing)
        if self._due(self._config.summary_freq):
            means = self._log.row(self.step, phase)
            self._alarms.look(self.step, means)
            self._events.scalars(means, summaries, self.step)

    def _display(self):
        """Writes the model's image grids."""
        if not self._model.images:
            return
        fed = self._model.feed(0) if self._model.feed else {}
        fed = {**fed, **noise.feed(noise.SHOWN)}
        for name, batch in self._session.run(dict(self._model.images), fed).items():
            target = self.folder / "samples" / f"{name}-{self.step:08d}.png"
            grid = images.grid(np.asarray(batch)[:100])
            images.save_png(target, grid)
            self._events.image(name, grid, self.step)

    def not_finite(self, error):
        """The error that ends the run, with the checkpoint to continue from."""
        good = run_folder.checkpoints(self.folder)
        last = f"the last good checkpoint is {good[-1][1]}" if good else "no checkpoint was saved"
        run_folder.warn(self.folder, f"{error}; {last}", aloud=False)
        return FloatingPointError(f"{error}; {last}")

    def close(self):
        """Ends the progress bar and the events, and writes the report."""
        self._progress.close()
        self._events.close()
        try:
            origin.end(self.folder)
            page.write(self.folder)
        except (OSError, errors.InputError) as error:  # it must not hide how training ended
            sys.stderr.write(f"report.html was not written: {error}\n")


class _Alarms:
    """Asks the model's alarms after each row. `ringing` holds the lines of those that ring now."""

    def __init__(self, folder, alarms):
        self._folder, self._alarms, self._rows = folder, alarms, []
        self._said, self.ringing = set(), []

    def look(self, step, means):
        self._rows.append({"step": step, **means})
        self.ringing = [line for line in (alarm(self._rows) for alarm in self._alarms) if line]
        for line in set(self.ringing) - self._said:
            run_folder.warn(self._folder, f"step {step}: {line}")
        self._said.update(self.ringing)
