"""Log files of processes that hold them open: rotated by copying, read from their end."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class LogLimits:
    """How large a log may grow before it is moved away, and how many such files are kept."""

    limit_bytes: int = 5 * 1024 * 1024
    generations: int = 2

    @classmethod
    def read(cls, env: Mapping[str, str]) -> "LogLimits":
        """Return what the environment says; a text that is no number leaves the default, so that logs still rotate."""
        megabytes, files = env.get("ATELIER_LOG_MAX_MB", "5"), env.get("ATELIER_LOG_FILES", "2")
        return cls(
            int(megabytes) * 1024 * 1024 if megabytes.isdecimal() and int(megabytes) else cls().limit_bytes,
            int(files) if files.isdecimal() and int(files) else cls().generations,
        )


def rotate(path: Path, limits: LogLimits = LogLimits()) -> bool:
    """Move the content to `path.1` (and that to `path.2`) once it is too large; writers append to the emptied file."""
    try:
        if path.stat().st_size < limits.limit_bytes:
            return False
    except FileNotFoundError:
        return False
    for generation in range(limits.generations, 1, -1):
        older = path.with_name(f"{path.name}.{generation - 1}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{generation}"))
    with open(path, "r+b") as source, open(path.with_name(f"{path.name}.1"), "wb") as target:
        while block := source.read(BLOCK_BYTES):
            target.write(block)
        source.truncate(0)
    return True


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of the file, without reading the rest of it; empty when there is none."""
    try:
        with open(path, "rb") as stream:
            position = stream.seek(0, os.SEEK_END)
            data = b""
            while position > 0 and data.count(b"\n") <= lines:
                step = min(BLOCK_BYTES, position)
                position = stream.seek(position - step)
                data = stream.read(step) + data
                stream.seek(position)
    except FileNotFoundError:
        return []
    return data.decode("utf-8", "replace").splitlines()[-lines:]
