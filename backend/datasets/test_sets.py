"""Test sets of a dataset: questions with what answers them, written by people, by files or by a model."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet

from backend.accounts.models import User
from backend.accounts.services.audit import audit_record
from backend.common.errors import Conflict, Invalid, NotFound
from backend.datasets.case_files import MAX_CASES, CaseDraft, Refused, cases_read
from backend.datasets.models import Chunk, Document, RetrievalTestCase, RetrievalTestSet
from backend.datasets.selectors import dataset_require, ids_parse

MAX_TEST_SETS = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of an upload of cases."""

    added: int
    refused: tuple[Refused, ...]


def set_list(workspace_id: uuid.UUID, dataset_id: uuid.UUID) -> QuerySet[RetrievalTestSet]:
    """Return the test sets of a dataset with the number of their cases (`case_count`); raises `NotFound`."""
    dataset_require(workspace_id, dataset_id)
    rows = RetrievalTestSet.objects.within(workspace_id).filter(dataset_id=dataset_id)
    return rows.annotate(case_count=Count("cases"))


def set_get(workspace_id: uuid.UUID, dataset_id: uuid.UUID, test_set_id: uuid.UUID) -> RetrievalTestSet:
    """Return the test set with the number of its cases; raises `NotFound`."""
    found = set_list(workspace_id, dataset_id).filter(id=test_set_id).first()
    if found is None:
        raise NotFound(f"there is no test set {str(test_set_id)!r} in this dataset")
    return found


def set_create(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, name: str, actor: User | None = None
) -> RetrievalTestSet:
    """Create an empty test set; raises `Conflict` for a name that is taken."""
    if set_list(workspace_id, dataset_id).count() >= MAX_TEST_SETS:
        raise Conflict(f"the dataset has {MAX_TEST_SETS} test sets, the most there may be: delete one first")
    made = RetrievalTestSet(workspace_id=workspace_id, dataset_id=dataset_id, name=name)
    _save(made, actor, "test_set.created")
    return set_get(workspace_id, dataset_id, made.id)


def set_update(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, test_set_id: uuid.UUID, name: str, actor: User | None = None
) -> RetrievalTestSet:
    """Rename a test set; raises `Conflict` for a name that is taken."""
    found = set_get(workspace_id, dataset_id, test_set_id)
    found.name = name
    _save(found, actor, "test_set.updated")
    return set_get(workspace_id, dataset_id, test_set_id)


def _save(row: RetrievalTestSet, actor: User | None, action: str) -> None:
    try:
        with transaction.atomic():
            row.save(update_fields=None if row._state.adding else ["name", "updated_at"])
            _audit(row, actor, action)
    except IntegrityError as error:
        raise Conflict(f"the dataset has a test set {row.name!r} already: choose another name") from error


def set_delete(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, test_set_id: uuid.UUID, actor: User | None = None
) -> None:
    """Delete a test set with its cases and evaluations; a job that works on it ends by itself."""
    found = set_get(workspace_id, dataset_id, test_set_id)
    with transaction.atomic():
        _audit(found, actor, "test_set.deleted", cases=found.case_count)
        found.delete()


def case_list(workspace_id: uuid.UUID, dataset_id: uuid.UUID, test_set_id: uuid.UUID) -> QuerySet[RetrievalTestCase]:
    """Return the cases of a test set; raises `NotFound`."""
    found = set_get(workspace_id, dataset_id, test_set_id)
    return RetrievalTestCase.objects.within(workspace_id).filter(test_set=found)


def case_get(
    workspace_id: uuid.UUID, dataset_id: uuid.UUID, test_set_id: uuid.UUID, case_id: uuid.UUID
) -> RetrievalTestCase:
    """Return the case; raises `NotFound`."""
    found = case_list(workspace_id, dataset_id, test_set_id).filter(id=case_id).first()
    if found is None:
        raise NotFound(f"there is no case {str(case_id)!r} in this test set")
    return found


def case_create(
    *, workspace_id: uuid.UUID, dataset_id: uuid.UUID, test_set_id: uuid.UUID, values: Mapping[str, object]
) -> RetrievalTestCase:
    """Add a case; raises `Invalid` for one that nothing can answer."""
    found = set_get(workspace_id, dataset_id, test_set_id)
    _require_room(found, 1)
    draft = _drafted(workspace_id, dataset_id, values)
    return RetrievalTestCase.objects.create(workspace_id=workspace_id, test_set=found, **_columns(draft))


