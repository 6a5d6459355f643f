"""Each template runs to its end as it is, with a model that says the least that it is asked for."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agents.types import Source
from backend.common.database import in_database
from backend.datasets.models import Dataset
from backend.files.services import file_store
from inference.types import GenerateRequest, ToolCall
from tests.agents.fakes import Reply, ScriptedModel
from tests.backend.apps.running import LIVE, MODEL
from tests.backend.conftest import Person
from tests.backend.templates.making import IDS, created
from tests.backend.workflows.running import GraphWorld, Ran, run_of

pytestmark = LIVE

TOPIC = "The lighthouse of Korvala was built in 1871."
ASKED: dict[str, dict[str, Any]] = {
    "rag-chat": {"query": "When was the lighthouse built?"},
    "translation-review": {"inputs": {"text": TOPIC, "language": "Deutsch"}},
    "support-triage": {"query": "I was charged twice."},
    "report-writer": {"inputs": {"topic": "Lighthouses"}},
    "research-agent": {"query": "When was the lighthouse built?"},
    "data-extraction": {"inputs": {"text": TOPIC}},
    "code-review": {"inputs": {"code": "print(1/0)"}},
    "meeting-minutes": {"inputs": {"transcript": "Aino paints the door until Friday."}},
    "classification": {"inputs": {"text": "I love it."}},
    "summarize-document": {"inputs": {}},
    "form-letter": {
        "inputs": {"recipient": "Aino", "sender": "Ben", "occasion": "Thanks", "tone": "friendly", "points": "Soup"}
    },
    "compare-models": {"inputs": {"question": "Why?"}},
}


def filled(schema: Mapping[str, Any]) -> Any:
    """Return the least value that a schema asks for."""
    match schema.get("type"):
        case "object":
            return {name: filled(shape) for name, shape in schema.get("properties", {}).items()}
        case "array":
            return [filled(schema["items"]) for _ in range(schema.get("minItems", 1))]
        case "number" | "integer":
            return 7
        case "boolean":
            return True
        case _:
            return schema["enum"][0] if schema.get("enum") else "said"


def speaker(request: GenerateRequest) -> Reply:
    """Obey the schema where there is one; call the first tool once; else say something that cites a passage."""
    if request.response_schema is not None:
        return Reply(json.dumps(filled(request.response_schema)))
    if request.tools and not any(message.role == "tool" for message in request.messages):
        tool = request.tools[0]
        return Reply(
            calls=(ToolCall("c1", tool.name, json.dumps(filled(tool.parameters))),), finish_reason="tool_calls"
        )
    return Reply("In 1871 [1].")


def test_every_template_has_its_question_here() -> None:
    assert set(ASKED) == set(IDS)


async def ran(owner: Person, world: GraphWorld, template_id: str) -> Ran:
    world.model = ScriptedModel(speaker, id=MODEL, supports_tools=True, supports_schema=True, context_tokens=100_000)
    choice: dict[str, Any] = {}
    asked = ASKED[template_id]
    if template_id == "rag-chat":
        dataset = await in_database(Dataset.objects.create, workspace=owner.workspace, name="Korvala")
        choice["dataset"] = str(dataset.id)
        world.knowledge.passages = (Source(1, str(dataset.id), "d", "korvala.pdf", "c", 1, 0.9, TOPIC),)
    if template_id == "summarize-document":
        upload = SimpleUploadedFile("korvala.txt", f"{TOPIC}\n".encode() * 200, content_type="text/plain")
        stored = await in_database(file_store, workspace_id=owner.workspace.id, upload=upload, user=owner.user)
        asked = {"inputs": {"document": str(stored.id)}}
    app_id = await in_database(created, owner, template_id, **choice)
    return await run_of(owner, app_id, asked)


@pytest.mark.parametrize("template_id", IDS)
async def test_a_template_runs_to_its_end(graph_world: GraphWorld, owner: Person, template_id: str) -> None:
    run = await ran(owner, graph_world, template_id)
    assert run.outputs and all(value not in (None, "", []) for value in run.outputs.values()), run.outputs
    match template_id:
        case "rag-chat":
            [sources] = run.of("sources")[-1:]
            assert run.outputs["answer"] == "In 1871 [1]." and sources["sources"][0]["cited"]
        case "summarize-document":
            assert len(run.outputs["pieces"]) > 1
        case "report-writer":
            assert run.outputs["report"].count("In 1871") == 2
        case "classification":
            assert run.outputs == {"label": "Complaint", "id_of_label": "complaint"}
        case "meeting-minutes":
            assert "- [ ] said" in run.outputs["minutes"]
        case "research-agent":
            [result] = run.of("tool_result")
            assert "searxng_search" in json.dumps(run.of("tool_call")) and "not set up" in result["output"], result


async def test_without_a_dataset_it_says_so_and_no_model_is_asked(graph_world: GraphWorld, owner: Person) -> None:
    graph_world.model = ScriptedModel(speaker, id=MODEL, supports_continuation=True)
    app_id = await in_database(created, owner, "rag-chat")
    run = await run_of(owner, app_id, ASKED["rag-chat"])
    assert run.outputs["answer"] == "The documents do not tell." and not run.of("prompt_sent")
    assert not graph_world.knowledge.searched
