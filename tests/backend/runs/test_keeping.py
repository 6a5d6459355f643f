"""The store of checkpoints: what is kept comes back whole, in order, to its own run and attempt, and once."""

import uuid
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.events import Body, Event, NodeFinished, NodeStarted, TextDelta, ToolCalled, VariableAssigned
from agents.workflow.state import RunState, fold
from backend.accounts.models import Workspace
from backend.runs.journal import row_of
from backend.runs.keeping import events_keep
from backend.runs.lease import LeaseLost, lease_release
from backend.runs.models import Run, RunEvent
from backend.runs.rows import rows_fold
from tests.backend.runs.scripted import claim, run_stored

pytestmark = pytest.mark.django_db(transaction=True)

BODIES = st.one_of(
    st.builds(TextDelta, st.sampled_from(["a", "b", "it:0/a"]), st.text("ab\U0001f600\n\"'\\", min_size=1, max_size=5)),
    st.builds(NodeStarted, st.sampled_from(["a", "b"]), st.just("llm"), st.just("A")),
    st.builds(
        ToolCalled, st.just("a"), st.integers(0, 3), st.text("xy", max_size=2), st.just("t"), st.just({"q": [1]})
    ),
    st.builds(VariableAssigned, st.just("b"), st.just(("conversation", "n")), st.integers()),
    st.builds(NodeFinished, st.just("a"), st.just("llm"), st.dictionaries(st.text("k"), st.integers(-9, 9))),
)


@pytest.fixture
def workspace() -> Workspace:
    return Workspace.objects.create(name="w")


def kept(run: Run) -> list[Body]:
    """Return what the store holds of a run, in its order."""
    return [row_of(record).event.body for record in RunEvent.objects.filter(run=run).order_by("seq")]


def told(bodies: list[Body]) -> RunState:
    """Return what the bodies amount to: adjacent texts may be one row."""
    state = fold(bodies)
    for record in state.nodes.values():
        record.pieces = [record.shown]
    return state


def events_of(bodies: list[Body], first: int = 1) -> list[Event]:
    return [Event(first + number, 1000.5 + number, body) for number, body in enumerate(bodies)]


@given(batches=st.lists(st.lists(BODIES, min_size=1, max_size=6), max_size=4))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_r07_what_is_put_comes_back_in_order_whatever_the_batches(
    workspace: Workspace, batches: list[list[Body]]
) -> None:
    run, other = run_stored(workspace), run_stored(workspace)
    lease, theirs = claim(run), claim(other)
    first = lease.first_seq
    for batch in batches:
        events_keep(lease, rows_fold(events_of(batch, first)))
        first += len(batch)
    events_keep(theirs, rows_fold(events_of([TextDelta("a", "theirs")], theirs.first_seq)))
    whole = [body for batch in batches for body in batch]
    assert told(kept(run)) == told(whole)
    assert kept(other) == [TextDelta("a", "theirs")], "another run's events are its own"
    run.delete()
    assert not RunEvent.objects.filter(run_id=run.id).exists() and kept(other)


def test_r07_a_batch_is_put_once_or_not_at_all(workspace: Workspace) -> None:
    run = run_stored(workspace)
    lease = claim(run)
    batch = events_of([NodeStarted("a", "llm", "A"), NodeFinished("a", "llm", {"text": "x"})], lease.first_seq)
    events_keep(lease, rows_fold(batch))
    before = kept(run)
    with pytest.raises(Exception, match="run_event_once"):
        events_keep(lease, rows_fold([Event(batch[-1].seq + 1, 1.0, TextDelta("b", "new")), batch[0]]))
    assert kept(run) == before, "a batch that meets a number that is taken leaves nothing of itself"


def test_r07_who_lost_the_lease_puts_nothing(workspace: Workspace) -> None:
    run = run_stored(workspace)
    lost = claim(run)
    lease_release(lost)
    holder = claim(run, "other")
    with pytest.raises(LeaseLost):
        events_keep(lost, rows_fold(events_of([TextDelta("a", "late")], lost.first_seq)))
    stranger = replace(holder, token=uuid.uuid4())
    with pytest.raises(LeaseLost):
        events_keep(stranger, rows_fold(events_of([TextDelta("a", "forged")], holder.first_seq)))
    assert kept(run) == []
    events_keep(holder, rows_fold(events_of([TextDelta("a", "mine")], holder.first_seq)))
    assert kept(run) == [TextDelta("a", "mine")] and holder.first_seq > lost.first_seq
