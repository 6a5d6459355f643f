"""A mail server and a webhook's receiver on loopback, as small as they can be and still be asked by real clients."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast


class _Smtp(socketserver.StreamRequestHandler):
    """As much of SMTP as smtplib speaks when it hands over a message."""

    def handle(self) -> None:
        """Take messages until the client leaves."""
        server = cast("_MailServer", self.server)
        self._say(220, "here")
        while line := self.rfile.readline():
            match line.split(b" ")[0].strip().upper():
                case b"DATA":
                    self._say(354, "go on")
                    lines = list(iter(self.rfile.readline, b".\r\n"))
                    server.messages.append(b"".join(lines).decode())
                    self._say(250, "taken")
                case b"QUIT":
                    self._say(221, "bye")
                    return
                case b"RCPT" if server.refuses:
                    self._say(550, "nobody of that name")
                case _:
                    self._say(250, "well")

    def _say(self, code: int, text: str) -> None:
        self.wfile.write(f"{code} {text}\r\n".encode())


class _MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Smtp)
        self.messages: list[str] = []
        self.refuses = False


@contextmanager
def mail_server() -> Iterator[_MailServer]:
    """Run a mail server; `messages` is what it took."""
    with _MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@dataclass
class Hook:
    """Who receives a webhook; it answers with `status`."""

    url: str = ""
    status: int = 200
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def told(self) -> list[Any]:
        """The bodies as JSON."""
        return [json.loads(body) for body in self.bodies]


@contextmanager
def hook() -> Iterator[Hook]:
    """Run a receiver."""
    made = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            made.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            made.headers.append(dict(self.headers))
            self.send_response(made.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}/in?key=canary-of-the-hook"
        yield made
        server.shutdown()
