"""Questions come from rows or from a model; what is none is skipped and said."""

import asyncio

import pytest

from rag.chunk import Chunked, ChunkSettings, chunk
from rag.chunk.pairs import parsed_pairs
from rag.errors import DocumentError, InvalidSettingsError
from rag.ports import Write
from rag.types import Extraction, Page
from tests.rag.chunk.counters import count_words

QA = ChunkSettings(mode="qa", max_tokens=60, overlap_tokens=20)


async def cut(*pages: Page, write: Write | None = None, limit: int | None = None, language: str = "") -> Chunked:
    return await chunk(
        Extraction(pages),
        format_name="any",
        markup="table" if pages[0].rows else "plain",
        settings=QA,
        count_tokens=count_words,
        write=write,
        limit=limit,
        language=language,
    )


class Writer:
    """Answers with what is scripted, in order, and remembers the prompts and how many were open at once."""

    def __init__(self, *answers: str) -> None:
        self.answers = answers
        self.prompts: list[str] = []
        self.open = self.most_open = 0

    async def __call__(self, prompt: str, max_tokens: int) -> str:
        self.prompts.append(prompt)
        answer = self.answers[(len(self.prompts) - 1) % len(self.answers)]
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        await asyncio.sleep(0)
        self.open -= 1
        return answer


def rows(*lines: tuple[str, ...]) -> Page:
    return Page("\n".join(" ".join(line) for line in lines), 1, rows=lines)


@pytest.mark.parametrize(
    "head", [("No", "Answer", "Question"), ("id", "答案", "问题"), ("№", "Ответ", " Вопрос "), ("n", "ANSWERS", "Q")]
)
async def test_columns_are_found_by_their_names_in_several_languages(head: tuple[str, ...]) -> None:
    made = await cut(rows(head, ("1", "Paris.", "What is the capital of France?")))
    [only] = made.chunks
    assert (only.text, only.answer, only.page) == ("What is the capital of France?", "Paris.", 1)
    assert [only.tokens] == await count_words([only.text])
    assert only.passages == (only.text,)


async def test_without_names_the_first_two_columns_count_from_the_first_row() -> None:
    made = await cut(rows(("Who?", "I.", "x"), ("When?", "Now.", "y")))
    assert [(each.text, each.answer, each.position) for each in made.chunks] == [
        ("Who?", "I.", 0),
        ("When?", "Now.", 1),
    ]


async def test_a_long_table_in_several_pages_has_its_first_row_once() -> None:
    made = await cut(rows(("Who?", "I."), ("When?", "Now.")), rows(("Who?", "I."), ("Where?", "Here.")))
    assert [each.text for each in made.chunks] == ["Who?", "When?", "Where?"]


async def test_rows_that_lack_a_half_or_ask_too_long_are_counted_in_warnings() -> None:
    long = "why " * 80
    made = await cut(
        rows(("question", "answer"), ("Who?", ""), ("", "Now."), (" ",), (long, "So."), ("Where?", "Here."))
    )
    assert [each.text for each in made.chunks] == ["Where?"]
    assert [warning.split()[0] for warning in made.warnings] == ["3", "1"]


async def test_a_table_without_any_pair_says_what_to_do() -> None:
    with pytest.raises(DocumentError, match="first column"):
        await cut(rows(("question", "answer"), ("Who?", "")))


async def test_a_model_writes_pairs_for_every_part_two_at_a_time() -> None:
    text = "\n\n".join(f"Paragraph {n} says that the thing number {n} is blue and round and heavy." for n in range(30))
    write = Writer("Q: What colour is it?\nA: Blue.\n\nQ: How heavy is it?\nA: Very.")
    made = await cut(Page(text, 4), write=write)
    assert len(made.chunks) == 2 * len(write.prompts)
    assert len(write.prompts) > 5
    assert write.most_open == 2
    assert {each.page for each in made.chunks} == {4}
    assert all(f"Paragraph {n} says" in "".join(write.prompts) for n in range(30))


@pytest.mark.parametrize(
    ("language", "word"), [("en", "Read the text"), ("zh", "阅读"), ("ru", "Прочитай"), ("de", "in the language")]
)
async def test_the_model_is_asked_in_the_language_of_the_text(language: str, word: str) -> None:
    write = Writer("Q: a?\nA: b")
    await cut(Page("Some text."), write=write, language=language)
    assert word in write.prompts[0]


async def test_answers_without_the_form_skip_their_part_and_never_the_document() -> None:
    text = "\n\n".join(f"Paragraph {n} says that the thing number {n} is blue and round and heavy." for n in range(30))
    write = Writer("I am a small model.", "Q: What?\nA: That.")
    made = await cut(Page(text), write=write)
    assert len(made.chunks) == len(write.prompts) // 2
    assert made.warnings[0].startswith(f"{(len(write.prompts) + 1) // 2} parts")


async def test_not_one_pair_is_an_error_that_names_the_way_out() -> None:
    with pytest.raises(DocumentError, match="larger model"):
        await cut(Page("Some text."), write=Writer("I cannot do that."))


async def test_prose_without_a_model_is_refused() -> None:
    with pytest.raises(InvalidSettingsError, match="choose the model"):
        await cut(Page("Some text."))


async def test_a_limit_asks_the_model_no_more_than_needed() -> None:
    text = "\n\n".join(f"Paragraph {n} says that the thing number {n} is blue and round and heavy." for n in range(300))
    write = Writer("Q: What?\nA: That.")
    made = await cut(Page(text), write=write, limit=3)
    assert (len(made.chunks), made.is_complete) == (3, False)
    assert len(write.prompts) <= 6


async def test_a_model_that_fails_fails_the_document_and_leaves_nothing_running() -> None:
    async def write(prompt: str, max_tokens: int) -> str:
        raise TimeoutError("the model is busy")

    before = asyncio.all_tasks()
    with pytest.raises(TimeoutError):
        await cut(Page("Some words of a text. " * 200), write=write)
    assert asyncio.all_tasks() == before


@pytest.mark.parametrize(
    ("written", "pairs"),
    [
        ("Q: Who?\nA: I.", [("Who?", "I.")]),
        (" Who?\nA: I.\nQ: When?\nA: Now.", [("Who?", "I."), ("When?", "Now.")]),
        (
            "**Q1:** Who?\n**A1:** I.\n2. Q: When?\n   A: Now,\nor later.",
            [("Who?", "I."), ("When?", "Now,\nor later.")],
        ),
        ("Question: Who? Answer: I.", [("Who?", "I.")]),
        ("问：是谁？\n答：是我。", [("是谁？", "是我。")]),
        ("Вопрос: Кто?\nОтвет: Я.", [("Кто?", "Я.")]),
        ("Q: Who?\nA: I.\nQ: Who?\nA: You.", [("Who?", "I.")]),
        ("Q: Who?\nA:\nQ:\nA: I.", []),
        ("Q: Same\nA: Same", []),
        ("", []),
        ("\n".join(f"Q: {n}?\nA: {n}." for n in range(50)), [(f"{n}?", f"{n}.") for n in range(5)]),
    ],
)
def test_what_models_write_is_read_leniently(written: str, pairs: list[tuple[str, str]]) -> None:
    assert [(pair.question, pair.answer) for pair in parsed_pairs(written, None)] == pairs
