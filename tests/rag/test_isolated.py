"""A stranger's file cannot hurt the process that wants its text."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from rag.errors import (
    ContentMismatchError,
    DocumentError,
    EmptyDocumentError,
    EncryptedDocumentError,
    ExtractionTimeoutError,
    MalformedDocumentError,
    NoTextLayerError,
    ParserCrashedError,
    RagError,
    error_from_code,
)
from rag.extract.isolated import extract_isolated, parser_lines, validate_upload
from rag.extract.reader import extract
from tests.rag.conftest import MakePdf


def test_the_isolated_extraction_equals_the_one_in_process(make_pdf: MakePdf) -> None:
    path = make_pdf("First page.", "", "Third: café", title="Three")
    assert extract_isolated(path, "pdf") == extract(path, "pdf")


def test_pages_are_reported_while_they_are_read(make_pdf: MakePdf) -> None:
    seen: list[tuple[int, int | None]] = []
    extract_isolated(make_pdf("a", "b", "c"), "pdf", on_page=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_reasons_cross_the_process_border(make_pdf: MakePdf) -> None:
    with pytest.raises(NoTextLayerError, match="install tesseract"):
        extract_isolated(make_pdf("", image=True), "pdf")


def test_a_document_that_needs_too_much_memory_fails_alone(tmp_path: Path) -> None:
    path = tmp_path / "large.txt"
    path.write_bytes(b"word " * 12_000_000)
    with pytest.raises(ParserCrashedError, match="memory") as caught:
        extract_isolated(path, "text", memory_bytes=100 << 20)
    assert caught.value.http_status == 422


def test_a_document_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    fifo = tmp_path / "never.txt"
    os.mkfifo(fifo)
    with pytest.raises(ExtractionTimeoutError, match="longer than") as caught:
        extract_isolated(fifo, "text", timeout_s=0.5)
    assert caught.value.retryable


def test_a_parser_that_is_killed_leaves_an_error_and_no_process(make_pdf: MakePdf) -> None:
    killed: list[int] = []

    def kill_parser(done: int, total: int | None) -> None:
        for child in _parsers():
            killed.append(child)
            os.kill(child, signal.SIGKILL)

    pages = ["words " * 400] * 45  # more than a pipe holds, so the parser still writes when it is killed
    with pytest.raises(ParserCrashedError, match="signal 9"):
        extract_isolated(make_pdf(*pages), "pdf", on_page=kill_parser)
    assert killed
    assert _parsers() == []


def test_raising_from_the_progress_callback_stops_the_parser(make_pdf: MakePdf) -> None:
    def cancel(done: int, total: int | None) -> None:
        raise InterruptedError("cancelled")

    with pytest.raises(InterruptedError):
        extract_isolated(make_pdf(*["words " * 400] * 45), "pdf", on_page=cancel)
    assert _parsers() == []


def test_a_parser_that_hangs_ends_with_the_one_who_waited_for_it(tmp_path: Path) -> None:
    fifo = tmp_path / "never.txt"
    os.mkfifo(fifo)
    with pytest.raises(InterruptedError), parser_lines([str(fifo), "text"], timeout_s=600, memory_bytes=1 << 30):
        raise InterruptedError("cancelled")
    assert _parsers() == []


def test_the_parser_sees_no_secret_of_the_platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = tmp_path / "environ.txt"
    environment.symlink_to("/proc/self/environ")
    monkeypatch.setenv("SECRET_KEY", "hush")
    text = extract_isolated(environment, "text").pages[0].text
    assert "PYTHONPATH" in text
    assert "hush" not in text


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("zero.pdf", b"", EmptyDocumentError),
        ("picture.pdf", b"\x89PNG\r\n\x1a\n" + bytes(64), ContentMismatchError),
        ("broken.pdf", b"%PDF-1.4\n%%EOF", MalformedDocumentError),
        ("blank.txt", b"   \n", EmptyDocumentError),
    ],
)
def test_an_upload_that_cannot_be_read_is_refused_at_once(
    tmp_path: Path, name: str, data: bytes, error: type[RagError]
) -> None:
    path = tmp_path / "stored-under-another-name"
    path.write_bytes(data)
    with pytest.raises(error) as caught:
        validate_upload(path, name)
    assert 400 <= caught.value.http_status < 500


def test_an_encrypted_upload_is_refused_and_a_sound_one_gets_its_format(make_pdf: MakePdf) -> None:
    with pytest.raises(EncryptedDocumentError):
        validate_upload(make_pdf("Secret.", password="word"), "a.pdf")
    assert validate_upload(make_pdf("Open."), "a.pdf").name == "pdf"


def test_every_error_code_is_one_error_and_survives_the_way_back() -> None:
    kinds: list[type[RagError]] = [RagError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert type(error_from_code(kind.code, "why")) is kind
    assert isinstance(error_from_code("no-such-code", "why"), DocumentError)


def _parsers() -> list[int]:
    """The parser processes of this one; the session may have other children, such as its database."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread or a process that has just ended
            for child in (task / "children").read_text().split():
                if b"rag.extract" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.append(int(child))
    return found
