"""What the skills are taught from: whole, true to its own schemas, and nobody else's text."""

import json
import re
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from inference.starter.call_cases import public_cases
from inference.starter.sources import DATA, Split, skills, sources, talks
from tests.inference.starter.likeness import Likeness

SPLITS: tuple[Split, ...] = ("train", "held_out")
SHARED = Path(__file__).parents[4] / "shared" / "data"
WORD = re.compile(r"\w+")


def eights(text: str) -> Iterator[str]:
    """Yield every eight words in a row."""
    words = WORD.findall(text.lower())
    for start in range(len(words) - 7):
        yield " ".join(words[start : start + 8])


def texts_in(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from texts_in(item)
        case dict():
            for item in value.values():
                yield from texts_in(item)


def test_there_is_enough_of_everything_and_a_little_is_held_out() -> None:
    for read, least, most_held in ((sources, 550, 0.09), (skills, 250, 0.2), (talks, 480, 0.09)):
        trained, held = (len(read(split)) for split in SPLITS)
        assert trained >= least
        assert 0.02 < held / (trained + held) < most_held


def test_tools_that_are_only_measured_with_are_never_trained_on() -> None:
    names = {json.loads(line)["name"] for line in (DATA / "tools-held.jsonl").read_text("utf-8").splitlines()}
    assert names <= {skill.tool.name for skill in skills("held_out")}
    assert not names & {skill.tool.name for skill in skills("train")}


def test_a_passage_is_in_one_split_only() -> None:
    texts = [source.text for split in SPLITS for source in sources(split)]
    assert len(texts) == len(set(texts))


def test_what_follows_follows_a_question_that_is_there() -> None:
    for split in SPLITS:
        for source in sources(split):
            assert all(0 <= follow.after < len(source.questions) for follow in source.follow), source.title


def test_a_passage_answers_nothing_that_is_said_to_be_absent() -> None:
    for split in SPLITS:
        for source in sources(split):
            asked = {question.text for question in source.questions}
            assert not asked & set(source.absent), source.title


def test_arguments_obey_the_schemas_of_their_tools() -> None:
    for split in SPLITS:
        for skill in skills(split):
            Draft202012Validator.check_schema(skill.tool.parameters)
            validator = Draft202012Validator(skill.tool.parameters)
            for request in skill.requests:
                assert validator.is_valid(request.arguments), (skill.tool.name, request.arguments)


def test_no_two_tools_have_one_name() -> None:
    names = [skill.tool.name for split in SPLITS for skill in skills(split)]
    assert len(names) == len(set(names))


def test_talks_end_with_an_answer() -> None:
    for split in SPLITS:
        for talk in talks(split):
            said = [message.role for message in talk.messages if message.role != "system"]
            assert said[0] == "user"
            assert said[-1] == "assistant"
            assert all(one != other for one, other in pairwise(said))


def test_a_line_that_breaks_the_rules_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = {"title": "A", "text": "Cats purr.", "questions": [{"q": "?", "a": "!", "key": "Dogs"}], "absent": []}
    (tmp_path / "passages-en-9.jsonl").write_text(json.dumps(line) + "\n")
    monkeypatch.setattr("inference.starter.sources.DATA", tmp_path)
    with pytest.raises(ValueError, match=r"passages-en-9\.jsonl, line 1: .*'Dogs' does not stand in the text"):
        [*sources("train"), *sources("held_out")]


@pytest.fixture(scope="module")
def own_eights() -> frozenset[str]:
    return frozenset(
        eight
        for path in DATA.glob("*.jsonl")
        for line in path.read_text("utf-8").splitlines()
        for text in texts_in(json.loads(line))
        for eight in eights(text)
    )


def _shares_nothing(own: frozenset[str], folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.suffix in {".json", ".jsonl", ".txt", ".md", ".yml", ".csv", ".tsv", ".html"}:
            shared = own & set(eights(path.read_text("utf-8", errors="ignore")))
            assert not shared, (path.name, sorted(shared)[:3])


@pytest.mark.shared_data
def test_no_eight_words_in_a_row_are_those_of_what_is_measured_with(own_eights: frozenset[str]) -> None:
    if not SHARED.is_dir():
        pytest.skip("the documents are not beside the checkout")
    _shares_nothing(own_eights, SHARED)


@pytest.fixture(scope="module")
def public() -> Path:
    benchmark = find_spec("bfcl_eval")
    if benchmark is None or benchmark.origin is None:
        pytest.skip("the package bfcl-eval is not installed")
    return Path(benchmark.origin).parent


@pytest.mark.shared_data
def test_no_eight_words_in_a_row_are_those_of_public_calls(own_eights: frozenset[str], public: Path) -> None:
    _shares_nothing(own_eights, public)


@pytest.mark.shared_data
def test_no_tool_has_the_name_of_a_public_one_in_any_spelling(public: Path) -> None:
    measured = {_spelled(case.name) for case in public_cases(public, seed=1, offered=1)}
    assert len(measured) > 300
    assert not measured & {_spelled(skill.tool.name) for split in SPLITS for skill in skills(split)}


@pytest.mark.shared_data
def test_no_request_is_a_public_one_in_other_words(public: Path) -> None:
    measured = Likeness({case.messages[-1].content for case in public_cases(public, seed=1, offered=1)})
    asked = {request.ask for split in SPLITS for skill in skills(split) for request in skill.requests}
    alike = {ask: found for ask in asked if (found := measured.nearest(ask))[0] >= 0.4}
    assert not alike


def _spelled(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
