"""The processes that make up the platform, and what each of them waits for."""

import hashlib
import signal
from functools import partial
from pathlib import Path

from backend.embedded.environment import Addresses, python
from backend.embedded.home import REPOSITORY, Home
from backend.embedded.ports import EVERY_ADDRESS, LOOPBACK
from backend.embedded.postgres import Launch, postgres_command, postgres_is_ready
from backend.embedded.redis import redis_command, redis_is_ready
from backend.embedded.service import Service, http_answers

CELERY = ("-m", "celery", "-A", "backend.config.celery")
QUIET_WORKER = ("--without-gossip", "--without-mingle", "--loglevel", "WARNING")
MIGRATED_MARKER = "migrated"


def migrations_fingerprint(where: Addresses) -> str:
    """Changes when a migration, a dependency that brings migrations, or the database changes."""
    digest = hashlib.sha256(where.database_url.encode())
    lock = REPOSITORY / "requirements.lock"
    for path in [lock, *sorted((REPOSITORY / "migrations").rglob("*.py"))]:
        digest.update(path.relative_to(REPOSITORY).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def embedded_services(home: Home, where: Addresses, launch: Launch, *, is_durable: bool = True) -> list[Service]:
    """PostgreSQL and Redis, unless the user brings them."""
    services = []
    if where.embeds_postgres:
        services.append(
            Service(
                name="postgres",
                command=postgres_command(home, launch, is_durable=is_durable),
                is_ready=partial(postgres_is_ready, home),
                tier=0,
                # SIGINT ends the clients' sessions and writes a checkpoint; SIGTERM would wait for the clients.
                stop_signal=signal.SIGINT,
                death_signal=signal.SIGINT,
                stop_timeout_s=20,
                user=launch.user,
                url=where.database_url,
            )
        )
    if where.embeds_redis:
        services.append(
            Service(
                name="redis",
                command=redis_command(home),
                is_ready=partial(redis_is_ready, home),
                tier=1,
                death_signal=signal.SIGTERM,
                stop_timeout_s=10,
                url=where.redis_url,
            )
        )
    return services


def django_services(home: Home, where: Addresses, *, migrate: bool) -> list[Service]:
    """Everything that speaks to the database, after the migrations when there are any to apply."""
    stores = frozenset(
        name for name, is_ours in (("postgres", where.embeds_postgres), ("redis", where.embeds_redis)) if is_ours
    )
    after = stores | {"migrate"} if migrate else stores
    worker = partial(Service, after=after, tier=3, stop_timeout_s=6)
    # The server listens on every address then: ask it on this machine's own.
    asked = LOOPBACK if where.host in EVERY_ADDRESS else where.host
    uvicorn = (
        "-m",
        "uvicorn",
        "backend.config.asgi:application",
        "--no-access-log",
        "--timeout-graceful-shutdown",
        "2",
    )
    services = [
        worker(
            name="web",
            command=python(*uvicorn, "--host", where.host, "--port", str(where.port)),
            is_ready=http_answers(asked, where.port, "/api/v1/health", needs_ok=False),
            url=where.url,
        ),
        worker(
            name="worker-runs",
            command=python(
                *CELERY, "worker", "-P", "threads", "-c", "32", "-Q", "runs", "-n", "runs@%h", *QUIET_WORKER
            ),
        ),
        worker(
            name="worker-jobs",
            command=python(*CELERY, "worker", "-P", "prefork", "-c", "1", "-Q", "jobs", "-n", "jobs@%h", *QUIET_WORKER),
        ),
        worker(
            name="beat",
            command=python(
                *CELERY, "beat", "-s", str(home.run / "celerybeat-schedule"), "--loglevel", "WARNING", "--pidfile="
            ),
        ),
    ]
    if migrate:
        command = python("-m", "django", "migrate", "--no-input", "--verbosity", "1")
        services.insert(0, Service(name="migrate", command=command, after=stores, kind="task", tier=3))
    return services


def inference_service(home: Home, where: Addresses) -> Service:
    return Service(
        name="inference",
        command=python(
            "-m", "inference.server", "--host", LOOPBACK, "--port", str(where.inference_port), "--home", str(home.root)
        ),
        is_ready=http_answers(LOOPBACK, where.inference_port, "/health"),
        tier=2,
        url=where.inference_url,
    )


def platform_services(home: Home, where: Addresses, launch: Launch, *, migrate: bool) -> list[Service]:
    """Every process of the platform, in the order in which `status` shows them."""
    return [
        *django_services(home, where, migrate=migrate),
        inference_service(home, where),
        *embedded_services(home, where, launch),
    ]


def migrated_marker(home: Home) -> Path:
    return home.run / MIGRATED_MARKER
