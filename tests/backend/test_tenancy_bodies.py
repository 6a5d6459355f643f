"""The ids of somebody else's objects open nothing in the body of a request either."""

import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from backend.providers.models import Provider
from tests.backend.attacks import code_of, snapshot
from tests.backend.conftest import JsonClient
from tests.backend.under_attack import files_apart, world
from tests.backend.world import END_USER, World, url_of, world_create

__all__ = ["files_apart", "world"]
# Plain async views ask the database on threads of their own, which see only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


def bodies(ids: dict[str, str], model: str) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield (caller, method, address in the caller's own world, body) with the ids of somebody else's objects."""
    app = "api/v1/apps/<uuid:app_id>"
    embedded = {"id": "smollm2-135m-instruct"}
    yield "console", "PUT", f"{app}/draft", {"model": embedded, "datasets": [ids["dataset_id"]]}
    yield "console", "PUT", f"{app}/draft", {"model": {"id": f"{model}/big"}}
    template = {"name": "t", "dataset": ids["dataset_id"]}
    yield "console", "POST", "api/v1/templates/<str:template_id>/apps", template
    yield "console", "POST", "api/v1/templates/<str:template_id>/apps", {"name": "t", "model": f"{model}/big"}
    yield "console", "POST", "api/v1/datasets", {"name": "n", "embedding_model": f"{model}/vectors"}
    dataset = "api/v1/datasets/<uuid:dataset_id>"
    yield "console", "PATCH", dataset, {"tags": [ids["tag_id"]]}
    yield "console", "PATCH", dataset, {"qa_model": f"{model}/big", "chunk_mode": "qa"}
    yield "console", "POST", f"{dataset}/reembed", {"model": f"{model}/vectors"}
    yield "console", "POST", f"{dataset}/preview", {"document_id": ids["document_id"]}
    yield "console", "POST", f"{dataset}/retrieve", {"query": "q", "rewrite": True, "model": f"{model}/big"}
    watched = {"name": "n", "metric": "runs", "window_minutes": 5, "comparison": "above", "threshold": 1}
    watched |= {"channel": "email", "recipients": ["a@example.org"], "app": ids["app_id"]}
    yield "console", "POST", "api/v1/alerts", watched
    yield "console", "PATCH", "api/v1/alerts/<uuid:alert_id>", {"app": ids["app_id"]}
    allowed = {"metric": "runs", "period": "day", "amount": "1"}
    yield "console", "POST", "api/v1/limits", {**allowed, "scope": "app", "app": ids["app_id"]}
    yield "console", "POST", "api/v1/limits", {**allowed, "scope": "key", "key": ids["app_key_id"]}
    yield "console", "POST", "api/v1/end-user-erasures", {"end_user": END_USER, "app": ids["app_id"]}
    test_set = f"{dataset}/test-sets/<uuid:test_set_id>"
    yield "console", "POST", f"{test_set}/cases", {"question": "q", "chunks": [ids["chunk_id"]]}
    yield "console", "PATCH", f"{test_set}/cases/<uuid:case_id>", {"chunks": [ids["chunk_id"]]}
    yield "console", "POST", f"{test_set}/generate", {"model": f"{model}/big"}
    searched = {"name": "a", "rewrite": True, "model": f"{model}/big"}
    yield "console", "POST", f"{test_set}/evaluations", {"settings": [searched]}
    yield "console", "POST", f"{app}/runs", {"query": "q", "conversation_id": ids["conversation_id"]}
    yield "console", "POST", f"{app}/runs", {"query": "q", "files": [ids["file_id"]]}
    yield "console", "POST", f"{app}/runs", {"query": "q", "run_id": ids["run_id"]}
    cases = "api/v1/test-sets/<uuid:evaluation_set_id>"
    yield "console", "POST", "api/v1/test-sets", {"name": "t", "app_id": ids["app_id"]}
    yield "console", "PATCH", cases, {"app_id": ids["app_id"]}
    written = {"dataset_id": ids["dataset_id"], "count": 1, "model": embedded["id"]}
    yield "console", "POST", f"{cases}/generate", written
    yield "console", "POST", f"{cases}/generate", {**written, "model": f"{model}/big"}
    yield "console", "POST", "api/v1/runs/<uuid:run_id>/test-cases", {"set_id": ids["evaluation_set_id"]}
    judged = {"set_id": ids["evaluation_set_id"], "evaluator_ids": [ids["evaluator_id"]]}
    yield "console", "PUT", f"{app}/gate", judged
    yield "console", "POST", "api/v1/experiments", {"app_id": ids["app_id"], "variants": [{}], **judged}
    judge = {"name": "j", "kind": "judge", "config": {"model": f"{model}/big"}}
    yield "console", "POST", "api/v1/evaluators", judge
    talk = {"query": "q", "inputs": {}, "user": END_USER, "response_mode": "blocking"}
    picture = {"type": "document", "transfer_method": "local_file", "upload_file_id": ids["end_user_file_id"]}
    yield "service", "POST", "v1/chat-messages", {**talk, "conversation_id": ids["conversation_id"]}
    yield "service", "POST", "v1/chat-messages", {**talk, "files": [picture]}


def test_r15_a_foreign_id_in_a_body_answers_like_one_that_does_not_exist(world: World) -> None:
    mine = world_create()
    mine.app.draft = {"model": {"id": "smollm2-135m-instruct"}}
    mine.app.save()
    differing = {}
    nothing = {name: str(uuid.uuid4()) for name in world.ids}
    Provider.objects.within(world.person.workspace.id).update(name="palace")
    pairs = zip(bodies(world.ids, "palace"), bodies(nothing, "nowhere"), strict=True)
    before = snapshot()
    for (caller, method, route, foreign), (_, _, _, unknown) in pairs:
        client = mine.person.client if caller == "console" else JsonClient(mine.app_key)
        answers = [
            client.generic_json(method, url_of(mine, route), data=body, content_type="application/json")
            for body in (foreign, unknown)
        ]
        codes = [(answer.status_code, code_of(answer)) for answer in answers]
        if codes[0] != codes[1] or not 400 <= codes[0][0] < 500:
            differing[f"{method} {route} {foreign}"] = [answer.content[:200] for answer in answers]
    # That an app knows a new end user of its own is no secret of anybody's.
    after = snapshot() | {"service_api_enduser": before["service_api_enduser"]}
    assert not differing and after == before


# Ids that a request's body may carry, by the schema. What is new here needs a line in `bodies`.
KNOWN_BODY_IDS = {
    "node_id",
    "app_id",
    "dataset_id",
    "set_id",
    "evaluator_ids",
    "run_id",
    "conversation_id",
    "files",
    "datasets",
    "dataset",
    "embedding_model",
    "model",
    "document_id",
    "app",
    "key",
}


def test_r15_every_id_in_a_body_is_one_that_the_test_above_knows() -> None:
    schema = SchemaGenerator().get_schema(public=True)
    found: set[str] = set()
    for methods in schema["paths"].values():
        for operation in methods.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                found |= _id_names(content.get("schema", {}), schema["components"]["schemas"], set())
    assert found <= KNOWN_BODY_IDS, found - KNOWN_BODY_IDS


def _id_names(node: Any, components: dict[str, Any], seen: set[str]) -> set[str]:
    if isinstance(node, list):
        return set().union(*(_id_names(item, components, seen) for item in node)) if node else set()
    if not isinstance(node, dict):
        return set()
    if (name := node.get("$ref", "").rpartition("/")[2]) and name not in seen:
        seen.add(name)
        return _id_names(components[name], components, seen)
    names = {
        name
        for name, value in node.get("properties", {}).items()
        if not value.get("readOnly") and (re.search(r"_ids?$", name) or value.get("format") == "uuid")
    }
    return (
        names
        | _id_names(list(node.get("properties", {}).values()), components, seen)
        | _id_names(
            [node.get("items"), *node.get("oneOf", []), *node.get("allOf", []), *node.get("anyOf", [])],
            components,
            seen,
        )
    )
