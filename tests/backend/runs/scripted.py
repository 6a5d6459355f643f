"""Runs made by hand: a stored run, and a journal that writes a script of events."""

import asyncio
import uuid
from collections.abc import Callable, Sequence

from agents.events import Body, RunFinished, TextDelta
from agents.types import EdgeSpec, NodeSpec, RunSpec
from backend.accounts.models import Workspace
from backend.common.database import in_database
from backend.runs.execution import Progress, _finish
from backend.runs.journal import Journal
from backend.runs.lease import Lease, lease_claim
from backend.runs.models import Run, RunSource


def spec_of(workspace: Workspace, **values: object) -> RunSpec:
    """Return a small chat run of a workspace."""
    return RunSpec(
        run_id=str(uuid.uuid4()),
        scope=str(workspace.id),
        nodes=(NodeSpec("llm", "llm"),),
        edges=(),
        query="hello",
        **values,  # type: ignore[arg-type]
    )


def run_stored(workspace: Workspace, spec: RunSpec | None = None) -> Run:
    """Store a queued run without sending it to anybody."""
    spec = spec or spec_of(workspace)
    return Run.objects.create(
        id=uuid.UUID(spec.run_id), workspace=workspace, source=RunSource.CONSOLE, spec=spec.to_json(), query=spec.query
    )


def claim(run: Run, owner: str = "test") -> Lease:
    """Claim the run; it must be free."""
    lease = lease_claim(run.id, owner)
    assert lease is not None
    return lease


async def write_all(journal: Journal, lease: Lease, bodies: Sequence[Body]) -> None:
    """Write the bodies; a last `RunFinished` ends the run."""
    for body in bodies:
        if isinstance(body, RunFinished):
            await journal.finish(body, _finish(lease, journal, Progress(lease.spec.scope), body))
        else:
            await journal.append(body)


def text_script(text: str) -> list[Body]:
    """Return deltas of one to three characters that spell `text`, and the end."""
    deltas: list[Body] = []
    start = 0
    while start < len(text):
        size = 1 + start % 3
        deltas.append(TextDelta("llm", text[start : start + size]))
        start += size
    return [*deltas, RunFinished({"answer": text}, {"prompt_tokens": 1, "completion_tokens": 2}, 1.0)]


def chat(workspace: Workspace) -> RunSpec:
    """Return a chat run of two nodes."""
    return RunSpec(
        run_id=str(uuid.uuid4()),
        scope=str(workspace.id),
        nodes=(
            NodeSpec("start", "start"),
            NodeSpec(
                "llm", "llm", "Answer", {"model": {"id": "m"}, "prompt_template": [{"role": "system", "text": "Hi"}]}
            ),
        ),
        edges=(EdgeSpec("start", "llm"),),
        query="what does the fox do?",
    )


async def stored() -> Run:
    workspace = await in_database(Workspace.objects.create, name="w")
    return await in_database(run_stored, workspace, chat(workspace))


async def reload(run: Run) -> Run:
    return await in_database(Run.unscoped.get, id=run.id)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)
        for _ in range(20):
            await asyncio.sleep(0)  # what was made a moment ago is on its way to the journal: let it arrive
