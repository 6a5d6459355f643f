"""Jinja2 that strangers may write: nothing but values can be reached, and everything that grows is paid for."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import NoReturn, TypeVar, cast

from jinja2 import ChainableUndefined, TemplateRuntimeError, TemplateSyntaxError, Undefined, nodes, pass_context
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from jinja2.visitor import NodeTransformer

from agents.workflow.jinja_filters import FILTERS, check_braces, check_growth, concat, formatted
from agents.workflow.jinja_fuel import CALL, FUEL, STATEMENT, burn, charge, paid, weight

_MAX_NODES = 6000
_MAX_POWER_BITS = 4096
_STRING_METHODS = frozenset(
    {
        "capitalize",
        "casefold",
        "count",
        "endswith",
        "find",
        "format",
        "index",
        "isalnum",
        "isalpha",
        "isascii",
        "isdecimal",
        "isdigit",
        "islower",
        "isnumeric",
        "isspace",
        "istitle",
        "isupper",
        "join",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rfind",
        "rindex",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "splitlines",
        "startswith",
        "strip",
        "swapcase",
        "title",
        "upper",
    }
)
_METHODS: Mapping[type, frozenset[str]] = {
    str: _STRING_METHODS,
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
    dict: frozenset({"get", "items", "keys", "values"}),
    int: frozenset({"is_integer"}),
    float: frozenset({"is_integer"}),
    bytes: frozenset(),
}
_NOT_OFFERED = ("center", "pprint", "striptags", "urlize", "wordwrap", "xmlattr")
"""Filters whose time or output does not follow from what they are given, or that make HTML."""
_Function = Callable[..., object]
_N = TypeVar("_N", bound=nodes.Node)


class BoundedSandbox(ImmutableSandboxedEnvironment):
    """Values that templates make are plain, paid for, and cannot grow without end."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        # Not optimized: constants would be computed while a template is compiled, where nothing has a price.
        super().__init__(undefined=ChainableUndefined, finalize=_finalize, optimized=False)
        for name in _NOT_OFFERED:
            del self.filters[name]
        del self.globals["lipsum"]
        self.globals["namespace"] = _Namespace
        self.filters |= FILTERS
        for offered in (self.filters, self.tests):
            offered.update({name: _charged(cast(_Function, function)) for name, function in offered.items()})
        self.tick = _tick
        self.weighed = paid
        self.joined = concat

    def parsed(self, source: str) -> nodes.Template:
        """Return the tree of a template with a price on everything; raises `TemplateSyntaxError`."""
        parsed = self.parse(source)
        if sum(1 for _ in parsed.find_all(nodes.Node)) > _MAX_NODES:
            raise TemplateSyntaxError(f"it has more than {_MAX_NODES} parts: write it as several templates", 1)
        tree = _Pricing().visit(parsed)
        assert isinstance(tree, nodes.Template)
        return tree

    def call(self, context: object, function: object, *args: object, **named: object) -> object:
        """Call what a template calls, if it is small enough and its result will be."""
        if function is _tick:
            return _tick(*args)  # type: ignore[arg-type]  # only `_Pricing` writes such calls
        if function is paid:
            return paid(args[0])
        if function is concat:
            return concat(*args)
        given = [value for name, value in named.items() if name not in ("_loop_vars", "_block_vars", "caller")]
        owner = getattr(function, "__self__", None)
        burn(CALL)
        charge(owner, *args, *given)
        if isinstance(owner, str):
            check_growth(owner, getattr(function, "__name__", ""), args)
        return paid(super().call(context, function, *args, **named))  # type: ignore[arg-type]  # jinja's own Context

    def call_binop(self, context: object, operator: str, left: object, right: object) -> object:
        """Do arithmetic with numbers; texts and lists may only be added, texts formatted."""
        if operator != "+" or not isinstance(left, list):  # a list that grows is paid for as what it grows to
            charge(left, right)
        if operator == "%" and isinstance(left, str):
            return formatted(left, right if isinstance(right, tuple | dict) else (right,))
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            if left.bit_length() * abs(right) > _MAX_POWER_BITS:
                raise TemplateRuntimeError(f"{left!r} ** {right!r} is too large")
        elif operator != "+" and not (_is_number(left) and _is_number(right)):
            raise TemplateRuntimeError(f"{operator!r} takes numbers, not {_type_name(left)} and {_type_name(right)}")
        return paid(super().call_binop(context, operator, left, right))  # type: ignore[arg-type]  # jinja's own Context

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Values have only those methods that take and give values."""
        for kind, names in _METHODS.items():
            if isinstance(obj, kind):
                return attr in names
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: object) -> Callable[..., str] | None:
        """Return jinja's own safe `format` for texts, which a width in the format cannot blow up."""
        inner = super().wrap_str_format(value)
        if inner is None:
            return None
        text = value.__self__  # type: ignore[attr-defined]  # a method of a text, jinja found

        def bounded(*args: object, **named: object) -> str:
            check_braces(text, [*args, *named.values()])
            return str(inner(*args, **named))

        return bounded

    def unsafe_undefined(self, obj: object, attribute: str) -> NoReturn:
        """An attribute that may not be read is an error, not an empty text."""
        raise SecurityError(f"the attribute {attribute!r} of {_type_name(obj)} may not be read")


