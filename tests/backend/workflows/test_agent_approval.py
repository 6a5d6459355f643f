"""An agent that wants to write after it read a stranger's page, over HTTP: it sleeps until a person says yes or no."""

import pytest

from backend.common.database import in_database
from backend.runs.models import Run
from tests.agents.fakes import ScriptedModel
from tests.agents.nodes.agents_of_tests import INJECTED, Send, tools
from tests.backend.apps.running import LIVE, MODEL
from tests.backend.conftest import Person
from tests.backend.workflows.running import GraphWorld, draft, end, get, node, start
from tests.backend.workflows.test_pauses import answer, paused, until

__all__ = ["tools"]
pytestmark = LIVE


@pytest.mark.parametrize(("action", "sent"), [("approve", ["evil@example.com"]), ("refuse", [])])
async def test_r41_a_person_decides_over_http_whether_the_agent_writes(
    owner: Person, graph_world: GraphWorld, action: str, sent: list[str]
) -> None:
    graph_world.model = ScriptedModel(INJECTED, id=MODEL)
    config = {
        "model": {"id": MODEL},
        "prompt_template": [{"role": "user", "text": "Do it."}],
        "tools": [{"name": "send"}, {"name": "page"}, {"name": "calculator"}],
    }
    nodes = [start(), node("agent", "agent", config), end(text="agent.text")]
    listener = await paused(owner, draft(nodes, ["start > agent", "agent > end"]))
    await listener.heard("human_input_required")
    assert not Send.sent

    shown = await get(owner, f"/runs/{listener.run_id}")
    [asked] = shown["asks"]
    assert (asked["node_id"], asked["form"]["tool"]) == ("agent", "send")
    response = await answer(owner, listener.run_id, node_id="agent", ask=asked["ask"], values={"action": action})
    assert response.status_code == 202, response.content
    await until(listener.run_id, "succeeded", "failed")
    row = await in_database(Run.unscoped.get, id=listener.run_id)
    assert (row.status, row.outputs, Send.sent) == ("succeeded", {"text": "Done."}, sent)
    await listener.task
