"""A higher system that figures are pushed to: an HTTP server that records requests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class PushedRequest:
    """One request: path, headers in lower case, body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HigherSystem:
    """The requests in order; `answers` are the statuses of the next responses, then 204."""

    port: int = 0
    answers: list[int] = field(default_factory=list)
    requests: list[PushedRequest] = field(default_factory=list)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


@contextmanager
def higher_system() -> Iterator[HigherSystem]:
    """A server that listens until the end of the block."""
    state = HigherSystem()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            state.requests.append(PushedRequest(self.path, headers, body))
            status = state.answers.pop(0) if state.answers else 204
            self.send_response(status)
            if status in (301, 302, 307):
                self.send_header("Location", f"http://{state.host}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
