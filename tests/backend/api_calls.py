"""Which operations of the console API the page calls, read from its sources, and the list of those that it never does.

    python -m tests.backend.api_calls     writes docs/api-only.md anew; a new entry has "?" in the place of its reason

A path is known by the literal that stands in the code, with `${…}` for one segment. What stands in a call of `api.get`
and its like has that method; elsewhere (uploads, streams) every method counts as called.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "frontend" / "src"
LIST = ROOT / "docs" / "api-only.md"
PREFIX = "/api/v1"
METHODS = ("get", "post", "put", "patch", "delete")
HEAD = """# What only the API can do

The page calls every operation of `/api/v1` but these. A test reads the page's sources and fails when an entry is
missing or no longer true; `python -m tests.backend.api_calls` writes the table anew and keeps the reasons.

| Operation | Why the page does not call it |
|---|---|
"""
HOLE = re.compile(r"\$\{[^{}`]*\}")
LITERAL = re.compile(r'"([^"\n]*/[^"\n]*)"|`([^`\n]*/[^`\n]*)`')
METHOD = re.compile(
    r"\bapi\.(?P<name>get|post|put|patch|delete)(?:<[^()]*>)?\(\s*$"
    r'|\(\s*"(?P<word>GET|POST|PUT|PATCH|DELETE)",\s*(?:apiUrl\(\s*)?$'
)
ONE = "*"
Call = tuple[str, tuple[str, ...]]


def schema() -> dict[str, Any]:
    """Return the OpenAPI schema of the console API."""
    from drf_spectacular.generators import SchemaGenerator

    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (method, path below /api/v1) of every operation."""
    for path, item in document["paths"].items():
        if path.startswith(PREFIX):
            yield from ((method, path.removeprefix(PREFIX)) for method in METHODS if method in item)


def calls_in(text: str) -> set[Call]:
    """Return (method or empty, segments) of every literal in a source that may be a path.

    One that begins with a hole goes on from another path of the text; all do where they are added to a base.
    """
    rooted: set[Call] = set()
    going_on: set[Call] = set()
    for found in LITERAL.finditer(text):
        literal = found[1] if found[1] is not None else found[2]
        path = HOLE.sub("\0", literal).split("?")[0].removeprefix(PREFIX)
        if not path.startswith(("/", "\0/")) or " " in path:
            continue
        said = METHOD.search(text[max(0, found.start() - 200) : found.start()])
        method = (said["name"] or said["word"].lower()) if said else ""
        first, *rest = path.split("/")
        segments = tuple(ONE if "\0" in part else part for part in rest if part)
        (going_on if first else rooted).add((method, segments))
    if ".base + path" in text:
        going_on |= rooted
    calls = rooted
    for _ in range(2):  # a base may itself go on from another one
        calls = rooted | {(method, (*base, *rest)) for method, rest in going_on for _, base in calls}
    return calls


def features() -> Iterator[str]:
    """Yield the page's own sources by feature, neither tests nor what is generated: one feature shares its bases."""
    texts: dict[tuple[str, ...], list[str]] = {}
    for path in sorted(PAGE.rglob("*.ts*")):
        if ".test." not in path.name and path.name not in ("schema.d.ts", "events.generated.ts"):
            texts.setdefault(path.relative_to(PAGE).parts[:2], []).append(path.read_text(encoding="utf-8"))
    yield from ("\n".join(each) for each in texts.values())


def matches(call: Call, method: str, path: str) -> bool:
    """Whether a call may be this operation. A hole is a parameter, or a word that follows one, as in `/{id}/cancel`."""
    called, segments = call
    parts = [part for part in path.split("/") if part]
    if (called and called != method) or len(parts) != len(segments):
        return False
    is_free = [part.startswith("{") for part in parts]
    return all(
        (said == ONE if free else said == part or (said == ONE and at > 0 and is_free[at - 1]))
        for at, (said, part, free) in enumerate(zip(segments, parts, is_free, strict=True))
    )


def uncalled(document: dict[str, Any]) -> list[str]:
    """Return the operations that the page never calls, as they stand in the list."""
    calls = {call for text in features() for call in calls_in(text)}
    return sorted(
        f"{method.upper()} {path}"
        for method, path in operations(document)
        if not any(matches(call, method, path) for call in calls)
    )


def reasons() -> dict[str, str]:
    """Return the list as it is: a reason by operation."""
    text = LIST.read_text(encoding="utf-8") if LIST.exists() else ""
    return dict(re.findall(r"^\| `([A-Z]+ [^`]+)` \| (.+?) \|$", text, re.MULTILINE))


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.config.settings")
    import django

    django.setup()
    known = reasons()
    rows = [f"| `{item}` | {known.get(item, '?')} |\n" for item in uncalled(schema())]
    LIST.write_text(HEAD + "".join(rows), encoding="utf-8")


if __name__ == "__main__":
    main()
