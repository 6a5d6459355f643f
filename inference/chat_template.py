"""Renders messages into a model's prompt; the template comes with the model and is not trusted."""

import gc
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from itertools import pairwise
from typing import NoReturn, TypeVar

from jinja2 import TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from inference.errors import InvalidRequestError
from inference.tool_parsing import HERMES, detect
from inference.types import Message, ToolCall, ToolSpec

_MAX_CHARACTERS = 1_000_000
_MAX_SECONDS = 0.05  # of processor time of this thread, without garbage collections
_MAX_TEMPLATE_CHARACTERS = 200_000
_MAX_INDENT = 8

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

_TOOLS_INTRODUCTION = """# Tools

You may call one or more functions to assist with the user query.

You are provided with function signatures within <tools></tools> XML tags:
<tools>
{signatures}
</tools>

For each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:
<tool_call>
{{"name": <function-name>, "arguments": <args-json-object>}}
</tool_call>"""  # the wording that Qwen's and Hermes' models were trained on


_Node = TypeVar("_Node", bound=nodes.Node)
_Value = TypeVar("_Value")


class TemplateLimitError(Exception):
    """A template took too long or wrote too much."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a template is asked to render. With `forces_call`, the answer starts inside a tool call.

    Without `opens_answer` the prompt ends with the last message: what was said, and no answer wanted.
    """

    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    continues_final: bool = False
    forces_call: bool = False
    opens_answer: bool = True


class ChatTemplate:
    """One model's template, compiled once; rendering is pure and bounded in time and size."""

    def __init__(self, source: str, *, bos: str = "", eos: str = "") -> None:
        if len(source) > _MAX_TEMPLATE_CHARACTERS:
            raise InvalidRequestError(f"The model's chat template has {len(source)} characters: use another model.")
        source = source or CHATML
        self.supports_tools_natively = "tools" in source
        self.dialect = detect(source)
        self._bos, self._eos = bos, eos
        environment = _BoundedEnvironment()
        try:
            tree = _Bounding().visit(environment.parse(source))
            self._template = environment.from_string(tree)
        except (TemplateError, RecursionError) as problem:
            raise InvalidRequestError(
                f"The model's chat template is not valid: {problem}. Use another model."
            ) from None

    def render(self, conversation: Conversation) -> str:
        """Return the prompt. Raises InvalidRequestError when the template refuses the messages."""
        messages, tools = conversation.messages, conversation.tools
        if not messages:
            raise InvalidRequestError("'messages' is empty: send at least one.", param="messages")
        if not self.supports_tools_natively:
            messages, tools = with_tools_as_text(messages, tools), ()
        if not conversation.continues_final:
            prompt = self._run(messages, tools, opens_answer=conversation.opens_answer)
            return prompt + self.dialect.prompt if conversation.forces_call else prompt
        last = messages[-1]
        if last.role != "assistant":
            raise InvalidRequestError(
                f"'continue_final_message' needs an assistant's message at the end, not {last.role!r}.",
                param="messages",
            )
        # The mark keeps templates from trimming the text and shows where it ends.
        mark = f"⟪{uuid.uuid4().hex}⟫"
        marked = (*messages[:-1], replace(last, content=last.content + mark))
        prompt, found, _ = self._run(marked, tools, opens_answer=False).rpartition(mark)
        if not found:
            raise InvalidRequestError("This model's chat template cannot continue a message.", param="messages")
        return prompt

    def _run(self, messages: Sequence[Message], tools: Sequence[ToolSpec], *, opens_answer: bool) -> str:
        clock = _Clock()
        pieces: list[str] = []
        try:
            for piece in self._template.generate(
                messages=[_as_plain(message) for message in messages],
                tools=[_tool_as_plain(tool) for tool in tools] or None,
                add_generation_prompt=opens_answer,
                bos_token=self._bos,
                eos_token=self._eos,
                raise_exception=_refuse,
                strftime_now=lambda form: datetime.now().astimezone().strftime(form),
                __clock__=clock,
            ):
                clock.count(piece)
                pieces.append(piece)
        except TemplateLimitError as problem:
            raise InvalidRequestError(
                f"The chat template did not end: {problem}. Send less or use another model."
            ) from None
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as problem:
            raise InvalidRequestError(
                f"The model's chat template refuses these messages: {str(problem)[:300]}", param="messages"
            ) from None
        return "".join(pieces)


