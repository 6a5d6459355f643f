"""Reads a stranger's file in a process of its own, so that a bomb or a broken parser takes nothing else with it."""

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import rag
from rag.errors import ExtractionTimeoutError, ParserCrashedError, error_from_code
from rag.extract.format import HEAD_BYTES, MAX_TEXT_CHARS, Format
from rag.extract.reader import extraction_of
from rag.extract.sniff import sniff
from rag.types import Extraction, Page

TIMEOUT_S = 60.0
CHECK_TIMEOUT_S = 10.0
MEMORY_BYTES = 1 << 30
# JSON writes a character outside ASCII as up to 12 bytes.
_MAX_LINE_BYTES = 12 * MAX_TEXT_CHARS + 1024
_STDERR_SHOWN = 200

OnPage = Callable[[int, int | None], None]
"""Called with the pages read so far and their total, which is None where the format does not know it."""


def extract_isolated(
    path: Path,
    format_name: str,
    *,
    timeout_s: float = TIMEOUT_S,
    memory_bytes: int = MEMORY_BYTES,
    on_page: OnPage | None = None,
) -> Extraction:
    """Read the file in a fresh process with limits; raises the RagError that stands for what went wrong there."""
    pages: list[Page] = []
    page_count: int | None = None
    title = ""
    warnings: list[str] | None = None
    arguments = [str(path), format_name]
    with parser_lines(arguments, timeout_s=timeout_s, memory_bytes=memory_bytes) as lines:
        for line in lines:
            match line:
                case {"number": int() | None as number, "text": str(text)}:
                    pages.append(Page(text, number))
                    if on_page is not None:
                        on_page(len(pages), page_count)
                case {"page_count": int() | None as page_count, "title": str(title)}:
                    pass
                case {"warnings": list(reported)}:
                    warnings = [str(warning) for warning in reported]
                case _:
                    raise ParserCrashedError(f"the parser wrote a line that is not its protocol: {list(line)!r}")
    if warnings is None:
        raise ParserCrashedError("the parser ended before the document did; the document is broken")
    return extraction_of(tuple(pages), title, warnings)


def validate_upload(path: Path, name: str) -> Format:
    """Return the format of an uploaded file, or raise the error (all of them 4xx) that refuses it at once.

    `path` is where the bytes lie, `name` is what the person called them. Scanned PDFs pass: what is to become of them
    is decided when they are read.
    """
    with path.open("rb") as file:
        fmt = sniff(name, file.read(HEAD_BYTES))
    arguments = [str(path), fmt.name, "--check"]
    with parser_lines(arguments, timeout_s=CHECK_TIMEOUT_S, memory_bytes=MEMORY_BYTES) as lines:
        for line in lines:
            raise ParserCrashedError(f"the parser wrote a line that is not its protocol: {list(line)!r}")
    return fmt


@contextmanager
def parser_lines(
    arguments: list[str], *, timeout_s: float, memory_bytes: int
) -> Iterator[Iterator[Mapping[str, object]]]:
    """Run the process and yield its lines; when the block ends, however it ends, the process has ended too."""
    command = [sys.executable, "-s", "-B", "-m", "rag.extract", *arguments]
    command += ["--memory-bytes", str(memory_bytes), "--cpu-s", str(int(timeout_s) + 1)]
    timed_out = threading.Event()
    with (
        tempfile.TemporaryFile() as stderr,
        subprocess.Popen(  # noqa: S603 - our own module and checked arguments, no shell
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr, env=_environment()
        ) as process,
    ):

        def stop() -> None:
            timed_out.set()
            process.kill()

        timer = threading.Timer(timeout_s, stop)
        timer.start()
        assert process.stdout is not None
        try:
            yield _parsed(process.stdout)
            status = process.wait()
        finally:
            timer.cancel()
            process.kill()
        if timed_out.is_set():
            raise ExtractionTimeoutError(
                f"reading took longer than {timeout_s:g} s and was stopped; split the document"
            )
        if status != 0:
            raise ParserCrashedError(_crash_message(status, stderr, memory_bytes))


def _parsed(stdout: IO[bytes]) -> Iterator[Mapping[str, object]]:
    while raw := stdout.readline(_MAX_LINE_BYTES):
        if not raw.endswith(b"\n"):
            return  # the process died in the middle of a line: its exit status says why
        line = json.loads(raw)
        if "error" in line:
            raise error_from_code(line["error"], line["message"])
        yield line


def _crash_message(status: int, stderr: IO[bytes], memory_bytes: int) -> str:
    stderr.seek(0)
    last = stderr.read()[-_STDERR_SHOWN:].decode(errors="replace").strip().rpartition("\n")[2]
    how = f"was ended by signal {-status}" if status < 0 else f"failed ({last})"
    return f"the parser {how}: the document is broken or needs more than {memory_bytes >> 20} MB; save it anew"


def _environment() -> dict[str, str]:
    # No secrets of the platform: only what Python needs to start and to find this package.
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(Path(rag.__path__[0]).parent),
        "PYTHONWARNINGS": "ignore",
        "MALLOC_ARENA_MAX": "1",
    }
