"""Limits hold at every door, are counted with the run itself, and say when they are free again."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import AsyncClient

from backend.accounts.models import ApiKey, AuditEntry, Role
from backend.apps.models import App
from backend.apps.services import app_key_create, app_publish
from backend.batches.advancing import batch_advance
from backend.batches.models import Batch, BatchRow
from backend.common.database import in_database
from backend.common.errors import Conflict, TooManyRequests
from backend.common.redis import redis_sync
from backend.limits.counting import limits_used_up, period_end, run_count, run_spend, usage_recount
from backend.limits.models import Limit, LimitUsage
from backend.limits.services import Wanted, limit_create, limits_tend
from backend.runs.models import Run
from backend.runs.ports import Charge
from backend.runs.services import run_cancel
from tests.backend.apps.running import LIVE, MODEL, KeyClient, World, app_published, published, raw_stream
from tests.backend.conftest import Person, person_create
from tests.backend.published.visiting import site_make, visitor_make
from tests.backend.workflows.running import ECHO, app_with
from tests.backend.world import run_create as run_ended

pytestmark = LIVE
ASK = {"inputs": {}, "query": "Who are you?", "user": "ann"}


def limited(person: Person, amount: int | str = 0, metric: str = "runs", **values: Any) -> Limit:
    values = {"scope": "workspace", "period": "month", **values}
    wanted = Wanted(metric=metric, amount=Decimal(amount), **values)
    return limit_create(workspace_id=person.workspace.id, wanted=wanted, actor=person.user)


def used(limit: Limit, subject: str = "") -> Decimal:
    return sum((row.used for row in LimitUsage.objects.filter(limit=limit, subject=subject)), Decimal(0))


async def posted(person: Person, path: str, body: dict[str, object]) -> Any:
    headers = {"Authorization": f"Bearer {person.token}"}
    client = AsyncClient(raise_request_exception=False)
    return await client.post(f"/api/v1{path}", body, content_type="application/json", headers=headers)


async def by_console(person: Person) -> Any:
    app = (await published(person)).app
    return await posted(person, f"/apps/{app.id}/runs", {"inputs": {}, "query": "Hi"})


async def by_chat(person: Person) -> Any:
    return await (await published(person)).post("/chat-messages", ASK)


def workflow_published(person: Person) -> KeyClient:
    app = App.objects.within(person.workspace.id).get(id=app_with(person, ECHO))
    app_publish(app=app, actor=person.user)
    return KeyClient(app, app_key_create(app=app, user=person.user, name="k")[1])


async def by_workflow(person: Person) -> Any:
    client = await in_database(workflow_published, person)
    return await client.post("/workflows/run", {"inputs": {"text": "Hi"}, "user": "ann"})


async def by_openai(person: Person) -> Any:
    body = {"model": "x", "messages": [{"role": "user", "content": "Hi"}]}
    return await (await published(person)).post("/chat/completions", body)


async def by_page(person: Person) -> Any:
    return await (await in_database(lambda: visitor_make(site_make(person)))).ask("Hi")


async def by_assistant(person: Person) -> Any:
    return await posted(person, "/prompts/assists", {"task": "Translate", "model": MODEL})


DOORS = [by_console, by_chat, by_workflow, by_openai, by_page, by_assistant]


@pytest.mark.parametrize("door", DOORS)
async def test_every_door_is_closed_by_a_limit_and_says_when_to_come_back(
    owner: Person, world: World, door: Callable[[Person], Awaitable[Any]]
) -> None:
    limit = await in_database(limited, owner)
    response = await door(owner)
    assert response.status_code == 429, response.content
    assert 0 < int(response["Retry-After"]) <= 31 * 24 * 3600
    assert not await in_database(Run.unscoped.exists)
    assert not world.model.requests
    await in_database(Limit.unscoped.filter(id=limit.id).update, amount=1)
    opened = await door(owner)
    assert opened.status_code == 200, opened.content
    if opened.streaming:
        await raw_stream(opened)
    assert await in_database(used, limit) == 1


async def test_the_service_api_says_it_in_difys_words(owner: Person, world: World) -> None:
    await in_database(limited, owner, 0, "tokens", period="month")
    body = (await by_chat(owner)).json()
    assert (body["code"], body["status"]) == ("too_many_requests", 429)
    assert "the workspace may use 0 tokens a month, and 0 are used" in body["message"]


async def test_a_visitor_is_not_told_what_the_workspace_spends(owner: Person, world: World) -> None:
    await in_database(limited, owner, 0, "cost")
    message = (await by_page(owner)).json()["message"]
    assert "dollars" not in message and "answers again at" in message


async def test_tokens_and_cost_are_counted_when_a_run_ends(owner: Person, world: World) -> None:
    tokens, cost = await in_database(limited, owner, 10**6, "tokens"), await in_database(limited, owner, 9, "cost")
    assert (await by_chat(owner)).status_code == 200
    run = await in_database(Run.unscoped.get)
    assert await in_database(used, tokens) == run.prompt_tokens + run.completion_tokens > 0
    assert await in_database(used, cost) == run.cost > 0


async def test_end_users_are_counted_apart(owner: Person, world: World) -> None:
    client = await published(owner)
    await in_database(lambda: limited(owner, 1, scope="end_user", app_id=client.app.id))
    assert (await client.post("/chat-messages", ASK)).status_code == 200
    assert (await client.post("/chat-messages", ASK)).status_code == 429
    assert (await client.post("/chat-messages", {**ASK, "user": "bob"})).status_code == 200
    other = await published(owner)
    assert (await other.post("/chat-messages", ASK)).status_code == 200


async def test_a_key_and_an_app_have_limits_of_their_own(owner: Person, world: World) -> None:
    def prepare() -> tuple[KeyClient, KeyClient]:
        one, two = app_published(person=owner), app_published(person=owner)
        key = ApiKey.objects.within(owner.workspace.id).get(app=one.app)
        limited(owner, scope="key", key=key)
        limited(owner, scope="app", app_id=two.app.id, period="minute")
        return one, two

    one, two = await in_database(prepare)
    assert (await one.post("/chat-messages", ASK)).status_code == 429
    refused = await two.post("/chat-messages", ASK)
    assert refused.status_code == 429 and int(refused["Retry-After"]) <= 60
    assert (await by_chat(owner)).status_code == 200


def charge_of(person: Person, **values: Any) -> Charge:
    return Charge(workspace_id=person.workspace.id, source="service_api", **values)


async def test_of_many_at_once_no_more_begin_than_are_allowed(owner: Person) -> None:
    limit = await in_database(limited, owner, 5)

    def begin() -> bool:
        try:
            with transaction.atomic():
                run_count(charge_of(owner))
        except TooManyRequests:
            return False
        return True

    begun = await asyncio.gather(*(in_database(begin) for _ in range(20)))
    assert begun.count(True) == 5
    assert await in_database(used, limit) == 5


def test_a_run_that_is_not_stored_is_not_counted(owner: Person) -> None:
    limit = limited(owner, 5)

    def broken() -> None:
        with transaction.atomic():
            run_count(charge_of(owner))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        broken()
    assert used(limit) == 0


def test_a_waiting_run_that_is_cancelled_counts_once(owner: Person) -> None:
    limit = limited(owner, 100, "tokens")
    run = run_ended(app_published(person=owner).app)
    Run.unscoped.filter(id=run.id).update(status="paused", prompt_tokens=7, completion_tokens=1)
    for _ in range(2):
        run_cancel(run=run)
    assert used(limit) == 8


def test_a_new_limit_knows_what_was_used_before_it_and_counts_nothing_twice(owner: Person) -> None:
    app = app_published(person=owner).app
    now = datetime.now(UTC)
    for _ in range(3):
        run_ended(app, prompt_tokens=10, completion_tokens=2, cost="0.5", finished_at=now, end_user="ann")
    old = run_ended(app, prompt_tokens=1000, finished_at=now)
    Run.unscoped.filter(id=old.id).update(
        created_at=datetime(2020, 1, 1, tzinfo=UTC), finished_at=datetime(2020, 1, 1, tzinfo=UTC)
    )
    tokens, runs = limited(owner, 100, "tokens", period="month"), limited(owner, 100, scope="end_user")
    assert (used(tokens), used(runs, "ann")) == (36, 3)
    run_spend(charge_of(owner, app_id=app.id), 5, Decimal(0))
    limits_tend()
    assert used(tokens) == 41, "what was counted and whose run is gone stays counted"
    lost = run_ended(app, prompt_tokens=100, finished_at=now)
    assert lost.prompt_tokens == 100
    limits_tend()
    limits_tend()
    assert used(tokens) == 136 and usage_recount(tokens) == 0


def test_redis_knows_nothing_of_it(owner: Person) -> None:
    limited(owner, 1)
    run_count(charge_of(owner))
    redis_sync().flushdb()
    (found,) = limits_used_up(charge_of(owner))
    assert (found.used, found.amount) == (1, 1)


def test_a_period_ends_by_the_clock_of_utc() -> None:
    now = datetime(2026, 12, 31, 23, 59, 58, tzinfo=UTC)
    assert (
        period_end("minute", now)
        == period_end("day", now)
        == period_end("month", now)
        == datetime(2027, 1, 1, tzinfo=UTC)
    )
    assert period_end("month", datetime(2028, 2, 29, 1, tzinfo=UTC)) == datetime(2028, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(("period", "status"), [("minute", "pending"), ("month", "failed")])
def test_a_table_waits_for_a_limit_that_is_free_again_soon(owner: Person, period: str, status: str) -> None:
    app = app_published("completion", owner, prompt="{{topic}}", variables=[{"name": "topic", "required": True}]).app
    file = SimpleUploadedFile("t.csv", b"topic\ntea\nrain\n", content_type="text/csv")
    batch = owner.client.post(f"/api/v1/apps/{app.id}/batches", {"file": file}).json()
    limit = limited(owner, period=period)
    assert owner.request("POST", f"/apps/{app.id}/batches/{batch['id']}/start").status_code == 200
    batch_advance(uuid.UUID(batch["id"]))
    rows = BatchRow.unscoped.filter(batch_id=batch["id"])
    assert {row.status for row in rows} == {status}
    assert {row.error_code for row in rows} == {"limit_reached" if status == "failed" else ""}
    if status == "pending":
        Limit.unscoped.filter(id=limit.id).update(amount=9)
        batch_advance(uuid.UUID(batch["id"]))
        assert {row.status for row in rows.all()} == {"running"}
        assert Batch.unscoped.get().status == "running"


def test_limits_are_set_read_changed_and_removed(owner: Person, member: Callable[[Role], Person]) -> None:
    app = app_published(person=owner).app
    body = {"scope": "app", "app": str(app.id), "metric": "cost", "period": "month", "amount": "2.50"}
    made = owner.request("POST", "/limits", body)
    assert made.status_code == 201, made.content
    assert (made.json()["amount"], made.json()["used"], made.json()["app"]["name"]) == ("2.5", "0", app.name)
    assert owner.request("POST", "/limits", body).status_code == 409
    address = f"/limits/{made.json()['id']}"
    assert member(Role.EDITOR).request("PATCH", address, {"amount": "3"}).status_code == 403
    assert owner.request("PATCH", address, {"amount": "-1"}).status_code == 400
    assert owner.request("PATCH", address, {"amount": "3"}).json()["amount"] == "3"
    run_spend(charge_of(owner, app_id=app.id), 0, Decimal("1.25"))
    (listed,) = owner.request("GET", f"/limits?app={app.id}").json()["results"]
    assert (listed["used"], listed["subjects"]) == ("1.25", 1)
    assert owner.request("GET", f"/limits?app={uuid.uuid4()}").json()["results"] == []
    assert owner.request("DELETE", address).status_code == 204
    actions = AuditEntry.objects.within(owner.workspace.id).filter(action__startswith="limit.")
    assert [entry.action for entry in actions] == ["limit.deleted", "limit.changed", "limit.created"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"scope": "app"},
        {"scope": "key"},
        {"scope": "workspace", "app": "theirs"},
        {"scope": "app", "app": "theirs"},
        {"scope": "end_user", "app": "theirs"},
        {"scope": "key", "key": "theirs"},
        {"scope": "workspace", "amount": "-1"},
        {"scope": "workspace", "period": "year"},
    ],
)
def test_what_is_no_limit_is_refused_with_the_field(owner: Person, wrong: dict[str, str]) -> None:
    theirs = app_published(person=person_create())
    key = ApiKey.unscoped.get(app=theirs.app)
    ids = {"app": str(theirs.app.id), "key": str(key.id)}
    body = {"metric": "runs", "period": "day", "amount": "1", **wrong}
    body = {name: ids[name] if value == "theirs" else value for name, value in body.items()}
    response = owner.request("POST", "/limits", body)
    assert response.status_code == 400 and response.json()["extra"]["fields"], response.content


def test_use_is_summed_for_today_and_this_month(owner: Person, stranger: Person) -> None:
    app = app_published(person=owner).app
    run_ended(app, prompt_tokens=10, completion_tokens=2, cost="0.25")
    run_ended(app_published(person=stranger).app, prompt_tokens=99)
    day, month = owner.request("GET", "/usage").json()
    assert (day["period"], day["runs"], day["tokens"], day["cost"]) == ("day", 1, 12, "0.25")
    assert (month["period"], month["runs"], month["tokens"]) == ("month", 1, 12)
    assert owner.request("GET", f"/usage?app={uuid.uuid4()}").json()[0]["runs"] == 0
    assert owner.request("GET", "/usage?key=nonsense").status_code == 400


def test_the_same_limit_twice_is_a_conflict_also_without_an_app(owner: Person) -> None:
    limited(owner, 1)
    with pytest.raises(Conflict):
        limited(owner, 2)
