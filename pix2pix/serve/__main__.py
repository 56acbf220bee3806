"""Serves a web page: draw a facade in label colors, or drop an image, and see its translation.

Run:    ./run.sh pix2pix.serve --model runs/pix2pix/saved_model      and open the printed address

POST /translate takes the bytes of an image. It answers with a PNG file, or with a status of 400 or
more and one line.
"""

import dataclasses
import re
import socket

from graphmode import cli, config, doctor
from graphmode.config import setting
from graphmode.errors import InputError
from pix2pix import palette
from pix2pix.serve import application, decoding


@dataclasses.dataclass(frozen=True)
class Flags(config.Settings):
    """Settings of the server."""

    model: str = setting("", required=True, help="folder that --mode export wrote")
    host: str = setting(
        "127.0.0.1", help="address to listen at; the default accepts only this machine"
    )
    names: str = setting(
        "", help="further names of this machine in a browser's address line, with commas"
    )
    port: int = setting(8000, at_least=0, at_most=65535, help="port; 0: any free port")


def serve(flags):
    """Serves until Ctrl-C."""
    connections = doctor.library("pix2pix.serve.connections", "waitress")
    translate = application.load(flags.model)
    drawing = palette.read(flags.model)
    decoders = decoding.Decoders()
    decoding.return_memory()
    names = [flags.host, socket.gethostname(), *re.findall(r"[^\s,]+", flags.names)]
    app = application.create(translate, decoders.decode, names, drawing)
    try:
        server, port = connections.listen(app, flags.host, flags.port)
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot listen at {flags.host}:{flags.port} ({error}): use another --port or --host"
        ) from error
    host = f"[{flags.host}]" if ":" in flags.host else flags.host
    print(f"open http://{host}:{port}/ (Ctrl-C stops it)", flush=True)
    try:
        server.run()
    finally:
        decoders.close()


def main(argv=None):
    cli.tool("pix2pix.serve", Flags, __doc__, serve, argv)


if __name__ == "__main__":
    main()