def with_tools_as_text(messages: Sequence[Message], tools: Sequence[ToolSpec]) -> tuple[Message, ...]:
    """Write tools, calls and results into plain messages, for templates that know only roles and content."""
    plain: list[Message] = []
    for message in messages:
        if message.role == "tool":
            content = f"<tool_response>\n{message.content}\n</tool_response>"
            if plain and plain[-1].role == "user" and plain[-1].content.endswith("</tool_response>"):
                plain[-1] = Message("user", f"{plain[-1].content}\n{content}")
            else:
                plain.append(Message("user", content))
        elif message.tool_calls:
            calls = "\n".join(_call_as_text(call) for call in message.tool_calls)
            plain.append(Message("assistant", f"{message.content}\n{calls}" if message.content else calls))
        else:
            plain.append(message)
    if not tools:
        return tuple(plain)
    introduction = _TOOLS_INTRODUCTION.format(signatures="\n".join(_dump(_tool_as_plain(tool)) for tool in tools))
    if plain and plain[0].role == "system":
        return (Message("system", f"{plain[0].content}\n\n{introduction}"), *plain[1:])
    return (Message("system", introduction), *plain)


def _call_as_text(call: ToolCall) -> str:
    return f"{HERMES.prompt}{_dump({'name': call.name, 'arguments': _arguments(call)})}{HERMES.close}"


def _arguments(call: ToolCall) -> object:
    try:
        return json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        return call.arguments


