"""What a forked process does with the one file that it is for: it shuts itself in, reads, writes lines and ends."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.errors import RagError
from rag.extract.confine import confine
from rag.extract.format import Picture
from rag.extract.lines import line_bytes, page_bytes, picture_header
from rag.extract.reader import open_reading
from rag.extract.registry import format_named

Task = Literal["read", "check", "render", "draw", "run"]
_CPU_GRACE_S = 1  # the wall clock of who waits is to come first: it gives the better reason


@dataclass(frozen=True, slots=True)
class Request:
    """What to do with an open file; `argv` is a program that reads the file at its stdin.

    `page` is the one to render or to draw, `width` how many pixels wide.
    """

    task: Task
    memory_bytes: int
    timeout_s: float
    format_name: str = ""
    page: int = 0
    width: int = 0
    argv: Sequence[str] = ()


def work(request: Request, document: int, output: int) -> None:
    """Do it and leave the process by returning; every failure that Python can see becomes a line of `output`."""
    _keep_only(document, output)
    confine(
        document=document,
        memory_bytes=request.memory_bytes,
        cpu_s=int(request.timeout_s) + _CPU_GRACE_S,
        may_start_a_program=request.task == "run",
    )
    try:
        # A path, as parsers want one; it is the open file again, whatever has become of its name.
        _do(request, Path(f"/proc/self/fd/{document}"), document, output)
    except RagError as error:
        _write(output, line_bytes(error=error.code, message=error.message))
    except MemoryError:
        _write(output, line_bytes(error="parser_crashed", message=_too_large(request)))
    except RecursionError:
        _write(output, line_bytes(error="malformed_document", message="the document is nested too deeply to be read"))
    except Exception as error:  # noqa: BLE001  # the edge of the process: whoever waits tells it to a person
        message = f"the parser failed ({type(error).__name__}: {error!s:.200}); open the document and save it anew"
        _write(output, line_bytes(error="parser_crashed", message=message))


def _do(request: Request, path: Path, document: int, output: int) -> None:
    match request.task:
        case "read":
            _read(path, request.format_name, output)
        case "check":
            format_named(request.format_name).check(path)
        case "render":
            render = format_named(request.format_name).render
            assert render is not None
            _show(render(path, request.page), output)
        case "draw":
            draw = format_named(request.format_name).draw
            assert draw is not None
            _show(draw(path, request.page, request.width), output)
        case "run":
            os.dup2(document, 0)
            os.dup2(output, 1)
            os.execve(request.argv[0], list(request.argv), dict(os.environ))  # noqa: S606  # checked arguments, no shell


def _read(path: Path, format_name: str, output: int) -> None:
    reading = open_reading(path, format_name)
    _write(output, line_bytes(page_count=reading.page_count, title=reading.title))
    scans = 0
    for page in reading.pages:
        _write(output, page_bytes(page, is_scan=len(reading.scans) > scans))
        scans = len(reading.scans)
    _write(output, line_bytes(warnings=reading.warnings, language=reading.language))


def _show(picture: Picture, output: int) -> None:
    _write(output, picture_header(picture))
    _write(output, picture.pixels)


def _write(output: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(output, rest) :]


def _keep_only(*descriptors: int) -> None:
    """Close what was inherited, silence stderr: libraries print to it what is of no use to anybody."""
    low = 3
    for descriptor in sorted(descriptors):
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, os.sysconf("SC_OPEN_MAX"))
    os.dup2(0, 2)


def _too_large(request: Request) -> str:
    return f"the document needs more than {request.memory_bytes >> 20} MB of memory; split it into parts"
