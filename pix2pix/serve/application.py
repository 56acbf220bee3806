"""The application behind the page: reads uploads, translates them, answers."""

import pathlib

import numpy as np
from PIL import Image

from data import folders
from data.drawn import facades
from graphmode import doctor, sessions, tf
from graphmode.errors import InputError
from graphmode.report import images, page

MAX_BYTES = 8 << 20  # of an upload
MAX_PIXELS = 4096 * 4096
MAX_SIDE = 1024  # larger images are reduced before the network sees them

ERRORS = {
    404: "there is only / and /translate",
    405: "use POST to send an image to /translate",
    413: f"too large: send at most {MAX_BYTES} bytes",
    500: "the translation failed: see the terminal of the server",
}


def load(folder):
    """Loads an exported network.

    Returns:
        A function: [height, width, 3] in [0, 1] -> its translation.

    Raises:
        InputError: the folder holds no SavedModel of pix2pix.
    """
    if not pathlib.Path(folder, "saved_model.pb").exists():
        raise InputError(
            f"--model {folder} holds no saved_model.pb: "
            "make one with ./run.sh pix2pix --mode export --checkpoint RUN"
        )
    with tf.Graph().as_default():  # a graph of its own: the default one may hold something else
        session = sessions.session()
    try:
        with session.graph.as_default():
            loaded = tf.saved_model.load(session, [tf.saved_model.SERVING], str(folder))
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
    placeholder = signature.inputs["images"].name
    translations = signature.outputs["translations"].name
    return lambda image: session.run(translations, {placeholder: image[None]})[0]


def read(upload):
    """Decodes an upload.

    Args:
        upload: bytes of an image file.

    Returns:
        [height, width, 3] in [0, 1]; height and width are at most `MAX_SIDE`.

    Raises:
        InputError: it is not an image, damaged or too large.
    """
    if not upload:
        raise InputError("nothing was sent: send the bytes of an image")
    image = folders.decode("the upload", upload, MAX_PIXELS)
    factor = -(-max(image.shape) // MAX_SIDE)
    if factor > 1:
        image = np.asarray(Image.fromarray(image).reduce(factor))
    return image / np.float32(255)


def create(translate):
    """Makes the WSGI application.

    Args:
        translate: a function of [height, width, 3] in [0, 1], see `load`.
    """
    flask = doctor.library("flask", "flask")
    app = flask.Flask("pix2pix.serve")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    colors = {name: f"#{bytes(color).hex()}" for name, color in facades.LABELS.items()}
    template = page.template("drawing.html", pathlib.Path(__file__).parent)
    content = template.render(max_bytes=MAX_BYTES, labels=colors)

    def line(text, status):
        return flask.Response(text.replace("\n", " ") + "\n", status, mimetype="text/plain")

    @app.get("/")
    def show():
        return content

    @app.post("/translate")
    def answer():
        if flask.request.mimetype.startswith("multipart/"):
            return line("a form was sent: send the image's bytes (curl --data-binary @FILE)", 400)
        try:
            translation = translate(read(flask.request.get_data(cache=False)))
        except InputError as error:
            return line(str(error), 400)
        return flask.Response(images.png(images.to_uint8(translation)), mimetype="image/png")

    @app.errorhandler(404)
    @app.errorhandler(405)
    @app.errorhandler(413)
    @app.errorhandler(500)
    def refuse(error):
        return line(ERRORS[error.code], error.code)

    return app
