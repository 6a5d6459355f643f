"""Templates insert values once, and say what exists when they name what does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import UnknownVariable
from agents.workflow.expressions import Scope, check_template, render, selectors_of, variables_of

SCOPE = Scope(
    inputs={"name": "Ada", "count": 3, "empty": None, "города": "Москва"},
    nodes={"llm": {"text": "hello", "usage": {"total": 7}, "list": [1, "ä"]}},
    system={"query": "Why?"},
    skipped={"branch"},
)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{name}} {{ name }}!", "Hi Ada Ada!"),
        ("{{count}}|{{empty}}|{{города}}", "3||Москва"),
        ("{{#llm.text#}} {{# llm.usage.total #}} {{#llm.list#}}", 'hello 7 [1, "ä"]'),
        ("{{#sys.query#}} {{#context#}}", "Why? [1] passage"),
        ("{{#branch.text#}}", ""),
        ("{} {{}} {{a b}} {{1}} {% name %} {{#}}", "{} {{}} {{a b}} {{1}} {% name %} {{#}}"),
    ],
)
def test_references_are_replaced_and_all_else_stays(template: str, text: str) -> None:
    assert render(template, SCOPE, blocks={("context",): "[1] passage"}) == text


def test_a_value_is_never_read_as_a_template() -> None:
    scope = Scope(inputs={"name": "{{secret}} {{#sys.query#}}", "secret": "s3cret"}, system={"query": "{{secret}}"})
    assert render("{{name}} {{#sys.query#}}", scope) == "{{secret}} {{#sys.query#}} {{secret}}"


@given(st.text())
def test_any_value_comes_through_unchanged(value: str) -> None:
    assert render("<{{name}}>", Scope(inputs={"name": value})) == f"<{value}>"


@pytest.mark.parametrize("template", ["{{nam}}", "{{#llm.txt#}}", "{{#ghost.text#}}", "{{#sys.nope#}}", "{{#llm#}}"])
def test_an_unknown_name_is_an_error_that_lists_what_exists(template: str) -> None:
    with pytest.raises(UnknownVariable) as caught:
        render(template, SCOPE)
    assert template in str(caught.value)
    assert "{{name}}" in str(caught.value) and "{{#llm.text#}}" in str(caught.value)


def test_a_template_says_what_it_uses() -> None:
    template = "{{b}} {{a}} {{ b }} {{#llm.text#}} {{#context#}} {{#llm.text#}}"
    assert variables_of(template) == ("b", "a")
    assert selectors_of(template) == (("llm", "text"), ("context",))


def test_a_draft_may_name_its_variables_system_values_and_the_context() -> None:
    check_template("{{name}} {{#sys.query#}} {{#context#}}", {"name"})
    for wrong in ("{{other}}", "{{#sys.password#}}", "{{#llm.text#}}"):
        with pytest.raises(UnknownVariable, match="name"):
            check_template(wrong, {"name"})
