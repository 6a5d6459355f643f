"""Samples: the same for a seed, with citations that point at the right passage and calls that name an offered tool."""

import json
import re
from collections import Counter
from itertools import chain, islice

import pytest

from inference.chat_template import CHATML, ChatTemplate
from inference.starter.calls import NONE_FITS
from inference.starter.encode import Encoded, encode, packed
from inference.starter.grounded import REFUSALS
from inference.starter.mixture import Mixture
from inference.starter.quotes import quoted
from inference.starter.samples import Sample
from inference.starter.sources import sources

COUNT = 400
CITATION = re.compile(r"\[(\d+)\]")


@pytest.fixture(scope="module")
def samples() -> list[Sample]:
    mixture = Mixture()
    return list(islice(chain.from_iterable(mixture.groups(7)), COUNT))


def of_kind(samples: list[Sample], *kinds: str) -> list[Sample]:
    found = [sample for sample in samples if sample.kind in kinds]
    assert found, kinds
    return found


def test_every_kind_is_there(samples: list[Sample]) -> None:
    kinds = Counter(sample.kind for sample in samples)
    assert {"grounded", "absent", "double", "follow", "call", "parallel", "successive", "no_call", "react"} <= set(
        kinds
    )


def test_the_same_seed_gives_the_same_groups_in_any_order(samples: list[Sample]) -> None:
    again = Mixture()
    assert again.group(7, 11) == Mixture().group(7, 11)
    assert again.group(7, 0)[0] == samples[0]
    assert again.group(8, 0)[0] != samples[0]


def test_an_answer_cites_the_passage_that_holds_its_key(samples: list[Sample]) -> None:
    asked = [(source, question) for source in sources("train") for question in source.questions]
    key_of = {question.answer: question.key for _, question in asked}
    quotes = {quoted(source.text, question.key, question.text) for source, question in asked}
    for sample in of_kind(samples, "grounded"):
        answer = sample.messages[-1].content
        said, number = answer[: answer.rindex("[")].strip(), int(CITATION.findall(answer)[-1])
        lines = "\n".join(message.content for message in sample.messages[:-1]).splitlines()
        [cited] = [line for line in lines if line.startswith(f"[{number}] ")]
        stands_there = said if said in quotes else key_of[said]
        assert " ".join(stands_there.split()) in cited, (said, cited)


def test_what_is_absent_is_refused_in_the_language_of_the_passages(samples: list[Sample]) -> None:
    for sample in of_kind(samples, "absent"):
        assert sample.messages[-1].content in REFUSALS.values()
        assert not CITATION.search(sample.messages[-1].content)


def test_a_call_names_a_tool_that_is_offered_and_no_tool_is_offered_twice(samples: list[Sample]) -> None:
    for sample in of_kind(samples, "call", "parallel", "successive", "later", "no_call"):
        names = [tool.name for tool in sample.tools]
        assert len(names) == len(set(names))
        for message in sample.messages:
            assert all(call.name in names for call in message.tool_calls)
            assert all(isinstance(json.loads(call.arguments), dict) for call in message.tool_calls)


def test_without_a_tool_that_fits_nothing_is_called(samples: list[Sample]) -> None:
    said = [sample.messages[-1].content for sample in of_kind(samples, "no_call")]
    assert NONE_FITS in said
    assert len(set(said)) > 1, "small talk goes on although tools are offered"


def test_only_answers_are_learned_and_each_to_its_end(samples: list[Sample]) -> None:
    template = ChatTemplate(CHATML)
    for sample in samples[:60]:
        encoded = encode(sample, template, lambda text: [ord(character) for character in text])
        learned = "".join(chr(number) for number, wanted in zip(encoded.ids, encoded.learned, strict=True) if wanted)
        wanted = [
            message.content
            for number, message in enumerate(sample.messages)
            if message.role == "assistant" and number >= sample.learned_from
        ]
        assert learned.count("<|im_end|>") == len(wanted)
        assert all(text in learned for text in wanted)
        assert "<|im_start|>" not in learned


def test_samples_in_one_row_share_what_they_begin_with_and_see_nothing_of_each_other() -> None:
    one = Encoded((1, 2, 3, 4, 5), (False, False, False, False, True))
    two = Encoded((1, 2, 6, 7, 8, 9), (False, False, False, True, True, True))
    row = packed([one, two])
    assert row.ids == (1, 2, 3, 4, 5, 6, 7, 8, 9)
    assert row.positions == (0, 1, 2, 3, 4, 2, 3, 4, 5)
    assert row.ends == (2, 5, 9)
    assert [token for token, learned in zip(row.ids, row.learned, strict=True) if learned] == [5, 7, 8, 9]


def test_a_learned_token_comes_after_one_of_its_own_branch() -> None:
    alike = Encoded((1, 2, 3), (False, False, True))
    row = packed([alike, alike])
    assert row.ends == (1, 3, 5)
    assert [at for at, learned in enumerate(row.learned) if learned] == [2, 4]


def test_a_group_shares_its_passages_or_tools() -> None:
    template = ChatTemplate(CHATML)
    mixture, alone, together = Mixture(), 0, 0
    for number in range(60):
        group = mixture.group(3, number)
        encoded = [encode(sample, template, lambda text: [ord(character) for character in text]) for sample in group]
        alone += sum(len(sample.ids) for sample in encoded)
        together += len(packed(encoded).ids)
    assert alone > 2 * together
