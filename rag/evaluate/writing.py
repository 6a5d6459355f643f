"""Test cases that a chat model writes: a question per chunk, which that chunk answers."""

import re
import uuid
from collections.abc import Sequence

from rag.evaluate.measures import Case
from rag.ports import Write
from rag.types import Hit

PROMPT = """Passage:
{text}

Write one question that this passage answers. Somebody who has not seen the passage must understand the question: \
name the things that it is about, and do not mention the passage. Write it in the language of the passage. \
Answer with the question alone."""
PASSAGE_CHARS = 4000
QUESTION_TOKENS = 80
QUESTION_CHARS = (5, 300)

_LABEL = re.compile(r"^\W*(?:question|вопрос|问题)\s*\d*\s*[:：.]\s*", re.IGNORECASE)
_LIST_MARK = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_QUOTES = "\"'“”«»„‘’*_` "
# A question about "the passage" is answered by every passage.
_ABOUT_THE_PASSAGE = re.compile(
    r"\b(?:this|the|that)\s+(?:passage|text|paragraph|document|excerpt)\b|\b(?:этот|этом|данном)\s+(?:текст|отрыв)"
    r"|(?:本文|这段|该段|上文|文中)",
    re.IGNORECASE,
)


async def write_cases(chunks: Sequence[Hit], write: Write) -> list[Case]:
    """Return a case for each chunk for which the model writes a usable question; raises what the model raises."""
    cases = []
    for chunk in chunks:
        answer = await write(PROMPT.format(text=chunk.text[:PASSAGE_CHARS]), QUESTION_TOKENS)
        if question := question_in(answer, chunk.text):
            cases.append(Case(id=str(uuid.uuid4()), question=question, chunk_ids=frozenset({chunk.chunk_id})))
    return cases


def question_in(answer: str, passage: str) -> str:
    """Return the question in a model's answer, or nothing when there is no usable one."""
    for line in answer.splitlines():
        question = _LIST_MARK.sub("", _LABEL.sub("", _LIST_MARK.sub("", line))).strip(_QUOTES)
        if question.endswith(("?", "？")):
            is_usable = (
                QUESTION_CHARS[0] <= len(question) <= QUESTION_CHARS[1]
                and not _ABOUT_THE_PASSAGE.search(question)
                # What is copied would be found by any search.
                and question.rstrip("?？ ").casefold() not in passage.casefold()
            )
            return question if is_usable else ""
    return ""
