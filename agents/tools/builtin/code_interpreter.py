"""Runs code that a model wrote, in the sandbox."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from agents.errors import CodeFailed, CodeUnavailable, ToolFailed, ToolRetry
from agents.ports import CodeLimits, Language
from agents.tools.spec import Tool, ToolContext, ToolOutput
from agents.types import JsonObject

NOTHING = "The code ran, and printed nothing: print what you want to know."


class CodeInterpreterConfig(BaseModel):
    """How long a call may take."""

    model_config = ConfigDict(extra="allow")

    timeout_s: float = Field(default=30, gt=0, le=600)


class CodeInterpreter:
    """The tool."""

    name: ClassVar[str] = "code_interpreter"
    title: ClassVar[str] = "Code interpreter"
    description: ClassVar[str] = (
        "Run Python code and read what it prints and the value of its last expression. It has the standard library, "
        "no network and no files, and nothing stays from one call to the next; JavaScript runs too"
    )
    icon: ClassVar[str] = "code"
    idempotent: ClassVar[bool] = True
    runs_code: ClassVar[bool] = True
    outputs: ClassVar[dict[str, str]] = {"printed": "string", "value": "string"}
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {
            "code": {"type": "string", "description": "the code to run"},
            "language": {"type": "string", "enum": ["python3", "javascript"], "description": "python3 if left out"},
        },
        "required": ["code"],
        "additionalProperties": False,
    }
    config_type: ClassVar[type[BaseModel]] = CodeInterpreterConfig

    def __init__(self, config: CodeInterpreterConfig) -> None:
        self._limits = CodeLimits(wall_s=config.timeout_s)

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls(CodeInterpreterConfig.model_validate(dict(config)))

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> ToolOutput:
        code = unfenced(str(arguments["code"]))
        language: Language = "javascript" if arguments.get("language") == "javascript" else "python3"
        try:
            done = await ctx.code.run(language, code, {}, limits=self._limits, entry="script")
        except CodeUnavailable as error:
            raise ToolFailed(str(error)) from error
        except CodeFailed as error:
            raise ToolRetry(f"the code failed: {error}") from error
        value = "" if done.value is None else str(done.value)
        said = "\n".join(part for part in (done.stdout.rstrip("\n"), done.stderr.rstrip("\n"), value) if part)
        return ToolOutput(said or NOTHING, {"printed": done.stdout, "value": value})


def unfenced(code: str) -> str:
    """Return the code without the fence that models like to put around it."""
    lines = code.strip().splitlines()
    if len(lines) > 1 and lines[0].startswith("```") and lines[-1].strip() == "```":
        return "\n".join(lines[1:-1])
    return code
