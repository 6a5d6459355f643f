"""The graph of the bench: a start, nodes in a row that each make a short text, and an end."""

from collections.abc import Mapping
from itertools import pairwise

TEMPLATE = "{{ text }}."
FIRST = "start"
LAST = "end"


def saved_chain(count: int) -> dict[str, object]:
    """Return the graph in its saved form, with `count` nodes between start and end."""
    names = [f"n{number}" for number in range(count)]
    start = _node(FIRST, "start", {"variables": [{"variable": "text", "label": "text", "type": "text-input"}]})
    sources = [[FIRST, "text"], *([name, "output"] for name in names)]
    nodes = [
        _node(name, "template-transform", {"template": TEMPLATE, "variables": [_variable("text", sources[number])]})
        for number, name in enumerate(names)
    ]
    end = _node(LAST, "end", {"outputs": [_variable("text", sources[-1])]})
    row = [FIRST, *names, LAST]
    edges = [{"source": source, "sourceHandle": "source", "target": target} for source, target in pairwise(row)]
    return {"nodes": [start, *nodes, end], "edges": edges}


def _variable(name: str, selector: list[str]) -> dict[str, object]:
    return {"variable": name, "value_selector": selector}


def _node(node_id: str, kind: str, config: Mapping[str, object]) -> dict[str, object]:
    return {"id": node_id, "data": {"type": kind, "title": node_id, **config}}
