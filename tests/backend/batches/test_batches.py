"""An app over a table: uploaded, matched, run row by row, and its results read."""

import csv
import io
import time
from decimal import Decimal
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncClient

from backend.accounts.models import AuditEntry, Role
from backend.apps.services import app_publish, draft_put
from backend.batches import tasks
from backend.batches.advancing import batch_advance
from backend.batches.models import Batch, BatchRow
from backend.common.database import in_database
from backend.common.redis import redis_sync
from backend.runs.models import Run
from backend.runs.services import run_cancel
from tests.agents.fakes import Reply
from tests.backend.apps.running import LIVE, MODEL, World, app_published
from tests.backend.conftest import Person, person_create
from tests.backend.workflows.running import draft as graph
from tests.backend.workflows.running import end, start

pytestmark = LIVE
VARIABLES = [
    {"name": "topic", "required": True},
    {"name": "tone", "type": "select", "options": ["dry", "warm"], "default": "dry"},
    {"name": "short", "type": "checkbox"},
]
TABLE = "topic,tone,short,note\ntea,warm,yes,n1\ncoffee,,no,n2\nrain,dry,,n3\n"
PATIENCE_S = 30


def made(person: Person, mode: str = "completion", **draft: Any) -> str:
    """Publish an app; return its address."""
    values = {"prompt": "Write a {{tone}} poem about {{topic}}.", "variables": VARIABLES, **draft}
    return f"/apps/{app_published(mode, person, **values).app.id}"


def upload(person: Person, path: str, table: str | bytes = TABLE, **fields: Any) -> Any:
    data = table.encode() if isinstance(table, str) else table
    file = SimpleUploadedFile("poems.csv", data, content_type="text/csv")
    return person.client.post(f"/api/v1{path}/batches", {"file": file, **fields})


def uploaded(person: Person, path: str, table: str | bytes = TABLE, **fields: Any) -> str:
    """Return the address of a new table."""
    response = upload(person, path, table, **fields)
    assert response.status_code == 201, response.content
    return f"{path}/batches/{response.json()['id']}"


def act(person: Person, address: str, action: str) -> Any:
    response = person.request("POST", f"{address}/{action}")
    assert response.status_code == 200, response.content
    return response.json()


def until(person: Person, address: str, status: str = "finished") -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        body = person.request("GET", address).json()
        if body["status"] == status and (status != "cancelled" or body["finished_at"]):
            return body
        assert time.monotonic() < deadline, body
        time.sleep(0.02)


def rows(person: Person, address: str, query: str = "") -> list[Any]:
    return list(person.request("GET", f"{address}/rows{query}").json()["results"])


def results(person: Person, address: str) -> list[dict[str, str]]:
    response = person.request("GET", f"{address}/results")
    text = async_to_sync(_body)(response).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


async def _body(response: Any) -> bytes:
    return b"".join([piece async for piece in response.streaming_content])


def says_what_it_was_asked(request: Any) -> Reply:
    return Reply("=" + request.messages[-1].content)


def test_a_table_runs_row_by_row_and_its_results_are_a_table_again(owner: Person, world: World) -> None:
    world.model.script = says_what_it_was_asked
    address = uploaded(owner, made(owner))
    body = owner.request("GET", address).json()
    assert (body["status"], body["app_version"], body["progress"]["total"]) == ("ready", 1, 3)
    assert body["mapping"] == {"topic": "topic", "tone": "tone", "short": "short"}
    assert (body["missing_inputs"], body["unknown_columns"]) == ([], ["note"])
    assert body["preview"][0] == ["tea", "warm", "yes", "n1"]
    assert not world.model.requests, "nothing runs before the start"

    act(owner, address, "start")
    done = until(owner, address)
    assert (done["progress"]["succeeded"], done["progress"]["failed"]) == (3, 0)
    table = results(owner, address)
    assert [row["topic"] for row in table] == ["tea", "coffee", "rain"]
    assert [row["note"] for row in table] == ["n1", "n2", "n3"]
    assert table[1]["answer"] == "'=Write a dry poem about coffee.", "a formula is guarded"
    assert {row["status"] for row in table} == {"succeeded"}
    runs = Run.objects.within(owner.workspace.id).filter(source="batch")
    assert {row["run_id"] for row in table} == {str(run.id) for run in runs}
    assert {(run.spec["priority"], run.app_version, run.user_id) for run in runs} == {("batch", 1, owner.user.id)}
    assert {run.inputs["short"] for run in runs if run.inputs["topic"] == "tea"} == {True}
    spent = sum(run.prompt_tokens for run in runs)
    assert (done["progress"]["prompt_tokens"], done["progress"]["prompt_tokens"] > 0) == (spent, True)
    assert Decimal(done["progress"]["cost"]) == sum(run.cost for run in runs)
    actions = AuditEntry.objects.within(owner.workspace.id).values_list("action", flat=True)
    assert {"batch.created", "batch.started"} <= set(actions)


