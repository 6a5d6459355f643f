"""The annotations of a run's app, as the run looks for them."""

import uuid

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from agents.errors import InvalidInput
from agents.ports import Annotated
from agents.types import RunSpec
from backend.accounts.models import User
from backend.annotations.embedding import question_vector
from backend.annotations.models import Annotation, AnnotationHit
from backend.annotations.selectors import nearest
from backend.common.database import in_database
from backend.common.errors import ApiError
from backend.datasets.ports import EMBEDDERS
from backend.runs.ports import REDACTOR_OF


class AppAnnotations:
    """Finds annotations of the app whose run it is."""

    def __init__(self, spec: RunSpec) -> None:
        self._spec = spec

    async def nearest(self, question: str, model: str) -> Annotated | None:
        """Return the nearest; raises what the embedding model raises, and `InvalidInput` when there is none such."""
        spec = self._spec
        try:
            embedder = await in_database(EMBEDDERS.get(), spec.scope, model)
        except ApiError as error:
            raise InvalidInput(error.message) from error
        vector = await question_vector(embedder, question)
        found = await in_database(nearest, spec.scope, spec.app_id, model, vector)
        if not found:
            return None
        row, author = found[0].annotation, found[0].annotation.author
        return Annotated(
            str(row.id), row.question, row.answer, found[0].score, str(author.id) if author else "", shown(author)
        )

    async def count_hit(self, found: Annotated, question: str) -> None:
        """Keep the hit with its run, once."""
        await in_database(self._count, found, question)

    @transaction.atomic
    def _count(self, found: Annotated, question: str) -> None:
        redactor = REDACTOR_OF.get()(self._spec.scope)
        hit = AnnotationHit(
            workspace_id=self._spec.scope,
            annotation_id=uuid.UUID(found.id),
            run_id=uuid.UUID(self._spec.run_id),
            question=redactor.text(question) if redactor else question,
            score=found.score,
        )
        row = Annotation.unscoped.select_for_update().filter(id=found.id).first()
        known = AnnotationHit.unscoped.filter(run_id=hit.run_id)
        if row is None or known.exists():
            return
        hit.save(force_insert=True)
        Annotation.unscoped.filter(id=row.id).update(hit_count=F("hit_count") + 1, last_hit_at=timezone.now())


def shown(user: User | None) -> str:
    """Return the name under which an author is told to clients; never the domain of an address."""
    return (user.name or user.email.partition("@")[0]) if user else ""
