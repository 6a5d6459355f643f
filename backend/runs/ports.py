"""What runs need from other rooms: the outside world of a run, and the prices of its tokens."""

from collections.abc import Callable
from decimal import Decimal

from agents.ports import Ports
from agents.types import RunSpec
from backend.common.slots import Slot

PortsFactory = Callable[[RunSpec], Ports]
CostOf = Callable[[str, str, int, int], Decimal]
"""(workspace id, model id, prompt tokens, completion tokens) → USD."""

RUN_PORTS: Slot[PortsFactory] = Slot("runs.RUN_PORTS")
COST_OF: Slot[CostOf] = Slot("runs.COST_OF")
