"""The page behind a citation: shown to whom it was answered, and only that page while the author lets it be seen."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agents.types import Source
from backend.common.database import in_database
from backend.datasets.models import Chunk, Dataset, Document
from backend.files.services import file_store
from backend.published.models import Site
from backend.runs.models import Run
from tests.agents.fakes import always
from tests.backend.apps.running import LIVE, World
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import PAGES, pdf_bytes
from tests.backend.published.visiting import Visitor, site_of, visitor_of

pytestmark = LIVE


@pytest.fixture(autouse=True)
def _files_apart(settings: Any, tmp_path: Path) -> None:
    settings.FILES_ROOT = tmp_path / "files"


def _sources(owner: Person) -> tuple[Source, ...]:
    """Store a PDF with a chunk on each of its pages, and return the passages in that order."""
    own = {"workspace_id": owner.workspace.id}
    dataset = Dataset.objects.create(**own, name="Papers", embedding_model="all-minilm-l6-v2")
    upload = SimpleUploadedFile("terms.pdf", pdf_bytes(*PAGES))
    stored = file_store(**own, upload=upload, user=owner.user)
    document = Document.objects.create(
        **own, dataset=dataset, file=stored, name="terms.pdf", sha256=stored.sha256, size_bytes=stored.size_bytes,
        mime_type="application/pdf", format="pdf", status="ready", page_count=3, revision=1,
    )  # fmt: skip
    made = [
        Chunk.objects.create(
            **own, dataset=dataset, document=document, revision=1, position=number, page=number, text=text, tokens=9,
            areas=[[0.1, 0.1, 0.9, 0.2]],
        )
        for number, text in enumerate(PAGES, start=1)
    ]  # fmt: skip
    return tuple(
        Source(0, str(dataset.id), str(document.id), "terms.pdf", str(chunk.id), chunk.page, 0.9, chunk.text)
        for chunk in made
    )


async def _answered(owner: Person, world: World) -> tuple[Site, Visitor, str]:
    """Return a page, its visitor, and the address of the sources of an answer that cites the second passage."""
    sources = await in_database(_sources, owner)
    world.knowledge.passages = sources
    world.model.script = always("Within thirty days [2].")
    site = await site_of(owner, datasets=[sources[0].dataset_id])
    ann = await visitor_of(site)
    events = await ann.told("When are invoices paid?")
    assert events[-1][0] == "run_finished", events[-1]
    run = await in_database(Run.unscoped.get)
    return site, ann, f"/runs/{run.id}/sources"


async def test_a_visitor_sees_the_page_that_the_answer_cites_and_no_other(owner: Person, world: World) -> None:
    _, ann, path = await _answered(owner, world)
    place = (await in_database(ann.send, "get", f"{path}/2")).json()
    assert place == {"page": 2, "has_page": True, "areas": [{"x0": 0.1, "y0": 0.1, "x1": 0.9, "y1": 0.2}]}
    page = await in_database(ann.send, "get", f"{path}/2/page?width=800")
    assert (page.status_code, page["Content-Type"], page.content[:4]) == (200, "image/png", b"\x89PNG")
    for position in (1, 3, 4):
        for end in ("", "/page"):
            answer = await in_database(ann.send, "get", f"{path}/{position}{end}")
            assert (answer.status_code, "cites no passage" in answer.json()["message"]) == (404, True)


async def test_another_visitor_sees_nothing_of_it(owner: Person, world: World) -> None:
    site, _, path = await _answered(owner, world)
    bob = await visitor_of(site)
    for end in ("/2", "/2/page"):
        assert (await in_database(bob.send, "get", path + end)).status_code == 404


@pytest.mark.parametrize("withdrawn", ["sources", "document", "archive", "chunk", "indexed anew"])
async def test_what_the_author_takes_back_is_not_shown(owner: Person, world: World, withdrawn: str) -> None:
    site, ann, path = await _answered(owner, world)

    def take_back() -> None:
        match withdrawn:
            case "sources":
                Site.unscoped.filter(id=site.id).update(show_sources=False)
            case "document":
                Document.unscoped.update(is_enabled=False)
            case "archive":
                Document.unscoped.update(is_archived=True)
            case "chunk":
                Chunk.unscoped.filter(page=2).update(is_enabled=False)
            case "indexed anew":
                Chunk.unscoped.filter(page=2).update(id=uuid.uuid4())

    await in_database(take_back)
    for end in ("/2", "/2/page"):
        assert (await in_database(ann.send, "get", path + end)).status_code == 404
