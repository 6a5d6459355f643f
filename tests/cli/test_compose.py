"""docker-compose.yml starts the same processes as `./atelier up`; it cannot be run where there is no engine."""

import re
from typing import Any

import pytest
import yaml

from backend.embedded.environment import addresses
from backend.embedded.home import REPOSITORY, Home
from backend.embedded.platform import platform_services
from backend.embedded.postgres import Launch
from backend.embedded.service import Service

COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
ENTRY_POINT = re.compile(r"-m (\S+)")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Service]:
    home = Home(tmp_path_factory.mktemp("compose"))
    where = addresses(home, "127.0.0.1", 8000, env={})
    return {service.name: service for service in platform_services(home, where, Launch(), migrate=False)}


def test_the_containers_are_the_processes(ours: dict[str, Service]) -> None:
    assert set(COMPOSE["services"]) - {"setup"} == set(ours)


@pytest.mark.parametrize("name", ["worker-runs", "worker-jobs", "beat", "inference"])
def test_a_container_runs_the_same_program_with_the_same_queue(ours: dict[str, Service], name: str) -> None:
    # The interpreter and its own switches come first, and differ.
    theirs, own = (
        " ".join(words[words.index("-m") :]) for words in (COMPOSE["services"][name]["command"], [*ours[name].command])
    )
    assert ENTRY_POINT.findall(theirs) == ENTRY_POINT.findall(own)
    assert ENTRY_POINT.findall(theirs)
    for option in ("-P", "-c", "-Q", "-n"):
        pattern = re.compile(rf" {option} (\S+)")
        assert pattern.findall(theirs) == pattern.findall(own)


def test_the_image_starts_the_same_web_server(ours: dict[str, Service]) -> None:
    last = (REPOSITORY / "Dockerfile").read_text().strip().splitlines()[-1]
    assert last.startswith("CMD")
    for word in ("uvicorn", "backend.config.asgi:application", "--no-access-log"):
        assert word in last
        assert word in ours["web"].command


def test_no_secret_has_a_default() -> None:
    text = (REPOSITORY / "docker-compose.yml").read_text()
    for name in ("POSTGRES_PASSWORD", "ATELIER_INFERENCE_KEY"):
        uses = re.findall(rf"\$\{{{name}([^}}]*)\}}", text)
        assert uses
        assert all(use.startswith(":?") for use in uses)