def _dump(value: object, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _as_plain(message: Message) -> dict[str, object]:
    plain: dict[str, object] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        plain["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": _arguments(call)}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        plain["tool_call_id"] = message.tool_call_id
    return plain


def _tool_as_plain(tool: ToolSpec) -> dict[str, object]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def _refuse(reason: str) -> NoReturn:
    raise TemplateError(reason)


class _Collecting(threading.local):
    """Seconds this thread has spent collecting garbage: in a large process one collection outlasts a rendering."""

    began = 0.0
    spent = 0.0

    def heard(self, phase: str, _: object) -> None:
        if phase == "start":
            self.began = time.thread_time()
        else:
            self.spent += time.thread_time() - self.began

    def working_time(self) -> float:
        """Return the thread's processor time in seconds, collections left out."""
        return time.thread_time() - self.spent


_collecting = _Collecting()
gc.callbacks.append(_collecting.heard)


class _Clock:
    """Called in every loop and concatenation of a template; raises when the limits are passed."""

    def __init__(self) -> None:
        self._deadline = _collecting.working_time() + _MAX_SECONDS
        self._written = 0

    def __call__(self) -> str:
        if _collecting.working_time() > self._deadline:
            raise TemplateLimitError(f"it ran for more than {_MAX_SECONDS} s")
        return ""

    def join(self, *parts: object) -> str:
        texts = [str(part) for part in parts]
        _bound(sum(map(len, texts)))
        return "".join(texts)

    def count(self, piece: str) -> None:
        self._written += len(piece)
        _bound(self._written)
        self()


def _bound(size: int) -> None:
    if size > _MAX_CHARACTERS:
        raise TemplateLimitError(f"it wrote more than {_MAX_CHARACTERS} characters")


class _Bounding(NodeTransformer):
    """Puts the clock into the body of every loop and macro, and in place of every `~`."""

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802  # jinja's names
        self.generic_visit(node)
        node.body.insert(0, _tick(node))
        return node

    def visit_Macro(self, node: nodes.Macro) -> nodes.Macro:  # noqa: N802
        self.generic_visit(node)
        node.body.insert(0, _tick(node))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        join = nodes.Getattr(nodes.Name("__clock__", "load"), "join", "load")
        return _placed(nodes.Call(join, list(node.nodes), [], None, None), node)


def _tick(node: nodes.Node) -> nodes.Node:
    call = nodes.Call(nodes.Name("__clock__", "load"), [], [], None, None)
    return _placed(nodes.ExprStmt(call), node)


def _placed(made: _Node, at: nodes.Node) -> _Node:
    assert at.environment is not None
    made.set_lineno(at.lineno)
    made.set_environment(at.environment)
    return made


class _BoundedEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox, without what makes giant values out of small ones."""

    intercepted_binops = frozenset({"*", "**", "+", "%"})
    _INFLATING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs", "format", "format_map"})

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
        for name in ("center", "format", "indent", "wordwrap", "xmlattr", "pprint"):
            self.filters.pop(name, None)
        for name in ("lipsum", "dict"):
            self.globals.pop(name, None)
        for name, filter_ in list(self.filters.items()):
            self.filters[name] = _bounded(filter_)
        self.filters |= {"tojson": _dump_bounded, "replace": _replace, "join": _join, "batch": _batch, "slice": _slice}

    def call(self, context: object, function: object, *args: object, **named: object) -> object:
        """Call what a template calls; strings may not grow beyond the limit by it."""
        owner = getattr(function, "__self__", None)
        if isinstance(owner, str):
            match getattr(function, "__name__", ""), args:
                case "replace", (str() as old, str() as new, *_):
                    _bound(len(owner) + owner.count(old) * len(new))
                case "join", (parts,):
                    args = ([_sized(part) for part in _listed(parts)],)
                    _bound(sum(len(part) + len(owner) for part in args[0]))
        return _checked(super().call(context, function, *args, **named))  # type: ignore[arg-type]  # jinja's Context

    def wrap_str_format(self, value: object) -> None:
        """Give str.format no wrapper of its own: a width in a format string makes any size."""

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        inflates = isinstance(obj, str) and attr in self._INFLATING
        return not inflates and super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: object, operator: str, left: object, right: object) -> object:
        if operator == "**" or (operator == "%" and isinstance(left, str)):
            raise TemplateError(f"the operator {operator!r} is not allowed here")
        if operator == "*" and not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise TemplateError("only numbers may be multiplied")
        for value in (left, right):
            if isinstance(value, str | list | tuple):
                _bound(len(value))
        return super().call_binop(context, operator, left, right)  # type: ignore[arg-type]  # jinja's own Context


def _checked(value: _Value) -> _Value:
    if isinstance(value, str | list | tuple | dict):
        _bound(len(value))
    return value


def _bounded(filter_: Callable[..., object]) -> Callable[..., object]:
    @wraps(filter_)
    def bounded(*args: object, **named: object) -> object:
        return _checked(filter_(*args, **named))

    return bounded


def _sized(part: object) -> str:
    return _checked(part if isinstance(part, str) else str(part))


def _listed(values: object) -> list[object]:
    return _checked(list(values))  # type: ignore[call-overload]  # a TypeError refuses what is no list


def _replace(text: object, old: str, new: str, count: int = -1) -> str:
    whole = _sized(text)
    _bound(len(whole) + whole.count(old) * len(new))
    return whole.replace(old, new, -1 if count is None else count)


def _join(values: object, between: str = "", attribute: str | None = None) -> str:
    if attribute is not None:
        raise TemplateError("'join' takes no attribute here: use 'map' before it")
    parts = [_sized(part) for part in _listed(values)]
    _bound(sum(len(part) + len(between) for part in parts))
    return between.join(parts)


def _batch(values: object, size: int, fill: object = None) -> list[list[object]]:
    _bound(size)
    items = _listed(values)
    groups = [items[start : start + size] for start in range(0, len(items), size)]
    if groups and fill is not None:
        groups[-1] += [fill] * (size - len(groups[-1]))
    return groups


def _slice(values: object, count: int, fill: object = None) -> list[list[object]]:
    _bound(count)
    items = _listed(values)
    least, longer = divmod(len(items), count)
    ends = [at * least + min(at, longer) for at in range(count + 1)]
    groups = [items[start:end] for start, end in pairwise(ends)]
    return [[*group, fill] if fill is not None and longer and len(group) == least else group for group in groups]


def _dump_bounded(value: object, indent: int | None = None) -> str:
    if indent is not None and not 0 <= indent <= _MAX_INDENT:
        raise TemplateError(f"'tojson' indents by at most {_MAX_INDENT}")
    return _checked(_dump(value, indent))


def join_text(parts: Iterable[str]) -> str:
    """Join the text parts of one message as OpenAI's clients mean them: one after the other."""
    return "\n".join(part for part in parts if part)
