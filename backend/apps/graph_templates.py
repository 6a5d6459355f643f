"""The graphs of new applications: they run at once, with settings that suit the small embedded model."""

import itertools
from collections.abc import Mapping

from pydantic import JsonValue

from backend.apps.draft import CHAT_PROMPT, EMBEDDED_CHAT_MODEL
from backend.apps.graph_draft import GraphDraft, SavedCanvas

COLUMN_PX, ROW_PX = 320, 280
Config = Mapping[str, JsonValue]


def workflow_default() -> GraphDraft:
    """Return start → llm → end."""
    question: JsonValue = {"variable": "query", "label": "Text", "type": "paragraph", "required": True}
    return _line(
        ("start", "Start", {"variables": [question]}),
        ("llm", "LLM", {**_model(), "prompt_template": [_message("user", "{{#start.query#}}")]}),
        ("end", "End", {"outputs": [{"variable": "text", "value_selector": ["llm", "text"], "value_type": "string"}]}),
    )


def chatflow_default() -> GraphDraft:
    """Return start → llm → answer, with the conversation in the model's memory."""
    memory: JsonValue = {"window": {"enabled": False, "size": 50}, "query_prompt_template": "{{#sys.query#}}"}
    return _line(
        ("start", "Start", {"variables": []}),
        ("llm", "LLM", {**_model(), "prompt_template": [_message("system", CHAT_PROMPT)], "memory": memory}),
        ("answer", "Answer", {"answer": "{{#llm.text#}}"}),
    )


def _model() -> dict[str, JsonValue]:
    return {"model": {"id": EMBEDDED_CHAT_MODEL, "parameters": {"temperature": 0.2, "max_tokens": 512}}}


def _message(role: str, text: str) -> JsonValue:
    return {"role": role, "text": text}


def _line(*nodes: tuple[str, str, Config]) -> GraphDraft:
    """Return a graph whose nodes, each named after its kind, follow each other."""
    saved: list[dict[str, JsonValue]] = [
        {
            "id": kind,
            "type": "custom",
            "position": {"x": 80 + COLUMN_PX * column, "y": ROW_PX},
            "data": {"type": kind, "title": title, "desc": "", **config},
        }
        for column, (kind, title, config) in enumerate(nodes)
    ]
    edges: list[dict[str, JsonValue]] = [
        {
            "id": f"{source}-source-{target}-target",
            "type": "custom",
            "source": source,
            "sourceHandle": "source",
            "target": target,
            "targetHandle": "target",
            "data": {"sourceType": source, "targetType": target},
        }
        for source, target in itertools.pairwise(kind for kind, _, _ in nodes)
    ]
    return GraphDraft(graph=SavedCanvas(nodes=saved, edges=edges))
