"""Uploads are decoded in processes that end: by scans, pixels and seconds."""

import io
import math
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from data import folders
from graphmode.errors import InputError
from pix2pix.serve import decoding


@pytest.fixture(scope="module")
def decoders():
    made = decoding.Decoders()
    yield made
    made.close()


def encoded(image, file_format="PNG", **options):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, file_format, **options)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def noise():
    return np.random.default_rng(0).integers(0, 256, [900, 700, 3], np.uint8)


@pytest.fixture(scope="module")
def costly(noise):
    """A JPEG file with 60 scans of 0.6 megapixels."""
    whole = encoded(noise, "JPEG", progressive=True)
    last = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + last * 50 + whole[-2:]


@pytest.mark.parametrize("file_format", ["PNG", "JPEG"])
@pytest.mark.parametrize("height", [20, 900])  # of a small and of a large image
def test_an_upload_is_decoded_as_a_file_is(decoders, noise, file_format, height):
    upload = encoded(noise[:height], file_format)
    assert np.array_equal(decoders.decode(upload), folders.decode("a", upload))


def test_a_long_side_is_reduced(decoders):
    image = np.zeros([2100, 4, 3], np.uint8)
    image[:1050] = 240
    reduced = decoders.decode(encoded(image))
    assert reduced.shape == (700, 2, 3) and (reduced[:350] == 240).all()


def test_many_scans_are_refused(decoders, costly):
    last = costly[costly.rindex(b"\xff\xda") : -2]
    with pytest.raises(InputError, match="has 310 scans, at most 64"):
        decoders.decode(costly[:-2] + last * 250 + costly[-2:])


def test_a_decoder_ends_after_its_time_and_another_takes_its_place(noise, costly):
    decoder = decoding._Decoder(math.inf, 0.05, waiting=0)
    first = decoder._process.pid
    with pytest.raises(decoding.Exceeded):
        decoder.decode(costly)
    assert decoder._process.exitcode == -signal.SIGPROF
    assert np.array_equal(decoder.decode(encoded(noise[:9, :9])), noise[:9, :9])
    assert decoder._process.pid != first
    decoder.close()


def test_what_takes_too_long_is_refused_with_the_cure(costly, monkeypatch):
    monkeypatch.setattr(decoding, "SECONDS", (0.01, 0.05))
    decoders = decoding.Decoders()
    with pytest.raises(InputError, match="more than 0.05 s to decode: send a smaller image"):
        decoders.decode(costly)
    decoders.close()


def test_too_many_pixels_and_nothing_are_refused(decoders):
    with pytest.raises(InputError, match="16.8 megapixels are too many"):
        decoders.decode(encoded(np.zeros([4100, 4100], np.uint8)))
    with pytest.raises(InputError, match="nothing was sent"):
        decoders.decode(b"")


class Later(threading.Thread):
    """Decodes in a thread. `result` is the image or the error."""

    def __init__(self, decoders, upload):
        super().__init__()
        self._decoders, self._upload, self.result = decoders, upload, None
        self.start()

    def run(self):
        try:
            self.result = self._decoders.decode(self._upload)
        except InputError as error:
            self.result = str(error)


def test_small_images_do_not_wait_for_large_ones(decoders, noise):
    process = decoders._any._process
    os.kill(process.pid, signal.SIGSTOP)
    large = Later(decoders, encoded(noise))
    while decoders._any._turn.free:
        pass
    assert decoders.decode(encoded(noise[:9])).shape == (9, 700, 3)
    assert large.result is None
    os.kill(process.pid, signal.SIGCONT)
    large.join()
    assert large.result.shape == (900, 700, 3)


def test_a_decoder_that_crashes_refuses_one_upload(noise):
    decoders = decoding.Decoders()
    process = decoders._small._process
    os.kill(process.pid, signal.SIGSTOP)
    upload = Later(decoders, encoded(noise[:9]))
    while decoders._small._turn.free:
        pass
    os.kill(process.pid, signal.SIGSEGV)
    os.kill(process.pid, signal.SIGCONT)
    upload.join()
    assert upload.result == "the upload is damaged (its decoder ended: -11)"
    assert decoders.decode(encoded(noise[:9])).shape == (9, 700, 3)
    decoders.close()


def test_closed_decoders_start_no_process(noise):
    decoders = decoding.Decoders()
    decoders.close()
    with pytest.raises(decoding.Busy):
        decoders.decode(encoded(noise[:9]))


def test_turns_are_in_order_and_only_so_many_wait():
    turn, order, threads = decoding.Turn(1, waiting=9), [], []

    def visit(number):
        with turn:
            order.append(number)

    with turn:
        for number in range(9):
            threads.append(threading.Thread(target=visit, args=[number]))
            threads[-1].start()
            while len(turn._queue) <= number:
                pass
        with pytest.raises(decoding.Busy), turn:
            pass
        assert not order
    for thread in threads:
        thread.join()
    assert order == list(range(9)) and turn.free == 1


MEMORY = """
import ctypes, psutil
from pix2pix.serve import decoding
ctypes.CDLL(None).mallopt(-4, 0)  # as sessions.session does
ctypes.CDLL(None).mallopt(-1, 2**31 - 1)
decoding.return_memory()
before = psutil.Process().memory_info().rss
blocks = [bytearray(b"1" * (4 << 20)) for _ in range(40)]
del blocks[:-1]
print((psutil.Process().memory_info().rss - before) >> 20)
"""


def test_freed_memory_goes_back_to_the_system():
    """The last of 40 blocks of 4 MiB keeps the heap from shrinking at its end."""
    command = [sys.executable, "-c", MEMORY]
    assert int(subprocess.run(command, check=True, capture_output=True).stdout) < 20
