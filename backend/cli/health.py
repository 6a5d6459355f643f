"""Asking a running platform over HTTP whether it is well, past any proxy."""

import http.client
import json
from urllib.parse import urlsplit

HEALTH_PATH = "/api/v1/health"


def http_get(url: str, path: str, timeout_s: float = 3.0) -> tuple[int, bytes]:
    """The status and the body; status 0 when nobody answers."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def is_healthy(url: str) -> bool:
    return http_get(url, HEALTH_PATH)[0] == 200


def health_detail(url: str) -> str:
    """What the health endpoint says, in one line, for a message."""
    status, body = http_get(url, HEALTH_PATH)
    if status == 0:
        return "nobody answers there"
    try:
        return f"HTTP {status} {json.dumps(json.loads(body))}"
    except ValueError:
        return f"HTTP {status} {body[:200].decode('utf-8', 'replace')!r}"
