"""Log files of processes that hold them open: rotated by copying, read from their end."""

import os
from pathlib import Path

ROTATE_AT_BYTES = 5 * 1024 * 1024
GENERATIONS = 2
BLOCK_BYTES = 64 * 1024


def rotate(path: Path, limit_bytes: int = ROTATE_AT_BYTES) -> bool:
    """Move the content to `path.1` (and that to `path.2`) once it is too large; writers append to the emptied file."""
    try:
        if path.stat().st_size < limit_bytes:
            return False
    except FileNotFoundError:
        return False
    for generation in range(GENERATIONS, 1, -1):
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
