"""Which packages Python code cannot do without; the code is parsed, never run."""

import ast

MAX_CHARS = 200_000


def packages_of(code: str) -> frozenset[str]:
    """Return the top names of what the code imports; not what it tries to and can do without, nothing for no Python."""
    if len(code) > MAX_CHARS:
        return frozenset()
    try:
        pending: list[ast.AST] = [ast.parse(code)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    found: set[str] = set()
    while pending:
        match pending.pop():
            case ast.Try():
                continue
            case ast.Import(names=names):
                found |= {item.name.partition(".")[0] for item in names}
            case ast.ImportFrom(module=str() as module, level=0):
                found.add(module.partition(".")[0])
            case other:
                pending += ast.iter_child_nodes(other)
    return frozenset(found)
