"""Names a node within a run: its id, and before it the containers and rounds that it runs in: `iter:3/llm`."""

from collections.abc import Iterator

SEPARATOR, ROUND = "/", ":"
FORBIDDEN = frozenset((SEPARATOR, ROUND, "."))
"""What no node id may contain, so that a path reads one way only; the dot separates the parts of a selector."""


def inside(container: str, index: int, node_id: str = "") -> str:
    """Return the path of `node_id` in round `index` of the container at the path `container`."""
    return f"{container}{ROUND}{index}{SEPARATOR}{node_id}"


def node_of(path: str) -> str:
    """Return the id that the node has in its own graph."""
    return path.rpartition(SEPARATOR)[2]


def is_inner(path: str) -> bool:
    """Whether the node runs in a round of a container."""
    return SEPARATOR in path


def rounds_of(path: str) -> Iterator[tuple[str, str, int]]:
    """Yield what the node runs in, the innermost first, as (prefix of the round, container's path, index)."""
    head = path.rpartition(SEPARATOR)[0]
    while head:
        container, _, index = head.rpartition(ROUND)
        if not index.isdecimal():
            return  # no path of ours
        yield head + SEPARATOR, container, int(index)
        head = container.rpartition(SEPARATOR)[0]
