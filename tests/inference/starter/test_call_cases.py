"""Judging calls, and reading the cases of a public benchmark."""

import json
from pathlib import Path

import pytest

from inference.starter.call_cases import CallCase, exactly, is_right, names_right, own_cases, public_cases
from inference.starter.sources import skills
from inference.types import ToolCall

FERRY = CallCase((), (), "book", exactly({"seats": 2, "car": True, "to": "Korvala", "stops": ["Ilo"]}))
# Two cases in the benchmark's own notation, made up here.
FUNCTIONS = [
    {
        "id": "simple_python_0",
        "question": [[{"role": "user", "content": "Brew two litres of dark ale."}]],
        "function": [
            {
                "name": "brewery.brew",
                "description": "Brew beer.",
                "parameters": {
                    "type": "dict",
                    "properties": {
                        "litres": {"type": "float", "optional": False},
                        "type": {"type": "string", "enum": ["dark ale", "lager"]},
                        "malt": {"type": "dict", "properties": {"kind": {"type": "any"}}},
                    },
                    "required": ["litres", "type"],
                },
            }
        ],
    },
    {
        "id": "simple_python_1",
        "question": [[{"role": "user", "content": "Ring the bell."}]],
        "function": [
            {"name": "ring", "description": "Ring.", "parameters": {"type": "dict", "properties": {}, "required": []}}
        ],
    },
]
ANSWERS = [
    {
        "id": "simple_python_0",
        "ground_truth": [
            {
                "brewery.brew": {
                    "litres": [2.0],
                    "type": ["dark ale", "ale"],
                    "malt": ["", {"kind": ["smoked", "roast"], "grams": [5, ""]}],
                }
            }
        ],
    },
    {"id": "simple_python_1", "ground_truth": [{"ring": {}}]},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "bfcl_eval" / "data"
    (inside / "possible_answer").mkdir(parents=True)
    for place, lines in ((inside, FUNCTIONS), (inside / "possible_answer", ANSWERS)):
        (place / "BFCL_v4_simple_python.json").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ('{"seats": 2, "car": true, "to": "korvala.", "stops": ["Ilo"]}', True),
        ('{"seats": 2.0, "car": true, "to": "Korvala", "stops": ["Ilo"]}', True),
        ('{"seats": "2", "car": true, "to": "Korvala", "stops": ["Ilo"]}', False),
        ('{"seats": 2, "car": 1, "to": "Korvala", "stops": ["Ilo"]}', False),
        ('{"seats": 2, "car": true, "to": "Korvala"}', False),
        ('{"seats": 2, "car": true, "to": "Korvala", "stops": ["Ilo"], "dog": true}', False),
        ('{"seats": 2, "car": true, "to": "Korvala", "stops": ["Ilo", "Ala"]}', False),
        ("[]", False),
        ("{", False),
    ],
)
def test_a_call_is_right_with_all_its_arguments_in_their_types(arguments: str, right: bool) -> None:
    calls = [ToolCall("1", "book", arguments)]
    assert names_right(FERRY, calls)
    assert is_right(FERRY, calls) is right


def test_the_cases_offer_the_right_tool_among_as_many_as_asked() -> None:
    trained = {skill.tool.name for skill in skills("train")}
    for case in own_cases(3, offered=8):
        names = [tool.name for tool in case.tools]
        assert len(set(names)) == len(names) == 8
        assert case.name in names
        assert case.name not in trained


@pytest.mark.parametrize(
    ("arguments", "right"),
    [
        ('{"litres": 2, "type": "dark ale"}', True),
        ('{"litres": 2, "type": "Ale"}', True),
        ('{"litres": 2, "type": "dark ale", "malt": {"kind": "roast"}}', True),
        ('{"litres": 2, "type": "dark ale", "malt": {"kind": "roast", "grams": 5}}', True),
        ('{"litres": 2, "type": "dark ale", "malt": {"grams": 5}}', False),
        ('{"litres": 2, "type": "dark ale", "malt": {"kind": "pale"}}', False),
        ('{"litres": 2}', False),
        ('{"litres": 3, "type": "dark ale"}', False),
    ],
)
def test_a_public_case_accepts_what_its_answers_list(folder: Path, arguments: str, right: bool) -> None:
    [case] = [case for case in public_cases(folder, 5, offered=1) if case.name == "brewery_brew"]
    assert case.messages[-1].content == "Brew two litres of dark ale."
    assert is_right(case, [ToolCall("1", "brewery_brew", arguments)]) is right


def test_a_public_function_becomes_a_tool_with_json_schema(folder: Path) -> None:
    for case in public_cases(folder, 5, offered=2):
        assert {tool.name for tool in case.tools} == {"brewery_brew", "ring"}
    tool = next(tool for tool in case.tools if tool.name == "brewery_brew")
    assert tool.parameters == {
        "type": "object",
        "properties": {
            "litres": {"type": "number"},
            "type": {"type": "string", "enum": ["dark ale", "lager"]},
            "malt": {"type": "object", "properties": {"kind": {}}},
        },
        "required": ["litres", "type"],
    }


def test_a_folder_without_public_cases_has_none(tmp_path: Path) -> None:
    assert public_cases(tmp_path, 5, offered=1) == []
