"""Old forms of a graph brought into the one that runs. Changes nothing that runs as it is."""

import re
from collections.abc import Callable, Iterable, Mapping

from agents.dsl.report import Findings
from agents.dsl.saved import ALIASES, is_note
from agents.dsl.values import Object, as_list, as_object, as_objects, as_text
from agents.types import JsonValue
from agents.workflow.graph import RESERVED_SOURCES
from agents.workflow.paths import FORBIDDEN

STARTS: Mapping[str, str] = {"iteration": "iteration-start", "loop": "loop-start"}
"""Containers, and the kind of node that each begins with."""
_OLD_SYSTEM = re.compile(r"\{\{#\s*[^#{}.]+\.sys\.(\w+)\s*#\}\}")
_FORBIDDEN = re.compile("[" + re.escape("".join(sorted(FORBIDDEN))) + "]")
_ENDS = ("source", "target")
_PAIR = 2
START_OFFSET = {"x": 24, "y": 68}


def nodes_renamed(graph: Object) -> dict[str, str]:
    """Give every node an id that our engine takes, in place and everywhere it is named; return new → old."""
    nodes, edges = as_objects(graph.get("nodes")), as_objects(graph.get("edges"))
    taken = {as_text(node.get("id")) for node in nodes}
    renamed: dict[str, str] = {}
    for old in sorted(taken):
        if old in RESERVED_SOURCES or any(mark in old for mark in FORBIDDEN):
            new = f"{old}_" if old in RESERVED_SOURCES else _FORBIDDEN.sub("_", old)
            while new in taken:
                new += "_"
            taken.add(new)
            renamed[old] = new
    # A reserved word in a node's data means what it always means.
    in_texts = {old: new for old, new in renamed.items() if old not in RESERVED_SOURCES}
    for item, keys in (*((node, ("id", "parentId")) for node in nodes), *((edge, _ENDS) for edge in edges)):
        for key in keys:
            if name := as_text(item.get(key)):
                item[key] = renamed.get(name, name)
        if in_texts:
            item["data"] = _with_names(item.get("data"), in_texts)
    return {new: old for old, new in renamed.items()}


def graph_normalised(graph: Object, findings: Findings) -> None:
    """Bring every node and edge into the current form, in place, and say on each node's line what was rewritten."""
    nodes = as_objects(graph.get("nodes"))
    by_id = {as_text(node.get("id")): node for node in nodes}
    for node in nodes:
        if is_note(node):
            continue
        _adopt(node, as_object(node.get("data")), by_id)
        data = as_object(_system_values(node.get("data")))
        node["data"] = data
        for rewrite, reason in _REWRITES.get(as_text(data.get("type")), ()):
            if rewrite(data):
                findings.note("node", as_text(node["id"]), reason)
    for node in nodes:
        _give_start(node, nodes, graph, findings)


def edges_typed(graph: Object) -> None:
    """Let edges that say of what kinds their ends are say it of the nodes as they stand, in place."""
    kinds = {
        as_text(node.get("id")): as_object(node.get("data")).get("type") for node in as_objects(graph.get("nodes"))
    }
    for edge in as_objects(graph.get("edges")):
        data = as_object(edge.get("data"))
        for end, key in zip(_ENDS, ("sourceType", "targetType"), strict=True):
            if key in data:
                data[key] = kinds.get(as_text(edge.get(end)), data[key])


def _with_names(value: JsonValue, renamed: Mapping[str, str]) -> JsonValue:
    """Return a copy in which references to renamed nodes have the new name."""
    match value:
        case str():
            if value in renamed:
                return renamed[value]
            for old, new in renamed.items():
                value = re.sub(r"(?<=\{\{#)\s*" + re.escape(old) + r"(?=\.)", new.replace("\\", r"\\"), value)
            return value
        case list():
            return [_with_names(item, renamed) for item in value]
        case dict():
            return {key: _with_names(item, renamed) for key, item in value.items()}
    return value


def _adopt(node: Object, data: Object, by_id: Mapping[str, Object]) -> None:
    """Older files say only in its data which container a node lies in."""
    for flag, key in (("isInIteration", "iteration_id"), ("isInLoop", "loop_id")):
        container = as_text(data.get(key))
        if data.get(flag, True) and container in by_id and not node.get("parentId"):
            node["parentId"] = container


