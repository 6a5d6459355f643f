"""How busy the platform's own models are, over HTTP and with a real server on loopback."""

import math
from dataclasses import replace

import pytest
from django.conf import settings as configured

from backend.providers import load
from tests.backend.conftest import Person
from tests.backend.providers.conftest import Server

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_LAST", [(-math.inf, load.ServerLoad(is_reached=False))])


def test_each_model_says_what_it_computes_and_what_waits(owner: Person, server: Server, settings: object) -> None:
    settings.ENVIRONMENT = replace(configured.ENVIRONMENT, inference_url=server.origin, inference_key="k")  # type: ignore[attr-defined]
    server.loads = {"smollm2-135m-instruct": {"active": 2, "queued": 3, "kv_used": 10, "kv_total": 40, "reason": ""}}
    said = owner.request("GET", "/model-load").json()
    assert said["is_reached"] is True
    [busy, other] = said["models"]
    assert busy == {
        "model": "smollm2-135m-instruct", "state": "loaded", "reason": "", "active": 2, "queued": 3,
        "kv_used_tokens": 10, "kv_total_tokens": 40,
    }  # fmt: skip
    assert (other["state"], other["active"]) == ("loading", 0)
    owner.request("GET", "/model-load")
    assert [path for path, _, _ in server.seen] == ["/health"], "the next question is answered from memory"


def test_a_server_out_of_reach_is_no_error(owner: Person, settings: object) -> None:
    settings.ENVIRONMENT = replace(configured.ENVIRONMENT, inference_url="http://127.0.0.1:9")  # type: ignore[attr-defined]
    assert owner.request("GET", "/model-load").json() == {"is_reached": False, "models": []}
