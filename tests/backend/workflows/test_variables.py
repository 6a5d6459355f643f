"""Environment variables with secrets, conversation variables, and values too large for an event."""

import json
import uuid
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from agents.workflow.secrets import MASK
from backend.accounts.models import Role
from backend.apps.models import App, AppVersion
from backend.common.database import in_database
from backend.logs.models import Conversation
from backend.runs.models import Run, RunEvent, RunValue
from tests.agents.fakes import always
from tests.backend.apps.running import LIVE
from tests.backend.conftest import Person, person_create
from tests.backend.workflows.asking import asking_nodes
from tests.backend.workflows.running import (
    GraphWorld,
    app_with,
    draft,
    draft_put,
    end,
    get,
    llm,
    made,
    node,
    run_of,
    start,
)

__all__ = ["asking_nodes"]
pytestmark = LIVE
CANARY = "CANARY-4711-of-the-environment"


def secret_draft(value: object = CANARY, name: str = "TOKEN", **more: Any) -> dict[str, Any]:
    variables = [
        {"id": "v1", "name": name, "value_type": "secret", "value": value},
        {"id": "v2", "name": "LIMIT", "value_type": "number", "value": "7"},
    ]
    nodes = [start(), llm("llm", f"{{{{#env.{name}#}}}} up to {{{{#env.LIMIT#}}}}"), end(text="llm.text")]
    return draft(nodes, ["start > llm", "llm > end"], environment_variables=variables, **more)


def shown_value(owner: Person, app_id: str) -> Any:
    return owner.request("get", f"/apps/{app_id}/draft").json()["environment_variables"][0]["value"]