def test_no_more_rows_run_at_once_than_were_allowed(owner: Person, world: World) -> None:
    seen: list[int] = []

    def script(request: Any) -> Reply:
        seen.append(world.model.open_streams)
        return Reply("yes")

    world.model.script = script
    table = "topic\n" + "".join(f"t{n}\n" for n in range(12))
    address = uploaded(owner, made(owner), table)
    owner.request("PATCH", address, {"at_once": 3})
    act(owner, address, "start")
    assert until(owner, address)["progress"]["succeeded"] == 12
    assert len(seen) == 12 and max(seen) <= 3
    assert owner.request("PATCH", address, {"at_once": 9}).status_code == 400


def test_a_chat_answers_the_column_query_and_keeps_no_conversation(owner: Person, world: World) -> None:
    path = made(owner, "chat", prompt="Be {{tone}}.", variables=VARIABLES[1:])
    address = uploaded(owner, path, "Query;tone\nWho?;dry\nWhy?;warm\n")
    assert owner.request("GET", address).json()["mapping"] == {"query": "Query", "tone": "tone"}
    act(owner, address, "start")
    until(owner, address)
    asked = sorted(request.messages[-1].content for request in world.model.requests)
    assert asked == ["Who?", "Why?"]
    assert owner.request("GET", f"{path}/conversations").json()["results"] == []


def test_a_workflow_gives_each_output_a_column(owner: Person, world: World) -> None:
    app = owner.request("POST", "/apps", {"name": "w", "mode": "workflow"}).json()
    path = f"/apps/{app['id']}"
    data = graph(
        [start("a"), end(x="start.a", y="start.a")],
        ["start > end"],
    )
    assert owner.request("PUT", f"{path}/draft", data).status_code == 200
    address = uploaded(owner, path, "a,status\none,keep\ntwo,me\n")
    act(owner, address, "start")
    until(owner, address)
    table = results(owner, address)
    assert [(row["a"], row["x"], row["y"], row["status"], row["run_status"]) for row in table] == [
        ("one", "one", "one", "keep", "succeeded"),
        ("two", "two", "two", "me", "succeeded"),
    ]


def test_the_tables_of_all_apps_stand_in_one_list(owner: Person, world: World) -> None:
    addresses = [uploaded(owner, made(owner)) for _ in range(2)]
    listed = owner.request("GET", "/batches").json()["results"]
    assert [f"/apps/{one['app_id']}/batches/{one['id']}" for one in listed] == addresses[::-1]
    assert {(one["status"], one["progress"]["pending"]) for one in listed} == {("ready", 3)}
    assert person_create().request("GET", "/batches").json()["results"] == []


def test_a_missing_column_is_named_before_anything_runs(owner: Person, world: World) -> None:
    path = made(owner)
    address = uploaded(owner, path, "subject,tone\ntea,dry\n")
    body = owner.request("GET", address).json()
    assert (body["missing_inputs"], body["unknown_columns"]) == (["topic"], ["subject"])
    refused = owner.request("POST", f"{address}/start")
    assert (refused.status_code, refused.json()["code"]) == (400, "missing_columns")
    assert "'topic'" in refused.json()["message"] and "'subject'" in refused.json()["message"]
    at_once = upload(owner, path, "subject\ntea\n", start="true")
    assert (at_once.status_code, at_once.json()["code"]) == (400, "missing_columns")
    assert Batch.objects.within(owner.workspace.id).count() == 1, "what cannot start at once is not kept"
    assert owner.request("PATCH", address, {"mapping": {"topic": "subject"}}).status_code == 200
    act(owner, address, "start")
    assert until(owner, address)["progress"]["succeeded"] == 1


@pytest.mark.parametrize("mapping", [{"nobody": "subject"}, {"topic": "nowhere"}])
def test_a_mapping_of_what_is_not_there_is_refused(owner: Person, world: World, mapping: dict[str, str]) -> None:
    address = uploaded(owner, made(owner), "subject\ntea\n")
    refused = owner.request("PATCH", address, {"mapping": mapping})
    assert refused.status_code == 400 and f"mapping.{next(iter(mapping))}" in refused.json()["extra"]["fields"]


