"""A stored event that nobody of ours wrote is refused by name, and none of any shape can break who reads it."""

import pickle
from collections.abc import Mapping
from typing import get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.errors import UnknownEvent
from agents.events import (
    BODIES,
    FIELDS,
    TERMINAL_KINDS,
    Body,
    NodeStarted,
    RunStarted,
    VariableAssigned,
    decode,
    encode,
)
from agents.types import JsonObject
from agents.workflow.execute import run_graph
from agents.workflow.state import fold
from tests.agents.fakes import node
from tests.agents.workflow.graphs import two_models, workflow_spec
from tests.agents.workflow.probe import Probe, end_node, kinds_with, probe_node

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PATHS = st.sampled_from(["a", "it:0/a", "it:x/a", "/", ":", "a/b", "it:0/lo:1/a", "", "a:-1/b", "it:99999999999/a"])


def right(wanted: object) -> object:
    """Return a value that a field of this type may hold."""
    if get_origin(wanted) is tuple:
        return []
    return {str: "x", int: 1, float: 1.0, bool: True, JsonObject: {}}.get(wanted)  # type: ignore[call-overload]  # types are keys here


@pytest.mark.parametrize("kind", ["os.system", "__reduce__", "agents.events.RunStarted", "", "Run_Started"])
def test_r08_no_type_is_built_by_its_name(kind: str) -> None:
    with pytest.raises(UnknownEvent, match="another version"):
        decode(kind, {})


@pytest.mark.parametrize("kind", BODIES)
def test_r08_every_kind_refuses_fields_that_it_has_not(kind: str) -> None:
    with pytest.raises(UnknownEvent, match="unknown fields"):
        decode(kind, {"__class__": "os.system"})


@pytest.mark.parametrize("kind", [kind for kind, fields in FIELDS.items() if fields])
def test_r08_every_kind_refuses_values_of_other_types(kind: str) -> None:
    good = {name: right(wanted) for name, wanted in FIELDS[kind].items()}
    decode(kind, good)
    refused = 0
    for name, wanted in FIELDS[kind].items():
        for odd in (b"bytes", object(), {1, 2}, pickle.dumps("x")):
            if right(wanted) is None:
                continue  # any JSON goes here, and is only ever data
            with pytest.raises(UnknownEvent, match="other types"):
                decode(kind, {**good, name: odd})
            refused += 1
    assert refused or all(right(wanted) is None for wanted in FIELDS[kind].values())


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(sorted(BODIES)), st.dictionaries(st.text(max_size=12), JSON, max_size=6))
def test_r08_reading_any_json_gives_an_event_or_says_that_it_is_none(kind: str, data: Mapping[str, object]) -> None:
    try:
        body = decode(kind, data)
    except UnknownEvent:
        return
    assert decode(body.kind, encode(body)) == body


@st.composite
def events(draw: st.DrawFn) -> Body:
    """Return an event of any kind with odd paths and values, of the right types."""
    kind = draw(st.sampled_from(sorted(set(BODIES) - {"sources"})))
    values: dict[str, object] = {}
    for name, wanted in FIELDS[kind].items():
        if name == "node_id":
            values[name] = draw(PATHS)
        elif get_origin(wanted) is tuple:
            values[name] = draw(st.lists(st.text(max_size=3), max_size=3)) if name != "files" else []
        elif wanted is JsonObject:
            values[name] = draw(st.dictionaries(st.text(max_size=5), JSON, max_size=2))
        elif wanted is int:
            values[name] = draw(st.integers())
        elif right(wanted) is None:
            values[name] = draw(JSON)
        else:
            values[name] = right(wanted)
    return decode(kind, values)


@settings(max_examples=50, deadline=None)
@given(st.lists(events(), max_size=8))
def test_r08_folding_any_events_breaks_nothing(bodies: list[Body]) -> None:
    state = fold(bodies)
    assert isinstance(state.answer, str) and state.exceptions >= 0 and state.usage.completion_tokens is not None
    assert state.waiting is not None and (state.ended or not any(body.kind in TERMINAL_KINDS for body in bodies))


async def test_r08_a_run_with_odd_events_in_its_past_still_ends() -> None:
    spec = workflow_spec([node("start", "start"), probe_node("a"), end_node(out="a.text")], ["start > a", "a > end"])
    past: list[Body] = [
        RunStarted("", "", {}),
        NodeStarted("ghost:7/x", "probe", ""),
        VariableAssigned("ghost:7/x", ("a", "b", "c"), 1),
        VariableAssigned("nothing", (), None),
    ]
    bodies = [body async for body in run_graph(spec, two_models(False), past, kinds=kinds_with(Probe()))]
    assert bodies[-1].kind == "run_finished"
