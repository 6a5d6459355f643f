"""A format of another package, whose parser does to the machine whatever the document says: one word and what for."""

import ctypes
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rag.extract.format import Format, Picture, Reading
from rag.types import Area, Box, Page


def _bomb(_: str) -> str:
    return str(len(bytearray(8 << 30)))


def _spin(_: str) -> str:
    while True:
        pass


def _hang(_: str) -> str:
    time.sleep(600)
    return "awake"


def _fork(_: str) -> str:
    return f"forked {os.fork()}"


def _connect(port: str) -> str:
    with socket.create_connection(("127.0.0.1", int(port)), timeout=5):
        return "connected"


def _connect_unix(path: str) -> str:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
    return "connected"


def _write(path: str) -> str:
    Path(path).write_text("written by a parser", encoding="utf-8")
    return "written"


def _append(path: str) -> str:
    descriptor = os.open(path, os.O_RDWR)
    return f"wrote {os.write(descriptor, b'more')}"


def _unlink(path: str) -> str:
    Path(path).unlink()
    return "unlinked"


def _open_file(path: str) -> str:
    return Path(path).read_text(encoding="utf-8")


def _environment(_: str) -> str:
    return " ".join(f"{name}={value}" for name, value in os.environ.items())


def _signal_parent(_: str) -> str:
    os.kill(os.getppid(), signal.SIGKILL)
    return "sent"


def _execute(_: str) -> str:
    os.execv("/bin/true", ["true"])


def _crash(_: str) -> str:
    ctypes.string_at(1)
    return "alive"


def _abort(_: str) -> str:
    os.abort()


def _raise(_: str) -> str:
    raise KeyError("no such cell")


def _nest(depth: str) -> str:
    return _nest(depth) + "."


def _say(text: str) -> str:
    # What a parser that was taken over can do at most: say something else.
    os.write(_pipe(), text.encode())
    os._exit(0)


def _flood(_: str) -> str:
    line = b'{"page":1,"text":"' + b"x" * 1_000_000 + b'","boxes":[],"rows":[],"scan":false}\n'
    while True:
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(_pipe(), rest) :]


def _long_line(_: str) -> str:
    while True:
        os.write(_pipe(), b"x" * 60_000)


def _pipe() -> int:
    for descriptor in range(3, 64):
        try:
            os.write(descriptor, b"")
        except OSError:
            continue
        return descriptor
    raise LookupError("no pipe")


def _slow_pages(_: str) -> str:
    time.sleep(0.05)
    return "slow " * 2000


DEEDS: dict[str, Callable[[str], str]] = {
    "bomb": _bomb,
    "spin": _spin,
    "hang": _hang,
    "fork": _fork,
    "connect": _connect,
    "connect-unix": _connect_unix,
    "write": _write,
    "append": _append,
    "unlink": _unlink,
    "open": _open_file,
    "environment": _environment,
    "signal-parent": _signal_parent,
    "execute": _execute,
    "crash": _crash,
    "abort": _abort,
    "raise": _raise,
    "nest": _nest,
    "say": _say,
    "flood": _flood,
    "long-line": _long_line,
}


def read(path: Path) -> Reading:
    """Do what the document says and report what came of it."""
    deed, _, argument = path.read_text(encoding="utf-8").partition(" ")
    reading = Reading(iter(()), page_count=1, title="A deed")

    def pages() -> Iterator[Page]:
        if deed == "pages":
            for number in range(1, int(argument) + 1):
                yield Page(_slow_pages(argument), number)
            return
        if deed == "everything":
            reading.warnings.append("it is made up")
            reading.language = "fr"
            yield Page("a\tb", 1, (Box(0, 1, Area(0.1, 0.2, 0.3, 0.4)),), (("a", "b"),))
            return
        try:
            text = DEEDS[deed](argument)
        except OSError as error:
            text = f"refused: {error.strerror}"
        yield Page(text, 1)

    reading.pages = pages()
    return reading


def check(path: Path) -> None:
    """Do it at upload already."""
    list(read(path).pages)


def render(path: Path, page: int) -> Picture:
    """Draw nothing."""
    return Picture(1, 1, b"\0")


FORMAT = Format(
    name="hostile", label="Hostile", extensions=(".hostile",), read=read, check=check, is_text=True, render=render
)
