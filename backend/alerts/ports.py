"""What alerts watch: metrics by name, with their units, and their values."""

import uuid
from collections.abc import Callable, Mapping
from datetime import datetime

from backend.common.slots import Slot

MetricValue = Callable[[uuid.UUID, str, datetime, datetime, uuid.UUID | None], float | None]
"""(workspace id, metric, since, until, app id) → its value, or None where it says nothing without data."""

METRIC_VALUE: Slot[MetricValue] = Slot("alerts.METRIC_VALUE")
METRIC_UNITS: Slot[Mapping[str, str]] = Slot("alerts.METRIC_UNITS")
