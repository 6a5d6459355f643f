"""OpenDocument: texts, sheets and slides."""

from pathlib import Path

import pytest

from rag.errors import EncryptedDocumentError, MalformedDocumentError
from tests.rag.extract.making import read_upload, text_of, write_zip

_PREFIX = "urn:oasis:names:tc:opendocument:xmlns"
SPACES = " ".join(
    f'xmlns:{name}="{_PREFIX}:{long}:1.0"'
    for name, long in (
        ("office", "office"),
        ("text", "text"),
        ("table", "table"),
        ("draw", "drawing"),
        ("presentation", "presentation"),
    )
)
TYPES = {"odt": ("text", "text"), "ods": ("spreadsheet", "spreadsheet"), "odp": ("presentation", "presentation")}


def document(tmp_path: Path, kind: str, body: str, **parts: str) -> Path:
    mimetype, element = TYPES[kind]
    content = (
        f"<office:document-content {SPACES}><office:body><office:{element}>{body}</office:{element}>"
        "</office:body></office:document-content>"
    )
    written = {"mimetype": f"application/vnd.oasis.opendocument.{mimetype}", "content.xml": content}
    return write_zip(tmp_path / f"a.{kind}", written | parts)


def cell(text: str, attributes: str = "") -> str:
    return f"<table:table-cell {attributes}><text:p>{text}</text:p></table:table-cell>"


def test_a_text_keeps_headings_lists_tables_notes_and_comments(tmp_path: Path) -> None:
    body = (
        "<text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>"
        '<text:h text:outline-level="2">Use</text:h>'
        "<text:table-of-content><text:index-body><text:p>Use 1</text:p></text:index-body></text:table-of-content>"
        '<text:p>Fill<text:s text:c="2"/>it<text:note text:note-class="footnote">'
        "<text:note-citation>1</text:note-citation>"
        "<text:note-body><text:p>With water.</text:p></text:note-body></text:note>.<text:line-break/>Then"
        "<office:annotation><text:p>Really?</text:p></office:annotation> <text:span>boil</text:span>.</text:p>"
        "<text:list><text:list-item><text:p>One</text:p><text:list><text:list-item><text:p>Inner</text:p>"
        "</text:list-item></text:list></text:list-item></text:list>"
        f"<table:table><table:table-header-rows><table:table-row>{cell('Part')}{cell('Price')}</table:table-row>"
        f"</table:table-header-rows><table:table-row>{cell('Lid', 'table:number-rows-spanned=' + repr('2'))}{cell('5')}"
        f"</table:table-row><table:table-row><table:covered-table-cell/>{cell('6')}</table:table-row></table:table>"
    )
    assert text_of(document(tmp_path, "odt", body)) == (
        "## Use\n\nFill it[^1].\nThen boil.\n\n[^1]: With water.\n\nComment (?): Really?\n\n- One\n  - Inner\n\n"
        "| Part | Price |\n| --- | --- |\n| Lid | 5 |\n| Lid | 6 |"
    )


def test_a_text_box_is_read_and_its_picture_counted(tmp_path: Path) -> None:
    body = (
        "<text:p>Before.<draw:frame><draw:text-box><text:p>In the box.</text:p></draw:text-box></draw:frame></text:p>"
        "<text:p><draw:frame><draw:image/></draw:frame>After.</text:p>"
    )
    extraction = read_upload(document(tmp_path, "odt", body))
    assert extraction.pages[0].text == "Before.\n\nIn the box.\n\nAfter."
    assert extraction.warnings == ("1 picture was left out",)


def test_repeated_rows_and_cells_are_bounded(tmp_path: Path) -> None:
    many = "table:number-columns-repeated='1000000'"
    rows = (
        f"<table:table-row>{cell('Name')}{cell('Town')}</table:table-row>"
        f"<table:table-row>{cell('Ann')}{cell('Ulm')}<table:table-cell {many}/></table:table-row>"
        f"<table:table-row table:number-rows-repeated='1048000'><table:table-cell {many}/></table:table-row>"
        f"<table:table-row table:number-rows-repeated='9999999'>{cell('Bob')}{cell('x', many)}</table:table-row>"
    )
    pages = read_upload(document(tmp_path, "ods", f'<table:table table:name="One">{rows}</table:table>')).pages
    assert pages[0].text.startswith("## One\n\n| Name | Town |")
    assert pages[0].rows[1][:2] == ("Ann", "Ulm")
    assert sum(len(page.rows) for page in pages) < 300
    assert max(len(row) for page in pages for row in page.rows) <= 300


def test_slides_are_pages_with_titles_and_notes(tmp_path: Path) -> None:
    body = (
        "<draw:page><draw:frame><draw:text-box><text:p>Free.</text:p></draw:text-box></draw:frame>"
        '<draw:frame presentation:class="title"><draw:text-box><text:p>Title</text:p></draw:text-box></draw:frame>'
        "<presentation:notes><draw:page-thumbnail/><draw:frame><draw:text-box><text:p>Say hello.</text:p>"
        "</draw:text-box></draw:frame></presentation:notes></draw:page><draw:page><draw:custom-shape><text:p>Two</text:p>"
        "</draw:custom-shape></draw:page>"
    )
    pages = read_upload(document(tmp_path, "odp", body)).pages
    assert [(page.number, page.text) for page in pages] == [(1, "## Title\n\nFree.\n\nNotes: Say hello."), (2, "Two")]


def test_an_encrypted_document_says_so(tmp_path: Path) -> None:
    manifest = {"META-INF/manifest.xml": "<manifest:manifest><manifest:encryption-data/></manifest:manifest>"}
    path = write_zip(
        tmp_path / "a.odt", {"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "??"} | manifest
    )
    with pytest.raises(EncryptedDocumentError):
        read_upload(path)


def test_a_document_without_its_content_is_broken(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.odt", {"mimetype": "application/vnd.oasis.opendocument.text"})
    with pytest.raises(MalformedDocumentError, match="lacks its part"):
        read_upload(path)
