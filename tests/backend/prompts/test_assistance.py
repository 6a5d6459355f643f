"""What of a model's answer becomes a prompt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.prompts.assistance import Ask, written_of

PROMPT = "Translate {{text}} into {{ language }}."


@pytest.mark.parametrize(
    "answer",
    [
        "You translate {{text}}.",
        "```\nYou translate {{text}}.\n```",
        "```markdown\nYou translate {{text}}.\n```\n",
        "```\nYou translate {{text}}.",
        "Here is the improved prompt:\n\nYou translate {{text}}.",
        "Sure! Here's the new prompt you asked for:\n```text\nYou translate {{text}}.\n```",
        "<think>They want {{nothing}}.</think>\nYou translate {{text}}.",
        '"You translate {{text}}."',
        "<prompt>\nYou translate {{text}}.\n</prompt>",
        "Improved prompt: You translate {{text}}.",
        "You translate {text}.",
        "You translate { text }.",
    ],
)
def test_what_models_put_around_a_prompt_is_taken_off(answer: str) -> None:
    written = written_of(Ask("translate", variables=("text",)), answer)
    assert (written.text, written.problem) == ("You translate {{text}}.", None)
    assert (written.variables, written.unknown, written.missing) == (("text",), (), ())


def test_a_fence_inside_of_a_prompt_stays() -> None:
    text = "Answer like this:\n```json\n{}\n```\nand nothing else."
    assert written_of(Ask("x"), text).text == text


def test_quotes_that_belong_to_the_text_stay() -> None:
    assert written_of(Ask("x"), '"Yes" or "no"').text == '"Yes" or "no"'


def test_placeholders_that_nothing_provides_are_named() -> None:
    written = written_of(
        Ask("x", variables=("text",)), "{{text}} {{tone}} {{#context#}} {{#sys.query#}} {{#node.text#}}"
    )
    assert written.unknown == ("tone", "#node.text#")


def test_what_the_present_prompt_provides_is_known_and_what_it_loses_is_named() -> None:
    written = written_of(Ask("shorter", PROMPT + " {{#kb.result#}}"), "Translate {text} {{#kb.result#}}")
    assert written.text == "Translate {{text}} {{#kb.result#}}"
    assert (written.unknown, written.missing) == ((), ("{{language}}",))


@pytest.mark.parametrize("answer", ["", " \n", "```\n```", "...", "<think>I do not know"])
def test_an_answer_without_a_word_is_no_prompt(answer: str) -> None:
    assert written_of(Ask("x"), answer).problem == "empty"


def test_the_prompt_as_it_was_is_no_improvement() -> None:
    assert written_of(Ask("shorter", PROMPT), f"```\n{PROMPT}\n```").problem == "unchanged"


def test_our_own_instructions_are_not_the_prompt() -> None:
    ask = Ask("x")
    assert written_of(ask, ask.rules).problem == "echo"


def test_the_model_is_told_which_placeholders_to_use_and_which_to_keep() -> None:
    assert "{{text}}, {{tone}}" in Ask("x", variables=("text", "tone")).rules
    assert "{{text}}, {{language}}" in Ask("shorter", PROMPT).rules
    assert PROMPT in Ask("shorter", PROMPT).question


@given(st.text(), st.text())
def test_no_answer_breaks_anything(prompt: str, answer: str) -> None:
    written = written_of(Ask("x", prompt, ("text",)), answer)
    assert (written.problem is None) == bool(written.text)