def _system_values(value: JsonValue) -> JsonValue:
    """Return a copy in which `{{#start.sys.query#}}` and `[start, "sys.query"]` name the system's value itself."""
    match value:
        case str():
            return _OLD_SYSTEM.sub(r"{{#sys.\1#}}", value) if ".sys." in value else value
        case list():
            if len(value) == _PAIR and isinstance(value[1], str) and value[1].startswith("sys."):
                return ["sys", value[1].removeprefix("sys.")]
            return [_system_values(item) for item in value]
        case dict():
            return {key: _system_values(item) for key, item in value.items()}
    return value


def _cases(data: Object) -> bool:
    if data.get("cases") or not data.get("conditions"):
        return False
    data["cases"] = [
        {
            "id": "true",
            "case_id": "true",
            "logical_operator": data.get("logical_operator") or "and",
            "conditions": data["conditions"],
        }
    ]
    return True


def _aggregator(data: Object) -> bool:
    data["type"] = ALIASES["variable-assigner"]
    return True


def _body(data: Object) -> bool:
    body = as_object(data.get("body"))
    text = body.get("data")
    if not isinstance(text, str):
        return False
    kind = as_text(body.get("type"))
    if kind in ("form-data", "x-www-form-urlencoded"):
        pairs = (line.partition(":") for line in text.splitlines() if line.strip())
        body["data"] = [{"type": "text", "key": key.strip(), "value": value.strip()} for key, _, value in pairs]
    else:
        body["data"] = [{"type": "text", "key": "", "value": text}] if text else []
    return bool(text)


def _tool_parameters(data: Object) -> bool:
    given = data.get("tool_parameters")
    if isinstance(given, list):
        data["tool_parameters"] = {
            as_text(item.get("variable")): {
                "type": "variable" if item.get("variable_type") == "selector" else "mixed",
                "value": item.get("value_selector") if item.get("variable_type") == "selector" else item.get("value"),
            }
            for item in as_objects(given)
        }
        return bool(given)
    changed = False
    for name, value in as_object(given).items():
        if not (isinstance(value, dict) and "type" in value):
            as_object(given)[name] = {"type": "mixed" if isinstance(value, str) else "constant", "value": value}
            changed = True
    return changed


_REWRITES: Mapping[str, Iterable[tuple[Callable[[Object], bool], str]]] = {
    "if-else": ((_cases, "its conditions became a case"),),
    "variable-assigner": ((_aggregator, "it is called variable-aggregator now"),),
    "http-request": ((_body, "its body became a list of parts"),),
    "tool": ((_tool_parameters, "its parameters say now whether they are texts or references"),),
}


def _give_start(node: Object, nodes: list[Object], graph: Object, findings: Findings) -> None:
    """Older containers begin with their first node; now a small node of its own leads to it."""
    data, node_id = as_object(node.get("data")), as_text(node.get("id"))
    kind = STARTS.get(as_text(data.get("type")))
    inside = [item for item in nodes if item.get("parentId") == node_id]
    if kind is None or not inside or any(as_object(item.get("data")).get("type") == kind for item in inside):
        return
    ids = {as_text(item.get("id")) for item in nodes}
    start_id = f"{node_id}start"
    while start_id in ids:
        start_id += "_"
    flag = "isInIteration" if kind == "iteration-start" else "isInLoop"
    start: Object = {
        "id": start_id,
        "type": f"custom-{kind}",
        "parentId": node_id,
        "position": dict(START_OFFSET),
        "draggable": False,
        "selectable": False,
        "data": {"type": kind, "title": "", "desc": "", flag: True},
    }
    as_list(graph["nodes"]).append(start)
    key = "iteration_id" if kind == "iteration-start" else "loop_id"
    for first in _first(data, inside, as_objects(graph.get("edges"))):
        edge: Object = {
            "id": f"{start_id}-source-{first['id']}-target",
            "type": "custom",
            "source": start_id,
            "sourceHandle": "source",
            "target": first["id"],
            "targetHandle": "target",
            "data": {
                "sourceType": kind,
                "targetType": as_object(first.get("data")).get("type"),
                flag: True,
                key: node_id,
            },
        }
        as_list(graph.setdefault("edges", [])).append(edge)
    data["start_node_id"] = start_id
    findings.note("node", node_id, f"it was given a node {kind} where its rounds begin")


def _first(data: Object, inside: list[Object], edges: list[Object]) -> list[Object]:
    """Return where a round begins: what the container names, what says so itself, or what no edge leads to."""
    named = [item for item in inside if item.get("id") == data.get("start_node_id")]
    marked = [item for item in inside if as_object(item.get("data")).get("isIterationStart")]
    targets = {as_text(edge.get("target")) for edge in edges}
    return named or marked or [item for item in inside if as_text(item.get("id")) not in targets]
