"""`python -m backend.cli`: what `./atelier` runs once the virtual environment is there."""

import signal

# Until the verb begins, Ctrl-C ends the program without a stack trace of half an import.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from backend.cli.app import main  # noqa: E402 - only now, for the reason above

# A polite end unwinds like Ctrl-C does: children are stopped and half-made files removed.
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.default_int_handler)
main()