def test_wrong_rows_fail_alone_and_are_run_again_alone(owner: Person, world: World) -> None:
    def script(request: Any) -> Reply:
        is_bad = "coffee" in request.messages[-1].content and len(world.model.requests) <= 2
        return Reply("", error=ValueError("spilt")) if is_bad else Reply("fine")

    world.model.script = script
    table = "topic,tone\ntea,warm\nmud,loud\ncoffee,dry\n,dry\n"
    address = uploaded(owner, made(owner), table)
    act(owner, address, "start")
    done = until(owner, address)
    assert (done["progress"]["succeeded"], done["progress"]["failed"]) == (1, 3)
    failed = {row["number"]: row for row in rows(owner, address, "?status=failed")}
    assert set(failed) == {2, 3, 4}
    assert failed[2]["run_id"] is None and "loud" in failed[2]["error"]["message"]
    assert failed[3]["run_id"] is not None
    first = rows(owner, address)[0]["run_id"]
    act(owner, address, "retry")
    done = until(owner, address)
    assert (done["progress"]["succeeded"], done["progress"]["failed"]) == (2, 2)
    again = rows(owner, address)
    assert [row["attempts"] for row in again] == [1, 2, 2, 2]
    assert again[0]["run_id"] == first, "what succeeded does not run again"


