"""One worker of several: its server, the chief's settings and weights, and what all agree on."""

import contextlib
import dataclasses
import json
import os
import signal
import sys
import time
import zlib
from typing import Any, Dict, Optional

import numpy as np

from graphmode import files, tf
from graphmode.cluster import batch_norms
from graphmode.cluster import gradients as exchanges
from graphmode.cluster.addresses import Place
from graphmode.cluster.alone import Alone
from graphmode.cluster.exchange import Exchange
from graphmode.cluster.peers import PAUSE, Peers, Watch
from graphmode.errors import InputError, Stopped
from graphmode.training import run_folder

SETTINGS = 2**16  # bytes of the chief's settings, at most
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# What an exchange fails with if another worker is gone, and if this one has cut the connection.
LOST = ("UnavailableError", "CancelledError", "AbortedError", "InternalError")


class Crew(Alone):
    """This process as one of several workers.

    Args:
        place: the addresses and the number of this worker.
        config: the settings that this process was given.
        folder: a folder of this worker that is deleted later; "" for the chief.

    Raises:
        InputError: this worker cannot listen, or another one does not answer.
    """

    def __init__(self, place: Place, config, folder: str = ""):
        self.rank, self.count = place.rank, len(place.addresses)
        self._addresses, self._folder = place.addresses, folder
        self._heard: Optional[int] = None
        self._session: Any = None
        begun = time.monotonic()
        self._server: Any = None
        self._peers = Peers(place, config.patience)
        if self.count > 1:
            self._open(place)
            self._peers.wait()
        self._agree_on(config)
        self._waited = time.monotonic() - begun

    def _open(self, place):
        """Opens the server, and says who can reach it."""
        address = place.addresses[self.rank]
        port = address.rsplit(":", 1)[1]
        private = os.environ.get("GRAPHMODE_WORKERS") == "private"
        try:
            self._server = tf.train.Server(
                {"worker": place.addresses}, "worker", self.rank, config=self._options()
            )
        except (tf.errors.OpError, ValueError) as error:
            raise InputError(
                f"worker {self.rank} cannot listen on {address}: {str(error)[:200]}"
            ) from error
        reach = "the workers alone: no network can reach it"
        if not private:
            reach = f"all networks of this machine ({address}): use it in trusted networks only"
        sys.stderr.write(f"worker {self.rank} of {self.count}: port {port} is open to {reach}\n")

    def _options(self, options=None):
        """The tf.ConfigProto of the server, or of a session on it.

        The server makes the devices: a session's words about GPUs and threads come too late.
        """
        options = options or tf.ConfigProto(allow_soft_placement=True)
        options.gpu_options.allow_growth = True
        options.experimental.collective_group_leader = "/job:worker/replica:0/task:0"
        options.device_filters[:] = [f"/job:worker/task:{self.rank}"]
        return options

    # Settings

    def _agree_on(self, config):
        """Tells all workers the chief's settings, and whether every worker has a GPU."""
        gpus = bool(tf.config.list_physical_devices("GPU"))
        mine = {"program": config.PROGRAM, "config": dataclasses.asdict(config), "gpu": gpus}
        told = self._told(mine)
        chief = told[0]
        if {each["program"] for each in told} != {config.PROGRAM}:
            programs = ", ".join(f"{rank} {each['program']}" for rank, each in enumerate(told))
            raise InputError(f"the workers run different programs: {programs}")
        self._chosen = {name: chief["config"][name] for name in type(config).names()}
        hint = "nccl" if all(each["gpu"] for each in told) else "ring"
        self.accumulate = self._chosen["accumulate"]
        self._sync = self._chosen["sync_batch_norm"]
        self._exchange = Exchange(self.count, self.rank, hint, self._chosen["exchange"])
        self.batch = self._part_of(self._chosen["batch_size"])

    def _told(self, mine) -> list:
        """What each worker tells the others: dictionaries, in the order of the workers."""
        if self.count == 1:
            return [mine]
        raw = np.zeros([self.count, SETTINGS // 4], np.int32)
        raw[self.rank] = np.frombuffer(json.dumps(mine).encode().ljust(SETTINGS, b"\0"), np.int32)
        with tf.Graph().as_default(), self._connected(tf.ConfigProto()) as session:
            given = tf.placeholder(tf.int32, raw.shape)
            total = Exchange(self.count, self.rank).summed(given)
            rows = self._exchanged(session, total, {given: raw})
        return [json.loads(row.tobytes().rstrip(b"\0")) for row in rows]

    def _part_of(self, batch_size):
        if batch_size % self.parts:
            each = f" and {self.accumulate} runs" if self.accumulate > 1 else ""
            raise InputError(
                f"--batch_size {batch_size} is no multiple of {self.parts}: "
                f"{self.count} workers{each} cannot share it"
            )
        return batch_size // self.parts

    def own(self, config):
        """The settings of this worker: the chief's, with its own part of a batch."""
        values: Dict[str, Any] = dict(self._chosen)
        if not self.chief:
            # Its data may be elsewhere.
            given = {name: getattr(config, name) for name in type(config).names(path=True)}
            values.update({name: value for name, value in given.items() if value})
            values.update(output_dir=self._folder, resume=False, overwrite=True, checkpoint="")
        own = type(config)(**values)
        # Not validated: two workers may have a batch of one each where a process alone may not.
        object.__setattr__(own, "batch_size", self.batch)
        return own

    def whole(self, config):
        return config.replace(batch_size=config.batch_size * self.parts)

    # The graph

    @contextlib.contextmanager
    def building(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(exchanges.exchanged(self._exchange, self.accumulate))
            if self._sync and self.count > 1:
                stack.enter_context(batch_norms.synchronized(self._exchange))
            yield

    def averaged(self, gradients):
        if self.accumulate > 1:
            return gradients
        return exchanges.averaged(
            self._exchange, [pair for pair in gradients if pair[0] is not None]
        )

    def prepared(self, model, config):
        return exchanges.repeated(model, self.accumulate) if self.accumulate > 1 else model

    def _exchanged(self, session, fetches, fed):
        """session.run before the first step. Raises Stopped, naming a worker that is gone."""
        try:
            return session.run(fetches, fed)
        except tf.errors.OpError as error:
            if type(error).__name__ not in LOST:
                raise
            message = f"{self._peers.missing(error.message)}, before the first step"
            raise Stopped(1, message) from error

    def _connected(self, options):
        return tf.Session(self._server.target, config=self._options(options))

    @contextlib.contextmanager
    def session(self, open_session, precision):
        if self.count == 1:
            with open_session(precision) as session:
                yield session
            return
        with open_session(precision, self._connected) as self._session:
            with Watch(self._peers, self._session.close) as self._watch:
                yield self._session

    def begin(self, session, model, first, images):
        if self.count == 1:
            return first, images
        everything = tf.global_variables()
        state = np.array([first, images, _fingerprint(model)], np.int64)
        fed = tf.placeholder(tf.int64, [3])
        rows = self._exchange.gathered(fed)
        chosen = self._of_chief(everything)
        copied = [tf.assign(v, value) for v, value in zip(everything, chosen)]
        rows, _ = self._exchanged(session, [rows, copied], {fed: state})
        odd = [rank for rank, row in enumerate(rows) if row[2] != rows[0][2]]
        if odd:
            raise InputError(
                f"worker {odd[0]} at {self._addresses[odd[0]]} trains another model or for other "
                "steps than the chief: do all have the same data, flags and version?"
            )
        self._build_agreement(model)
        return int(rows[0][0]), int(rows[0][1]) // self.count

    def _of_chief(self, variables):
        """The chief's values: one exchange for each type."""
        values: Dict[Any, Any] = {}
        for kind in sorted({v.dtype.base_dtype for v in variables}, key=str):
            those = [v for v in variables if v.dtype.base_dtype == kind]
            flat = tf.concat([tf.reshape(v, [-1]) for v in those], 0)
            parts = tf.split(self._exchange.of_chief(flat), [v.shape.num_elements() for v in those])
            for v, part in zip(those, parts):
                values[v.op.name] = tf.reshape(part, v.shape)
        return [values[v.op.name] for v in variables]

    def _build_agreement(self, model):
        """One vector for each step: scalars, signals, and the state that no optimizer moves."""
        self._names = list(model.scalars)
        self._fed = tf.placeholder(tf.float32, [len(self._names) + len(ENDING)])
        self._row = tf.placeholder(tf.float32, [2])
        self._rows = self._exchange.gathered(self._row)
        state = _state()
        means = self._exchange.means([self._fed, *map(tf.convert_to_tensor, state)])
        with tf.control_dependencies([tf.assign(v, m) for v, m in zip(state, means[1:])]):
            self._means = tf.identity(means[0])

    # Each step

    def agreed(self, session, values, signals):
        if self.count == 1:
            return values
        received = [float(signals.received == number) for number in ENDING]
        vector = [values.get(name, 0.0) for name in self._names] + received
        means = session.run(self._means, {self._fed: vector})
        heard = [n for n, mean in zip(ENDING, means[len(self._names) :]) if mean > 0]
        if heard:
            self._heard = signals.received = heard[0]
        found = dict(zip(self._names, map(float, means)))
        return {name: found[name] for name in values}

    def heard(self, signals):
        return signals.received if self.count == 1 else self._heard

    # The end

    def began(self, folder):
        # The launcher writes the other workers' output there (graphmode.runner.workers).
        told = os.environ.get("GRAPHMODE_WORKERS_FOLDER")
        if told and self.chief:
            files.write_whole(told, str(folder.resolve()))

    def failed(self, error, run):
        if self.count == 1 or type(error).__name__ not in LOST:
            return
        message = self._peers.missing(error.message)
        if not self.chief:
            time.sleep(2 * PAUSE)  # the chief shall name the first that is gone, not this one
            raise Stopped(1, message) from error
        # The watch may have closed the session. The variables are the server's.
        with self._connected(tf.ConfigProto(allow_soft_placement=True)) as session:
            step = run.save_again(session)
        run_folder.warn(run.folder, f"step {step}: {message}", aloud=False)
        message += f"; saved step {step}; to continue: --resume --output_dir {run.folder}"
        raise Stopped(1, message) from error

    def ended(self, run):
        """Notes for the report how long the workers waited, and waits until all have come here."""
        if self.count == 1:
            return
        exchanging = sum(self._session.run(tf.get_collection(exchanges.SECONDS)))
        with contextlib.suppress(tf.errors.OpError):  # training is complete
            rows = self._session.run(self._rows, {self._row: [exchanging, self._waited]})
            self._watch.stop()
            if self.chief:
                run_folder.warn(run.folder, self._times(rows), aloud=False)
            # Whoever is the first to end must not take the last exchange from the others.
            self._session.run(self._rows, {self._row: [0.0, 0.0]})

    def _times(self, rows):
        """A line: the workers, and how long each waited."""
        quickest = min(exchanging for exchanging, _ in rows)
        each = [
            f"worker {rank} at {address} waited {start:.1f} s for the start and "
            f"{exchanging - quickest:.1f} s in the steps"
            for rank, (address, (exchanging, start)) in enumerate(zip(self._addresses, rows))
        ]
        return f"{self.count} workers, {quickest:.1f} s of exchanges: {'; '.join(each)}"


def _state():
    """Variables that each worker moves by itself: moving averages, BEGAN's k. No optimizer's."""
    names = {v.op.name for v in tf.trainable_variables()}

    def of_optimizer(v):
        name = v.op.name
        return name.endswith("_power") or any(name.startswith(f"{one}/") for one in names)

    return [
        v
        for v in tf.global_variables()
        if v.dtype.base_dtype == tf.float32 and v.op.name not in names and not of_optimizer(v)
    ]


def _fingerprint(model):
    """A number that is the same for workers with the same model, steps and scalars."""
    shapes = [(v.op.name, v.shape.as_list()) for v in tf.global_variables()]
    return zlib.crc32(json.dumps([model.steps, list(model.scalars), shapes]).encode())
