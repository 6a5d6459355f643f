"""The kinds of evaluators by their names, and how one is used so that it fails alone."""

import asyncio
import logging
from collections.abc import Mapping

from pydantic import JsonValue

from agents.errors import AgentsError
from backend.common.errors import ApiError
from backend.evaluations.kinds.base import EvaluatorFailed, Judged, Kind, Observed, Outside
from backend.evaluations.kinds.models import Judge, Similarity
from backend.evaluations.kinds.python import Python
from backend.evaluations.kinds.steps import Retrieval, ToolCalls
from backend.evaluations.kinds.texts import Contains, Exact, JsonSchema, Numeric, Regex
from inference.errors import InferenceError
from rag.errors import RagError

KINDS: Mapping[str, type[Kind]] = {
    "exact": Exact,
    "contains": Contains,
    "regex": Regex,
    "json_schema": JsonSchema,
    "numeric": Numeric,
    "similarity": Similarity,
    "judge": Judge,
    "retrieval": Retrieval,
    "tool_calls": ToolCalls,
    "python": Python,
}
TIMEOUT_S = 180.0
"""For one verdict, a judge's two questions included."""
logger = logging.getLogger(__name__)


def kind_read(kind: str, config: Mapping[str, JsonValue]) -> Kind:
    """Return an evaluator by its stored or given configuration; raises pydantic's `ValidationError`."""
    return KINDS[kind].model_validate(config)


async def judged(kind: Kind, seen: Observed, outside: Outside, *, timeout_s: float = TIMEOUT_S) -> Judged:
    """Return the verdict; whatever goes wrong is an `EvaluatorFailed`, for one evaluator must not end the others."""
    try:
        async with asyncio.timeout(timeout_s):
            return await kind.judge(seen, outside)
    except EvaluatorFailed:
        raise
    except TimeoutError as error:
        raise EvaluatorFailed(f"there was no verdict after {timeout_s:g} s") from error
    except (ApiError, AgentsError, InferenceError, RagError) as error:
        raise EvaluatorFailed(str(error)[:1000] or type(error).__name__) from error
    except Exception as error:  # the edge of a task: a fault of ours, too, is one evaluator's
        logger.exception("an evaluator failed unexpectedly")
        raise EvaluatorFailed(f"something went wrong on our side ({type(error).__name__}): see the log") from error
