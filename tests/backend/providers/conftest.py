"""A model server on loopback: the subject of the tests of providers, and a witness of what is sent to it."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

KEY = "sk-CANARY-0123456789abcdef"


class StandIn(BaseHTTPRequestHandler):
    """Speaks as much of OpenAI's protocol, and of our own server's, as providers use."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        self._noted({})
        if self.path == "/health":
            loads = self.server.loads
            states = {name: {"state": said, **loads.get(name, {})} for name, said in self.server.states.items()}
            self._answer(200, {"status": "ok", "models": states})
        elif self.path == "/redirect/models":
            self.send_response(302)
            self.send_header("Location", "http://169.254.169.254/latest")
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/v1/models" and self._allowed():
            self._answer(200, {"data": self.server.models})
        elif self.path != "/v1/models":
            self._answer(404, {"error": {"message": f"no {self.path}"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._noted(body)
        if not self._allowed():
            return
        if self.path == "/tokenize":
            if "prompts" in body:
                self._answer(200, {"counts": [len(text.split()) for text in body["prompts"]]})
            else:
                self._answer(200, {"count": 7})
        elif self.path == "/v1/embeddings":
            rows = [{"index": i, "embedding": [3.0, 4.0, float(len(t))]} for i, t in enumerate(body["input"])]
            self._answer(200, {"data": rows, "usage": {"prompt_tokens": 1}})
        else:
            chunks = [
                {"choices": [{"index": 0, "delta": {"content": "Hello"}, "finish_reason": None}]},
                {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
                {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 1}},
            ]
            text = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks) + "data: [DONE]\n\n"
            self._send(200, text.encode(), "text/event-stream")

    def _noted(self, body: dict[str, Any]) -> None:
        self.server.seen.append((self.path, self.headers.get("Authorization"), body))

    def _allowed(self) -> bool:
        given = self.headers.get("Authorization")
        if self.server.key and given != f"Bearer {self.server.key}":
            self._answer(401, {"error": {"message": f"Incorrect API key provided: {given}"}})
            return False
        return True

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _send(self, status: int, content: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class Server(ThreadingHTTPServer):
    """The stand-in, with what it knows and what it saw."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), StandIn)
        self.key = ""
        self.models: list[dict[str, Any]] = [{"id": "big"}, {"id": "small"}]
        self.states = {"smollm2-135m-instruct": "loaded", "all-minilm-l6-v2": "loading"}
        self.loads: dict[str, dict[str, Any]] = {}
        self.seen: list[tuple[str, str | None, dict[str, Any]]] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def server() -> Iterator[Server]:
    """A running stand-in."""
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()
