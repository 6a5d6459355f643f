"""Counting tokens while a prompt is written: exact by our own server, estimated for providers."""

from dataclasses import replace
from typing import Any

from tests.backend.conftest import Person
from tests.backend.providers.conftest import Server
from tests.backend.providers.test_access import connect

EMBEDDED = "smollm2-135m-instruct"


def counted(person: Person, model: str, *texts: str) -> tuple[int, Any]:
    answer = person.request("post", "/token-counts", {"model": model, "texts": list(texts)})
    return answer.status_code, answer.json()


def test_the_models_own_tokenizer_counts(owner: Person, server: Server, settings: Any) -> None:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, inference_url=server.origin, inference_key="")
    assert counted(owner, EMBEDDED, "one two three", "") == (200, {"counts": [3, 0], "is_exact": True})
    assert server.seen[-1][0] == "/tokenize"


def test_a_provider_is_not_asked_and_the_number_is_an_estimate(owner: Person, server: Server) -> None:
    provider = connect(owner, server)
    status, found = counted(owner, f"{provider.name}/big", "one two three")
    assert status == 200 and found["is_exact"] is False and found["counts"][0] > 3
    assert server.seen == []


def test_a_model_that_is_not_there_or_does_not_answer_is_told(owner: Person, settings: Any) -> None:
    assert counted(owner, "gone", "x")[1]["code"] == "model_not_found"
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, inference_url="http://127.0.0.1:9", inference_key="")
    status, found = counted(owner, EMBEDDED, "x")
    assert (status, found["code"]) == (502, "upstream_unreachable")
