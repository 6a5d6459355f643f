"""What a file is, by name and first bytes."""

import pytest

from rag.errors import ContentMismatchError, EmptyDocumentError, UnsupportedFormatError
from rag.extract.sniff import sniff

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
ZIP = b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml"
ODT = b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.text"
EPUB = b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/epub+zip"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)


@pytest.mark.parametrize(
    ("name", "head", "format_name"),
    [
        ("Report.PDF", PDF, "pdf"),
        ("mail attachment.pdf", b"\r\n\r\n junk before " + PDF, "pdf"),
        ("notes.txt", b"plain words", "text"),
        ("notes.txt", "Слова по-русски".encode("cp1251"), "text"),
        ("notes.txt", "Words".encode("utf-16"), "text"),
        ("notes.txt", "Words without a mark".encode("utf-16-le"), "text"),
        ("notes.txt", "Words".encode("utf-32"), "text"),
        ("README.md", b"# Title", "markdown"),
        ("folder/../../evil.md", b"# Title", "markdown"),
        ("letter.docx", ZIP, "docx"),
        ("encrypted.xlsx", OLE, "xlsx"),
        ("book.epub", EPUB, "epub"),
        ("main.py", b"import os", "python"),
        ("App.TSX", b"export const App = 1", "typescript"),
        ("table.csv", "姓名,年龄\n张三,30\n".encode("utf-16-le"), "csv"),
        ("note.rtf", b"{\\rtf1 x}", "rtf"),
        ("renamed.doc", ODT, "odt"),
        ("renamed.doc", b"{\\rtf1 x}", "rtf"),
        ("renamed.doc", ZIP, "docx"),
        ("renamed.ppt", ZIP, "pptx"),
        ("report.xls", b"\n<!DOCTYPE html><table>", "html"),
        ("scan.doc", PDF, "pdf"),
    ],
)
def test_a_file_gets_the_format_of_its_name_when_its_bytes_agree(name: str, head: bytes, format_name: str) -> None:
    assert sniff(name, head).name == format_name


@pytest.mark.parametrize(
    ("name", "head", "said"),
    [
        ("scan.pdf", PNG, "a PNG image"),
        ("scan.txt", PNG, "a PNG image"),
        ("report.txt", PDF, "give it the extension .pdf"),
        ("page.pdf", b"only words", "is text, not PDF"),
        ("letter.md", b"PK\x03\x04rest", "a ZIP archive"),
        ("dump.txt", bytes(range(256)) * 4, "a binary file"),
        ("table.xlsx", PDF, "is a PDF file, not XLSX; give it the extension .pdf"),
        ("letter.docx", b"{\\rtf1 x}", "is an RTF file, not DOCX; give it the extension .rtf"),
        ("letter.docx", ODT, "is an ODT file, not DOCX; give it the extension .odt"),
        ("letter.docx", b"only words", "is text, not DOCX"),
        ("letter.pdf", OLE, "an old Office document"),
        ("mail.eml", OLE, "an old Office document"),
        ("data.json", PNG, "a PNG image"),
        ("main.ts", b"G" + bytes(200), "a binary file"),
    ],
)
def test_a_file_whose_bytes_are_something_else_is_refused_with_what_it_is(name: str, head: bytes, said: str) -> None:
    with pytest.raises(ContentMismatchError, match=said) as caught:
        sniff(name, head)
    assert caught.value.http_status == 415


@pytest.mark.parametrize("name", ["program.exe", "noextension", ".pdf", "picture.png"])
def test_an_unknown_extension_is_refused_with_what_to_convert_to(name: str) -> None:
    with pytest.raises(UnsupportedFormatError, match="PDF, TXT, Markdown"):
        sniff(name, PDF)


@pytest.mark.parametrize(
    ("name", "head", "target"),
    [
        ("letter.doc", OLE, "DOCX"),
        ("LETTER.DOC", b"whatever", "DOCX"),
        ("slides.ppt", OLE, "PPTX"),
        ("table.xls", OLE, "XLSX"),
        ("table.xls", b"a,b,c", "XLSX"),
        ("mail.msg", OLE, "EML"),
        ("mail.msg", ZIP, "EML"),
        ("table.xlsb", ZIP, "XLSX"),
        ("book.mobi", b"x", "EPUB"),
        ("old.doc", b"", "DOCX"),
    ],
)
def test_an_old_format_is_refused_with_the_format_to_save_as(name: str, head: bytes, target: str) -> None:
    with pytest.raises(UnsupportedFormatError, match=f"cannot be read; save the document as {target}") as caught:
        sniff(name, head)
    assert caught.value.http_status == 415


def test_an_archive_is_not_unpacked() -> None:
    with pytest.raises(UnsupportedFormatError, match="archives are not unpacked"):
        sniff("documents.tar.gz", b"\x1f\x8b")


def test_a_file_of_zero_bytes_is_refused_before_anything_else() -> None:
    with pytest.raises(EmptyDocumentError, match="0 bytes"):
        sniff("a.pdf", b"")
