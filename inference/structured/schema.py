"""JSON schemas as grammars: compact JSON, properties in the schema's order, nothing that the schema does not name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inference.errors import InvalidRequestError
from inference.structured.budget import MAX_LITERAL, MAX_SHORTEST, Budget
from inference.structured.choices import are_disjoint, is_of_type
from inference.structured.grammar import EMPTY, Alt, Literal, Node, Repeat, Rule, Seq, Text
from inference.structured.numbers import any_number, integers_between, numbers_between
from inference.structured.patterns import FORMATS, parse
from inference.structured.regex import quoted

MAX_DEPTH = 64
MAX_SIZE_BYTES = 65_536
MAX_RESPONSE_TEXT = 4_096  # characters of a string in an answer, where its schema names no 'maxLength'
_MAX_REPEATED = 1_024  # a longer list or string than this is never begun, whatever the schema would allow
_MAX_TEXT = 16_384
_MAX_KEY = 64
_MAX_LIMIT = 1e30
_MAX_PROPERTIES = 256  # where all are optional, as many readings are followed at once
_LIMITS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
_ANY_DEPTH = 12

_IGNORED = frozenset(
    {
        "title", "description", "default", "examples", "example", "$schema", "$id", "$comment", "$anchor",
        "$defs", "definitions", "deprecated", "readOnly", "writeOnly", "discriminator", "contentMediaType",
        "contentEncoding", "nullable", "strict",
    }
)  # fmt: skip
_KNOWN = _IGNORED | frozenset(
    {
        "type", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems",
        "maxItems", "minLength", "maxLength", "pattern", "format", "enum", "const", "anyOf", "oneOf", "allOf",
        "$ref", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minProperties",
        "maxProperties", "uniqueItems",
    }
)  # fmt: skip
_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_TYPE_OF = {
    "properties": "object", "required": "object", "additionalProperties": "object", "minProperties": "object",
    "maxProperties": "object", "items": "array", "prefixItems": "array", "minItems": "array", "maxItems": "array",
    "minLength": "string", "maxLength": "string", "pattern": "string", "format": "string",
    "minimum": "number", "maximum": "number", "exclusiveMinimum": "number", "exclusiveMaximum": "number",
    "multipleOf": "number",
}  # fmt: skip

Schema = Mapping[str, object]


def check_size(schema: object, param: str) -> None:
    """Refuse what is nested too deeply or too large, before anything looks at it recursively."""
    size = 0
    stack = [(schema, 1)]
    while stack:
        value, depth = stack.pop()
        if depth > MAX_DEPTH:
            raise InvalidRequestError(f"The schema is nested more than {MAX_DEPTH} levels deep.", param=param)
        size += len(value) + 2 if isinstance(value, str) else 4
        if isinstance(value, Mapping):
            size += sum(len(str(key)) + 4 for key in value)
            stack.extend((child, depth + 1) for child in value.values())
        elif isinstance(value, list | tuple):
            stack.extend((child, depth + 1) for child in value)
        if size > MAX_SIZE_BYTES:
            raise InvalidRequestError(f"The schema is larger than {MAX_SIZE_BYTES} bytes.", param=param)


def compile_schema(schema: Schema, *, default_max_length: int, budget: Budget) -> Node:
    """Return the grammar of the schema's values; strings without 'maxLength' get `default_max_length`.

    Schemas of one grammar share the budget. Raises InvalidRequestError naming the keyword that cannot be enforced.
    """
    check_size(schema, budget.param)
    return _Compiler(schema, default_max_length, budget).compile()


@dataclass(slots=True)
class _Compiler:
    root: Schema
    default_max_length: int
    budget: Budget
    _references: dict[str, Rule] = field(default_factory=dict)
    _waiting: list[tuple[Rule, object]] = field(default_factory=list)

    def compile(self) -> Node:
        if self.root in ({}, {"type": "object"}):
            return self._any_object(0)
        node = self._value(self.root)
        while self._waiting:
            rule, schema = self._waiting.pop()
            rule.body = self._value(schema)
        return node

    def _value(self, schema: object) -> Node:
        self.budget.spend(1)
        if schema is True or schema == {}:
            return self._anything(0)
        if not isinstance(schema, Mapping):
            raise self._refusal(f"A schema must be an object, not {str(schema)[:80]!r}")
        unknown = [key for key in schema if key not in _KNOWN and not str(key).startswith("x-")]
        if unknown:
            raise self._refusal(f"The schema's keyword {str(unknown[0])[:80]!r} cannot be enforced")
        if schema.get("uniqueItems"):
            raise self._refusal("The schema's keyword 'uniqueItems' cannot be enforced")
        if "$ref" in schema:
            self._check_alone("$ref", schema)
            return self._reference(schema["$ref"])
        if "const" in schema:
            return self._one_of([schema["const"]], schema)
        if "enum" in schema:
            return self._one_of(self._list(schema, "enum"), schema)
        for key in ("anyOf", "oneOf", "allOf"):
            if key in schema:
                return self._combined(key, schema)
        types = self._types(schema)
        options = tuple(self._of_type(kind, schema) for kind in types)
        return options[0] if len(options) == 1 else Alt(options)

    def _types(self, schema: Schema) -> list[str]:
        given = schema.get("type")
        types = [given] if isinstance(given, str) else given
        if types is None:
            types = list(dict.fromkeys(_TYPE_OF[key] for key in schema if key in _TYPE_OF)) or list(_TYPES)
        if not isinstance(types, list) or not types or any(kind not in _TYPES for kind in types):
            raise self._refusal(f"The schema's 'type' is {str(given)[:80]!r}; known are {', '.join(_TYPES)}")
        return [kind for kind in types if not (kind == "integer" and "number" in types)]

    def _of_type(self, kind: str, schema: Schema) -> Node:
        match kind:
            case "object":
                return self._object(schema)
            case "array":
                return self._array(schema)
            case "string":
                return self._string(schema)
            case "integer" | "number":
                return self._number(schema, whole=kind == "integer")
            case "boolean":
                return Alt((Literal("true"), Literal("false")))
            case _:
                return Literal("null")

    def _reference(self, target: object) -> Node:
        if not isinstance(target, str) or not (target == "#" or target.startswith("#/")):
            raise self._refusal(f"The schema's '$ref' {str(target)[:80]!r} leads outside it")
        if target in self._references:
            return self._references[target]
        found: object = self.root
        for part in target.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                raise self._refusal(f"The schema's '$ref' {target[:80]!r} leads nowhere")
        rule = self._references[target] = Rule()
        self._waiting.append((rule, found))  # not here: references in a long row would be as deep a recursion
        return rule

    def _one_of(self, values: Sequence[object], schema: Schema) -> Node:
        if "type" in schema:
            types = self._types(schema)
            values = [value for value in values if any(is_of_type(value, kind) for kind in types)]
        if not values:
            raise self._refusal("The schema's 'enum' leaves no value")
        self.budget.spend(len(values))
        written = [self._dump(value) for value in values]
        if len(written) == 1:
            return Literal(written[0])
        return Alt(tuple(map(Literal, dict.fromkeys(written))))

    def _combined(self, key: str, schema: Schema) -> Node:
        options = self._list(schema, key)
        self._check_alone(key, schema)
        if key == "allOf" and len(options) > 1:
            raise self._refusal("The schema's keyword 'allOf' with more than one part cannot be enforced")
        if key == "oneOf" and not are_disjoint(options, self.root):
            raise self._refusal("The schema's keyword 'oneOf' can be enforced only where one value fits one option")
        nodes = tuple(self._value(option) for option in options)
        return nodes[0] if len(nodes) == 1 else Alt(nodes)

    def _check_alone(self, key: str, schema: Schema) -> None:
        beside = [other for other in schema if other not in _IGNORED and other not in (key, "type")]
        if beside:
            raise self._refusal(f"The schema's keyword {key!r} beside {str(beside[0])[:80]!r} cannot be enforced")

    def _object(self, schema: Schema) -> Node:
        properties = schema.get("properties", {})
        required = schema.get("required", [])
        more = schema.get("additionalProperties")
        if not isinstance(properties, Mapping) or not isinstance(required, list):
            raise self._refusal("The schema's 'properties' must be an object and its 'required' a list")
        parts: dict[str, object] = {str(name): part for name, part in properties.items()}
        for name in required:
            if str(name) not in parts and more is False:
                raise self._refusal(f"The schema requires {str(name)[:80]!r} and forbids it ('additionalProperties')")
            parts.setdefault(str(name), True if more is None else more)
        if len(parts) > _MAX_PROPERTIES:
            raise self._refusal(f"An object's 'properties' are {len(parts)}, more than {_MAX_PROPERTIES}")
        self.budget.spend(len(parts))
        least, most = self._count(schema, "minProperties", 0), self._count(schema, "maxProperties", _MAX_REPEATED)
        if parts:
            if least > len(required) or most < len(parts):
                raise self._refusal("The schema's keywords 'minProperties' and 'maxProperties' cannot be enforced")
            return self._fixed_object(parts, frozenset(map(str, required)))
        if more is False:
            return Literal("{}")
        if least > 1:
            raise self._refusal("The schema's keyword 'minProperties' above 1 cannot be enforced")
        return self._map(self._anything(1) if more is None or more is True else self._value(more), least, most)

    def _map(self, value: Node, least: int, most: int) -> Node:
        pair = Seq((Text(1, _MAX_KEY), Literal(":"), value))
        return self._listed("{", "}", pair, least, most)

    def _fixed_object(self, parts: Mapping[str, object], required: frozenset[str]) -> Node:
        """Build the properties from the last to the first, each once for being the first written and once for not."""
        after: dict[bool, Node] = {True: Literal("}"), False: Literal("}")}
        for name, part in reversed(list(parts.items())):
            value = self._value(part)
            key = self._dump(name) + ":"
            here: dict[bool, Node] = {}
            for is_first in (True, False):
                written = Seq((Literal(key if is_first else f",{key}"), value, after[False]))
                here[is_first] = Rule(written if name in required else Alt((written, after[is_first])))
            after = here
        return Rule(Seq((Literal("{"), after[True])))

    def _array(self, schema: Schema) -> Node:
        first = schema.get("prefixItems", [])
        if not isinstance(first, list):
            raise self._refusal("The schema's 'prefixItems' must be a list")
        least, most = self._count(schema, "minItems", 0), self._count(schema, "maxItems", _MAX_REPEATED)
        items = schema.get("items")
        if first:
            return self._tuple(first, items, least, most)
        if items is False or most == 0:
            return Literal("[]")
        return self._listed("[", "]", self._anything(1) if items is None else self._value(items), least, most)

    def _tuple(self, first: Sequence[object], items: object, least: int, most: int) -> Node:
        if most < len(first):
            raise self._refusal("The schema's 'maxItems' is smaller than its 'prefixItems'")
        parts: list[Node] = [Literal("[")]
        for i, part in enumerate(first):
            parts += [Literal(","), self._value(part)] if i else [self._value(part)]
        if items not in (None, False):
            more = Seq((Literal(","), self._value(items)))
            parts.append(Repeat(more, max(0, least - len(first)), most - len(first)))
        elif least > len(first):
            raise self._refusal("The schema's 'minItems' is larger than its 'prefixItems'")
        return Rule(Seq((*parts, Literal("]"))))

    def _listed(self, opening: str, closing: str, item: Node, least: int, most: int) -> Node:
        if most == 0:
            return Literal(opening + closing)
        some = Seq((item, Repeat(Seq((Literal(","), item)), max(0, least - 1), most - 1)))
        return Rule(Seq((Literal(opening), some if least else Alt((some, EMPTY)), Literal(closing))))

    def _string(self, schema: Schema) -> Node:
        least = self._count(schema, "minLength", 0, MAX_SHORTEST)
        most = self._count(schema, "maxLength", max(least, self.default_max_length), _MAX_TEXT)
        if least > most:
            raise self._refusal("The schema's 'minLength' is larger than its 'maxLength'")
        regex = None
        if "pattern" in schema:
            regex = quoted(parse(schema["pattern"], self.budget.param))
        elif schema.get("format") is not None:
            regex = FORMATS.get(str(schema["format"]))
            if regex is None:
                raise self._refusal(f"The schema's 'format' {str(schema['format'])[:80]!r} cannot be enforced")
        if regex is None:
            return Text(least, most)
        if "minLength" in schema or "maxLength" in schema:
            raise self._refusal("The schema's keyword 'pattern' or 'format' beside a length cannot be enforced")
        return self.budget.pattern(regex)

    def _number(self, schema: Schema, *, whole: bool) -> Node:
        if schema.get("multipleOf") not in (None, 1) or (schema.get("multipleOf") == 1 and not whole):
            raise self._refusal("The schema's keyword 'multipleOf' cannot be enforced")
        low, high, above, below = (self._limit(schema, key) for key in _LIMITS)
        if (low, high, above, below) == (None, None, None, None):
            return self.budget.pattern(any_number(whole=whole))
        regex = (integers_between if whole else numbers_between)(low, high, above, below)
        if regex is None:
            raise self._refusal("The schema's 'minimum' and 'maximum' leave no number")
        return self.budget.pattern(regex)

    def _limit(self, schema: Schema, key: str) -> float | None:
        limit = schema.get(key)
        if limit is None or (
            isinstance(limit, int | float) and not isinstance(limit, bool) and abs(limit) < _MAX_LIMIT
        ):
            return limit
        raise self._refusal(f"The schema's {key!r} is {str(limit)[:80]!r}, which is no number below {_MAX_LIMIT:g}")

    def _anything(self, level: int) -> Node:
        """Any JSON value, nested to a limited depth; the levels are shared."""
        while len(self.budget.anything) <= _ANY_DEPTH:
            self.budget.anything.append(Rule())
        for depth in reversed(range(len(self.budget.anything))):
            rule = self.budget.anything[depth]
            if rule.body is None:
                scalars = (
                    Text(0, self.default_max_length), self.budget.pattern(any_number(whole=False)),
                    Literal("true"), Literal("false"), Literal("null"),
                )  # fmt: skip
                deeper: tuple[Node, ...] = ()
                if depth < _ANY_DEPTH:
                    below = self.budget.anything[depth + 1]
                    deeper = (self._map(below, 0, _MAX_REPEATED), self._listed("[", "]", below, 0, _MAX_REPEATED))
                rule.body = Alt((*deeper, *scalars))
        return self.budget.anything[level]

    def _any_object(self, level: int) -> Node:
        return self._map(self._anything(level + 1), 0, _MAX_REPEATED)

    def _count(self, schema: Schema, key: str, default: int, most: int = _MAX_REPEATED) -> int:
        value = schema.get(key, default)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._refusal(f"The schema's {key!r} is {str(value)[:80]!r}, which is no count")
        if value > most and key.startswith("min"):
            raise self._refusal(f"The schema's {key!r} is {value}; the most that can be enforced is {most}")
        return min(value, most)

    def _list(self, schema: Schema, key: str) -> list[object]:
        value = schema[key]
        if not isinstance(value, list | tuple) or not value:
            raise self._refusal(f"The schema's {key!r} must be a list that is not empty")
        return list(value)

    def _dump(self, value: object) -> str:
        try:
            written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            written.encode()
        except (TypeError, ValueError):
            raise self._refusal(f"The schema's value {str(value)[:80]!r} is no JSON") from None
        if len(written) > MAX_LITERAL:
            raise self._refusal(f"The schema's value {written[:80]!r} is longer than {MAX_LITERAL} characters")
        return written

    def _refusal(self, problem: str) -> InvalidRequestError:
        return InvalidRequestError(f"{problem}: change the schema.", param=self.budget.param)
