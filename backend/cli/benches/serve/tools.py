"""W4: calls of tools, each checked against the tool's own schema, and what the grammar costs."""

import json
from collections.abc import Sequence

import jsonschema

from backend.cli.benches.serve.figures import Timing
from backend.cli.benches.serve.prompts import Prompts
from backend.cli.benches.serve.wire import Ask

ROUTE = "/v1/chat/completions"
_QUESTION_TOKENS = 30
_MAX_TOKENS = 160
TOOLS: tuple[dict[str, object], ...] = (
    {
        "name": "book_room",
        "description": "Book a meeting room.",
        "parameters": {
            "type": "object",
            "properties": {
                "room": {"type": "string", "enum": ["red", "green", "blue"]},
                "people": {"type": "integer", "minimum": 1, "maximum": 40},
                "equipment": {"type": "array", "items": {"type": "string", "maxLength": 24}, "maxItems": 3},
                "when": {
                    "type": "object",
                    "properties": {
                        "day": {"type": "string", "enum": ["monday", "tuesday", "friday"]},
                        "hour": {"type": "integer", "minimum": 8, "maximum": 18},
                    },
                    "required": ["day", "hour"],
                    "additionalProperties": False,
                },
            },
            "required": ["room", "people", "equipment", "when"],
            "additionalProperties": False,
        },
    },
    {
        "name": "search_documents",
        "description": "Search the documents of the company.",
        "parameters": {
            "type": "object",
            "properties": {
                "query": {"type": "string", "maxLength": 60},
                "limit": {"type": "integer", "minimum": 1, "maximum": 20},
                "is_exact": {"type": "boolean"},
            },
            "required": ["query", "limit", "is_exact"],
            "additionalProperties": False,
        },
    },
)
_BY_NAME = {str(tool["name"]): tool["parameters"] for tool in TOOLS}


def call_asks(prompts: Prompts, count: int) -> list[Ask]:
    """Requests that must be answered by calls."""
    tools = [{"type": "function", "function": tool} for tool in TOOLS]
    return [
        Ask(ROUTE, {**_chat(prompts, seed), "max_tokens": _MAX_TOKENS, "tools": tools, "tool_choice": "required"})
        for seed in range(count)
    ]


def free_asks(prompts: Prompts, answer_tokens: Sequence[int]) -> list[Ask]:
    """Requests of the same size and with the same tools, answered by so many tokens each without a grammar."""
    calls = call_asks(prompts, len(answer_tokens))
    more = {"tool_choice": "none", "ignore_eos": True}
    return [
        Ask(ask.route, {**ask.body, **more, "max_tokens": max(1, tokens)})
        for ask, tokens in zip(calls, answer_tokens, strict=True)
    ]


def _chat(prompts: Prompts, seed: int) -> dict[str, object]:
    question = f"Call a tool about:{prompts.draw(_QUESTION_TOKENS)}"
    return {"messages": [{"role": "user", "content": question}], "temperature": 0.7, "top_p": 0.95, "seed": seed}


def is_valid_call(timing: Timing) -> bool:
    """True when the answer ended with its calls, and each of them names a tool and obeys the tool's schema."""
    if not timing.is_whole or timing.finish_reason != "tool_calls" or not timing.calls:
        return False
    for name, arguments in timing.calls:
        try:
            jsonschema.validate(json.loads(arguments), _BY_NAME[name])
        except (KeyError, ValueError, jsonschema.ValidationError):
            return False
    return True
