"""Templates of strangers: what they can write, that they reach nothing but values, and that each of them ends."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from agents.errors import TemplateFailed
from agents.types import JsonObject, JsonValue
from agents.workflow.jinja import MAX_TEMPLATE_CHARS, check_jinja, is_quick, render_jinja
from agents.workflow.jinja_fuel import MAX_OUTPUT_CHARS, TemplateExhausted, weight

ANN: JsonObject = {"name": "Ann", "items": ["b", "a"], "people": [{"n": 2, "_id": 7}, {"n": 1}], "n": 3.14159}


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hello {{ name }}!", "Hello Ann!"),
        ("{{ missing }}|{{ missing.part }}|{{ null }}", "||"),
        ("{% for item in items %}{{ loop.index }}.{{ item }} {% endfor %}", "1.b 2.a "),
        ("{% for x in [1, 2, 3] if x > 1 %}{{ x }}{% else %}-{% endfor %}", "23"),
        ("{% if name == 'Ann' %}yes{% elif name %}maybe{% else %}no{% endif %}", "yes"),
        (
            "{{ items|join(', ') }} {{ items|sort|first }} {{ items|length }} {{ items|reverse|list }}",
            "b, a a 2 ['a', 'b']",
        ),
        ("{{ people|map(attribute='n')|sum }} {{ people|sort(attribute='n')|map(attribute='n')|join }}", "3 12"),
        ("{{ people[0]._id }} {{ people[0]['n'] }} {{ items[1:] }}", "7 2 ['a']"),
        ("{{ people|selectattr('n', 'gt', 1)|list|length }} {{ people|tojson }}", '1 [{"n": 2, "_id": 7}, {"n": 1}]'),
        (
            "{{ n|round(2) }} {{ n|round(1, 'ceil') }} {{ n|int }} {{ '%05.1f' % n }} {{ '%s-%s'|format(1, 2) }}",
            "3.14 3.2 3 003.1 1-2",
        ),
        ("{{ '{:>4}{x:.1f}'.format(1, x=n) }} {{ '%(a)s' % {'a': 1} }}", "   13.1 1"),
        (
            "{{ name|upper }} {{ name.lower() }} {{ name.replace('n', 'm') }} "
            "{{ 'a' ~ 1 ~ null }} {{ 'a,b'.split(',') }}",
            "ANN ann Amm a1 ['a', 'b']",
        ),
        (
            "{{ 7 // 2 }} {{ 7 % 4 }} {{ 2 ** 8 }} {{ -3 }} {{ 'a' + 'b' }} {{ [1] + [2] }} {{ 1 / 2 }}",
            "3 3 256 -3 ab [1, 2] 0.5",
        ),
        ("{% set x %}a{{ name }}{% endset %}{{ x|upper }}{% filter lower %}BC{% endfilter %}", "AANNbc"),
        (
            "{% macro f(x, y=2) %}<{{ x }}{{ y }}{{ caller() if caller }}>{% endmacro %}"
            "{{ f(1) }}{% call f(3) %}c{% endcall %}",
            "<12><32c>",
        ),
        (
            "{% set all = namespace(x=[]) %}{% for i in range(3) %}"
            "{% set all.x = all.x + [i] %}{% endfor %}{{ all.x }}",
            "[0, 1, 2]",
        ),
        (
            "{% for k, v in {'a': 1}.items() %}{{ k }}={{ v }}{% endfor %} {{ {'b': 1, 'a': 2}|dictsort }}",
            "a=1 [('a', 2), ('b', 1)]",
        ),
        (
            "{% set c = cycler('x', 'y') %}{{ c.next() }}{{ c.next() }}{% set j = joiner('-') %}{{ j() }}{{ j() }}",
            "xy-",
        ),
        (
            "{{ 'a\nb'|indent(2) }}|{{ 'a very long text'|truncate(6) }}|"
            "{{ items|batch(1)|list }}|{{ items|slice(2)|list }}",
            "a\n  b|a...|[['b'], ['a']]|[['b'], ['a']]",
        ),
        (
            "{% block b %}{{ name }}{% endblock %}{% with z = 1 %}{{ z }}{% endwith %}"
            "{# note #}{% raw %}{{ }}{% endraw %}",
            "Ann1{{ }}",
        ),
        (
            "{{ 2 is even }} {{ name is defined }} {{ missing|default('d') }} {{ 'a' in name }} {{ 1 < 2 < 3 }}",
            "True True d False True",
        ),
        (
            "{{ items|unique|list }} {{ people|groupby('n')|length }} {{ [3, 1]|max }} "
            "{{ 'a b'|wordcount }} {{ '<'|e }}",
            "['b', 'a'] 2 3 2 &lt;",
        ),
        ("one line\n", "one line"),
    ],
)
def test_a_template_writes(source: str, text: str) -> None:
    assert render_jinja(source, ANN) == text


TEXTS = st.text("ab1 <&é\n", max_size=6)
JSON: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)),
    max_leaves=6,
)
SOURCES = st.sampled_from(
    [
        "{{ x }}",
        "{% for i in x %}[{{ i }}]{% endfor %}",
        "{{ x|string|upper ~ x }}",
        "{{ x == y }}{{ x in [x, y] }}",
        "{{ [x, y, {'k': x}] }}",
        "{{ x|string|replace('a', y|string) }}",
        "{% macro m(v) %}<{{ v }}>{% endmacro %}{{ m(x) }}{{ m(y) }}",
        "{% set z = (x, y) %}{{ z[0] }}{{ z[1:] }}",
        "{{ x.a }}{{ x.b|default(y) }}",
        "{{ '%s' % (x|string) }}{{ '{}'.format(y) }}",
        "{{ [x, y]|map('string')|join('-') }}",
    ]
)


@given(SOURCES, JSON, JSON)
def test_templates_read_as_in_jinja_itself(source: str, x: JsonValue, y: JsonValue) -> None:
    plain = Environment().from_string(source)
    try:
        expected = plain.render(x=x, y=y)
    except TypeError:
        with pytest.raises(TemplateFailed):
            render_jinja(source, {"x": x, "y": y})
    else:
        assert render_jinja(source, {"x": x, "y": y}) == expected


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__ }}",
        "{{ x['__class__'] }}",
        "{{ x|attr('__class__') }}",
        "{{ x|map(attribute='__class__')|list }}",
        "{{ ['a']|map(attribute='__class__.__mro__')|list }}",
        "{{ '{0.__class__}'.format(x) }}",
        "{{ '{0[__class__]}'.format(x) }}",
        "{% set f = '{0.__class__}'.format %}{{ f(x) }}",
        "{{ ['{0.__class__}']|map('format', x)|list }}{{ ''.format_map({}) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{{ range.__globals__ }}",
        "{{ range }}",
        "{{ x.pop() }}",
        "{{ d.update({'a': 1}) }}",
        "{{ d.setdefault('a', 1) }}",
        "{{ x.append(1) }}",
        "{{ name.encode() }}",
        "{{ name.translate({65: 'x'}) }}",
        "{% include 'x' %}",
        "{% import 'x' as x %}",
        "{% extends 'x' %}",
        "{{ lipsum() }}",
    ],
)
def test_a_template_reaches_nothing_but_values(source: str) -> None:
    with pytest.raises(TemplateFailed, match=r"^line 1: "):
        render_jinja(source, {"x": ["a"], "d": {}, "name": "Ann"})


DOUBLED = "{% set a = [a, a] %}" * 40
BOMBS = {
    "a range": "{% for i in range(10**9) %}{% endfor %}",
    "nested loops": "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
    "nested loops that write": "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}",
    "loops over a list": "{% set l = range(30000)|list %}" + "{% for a in l %}" * 3 + "{% endfor %}" * 3,
    "loops with a test": "{% for i in range(99999) if range(99999)|sum < 0 %}{% endfor %}",
    "a name for the price": "{% set tick = 1 %}{% set weighed = 1 %}"
    + "{% for i in range(99999) %}" * 3
    + "{% endfor %}" * 3,
    "a repeated text": "{{ 'a' * 10**9 }}",
    "a repeated list": "{{ [1] * 10**9 }}",
    "a power": "{{ 10 ** 10 ** 10 }}{{ 10 ** (10 ** 10) }}",
    "squares": "{% set x = 9 %}" + "{% set x = x * x %}" * 60,
    "a width": "{{ '%1000000000d' % 1 }}",
    "a width in braces": "{{ '{:1000000000}'.format(1) }}",
    "a width in a width": "{{ '{:{}}'.format(1, 10**9) }}",
    "many widths": "{{ ('%999d' * 1)|replace('%', '%999d' ~ '%')  % 1 }}{{ text.replace('a', '{:999}').format(1) }}",
    "padding": "{{ 'a'.ljust(10**9) }}",
    "an indentation": "{{ text.replace('a', '\n')|indent(text) }}",
    "decimals": "{{ 1|round(-10**9) }}",
    "a replacement": "{{ text.replace('a', text) }}",
    "a replacing filter": "{{ text|replace('a', text) }}",
    "a join": "{{ text.join(text|batch(1)|map('first')|list) }}",
    "doubled texts": "{% set a = text %}" + "{% set a = a ~ a %}" * 40,
    "added texts": "{% set a = text %}" + "{% set a = a + a %}" * 40,
    "doubled lists": "{% set a = [1] %}" + DOUBLED + "{{ a }}",
    "compared lists": "{% set a = [1] %}" + DOUBLED + "{% set b = a %}{{ a == b }}",
    "a nested namespace": "{% set n = namespace() %}{% set n.n = n %}{{ n }}",
    "batches": "{{ [1]|batch(10**9, 'x')|list }}",
    "slices": "{{ [1]|slice(10**9)|list }}",
    "recursion": "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "a tree of macros": "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(40) }}",
    "recursive blocks": "{% block b %}{{ self.b() }}{% endblock %}",
    "a recursive loop": "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "a captured text": "{% set x %}{% for i in range(99999) %}" + "a" * 999 + "{% endfor %}{% endset %}",
    "a long output": "{% for i in range(99999) %}0123456789{% endfor %}",
    "repeated values": "{% for i in range(99999) %}{{ text }}{% endfor %}",
    "large sums": "{{ range(99999)|sum }}" * 200,
    "sorted texts": "{{ [" + "text, " * 500 + "]|sort|length }}" * 5,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_ends_with_its_reason(name: str) -> None:
    with pytest.raises(TemplateFailed, match=r"^(line 1: )?\S"):
        render_jinja(BOMBS[name], {"text": "a" * 300_000})


def test_a_large_value_may_be_read_but_not_written_whole() -> None:
    text = "a" * 3_000_000
    assert render_jinja("{{ text[:5] }}{{ text|length }}", {"text": text}) == "aaaaa3000000"
    with pytest.raises(TemplateFailed, match=f"more than {MAX_OUTPUT_CHARS} characters"):
        render_jinja("{{ text[:500000] }}", {"text": text})
    assert len(render_jinja("{{ text[:400000] }}", {"text": text})) == MAX_OUTPUT_CHARS


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\nb {% if %}", "line 2: Expected an expression"),
        ("a\n\n{{ x|nosuch }}", "line 3: No filter named 'nosuch'"),
        ("a\n{% for x in y %}", "line 2: Unexpected end of template"),
        ("\n\n{{ 1 / 0 }}", "line 3: division by zero"),
        ("{% for x in [1] %}\n{{ x + 'a' }}\n{% endfor %}", "line 2: unsupported operand"),
        ("\n{{ nothing() }}", "line 2: 'nothing' is undefined"),
        ("\n{{ 'a' - 1 }}", "line 2: '-' takes numbers, not a value of type str and a value of type int"),
        ("{% macro f() %}\n\n{{ 1 / 0 }}{% endmacro %}\n\n{{ f() }}", "line 3: division by zero"),
    ],
)
def test_an_error_names_the_line(source: str, message: str) -> None:
    with pytest.raises(TemplateFailed, match="^" + re.escape(message)):
        render_jinja(source, {})


@pytest.mark.parametrize(
    "source",
    [
        "x" * (MAX_TEMPLATE_CHARS + 1),
        "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}",
        "{{ " + "-" * 50_000 + "1 }}",
        "{% if a %}" * 300 + "{% endif %}" * 300,
        "{% for a in b %}" * 30 + "{% endfor %}" * 30,
        "{{ a" + ".b" * 30_000 + " }}",
        "{{ [" + "1," * 20_000 + "] }}",
    ],
)
def test_a_template_that_is_too_large_is_refused_before_it_runs(source: str) -> None:
    with pytest.raises(TemplateFailed, match=r"the template|parts"):
        check_jinja(source)


def test_only_plain_templates_are_rendered_at_once() -> None:
    assert is_quick("Dear {{ name }},\n{{ text }}")
    assert not any(map(is_quick, ("{% for x in y %}{% endfor %}", "{{ x|sort }}", "{{ x.split() }}")))


def test_a_value_weighs_what_is_in_it_as_often_as_it_is() -> None:
    inner = ["a" * 64]
    assert weight("a" * 640) == 11
    assert weight([inner, inner]) == 3 + 2 * (2 + 2)
    assert weight({"k": inner}) == 2 + 1 + (2 + 2)
    assert weight(range(10)) == 11
    with pytest.raises(TemplateExhausted, match="more than a thousand digits"):
        weight([2**5000])
