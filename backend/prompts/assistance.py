"""What a model is told when it writes or improves a prompt, and what of its answer can be used. Knows no database."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agents.workflow.expressions import CONTEXT, SYSTEM_NAMES, selectors_of, variables_of

Problem = Literal["empty", "unchanged", "echo"]
"""Why there is nothing to use: no text, the present prompt again, or our own instructions read back."""

_WRITE = """You write prompts for language models. Write the prompt for the task that the user describes.
- Speak to the model as "you". Say its role, what it is given, what it must do, and what its answer looks like.
- {variables}
- Write in the language of the task. Be short and exact.
Answer with the text of the prompt alone: no introduction, no explanation, no code fence."""

_IMPROVE = """You improve prompts for language models. The user gives a prompt and says what to change about it.
- Change what is asked, and keep everything else that the prompt demands.
- {variables}
- Keep the language of the prompt.
Answer with the whole new prompt alone: no introduction, no explanation, no code fence."""

_GIVEN = "Put these placeholders where their values belong, exactly as they are written here: {names}."
_FREE = "Where a value is filled in later, write a placeholder in double braces, such as {{text}}."
_KEPT = "Keep every placeholder exactly as it is written: {names}."
_NONE_KEPT = "Text in double braces is a placeholder: keep it exactly as it is written."

_FENCE = re.compile(r"^\s*```[^\n`]*\n(?P<inside>.*?)\n?\s*```\s*$", re.DOTALL)
_OPENING = re.compile(r"^\s*```[^\n`]*\n")
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_TAG = re.compile(r"^\s*<(?P<tag>prompt|new_prompt|improved_prompt)>\s*(?P<inside>.*?)\s*</(?P=tag)>\s*$", re.DOTALL)
_LEAD = re.compile(
    r"^(?:(?:sure|certainly|of course|okay|ok)[!,.]?\s+)?"
    r"(?:here(?:'s| is| are)\b[^\n]{0,120}\bprompt\b[^\n]{0,60}:"
    r"|(?:the )?(?:new |improved |revised |final )?prompt:)\s*",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "“": "”", "«": "»"}
_ECHO_CHARS = 60


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody wants: a prompt for a `task`, or the `prompt` that is there changed as `task` says.

    `variables` are the names that the application declares.
    """

    task: str
    prompt: str = ""
    variables: tuple[str, ...] = ()

    @property
    def rules(self) -> str:
        """What the model is told first."""
        if self.prompt:
            kept = placeholders_of(self.prompt)
            line = _KEPT.replace("{names}", ", ".join(kept)) if kept else _NONE_KEPT
            return _IMPROVE.replace("{variables}", line)
        names = ", ".join(f"{{{{{name}}}}}" for name in self.variables)
        return _WRITE.replace("{variables}", _GIVEN.replace("{names}", names) if names else _FREE)

    @property
    def question(self) -> str:
        """What the user says to the model."""
        if not self.prompt:
            return f"Task: {self.task}"
        return f"Prompt:\n\n{self.prompt}\n\nWhat to change: {self.task}"


@dataclass(frozen=True, slots=True)
class Written:
    """What a model wrote, ready to be used.

    `unknown` are placeholders that nothing provides yet, `missing` those of the present prompt that were lost.
    With a `problem`, there is nothing to use. `is_cut` says that the model did not come to its end.
    """

    text: str
    variables: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    problem: Problem | None = None
    is_cut: bool = False


def placeholders_of(text: str) -> tuple[str, ...]:
    """Return every placeholder as it is written in full, each once."""
    selectors = (f"{{{{#{'.'.join(selector)}#}}}}" for selector in selectors_of(text))
    return (*(f"{{{{{name}}}}}" for name in variables_of(text)), *selectors)


def written_of(ask: Ask, answer: str, *, is_cut: bool = False) -> Written:
    """Return what can be used of a model's answer."""
    known = dict.fromkeys((*ask.variables, *variables_of(ask.prompt)))
    text = _braced(_bare(answer), tuple(known))
    if problem := _problem(ask, text):
        return Written("", problem=problem, is_cut=is_cut)
    return Written(
        text=text,
        variables=variables_of(text),
        unknown=_unknown(ask, text, tuple(known)),
        missing=tuple(item for item in placeholders_of(ask.prompt) if item not in placeholders_of(text)),
        is_cut=is_cut,
    )


def _bare(answer: str) -> str:
    """Return the prompt without what models put around it: thoughts, an introduction, a fence, tags, quotes."""
    text = _LEAD.sub("", _THOUGHTS.sub("", answer).strip(), count=1).strip()
    for frame in (_FENCE, _TAG):
        if match := frame.match(text):
            text = match["inside"].strip()
    if _OPENING.match(text) and text.count("```") == 1:  # the model was cut before it closed the fence
        text = _OPENING.sub("", text, count=1).strip()
    closing = _QUOTES.get(text[:1])
    if closing and len(text) > 1 and text.endswith(closing) and closing not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def _braced(text: str, known: Sequence[str]) -> str:
    """Return the text with single braces around a declared name doubled: small models forget the second one."""
    for name in known:
        text = re.sub(rf"(?<!\{{)\{{\s*{re.escape(name)}\s*\}}(?!\}})", f"{{{{{name}}}}}", text)
    return text


def _unknown(ask: Ask, text: str, known: Sequence[str]) -> tuple[str, ...]:
    given = {CONTEXT, *(("sys", name) for name in SYSTEM_NAMES), *selectors_of(ask.prompt)}
    selectors = (f"#{'.'.join(selector)}#" for selector in selectors_of(text) if selector not in given)
    return (*(name for name in variables_of(text) if name not in known), *selectors)


def _problem(ask: Ask, text: str) -> Problem | None:
    if not any(char.isalnum() for char in text):
        return "empty"
    if text == ask.prompt.strip():
        return "unchanged"
    if text[:_ECHO_CHARS] == ask.rules[:_ECHO_CHARS] or text == ask.question:
        return "echo"
    return None
