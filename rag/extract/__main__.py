"""The process in which one file is read: it limits itself, then writes its pages as JSON lines.

Lines: {"page_count", "title"} · {"number", "text"} per page · {"warnings"} at the end · or {"error", "message"}.
"""

import argparse
import json
import resource
import sys
from pathlib import Path

from rag.errors import RagError
from rag.extract.reader import open_reading
from rag.extract.registry import format_named


def limit_resources(*, memory_bytes: int, cpu_s: int) -> None:
    """Make this process unable to take more memory or time, to write files or to start processes' cores."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def write_line(**fields: object) -> None:
    """Write one JSON line to stdout."""
    sys.stdout.write(json.dumps(fields) + "\n")


def run(path: Path, format_name: str, *, check_only: bool) -> None:
    """Check or read the file and report it."""
    if check_only:
        format_named(format_name).check(path)
        return
    reading = open_reading(path, format_name)
    write_line(page_count=reading.page_count, title=reading.title)
    for page in reading.pages:
        write_line(number=page.number, text=page.text)
        sys.stdout.flush()
    write_line(warnings=reading.warnings)


def main() -> int:
    """Read the arguments, then the file; every failure that Python can see becomes a line."""
    parser = argparse.ArgumentParser(prog="python -m rag.extract")
    parser.add_argument("path", type=Path)
    parser.add_argument("format")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--memory-bytes", type=int, required=True)
    parser.add_argument("--cpu-s", type=int, required=True)
    arguments = parser.parse_args()
    limit_resources(memory_bytes=arguments.memory_bytes, cpu_s=arguments.cpu_s)
    try:
        run(arguments.path, arguments.format, check_only=arguments.check)
    except RagError as error:
        write_line(error=error.code, message=error.message)
    except MemoryError:
        write_line(error="parser_crashed", message="the document needs more memory than a document may have")
    return 0


if __name__ == "__main__":
    sys.exit(main())
