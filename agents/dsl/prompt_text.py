"""The prompt of an app without a graph: Dify's blocks, simple or advanced, become one text with our references."""

import re

from agents.dsl.report import Findings
from agents.dsl.values import Object, as_object, as_objects, as_text

_QUERY = re.compile(r"\{\{\s*#\s*query\s*#\s*\}\}")
_HISTORIES = re.compile(r"\{\{\s*#\s*histories\s*#\s*\}\}")
QUESTION = "{{#sys.query#}}"


def prompt_read(rest: Object, findings: Findings) -> tuple[str, list[Object]]:
    """Take the prompt out of a model_config; return it as one text, and the examples of questions and answers in it.

    An advanced prompt also stays for an export. `examples` is our own key: no other platform writes it.
    """
    simple = as_text(rest.pop("pre_prompt", None))
    examples = [_example(item) for item in as_objects(rest.pop("examples", None))]
    if rest.pop("prompt_type", "simple") != "advanced":
        return _in_our_words(simple, findings), examples
    messages = as_objects(as_object(rest.get("chat_prompt_config")).get("prompt"))
    if messages:
        messages, shown = _examples_taken(messages, findings)
        return _joined(messages, findings), shown
    completion = as_object(as_object(rest.get("completion_prompt_config")).get("prompt"))
    return _in_our_words(as_text(completion.get("text")) or simple, findings), examples


def _example(item: Object) -> Object:
    return {"user": as_text(item.get("user")), "assistant": as_text(item.get("assistant"))}


def _examples_taken(messages: list[Object], findings: Findings) -> tuple[list[Object], list[Object]]:
    """Return the messages without the questions that have their answer right behind them, and those as examples."""
    left: list[Object] = []
    examples: list[Object] = []
    for message in messages:
        role, text = as_text(message.get("role")), as_text(message.get("text"))
        before = left[-1] if left else {}
        asked = as_text(before.get("text")) if before.get("role") == "user" else ""
        if role == "assistant" and text.strip() and asked.strip() and not _QUERY.search(asked):
            left.pop()
            examples.append({"user": _in_our_words(asked, findings), "assistant": _in_our_words(text, findings)})
        else:
            left.append(message)
    return left, examples


def _joined(messages: list[Object], findings: Findings) -> str:
    """Return the system's messages; a question alone goes along by itself, and what else is said is told."""
    parts: list[str] = []
    for message in messages:
        role, text = as_text(message.get("role")), as_text(message.get("text"))
        if role in ("user", "assistant"):
            if not _QUERY.sub("", text).strip():
                continue
            findings.remark("prompt", f"a message of the {role} in the prompt became a part of its text", "degraded")
            text = f"{role.capitalize()}: {text}"
        if text.strip():
            parts.append(text)
    return _in_our_words("\n\n".join(parts), findings)


def _in_our_words(text: str, findings: Findings) -> str:
    if _HISTORIES.search(text):
        findings.remark("prompt", "{{#histories#}} was taken out: the conversation goes along as messages")
    return _QUERY.sub(QUESTION, _HISTORIES.sub("", text))
