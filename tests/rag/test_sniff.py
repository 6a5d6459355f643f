"""What a file is, by name and first bytes."""

import pytest

from rag.errors import ContentMismatchError, EmptyDocumentError, UnsupportedFormatError
from rag.extract.sniff import sniff

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


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
    ],
)
def test_a_file_whose_bytes_are_something_else_is_refused_with_what_it_is(name: str, head: bytes, said: str) -> None:
    with pytest.raises(ContentMismatchError, match=said) as caught:
        sniff(name, head)
    assert caught.value.http_status == 415


@pytest.mark.parametrize("name", ["table.xlsx", "letter.doc", "noextension", ".pdf", "archive.tar.gz"])
def test_an_unknown_extension_is_refused_with_what_to_convert_to(name: str) -> None:
    with pytest.raises(UnsupportedFormatError, match="PDF, TXT, Markdown"):
        sniff(name, PDF)


def test_a_file_of_zero_bytes_is_refused_before_anything_else() -> None:
    with pytest.raises(EmptyDocumentError, match="0 bytes"):
        sniff("a.pdf", b"")
