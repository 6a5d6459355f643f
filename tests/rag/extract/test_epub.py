"""EPUB: chapters in reading order."""

from pathlib import Path

import pytest

from rag.errors import EncryptedDocumentError, MalformedDocumentError
from tests.rag.extract.making import read_upload, write_zip

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book%20file.opf"/></rootfiles></container>'
)
XHTML = '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>'


def book(tmp_path: Path, **parts: str) -> Path:
    items = "".join(
        f'<item id="{name}" href="{name}.xhtml" media-type="application/xhtml+xml" properties="{properties}"/>'
        for name, properties in (("one", ""), ("two", ""), ("toc", "nav"))
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<dc:title>The book</dc:title></metadata><manifest>{items}</manifest>"
        '<spine><itemref idref="toc"/><itemref idref="two"/><itemref idref="one"/></spine></package>'
    )
    written = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book file.opf": package,
        "OEBPS/one.xhtml": f"{XHTML}<body><h1>One</h1><p>First&nbsp;chapter.</p></body></html>",
        "OEBPS/two.xhtml": f"{XHTML}<body><p>Second chapter.<footer>Kept.</footer></p></body></html>",
        "OEBPS/toc.xhtml": f"{XHTML}<body><nav>One Two</nav></body></html>",
    }
    return write_zip(tmp_path / "a.epub", written | {key.replace("__", "/"): value for key, value in parts.items()})


def test_chapters_follow_the_spine_and_the_table_of_contents_is_left_out(tmp_path: Path) -> None:
    extraction = read_upload(book(tmp_path))
    assert extraction.title == "The book"
    assert [page.text for page in extraction.pages] == ["Second chapter.\n\nKept.", "# One\n\nFirst chapter."]
    assert {page.number for page in extraction.pages} == {None}


def test_a_chapter_of_bad_xhtml_is_read_as_html_and_a_missing_one_is_a_warning(tmp_path: Path) -> None:
    path = book(tmp_path, **{"OEBPS/one.xhtml": "<html><body><p>Not <b>closed<p>but read.</body>"})
    assert "but read." in read_upload(path).pages[1].text
    package = book(tmp_path).read_bytes().replace(b"OEBPS/one.xhtml", b"OEBPS/xxx.xhtml")
    path.write_bytes(package)
    extraction = read_upload(path)
    assert [page.text for page in extraction.pages] == ["Second chapter.\n\nKept."]
    assert "a chapter was left out: the EPUB lacks its part 'OEBPS/one.xhtml'" in extraction.warnings[0]


def test_a_locked_book_says_so_and_scrambled_fonts_lock_nothing(tmp_path: Path) -> None:
    def encryption(algorithm: str) -> dict[str, str]:
        data = f'<EncryptedData><EncryptionMethod Algorithm="{algorithm}"/></EncryptedData>'
        return {"META-INF/encryption.xml": f"<encryption>{data}</encryption>"}

    assert read_upload(book(tmp_path, **encryption("http://www.idpf.org/2008/embedding"))).pages
    with pytest.raises(EncryptedDocumentError, match="DRM"):
        read_upload(book(tmp_path, **encryption("http://www.w3.org/2001/04/xmlenc#aes256-cbc")))


def test_a_chapter_cannot_reach_out_of_the_book(tmp_path: Path) -> None:
    secret = tmp_path / "secret.xhtml"
    secret.write_text("<p>CANARY</p>")
    path = book(tmp_path)
    path = book(
        tmp_path,
        **{
            "OEBPS/book file.opf": '<package><manifest><item id="x" href="../../secret.xhtml" '
            'media-type="application/xhtml+xml"/></manifest><spine><itemref idref="x"/></spine></package>'
        },
    )
    with pytest.raises(Exception, match="no text was found"):
        read_upload(path)


def test_a_book_without_chapters_is_refused_at_upload(tmp_path: Path) -> None:
    with pytest.raises(MalformedDocumentError, match="lists no chapters"):
        read_upload(book(tmp_path, **{"OEBPS/book file.opf": "<package/>"}))
