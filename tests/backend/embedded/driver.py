"""Runs the real supervisor over small services, as a process of its own: HOME WHAT."""

import os
import sys
from pathlib import Path

from backend.embedded.environment import addresses
from backend.embedded.home import Home, home_locked
from backend.embedded.platform import embedded_services
from backend.embedded.postgres import cluster_ensure, launch_detect
from backend.embedded.process import adopt_orphans
from backend.embedded.service import Service
from backend.embedded.supervisor import Supervisor, publisher

SLEEP = "import time; time.sleep(600)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEP}"
# A grandchild in a session of its own, whose parent then ends: only an adopting supervisor still finds it.
STRAY = (
    "import subprocess, sys, pathlib\n"
    f"stray = subprocess.Popen([sys.executable, '-c', {SLEEP!r}], start_new_session=True)\n"
    "pathlib.Path(sys.argv[1]).write_text(str(stray.pid))\n"
)


def service(name: str, code: str, *arguments: str, **options: object) -> Service:
    return Service(name=name, command=(sys.executable, "-c", code, *arguments), **options)  # type: ignore[arg-type]


def services(home: Home, what: str) -> list[Service]:
    match what:
        case "sleeper":
            return [service("sleeper", SLEEP)]
        case "deaf":
            return [service("deaf", DEAF, stop_timeout_s=0.2)]
        case "stray":
            return [service("stray", STRAY, str(home.run / "stray.pid"), kind="task"), service("sleeper", SLEEP)]
        case "broken-task":
            failing = service("migrate", "raise SystemExit(7)", kind="task")
            return [failing, service("late", SLEEP, after=frozenset({"migrate"}))]
        case _:
            launch = launch_detect()
            cluster_ensure(home, launch)
            stores = embedded_services(home, addresses(home, "127.0.0.1", 8000, env={}), launch, is_durable=False)
            return [*stores, service("client", SLEEP, after=frozenset({"postgres", "redis"}), tier=3)]


def main() -> int:
    home = Home(Path(sys.argv[1]))
    adopt_orphans()
    home.create()
    with home_locked(home):
        publish = publisher(home, addresses(home, "127.0.0.1", 8000, env={}))
        return 0 if Supervisor(services(home, sys.argv[2]), home=home, env=os.environ, publish=publish).run() else 1


if __name__ == "__main__":
    sys.exit(main())
