"""Says whether code runs on this machine, and why not: `python -m agents.sandbox [virtual environment for it]`."""

import sys
from pathlib import Path

from agents.sandbox.pool import SandboxPool


def main(arguments: list[str]) -> int:
    """Print the finding; returns 1 when no code runs."""
    pool = SandboxPool(Path(arguments[0]) if arguments else None)
    print(pool.reason_off or f"runs: {pool.what_runs}")
    return 1 if pool.reason_off else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
