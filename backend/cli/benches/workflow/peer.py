"""The peer's side of `bench workflow`: the chain as a graph of LangGraph. Imports nothing of ours."""

import asyncio
import json
import sys
import time
import uuid
from importlib import import_module
from itertools import pairwise
from typing import TypedDict

TEMPLATE = "{{ text }}."


class State(TypedDict):
    """What goes from node to node."""

    text: str


def _graph(count: int, saver: object) -> object:
    graphs, jinja = import_module("langgraph.graph"), import_module("jinja2.sandbox")
    template = jinja.ImmutableSandboxedEnvironment().from_string(TEMPLATE)
    graph = graphs.StateGraph(State)

    async def work(values: State) -> State:
        return {"text": template.render(text=values["text"])}

    names = [f"n{number}" for number in range(count)]
    for name in names:
        graph.add_node(name, work)
    row = [graphs.START, *names, graphs.END]
    for source, target in pairwise(row):
        graph.add_edge(source, target)
    return graph.compile(checkpointer=saver)


async def _run(graph: object, count: int, *, is_kept: bool) -> float:
    config = {"recursion_limit": count + 10, "configurable": {"thread_id": str(uuid.uuid4())}}
    # As ours: every step is kept before the next begins.
    options = {"durability": "sync"} if is_kept else {}
    started = time.perf_counter()
    last = None
    async for update in graph.astream({"text": "x"}, config, stream_mode="updates", **options):  # type: ignore[attr-defined]  # LangGraph's
        last = update
    seconds = time.perf_counter() - started
    if not last:
        raise RuntimeError("the chain gave nothing")
    return seconds


async def serve(database_url: str) -> None:
    """Answer every line of standard input with the time of one run; the end of it is the end."""
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever the libraries print is no answer
    savers = import_module("langgraph.checkpoint.postgres.aio") if database_url else None
    graphs: dict[tuple[int, bool], object] = {}

    async def answer(question: dict[str, int], saver: object) -> None:
        count, is_kept = question["nodes"], bool(question.get("kept"))
        if (count, is_kept) not in graphs:
            graphs[count, is_kept] = _graph(count, saver if is_kept else None)
        seconds = await _run(graphs[count, is_kept], count, is_kept=is_kept)
        answers.write(json.dumps({"seconds": seconds}) + "\n")
        answers.flush()

    if savers is None:
        while line := await asyncio.to_thread(sys.stdin.readline):
            await answer(json.loads(line), None)
        return
    async with savers.AsyncPostgresSaver.from_conn_string(database_url) as saver:
        await saver.setup()
        while line := await asyncio.to_thread(sys.stdin.readline):
            await answer(json.loads(line), saver)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1] if len(sys.argv) > 1 else ""))
