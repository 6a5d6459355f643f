"""Chooses the tools that fit a question, where an agent has more than a model can read of."""

import math
import re
from collections import Counter
from collections.abc import Collection, Sequence

from inference.types import ToolSpec

MAX_OFFERED = 20
K1, B = 1.2, 0.75
"""The usual constants of BM25 (Robertson and Zaragoza 2009)."""
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W_\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


def offered_tools(
    tools: Sequence[ToolSpec], question: str, called: Collection[str] = (), *, most: int = MAX_OFFERED
) -> tuple[ToolSpec, ...]:
    """Return all tools when there are no more than `most`, else those that fit the question best, in their order.

    Tools that were called already stay beside them: the conversation speaks of them.
    """
    if len(tools) <= most:
        return tuple(tools)
    scores = _scores([_words(_text_of(tool)) for tool in tools], _words(question))
    best = sorted(range(len(tools)), key=lambda index: (-scores[index], index))[:most]
    kept = {tools[index].name for index in best} | set(called)
    return tuple(tool for tool in tools if tool.name in kept)


def _text_of(tool: ToolSpec) -> str:
    properties = tool.parameters.get("properties")
    names = " ".join(properties) if isinstance(properties, dict) else ""
    # What a tool is called says most about it.
    return f"{tool.name} {tool.name} {tool.description} {names}"


def _words(text: str) -> list[str]:
    found = _WORD.findall(_CAMEL.sub(" ", text).casefold())
    return [word[:-1] if len(word) > 3 and word.endswith("s") else word for word in found]  # a plural, most often


def _scores(documents: Sequence[Sequence[str]], question: Sequence[str]) -> list[float]:
    """Return the BM25 score of each document for the question."""
    mean = sum(map(len, documents)) / max(1, len(documents))
    counts = [Counter(words) for words in documents]
    scores = [0.0] * len(documents)
    for word in dict.fromkeys(question):
        having = sum(word in count for count in counts)
        rarity = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
        for index, count in enumerate(counts):
            often = count[word]
            length = 1 - B + B * len(documents[index]) / (mean or 1.0)
            scores[index] += rarity * often * (K1 + 1) / (often + K1 * length)
    return scores
