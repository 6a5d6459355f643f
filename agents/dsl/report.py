"""What became of each thing in an imported file, one line each, and remarks about the file as a whole."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["node", "model", "tool", "dataset", "variable"]
Outcome = Literal["mapped", "degraded", "unsupported"]
_SEVERITY: dict[Outcome, int] = {"mapped": 0, "degraded": 1, "unsupported": 2}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of the file: it works as it did (mapped), works less well or otherwise (degraded), or does not run.

    `proposal` is what stands, or could stand, in its place: an id that `mapping` takes for models, tools, datasets.
    """

    kind: Kind
    id: str
    name: str
    outcome: Outcome
    reason: str = ""
    proposal: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that is no single thing of the file: its version, a feature, a name that had to change."""

    subject: str
    text: str
    outcome: Outcome = "mapped"


@dataclass(frozen=True, slots=True)
class Report:
    """`lines` has exactly one entry per node, model, tool, dataset and variable of the file."""

    lines: tuple[Line, ...]
    remarks: tuple[Remark, ...] = ()

    def of(self, kind: Kind) -> tuple[Line, ...]:
        """Return the lines of one kind."""
        return tuple(line for line in self.lines if line.kind == kind)


@dataclass(slots=True)
class _Entry:
    kind: Kind
    id: str
    name: str
    outcome: Outcome = "mapped"
    reasons: dict[str, None] = field(default_factory=dict)
    proposal: str = ""


class Findings:
    """Collects what an import finds; the worst outcome of a thing is its outcome, and every reason is kept."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self._by_id: dict[tuple[Kind, str], _Entry] = {}
        self._remarks: dict[Remark, None] = {}

    def add(self, kind: Kind, thing_id: str, name: str) -> None:
        """Begin the line of one more thing, even where another has the same id."""
        entry = _Entry(kind, thing_id, name)
        self._entries.append(entry)
        self._by_id.setdefault((kind, thing_id), entry)

    def has(self, kind: Kind, thing_id: str) -> bool:
        """Whether the thing has a line."""
        return (kind, thing_id) in self._by_id

    def note(self, kind: Kind, thing_id: str, reason: str, outcome: Outcome = "mapped", proposal: str = "") -> None:
        """Add to the line of a thing that has one."""
        entry = self._by_id[kind, thing_id]
        if _SEVERITY[outcome] > _SEVERITY[entry.outcome]:
            entry.outcome = outcome
        if reason:
            entry.reasons[reason] = None
        entry.proposal = proposal or entry.proposal

    def remark(self, subject: str, text: str, outcome: Outcome = "mapped") -> None:
        """Say something about the file as a whole, once."""
        self._remarks[Remark(subject, text, outcome)] = None

    def report(self) -> Report:
        """Return everything in the order in which it was found."""
        return Report(tuple(self._lines()), tuple(self._remarks))

    def _lines(self) -> Iterator[Line]:
        for entry in self._entries:
            reason = "; ".join(entry.reasons)
            yield Line(entry.kind, entry.id, entry.name, entry.outcome, reason, entry.proposal)