def database_text() -> str:
    """Return every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            found += [row[0] for row in cursor.fetchall()]
    return "\n".join(found)


async def test_r19_a_secret_reaches_the_model_and_nothing_else(owner: Person, graph_world: GraphWorld) -> None:
    app_id = await made(owner, secret_draft())
    ran = await run_of(owner, app_id)
    assert graph_world.model.last_messages[-1].content == f"{CANARY} up to 7"
    assert CANARY not in json.dumps(ran.events)

    def read() -> list[Any]:
        published = owner.request("post", f"/apps/{app_id}/publish", {})
        pages = [
            owner.request("get", path)
            for path in (f"/apps/{app_id}/draft", f"/apps/{app_id}/versions", f"/runs/{ran.run_id}", "/runs")
        ]
        return [page.content.decode() for page in (published, *pages)] + [database_text()]

    assert not [page[:200] for page in await in_database(read) if CANARY in page]


async def test_a_secret_that_a_model_repeats_is_masked_in_what_is_told(owner: Person, graph_world: GraphWorld) -> None:
    graph_world.model.script = always(f"Your token is {CANARY} indeed.")
    ran = await run_of(owner, await made(owner, secret_draft()))
    assert not [event for event in ran.events if CANARY in json.dumps(event)]
    assert CANARY not in await in_database(database_text)


def test_a_secret_is_kept_when_the_mask_comes_back_and_replaced_when_it_does_not(owner: Person) -> None:
    app_id = app_with(owner, secret_draft())
    assert shown_value(owner, app_id) == MASK
    stored = App.unscoped.get(id=app_id).draft_secrets
    for value in (MASK, None):
        answer = draft_put(owner, app_id, secret_draft(value))
        assert answer.json()["environment_variables"][0]["value"] == MASK
        assert App.unscoped.get(id=app_id).draft_secrets == stored
    renamed = draft_put(owner, app_id, secret_draft(MASK, name="KEY"))
    assert renamed.json()["environment_variables"][0]["value"] == MASK
    assert App.unscoped.get(id=app_id).draft_secrets == {"KEY": stored["TOKEN"]}
    draft_put(owner, app_id, secret_draft("another secret", name="KEY"))
    assert App.unscoped.get(id=app_id).draft_secrets["KEY"] != stored["TOKEN"]
    draft_put(owner, app_id, secret_draft("", name="KEY"))
    assert (shown_value(owner, app_id), App.unscoped.get(id=app_id).draft_secrets) == ("", {})


def test_a_new_variable_does_not_take_the_secret_of_another_apps_variable(owner: Person) -> None:
    app_with(owner, secret_draft())
    other = app_with(owner, secret_draft(MASK))
    assert (shown_value(owner, other), App.unscoped.get(id=other).draft_secrets) == ("", {})


def test_a_version_fixes_its_secrets_and_a_changed_secret_is_a_change(owner: Person) -> None:
    app_id = app_with(owner, secret_draft())
    owner.request("post", f"/apps/{app_id}/publish", {})
    first = AppVersion.unscoped.get(app_id=app_id)
    assert owner.request("post", f"/apps/{app_id}/publish", {}).status_code == 200
    draft_put(owner, app_id, secret_draft("another secret"))
    assert owner.request("get", f"/apps/{app_id}").json()["has_unpublished_changes"] is True
    assert owner.request("post", f"/apps/{app_id}/publish", {}).status_code == 201
    second = AppVersion.unscoped.get(app_id=app_id, number=2)
    assert first.secrets and first.secrets != second.secrets
    owner.request("post", f"/apps/{app_id}/versions/1/restore", {})
    assert App.unscoped.get(id=app_id).draft_secrets == first.secrets


def test_what_a_graph_reads_of_its_variables_must_be_declared(owner: Person) -> None:
    content = secret_draft() | {"environment_variables": []}
    answer = draft_put(owner, app_with(owner), content)
    (first, second) = answer.json()["extra"]["errors"]
    assert first["node_id"] == second["node_id"] == "llm" and "env.TOKEN" in first["message"] + second["message"]


def memory_draft(kind: str = "string", value: Any = "nothing") -> dict[str, Any]:
    variables = [{"name": "name", "value_type": kind, "value": value}, {"name": "count", "value_type": "number"}]
    answer = node("answer", "answer", {"answer": "{{#conversation.name#}}/{{#conversation.count#}}"})
    nodes = [start(), node("keep", "test-give", {"value": "sys.query", "assigns": "name"}), answer]
    return draft(nodes, ["start > answer", "answer > keep"], conversation_variables=variables)


async def test_a_conversation_remembers_what_its_runs_assigned(
    owner: Person, graph_world: GraphWorld, asking_nodes: None
) -> None:
    app_id = await made(owner, memory_draft(), mode="chatflow")
    first = await run_of(owner, app_id, {"query": "Ann"})
    assert first.outputs["answer"] == "nothing/0"
    conversation = first.events[0][1]["conversation_id"]
    again = await run_of(owner, app_id, {"query": "Bob", "conversation_id": conversation})
    assert again.outputs["answer"] == "Ann/0"
    stored = await in_database(Conversation.unscoped.get, id=conversation)
    assert stored.variables == {"name": "Bob"}
    fresh = await run_of(owner, app_id, {"query": "Eve"})
    assert fresh.outputs["answer"] == "nothing/0"


async def test_a_remembered_value_of_another_type_gives_way_to_how_the_variable_begins(
    owner: Person, graph_world: GraphWorld, asking_nodes: None
) -> None:
    app_id = await made(owner, memory_draft(), mode="chatflow")
    first = await run_of(owner, app_id, {"query": "Ann"})
    conversation = first.events[0][1]["conversation_id"]
    await in_database(draft_put, owner, app_id, memory_draft("array[string]", ["a"]))
    again = await run_of(owner, app_id, {"query": "Bob", "conversation_id": conversation})
    assert again.outputs["answer"] == '["a"]/0'


BIG = "0123456789" * 10_000


async def test_a_large_value_is_stored_once_and_read_whole(
    owner: Person, graph_world: GraphWorld, asking_nodes: None
) -> None:
    nodes = [
        start(),
        node("big", "test-give", {"value": "0123456789", "size": 10_000}),
        node("same", "test-give", {"value": "big.text"}),
        end(text="same.text"),
    ]
    app_id = await made(owner, draft(nodes, ["start > big", "big > same", "same > end"]))
    ran = await run_of(owner, app_id)
    finished = {data["node_id"]: data["outputs"] for data in ran.of("node_finished")}
    reference = finished["big"]["text"]
    assert reference == finished["same"]["text"] and len(json.dumps(reference)) < 1000
    assert reference["preview"].startswith("0123456789")
    path = f"/runs/{ran.run_id}/values/{reference['$value']}"
    assert (await get(owner, path))["value"] == BIG
    assert await in_database(RunValue.objects.filter(run_id=ran.run_id).count) == 1
    inside = RunEvent.objects.exclude(kind="run_finished")  # the result itself is told whole
    assert max(await in_database(lambda: [len(json.dumps(row.data)) for row in inside])) < 5_000
    assert ran.outputs == {"text": BIG}
    stranger = await in_database(person_create, Role.OWNER)
    for person, address in ((stranger, path), (owner, f"/runs/{ran.run_id}/values/{uuid.uuid4()}")):
        assert (await in_database(person.request, "get", address)).status_code == 404


async def test_a_runs_outputs_say_where_a_large_one_is(
    owner: Person, graph_world: GraphWorld, asking_nodes: None
) -> None:
    nodes = [start(), node("big", "test-give", {"value": "0123456789", "size": 10_000}), end(text="big.text")]
    ran = await run_of(owner, await made(owner, draft(nodes, ["start > big", "big > end"])))
    stored = await in_database(Run.unscoped.get, id=ran.run_id)
    assert stored.outputs == ran.outputs


@pytest.mark.parametrize("limit", ["steps", "tokens"])
async def test_a_run_stays_within_its_limits(
    owner: Person, graph_world: GraphWorld, settings: Any, asking_nodes: None, limit: str
) -> None:
    bound = {"max_steps": 2} if limit == "steps" else {"max_tokens": 3}
    settings.RUN_LIMITS = replace(settings.RUN_LIMITS, **bound)
    nodes = [start(), llm("llm", "Say something."), end(text="llm.text")]
    ran = await run_of(owner, await made(owner, draft(nodes, ["start > llm", "llm > end"])))
    kind, data = ran.last
    assert (kind, data["code"]) == ("run_failed", f"too_many_{limit}")


@pytest.mark.parametrize("odd", ["nul", "half a pair"])
async def test_text_that_no_database_keeps_is_mended_and_the_run_ends_well(
    owner: Person, graph_world: GraphWorld, asking_nodes: None, odd: str
) -> None:
    give = node("give", "test-give", {"value": odd, "assigns": "name"})
    nodes = [start(), give, node("answer", "answer", {"answer": "<{{#give.text#}}>"})]
    content = draft(nodes, ["start > give", "give > answer"], conversation_variables=[{"name": "name"}])
    app_id = await made(owner, content, mode="chatflow")
    ran = await run_of(owner, app_id, {"query": "hi"})
    assert ran.outputs == {"answer": "<a\ufffdb>"}
    stored = await in_database(Conversation.unscoped.get)
    assert stored.variables == {"name": "a\ufffdb"}
