"""Deleting leaves nothing behind: no row in any table of knowledge, no file, whatever state the documents were in."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext

from backend.accounts.models import Workspace
from backend.datasets.adapters import vector_indexes
from backend.datasets.ann import ann_settle
from backend.datasets.models import Chunk, Dataset, Document, Passage, Posting, Term, VectorIndex
from backend.datasets.services import dataset_delete, dataset_reembed
from backend.files.models import StoredFile
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import PAGES, Library, files_in, pdf_bytes
from tests.backend.datasets.interrupts import LONG_TEXT

pytestmark = pytest.mark.django_db(transaction=True)


def rows() -> dict[str, int]:
    """Return the number of rows of every table of knowledge, where there are any."""
    tables = [model._meta.db_table for model in apps.get_app_config("datasets").get_models(include_auto_created=True)]
    with connection.cursor() as cursor:
        counted = {}
        for table in [*tables, StoredFile._meta.db_table]:
            cursor.execute(f"SELECT count(*) FROM {table}")
            counted[table] = cursor.fetchone()[0]
    return {table: count for table, count in counted.items() if count}


def ann_indexes() -> list[str]:
    """Return the HNSW indexes that there are."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE indexdef LIKE '%USING hnsw%'")
        return [row[0] for row in cursor.fetchall()]


def furnished(library: Library) -> None:
    """Give a dataset a row of every kind."""
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    library.add("journey.txt", LONG_TEXT.encode())
    library.upload("waiting.txt", b"A document that waits.")
    ask = library.person.request
    assert ask("POST", f"{library.path}/metadata-fields", {"name": "author", "type": "string"}).status_code == 201
    tag = ask("POST", "/dataset-tags", {"name": "law"}).json()["id"]
    assert ask("PATCH", library.path, {"tags": [tag]}).status_code == 200
    made = ask("POST", f"{library.path}/test-sets", {"name": "questions"})
    assert made.status_code == 201, made.content
    case = {"question": "When are invoices paid?", "documents": ["Terms.pdf"]}
    assert ask("POST", f"{library.path}/test-sets/{made.json()['id']}/cases", case).status_code == 201
    dataset_reembed(
        workspace_id=library.person.workspace.id, dataset_id=uuid.UUID(library.id), model="words-64", actor=None
    )


def test_a_dataset_leaves_no_row_and_no_file(library: Library, files_root: Path) -> None:
    before = rows()
    furnished(library)
    assert len(files_in(files_root)) == 3
    empty = set(before) | {"datasets_datasettag"}

    response = library.person.request("DELETE", library.path)
    assert response.status_code == 200, response.content
    assert response.json()["documents"] == 3
    assert response.json()["chunks"] > 3
    assert set(rows()) <= empty - {"datasets_dataset", "datasets_vectorindex"}
    assert files_in(files_root) == []


def test_a_neighbour_keeps_everything(
    library: Library, owner: Person, make_library: Callable[..., Library], files_root: Path
) -> None:
    other = make_library(owner, "Neighbour")
    other.add("Terms.pdf", pdf_bytes(*PAGES))
    before = rows()
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    library.person.request("DELETE", library.path)
    after = rows()
    assert {
        table: count for table, count in before.items() if "index" not in table and table != "datasets_dataset"
    } == {table: count for table, count in after.items() if "index" not in table and table != "datasets_dataset"}
    assert other.found("invoices") == ["Terms.pdf"] * 3
    assert len(files_in(files_root)) == 1


def test_a_document_leaves_no_row_no_file_and_no_word(library: Library, files_root: Path) -> None:
    document = library.add("Terms.pdf", pdf_bytes(*PAGES))
    assert Posting.objects.exists()
    response = library.person.request("DELETE", f"{library.path}/documents/{document['id']}")
    assert (response.status_code, response.json()) == (200, {"documents": 1, "chunks": 3})
    assert not (Document.unscoped.exists() or Chunk.unscoped.exists() or Passage.objects.exists())
    assert not (Posting.objects.exists() or Term.objects.filter(passages__gt=0).exists())
    assert files_in(files_root) == []


def test_the_index_of_neighbours_goes_with_its_dataset(library: Library) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    index = VectorIndex.objects.get(dataset_id=library.id)
    vector_indexes().build_ann(index.id)
    assert len(ann_indexes()) == 1
    library.person.request("DELETE", library.path)
    ann_settle(uuid.UUID(library.id))
    assert ann_indexes() == []


def test_a_dataset_of_many_chunks_is_deleted_by_as_many_statements_as_a_small_one(
    owner: Person, make_library: Callable[..., Library]
) -> None:
    counts = []
    for name, text in (("small", "A short text."), ("large", LONG_TEXT * 3)):
        library = make_library(owner, name)
        library.add(f"{name}.txt", text.encode())
        with CaptureQueriesContext(connection) as captured:
            dataset_delete(workspace_id=owner.workspace.id, dataset_id=uuid.UUID(library.id))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_workspace_that_is_deleted_takes_its_knowledge_along(library: Library) -> None:
    library.add("Terms.pdf", pdf_bytes(*PAGES))
    Dataset.unscoped.all().delete()
    Workspace.objects.all().delete()
    assert not Passage.objects.exists()
