"""Reads the environment of a process into one frozen value; knows nothing of Django."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

KNOWN_BAD_KEYS = frozenset({"changeme", "secret", "django-insecure"})
MIN_SECRET_KEY_CHARS = 50


class ConfigurationError(Exception):
    """The environment is not fit to start with; the message says what to set."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The installation's own keys: Django's, the one that encrypts stored secrets, and the set-up code."""

    secret_key: str
    encryption_key: str
    setup_code: str


@dataclass(frozen=True, slots=True)
class Environment:
    """Where a process finds its neighbours."""

    home: Path
    database_url: str
    redis_url: str
    inference_url: str
    inference_key: str
    public_url: str
    bind_host: str
    max_upload_bytes: int
    db_pool_size: int
    trusted_origins: tuple[str, ...]
    allowed_hosts: tuple[str, ...]


def environment_read() -> Environment:
    """Return the environment of this process, with the defaults of a development checkout."""
    get = os.environ.get
    return Environment(
        home=Path(get("ATELIER_HOME", "var")).absolute(),
        database_url=get("DATABASE_URL", ""),
        redis_url=get("REDIS_URL", ""),
        inference_url=get("ATELIER_INFERENCE_URL", "http://127.0.0.1:8001").rstrip("/"),
        inference_key=get("ATELIER_INFERENCE_KEY", ""),
        public_url=get("ATELIER_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
        bind_host=get("ATELIER_HOST", "127.0.0.1"),
        max_upload_bytes=int(get("ATELIER_MAX_UPLOAD_MB", "100")) * 1024 * 1024,
        db_pool_size=int(get("ATELIER_DB_POOL", "12")),
        trusted_origins=tuple(origin for origin in get("ATELIER_TRUSTED_ORIGINS", "").split(",") if origin),
        allowed_hosts=tuple(host for host in get("ATELIER_ALLOWED_HOSTS", "").split(",") if host),
    )


def secrets_read(home: Path) -> Secrets:
    """Return the installation's keys from ATELIER_SECRETS_FILE or `<home>/secrets.json`; refuses weak ones."""
    path = Path(os.environ.get("ATELIER_SECRETS_FILE") or home / "secrets.json")
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise ConfigurationError(f"{str(path)!r} is missing: `./atelier up` makes it") from error
    secret_key = str(data.get("secret_key", ""))
    weak = secret_key.startswith("django-insecure-") or any(bad in secret_key.lower() for bad in KNOWN_BAD_KEYS)
    if weak or len(secret_key) < MIN_SECRET_KEY_CHARS:
        raise ConfigurationError(
            f"the secret_key in {str(path)!r} is known or shorter than {MIN_SECRET_KEY_CHARS} characters: "
            "remove the file on a new installation, or put a random key there"
        )
    if data.get("encryption_key") in (None, "", secret_key):
        raise ConfigurationError(f"{str(path)!r} needs an encryption_key of its own, different from secret_key")
    return Secrets(secret_key, str(data["encryption_key"]), str(data.get("setup_code", "")))
