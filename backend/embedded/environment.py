"""The environment of every process of one platform, and the addresses in it."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from backend.embedded.home import REPOSITORY, Home
from backend.embedded.ports import EVERY_ADDRESS, LOOPBACK
from backend.embedded.postgres import database_url
from backend.embedded.redis import redis_url


@dataclass(frozen=True)
class Addresses:
    """Where one platform listens and which services it uses; a URL set by the user replaces the embedded service."""

    host: str
    port: int
    database_url: str
    redis_url: str
    embeds_postgres: bool
    embeds_redis: bool

    @property
    def inference_port(self) -> int:
        return self.port + 1

    @property
    def inference_url(self) -> str:
        return f"http://{LOOPBACK}:{self.inference_port}"

    @property
    def url(self) -> str:
        """What a person on this machine opens in a browser."""
        shown = LOOPBACK if self.host in EVERY_ADDRESS else self.host
        return f"http://[{shown}]:{self.port}" if ":" in shown else f"http://{shown}:{self.port}"


def addresses(home: Home, host: str, port: int, env: Mapping[str, str] = os.environ) -> Addresses:
    given_database, given_redis = env.get("DATABASE_URL", ""), env.get("REDIS_URL", "")
    return Addresses(
        host=host,
        port=port,
        database_url=given_database or database_url(home),
        redis_url=given_redis or redis_url(home),
        embeds_postgres=not given_database,
        embeds_redis=not given_redis,
    )


def environment(home: Home, where: Addresses, env: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The user's environment with what our processes read from it."""
    merged = {
        **env,
        "ATELIER_HOME": str(home.root),
        "ATELIER_HOST": where.host,
        "ATELIER_PORT": str(where.port),
        "ATELIER_PUBLIC_URL": env.get("ATELIER_PUBLIC_URL") or where.url,
        "ATELIER_INFERENCE_URL": where.inference_url,
        "ATELIER_SECRETS_FILE": str(home.secrets_file),
        "ATELIER_METRICS_DIR": str(home.metrics),
        "DATABASE_URL": where.database_url,
        "REDIS_URL": where.redis_url,
        "DJANGO_SETTINGS_MODULE": "backend.config.settings",
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
        # Many arenas are what a threaded Python process mostly wastes memory on.
        "MALLOC_ARENA_MAX": env.get("MALLOC_ARENA_MAX", "2"),
    }
    # Without byte code on disk every start would compile the dependencies again.
    merged.pop("PYTHONDONTWRITEBYTECODE", None)
    return merged


def python(*arguments: str) -> tuple[str, ...]:
    """A command of this interpreter that does not look for modules in the working folder."""
    return (sys.executable, "-P", *arguments)
