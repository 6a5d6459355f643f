"""`logs`: the last lines of the processes, and what they add while one watches."""

import time
from pathlib import Path

from backend.cli.errors import CommandError
from backend.embedded.home import Home
from backend.embedded.log_files import tail

SHOWN_LINES = 100
POLL_S = 0.3


def log_files(home: Home, process: str | None) -> list[Path]:
    """The log of one process, or of all; raises CommandError for a process that never ran here."""
    found = sorted(home.logs.glob("*.log"))
    if process is None:
        return found
    path = home.log_file(process)
    if path not in found:
        names = ", ".join(p.stem for p in found) or "none: the platform never ran in this home"
        raise CommandError(f"no log of {process!r}; there are: {names}")
    return [path]


def logs(home: Home, process: str | None, *, follow: bool) -> None:
    """Print the end of the logs; with `follow`, go on until Ctrl-C."""
    paths = log_files(home, process)
    width = max((len(path.stem) for path in paths), default=0)

    def show(path: Path, line: str) -> None:
        print(line if process else f"{path.stem:<{width}} | {line}", flush=follow)

    offsets = {path: path.stat().st_size for path in paths}
    for path in paths:
        for line in tail(path, SHOWN_LINES if process else SHOWN_LINES // 5):
            show(path, line)
    while follow:
        time.sleep(POLL_S)
        for path in log_files(home, process):
            size, seen = path.stat().st_size, offsets.get(path, 0)
            if size < seen:
                seen = 0  # rotated: the file was emptied
            if size > seen:
                with open(path, "rb") as stream:
                    stream.seek(seen)
                    data = stream.read(size - seen)
                whole = data.rfind(b"\n") + 1
                for line in data[:whole].decode("utf-8", "replace").splitlines():
                    show(path, line)
                seen += whole
            offsets[path] = seen
