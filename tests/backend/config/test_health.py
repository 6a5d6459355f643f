"""Health names the part that is not well, to who signed in, and nothing but the state to anybody else."""

import shutil
from types import SimpleNamespace

import pytest

from backend.config import health
from tests.backend.apps.running import LIVE
from tests.backend.conftest import JsonClient, Person

pytestmark = LIVE


def parts(person: Person) -> dict[str, tuple[bool, str]]:
    response = person.request("GET", "/health")
    return {part["name"]: (part["ok"], part["detail"]) for part in response.json()["processes"]}


def test_migrations_and_the_disk_are_well_here(owner: Person) -> None:
    found = parts(owner)
    assert found["migrations"] == (True, "all are applied")
    assert found["disk"][0] and "MiB are free" in found["disk"][1]


def test_a_migration_that_is_missing_and_a_full_disk_are_said(owner: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = health._migrations_shipped() | {("runs", "9999_of_tomorrow")}
    monkeypatch.setattr(health, "_migrations_shipped", lambda: shipped)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10 * 1024**2))
    found = parts(owner)
    assert not found["migrations"][0] and found["migrations"][1].startswith("1 migrations are not applied")
    assert not found["disk"][0] and found["disk"][1].startswith("only 10 MiB")


def test_nobody_else_hears_what_is_wrong(anonymous: JsonClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=0))
    response = anonymous.get("/api/v1/health")
    assert response.status_code == 503 and set(response.json()) == {"status", "version"}
