"""The tools of one agent: guarded, found by name, and never a crash for the agent's loop."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.errors import RunAborted, ToolFailed
from agents.tools.spec import Tool, ToolContext, is_trusted, writes
from agents.tools.wrappers import OutputLimited, TimeLimited, Validated
from agents.types import FileRef, JsonObject
from inference.types import ToolSpec

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ToolOutcome:
    """What the model reads of a call, and the files it made; `error` is the code of the failure, or empty.

    `fields` are what a graph reads, whole: no model sees them.
    """

    output: str
    error: str = ""
    files: tuple[FileRef, ...] = ()
    fields: JsonObject = field(default_factory=dict)


class Toolset:
    """Tools by name. Only what is in here can ever be called, whatever a model writes."""

    def __init__(self, tools: Sequence[Tool], *, limit_s: float = 60.0, limit_chars: int = 8_000) -> None:
        self._tools: dict[str, OutputLimited] = {}
        for tool in tools:
            if tool.name in self._tools:
                raise ValueError(f"two tools are named {tool.name!r}: rename one")
            self._tools[tool.name] = OutputLimited(TimeLimited(Validated(tool), limit_s), limit_chars)

    @property
    def specs(self) -> tuple[ToolSpec, ...]:
        """The tools as a model sees them."""
        return tuple(ToolSpec(tool.name, tool.description, tool.parameters) for tool in self._tools.values())

    def is_idempotent(self, name: str) -> bool:
        """Whether a call that may have run can be made again."""
        return name not in self._tools or self._tools[name].idempotent

    def writes(self, name: str) -> bool:
        """Whether a call changes something outside; a tool that does not exist changes nothing."""
        return name in self._tools and writes(self._tools[name])

    def is_trusted(self, name: str) -> bool:
        """Whether nobody else can have written what the tool answers."""
        return name not in self._tools or is_trusted(self._tools[name])

    async def call(self, name: str, arguments: JsonObject, ctx: ToolContext) -> ToolOutcome:
        """Call the tool; every failure but `RunAborted` becomes an outcome that the model reads."""
        tool = self._tools.get(name)
        if tool is None:
            known = ", ".join(self._tools) or "none"
            return ToolOutcome(f"there is no tool {name!r}; the tools are: {known}", "tool_not_found")
        try:
            answer = await tool.call(arguments, ctx)
            return ToolOutcome(answer.text, files=answer.files, fields=answer.fields)
        except RunAborted:
            raise
        except ToolFailed as error:
            return ToolOutcome(str(error), error.code)
        except Exception:  # a tool is a task's edge: its bug must not end the agent
            logger.exception("tool %r failed unexpectedly", name)
            return ToolOutcome(f"the tool {name!r} failed unexpectedly; go on without it", ToolFailed.code)
