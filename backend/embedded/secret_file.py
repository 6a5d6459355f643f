"""The secrets of one home, generated once: no two installations share one."""

import base64
import json
import secrets
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from backend.embedded.errors import EmbeddedError
from backend.embedded.files import write_atomically
from backend.embedded.home import Home


@dataclass(frozen=True)
class Secrets:
    """What `secrets.json` holds: Django's key, the Fernet key of stored credentials, and the first visitor's code."""

    secret_key: str
    encryption_key: str
    setup_code: str


def secrets_ensure(home: Home) -> Secrets:
    """Read the secrets of the home, after generating them when there are none."""
    if not home.secrets_file.exists():
        fresh = Secrets(
            secret_key=secrets.token_urlsafe(64),
            encryption_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            setup_code=secrets.token_urlsafe(9),
        )
        write_atomically(home.secrets_file, json.dumps(asdict(fresh), indent=2) + "\n")
    return secrets_read(home)


def secrets_read(home: Home) -> Secrets:
    """Read the secrets of the home; raises EmbeddedError when the file is not what we wrote."""
    try:
        return Secrets(**json.loads(home.secrets_file.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise EmbeddedError(
            f"{str(home.secrets_file)!r} is not readable ({error}): restore it from a backup; "
            "without it, stored provider keys cannot be decrypted"
        ) from error


def main() -> int:
    """`python -m backend.embedded.secret_file HOME`: make the secrets where no supervisor does, in a container."""
    made = secrets_ensure(Home(Path(sys.argv[1]).absolute()))
    print(f"Set-up code for the first visitor: {made.setup_code}")  # noqa: T201 - for the container's log
    return 0


if __name__ == "__main__":
    sys.exit(main())
