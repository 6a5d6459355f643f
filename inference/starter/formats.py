"""How the platform lays out what it sends: passages, tools and ReAct, word for word.

`inference` imports neither `rag` nor `agents`, whose own these are; a test renders both and compares.
"""

import json
import re
from collections.abc import Sequence

from inference.types import ToolSpec

CONTEXT_INTRODUCTION = "Use the passages below to answer. Cite a passage by its number, like [1]."
REACT_FORMAT = """Use this format:
Thought: what to do
Action: tool name
Action Input: JSON
Observation: result
Final Answer: the answer"""
REACT_KNOWN = "Thought: I know the answer.\nFinal Answer: "
NOT_FOUND = "No passage was found."

_BRACKETED_NUMBER = re.compile(r"\[(\d+(?:\s*[,;–-]\s*\d+)*)\]")
_SPACE = re.compile(r"\s+")


def passages_text(texts: Sequence[str], first: int = 1) -> str:
    """Return the numbered lines of passages."""
    lines = (_SPACE.sub(" ", _BRACKETED_NUMBER.sub(r"(\1)", text)).strip() for text in texts)
    return "\n".join(f"[{number}] {line}" for number, line in enumerate(lines, start=first))


def grounded_system(prompt: str, texts: Sequence[str]) -> str:
    """Return the system message of an app with the prompt `prompt` to which knowledge is given."""
    context = f"{CONTEXT_INTRODUCTION}\n\n{passages_text(texts)}"
    return f"{prompt}\n\n{context}" if prompt.strip() else context


def react_system(prompt: str, tools: Sequence[ToolSpec]) -> str:
    """Return the system message of a ReAct agent."""
    lines = "\n".join(
        f"{tool.name}: {tool.description}. Arguments: {json.dumps(_types(tool), ensure_ascii=False)}" for tool in tools
    )
    addition = f"Answer the question. You have these tools:\n{lines}\n{REACT_FORMAT}"
    return f"{prompt}\n\n{addition}" if prompt.strip() else addition


def react_step(thought: str, name: str, arguments: object) -> str:
    """Return one step of a ReAct agent."""
    return f"Thought: {thought}\nAction: {name}\nAction Input: {json.dumps(arguments, ensure_ascii=False)}\n"


def _types(tool: ToolSpec) -> dict[str, object]:
    properties = tool.parameters.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {name: item.get("type", "any") if isinstance(item, dict) else "any" for name, item in properties.items()}
