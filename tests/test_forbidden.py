"""What must not stand in the code at all: doors through which stored data could become a program."""

import re
from pathlib import Path

import pytest

from agents.errors import UnknownEvent
from agents.events import BODIES, decode

ROOT = Path(__file__).parent.parent
PACKAGES = ("inference", "rag", "agents", "backend", "migrations")
FORBIDDEN = re.compile(
    r"\b(?:import|from)\s+(?:pickle|marshal)\b|\b(?:pickle|marshal)\.\w|\byaml\.load\(|(?<![\w.])eval\(|(?<![\w.])exec\(|trust_remote_code"
)
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def code_of(path: Path) -> str:
    """Return the source without comments and docstring lines that merely name what is forbidden."""
    return "\n".join(line.partition("#")[0] for line in path.read_text().splitlines())


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_r08_no_module_can_turn_stored_data_into_code(path: Path) -> None:
    found = FORBIDDEN.search(code_of(path))
    assert found is None, f"{found.group()} in {path.relative_to(ROOT)}" if found else ""


@pytest.mark.parametrize(
    "kind",
    ["os.system", "__reduce__", "agents.events.TextDelta", "TextDelta", "", "run_started ", "builtins.eval"],
)
def test_r08_a_stored_event_of_a_hostile_kind_is_refused(kind: str) -> None:
    with pytest.raises(UnknownEvent, match="unknown"):
        decode(kind, {})


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_r08_a_stored_event_with_a_field_that_its_kind_has_not_is_refused(kind: str) -> None:
    with pytest.raises(UnknownEvent, match="__class__"):
        decode(kind, {"__class__": "os.system"})
