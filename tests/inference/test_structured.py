"""Grammars: whatever a model's taste, the answer is valid, closes in time, and what cannot be enforced is refused."""

import json
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import numpy as np
import pytest

from inference.errors import InvalidRequestError
from inference.structured.calls import MAX_CALLS
from inference.structured.constraint import GrammarConstraint
from inference.structured.grammar import Literal
from inference.structured.grammars import Grammars
from inference.structured.opening import OpeningConstraint
from inference.structured.vocabulary import Vocabulary
from inference.tool_parsing import DIALECTS, HERMES, CallParser, Dialect
from inference.types import GenerateRequest, Message, ToolSpec
from tests.inference.random_tools import random_schema, random_tool

Policy = Callable[[random.Random, list[int]], int]
Made = GrammarConstraint | OpeningConstraint
_WORDS = (
    '{" "} "}, "," ": ":" ":{" ":[ [] {} ]} }} }}} [[ ]] ,[ [" "] ,, ""  name arguments parameters true false null '
    "tool call the and of <tool </tool _call> ```json ``` \\n \\u é ść 12 345 0.5 -1 e+ [TOOL_CALLS] "
    "<tool_call> aaaa \n</ ;"
)


def make_vocabulary() -> Vocabulary:
    pieces = [bytes([byte]) for byte in range(256)] + [word.encode() for word in _WORDS.split(" ") if word]
    pieces += [b" " + bytes([letter]) for letter in range(97, 123)] + [b"<end>", b"<turn>"]
    size = len(pieces)
    vocabulary = Vocabulary(
        pieces, frozenset({size - 2}), frozenset({size - 1}), lambda text: vocabulary.split(text.encode())
    )
    return vocabulary


VOCABULARY = make_vocabulary()
GRAMMARS = {name: Grammars(VOCABULARY, dialect) for name, dialect in DIALECTS.items()}


def anything(rng: random.Random, tokens: list[int]) -> int:
    return rng.choice(tokens)


def talkative(rng: random.Random, tokens: list[int]) -> int:
    """Prefer letters, so that strings never end by themselves."""
    letters = [token for token in tokens if VOCABULARY.pieces[token].strip().isalpha()]
    return rng.choice(letters or tokens)


def nesting(rng: random.Random, tokens: list[int]) -> int:
    """Prefer to open what must be closed."""
    return max(
        tokens,
        key=lambda token: (VOCABULARY.pieces[token].count(b"[") + VOCABULARY.pieces[token].count(b"{"), rng.random()),
    )


def insatiable(rng: random.Random, tokens: list[int]) -> int:
    """Never end what may go on."""
    going_on = [token for token in tokens if token not in VOCABULARY.ends and b"]" not in VOCABULARY.pieces[token]]
    return rng.choice(going_on or tokens)


POLICIES: tuple[Policy, ...] = (anything, talkative, nesting)


def allowed(constraint: Made, remaining: int) -> list[int]:
    bits = np.frombuffer(constraint.mask(remaining), np.uint8)
    return [int(token) for token in np.flatnonzero(np.unpackbits(bits, bitorder="little"))]


def drive(constraint: Made, policy: Policy, rng: random.Random, max_tokens: int) -> tuple[str, bool]:
    """Generate with a model that has nothing but `policy`; return the text and whether it ended by itself."""
    written = b""
    remaining = max_tokens
    while remaining > 0:
        if constraint.is_complete:
            return written.decode(), True
        tokens = constraint.forced(remaining, remaining)
        choices = allowed(constraint, remaining)
        assert choices, f"nothing may follow {written!r}"
        if tokens:
            assert constraint.allows(tokens[0], remaining), "forced tokens are allowed"
        else:
            tokens = [policy(rng, choices)]
            assert constraint.allows(tokens[0], remaining), f"{VOCABULARY.pieces[tokens[0]]!r} after {written!r}"
        if tokens[0] in VOCABULARY.ends:
            return written.decode(), True
        constraint.accept(tokens)
        written += b"".join(VOCABULARY.pieces[token] for token in tokens)
        remaining -= len(tokens)
    return written.decode("utf-8", "replace"), False


def parse(text: str, dialect: Dialect, *, is_open: bool) -> tuple[str, list[tuple[str, object]]]:
    parser = CallParser(dialect, is_open=is_open)
    results = [parser.push(text[i : i + 7]) for i in range(0, len(text), 7)]
    results.append(parser.finish())
    calls: list[list[str]] = []
    for piece in (piece for result in results for piece in result.calls):
        if piece.index == len(calls):
            calls.append([piece.name, ""])
        calls[piece.index][1] += piece.arguments
    return "".join(result.text for result in results), [(name, json.loads(arguments)) for name, arguments in calls]


