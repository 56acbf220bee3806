"""A page on which one draws a facade in label colours, or drops a picture, and sees what an exported network makes of it.

Run: `./run.sh pix2pix.serve --model runs/pix2pix/saved_model`, then open the address that it prints. POST /translate takes the
bytes of a picture and answers with a PNG, or with a status from 400 and one line.
"""

import pathlib

import numpy as np
from PIL import Image

from data import facades, folders
from graphmode import cli, doctor, errors, sessions, tf
from graphmode.report import images, page

MOST_BYTES = 8 << 20  # of an upload
MOST_PIXELS = 4096 * 4096
LARGEST_SIDE = 1024  # beyond which pictures are shrunk before the network sees them


def load(folder):
    """The function of an exported network: [height, width, 3] in [0, 1] -> its translation. Raises InputError."""
    if not pathlib.Path(folder, "saved_model.pb").exists():
        raise errors.InputError("--model {} holds no saved_model.pb: make one with ./run.sh pix2pix --mode export --checkpoint RUN"
                             .format(folder))
    session = sessions.session()
    try:
        signatures = tf.saved_model.load(session, [tf.saved_model.SERVING], str(folder)).signature_def
    except (tf.errors.OpError, OSError) as error:
        raise errors.InputError("--model {} cannot be loaded: {}".format(folder, str(error).splitlines()[0])) from None
    if "translate" not in signatures:
        raise errors.InputError("--model {} is no export of pix2pix: it has no signature `translate`, but {}".format(
            folder, ", ".join(sorted(signatures)) or "none"))
    signature = signatures["translate"]
    given, made = signature.inputs["images"].name, signature.outputs["translations"].name
    return lambda picture: session.run(made, {given: picture[None]})[0]


def read(uploaded):
    """An upload as [height, width, 3] in [0, 1]. Raises InputError: what is wrong, in one line."""
    if not uploaded:
        raise errors.InputError("nothing was sent: send the bytes of a picture")
    picture = folders.decode("the upload", uploaded, MOST_PIXELS)
    times = -(-max(picture.shape) // LARGEST_SIDE)
    if times > 1:
        picture = np.asarray(Image.fromarray(picture).reduce(times))
    return picture / np.float32(255)


def application(translate):
    """The WSGI application. translate: see `load`."""
    flask = doctor.library("flask", "flask")
    app = flask.Flask("pix2pix.serve")
    app.config["MAX_CONTENT_LENGTH"] = MOST_BYTES
    page = page.template("serve.html", __file__).render(
        most=MOST_BYTES, labels={name: "#%02x%02x%02x" % colour for name, colour in facades.LABELS.items()})

    def line(text, status):
        return flask.Response(text.replace("\n", " ") + "\n", status, mimetype="text/plain")

    @app.get("/")
    def show():
        return page

    @app.post("/translate")
    def answer():
        if flask.request.mimetype.startswith("multipart/"):
            return line("send the picture's bytes (curl --data-binary @FILE), not a form", 400)
        try:
            made = translate(read(flask.request.get_data(cache=False)))
            return flask.Response(images.png(images.to_uint8(made)), mimetype="image/png")
        except errors.InputError as error:
            return line(str(error), 400)

    @app.errorhandler(404)
    @app.errorhandler(405)
    @app.errorhandler(413)
    @app.errorhandler(500)
    def refuse(error):
        return line({404: "there is only / and /translate", 405: "POST a picture to /translate",
                     413: "more than {} bytes are too many".format(MOST_BYTES),
                     500: "the translation failed; the server's terminal says why"}[error.code], error.code)
    return app


def main(argv=None):
    parser = cli.Parser(prog="pix2pix.serve", description=__doc__.split("\n\n")[0], allow_abbrev=False)
    parser.add_argument("--model", required=True, help="folder that --mode export wrote")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: 127.0.0.1, this machine alone)")
    parser.add_argument("--port", type=cli.whole(0, 65535), default=8000, help="(default: 8000; 0: any that is free)")
    try:
        flags = parser.parse_args(argv)
        waitress = doctor.library("waitress", "waitress")
        app = application(load(flags.model))
        # Above our own limit, whose answer is one line.
        server = waitress.create_server(app, host=flags.host, port=flags.port, max_request_body_size=8 * MOST_BYTES)
        print("open http://{}:{}/ (Ctrl-C ends it)".format(flags.host, server.effective_port), flush=True)
        server.run()
    except errors.InputError as error:
        errors.fail("pix2pix.serve", error)
    except KeyboardInterrupt:
        errors.fail("pix2pix.serve", "stopped", 130)
    except (OSError, ValueError) as error:
        errors.fail("pix2pix.serve", "cannot listen at {}:{}: {}".format(flags.host, flags.port, error))


if __name__ == "__main__":
    main()
