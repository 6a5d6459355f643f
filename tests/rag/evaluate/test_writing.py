"""Questions that a model writes about chunks: what is taken, and what is left."""

import pytest

from rag.evaluate import write_cases
from rag.evaluate.writing import question_in
from rag.types import Hit

PASSAGE = "The warranty lasts three years and covers the battery. Who pays for it? The maker."


@pytest.mark.parametrize(
    ("answer", "question"),
    [
        ("How long does the warranty last?", "How long does the warranty last?"),
        ("Question: How long does the warranty last?\nThree years.", "How long does the warranty last?"),
        ("Sure, here it is:\n\n1. “How long does the warranty last?”", "How long does the warranty last?"),
        ("**Вопрос:** Сколько длится гарантия?", "Сколько длится гарантия?"),
        ("问题：保修期是多长时间呢请问？", "保修期是多长时间呢请问？"),
        ("The warranty lasts three years.", ""),
        ("", ""),
        ("Why?", ""),
        ("What does this passage say about the warranty?", ""),
        ("Who pays for it?", ""),
        ("What about " + "the battery " * 40 + "?", ""),
    ],
)
def test_a_usable_question_is_found_in_the_answer(answer: str, question: str) -> None:
    assert question_in(answer, PASSAGE) == question


async def test_each_chunk_gets_a_question_that_it_answers_or_none() -> None:
    prompts = []

    async def write(prompt: str, max_tokens: int) -> str:
        prompts.append(prompt)
        return "How long does the warranty last?" if "warranty" in prompt.partition("\n\n")[0] else "No idea."

    chunks = [
        Hit("a", "d", "s", PASSAGE, None, 0, 1.0),
        Hit("b", "d", "s", "Nothing to see.", None, 1, 1.0),
    ]
    [case] = await write_cases(chunks, write)
    assert (case.question, case.chunk_ids) == ("How long does the warranty last?", frozenset({"a"}))
    assert len(prompts) == 2
    assert all(chunk.text in prompt for chunk, prompt in zip(chunks, prompts, strict=True))
