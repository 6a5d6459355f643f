"""What an app's annotations would answer to a question, without a run."""

import asyncio
from dataclasses import dataclass

from agents.errors import InvalidInput
from backend.annotations.embedding import question_vector
from backend.annotations.ports import AnnotatedApp
from backend.annotations.selectors import Near, nearest, settings_of
from backend.common.errors import Conflict, Unprocessable
from backend.datasets.adapters import api_error
from backend.datasets.ports import EMBEDDERS
from inference.errors import InferenceError

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Tried:
    """The nearest annotations, best first, and from which score on one answers."""

    threshold: float
    near: tuple[Near, ...]


def question_try(app: AnnotatedApp, question: str) -> Tried:
    """Return what is nearest to the question; raises `ApiError` when no model is chosen or it does not answer."""
    settings = settings_of(app)
    if not settings.embedding_model:
        raise Conflict("no embedding model is chosen yet: switch the annotation reply on first")
    embedder = EMBEDDERS.get()(str(app.workspace_id), settings.embedding_model)
    try:
        vector = asyncio.run(question_vector(embedder, question))
    except InvalidInput as error:
        raise Unprocessable(str(error)) from error
    except InferenceError as error:
        raise api_error(error) from error
    near = nearest(app.workspace_id, app.id, settings.embedding_model, vector, SHOWN)
    return Tried(settings.threshold, tuple(near))
