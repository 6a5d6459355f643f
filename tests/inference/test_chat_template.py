"""ChatTemplate: what a model reads, and that a hostile template cannot hurt."""

import gc
import time
from collections import UserDict
from collections.abc import Iterator

import pytest

from inference.chat_template import ChatTemplate, Conversation
from inference.errors import InvalidRequestError
from inference.types import Message, ToolCall, ToolSpec

SMOL = (
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
    "{{ '<|im_start|>system\nDefault<|im_end|>\n' }}{% endif %}"
    "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
NATIVE = "{% for tool in tools or [] %}[{{ tool.function.name }}]{% endfor %}{{ messages[-1].content }}"
HELLO = (Message("user", "Hello"),)
WEATHER = ToolSpec("weather", "Tells the weather.", {"type": "object", "properties": {"city": {"type": "string"}}})


def render(source: str, *messages: Message, continues: bool = False) -> str:
    return ChatTemplate(source).render(Conversation(messages, continues_final=continues))


def test_messages_are_written_as_the_template_says() -> None:
    assert render(SMOL, *HELLO) == (
        "<|im_start|>system\nDefault<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
    )


def test_a_model_without_a_template_gets_chatml() -> None:
    assert render("", *HELLO) == "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"


def test_a_continued_message_stays_open_and_keeps_its_white_space() -> None:
    prompt = render(SMOL, *HELLO, Message("assistant", "The answer is "), continues=True)
    assert prompt.endswith("<|im_start|>assistant\nThe answer is ")


def test_a_template_that_trims_does_not_trim_a_continued_message() -> None:
    source = "{% for m in messages %}<{{ m.role }}>{{ m.content | trim }}</s>{% endfor %}"
    assert render(source, *HELLO, Message("assistant", "So "), continues=True).endswith("<assistant>So ")


def test_only_an_assistants_message_can_be_continued() -> None:
    with pytest.raises(InvalidRequestError, match="assistant"):
        render(SMOL, *HELLO, continues=True)


def test_tools_are_described_in_the_system_message_when_the_template_does_not_know_them() -> None:
    conversation = Conversation((Message("system", "Be brief."), *HELLO), (WEATHER,))
    prompt = ChatTemplate(SMOL).render(conversation)
    assert prompt.startswith("<|im_start|>system\nBe brief.\n\n# Tools")
    assert '"name": "weather"' in prompt
    assert prompt.count("<|im_start|>system") == 1


def test_tools_go_to_a_template_that_knows_them() -> None:
    assert ChatTemplate(NATIVE).render(Conversation(HELLO, (WEATHER,))) == "[weather]Hello"


def test_calls_and_results_become_messages_that_any_template_can_write() -> None:
    history = (
        *HELLO,
        Message("assistant", "", tool_calls=(ToolCall("1", "weather", '{"city": "Łódź"}'),)),
        Message("tool", "rain", tool_call_id="1"),
        Message("tool", "wind", tool_call_id="2"),
    )
    prompt = render(SMOL, *history)
    assert '<tool_call>\n{"name": "weather", "arguments": {"city": "Łódź"}}\n</tool_call>' in prompt
    assert prompt.count("<|im_start|>user") == 2, "results that follow each other are one message"


def test_a_forced_call_is_opened_in_the_prompt() -> None:
    prompt = ChatTemplate(SMOL).render(Conversation(HELLO, (WEATHER,), forces_call=True))
    assert prompt.endswith("<|im_start|>assistant\n<tool_call>\n")


def test_a_template_may_refuse_messages() -> None:
    with pytest.raises(InvalidRequestError, match="roles must alternate"):
        render("{{ raise_exception('roles must alternate') }}", *HELLO)


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set r = range(99999) | list %}{% for a in r %}{% for b in r %}{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
        "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 999999999 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{{ 'a' | center(1000000000) }}",
        "{% for i in range(99999) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}{% endfor %}",
        "{{ messages.__class__.__mro__ }}",
        "{{ messages[0].pop('role') }}",
        "{{ ''.__class__.__base__.__subclasses__() }}",
        "{{ cycler.__init__.__globals__.os.system('true') }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ [].__class__.__base__.__subclasses__()[0] }}",
        "{{ {}.__class__.__bases__[0].__subclasses__() }}",
        "{{ ''['__class__']['__mro__'] | list }}",
        "{{ self.__init__.__globals__.__builtins__ }}",
        "{{ self._TemplateReference__context.environment.loader.x }}",
        "{{ joiner.__init__.__globals__.os.popen('id').read() }}",
        "{{ namespace.__init__.__globals__.os.popen('id').read() }}",
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
        "{{ lipsum.__globals__.__builtins__.open('/etc/passwd').read() }}",
        "{{ dict.__base__.__subclasses__() }}",
        "{{ dict.mro()[-1].__subclasses__() }}",
        "{{ range.__class__.__call__.__self__.mro() }}",
        "{{ raise_exception.__globals__['time'].sleep(9) }}",
        "{{ raise_exception.__code__.co_consts[0] }}",
        "{{ strftime_now.__closure__[0].cell_contents }}",
        "{{ strftime_now.__globals__.json.codecs.open('/etc/passwd').read() }}",
        "{{ __clock__.__init__.__globals__.time.sleep(9) }}",
        "{{ __clock__._deadline.__class__.__mro__ }}",
        "{{ __clock__.join.__func__.__globals__.uuid }}",
        "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
        "{% set x = cycler.next.__globals__ %}{{ x.os }}",
        "{{ (1).__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ messages.clear() }}",
        "{{ messages[0].update({'role': 'x'}) }}",
        "{{ messages[0].__setitem__('role', 'x') }}",
        "{{ messages|map(attribute='__class__.__mro__')|list|first|list }}",
        "{{ messages|selectattr('__class__.__mro__')|list|first|attr('x')|list }}{{ ''.__class__.x }}",
        "{{ '{0.__class__.__mro__}'.format('') }}",
        "{{ '{0.__class__}'|format('') }}",
        "{{ '%s' % ''.__class__.__mro__ }}",
        "{{ ('{0.__class__.__init__.__globals__}'.format)(messages) }}",
        "{{ ''.format_map({}).__class__.__mro__ }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os.system('id') }}",
        "{% from 'os' import system %}{{ system('id') }}",
        "{% extends '/etc/passwd' %}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{% for i in range(1000000000) %}{% endfor %}",
        "{{ range(10**9)|sum }}",
        "{{ range(99999)|list|length * 'aaaaaaaaaaaaaa' }}",
        "{% set l = [0] * 1000000000 %}{{ l|length }}",
        "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
        "{{ ('a' | replace('a', 'b' * 99999999)) }}",
        "{{ ('aaaaaaaaaa'*10) | batch(1, 'b' * 99999999) | list }}",
        "{{ 'a' | indent(1000000000) }}",
        "{{ 10 | pprint | center(999999999) }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{{ 1 << 10 }}",
        "{{ messages|pprint }}",
        "{{ [1]|batch(1000000000, 0)|list }}",
        "{{ [1]|slice(1000000000)|list }}",
        "{{ messages|tojson(indent=1000000000) }}",
        "{{ lipsum(1000000000) }}",
        "{% set n = namespace(x='aaaaaa') %}{% for i in range(9) %}{% set n.x = n.x|replace('a', n.x) %}{% endfor %}",
        "{% set n = namespace(x='aaaaaa') %}{% for i in range(9) %}{% set n.x = n.x.replace('a', n.x) %}{% endfor %}",
        "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x.join(ns.x) %}{% endfor %}",
        "{% set ns = namespace(x='aaaaaaaaaa') %}{% for i in range(60) %}{% set ns.x = ns.x|join(ns.x) %}{% endfor %}",
        "{% if %}",
    ],
)
def test_a_hostile_template_is_refused(source: str) -> None:
    with pytest.raises(InvalidRequestError):
        render(source, *HELLO)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''|attr('__class__')|attr('__mro__')|list }}",
        "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f')|attr('\\x5f\\x5fmro\\x5f\\x5f')|list }}",
        "{{ ''|attr(['__cl','ass__']|join)|attr('__mro__')|list }}",
    ],
)
def test_attributes_of_python_are_undefined_behind_a_filter_too(source: str) -> None:
    assert render(source, *HELLO) == "[]"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ ['a', 'b'] | join(', ') }}", "a, b"),
        ("{{ 'a-b' | replace('-', '+') }}{{ 'x.y'.replace('.', '') }}{{ '-'.join(['p', 'q']) }}", "a+bxyp-q"),
        ("{{ [1, 2, 3] | batch(2, 0) | list }}", "[[1, 2], [3, 0]]"),
        ("{{ [1, 2, 3] | slice(2) | list }}", "[[1, 2], [3]]"),
        ("{{ {'a': 'é'} | tojson }}{{ messages | map(attribute='role') | list }}", '{"a": "é"}[\'user\']'),
        ("{{ messages[0].content | upper | trim }}{{ messages[0].content.split('l')[0] }}", "HELLOHe"),
    ],
)
def test_ordinary_filters_and_methods_work(source: str, expected: str) -> None:
    assert render(source, *HELLO) == expected


@pytest.fixture
def long_collections() -> Iterator[None]:
    def last(phase: str, _: object) -> None:
        ends = time.thread_time() + (0.08 if phase == "start" else 0)
        while time.thread_time() < ends:
            pass

    gc.callbacks.append(last)
    yield
    gc.callbacks.remove(last)


@pytest.mark.usefixtures("long_collections")
def test_a_collection_of_garbage_does_not_count_as_the_templates_time() -> None:
    class Collecting(UserDict[str, object]):
        def __iter__(self) -> Iterator[str]:
            gc.collect(0)
            return super().__iter__()

    tool = ToolSpec("weather", "Tells the weather.", Collecting(type="object"))
    assert ChatTemplate(NATIVE).render(Conversation(HELLO, (tool,))) == "[weather]Hello"
