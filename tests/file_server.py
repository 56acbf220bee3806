"""An HTTP server on this machine, for tests of downloads."""

import contextlib
import http.server
import threading


class _Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.files`. Below /gone/ there is nothing; below /cut/ the connection breaks."""

    def do_GET(self):
        folder, _, name = self.path[1:].rpartition("/")
        self.server.requests.append(self.path)
        if folder == "gone" or name not in self.server.files:
            return self.send_error(404)
        content = self.server.files[name]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if folder == "cut" else content)

    def log_message(self, *args):
        pass


@contextlib.contextmanager
def serve(**files):
    """Serves files, name -> bytes, at `server.url`. `server.requests` lists the paths."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        server.files, server.requests = files, []
        server.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
