"""The sides of a comparison: processes of their own that answer a line of JSON with a line of JSON."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from backend.embedded.home import REPOSITORY


class Side:
    """One process that is asked; what its answers mean is for those to know who ask."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, **question: object) -> dict[str, object]:
        """Return the answer; raises `RuntimeError` when the process ended instead."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._process.args!r} ended: its message stands above")
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer


AnySide = TypeVar("AnySide", bound=Side)


@contextmanager
def side_of(kind: type[AnySide], *command: str) -> Iterator[AnySide]:
    """Run a side until the block ends."""
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, encoding="utf-8"
    )
    try:
        yield kind(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait()
