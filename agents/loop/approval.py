"""Asks a person before a tool that writes is called with what a stranger may have put into the model's head."""

import json

from agents.events import HumanInputGiven, ToolCalled
from agents.types import JsonObject

APPROVE, REFUSE = "approve", "refuse"
REFUSED = (
    "A person was asked and refused this call: it was not made. Do not ask for it again; go on without it, or say "
    "what cannot be done."
)
REFUSED_CODE = "refused"


def form_of(call: ToolCalled) -> JsonObject:
    """Return what the person is asked; its answer names the action in `action`."""
    arguments = json.dumps(call.arguments, ensure_ascii=False, indent=2)
    return {
        "kind": "tool_approval",
        "tool": call.name,
        "arguments": call.arguments,  # type: ignore[dict-item]  # a JSON object is one, whatever mapping holds it
        "form_content": (
            f"The agent wants to call the tool `{call.name}`, which changes something outside. What it has read "
            f"before may come from a stranger, so look at what it sends:\n\n```json\n{arguments}\n```"
        ),
        "inputs": [],
        "user_actions": [
            {"id": APPROVE, "title": "Approve", "button_style": "primary"},
            {"id": REFUSE, "title": "Refuse", "button_style": "default"},
        ],
    }


def is_approved(given: HumanInputGiven) -> bool:
    """Whether the person said yes; everything else, silence included, is a no."""
    return not given.timed_out and given.values.get("action") == APPROVE