def case_update(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    test_set_id: uuid.UUID,
    case_id: uuid.UUID,
    values: Mapping[str, object],
) -> RetrievalTestCase:
    """Change a case; raises `Invalid` when nothing could answer it then."""
    case = case_get(workspace_id, dataset_id, test_set_id, case_id)
    now = {"question": case.question, "documents": case.documents, "chunks": case.chunks, "phrase": case.phrase}
    for name, value in _columns(_drafted(workspace_id, dataset_id, {**now, **values})).items():
        setattr(case, name, value)
    case.save()
    return case


def case_delete(*, workspace_id: uuid.UUID, dataset_id: uuid.UUID, test_set_id: uuid.UUID, case_id: uuid.UUID) -> None:
    """Delete a case."""
    case_get(workspace_id, dataset_id, test_set_id, case_id).delete()


def cases_import(
    *,
    workspace_id: uuid.UUID,
    dataset_id: uuid.UUID,
    test_set_id: uuid.UUID,
    data: bytes,
    name: str,
    actor: User | None = None,
) -> Imported:
    """Add the cases of a CSV or JSON lines file: every good line is added, every other one is named with its reason.

    Raises `Invalid` when no line is good.
    """
    found = set_get(workspace_id, dataset_id, test_set_id)
    rows = cases_read(data, name)
    known = Known(workspace_id, dataset_id, [row.case for row in rows if row.case])
    drafts: list[CaseDraft] = []
    refused: list[Refused] = []
    for row in rows:
        reason = row.reason if row.case is None else known.missing(row.case)
        if row.case is None or reason:
            refused.append(Refused(row.line, reason))
        else:
            drafts.append(row.case)
    if not drafts:
        message = f"no line is a case; line {refused[0].line}: {refused[0].reason}"
        raise Invalid(message, fields={"file": [f"line {item.line}: {item.reason}" for item in refused[:100]]})
    _require_room(found, len(drafts))
    with transaction.atomic():
        RetrievalTestCase.objects.bulk_create(
            [RetrievalTestCase(workspace_id=workspace_id, test_set=found, **_columns(draft)) for draft in drafts],
            batch_size=500,
        )
        _audit(found, actor, "test_set.imported", added=len(drafts), refused=len(refused))
    return Imported(len(drafts), tuple(refused))


def _drafted(workspace_id: uuid.UUID, dataset_id: uuid.UUID, values: Mapping[str, object]) -> CaseDraft:
    try:
        draft = CaseDraft(
            question=str(values.get("question", "")),
            documents=tuple(values.get("documents", ())),  # type: ignore[arg-type]  # the serializer checked it
            chunks=tuple(str(chunk) for chunk in values.get("chunks", ())),  # type: ignore[attr-defined]  # as above
            phrase=str(values.get("phrase", "")),
        )
    except ValueError as error:
        raise Invalid(str(error)) from error
    if reason := Known(workspace_id, dataset_id, [draft]).missing(draft):
        field = "chunks" if "chunk" in reason else "documents"
        raise Invalid(reason, fields={field: [reason]})
    return draft


class Known:
    """What a dataset has of the documents and chunks that cases name; the database is asked once for all of them."""

    def __init__(self, workspace_id: uuid.UUID, dataset_id: uuid.UUID, drafts: Sequence[CaseDraft]) -> None:
        names = {name for draft in drafts for name in draft.documents}
        ids = ids_parse(list({chunk for draft in drafts for chunk in draft.chunks}))
        documents = Document.objects.within(workspace_id).filter(dataset_id=dataset_id, name__in=names)
        chunks = Chunk.objects.within(workspace_id).filter(dataset_id=dataset_id, id__in=ids)
        self._names = set(documents.values_list("name", flat=True)) if names else set()
        self._chunks = set(chunks.values_list("id", flat=True)) if ids else set()

    def missing(self, draft: CaseDraft) -> str:
        """Return which answer of the case the dataset has not, or nothing."""
        for name in draft.documents:
            if name not in self._names:
                return f"the dataset has no document named {name[:200]!r}: upload it first, or correct the name"
        for chunk in draft.chunks:
            if uuid.UUID(chunk) not in self._chunks:
                return f"the dataset has no chunk {chunk!r}: indexing a document again gives its chunks new ids"
        return ""


def _require_room(test_set: RetrievalTestSet, more: int) -> None:
    if test_set.case_count + more > MAX_CASES:
        raise Conflict(
            f"a test set has at most {MAX_CASES:,} cases, this one has {test_set.case_count:,}: make another one"
        )


def _columns(draft: CaseDraft) -> dict[str, object]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(draft).items()}


def _audit(row: RetrievalTestSet, actor: User | None, action: str, **detail: object) -> None:
    audit_record(
        workspace_id=row.workspace_id,
        actor=actor,
        action=action,
        target=str(row.id),
        detail={"name": row.name, "dataset_id": row.dataset_id, **detail},
    )