@pytest.mark.parametrize("part", range(20))
def test_500_random_tools_of_four_levels_are_always_called_validly(part: int) -> None:
    for case in range(part * 25, part * 25 + 25):
        rng = random.Random(case)
        dialect = list(DIALECTS.values())[case % 4]
        tools = tuple(random_tool(rng, name) for name in ("get", "get_more"))
        request = GenerateRequest("m", tools=tools, tool_choice="required", parallel_tool_calls=case % 3 == 0)
        made = GRAMMARS[dialect.name].constraint_for(request)
        assert isinstance(made, GrammarConstraint)
        text, _ = drive(made, POLICIES[case % 5 % 3], rng, max(made.shortest, rng.choice((1, 60, 150))))
        shown, calls = parse(text, dialect, is_open=True)
        assert calls and not shown.strip(), text
        assert len(calls) == 1 or request.parallel_tool_calls
        for name, arguments in calls:
            jsonschema.validate(arguments, next(tool.parameters for tool in tools if tool.name == name))


@pytest.mark.parametrize("case", range(60))
def test_any_budget_from_the_shortest_answer_on_gives_a_valid_one(case: int) -> None:
    rng = random.Random(1000 + case)
    schema = random_schema(rng, 3)
    request = GenerateRequest("m", response_schema=schema)
    shortest = _constraint(request).shortest
    for spare in (0, 1, 2, 5, 11, 40):
        text, _ = drive(_constraint(request), POLICIES[case % 3], rng, shortest + spare)
        jsonschema.validate(json.loads(text), schema)


def _constraint(request: GenerateRequest, dialect: Dialect = HERMES) -> GrammarConstraint:
    made = GRAMMARS[dialect.name].constraint_for(request)
    assert isinstance(made, GrammarConstraint)
    return made


def test_any_json_object_is_an_object_and_ends() -> None:
    for policy in POLICIES:
        for max_tokens in (2, 9, 200):
            made = _constraint(GenerateRequest("m", response_schema={}))
            assert isinstance(json.loads(drive(made, policy, random.Random(1), max_tokens)[0]), dict)


def test_allows_and_mask_agree_while_there_is_room() -> None:
    rng = random.Random(5)
    made = _constraint(GenerateRequest("m", response_schema=random_schema(rng, 3)))
    for _ in range(40):
        if made.is_complete:
            break
        choices = set(allowed(made, 10**6))
        one_by_one = {token for token in range(len(VOCABULARY.pieces)) if made.allows(token, 10**6)}
        # Of a text that is forced, the mask shows only the tokens that the model itself would split it into.
        assert choices < one_by_one if made.forced(9, 10**6) and choices != one_by_one else choices == one_by_one
        made.accept([rng.choice(sorted(choices - VOCABULARY.ends) or [0])])


def test_a_draft_is_admitted_as_far_as_it_would_be_allowed() -> None:
    made = _constraint(
        GenerateRequest("m", response_schema={"type": "object", "properties": {"a": {"type": "integer"}}})
    )
    draft = VOCABULARY.split(b'{"a":1x')
    assert made.admissible(draft, 100) == len(draft) - 1
    assert made.admissible(draft, 100) == len(draft) - 1, "asking changes nothing"
    assert made.admissible(draft, 2) < len(draft) - 1


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_model_that_may_call_writes_text_or_a_valid_call(name: str) -> None:
    dialect = DIALECTS[name]  # type: ignore[index]
    tools = (ToolSpec("add", "", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}),)
    for parallel in (True, False):
        request = GenerateRequest("m", tools=tools, parallel_tool_calls=parallel)
        made = GRAMMARS[dialect.name].constraint_for(request)
        assert isinstance(made, OpeningConstraint)
        opening = VOCABULARY.split((dialect.trigger if dialect.only_first else f"Hi {dialect.trigger}").encode())
        for token in opening:
            assert made.allows(token, 100)
            made.accept([token])
        rest, _ = drive(made, anything, random.Random(3), 100)
        text = b"".join(VOCABULARY.pieces[token] for token in opening).decode() + rest
        parser = CallParser(dialect)
        pieces = [*parser.push(text).calls, *parser.finish().calls]
        assert pieces and pieces[0].name == "add"
        assert parallel or {piece.index for piece in pieces} == {0}


