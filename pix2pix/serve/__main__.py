"""Serves a web page: draw a facade in label colors, or drop an image, and see its translation.

Run:    ./run.sh pix2pix.serve --model runs/pix2pix/saved_model      and open the printed address

POST /translate takes the bytes of an image. It answers with a PNG file, or with a status of 400 or
more and one line.
"""

import dataclasses

from graphmode import cli, config, doctor
from graphmode.config import setting
from graphmode.errors import InputError
from pix2pix.serve import application


@dataclasses.dataclass(frozen=True)
class Flags(config.Settings):
    """Settings of the server."""

    model: str = setting("", required=True, help="folder that --mode export wrote")
    host: str = setting(
        "127.0.0.1", help="address to listen at; the default accepts only this machine"
    )
    port: int = setting(8000, at_least=0, at_most=65535, help="port; 0: any free port")


def serve(flags):
    """Serves until Ctrl-C."""
    waitress = doctor.library("waitress", "waitress")
    app = application.create(application.load(flags.model))
    try:
        # Its limit is above the application's, which answers in one line.
        limit = 8 * application.MAX_BYTES
        server = waitress.create_server(
            app, host=flags.host, port=flags.port, max_request_body_size=limit
        )
    except (OSError, ValueError) as error:
        raise InputError(
            f"cannot listen at {flags.host}:{flags.port} ({error}): use another --port or --host"
        ) from error
    print(f"open http://{flags.host}:{server.effective_port}/ (Ctrl-C stops it)", flush=True)
    server.run()


def main(argv=None):
    cli.tool("pix2pix.serve", Flags, __doc__, serve, argv)


if __name__ == "__main__":
    main()
