"""ReAct (Yao et al. 2022): tools for models that have no format of their own for calls."""

import json
from collections.abc import Sequence

from agents.loop.react_parser import ReActReader
from agents.loop.strategy import Entry, Malformed, Step
from inference.types import Message, ToolSpec

FORMAT = """Use this format:
Thought: what to do
Action: tool name
Action Input: JSON
Observation: result
Final Answer: the answer"""
LAST_TURN = "You have no actions left. Write 'Final Answer:' and the answer now."


class ReAct:
    """The strategy. Observations go as the user's messages: templates without a tool role take them too."""

    stop: tuple[str, ...] = ("\nObservation:",)

    def addition(self, tools: Sequence[ToolSpec]) -> str:
        lines = "\n".join(
            f"{tool.name}: {tool.description}. Arguments: {json.dumps(_arguments(tool), ensure_ascii=False)}"
            for tool in tools
        )
        return f"Answer the question. You have these tools:\n{lines}\n{FORMAT}"

    def offered(self, tools: Sequence[ToolSpec], *, last: bool) -> tuple[ToolSpec, ...]:
        return ()

    def tail(self, entries: Sequence[Entry], *, last: bool) -> tuple[Message, ...]:
        messages: list[Message] = []
        for entry in entries:
            match entry:
                case Step(calls=calls):
                    for call, result in calls:
                        said = f"Thought: {call.thought}\n" if call.thought else ""
                        arguments = json.dumps(call.arguments, ensure_ascii=False)
                        said += f"Action: {call.name}\nAction Input: {arguments}\n"
                        messages += [Message("assistant", said), Message("user", f"Observation: {result.output}")]
                case Malformed(text=text, complaint=complaint):
                    messages += [Message("assistant", text)] if text.strip() else []
                    messages.append(Message("user", f"Observation: {complaint}"))
        if last and messages:
            messages[-1] = Message("user", f"{messages[-1].content}\n{LAST_TURN}")
        return tuple(messages)

    def prefix(self, shown: str) -> str:
        return f"Thought: I know the answer.\nFinal Answer: {shown}"

    def reader(self, tools: Sequence[ToolSpec], *, last: bool, shown: str = "") -> ReActReader:
        return ReActReader(tools, last=last, shown=shown)


def _arguments(tool: ToolSpec) -> dict[str, object]:
    """Return the tool's arguments by name, each with its type, as short as a small model needs it."""
    properties = tool.parameters.get("properties")
    if not isinstance(properties, dict):
        return {}
    return {name: item.get("type", "any") if isinstance(item, dict) else "any" for name, item in properties.items()}
