"""Splits generated text into what is shown and the tool calls in it, while it is being generated."""

from inference.tool_parsing.calls import parse_call
from inference.tool_parsing.dialects import DIALECTS, FENCED, HERMES, LLAMA3, MISTRAL, Dialect, detect
from inference.tool_parsing.parser import CallParser, HermesParser, Parsed, PlainParser, ToolParser

__all__ = [
    "DIALECTS",
    "FENCED",
    "HERMES",
    "LLAMA3",
    "MISTRAL",
    "CallParser",
    "Dialect",
    "HermesParser",
    "Parsed",
    "PlainParser",
    "ToolParser",
    "detect",
    "parse_call",
]
