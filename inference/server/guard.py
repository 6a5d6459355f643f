"""Who may talk to the server: by the Host header on loopback, by a key everywhere else."""

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from inference.config import ServerConfig
from inference.server.wire import dump

_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
_OPEN_PATHS = frozenset({"/health"})


class Guard:
    """Refuses before anything is read.

    On loopback a web page in the user's browser could reach the server under a name of its own that resolves to
    127.0.0.1: only loopback's own names are answered. Elsewhere, and wherever a key is set, the key is needed.
    """

    def __init__(self, app: ASGIApp, config: ServerConfig) -> None:
        self._app = app
        self._key = config.api_key.encode() if config.api_key else None
        self._checks_host = config.is_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = dict(scope["headers"])
            if self._checks_host and not _is_loopback_host(headers.get(b"host", b"")):
                message = "This server answers only to 127.0.0.1, localhost and [::1]: use one of them as the host."
                return await _refuse(send, 403, "forbidden_host", message)
            if self._key and scope["path"] not in _OPEN_PATHS and not self._is_key(headers.get(b"authorization", b"")):
                message = "The API key is missing or wrong: send 'Authorization: Bearer <key>'."
                return await _refuse(send, 401, "invalid_api_key", message)
        await self._app(scope, receive, send)
        return None

    def _is_key(self, header: bytes) -> bool:
        scheme, _, given = header.partition(b" ")
        return scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self._key or b"")


def _is_loopback_host(header: bytes) -> bool:
    host = header.decode("latin-1").lower()
    name, _, port = host.rpartition(":")
    return (name if name and port.isdigit() else host) in _LOOPBACK_HOSTS


async def _refuse(send: Send, status: int, code: str, message: str) -> None:
    body = dump({"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}})
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
