"""The secret that opens the server's admin routes: a file in the home that whoever comes first makes."""

import contextlib
import os
import secrets
from pathlib import Path

ADMIN_HEADER = "X-Atelier-Admin"
_FILE = "inference-admin.key"


def admin_secret(home: Path) -> str:
    """Return the secret of this home, readable by its owner alone; makes it when it is missing."""
    path = home / _FILE
    if not path.exists():
        made = path.with_name(f".{_FILE}.{os.getpid()}")
        made.touch(mode=0o600)
        made.write_text(secrets.token_urlsafe(32), encoding="ascii")
        with contextlib.suppress(FileExistsError):
            os.link(made, path)  # whole or not at all, and only once
        made.unlink()
    return _read(path)


def _read(path: Path) -> str:
    found = path.read_text(encoding="ascii").strip()
    if len(found) < 32:
        raise OSError(f"{str(path)!r} is damaged: remove it and start Atelier again.")
    return found
