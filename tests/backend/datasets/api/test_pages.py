"""A passage in its document: the drawn page, the rectangles on it, and the words around it."""

import io
from collections.abc import Callable

import pytest
from PIL import Image

from backend.datasets.models import Chunk, Document
from backend.datasets.passages import AROUND_CHARS
from tests.backend.conftest import Person
from tests.backend.datasets.conftest import PAGES, Library, pdf_bytes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def terms(library: Library) -> str:
    """The address of a ready document of three pages."""
    return f"{library.path}/documents/{library.add('Terms.pdf', pdf_bytes(*PAGES))['id']}"


def test_a_chunk_says_where_it_stands_and_its_page_is_drawn(library: Library, terms: str) -> None:
    chunk = library.person.request("GET", f"{terms}/chunks").json()["results"][1]
    place = library.person.request("GET", f"{terms}/chunks/{chunk['id']}/place").json()
    assert (place["document_name"], place["format"], place["page_count"]) == ("Terms.pdf", "pdf", 3)
    assert (place["page"], place["has_pages"], place["text"]) == (2, True, PAGES[1])
    assert (place["before"], place["after"]) == (PAGES[0], PAGES[2])
    (area,) = place["areas"]

    shown = library.person.request("GET", f"{terms}/pages/2?width=800")
    assert (shown.status_code, shown["Content-Type"], shown["X-Content-Type-Options"]) == (200, "image/png", "nosniff")
    assert "sandbox" in shown["Content-Security-Policy"]
    grey = Image.open(io.BytesIO(shown.content)).convert("L")
    corners = area["x0"] * grey.width, area["y0"] * grey.height, area["x1"] * grey.width, area["y1"] * grey.height
    assert min(grey.crop([int(edge) for edge in corners]).tobytes()) < 128


def test_a_browser_that_has_the_page_is_told_so(library: Library, terms: str) -> None:
    first = library.person.request("GET", f"{terms}/pages/1")
    again = library.person.client.get(f"/api/v1{terms}/pages/1", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = library.person.client.get(f"/api/v1{terms}/pages/2", headers={"If-None-Match": first["ETag"]})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("asked", "status", "words"),
    [("pages/4", 404, "its last one is 3"), ("pages/0", 404, "has no page 0"), ("pages/1?width=50000", 400, "800")],
)
def test_pages_that_cannot_be_shown_say_why(library: Library, terms: str, asked: str, status: int, words: str) -> None:
    answer = library.person.request("GET", f"{terms}/{asked}")
    assert (answer.status_code, words in answer.json()["message"]) == (status, True), answer.content


def test_text_has_no_pages_but_words_around_its_passages(library: Library) -> None:
    path = f"{library.path}/documents/{library.add('notes.md', b'# Notes')['id']}"
    document = Document.unscoped.get(name="notes.md")
    Chunk.unscoped.all().delete()
    own = {"workspace_id": document.workspace_id, "dataset": document.dataset, "document": document}
    texts = ("x" * 5000 + " shared words", "shared words, and its own, at the end", "at the end it is over")
    made = [
        Chunk.objects.create(**own, revision=document.revision, position=position, text=text, tokens=9)
        for position, text in enumerate(texts)
    ]
    place = library.person.request("GET", f"{path}/chunks/{made[1].id}/place").json()
    assert (place["has_pages"], place["page"], place["areas"]) == (False, None, [])
    assert (place["before"], place["after"]) == ("x" * (AROUND_CHARS - 1) + " ", " it is over")
    answer = library.person.request("GET", f"{path}/pages/1")
    assert (answer.status_code, "no printed pages" in answer.json()["message"]) == (409, True)


def test_nobody_of_another_workspace_sees_a_page(
    library: Library, terms: str, make_library: Callable[..., Library], stranger: Person
) -> None:
    tag = library.person.request("GET", f"{terms}/pages/1")["ETag"]
    own = make_library(stranger, "Mine")
    for path in (terms, terms.replace(library.id, own.id)):
        assert stranger.client.get(f"/api/v1{path}/pages/1", headers={"If-None-Match": tag}).status_code == 404
