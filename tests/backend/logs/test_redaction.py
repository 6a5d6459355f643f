"""With rules set, nothing that is kept of a run holds what they find, while the model is asked the truth."""

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.db import connection

from agents.events import HumanInputGiven, NodeFinished, RunFinished, TextDelta, TextReset, VariableAssigned
from agents.types import FileRef, RunSpec, Turn
from backend.accounts.models import Role, Workspace
from backend.apps.services import app_create
from backend.common.database import in_database
from backend.logs.models import Conversation
from backend.logs.policies import policy_get, redaction_set
from backend.logs.services import conversation_create, feedback_set
from backend.runs.journal import Journal
from backend.runs.lease import lease_claim
from backend.runs.models import Run, RunEvent, RunSource, RunValue
from backend.runs.pauses import event_store
from backend.runs.services import Origin, run_cancel, run_create
from backend.runs.stream import _read_kept
from backend.runs.values import RunValues
from tests.backend.conftest import Person
from tests.backend.runs.scripted import claim, write_all

pytestmark = pytest.mark.django_db(transaction=True)
SECRETS = ("ann@example.org", "4111 1111 1111 1111", "+49 30 1234567", "ZX-90210")
SAID = f"I am {SECRETS[0]}, card {SECRETS[1]}, phone {SECRETS[2]}, number {SECRETS[3]}."


def rules_set(workspace: Workspace) -> None:
    redaction_set(
        workspace_id=workspace.id,
        built_in=["email", "phone", "card"],
        own=[{"name": "number", "pattern": r"ZX-\d{5}"}],
        actor=None,
    )


