"""The dialects in which models write tool calls, and which of them a chat template teaches."""

from dataclasses import dataclass
from typing import Literal

DialectName = Literal["hermes", "llama3", "mistral", "fenced"]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How calls are written: `prompt` or, after free text, `trigger`, then `call`s with `between` them, then `close`.

    In `trigger` the text that belongs to the calls begins at `inside`; with `only_first` it opens calls only where an
    answer begins. `lead` stands between the trigger and the first call. With `text_after` free text may follow.
    """

    name: DialectName
    arguments_key: str
    prompt: str
    trigger: str
    inside: int
    lead: str
    between: str
    close: str
    only_first: bool = False
    text_after: bool = False
    markers: tuple[str, ...] = ()  # control tokens that are text here: they must be shown to the parser


HERMES = Dialect(
    name="hermes",
    arguments_key="arguments",
    prompt="<tool_call>\n",
    trigger="<tool_call>",
    inside=len("<tool_call>"),
    lead="\n",
    between="\n</tool_call>\n<tool_call>\n",
    close="\n</tool_call>",
    text_after=True,
    markers=("<tool_call>", "</tool_call>"),
)
LLAMA3 = Dialect(
    name="llama3",
    arguments_key="parameters",
    prompt="",
    trigger='{"name"',
    inside=0,
    lead="",
    between="; ",
    close="",
    only_first=True,
    markers=("<|python_tag|>",),
)
MISTRAL = Dialect(
    name="mistral",
    arguments_key="arguments",
    prompt="[TOOL_CALLS][",
    trigger="[TOOL_CALLS]",
    inside=len("[TOOL_CALLS]"),
    lead="[",
    between=", ",
    close="]",
    markers=("[TOOL_CALLS]",),
)
FENCED = Dialect(
    name="fenced",
    arguments_key="arguments",
    prompt="```json\n",
    trigger='```json\n{"name"',
    inside=len("```json\n"),
    lead="",
    between="\n```\n```json\n",
    close="\n```",
    text_after=True,
)
DIALECTS: dict[DialectName, Dialect] = {one.name: one for one in (HERMES, LLAMA3, MISTRAL, FENCED)}


def detect(template: str) -> Dialect:
    """Return the dialect of a chat template's text. Templates that know no tools are given Hermes' by chat_template."""
    if "[TOOL_CALLS]" in template:
        return MISTRAL
    if "<tool_call>" in template or "tools" not in template:
        return HERMES
    if "<|python_tag|>" in template or ('"parameters"' in template and "<|eot_id|>" in template):
        return LLAMA3
    return FENCED if "```json" in template else HERMES
