"""How many tokens texts have for a model: exact where the server counts, else estimated."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from backend.common.errors import ApiError
from backend.providers.access import endpoint_of
from backend.providers.adapters import Endpoint, engine_for
from backend.providers.selectors import model_get
from inference.errors import InferenceError

COUNT_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """One number for each text; `is_exact` says that the model's own tokenizer counted."""

    counts: tuple[int, ...]
    is_exact: bool


def tokens_count(*, workspace_id: uuid.UUID, model_id: str, texts: Sequence[str]) -> TokenCounts:
    """Count with a chat model of the workspace; raises `ApiError` for one that is not there or does not answer.

    Our own server has the tokenizer of its models; the API of a provider offers none, so that its count errs upwards.
    """
    record = model_get(workspace_id, model_id, kind="chat")
    endpoint = endpoint_of(workspace_id, record)
    try:
        counts = asyncio.run(_count(endpoint, record.name, texts))
    except InferenceError as error:
        made = ApiError(error.message, code=error.code)
        made.http_status = error.http_status
        raise made from error
    except TimeoutError as error:
        message = f"the server of {model_id!r} did not count within {COUNT_TIMEOUT_S:g} s: try again later"
        late = ApiError(message, code="upstream_timeout")
        late.http_status = 504
        raise late from error
    return TokenCounts(tuple(counts), record.provider_id is None)


async def _count(endpoint: Endpoint, name: str, texts: Sequence[str]) -> list[int]:
    async with asyncio.timeout(COUNT_TIMEOUT_S):
        return await (await engine_for(endpoint)).count_texts(name, texts)
