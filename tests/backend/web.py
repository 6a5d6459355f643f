"""A web server on loopback whose pages a test writes, and the door to it."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

Answer = tuple[int, dict[str, str], bytes]


class Web:
    """A web server on loopback whose pages a test writes."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[str] = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.asked.append(self.path)
                status, headers, body = web.pages.get(self.path, (404, {}, b"nothing"))
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Tests are quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def html(self, path: str, title: str, text: str, **headers: str) -> None:
        """Put a page."""
        body = f"<html><head><title>{title}</title></head><body><p>{text}</p></body></html>".encode()
        self.pages[path] = (200, {"Content-Type": "text/html", **headers}, body)


@pytest.fixture
def web() -> Iterator[Web]:
    """A web server on loopback."""
    made = Web()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


@pytest.fixture
def loopback_allowed(settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, egress_networks=("127.0.0.0/8",))
