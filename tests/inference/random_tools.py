"""Random schemas of several nesting levels, and tools whose arguments they describe."""

import random

from inference.types import ToolSpec


def random_schema(rng: random.Random, level: int) -> dict[str, object]:
    scalars: list[dict[str, object]] = [
        {"type": "string"}, {"type": "string", "minLength": 2, "maxLength": 9}, {"type": "integer"}, {"type": "number"},
        {"type": "boolean"}, {"type": "null"}, {"enum": ["a", "ab", 1, 12, None]}, {"const": {"x": [1]}},
        {"type": "integer", "minimum": -7, "maximum": 123}, {"type": "number", "minimum": 0.25, "exclusiveMaximum": 3},
        {"type": "string", "pattern": "^[A-Z]{2,3}-\\d+(x|yz)?$"}, {"type": "string", "format": "date"},
        {"type": ["string", "null"]},
    ]  # fmt: skip
    if level == 0:
        return rng.choice(scalars)
    kind = rng.randrange(5)
    if kind == 0:
        return {"type": "array", "items": random_schema(rng, level - 1), "minItems": rng.randrange(3), "maxItems": 4}
    if kind == 1:
        return {"anyOf": [random_schema(rng, level - 1), rng.choice(scalars)]}
    if kind == 2:
        return {"type": "object", "additionalProperties": random_schema(rng, level - 1)}
    names = rng.sample(["name", "a", "ab", "é", 'qu"ote', "items", "back\\slash"], rng.randrange(1, 4))
    properties = {
        name: random_schema(rng, level - 1 if i == 0 else rng.randrange(level)) for i, name in enumerate(names)
    }
    required = [name for name in names if rng.random() < 0.5]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def random_tool(rng: random.Random, name: str) -> ToolSpec:
    return ToolSpec(
        name,
        "",
        {"type": "object", "properties": {"p": random_schema(rng, 3), "q": random_schema(rng, 0)}, "required": ["p"]},
    )