@pytest.mark.parametrize("name", sorted(DIALECTS))
def test_a_model_that_would_go_on_calling_ends_with_whole_calls(name: str) -> None:
    """A few calls at most, one when the tool is named, and whole ones at the last token that is left."""
    dialect = DIALECTS[name]  # type: ignore[index]
    tools = (ToolSpec("add", "", {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}),)
    for chosen, budgets in ((None, (40, 77, 90, 1000)), ("add", (1000,))):
        for max_tokens in budgets:
            made = GRAMMARS[dialect.name].constraint_for(
                GenerateRequest("m", tools=tools, tool_choice="required", tool_name=chosen)
            )
            assert isinstance(made, GrammarConstraint)
            text, _ = drive(made, insatiable, random.Random(3), max_tokens)
            _, calls = parse(text, dialect, is_open=True)
            assert made.is_whole, text
            assert 1 <= len(calls) <= (1 if chosen else MAX_CALLS)
            assert max_tokens < 1000 or len(calls) == (1 if chosen else MAX_CALLS)


def test_free_text_is_whole_only_right_behind_calls() -> None:
    request = GenerateRequest("m", tools=(ToolSpec("add", "", {"type": "object", "additionalProperties": False}),))
    made = GRAMMARS["hermes"].constraint_for(request)
    assert made is not None
    seen = []
    call = b'<tool_call>\n{"name": "add", "arguments": {}}\n</tool_call>'
    for text in (b"Hi ", call[:-3], call[-3:], b"\n", b"so ", call):
        made.accept(VOCABULARY.split(text))
        seen.append(made.is_whole)
    assert seen == [False, False, True, True, False, True]


def test_free_text_may_end_and_a_call_is_not_opened_that_cannot_be_closed() -> None:
    request = GenerateRequest("m", tools=(ToolSpec("add", "", {}),))
    made = GRAMMARS["hermes"].constraint_for(request)
    assert made is not None
    end = min(VOCABULARY.ends)
    assert made.allows(end, 100)
    opening = VOCABULARY.split(b"<tool_call>")
    made.accept(opening[:-1])
    assert made.allows(opening[-1], 200)
    assert not made.allows(opening[-1], 5)
    assert opening[-1] not in allowed(made, 5)


def test_an_unfinished_message_is_taken_in_first() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
    begun = GenerateRequest(
        "m", (Message("user", "?"), Message("assistant", '{"a":t')), response_schema=schema, continue_final_message=True
    )
    assert drive(_constraint(begun), anything, random.Random(0), 20) == ("rue}", True)
    wrong = GenerateRequest(
        "m", (Message("assistant", "Sure: {"),), response_schema=schema, continue_final_message=True
    )
    with pytest.raises(InvalidRequestError, match="continue"):
        GRAMMARS["hermes"].constraint_for(wrong)


def deep(levels: int) -> dict[str, object]:
    schema: dict[str, object] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema}
    return schema


LONG_LIST = {"type": "array", "minItems": 100, "items": {"type": "string"}}


def wide(part: dict[str, object], count: int, pattern: str | None = None) -> dict[str, object]:
    """An object of many properties; patterns and limits differ, so that none is the same as another."""
    parts = [dict(part) for _ in range(count)]
    for number, one in enumerate(parts):
        if pattern is not None:
            one["pattern"] = pattern.format(100 + number)
        if "minimum" in one:
            one["minimum"] = number + 0.123456
    return {"type": "object", "properties": {f"p{number}": one for number, one in enumerate(parts)}}