class _Pricing(NodeTransformer):
    """Writes a price before every statement, and around every expression whose cost no method can intercept."""

    def visit_Output(self, node: nodes.Output) -> list[nodes.Node]:  # noqa: N802  # jinja's names
        self.generic_visit(node)
        chars = sum(len(item.data) for item in node.nodes if isinstance(item, nodes.TemplateData))
        return [_statement(node, chars), node]

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        self.generic_visit(node)
        node.body.insert(0, _statement(node))
        if node.test is not None:
            node.test = _call("weighed", [cast(nodes.Expr, node.test)], node)
        return node

    def _visit_body(self, node: nodes.Macro | nodes.CallBlock | nodes.Block | nodes.If) -> nodes.Node:
        self.generic_visit(node)
        node.body.insert(0, _statement(node))
        return node

    visit_Macro = visit_CallBlock = visit_Block = visit_If = _visit_body  # noqa: N815

    def visit_Assign(self, node: nodes.Assign) -> list[nodes.Node]:  # noqa: N802
        self.generic_visit(node)
        return [_statement(node), node]

    def visit_Concat(self, node: nodes.Concat) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _call("joined", list(node.nodes), node)

    def visit_Compare(self, node: nodes.Compare) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        node.expr = _call("weighed", [node.expr], node)
        for operand in node.ops:
            operand.expr = _call("weighed", [operand.expr], node)
        return node

    def _visit_made(self, node: nodes.Expr) -> nodes.Expr:
        self.generic_visit(node)
        return node if getattr(node, "ctx", "load") != "load" else _call("weighed", [node], node)

    visit_List = visit_Dict = visit_Tuple = _visit_made  # noqa: N815

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Expr:  # noqa: N802
        self.generic_visit(node)
        return _call("weighed", [node], node) if isinstance(node.arg, nodes.Slice) else node

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Getattr:  # noqa: N802
        self.generic_visit(node)
        if node.attr.startswith("__"):
            raise TemplateSyntaxError(f"the attribute {node.attr!r} may not be read", node.lineno)
        return node

    def _refuse(self, node: nodes.Stmt) -> NoReturn:
        raise TemplateSyntaxError("there are no other templates: write everything into this one", node.lineno)

    visit_Include = visit_Import = visit_FromImport = visit_Extends = _refuse  # noqa: N815


def _statement(at: nodes.Node, chars: int = 0) -> nodes.ExprStmt:
    price: list[nodes.Expr] = [nodes.Const(chars)] if chars else []
    return _placed(nodes.ExprStmt(_call("tick", price, at)), at)


def _call(name: str, args: list[nodes.Expr], at: nodes.Node) -> nodes.Call:
    """Return a call of the environment's own function: no variable of a template can take its place."""
    return _placed(nodes.Call(nodes.EnvironmentAttribute(name), args, [], None, None), at)


def _placed(made: _N, at: nodes.Node) -> _N:
    assert at.environment is not None
    made.set_lineno(at.lineno)
    made.set_environment(at.environment)
    return made


class _Namespace(Namespace):
    """Holds values across loops. It is no value itself, so that none can be hidden inside it."""

    def __init__(*args: object, **values: object) -> None:  # a value may be named self
        charge(*args[1:], *values.values())
        Namespace.__init__(*args, **values)

    def __setitem__(self, name: str, value: object) -> None:
        charge(value)
        super().__setitem__(name, value)

    def __repr__(self) -> str:
        return "<namespace>"


def _tick(chars: int = 0) -> str:
    burn(STATEMENT)
    if chars:
        _write(chars)
    return ""


def _write(chars: int) -> None:
    fuel = FUEL.get(None)
    if fuel is not None:
        fuel.write(chars)


@pass_context  # so that nothing is finalized while the template is compiled
def _finalize(context: object, value: object) -> str:
    if value is None or isinstance(value, Undefined):
        return ""
    if not isinstance(value, str | int | float | list | tuple | dict):
        raise TemplateRuntimeError(f"{_type_name(value)} cannot be written as text: make a list or a text of it first")
    burn(weight(value))
    text = str(value)
    _write(len(text))
    return text


def _charged(function: Callable[..., object]) -> Callable[..., object]:
    """Return a filter or test that is paid for: by what it is given, and by what it gives."""

    @wraps(function)
    def charged(*args: object, **named: object) -> object:
        burn(CALL)
        charge(*args, *named.values())
        return paid(function(*args, **named))

    return charged


def _is_number(value: object) -> bool:
    return isinstance(value, int | float)


def _type_name(value: object) -> str:
    return "nothing" if isinstance(value, Undefined) else f"a value of type {type(value).__name__.lstrip('_')}"
