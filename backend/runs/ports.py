"""What runs need from other rooms: the outside world of a run, prices, its conversation, and what may be used."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from agents.ports import Ports
from agents.types import JsonValue, RunSpec
from backend.common.slots import Slot
from backend.runs.redaction import Redactor

PortsFactory = Callable[[RunSpec], Ports]
CostOf = Callable[[str, str, int, int], Decimal]
"""(workspace id, model id, prompt tokens, completion tokens) → USD."""
KeepVariables = Callable[[uuid.UUID, Mapping[str, JsonValue]], None]
"""Keeps what a run assigned to variables of its conversation, by name, in the transaction that ends the run."""
RunEnded = Callable[[uuid.UUID, str], None]
"""Hears the id and the source of a run whose end is committed, on a database thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """For whom a run is counted."""

    workspace_id: uuid.UUID
    source: str
    app_id: uuid.UUID | None = None
    key_id: uuid.UUID | None = None
    end_user: str = ""


RunCharge = Callable[[Charge], None]
RunSpend = Callable[[Charge, int, Decimal], None]
RedactorOf = Callable[[str], Redactor | None]
"""The rules of a workspace, by its id, on a database thread; None where it has none."""

RUN_PORTS: Slot[PortsFactory] = Slot("runs.RUN_PORTS")
COST_OF: Slot[CostOf] = Slot("runs.COST_OF")
KEEP_VARIABLES: Slot[KeepVariables] = Slot("runs.KEEP_VARIABLES")
RUN_ENDED: Slot[RunEnded] = Slot("runs.RUN_ENDED")
RUN_ADMIT: Slot[RunCharge] = Slot("runs.RUN_ADMIT")
"""Raises `TooManyRequests` where a run is one too many: asked before anything is stored or any worker called."""
RUN_COUNT: Slot[RunCharge] = Slot("runs.RUN_COUNT")
"""Counts a run in the transaction that stores it; raises `TooManyRequests` when others took the last one meanwhile."""
RUN_SPEND: Slot[RunSpend] = Slot("runs.RUN_SPEND")
"""Counts tokens and cost (USD) of a run in the transaction that ends it, those of its judges with their verdicts."""
REDACTOR_OF: Slot[RedactorOf] = Slot("runs.REDACTOR_OF")