@pytest.mark.parametrize(
    ("schema", "named"),
    [
        (deep(100_000), "levels"),
        ({"enum": ["x" * 70_000]}, "larger"),
        ({"type": "array", "items": {"type": "string"}, "minItems": 10**9}, "minItems"),
        ({"type": "string", "pattern": "(a{4000}){4000}"}, "pattern"),
        ({"type": "string", "pattern": "^[a-z]{1100}$"}, "pattern"),
        ({"type": "string", "minLength": 1100}, "minLength"),
        ({"const": "x" * 5000}, "longer"),
        ({"anyOf": [{"type": "null"}, {"type": "array", "minItems": 1000, "items": LONG_LIST}]}, "minItems"),
        (wide({"type": "string", "pattern": "^[a-z]{500}$"}, 20, "[^a]{{{}}}"), "all patterns"),
        (wide({"type": "number", "minimum": 0.123456}, 200), "all patterns"),
        ({"type": "array", "items": wide(wide({"type": "integer"}, 200), 10)}, "options and values"),
        ({"enum": list(range(5000))}, "options and values"),
        ({"anyOf": [{"type": "null"}] * 3000}, "options and values"),
        ({"type": "string", "pattern": "(?=a)"}, "pattern"),
        ({"type": "string", "format": "rainbow"}, "format"),
        ({"not": {}}, "not"),
        ({"if": {}}, "if"),
        ({"patternProperties": {}}, "patternProperties"),
        ({"type": "array", "uniqueItems": True}, "uniqueItems"),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, "oneOf"),
        ({"$ref": "#"}, "finite"),
        ({"anyOf": [{"$ref": "#"}, {"type": "null"}]}, "ref"),
        ({"$ref": "https://example.com/a.json"}, "ref"),
        ({"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]}, "finite"),
        ({"type": "integer", "minimum": 1e400}, "minimum"),
        ({"type": "integer", "minimum": 5, "maximum": 4}, "minimum"),
        ({"type": "banana"}, "banana"),
        ({"enum": []}, "enum"),
    ],
)
def test_what_cannot_be_enforced_is_refused_by_name(schema: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidRequestError, match=named) as caught:
        GRAMMARS["hermes"].constraint_for(GenerateRequest("m", response_schema=schema))
    assert caught.value.param == "response_format"


def test_all_tools_together_may_not_cost_more_than_one_schema() -> None:
    tools = tuple(ToolSpec(f"t{number}", "", wide({"type": "integer"}, 20)) for number in range(60))
    assert GRAMMARS["hermes"].constraint_for(GenerateRequest("m", tools=tools[:20])) is not None
    with pytest.raises(InvalidRequestError, match="options and values") as caught:
        GRAMMARS["hermes"].constraint_for(GenerateRequest("m", tools=tools))
    assert caught.value.param == "tools"


def test_patterns_formats_and_limits_that_recur_cost_once() -> None:
    common = [
        {"type": "string", "format": "uri"}, {"type": "string", "pattern": "[A-Z]{3}"}, {"type": "number"},
        {"type": "number", "minimum": 0}, {"type": "integer", "exclusiveMinimum": 0},
    ]  # fmt: skip
    parts = {f"p{number}": common[number % len(common)] for number in range(100)}
    made = _constraint(GenerateRequest("m", response_schema={"type": "object", "properties": parts}))
    assert json.loads(drive(made, insatiable, random.Random(4), 300)[0]).keys() <= parts.keys()


def test_a_schema_that_is_being_compiled_keeps_no_other_waiting_and_is_compiled_once() -> None:
    grammars = Grammars(VOCABULARY, HERMES)
    begun, go_on = threading.Event(), threading.Event()
    built = []

    def build() -> Literal:
        built.append(1)
        begun.set()
        assert go_on.wait(10)
        return Literal("slow")

    with ThreadPoolExecutor(2) as threads:
        slow = [threads.submit(grammars._constraint, "schema slow", build) for _ in range(2)]
        assert begun.wait(10)
        assert grammars.constraint_for(GenerateRequest("m", response_schema={"type": "null"})) is not None
        go_on.set()
        assert [one.result(10).shortest for one in slow] == [4, 4]
    assert built == [1]


def test_a_schema_that_was_refused_is_refused_again() -> None:
    for _ in range(2):
        with pytest.raises(InvalidRequestError, match="finite"):
            _constraint(GenerateRequest("m", response_schema={"$ref": "#"}))


@pytest.mark.parametrize("names", [("a", "a"), ("bad name",), ("",), ("x" * 65,)])
def test_tools_that_cannot_be_called_by_name_are_refused(names: tuple[str, ...]) -> None:
    tools = tuple(ToolSpec(name, "", {}) for name in names)
    with pytest.raises(InvalidRequestError) as caught:
        GRAMMARS["hermes"].constraint_for(GenerateRequest("m", tools=tools))
    assert caught.value.param == "tools"


def test_an_object_may_have_many_optional_properties_but_not_any_number() -> None:
    schema = {"type": "object", "properties": {f"property_{i}": {"type": "integer"} for i in range(256)}}
    text, _ = drive(_constraint(GenerateRequest("m", response_schema=schema)), anything, random.Random(2), 60)
    jsonschema.validate(json.loads(text), schema)
    more = {"type": "object", "properties": {f"property_{i}": {"type": "integer"} for i in range(257)}}
    with pytest.raises(InvalidRequestError, match="properties"):
        _constraint(GenerateRequest("m", response_schema=more))
