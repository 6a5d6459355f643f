"""Prompts that a model writes: the stream of an ordinary run, then what can be used of it."""

from typing import Any

from django.test import AsyncClient

from backend.accounts.models import Role
from backend.apps.models import App
from backend.common.database import in_database
from backend.runs.models import Run
from tests.agents.fakes import Reply, always
from tests.backend.apps.running import LIVE, MODEL, World, chunks_of
from tests.backend.conftest import Person, person_create
from tests.backend.world import run_create

pytestmark = LIVE


async def post(person: Person, **body: Any) -> Any:
    client = AsyncClient(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {person.token}"}
    said = {"model": MODEL, **body}
    return await client.post("/api/v1/prompts/assists", said, content_type="application/json", headers=headers)


async def written(person: Person, **body: Any) -> tuple[str, Any]:
    """Return the id of the run and what the result says of it."""
    response = await post(person, **body)
    assert response.status_code == 200, response.content
    run_id = str(response.headers["X-Run-Id"])
    await chunks_of(response)
    return run_id, await in_database(lambda: person.request("GET", f"/prompts/assists/{run_id}"))


async def test_a_prompt_is_written_and_its_run_is_in_the_logs(owner: Person, world: World) -> None:
    world.model.script = always("Here is the prompt:\n```\nYou greet {{name}} in a {{tone}} tone.\n```")
    run_id, result = await written(owner, task="Greet people", variables=["name"])
    assert result.json() == {
        "text": "You greet {{name}} in a {{tone}} tone.",
        "variables": ["name", "tone"],
        "unknown": ["tone"],
        "missing": [],
        "problem": None,
        "is_cut": False,
    }
    system, user = world.model.last_messages
    assert "{{name}}" in system.content and user.content == "Task: Greet people"
    (row,) = (await in_database(lambda: owner.request("GET", "/runs?source=assistant"))).json()["results"]
    assert (row["id"], row["query"], row["app"], row["source"]) == (run_id, "Greet people", None, "assistant")
    assert row["completion_tokens"] > 0 and float(row["cost"]) > 0


async def test_placeholders_of_the_present_prompt_reach_the_model_as_they_are(owner: Person, world: World) -> None:
    world.model.script = always("Say hello to {{name}}.")
    _, result = await written(owner, task="Shorter", prompt="Please say hello to {{name}}. {{#context#}}")
    assert "Please say hello to {{name}}. {{#context#}}" in world.model.last_messages[1].content
    assert (result.json()["text"], result.json()["missing"]) == ("Say hello to {{name}}.", ["{{#context#}}"])


async def test_a_model_that_says_nothing_is_told_plainly(owner: Person, world: World) -> None:
    world.model.script = always("```\n```")
    _, result = await written(owner, task="Greet people")
    assert (result.json()["problem"], result.json()["text"]) == ("empty", "")


async def test_a_prompt_that_was_cut_says_so(owner: Person, world: World) -> None:
    world.model.script = lambda request: Reply("You greet", finish_reason="length")
    _, result = await written(owner, task="Greet people")
    assert result.json()["is_cut"] is True


async def test_a_model_that_breaks_is_an_error_with_its_reason(owner: Person, world: World) -> None:
    world.model.script = lambda request: Reply("You", error=ValueError("torn wire"))
    _, result = await written(owner, task="Greet people")
    assert result.status_code == 400 and result.json()["code"] == "internal_error"


async def test_what_cannot_be_asked_is_refused_before_the_stream(owner: Person, world: World) -> None:
    for body in ({"task": ""}, {"task": "x", "variables": ["no name"]}, {"task": "x", "model": "nobody/none"}):
        response = await post(owner, **body)
        assert response.status_code == 400, (body, response.content)
    assert await in_database(Run.unscoped.count) == 0


async def test_a_viewer_writes_no_prompts_and_others_read_none(owner: Person, stranger: Person, world: World) -> None:
    viewer = await in_database(person_create, Role.VIEWER, owner.workspace)
    assert (await post(viewer, task="x")).status_code == 403
    run_id, _ = await written(owner, task="Greet people")
    foreign = await in_database(lambda: stranger.request("GET", f"/prompts/assists/{run_id}"))
    assert foreign.status_code == 404


async def test_an_ordinary_run_is_no_written_prompt(owner: Person, world: World) -> None:
    def read() -> int:
        app = owner.request("POST", "/apps", {"name": "a", "mode": "chat"}).json()
        run = run_create(_app(owner, app["id"]))
        return int(owner.request("GET", f"/prompts/assists/{run.id}").status_code)

    assert await in_database(read) == 404


def _app(owner: Person, app_id: str) -> App:
    return App.objects.within(owner.workspace.id).get(id=app_id)
