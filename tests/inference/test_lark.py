"""Grammars for engines with a matcher of their own, tried with llguidance's."""

import pytest
from llguidance import LLMatcher, LLTokenizer

from inference.errors import InvalidRequestError
from inference.structured.lark import lark_of
from inference.tool_parsing.dialects import DIALECTS, DialectName
from inference.types import GenerateRequest, Message, ToolSpec

ADD = ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
HI = (Message("user", "hi"),)
BYTES = LLTokenizer("byte")


def fits(request: GenerateRequest, dialect: DialectName, text: str) -> bool:
    """Whether the answer may be `text`, whole."""
    grammar = lark_of(request, DIALECTS[dialect])
    assert grammar is not None
    matcher = LLMatcher(BYTES, LLMatcher.grammar_from_lark(grammar), log_level=0)
    assert not matcher.is_error(), matcher.get_error()
    tokens = list(text.encode())
    return matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()


CALLS: list[tuple[DialectName, str, str]] = [
    ("hermes", '<tool_call>\n{"name": "add", "arguments": {"a":1}}\n</tool_call>', "<tool_call>\n"),
    ("mistral", '[TOOL_CALLS][{"name": "add", "arguments": {"a":1}}]', "[TOOL_CALLS]["),
    ("llama3", '{"name": "add", "parameters": {"a":1}}', ""),
]


@pytest.mark.parametrize(("dialect", "call", "opening"), CALLS)
def test_a_model_may_talk_or_call_but_only_what_there_is_with_arguments_of_its_schema(
    dialect: DialectName, call: str, opening: str
) -> None:
    request = GenerateRequest("m", HI, tools=(ADD,))
    assert fits(request, dialect, "Just words, {braces} and <tags>.")
    assert fits(request, dialect, call)
    assert not fits(request, dialect, call.replace("add", "subtract"))
    assert not fits(request, dialect, call.replace('"a":1', '"a":"x"'))
    assert not fits(request, dialect, call[:-2])
    assert fits(GenerateRequest("m", HI, tools=(ADD,), tool_choice="required"), dialect, call.removeprefix(opening))


@pytest.mark.parametrize(("dialect", "call", "opening"), CALLS)
def test_who_must_call_cannot_talk(dialect: DialectName, call: str, opening: str) -> None:
    assert not fits(GenerateRequest("m", HI, tools=(ADD,), tool_choice="required"), dialect, "Just words.")


def test_words_may_come_before_and_after_a_call() -> None:
    call = CALLS[0][1]
    request = GenerateRequest("m", HI, tools=(ADD,))
    assert fits(request, "hermes", f"Well, {call} and so on.")
    assert fits(request, "hermes", call.replace("\n</tool_call>", "\n</tool_call>\n" + call))
    one = GenerateRequest("m", HI, tools=(ADD,), parallel_tool_calls=False)
    assert not fits(one, "hermes", call.replace("\n</tool_call>", "\n</tool_call>\n" + call))


def test_an_answer_obeys_its_schema() -> None:
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"]}
    request = GenerateRequest("m", HI, response_schema=schema)
    assert fits(request, "hermes", '{"a":2}')
    assert not fits(request, "hermes", '{"a":3}')
    assert not fits(request, "hermes", "2")


def test_without_tools_and_schema_everything_is_allowed() -> None:
    assert lark_of(GenerateRequest("m", HI), DIALECTS["hermes"]) is None
    assert lark_of(GenerateRequest("m", HI, tools=(ADD,), tool_choice="none"), DIALECTS["hermes"]) is None


def test_what_cannot_be_enforced_is_refused() -> None:
    begun = (*HI, Message("assistant", '{"a":'))
    with pytest.raises(InvalidRequestError, match="continue a message"):
        lark_of(GenerateRequest("m", begun, response_schema={}, continue_final_message=True), DIALECTS["hermes"])
    unknown = GenerateRequest("m", HI, tools=(ADD,), tool_choice="required", tool_name="subtract")
    with pytest.raises(InvalidRequestError, match="not among the tools"):
        lark_of(unknown, DIALECTS["hermes"])