def test_a_paused_table_begins_nothing_and_goes_on_where_it_was(owner: Person, world: World) -> None:
    address = uploaded(owner, made(owner))
    batch_id = address.rpartition("/")[2]
    owner.request("PATCH", address, {"at_once": 1})
    Batch.unscoped.filter(id=batch_id).update(status="paused")
    assert owner.request("POST", f"{address}/start").status_code == 409
    Batch.unscoped.filter(id=batch_id).update(status="ready")
    act(owner, address, "start")
    act(owner, address, "pause")
    begun = BatchRow.unscoped.exclude(status="pending").count()
    assert begun < 3
    deadline = time.monotonic() + PATIENCE_S
    while owner.request("GET", address).json()["progress"]["running"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    tasks.sweep()
    assert BatchRow.unscoped.exclude(status="pending").count() <= begun + 1
    assert owner.request("DELETE", address).status_code == 409
    act(owner, address, "resume")
    assert until(owner, address)["progress"]["succeeded"] == 3
    assert len(world.model.requests) == 3


def test_a_cancelled_table_ends_its_runs_and_can_be_taken_up_again(owner: Person, world: World) -> None:
    world.model.script = lambda request: Reply("slow", blocks=True)
    address = uploaded(owner, made(owner))
    act(owner, address, "start")
    deadline = time.monotonic() + PATIENCE_S
    while world.model.open_streams < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    act(owner, address, "cancel")
    done = until(owner, address, "cancelled")
    assert done["progress"]["cancelled"] == 3 and world.model.open_streams == 0
    assert set(Run.unscoped.values_list("status", flat=True)) == {"cancelled"}
    world.model.script = lambda request: Reply("fine")
    act(owner, address, "retry")
    assert until(owner, address)["progress"]["succeeded"] == 3


def test_a_table_runs_the_draft_as_it_was_at_the_start(owner: Person, world: World) -> None:
    client = app_published("completion", owner, prompt="Old {{topic}}", variables=VARIABLES)
    address = uploaded(owner, f"/apps/{client.app.id}", version="draft")
    assert owner.request("GET", address).json()["app_version"] is None
    Batch.unscoped.update(at_once=1)
    act(owner, address, "start")
    act(owner, address, "pause")
    draft_put(app=client.app, data={"model": {"id": MODEL}, "prompt": "New {{topic}}", "variables": VARIABLES})
    act(owner, address, "resume")
    until(owner, address)
    assert {request.messages[-1].content.split()[0] for request in world.model.requests} == {"Old"}


def test_other_versions_may_ask_for_other_columns(owner: Person, world: World) -> None:
    client = app_published("completion", owner, prompt="{{topic}}", variables=VARIABLES)
    path = f"/apps/{client.app.id}"
    other = [{"name": "subject", "required": True}]
    draft_put(app=client.app, data={"model": {"id": MODEL}, "prompt": "{{subject}}", "variables": other})
    app_publish(app=client.app, actor=owner.user)
    address = uploaded(owner, path, "topic,subject\na,b\n", version="1")
    assert owner.request("GET", address).json()["mapping"] == {"topic": "topic"}
    changed = owner.request("PATCH", address, {"app_version": 2}).json()
    assert (changed["mapping"], changed["unknown_columns"]) == ({"subject": "subject"}, ["topic"])
    assert owner.request("PATCH", address, {"app_version": 7}).status_code == 404
    assert upload(owner, path, version="seven").status_code == 400


def test_nobody_begins_a_row_twice_however_often_a_table_is_moved_on(owner: Person, world: World) -> None:
    world.model.script = lambda request: Reply("slow", blocks=True)
    address = uploaded(owner, made(owner))
    act(owner, address, "start")
    for _ in range(5):
        batch_advance(Batch.unscoped.get().id)
        tasks.sweep()
    assert Run.unscoped.count() == 2
    for run in Run.unscoped.all():
        run_cancel(run=run)
    act(owner, address, "cancel")
    until(owner, address, "cancelled")


def test_an_end_that_nobody_heard_is_found_by_the_sweep(owner: Person, world: World) -> None:
    address = uploaded(owner, made(owner), "topic\ntea\n")
    act(owner, address, "start")
    until(owner, address)
    Batch.unscoped.update(status="running", finished_at=None)
    BatchRow.unscoped.update(status="running", outputs={})
    tasks.sweep()
    assert owner.request("GET", address).json()["status"] == "finished"
    assert rows(owner, address)[0]["outputs"] == {"answer": "Hello there, friend."}


def test_a_lost_message_of_a_run_is_sent_again(owner: Person, world: World) -> None:
    """The row is the truth: without a broker, a table starts all the same."""
    address = uploaded(owner, made(owner), "topic\ntea\n")
    redis_sync().flushdb()
    act(owner, address, "start")
    assert until(owner, address)["progress"]["succeeded"] == 1


def test_a_viewer_sees_and_downloads_and_changes_nothing(owner: Person, world: World) -> None:
    viewer = person_create(Role.VIEWER, owner.workspace)
    path = made(owner)
    address = uploaded(owner, path)
    assert viewer.request("GET", address).status_code == 200
    assert viewer.request("GET", f"{address}/rows").status_code == 200
    assert viewer.request("GET", f"{address}/results").status_code == 200
    for action in ("start", "pause", "resume", "cancel", "retry"):
        assert viewer.request("POST", f"{address}/{action}").status_code == 403
    assert viewer.request("DELETE", address).status_code == 403
    assert viewer.request("PATCH", address, {"name": "x"}).status_code == 403
    assert upload(viewer, path).status_code == 403


def test_a_table_of_another_workspace_or_app_is_not_there(owner: Person, stranger: Person, world: World) -> None:
    path = made(owner)
    address = uploaded(owner, path)
    theirs, other = made(stranger), made(owner)
    for person, place in ((stranger, path), (stranger, theirs), (owner, other)):
        found = f"{place}/batches/{address.rpartition('/')[2]}"
        for method, end_of in (("GET", ""), ("GET", "/rows"), ("GET", "/results"), ("POST", "/start"), ("DELETE", "")):
            assert person.request(method, found + end_of).status_code == 404, (method, end_of)
    assert upload(stranger, path).status_code == 404
    assert owner.request("GET", address).json()["status"] == "ready"


def test_what_is_no_table_is_refused_and_nothing_is_kept(owner: Person, world: World) -> None:
    path = made(owner)
    assert upload(owner, path, b"topic\n").status_code == 400
    assert upload(owner, path, b"x" * (5 * 1024 * 1024 + 1)).status_code == 413
    many = upload(owner, path, b"topic\n" + b"x\n" * 10_001)
    assert (many.status_code, many.json()["code"]) == (400, "too_many_rows")
    assert owner.client.post(f"/api/v1{path}/batches", {}).status_code == 400
    assert Batch.unscoped.count() == 0


async def test_the_template_has_a_column_for_each_input(owner: Person, world: World) -> None:
    path = await in_database(made, owner, "chat", prompt="{{tone}}", variables=VARIABLES[1:])
    headers = {"Authorization": f"Bearer {owner.token}"}
    response = await AsyncClient().get(f"/api/v1{path}/batches/template", headers=headers)
    assert response.status_code == 200
    assert "attachment" in response.headers["Content-Disposition"]
    text = (await _body(response)).decode("utf-8-sig")
    assert text == "query,tone,short\r\n"


def test_tables_are_listed_with_their_progress(owner: Person, world: World) -> None:
    path = made(owner)
    address = uploaded(owner, path)
    act(owner, address, "start")
    until(owner, address)
    uploaded(owner, path)
    listed = owner.request("GET", f"{path}/batches").json()["results"]
    assert [(item["status"], item["progress"]["succeeded"]) for item in listed] == [("ready", 0), ("finished", 3)]
    assert owner.request("DELETE", address).status_code == 204
    assert Run.unscoped.count() == 3, "the runs stay in the logs"
