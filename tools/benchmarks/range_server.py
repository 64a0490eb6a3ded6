"""An HTTP server of a folder, with ranges and a delay, that notes what is asked of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class RangeHandler(SimpleHTTPRequestHandler):
    """Serves a folder; ``server.delay`` and ``server.refusals`` make it slow or deaf."""

    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        server, path = self.server, Path(self.translate_path(self.path))
        time.sleep(server.delay)
        if server.refusals:
            server.refusals -= 1
            self.close_connection = True
            self.connection.close()
            return
        span = self.headers.get('Range', '').removeprefix('bytes=').partition('-')
        if not path.is_file() or not span[1] or not server.has_ranges:
            server.requests.append((self.path, path.stat().st_size if path.is_file() else 0))
            super().do_GET()
            return
        size = path.stat().st_size
        first, last = int(span[0]), min(int(span[2] or size), size - 1)
        with path.open('rb') as file:
            file.seek(first)
            part = file.read(last + 1 - first)
        server.requests.append((self.path, len(part)))
        self.send_response(206)
        self.send_header('Content-Range', f'bytes {first}-{last}/{size}')
        self.send_header('Content-Length', str(len(part)))
        self.end_headers()
        self.wfile.write(part)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    """Its ``requests`` are pairs of path and number of bytes."""

    daemon_threads = True

    def __init__(self, folder, port: int = 0) -> None:
        super().__init__(('127.0.0.1', port), partial(RangeHandler, directory=str(folder)))
        self.requests, self.delay, self.refusals, self.has_ranges = [], 0.0, 0, True
        self.url = f'http://127.0.0.1:{self.server_port}'


@contextmanager
def http_server(folder, port: int = 0) -> Iterator[Server]:
    """Serves a folder."""
    with Server(folder, port) as server:
        thread = threading.Thread(target=partial(server.serve_forever, 0.05), daemon=True)
        thread.start()
        yield server
        server.refusals = 10**9  # of connections that clients keep open
        server.shutdown()
