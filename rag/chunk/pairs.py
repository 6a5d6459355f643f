"""Questions with their answers: in the rows of a table, and in what a model wrote."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.types import Page

_QUESTION_NAMES = """
    q question questions query 问 问题 問題 问句 提问 質問 질문 вопрос вопросы запрос frage fragen pregunta domanda
"""
_ANSWER_NAMES = """
    a answer answers reply response 答 答案 回答 回复 答复 답변 ответ ответы antwort antworten
    respuesta réponse risposta
"""
QUESTION_NAMES = frozenset(_QUESTION_NAMES.split())
ANSWER_NAMES = frozenset(_ANSWER_NAMES.split())
"""Names of columns, in lower case."""

MAX_PAIRS = 5
_PROMPTS = {
    "en": (
        f"Read the text and write up to {MAX_PAIRS} questions that it answers, each with its answer. Ask so that the "
        "question is understood without the text. Use only what the text says. Write nothing but lines of this form:\n"
        "Q: the question\nA: the answer\n\nText:\n"
    ),
    "zh": (
        f"阅读下面的文本，写出最多{MAX_PAIRS}个文本能够回答的问题，并给出答案。问题在没有文本时也应能看懂。"
        "只使用文本中的内容。只按以下格式书写，不要写别的：\nQ: 问题\nA: 答案\n\n文本：\n"
    ),
    "ru": (
        f"Прочитай текст и напиши до {MAX_PAIRS} вопросов, на которые он отвечает, и ответ на каждый. Вопрос должен "
        "быть понятен без текста. Используй только то, что сказано в тексте. Пиши только строки такого вида:\n"
        "Q: вопрос\nA: ответ\n\nТекст:\n"
    ),
}
_OTHER_LANGUAGE = "Write questions and answers in the language of the text. "
_TEXT_ENDS = "\n\nQ:"

_Q = r"(?:questions?|q|вопрос|в|问题|问|問題|問|質問)"
_A = r"(?:answers?|a|ответ|о|答案|答|回答)"
# Small models number, indent, quote and embolden.
_QUESTION_LINE = re.compile(rf"^[\s\d.)>*#_-]*{_Q}\s*\d*\s*[*_]*[:：][*_]*\s*(.*)$", re.IGNORECASE)
_ANSWER_LINE = re.compile(rf"^[\s\d.)>*#_-]*{_A}\s*\d*\s*[*_]*[:：][*_]*\s*(.*)$", re.IGNORECASE)
_ANSWER_INSIDE = re.compile(rf"\s[*_]*{_A}\s*\d*\s*[*_]*[:：][*_]*\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pair:
    """A question with its answer; neither is empty. `page` is where it comes from."""

    question: str
    answer: str
    page: int | None = None


def row_pairs(pages: Sequence[Page]) -> Iterator[Pair | None]:
    """Yield a pair per row of the tables, None for a row that lacks one half.

    The columns are those whose header is a name of questions or answers in some language, else the first two. A long
    table comes as several pages under one header.
    """
    before: tuple[str, ...] = ()
    for page in pages:
        if not page.rows:
            continue
        head, *rows = page.rows
        columns = _columns(head)
        if columns is None:
            columns = (0, 1)
            rows = rows if head == before else [head, *rows]
        before = head
        for row in rows:
            question, answer = (row[column].strip() if column < len(row) else "" for column in columns)
            yield Pair(question, answer, page.number) if question and answer else None


def _columns(head: Sequence[str]) -> tuple[int, int] | None:
    names = [name.strip().lower() for name in head]
    question = next((index for index, name in enumerate(names) if name in QUESTION_NAMES), None)
    answer = next((index for index, name in enumerate(names) if name in ANSWER_NAMES), None)
    return None if question is None or answer is None else (question, answer)


def prompt_for(text: str, language: str) -> str:
    """Return what a model is asked for the pairs of a text."""
    known = _PROMPTS.get(language)
    return (known or _OTHER_LANGUAGE * bool(language) + _PROMPTS["en"]) + text + _TEXT_ENDS


def parsed_pairs(written: str, page: int | None) -> list[Pair]:
    """Return the pairs in what a model wrote, which may begin after the first "Q:"; none where it has no such form."""
    pairs: dict[str, Pair] = {}
    question, answer = "", ""
    is_answer = False
    lines = written.strip().splitlines()
    if lines and not _QUESTION_LINE.match(lines[0]) and not _ANSWER_LINE.match(lines[0]):
        lines[0] = f"Q: {lines[0]}"
    for line in [*lines, "Q:"]:
        if asked := _QUESTION_LINE.match(line):
            _keep(pairs, question, answer, page)
            question, _, answer = _halves(asked[1])
            is_answer = bool(answer)
        elif answered := _ANSWER_LINE.match(line):
            # A second answer to one question is a model that goes on by itself.
            answer = answer or answered[1].strip()
            is_answer = True
        elif is_answer and line.strip():
            answer += "\n" + line.strip() if answer else line.strip()
    return list(pairs.values())[:MAX_PAIRS]


def _halves(text: str) -> tuple[str, str, str]:
    found = _ANSWER_INSIDE.search(text)
    return (text[: found.start()].strip(), found[0], text[found.end() :].strip()) if found else (text.strip(), "", "")


def _keep(pairs: dict[str, Pair], question: str, answer: str, page: int | None) -> None:
    question, answer = question.strip("*_ \t"), answer.strip("*_ \t\n")
    if question and answer and question.lower() != answer.lower():
        pairs.setdefault(question.lower(), Pair(question, answer, page))
