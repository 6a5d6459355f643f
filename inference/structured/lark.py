"""What an answer must obey, in llguidance's Lark: for engines that bring a matcher of their own."""

import json
import re

from inference.errors import InvalidRequestError
from inference.structured.budget import Budget
from inference.structured.calls import MAX_CALLS, calls_grammar, chosen_tools
from inference.structured.grammar import lark
from inference.structured.schema import MAX_RESPONSE_TEXT, check_size, compile_schema
from inference.tool_parsing import Dialect
from inference.types import GenerateRequest


def lark_of(request: GenerateRequest, dialect: Dialect) -> str | None:
    """Return the grammar of the answer to `request`, None where anything may be answered.

    Raises InvalidRequestError naming what cannot be enforced. Unlike with our own engine, a value is not closed before
    the last token.
    """
    has_tools = bool(request.tools) and request.tool_choice != "none"
    if not has_tools and request.response_schema is None:
        return None
    if request.continue_final_message:
        raise InvalidRequestError(
            "This model's engine cannot continue a message under a schema: leave out 'continue_final_message'."
        )
    if has_tools:
        return _of_tools(request, dialect)
    assert request.response_schema is not None
    check_size(request.response_schema, "response_format")
    budget = Budget("response_format")
    return lark(compile_schema(request.response_schema, default_max_length=MAX_RESPONSE_TEXT, budget=budget))


def _of_tools(request: GenerateRequest, dialect: Dialect) -> str | None:
    tools = chosen_tools(request)
    for tool in tools:
        check_size(tool.parameters, "tools")
    most = MAX_CALLS if request.parallel_tool_calls and request.tool_name is None else 1
    calls = lark(calls_grammar(tools, dialect, most=most))
    if request.tool_choice == "required":
        return calls
    inside = f"calls:{calls.removeprefix('start:')}"
    trigger = re.escape(dialect.trigger).replace("/", r"\/")
    if dialect.only_first:
        return f"start: FREE | calls\nFREE: /(?s:.*)/ & ~/\\s*{trigger}(?s:.*)/\n{inside}"
    if dialect.inside != len(dialect.trigger) and dialect.inside:
        return None  # what opens a call begins inside it: the model is believed, and what is no call is text
    lead = f" {json.dumps(dialect.lead)}" if dialect.lead else ""
    after = " FREE?" if dialect.text_after else ""
    # Of two terminals that may come, the lazy one ends the free text as soon as the trigger is there.
    return (
        f"start: FREE | opening{lead} calls{after}\n"
        f"opening[lazy]: /(?s:.*){trigger}/\n"
        f"FREE: /(?s:.*)/ & ~/(?s:.*{trigger}.*)/\n{inside}"
    )
