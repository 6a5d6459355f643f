"""Archives that attack whoever unpacks them, and archives that are not what they are called."""

import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest

from rag.errors import (
    ContentMismatchError,
    DocumentTooLargeError,
    EncryptedDocumentError,
    MalformedDocumentError,
    RagError,
    UnsupportedFormatError,
)
from rag.extract import archive, docx, epub
from rag.extract.archive import open_archive
from rag.extract.registry import format_named
from tests.rag.extract.making import CONTENT_TYPES, ole_file, paragraph, write_docx, write_zip

ARCHIVES = ("docx", "xlsx", "pptx", "odt", "ods", "odp", "epub")


def refusal(path: Path, format_name: str = "docx") -> RagError:
    with pytest.raises(RagError) as caught:
        format_named(format_name).check(path)
    return caught.value


def million_entries(path: Path, claimed: int = 1_000_000) -> Path:
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *[20] * 2, *[0] * 4, 0, 0, 0, 1, *[0] * 4, 0, 0) + b"a"
    directory = entry * 1_000_000
    first = b"PK\x03\x04" + bytes(26)
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, claimed, claimed, len(directory), len(first))
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(first) + len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    path.write_bytes(first + directory + end64 + locator + end)
    return path


@pytest.fixture(scope="module")
def million(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return million_entries(tmp_path_factory.mktemp("million") / "a.zip")


@pytest.mark.parametrize("format_name", ARCHIVES)
def test_r37_a_million_entries_are_refused_without_listing_them(format_name: str, million: Path) -> None:
    started = time.process_time()
    error = refusal(million, format_name)
    assert isinstance(error, DocumentTooLargeError)
    assert "1,000,000 entries" in error.message
    # Listing them takes ten times as long, and hundreds of megabytes.
    assert time.process_time() - started < 1


def test_r37_a_count_that_lies_does_not_get_a_million_entries_listed(tmp_path: Path) -> None:
    assert isinstance(refusal(million_entries(tmp_path / "a.docx", claimed=3)), DocumentTooLargeError)


@pytest.mark.parametrize(
    "name", ["../../etc/cron.d/evil", "/etc/passwd", "..\\..\\evil.exe", "C:/evil", "word/../../x"]
)
def test_r37_a_name_that_points_out_of_the_archive_is_refused(name: str, tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx", paragraph("Harmless."))
    docx.check(path)
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(name, "evil")
    error = refusal(path)
    assert isinstance(error, MalformedDocumentError)
    assert "points out of the archive" in error.message


def test_r37_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx", paragraph("Harmless."))
    link = zipfile.ZipInfo("word/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as opened:
        opened.writestr(link, "/etc/passwd")
    assert "is a link" in refusal(path).message


def test_r37_a_bomb_is_refused_by_what_it_would_grow_to(tmp_path: Path) -> None:
    path = tmp_path / "bomb.docx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("[Content_Types].xml", CONTENT_TYPES)
        with opened.open("word/document.xml", "w") as part:
            for _ in range(64):
                part.write(bytes(1 << 20))
    error = refusal(path)
    assert isinstance(error, DocumentTooLargeError)
    assert "as only bombs do" in error.message


def test_r37_many_parts_that_are_large_together_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL_BYTES", 1 << 20)
    path = write_docx(tmp_path / "a.docx", "", {f"word/{at}": bytes(200_000) for at in range(6)})
    assert "unpacks to 1 MB" in refusal(path).message


def test_r37_a_part_that_is_longer_than_it_says_is_not_unpacked_further(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx", paragraph("word " * 10_000))
    data = path.read_bytes()
    with zipfile.ZipFile(path) as opened:
        true = struct.pack("<L", opened.getinfo("word/document.xml").file_size)
    path.write_bytes(data.replace(true, struct.pack("<L", 100)))
    with open_archive(path, "DOCX") as opened_archive, pytest.raises(MalformedDocumentError, match="damaged"):
        opened_archive.part("word/document.xml")


def test_an_encrypted_entry_is_an_encrypted_document(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx", paragraph("Secret."))
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + offset] |= 1
    path.write_bytes(data)
    assert isinstance(refusal(path), EncryptedDocumentError)


@pytest.mark.parametrize(
    ("streams", "kind", "said"),
    [
        (("EncryptionInfo", "EncryptedPackage"), EncryptedDocumentError, "remove the password"),
        (("WordDocument", "1Table"), UnsupportedFormatError, r"DOC\), not DOCX; save it as DOCX"),
        (("Workbook",), UnsupportedFormatError, "save it as XLSX"),
        (("a", "b", "c", "d", "e", "PowerPoint Document"), UnsupportedFormatError, "save it as PPTX"),
        (("__properties_version1.0",), UnsupportedFormatError, "save it as EML"),
    ],
)
def test_an_old_office_file_says_what_it_is(
    streams: tuple[str, ...], kind: type[RagError], said: str, tmp_path: Path
) -> None:
    path = tmp_path / "renamed.docx"
    path.write_bytes(ole_file(*streams))
    with pytest.raises(kind, match=said):
        docx.check(path)


@pytest.mark.parametrize("cut", [9, 300, 511, 600, 1100])
def test_a_cut_off_old_office_file_is_refused_as_well(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    path.write_bytes(ole_file("WordDocument")[:cut])
    assert refusal(path).http_status in (415, 422)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"[Content_Types].xml": "", "xl/workbook.xml": ""}, "is an XLSX file, not DOCX; give it the extension .xlsx"),
        ({"mimetype": "application/epub+zip"}, "is an EPUB file"),
        ({"mimetype": "application/vnd.oasis.opendocument.text"}, "is an ODT file"),
        ({"one.docx": "PK", "two.pdf": "%PDF"}, "is a ZIP archive, not DOCX; unpack it"),
    ],
)
def test_another_kind_of_archive_is_named(parts: dict[str, str], said: str, tmp_path: Path) -> None:
    error = refusal(write_zip(tmp_path / "a.docx", parts))
    assert isinstance(error, ContentMismatchError)
    assert said in error.message


def test_r37_an_archive_inside_the_archive_stays_closed(tmp_path: Path) -> None:
    inner = write_zip(tmp_path / "inner.zip", {"x": "never read"}).read_bytes()
    path = write_docx(tmp_path / "a.docx", paragraph("Outer text."), {"word/embeddings/inner.zip": inner})
    assert next(docx.read(path).pages).text == "Outer text."


@pytest.mark.parametrize("format_name", ARCHIVES)
@pytest.mark.parametrize("cut", [4, 60, -1, -30])
def test_a_truncated_archive_is_damaged(format_name: str, cut: int, tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx", paragraph("word " * 500))
    path.write_bytes(path.read_bytes()[:cut])
    assert isinstance(refusal(path, format_name), MalformedDocumentError)


def test_damage_in_a_part_is_told_from_damage_in_the_archive(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx", paragraph("word " * 500))
    data = bytearray(path.read_bytes())
    at = data.find(b"word/document.xml") + 40
    data[at : at + 30] = zlib.compress(b"?" * 100)[:30].ljust(30, b"\xff")
    path.write_bytes(data)
    assert "'word/document.xml' in the DOCX is damaged" in refusal(path).message


def test_a_name_that_is_no_text_is_damage(tmp_path: Path) -> None:
    path = write_docx(tmp_path / "a.docx", paragraph("word"), {"word/ä.xml": "x"})
    path.write_bytes(path.read_bytes().replace("word/ä.xml".encode(), b"word/\xff\xff.xml", 1))
    with open_archive(path, "DOCX") as opened, pytest.raises(MalformedDocumentError, match="damaged"):
        opened.part("word/ä.xml")


def test_a_book_without_its_type_is_still_a_book(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.epub", {"META-INF/container.xml": "<container/>"})
    with pytest.raises(MalformedDocumentError, match="does not say where its book is"):
        epub.check(path)
