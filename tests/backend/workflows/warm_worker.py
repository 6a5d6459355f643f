"""Real runs workers for tests that kill them, forked off a process that has imported everything: a restart is quick.

Each line on standard input asks for one more worker; its process id is the answer.
"""

import os
import signal
import sys

import django

django.setup()

from backend.config.celery import app  # noqa: E402 - Django's models must be loaded first
from backend.embedded.process import die_with_parent  # noqa: E402

OPTIONS = ["-Q", "runs", "-P", "threads", "-c", "8", "-l", "warning", "-n", "runs@test"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


def main() -> None:
    """Serve until nobody asks any more."""
    app.loader.import_default_modules()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_parent()
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # Celery greets
            app.worker_main(["worker", *OPTIONS, *QUIET])
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
