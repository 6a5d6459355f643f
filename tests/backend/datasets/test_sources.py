"""Documents from the web: pages and sitemaps, fetched by workers through the door that refuses private addresses."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from backend.datasets.indexing import document_index
from backend.datasets.models import Document
from backend.files.models import StoredFile
from tests.backend.datasets.conftest import Library, files_in
from tests.backend.web import Answer, Web, loopback_allowed, web

__all__ = ["loopback_allowed", "web"]

pytestmark = pytest.mark.django_db(transaction=True)


def add(library: Library, url: str, **body: object) -> Any:
    """Ask for documents from an address."""
    return library.person.request("POST", f"{library.path}/documents/from-url", {"url": url, "kind": "page", **body})


def indexed(library: Library, document_id: str) -> dict[str, Any]:
    """Do a worker's work, and return the document."""
    document_index(uuid.UUID(document_id))
    return library.document(document_id)


@pytest.mark.usefixtures("loopback_allowed")
def test_a_page_becomes_a_document_with_its_title_and_its_address(library: Library, web: Web) -> None:
    web.html("/rules?id=1", "House rules &amp; more", "Bicycles are parked behind the barn.")
    response = add(library, f"{web.url}/rules?id=1#top")
    assert response.status_code == 202, response.content
    [queued] = response.json()["documents"]
    assert (queued["status"], queued["source_url"]) == ("queued", f"{web.url}/rules?id=1")
    assert web.asked == [], "only a worker fetches it"

    document = indexed(library, queued["id"])
    assert (document["status"], document["name"]) == ("ready", "House rules & more")
    assert library.found("bicycles barn") == ["House rules & more"]

    again = add(library, f"{web.url}/rules?id=1").json()
    assert [one["id"] for one in again["documents"]] == [document["id"]]
    assert Document.unscoped.count() == 1


@pytest.mark.usefixtures("loopback_allowed")
def test_indexing_anew_fetches_anew_and_keeps_what_was_found_if_that_fails(
    library: Library, web: Web, files_root: Path
) -> None:
    web.html("/", "News", "The old news of the zebra.")
    document_id = add(library, web.url).json()["documents"][0]["id"]
    indexed(library, document_id)

    web.pages["/"] = (403, {}, b"go away")
    library.act("reindex", document_id)
    failed = indexed(library, document_id)
    assert failed["status"] == "failed"
    assert "403" in failed["reason"]
    assert "stays searchable" in failed["reason"]
    assert library.found("zebra") == ["News"]

    web.html("/", "News", "The new news of the giraffe.")
    library.act("retry", document_id)
    assert indexed(library, document_id)["status"] == "ready"
    body = {"query": "giraffe", "mode": "semantic"}
    [hit] = library.person.request("POST", f"{library.path}/retrieve", body).json()["results"]
    assert "giraffe" in hit["text"]
    assert len(files_in(files_root)) == StoredFile.unscoped.count() == 1


@pytest.mark.usefixtures("loopback_allowed")
def test_a_sitemap_gives_its_pages_up_to_the_limit(library: Library, web: Web) -> None:
    pages = "".join(f"<url><loc> {web.url}/p{n}?a=1&amp;b=2 </loc></url>" for n in range(5))
    index = f"<sitemapindex><sitemap><loc>{web.url}/pages.xml</loc></sitemap></sitemapindex>"
    web.pages["/sitemap.xml"] = (200, {"Content-Type": "text/xml"}, index.encode())
    listed = f"<urlset>{pages}<url><loc>ftp://elsewhere/x</loc></url></urlset>"
    web.pages["/pages.xml"] = (200, {"Content-Type": "text/xml"}, listed.encode())

    body = add(library, f"{web.url}/sitemap.xml", kind="sitemap", limit=3).json()
    assert [one["source_url"] for one in body["documents"]] == [f"{web.url}/p{n}?a=1&b=2" for n in range(3)]
    body = add(library, f"{web.url}/sitemap.xml", kind="sitemap", limit=200).json()
    assert len(body["documents"]) == 5
    [refused] = body["refused"]
    assert refused["url"] == "ftp://elsewhere/x"
    assert "http" in refused["reason"]


@pytest.mark.usefixtures("loopback_allowed")
def test_two_addresses_of_one_page_are_two_documents(library: Library, web: Web) -> None:
    web.html("/a", "Same", "The same page.")
    web.html("/b", "Same", "The same page.")
    ids = [add(library, f"{web.url}{path}").json()["documents"][0]["id"] for path in ("/a", "/b")]
    names = [indexed(library, one)["name"] for one in ids]
    assert names[0] == "Same"
    assert names[1].startswith("Same (127.0.0.1")


@pytest.mark.usefixtures("loopback_allowed")
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((404, {}, b""), "404"),
        ((200, {"Content-Type": "image/png"}, b"\x89PNG"), "image/png"),
        ((302, {"Location": "http://10.255.255.1/"}, b""), "private"),
        ((200, {"Content-Type": "text/html"}, b"x" * 11_000_000), "10 MB"),
        ((200, {"Content-Type": "text/html"}, b"<html><body></body></html>"), "text"),
    ],
)
def test_a_page_that_cannot_be_had_says_why(library: Library, web: Web, answer: Answer, said: str) -> None:
    web.pages["/page"] = answer
    document = indexed(library, add(library, f"{web.url}/page").json()["documents"][0]["id"])
    assert document["status"] == "failed"
    assert said in document["reason"]


@pytest.mark.usefixtures("loopback_allowed")
def test_the_encoding_that_the_server_names_is_believed(library: Library, web: Web) -> None:
    body = "<html><head><title>Правила</title></head><body><p>Велосипеды стоят за амбаром.</p></body></html>"
    web.pages["/ru"] = (200, {"Content-Type": "text/html; charset=koi8-r"}, body.encode("koi8-r"))
    assert indexed(library, add(library, f"{web.url}/ru").json()["documents"][0]["id"])["name"] == "Правила"
    assert library.found("велосипеды", "full_text") == ["Правила"]


@pytest.mark.parametrize("kind", ["page", "sitemap"])
def test_a_private_address_is_refused_unless_an_administrator_listed_it(library: Library, web: Web, kind: str) -> None:
    web.html("/secret", "Secret", "A secret of this machine.")
    response = add(library, f"{web.url}/secret", kind=kind)
    if kind == "page":
        document = indexed(library, response.json()["documents"][0]["id"])
        assert (document["status"], "private" in document["reason"]) == ("failed", True)
    else:
        assert response.status_code == 400
        assert "private" in response.json()["message"]
    assert web.asked == []


@pytest.mark.parametrize(
    "url", ["ftp://example.org/a", "javascript:alert(1)", "http://user:word@example.org/", "x", ""]
)
def test_what_is_no_address_is_refused_at_once(library: Library, url: str) -> None:
    assert add(library, url).status_code == 400
    assert not Document.unscoped.exists()
