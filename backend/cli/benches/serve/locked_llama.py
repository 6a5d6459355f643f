"""The first peer, a program of its own: llama-cpp-python's `Llama` behind a lock, streamed by a small HTTP server."""

import argparse
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from llama_cpp import Llama

_NEVER = -1000.0


class Handler(BaseHTTPRequestHandler):
    """POST /v1/completions, one answer at a time; GET /health."""

    protocol_version = "HTTP/1.1"
    # Without this every token would wait for the acknowledgement of the one before.
    disable_nagle_algorithm = True
    lock = threading.Lock()
    llama: Llama

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with self.lock:
            for event in self._answer(body):
                self._send(b"data: " + json.dumps(event).encode() + b"\n\n")
        self._send(b"data: [DONE]\n\n")
        self._send(b"")

    def _answer(self, body: dict[str, object]) -> Iterator[object]:
        names = ("max_tokens", "temperature", "top_p", "top_k", "min_p", "seed")
        options = {name: body[name] for name in names if name in body}
        bias = {str(self.llama.token_eos()): _NEVER} if body.get("ignore_eos") else None
        yield from self.llama(body["prompt"], stream=True, repeat_penalty=1.0, logit_bias=bias, **options)

    def _send(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the terminal is the bench's."""


def main(arguments: list[str]) -> int:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--context", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--threads-batch", type=int, required=True)
    given = parser.parse_args(arguments)
    Handler.llama = Llama(
        given.model,
        n_ctx=given.context,
        n_threads=given.threads,
        n_threads_batch=given.threads_batch,
        verbose=False,
    )
    ThreadingHTTPServer(("127.0.0.1", given.port), Handler).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
