"""What `bench retrieval` searches: labelled sets for quality, and many real passages for speed.

A labelled set is a folder with corpus.jsonl, queries.jsonl and qrels.tsv, as BEIR has them. The passages for speed are
sentences: of the labelled sets, then of what the documentation strings of the installed packages say.
"""

import ast
import json
import random
import re
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEAST_WORDS = 6
MOST_WORDS = 24
_SENTENCE = re.compile(r"(?<=[.!?;:])\s+|\n\s*\n|\n\s*[-*•]\s")
_SPACE = re.compile(r"\s+")
_LANGUAGE = re.compile(r"^language:\s*(\w+)", re.MULTILINE)
# Documentation about symbols rather than in words.
_MOST_SYMBOLS = 0.15
_SEED = 20


@dataclass(frozen=True)
class Labelled:
    """Passages and questions with the passages that answer them; `relevant` maps a question to passages."""

    name: str
    language: str
    passages: dict[str, str]
    questions: dict[str, str]
    relevant: dict[str, frozenset[str]]


def labelled_sets(folder: Path) -> list[Labelled]:
    """Return the labelled sets that are below a folder, or the one that it is."""
    found = sorted(path.parent for path in folder.glob("**/qrels.tsv"))
    return [_labelled(path) for path in found]


def _labelled(folder: Path) -> Labelled:
    relevant: dict[str, set[str]] = {}
    for line in (folder / "qrels.tsv").read_text(encoding="utf-8").splitlines():
        question, passage, score = [*line.split("\t"), "", ""][:3]
        if score.strip().isdigit() and int(score) > 0:
            relevant.setdefault(question, set()).add(passage)
    readme = folder / "README.md"
    said = _LANGUAGE.search(readme.read_text(encoding="utf-8")) if readme.exists() else None
    questions = {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl") if row["_id"] in relevant}
    passages = {row["_id"]: f"{row.get('title', '')}\n{row['text']}".strip() for row in _rows(folder / "corpus.jsonl")}
    return Labelled(
        folder.name,
        said.group(1) if said else "",
        passages,
        questions,
        {question: frozenset(relevant[question]) for question in questions},
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def sentences(sets: list[Labelled], count: int) -> list[str]:
    """Return up to `count` distinct sentences in an order that is the same on every run."""
    found: dict[str, None] = {}
    for labelled in sets:
        if labelled.language in ("en", ""):
            for text in labelled.passages.values():
                found.update(dict.fromkeys(_sentences(text)))
    own = list(found)
    for text in _documentation():
        found.update(dict.fromkeys(_sentences(text)))
    rest = list(found)[len(own) :]
    random.Random(_SEED).shuffle(rest)  # noqa: S311  # the same order on every run, no secret
    return (own + rest)[:count]


def _sentences(text: str) -> Iterator[str]:
    for part in _SENTENCE.split(text):
        words = _SPACE.sub(" ", part).strip().split(" ")
        for first in range(0, len(words), MOST_WORDS):
            window = words[first : first + MOST_WORDS]
            sentence = " ".join(window)
            if len(window) >= LEAST_WORDS and sentence.isprintable() and _symbols(sentence) <= _MOST_SYMBOLS:
                yield sentence


def _symbols(text: str) -> float:
    return sum(not (character.isalnum() or character in " .,;:'\"()-") for character in text) / len(text)


def _documentation() -> Iterator[str]:
    """Yield the documentation strings of the installed packages, in the order of their files."""
    packages = Path(sysconfig.get_paths()["purelib"])
    for path in sorted(packages.glob("**/*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError, ValueError, RecursionError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                yield ast.get_docstring(node) or ""
