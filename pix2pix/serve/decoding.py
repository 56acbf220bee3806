"""Decodes uploads in processes of their own, which end if an upload takes too long.

Whoever may send an upload can make it expensive: a JPEG of 76 kB can have 300 scans, and each is
decoded over the whole image. So an upload gets a little time first. One that needs more is decoded
by a second process, at a low priority and after the ones before it: small images do not wait for
large ones.
"""

import collections
import contextlib
import ctypes
import math
import multiprocessing
import os
import resource
import signal
import threading

import numpy as np
from PIL import Image

from data import folders
from graphmode.errors import InputError

MAX_PIXELS = 4096 * 4096
MAX_SIDE = 1024  # larger images are reduced before the network sees them
MAX_SCANS = 64  # of a JPEG file; usual progressive files have about ten
SCANS = 8  # they take as long as the rest of the decoding and the encoding
SMALL = 1 << 17  # pixels of an image that does not wait for large ones
SECONDS = (0.05, 4.0)  # of the CPU, for a small and for any image
WALL = 60.0  # seconds after which a process is ended that waits for something
MEMORY = 3 << 30  # bytes of address space of a process
WAITING = 50  # threads that wait for a large image; the next one is refused

# All readers are loaded here, once: decoders are forked from a process that imports this module.
Image.init()


class Busy(Exception):
    """Too many large images are waiting."""


class Exceeded(Exception):
    """An upload needs more pixels or more time than a decoder gives."""


class Turn:
    """Lets some threads in at a time. The others wait, and come in the order of their arrival.

    Python's locks have no order: under load, some threads would wait ten times longer than others.
    """

    def __init__(self, inside, waiting):
        """Args: the number of threads inside, and of those that wait; the next one gets Busy."""
        self.free = inside
        self._most = waiting
        self._queue = collections.deque()
        self._lock = threading.Lock()

    def __enter__(self):
        mine = threading.Lock()
        with self._lock:
            if self.free:
                self.free -= 1
                return
            if len(self._queue) == self._most:
                raise Busy
            mine.acquire()
            self._queue.append(mine)
        mine.acquire()  # until one leaves and hands its place over

    def __exit__(self, *error):
        with self._lock:
            if self._queue:
                self._queue.popleft().release()
            else:
                self.free += 1

    @contextlib.contextmanager
    def left(self):
        """Others come in while this lasts. Then the thread waits for its turn again."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()


class Decoders:
    """Two decoders: one for small images, one for those that turn out to need more."""

    def __init__(self):
        self._small = _Decoder(SMALL, SECONDS[0], math.inf)
        self._any = _Decoder(math.inf, SECONDS[1], WAITING, niceness=10)

    def decode(self, upload, aside=contextlib.nullcontext):
        """Decodes an upload.

        Args:
            upload: bytes of an image file.
            aside: makes the context manager in which an upload waits for large ones.

        Returns:
            uint8 [height, width, 3], RGB. If a side is longer than `MAX_SIDE`, it is reduced.

        Raises:
            InputError: it is not an image, damaged, too large, or takes too long.
            Busy: too many large images are waiting.
        """
        if not upload:
            raise InputError("nothing was sent: send the bytes of an image")
        try:
            return self._small.decode(upload)
        except Exceeded:
            pass
        try:
            with aside():
                return self._any.decode(upload)
        except Exceeded:
            raise InputError(
                f"the upload takes more than {SECONDS[1]:g} s to decode: "
                "send a smaller image, or save it as an ordinary PNG or JPEG file"
            ) from None

    def close(self):
        self._small.close()
        self._any.close()


class _Decoder:
    """A process that decodes one upload after the other. It is started again after it has ended."""

    def __init__(self, max_pixels, seconds, waiting, niceness=0):
        self._arguments = max_pixels, seconds, niceness
        self._turn = Turn(1, waiting)
        self._starting = threading.Lock()
        self._closed = False
        self._start()

    def _start(self):
        # Forked from a server without TensorFlow and without threads: in 10 ms.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__])
        self._pipe, other = context.Pipe()
        arguments = (other, *self._arguments)
        self._process = context.Process(target=_work, args=arguments, daemon=True)
        self._process.start()
        other.close()

    def decode(self, upload):
        """As `Decoders.decode`. Raises Exceeded, too."""
        with self._turn:
            with self._starting:
                if self._closed:
                    raise Busy
                if not self._process.is_alive():
                    self._start()
            try:
                self._pipe.send_bytes(upload)
                answer = self._pipe.recv() if self._pipe.poll(WALL) else None
                ended = answer is None
            except (EOFError, OSError):
                ended = True
            if ended:
                raise self._failure()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _failure(self):
        """What is to be raised after the process ended, or was too slow."""
        self._process.kill()
        self._process.join()
        if self._process.exitcode in (-signal.SIGPROF, -signal.SIGKILL):
            return Exceeded()
        return InputError(f"the upload is damaged (its decoder ended: {self._process.exitcode})")

    def close(self):
        with self._starting:  # a process that is being started would print a traceback
            self._closed = True
            self._process.kill()
            self._process.join()


def _work(pipe, max_pixels, seconds, niceness):
    """Answers each upload with its image or with an exception, until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this
    allowed = resource.getrlimit(resource.RLIMIT_AS)[1]
    memory = MEMORY if allowed == resource.RLIM_INFINITY else min(MEMORY, allowed)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    os.nice(niceness)
    return_memory()
    with contextlib.suppress(EOFError):
        while True:
            upload = pipe.recv_bytes()
            # Linux ends the process after this time, whatever C code it is in.
            signal.setitimer(signal.ITIMER_PROF, seconds)
            try:
                answer = _decoded(upload, max_pixels)
            except (InputError, Exceeded) as error:
                answer = error
            signal.setitimer(signal.ITIMER_PROF, 0)
            pipe.send(answer)


def _decoded(upload, max_pixels):
    scans = upload.count(b"\xff\xda") if upload.startswith(b"\xff\xd8") else 0
    if scans > MAX_SCANS:
        raise InputError(
            f"the upload has {scans} scans, at most {MAX_SCANS} are decoded: "
            "save it as an ordinary JPEG file"
        )
    with folders.opened("the upload", upload, MAX_PIXELS) as opened:
        large = opened.width * opened.height * max(1.0, scans / SCANS) > max_pixels
        image = None if large else folders.rgb(folders.upright(opened))
    if image is None:
        raise Exceeded
    factor = -(-max(image.shape) // MAX_SIDE)
    return np.asarray(Image.fromarray(image).reduce(factor)) if factor > 1 else image


def return_memory():
    """Tells glibc, if it is there, to return large blocks to the system when they are freed.

    The opposite is right for training, and `sessions.session` asks for it: call this afterwards.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(-4, 1 << 16)  # M_MMAP_MAX: so many large blocks do not come from the heap
        mallopt(-3, 1 << 20)  # M_MMAP_THRESHOLD: they are large from here, in bytes
        mallopt(-1, 1 << 20)  # M_TRIM_THRESHOLD: the heap keeps so much
        mallopt(-8, 2)  # M_ARENA_MAX: not a heap for each of the threads