def everything_stored() -> str:
    """Return every row of every table as text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        names = [name for (name,) in cursor.fetchall()]
        rows = []
        for name in names:
            cursor.execute(f'SELECT row_to_json(t)::text FROM "{name}" AS t')
            rows += [row for (row,) in cursor.fetchall()]
    return "\n".join(rows)


def leaked() -> list[str]:
    stored = everything_stored()
    return [secret for secret in SECRETS if secret in stored or json.dumps(secret)[1:-1] in stored]


def made(workspace: Workspace) -> tuple[RunSpec, Run]:
    app = app_create(workspace_id=workspace.id, user=None, name="A", mode="chat")
    conversation = conversation_create(
        conversation_id=uuid.uuid4(), workspace_id=workspace.id, app_id=app.id, query=SAID, inputs={"about": SAID}
    )
    spec = RunSpec(
        run_id=str(uuid.uuid4()),
        scope=str(workspace.id),
        nodes=(),
        edges=(),
        query=SAID,
        inputs={"about": SAID, "list": [SAID]},
        history=(Turn("user", SAID),),
        instructions=SAID,
        files=(FileRef(str(uuid.uuid4()), f"{SECRETS[0]}.txt", "text/plain", 1),),
        conversation_id=str(conversation.id),
    )
    origin = Origin(workspace_id=workspace.id, source=RunSource.CONSOLE, conversation_id=conversation.id)
    return spec, run_create(spec=spec, origin=origin)


def bodies() -> Iterator[object]:
    for start in range(0, len(SAID), 3):
        yield TextDelta("llm", SAID[start : start + 3])
    yield TextReset("other", SAID)
    yield NodeFinished("llm", "llm", {"text": SAID, "deep": [{"x": SAID}]})
    yield VariableAssigned("llm", ("conversation", "memo"), SAID)


async def test_nothing_that_is_kept_of_a_run_holds_what_was_redacted(owner: Person) -> None:
    await in_database(rules_set, owner.workspace)
    spec, run = await in_database(made, owner.workspace)
    lease = await in_database(claim, run)
    assert lease.spec == spec, "the model is asked what was asked"
    journal = Journal(lease)
    await journal.open()
    await RunValues(spec.run_id, spec.scope).put(json.dumps({"long": SAID}))
    await write_all(journal, lease, list(bodies()))
    await journal.close(keep=True)
    assert await in_database(leaked) == [], "while the run is open"
    listening = await in_database(_read_kept, run.id, 0)
    assert "".join(event.body.text for event in listening if isinstance(event.body, TextDelta)) == SAID

    lease = replace(lease, attempt=1)
    again = Journal(lease)
    past = await again.open()
    finished = [body for body in past if isinstance(body, NodeFinished)]
    assert [body.outputs["text"] for body in finished] == [SAID], "what goes on after a crash goes on with the truth"
    await write_all(again, lease, [RunFinished({"answer": SAID}, {}, 1.0)])
    await again.close(keep=True)
    await in_database(feedback_set, run=run, rating="like", comment=SAID)
    assert await in_database(leaked) == []

    def look() -> tuple[Run, list[RunEvent], list[RunValue], Conversation]:
        events = list(RunEvent.objects.filter(run=run).order_by("seq"))
        return Run.unscoped.get(id=run.id), events, list(RunValue.objects.all()), Conversation.unscoped.get()

    row, events, values, conversation = await in_database(look)
    kept = "I am [redacted:email], card [redacted:card], phone [redacted:phone], number [redacted:number]."
    assert row.outputs == {"answer": kept}
    assert row.query == kept and row.is_redacted and row.sealed is None
    assert not [event for event in events if event.sealed] and not [value for value in values if value.sealed]
    deltas = [event for event in events if event.kind == "text_delta"]
    assert "".join(event.data["text"] for event in deltas) == kept
    assert [sum(event.cuts) for event in deltas] == [len(event.data["text"]) for event in deltas]
    assert conversation.variables in ({}, {"memo": kept}) and conversation.inputs == {"about": kept}


async def test_large_values_are_the_truth_for_the_run_and_redacted_for_its_readers(owner: Person) -> None:
    await in_database(rules_set, owner.workspace)
    spec, _ = await in_database(made, owner.workspace)
    values = RunValues(spec.run_id, spec.scope)
    said = json.dumps({"long": SAID})
    first, second = await values.put(said), await values.put(said)
    assert first == second and await values.get(first) == said
    assert await in_database(leaked) == []


async def test_a_run_that_sleeps_and_is_cancelled_keeps_nothing(owner: Person) -> None:
    await in_database(rules_set, owner.workspace)
    _, run = await in_database(made, owner.workspace)

    def cancel() -> Run:
        event_store(run, HumanInputGiven("ask", "", {"said": SAID}))
        run_cancel(run=run)
        return Run.unscoped.get(id=run.id)

    row = await in_database(cancel)
    assert row.status == "cancelled" and row.sealed is None and row.is_redacted
    assert await in_database(leaked) == []


async def test_without_rules_a_run_is_kept_as_it_was(owner: Person) -> None:
    _, run = await in_database(made, owner.workspace)
    assert run.sealed is None and not run.is_redacted and run.query == SAID
    lease = await in_database(claim, run)
    journal = Journal(lease)
    await journal.open()
    await write_all(journal, lease, [*bodies(), RunFinished({"answer": SAID}, {}, 1.0)])
    await journal.close(keep=True)

    def look() -> tuple[Run, int]:
        return Run.unscoped.get(id=run.id), RunEvent.objects.filter(run=run, sealed__isnull=False).count()

    row, sealed = await in_database(look)
    assert row.outputs == {"answer": SAID} and sealed == 0 and not row.is_redacted


def test_rules_of_one_workspace_touch_no_other(owner: Person, stranger: Person) -> None:
    rules_set(owner.workspace)
    _, run = made(stranger.workspace)
    assert run.query == SAID
    assert lease_claim(run.id, "w") is not None


@pytest.mark.parametrize(
    ("own", "what"),
    [
        ({"name": "a", "pattern": "(("}, "no regular expression"),
        ({"name": "a", "pattern": "x*"}, "the empty text"),
        ({"name": "a", "pattern": r"(a|aa)+$"}, "too long"),
        ({"name": "email", "pattern": "x"}, "no rule's already"),
        ({"name": "A b", "pattern": "x"}, "small letters"),
    ],
)
def test_a_bad_rule_is_refused_with_its_reason(owner: Person, own: dict[str, str], what: str) -> None:
    answer = owner.request("PATCH", "/log-policy", {"redaction": {"built_in": [], "own": [own]}})
    assert answer.status_code == 400 and what in answer.json()["message"], answer.content
    assert policy_get(owner.workspace.id).redaction == {}


def test_the_rules_are_set_tried_and_shown(owner: Person, member: Callable[[Role], Person]) -> None:
    rules = {"built_in": ["email"], "own": [{"name": "number", "pattern": r"ZX-\d{5}"}]}
    tried = owner.request("POST", "/log-policy/trial", {**rules, "text": SAID})
    assert tried.json()["text"].startswith("I am [redacted:email], card 4111") and "ZX-" not in tried.json()["text"]
    assert owner.request("GET", "/log-policy").json()["redaction"] == {"built_in": [], "own": []}
    assert owner.request("PATCH", "/log-policy", {"redaction": rules}).json()["redaction"] == rules
    assert member(Role.VIEWER).request("GET", "/log-policy").json()["redaction"] == rules
