"""/metrics: who may read it, what is in it, and that processes count together."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import AsyncClient, Client
from prometheus_client.parser import text_string_to_metric_families

from backend.config import metrics as metrics_module
from backend.config.metrics import StateCollector
from tests.backend.apps.running import LIVE, World, published, raw_stream
from tests.backend.conftest import Person

pytestmark = LIVE
ASK = {"inputs": {}, "query": "Who are you?", "user": "ann"}


@pytest.fixture
def with_token(monkeypatch: pytest.MonkeyPatch) -> str:
    """A token in the settings."""
    environment = django_settings.ENVIRONMENT
    token = "a-token-of-the-scraper"
    changed = replace(environment, metrics_token=token)
    monkeypatch.setattr(django_settings, "ENVIRONMENT", changed)
    return token


def scrape(**extra: Any) -> Any:
    return Client(raise_request_exception=False).get("/metrics", **extra)


def values(text: str) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels, in the order of their names."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    "extra",
    [
        {"REMOTE_ADDR": "192.168.1.9"},
        {"REMOTE_ADDR": ""},
        {"headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"headers": {"Forwarded": "for=127.0.0.1"}},
    ],
)
def test_without_a_token_only_this_machine_reads_and_nobody_through_a_proxy(extra: dict[str, Any]) -> None:
    assert scrape().status_code == 200
    refused = scrape(**extra)
    assert refused.status_code == 403 and b"atelier_" not in refused.content


def test_with_a_token_whoever_has_it_reads_from_anywhere(with_token: str) -> None:
    bearer = {"headers": {"Authorization": f"Bearer {with_token}"}}
    assert scrape(REMOTE_ADDR="192.168.1.9", **bearer).status_code == 200
    for wrong in ({}, {"headers": {"Authorization": "Bearer another"}}, {"headers": {"Authorization": "Basic x"}}):
        assert scrape(**wrong).status_code == 401


async def test_requests_and_runs_are_counted_by_route_door_and_end(owner: Person, world: World) -> None:
    async def read() -> dict[tuple[str, ...], float]:
        return values((await AsyncClient().get("/metrics")).content.decode())

    before = await read()
    client = await published(owner)
    await raw_stream(await client.post("/chat-messages", {**ASK, "response_mode": "streaming"}))
    owner_path = f"/api/v1/apps/{client.app.id}"
    await AsyncClient(raise_request_exception=False).get(owner_path)
    after = await read()

    def grown(*key: str) -> float:
        return after.get(key, 0) - before.get(key, 0)

    assert grown("atelier_runs_begun_total", "service_api") == 1
    assert grown("atelier_runs_ended_total", "service_api", "succeeded") == 1
    assert grown("atelier_run_tokens_total", "completion") == 3
    assert grown("atelier_run_seconds_count") == 1
    assert grown("atelier_http_requests_total", "POST", "/v1/chat-messages", "200") == 1
    assert grown("atelier_http_requests_total", "GET", "/api/v1/apps/<uuid:app_id>", "401") == 1
    assert grown("atelier_http_request_seconds_count", "POST", "/v1/chat-messages") == 1
    assert after["atelier_up", "database"] == after["atelier_up", "redis"] == 1
    assert after["atelier_queue_length", "runs"] == 0 and after["atelier_runs_open", "running"] == 0
    assert after["atelier_db_connections",] >= 1


def test_a_part_that_is_away_is_said_and_the_rest_still_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(metrics_module, "_of_redis", away)
    found = {
        (sample.name, *sample.labels.values()): sample.value
        for family in StateCollector().collect()
        for sample in family.samples
    }
    assert found["atelier_up", "redis"] == 0 and found["atelier_up", "database"] == 1
    assert ("atelier_queue_length", "runs") not in found


COUNTS = """
import os
from backend.common.metrics import TASKS
TASKS.labels("runs.sweep", "success").inc()
if os.fork() == 0:
    TASKS.labels("runs.sweep", "success").inc()
    os.kill(os.getpid(), 9)
os.wait()
"""


def test_processes_count_together_and_a_killed_one_is_not_forgotten(tmp_path: Path) -> None:
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    read = "from backend.common.metrics import counted; from prometheus_client import generate_latest; import sys; "
    read += f"sys.stdout.buffer.write(generate_latest(counted({str(tmp_path)!r})))"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", COUNTS], env=env, check=True)
    text = subprocess.run([sys.executable, "-c", read], env=env, check=True, capture_output=True).stdout
    assert values(text.decode())["atelier_tasks_total", "success", "runs.sweep"] == 4
