"""Arithmetic over a parsed expression: nothing is evaluated as code, and every number stays small."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import ClassVar

from pydantic import BaseModel

from agents.errors import ToolRetry
from agents.tools.spec import NoConfig, Tool, ToolContext
from agents.types import JsonObject

MAX_CHARS = 500
MAX_BITS = 4096  # of any integer on the way, about 1,230 digits
MAX_DEPTH = 60

Number = int | float


def _rounded(value: Number, digits: int = 0) -> Number:
    if abs(digits) > MAX_BITS // 4:
        raise OverflowError  # Python would compute 10**digits
    return round(value, digits)


_UNARY: Mapping[type[ast.unaryop], Callable[[Number], Number]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}
_CONSTANTS: Mapping[str, float] = {"pi": math.pi, "e": math.e, "tau": math.tau}
_FUNCTIONS: Mapping[str, Callable[..., Number]] = {
    "abs": abs,
    "round": _rounded,
    "min": min,
    "max": max,
    "floor": math.floor,
    "ceil": math.ceil,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "ln": math.log,
    "log": math.log,
    "log10": math.log10,
    "log2": math.log2,
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "radians": math.radians,
    "degrees": math.degrees,
}
_SPELLINGS = str.maketrans(
    {"×": "*", "·": "*", "÷": "/", "−": "-", "–": "-", "^": "**", "，": ",", "（": "(", "）": ")"}
)


def calculate(expression: str) -> str:
    """Return the value as text, to 15 significant digits; raises `ToolRetry` with what is wrong."""
    if len(expression) > MAX_CHARS:
        raise ToolRetry(f"the expression has {len(expression)} characters; at most {MAX_CHARS} are taken")
    try:
        tree = ast.parse(expression.translate(_SPELLINGS).strip(), mode="eval")
        return _as_text(_bounded(_value(tree.body, 0)))
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise ToolRetry(f"{expression!r} is not an arithmetic expression that can be computed: {error}") from error
    except ZeroDivisionError as error:
        raise ToolRetry(f"{expression!r} divides by zero") from error
    except OverflowError as error:
        raise ToolRetry(f"the value of {expression!r} is too large") from error


def _value(node: ast.expr, depth: int) -> Number:
    if depth > MAX_DEPTH:
        raise ValueError(f"it is nested deeper than {MAX_DEPTH}")
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _bounded(value)
        case ast.Name(id=name) if name in _CONSTANTS:
            return _CONSTANTS[name]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _UNARY:
            return _UNARY[type(op)](_value(operand, depth + 1))
        case ast.BinOp(left=left, op=op, right=right):
            return _bounded(_combine(op, _value(left, depth + 1), _value(right, depth + 1)))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _bounded(_FUNCTIONS[name](*(_value(item, depth + 1) for item in arguments)))
        case _:
            raise ValueError(f"{ast.unparse(node)!r} is not allowed; use numbers, + - * / // % **, and functions")


def _combine(op: ast.operator, left: Number, right: Number) -> Number:
    combine = _BINARY.get(type(op))
    if combine is None:
        raise ValueError(f"the operator {type(op).__name__} is not allowed")
    return combine(left, right)


def _quotient(left: Number, right: Number) -> Number:
    if isinstance(left, int) and isinstance(right, int) and right and left % right == 0:
        return left // right  # exact, also beyond what a float holds
    return left / right


def _power(base: Number, exponent: Number) -> Number:
    if isinstance(base, int) and isinstance(exponent, int) and (base.bit_length() - 1) * exponent > MAX_BITS:
        raise OverflowError  # the result has at least that many bits; what passes here has at most twice as many
    result = base**exponent
    if isinstance(result, complex):
        raise ValueError("the result is not a real number")
    return float(result) if isinstance(result, float) else int(result)


def _bounded(value: Number) -> Number:
    if isinstance(value, int):
        if value.bit_length() > MAX_BITS:
            raise OverflowError
    elif not math.isfinite(value):
        raise OverflowError
    return value


def _as_text(value: Number) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    return str(value)


_BINARY: Mapping[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _quotient,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}


class Calculator:
    """The tool."""

    name: ClassVar[str] = "calculator"
    title: ClassVar[str] = "Calculator"
    description: ClassVar[str] = "Evaluate an arithmetic expression, for example 23 * 19 or sqrt(2) / 3"
    icon: ClassVar[str] = "calculator"
    idempotent: ClassVar[bool] = True
    trusted: ClassVar[bool] = True
    parameters: ClassVar[JsonObject] = {
        "type": "object",
        "properties": {"expression": {"type": "string", "description": "the expression to evaluate"}},
        "required": ["expression"],
        "additionalProperties": False,
    }
    config_type: ClassVar[type[BaseModel]] = NoConfig

    @classmethod
    def configured(cls, config: JsonObject) -> Tool:
        return cls()

    async def call(self, arguments: JsonObject, ctx: ToolContext) -> str:
        return calculate(str(arguments["expression"]))
