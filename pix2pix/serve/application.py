"""The application behind the page: checks requests, translates uploads, answers."""

import base64
import hashlib
import io
import ipaddress
import math
import pathlib
import re

import numpy as np
from PIL import Image

from data import channels
from graphmode import doctor, files, sessions, tf
from graphmode.errors import InputError, shown
from graphmode.report import images, page
from pix2pix import palette
from pix2pix.serve import decoding

MAX_BYTES = 8 << 20  # of an upload
AT_ONCE = 3  # requests, each with the memory of a whole network

ERRORS = {
    404: "there is only / and /translate",
    405: "use POST to send an image to /translate",
    411: "send the length of the image first (Content-Length)",
    413: f"too large: send at most {MAX_BYTES} bytes",
    500: "the translation failed: see the terminal of the server",
    503: "too many large images are waiting: send a smaller one, or send it again later",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z._-]+)(:[0-9]*)?", re.IGNORECASE)


def load(folder):
    """Loads an exported network.

    Returns:
        A function: [height, width, 3] in [0, 1] -> its translation, gray, RGB or RGBA.

    Raises:
        InputError: the folder holds no SavedModel of pix2pix, or one of other images.
    """
    model = pathlib.Path(folder, "saved_model.pb")
    if not model.exists():
        raise InputError(
            f"--model {folder} holds no saved_model.pb: "
            "make one with ./run.sh pix2pix --mode export --checkpoint RUN"
        )
    with tf.Graph().as_default():  # a graph of its own: the default one may hold something else
        session = sessions.session()
    try:
        with session.graph.as_default(), files.no_pattern(folder) as path:
            loaded = tf.saved_model.load(session, [tf.saved_model.SERVING], path)
    except (tf.errors.OpError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"--model {folder} cannot be loaded ({reason}): export again") from None
    signatures = loaded.signature_def
    if "translate" not in signatures:
        raise InputError(
            f"--model {folder} is not an export of pix2pix: it has the signatures "
            f"{', '.join(sorted(signatures)) or '(none)'}, but not translate"
        )
    signature = signatures["translate"]
    given, made = signature.inputs["images"], signature.outputs["translations"]
    number, other = (ends.tensor_shape.dim[3].size for ends in (given, made))
    if number not in channels.IMAGES or other not in channels.IMAGES:
        raise InputError(
            f"--model {folder} translates {number} channels into {other}: "
            "the page is for gray, RGB and RGBA"
        )

    def translate(image):
        image = channels.converted(image, number, "the upload")
        return session.run(made.name, {given.name: image[None]})[0]

    return translate


def check_sender(host, origin, names):
    """Refuses requests that the page of another server sends with a user's browser.

    Args:
        host: the request's Host. A name that is not ours, but leads here, is DNS rebinding. An
            address needs no DNS.
        origin: the request's Origin, the server of the page that sends it; None if there is none.
        names: of this server, in lower case.

    Raises:
        InputError: the host is not this server, or the origin is another server.
    """
    parts = HOST.fullmatch(host)
    name = parts[1].lower() if parts else ""
    if name not in names and not _is_address(name.strip("[]")):
        raise InputError(
            f"the host {shown(host)[:80]!r} is not this server: use its address, "
            "or start it with this name in --names"
        )
    own = [f"{scheme}://{host.lower()}" for scheme in ("http", "https")]
    if origin is not None and origin.lower() not in own:
        raise InputError(f"a page of {shown(origin)[:80]} must not use this server")


def _is_address(text):
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def policy(content):
    """The Content-Security-Policy of the page: its own script and style, and nothing else."""

    def only(tag):
        text = re.search(f"<{tag}>(.*?)</{tag}>", content, re.DOTALL)[1]
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; script-src {only('script')}; style-src {only('style')}; "
        "connect-src 'self'; img-src blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _translator(translate, decode, turn):
    """A function of an upload's bytes that returns the bytes of its translation, a PNG file.

    Args:
        translate, decode: see `create`.
        turn: of the thread that calls. Large images leave it and wait for each other.
    """
    large = decoding.Turn(1, decoding.WAITING)

    def encoded(image):
        buffer = io.BytesIO()
        pixels = images.to_uint8(translate(image / np.float32(255)))
        pixels = pixels[..., 0] if pixels.shape[2] == 1 else pixels
        Image.fromarray(pixels).save(buffer, "PNG", compress_level=1)  # ten times faster
        return buffer.getvalue()

    def translated(upload):
        image = decode(upload, turn.left)
        if image.shape[0] * image.shape[1] <= decoding.SMALL:
            return encoded(image)
        with turn.left(), large:
            return encoded(image)

    return translated


def _in_turn(app, turn):
    """A WSGI application whose requests come in their order, also those that are refused at once.

    Otherwise, who sends one refused request after the other would hold up the rest.
    """

    def answered(environ, start_response):
        with turn:
            return app(environ, start_response)

    return answered


def _page(drawing):
    colors = {name: f"#{bytes(color).hex()}" for name, color in drawing.colors}
    return page.template("drawing.html", pathlib.Path(__file__).parent).render(
        max_bytes=MAX_BYTES, labels=colors, model=drawing.name, lines=drawing.lines
    )


def create(translate, decode, names=(), drawing=palette.FACADES):
    """Makes the WSGI application.

    Args:
        translate: a function of [height, width, 3] in [0, 1], see `load`.
        decode: a function of an upload's bytes, see `decoding.Decoders.decode`.
        names: of this server, besides localhost and its addresses.
        drawing: how one draws an input, see `palette.read`.
    """
    flask = doctor.library("flask", "flask")
    errors = doctor.library("werkzeug.exceptions", "flask")
    app = flask.Flask("pix2pix.serve")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    names = {"localhost", *map(str.lower, names)}
    content = _page(drawing)
    headers = {**HEADERS, "Content-Security-Policy": policy(content)}
    turn = decoding.Turn(AT_ONCE, math.inf)
    translated = _translator(translate, decode, turn)
    app.wsgi_app = _in_turn(app.wsgi_app, turn)

    def line(text, status):
        return flask.Response(text.replace("\n", " ") + "\n", status, mimetype="text/plain")

    @app.before_request
    def check():
        sent = flask.request.headers
        try:
            check_sender(sent.get("Host", ""), sent.get("Origin"), names)
        except InputError as error:
            return line(str(error), 403)

    @app.after_request
    def protect(answer):
        answer.headers.update(headers)
        return answer

    @app.get("/")
    def show():
        return content

    @app.post("/translate")
    def answer():
        if flask.request.mimetype.startswith("multipart/"):
            return line("a form was sent: send the image's bytes (curl --data-binary @FILE)", 400)
        try:
            return flask.Response(
                translated(flask.request.get_data(cache=False)), mimetype="image/png"
            )
        except InputError as error:
            return line(str(error), 400)
        except decoding.Busy:
            return line(ERRORS[503], 503)

    @app.errorhandler(errors.HTTPException)
    def refuse(error):
        return line(ERRORS.get(error.code, error.name), error.code)

    return app
