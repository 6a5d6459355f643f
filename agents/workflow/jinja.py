"""Renders Jinja2 templates that users of the platform write. A template reaches values only, and always ends."""

import traceback
from functools import lru_cache
from types import TracebackType

from jinja2 import Template, TemplateError, TemplateSyntaxError

from agents.errors import TemplateFailed
from agents.types import JsonObject
from agents.workflow.jinja_fuel import FUEL, MAX_OUTPUT_CHARS, Fuel, TemplateExhausted
from agents.workflow.jinja_sandbox import BoundedSandbox

MAX_TEMPLATE_CHARS = 100_000
_MAX_REASON_CHARS = 300
_SANDBOX = BoundedSandbox()
_LOOPS = ("{%", "|", "(")


def check_jinja(source: str) -> None:
    """Raise `TemplateFailed` that names the line, if the template can never be rendered."""
    _compiled(source)


def is_quick(source: str) -> bool:
    """Whether rendering takes no longer than its values are long: it may block whoever else waits."""
    return not any(mark in source for mark in _LOOPS)


def render_jinja(source: str, values: JsonObject) -> str:
    """Return the text of the template; names that have no value, and values that are null, are empty texts.

    Takes up to `jinja_fuel.MAX_SECONDS` of processor time; raises `TemplateFailed` that names the line.
    """
    template = _compiled(source)
    token = FUEL.set(Fuel())
    try:
        return _written(template, values)
    except TemplateExhausted as error:
        raise TemplateFailed(f"{_where(template, error)}{error}") from error
    except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
        raise TemplateFailed(f"{_where(template, error)}{str(error)[:_MAX_REASON_CHARS]}") from error
    except RecursionError as error:
        raise TemplateFailed(f"{_where(template, error)}it calls itself too deeply") from error
    finally:
        FUEL.reset(token)


def _written(template: Template, values: JsonObject) -> str:
    pieces: list[str] = []
    chars = 0
    for piece in template.root_render_func(template.new_context(dict(values))):
        chars += len(piece)
        if chars > MAX_OUTPUT_CHARS:
            raise TemplateExhausted(f"it writes more than {MAX_OUTPUT_CHARS} characters: loop less, or over less")
        pieces.append(piece)
    return "".join(pieces)


@lru_cache(maxsize=256)
def _compiled(source: str) -> Template:
    if len(source) > MAX_TEMPLATE_CHARS:
        raise TemplateFailed(f"the template has {len(source)} characters, more than the {MAX_TEMPLATE_CHARS} it may")
    try:
        return _SANDBOX.from_string(_SANDBOX.parsed(source))
    except TemplateSyntaxError as error:
        raise TemplateFailed(f"line {error.lineno}: {error.message}") from error
    except TemplateError as error:
        raise TemplateFailed(f"the template cannot be read: {error}") from error
    except (RecursionError, MemoryError, SyntaxError, OverflowError, ValueError) as error:
        raise TemplateFailed(f"the template is nested too deeply, or too large: {str(error)[:100]}") from error


def _where(template: Template, error: BaseException) -> str:
    line = _line(template, error.__traceback__)
    return f"line {line}: " if line else ""


def _line(template: Template, trace: TracebackType | None) -> int:
    """Return the line of the template in which an error arose, 0 where it arose in none."""
    found = 0
    for frame, line in traceback.walk_tb(trace):
        if frame.f_globals.get("__jinja_template__") is template:
            found = template.get_corresponding_lineno(line)
    return found
