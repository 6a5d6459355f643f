"""Two-step tasks, done by the platform's own agents with its own tools in this process."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agents.events import RunFinished, ToolCalled
from agents.ports import Absent, ChatModel, DatasetInfo, Ports, SearchChoice
from agents.types import JsonObject, NodeSpec, RunSpec, Source
from agents.workflow.execute import run_graph
from backend.cli.benches.skills.asking import MOST_TOKENS, Asker
from inference.starter.evaluation import AGENT_TOOLS, PROMPT, Task, is_done
from rag.retrieve.citations import cited_positions
from rag.retrieve.pack import passage_line

DATASET = "handbook"


@dataclass(frozen=True)
class Only:
    """Finds the one model there is."""

    model: Asker

    async def chat(self, model_id: str) -> ChatModel:
        """Return it."""
        return self.model


@dataclass(frozen=True)
class Shelf:
    """The passages of one task: whatever is looked for, they are found."""

    passages: tuple[tuple[str, str], ...]

    async def search(self, query: str, choice: SearchChoice) -> tuple[Source, ...]:
        """Return all of them."""
        return tuple(
            Source(position, DATASET, title, title, f"{title}-0", None, 1.0, text)
            for position, (title, text) in enumerate(self.passages, start=1)
        )

    async def datasets(self, dataset_ids: Sequence[str]) -> tuple[DatasetInfo, ...]:
        """Return the one shelf."""
        return (DatasetInfo(DATASET, "Handbook"),)

    def pack(self, sources: Sequence[Source]) -> str:
        """Lay the passages out as the platform does."""
        return "\n".join(passage_line(source.position, source.text) for source in sources)

    def cited(self, answer: str, sources: Sequence[Source]) -> frozenset[int]:
        """Return what the answer cites."""
        return frozenset(cited_positions(answer, len(sources)))


async def finishes(asker: Asker, strategy: str, task: Task) -> bool:
    """Let an agent of that strategy do the task; did it take both steps and tell all facts?"""
    config: JsonObject = {
        "model": {"id": asker.info.id, "parameters": {"temperature": 0.0, "max_tokens": 2 * MOST_TOKENS}},
        "prompt_template": [{"role": "system", "text": PROMPT}],
        "strategy": strategy,
        "max_iterations": 5,
        "tools": [{"name": tool.name} for tool in AGENT_TOOLS],
        "dataset_ids": [DATASET],
    }
    spec = RunSpec("bench", "bench", (NodeSpec("agent", "agent", "Agent", config),), (), query=task.ask, mode="agent")
    ports = Ports(models=Only(asker), knowledge=Shelf(task.passages), files=Absent())
    started = time.time()
    calls, said = [], ""
    async for body in run_graph(spec, ports):
        match body:
            case ToolCalled(name=name, arguments=arguments):
                calls.append((name, arguments))
            case RunFinished(outputs=outputs):
                said = str(outputs.get("answer", ""))
    return any(is_done(task, calls, said, _clocks(task, moment)) for moment in (started, time.time()))


def _clocks(task: Task, moment: float) -> dict[str, str]:
    """Return the time of day at the places of the task."""
    zones = [fact[6:-1] for fact in task.facts if fact.startswith("{time:")]
    return {zone: f"{datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone)):%H:%M}" for zone in zones}
