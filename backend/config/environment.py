"""Reads the environment of a process into one frozen value; knows nothing of Django."""

import ipaddress
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
    egress_networks: tuple[str, ...]
    hub_endpoint: str
    hub_token: str
    run_max_steps: int
    run_max_tokens: int
    run_max_parallel: int
    metrics_dir: str
    metrics_token: str
    otlp_endpoint: str
    otlp_headers: tuple[tuple[str, str], ...]
    otlp_content: bool
    smtp_host: str
    smtp_port: int
    smtp_user: str
    smtp_password: str
    smtp_security: str
    smtp_from: str
    trusted_proxies: tuple[str, ...]


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
        egress_networks=networks_read(get("ATELIER_EGRESS_NETWORKS", "")),
        hub_endpoint=get("ATELIER_HUB_ENDPOINT", "https://huggingface.co").rstrip("/"),
        hub_token=get("ATELIER_HUB_TOKEN", ""),
        run_max_steps=int(get("ATELIER_RUN_MAX_STEPS", "500")),
        run_max_tokens=int(get("ATELIER_RUN_MAX_TOKENS", "0")),
        run_max_parallel=int(get("ATELIER_RUN_MAX_PARALLEL", "10")),
        metrics_dir=get("ATELIER_METRICS_DIR", ""),
        metrics_token=get("ATELIER_METRICS_TOKEN", ""),
        otlp_endpoint=get("ATELIER_OTLP_ENDPOINT", ""),
        otlp_headers=pairs_read(get("ATELIER_OTLP_HEADERS", "")),
        otlp_content=get("ATELIER_OTLP_CONTENT", "") == "1",
        smtp_host=get("ATELIER_SMTP_HOST", ""),
        smtp_port=int(get("ATELIER_SMTP_PORT", "587")),
        smtp_user=get("ATELIER_SMTP_USER", ""),
        smtp_password=get("ATELIER_SMTP_PASSWORD", ""),
        smtp_security=get("ATELIER_SMTP_SECURITY", "starttls"),
        smtp_from=get("ATELIER_SMTP_FROM", "atelier@localhost"),
        trusted_proxies=networks_read(get("ATELIER_TRUSTED_PROXIES", ""), "ATELIER_TRUSTED_PROXIES"),
    )


def pairs_read(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of `name=value,name=value`; raises `ConfigurationError` for a part that is none."""
    pairs = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if part.strip() and not (equals and name.strip()):
            raise ConfigurationError("ATELIER_OTLP_HEADERS has a part without a name and `=`: write it as name=value")
        if part.strip():
            pairs.append((name.strip(), value.strip()))
    return tuple(pairs)


def networks_read(text: str, name: str = "ATELIER_EGRESS_NETWORKS") -> tuple[str, ...]:
    """Return the networks of a list with commas, as texts; raises `ConfigurationError` for what is none."""
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in found:
        try:
            ipaddress.ip_network(part)
        except ValueError as error:
            raise ConfigurationError(f"{name} has {part!r}: write it as 10.1.0.0/16") from error
    return found


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
