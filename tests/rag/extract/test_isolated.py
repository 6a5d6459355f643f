"""A stranger's file cannot hurt the process that wants its text."""

import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from rag.errors import (
    ContentMismatchError,
    DocumentError,
    DocumentTooLargeError,
    EmptyDocumentError,
    EncryptedDocumentError,
    ExtractionTimeoutError,
    MalformedDocumentError,
    ParserCrashedError,
    RagError,
    error_from_code,
)
from rag.extract.isolated import extract_isolated, validate_upload
from rag.extract.reader import extract
from rag.extract.zygote import Zygote
from rag.types import Area, Box, Page
from tests.rag.conftest import MakePdf

PLUGIN = Path(__file__).parent / "plugin"

Do = Callable[..., str]


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    made = Zygote(python_path=(PLUGIN,))
    yield made
    made.end()


@pytest.fixture
def document(tmp_path: Path) -> Callable[[str], Path]:
    def make(deed: str) -> Path:
        path = tmp_path / f"{deed[:8].split(maxsplit=1)[0]}.hostile"
        path.write_text(deed, encoding="utf-8")
        return path

    return make


@pytest.fixture
def do(zygote: Zygote, document: Callable[[str], Path]) -> Do:
    """Have a parser do what the text says, and return what it reports."""

    def act(deed: str, *, timeout_s: float = 30.0) -> str:
        extraction = extract_isolated(document(deed), "hostile", timeout_s=timeout_s, zygote=zygote)
        return extraction.pages[0].text

    return act


def test_the_isolated_extraction_equals_the_one_in_process(make_pdf: MakePdf) -> None:
    path = make_pdf("First page.", "", "Third: café", title="Three")
    assert extract_isolated(path, "pdf") == extract(path, "pdf")


def test_boxes_rows_language_title_and_warnings_cross_the_process_border(
    zygote: Zygote, document: Callable[[str], Path]
) -> None:
    extraction = extract_isolated(document("everything"), "hostile", zygote=zygote)
    assert extraction.pages == (Page("a\tb", 1, (Box(0, 1, Area(0.1, 0.2, 0.3, 0.4)),), (("a", "b"),)),)
    assert (extraction.title, extraction.warnings, extraction.language) == ("A deed", ("it is made up",), "fr")


def test_pages_are_reported_while_they_are_read(make_pdf: MakePdf) -> None:
    seen: list[tuple[int, int | None]] = []
    extract_isolated(make_pdf("a", "b", "c"), "pdf", on_page=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_r38_a_document_that_needs_too_much_memory_fails_alone(do: Do, tmp_path: Path) -> None:
    with pytest.raises(ParserCrashedError, match="needs more than 1024 MB"):
        do("bomb")
    path = tmp_path / "large.txt"
    path.write_bytes(b"word " * 12_000_000)
    with pytest.raises(ParserCrashedError, match="memory") as caught:
        extract_isolated(path, "text", memory_bytes=100 << 20)
    assert caught.value.http_status == 422


@pytest.mark.parametrize("deed", ["spin", "hang"])
def test_r38_a_document_that_takes_too_long_is_stopped(do: Do, zygote: Zygote, deed: str) -> None:
    with pytest.raises(ExtractionTimeoutError, match="longer than") as caught:
        do(deed, timeout_s=0.5)
    assert caught.value.retryable
    assert _children_of(zygote) == []


@pytest.mark.parametrize("deed", ["fork", "execute", "signal-parent", "unlink {file}", "write {new}", "append {file}"])
def test_r38_a_parser_starts_ends_and_writes_nothing(do: Do, tmp_path: Path, deed: str) -> None:
    file, new = tmp_path / "file.txt", tmp_path / "new.txt"
    file.write_text("there")
    assert do(deed.format(file=file, new=new)) == "refused: Operation not permitted"
    assert file.read_text() == "there"
    assert not new.exists()


def test_r38_a_parser_reaches_no_network_and_no_socket_of_the_machine(do: Do, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert do(f"connect {server.getsockname()[1]}") == "refused: Operation not permitted"
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        assert do(f"connect-unix {path}") == "refused: Operation not permitted"


def test_r38_a_parser_reads_its_document_and_no_other_file(do: Do, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("hush")
    for path in (secret, "/etc/passwd", f"/proc/{os.getpid()}/environ", "/proc/self/environ"):
        assert do(f"open {path}") == "refused: Permission denied"


def test_the_parser_sees_no_secret_of_the_platform(
    document: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "hush")
    fresh = Zygote(python_path=(PLUGIN,))
    text = extract_isolated(document("environment"), "hostile", zygote=fresh).pages[0].text
    fresh.end()
    assert "PYTHONPATH" in text
    assert "hush" not in text


@pytest.mark.parametrize(("deed", "why"), [("crash", "signal 11"), ("abort", "signal 6"), ("raise", "KeyError")])
def test_r38_a_parser_that_crashes_says_so_and_the_next_document_is_read(do: Do, deed: str, why: str) -> None:
    with pytest.raises(ParserCrashedError, match=why):
        do(deed)
    assert do("environment")


def test_a_document_that_is_nested_too_deeply_is_malformed(do: Do) -> None:
    with pytest.raises(MalformedDocumentError, match="nested too deeply"):
        do("nest")


HEAD = '{"page_count":1,"title":""}\n'
PAGE = '{"page":1,"text":"ab","boxes":[%s],"rows":[],"scan":false}\n'


@pytest.mark.parametrize(
    "said",
    [
        "",
        "garbage",
        "garbage\n",
        "[" * 100_000 + "\n",
        "null\n",
        '{"page":1}\n',
        HEAD,
        HEAD * 2,
        HEAD + "\xff\xfe\n",
        HEAD + '{"page":"1","text":"","boxes":[],"rows":[],"scan":false}\n',
        HEAD + PAGE % "[0,9,0,0,1,1]",
        HEAD + PAGE % "[0,1,0,0,1,NaN]",
        HEAD + PAGE % '[0,1,0,0,1,"x"]',
        HEAD + '{"page":1,"text":"","boxes":[],"rows":[[1]],"scan":false}\n',
        HEAD + '{"warnings":[],"language":""}\n' + PAGE % "",
        '{"error":"no_such_code","message":"?"}\n',
    ],
)
def test_r38_what_a_parser_says_is_data_and_not_trusted(do: Do, said: str) -> None:
    with pytest.raises(DocumentError) as caught:
        do("say " + said)
    assert caught.value.code == "parser_crashed"


@pytest.mark.parametrize("deed", ["flood", "long-line"])
def test_r38_a_parser_that_never_stops_talking_is_stopped(do: Do, deed: str) -> None:
    with pytest.raises((ParserCrashedError, DocumentTooLargeError), match=r"more than any document|longer than"):
        do(deed)


def test_a_parser_that_is_killed_leaves_an_error_and_no_process(
    zygote: Zygote, document: Callable[[str], Path]
) -> None:
    killed: list[int] = []

    def kill_parser(done: int, total: int | None) -> None:
        for child in _children_of(zygote):
            killed.append(child)
            os.kill(child, signal.SIGKILL)

    with pytest.raises(ParserCrashedError, match="signal 9"):
        extract_isolated(document("pages 60"), "hostile", on_page=kill_parser, zygote=zygote)
    assert killed
    assert _children_of(zygote) == []


def test_raising_from_the_progress_callback_stops_the_parser(zygote: Zygote, document: Callable[[str], Path]) -> None:
    def cancel(done: int, total: int | None) -> None:
        raise InterruptedError("cancelled")

    with pytest.raises(InterruptedError):
        extract_isolated(document("pages 60"), "hostile", on_page=cancel, zygote=zygote)
    assert _children_of(zygote) == []


def test_a_document_is_read_although_the_zygote_was_killed_in_the_middle(
    zygote: Zygote, document: Callable[[str], Path]
) -> None:
    killed: list[int] = []

    def kill_once(done: int, total: int | None) -> None:
        if not killed and zygote.pid is not None:
            killed.append(zygote.pid)
            os.kill(zygote.pid, signal.SIGKILL)

    extraction = extract_isolated(document("pages 30"), "hostile", on_page=kill_once, zygote=zygote)
    assert killed
    assert [page.number for page in extraction.pages] == list(range(1, 31))


def test_whoever_ends_all_parsers_gets_an_error_that_does_not_blame_the_document(
    zygote: Zygote, document: Callable[[str], Path]
) -> None:
    def kill(done: int, total: int | None) -> None:
        if zygote.pid is not None:
            os.kill(zygote.pid, signal.SIGKILL)

    with pytest.raises(ParserCrashedError, match="from outside; try again"):
        extract_isolated(document("pages 30"), "hostile", on_page=kill, zygote=zygote)


def test_a_zygote_that_was_stopped_does_not_hold_up_whoever_waits(document: Callable[[str], Path]) -> None:
    stopped = Zygote(python_path=(PLUGIN,))
    assert extract_isolated(document("environment"), "hostile", zygote=stopped)
    pid = stopped.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(ExtractionTimeoutError):
        extract_isolated(document("environment"), "hostile", timeout_s=0.3, zygote=stopped)
    stopped.end()
    assert stopped.pid is None


def test_r38_twenty_threads_read_good_and_bad_documents_at_once(zygote: Zygote, tmp_path: Path) -> None:
    deeds = ["environment", "crash", "raise", "fork", "everything"] * 20
    fresh = Zygote(python_path=(PLUGIN,))

    def read(index: int) -> str:
        path = tmp_path / f"{index}.hostile"
        path.write_text(deeds[index])
        try:
            return extract_isolated(path, "hostile", zygote=fresh).pages[0].text
        except ParserCrashedError as error:
            return error.message

    with ThreadPoolExecutor(20) as pool:
        told = list(pool.map(read, range(len(deeds))))
    assert _children_of(fresh) == []
    fresh.end()
    for deed, text in zip(deeds, told, strict=True):
        expected = {"environment": "PYTHONPATH", "crash": "signal 11", "raise": "KeyError", "fork": "refused"}
        assert expected.get(deed, "a\tb") in text


def test_it_starts_when_it_is_needed_and_ends_when_it_is_not(document: Callable[[str], Path]) -> None:
    short = Zygote(python_path=(PLUGIN,), idle_s=0.05)
    assert short.pid is None
    for _ in range(3):
        assert extract_isolated(document("environment"), "hostile", zygote=short)
        _wait(lambda: short.pid is None)
    short.end()


def test_it_ends_with_the_process_that_started_it(document: Callable[[str], Path]) -> None:
    told, tell = os.pipe()
    path = document("environment")
    owner = os.fork()
    if owner == 0:
        own = Zygote(python_path=(PLUGIN,))
        extract_isolated(path, "hostile", zygote=own)
        os.write(tell, str(own.pid).encode())
        os._exit(0)  # without any clean-up, as if it had been killed
    os.waitpid(owner, 0)
    pid = int(os.read(told, 32))
    os.close(told)
    os.close(tell)
    _wait(lambda: not _runs(pid))


def test_a_forked_process_takes_a_zygote_of_its_own(zygote: Zygote, document: Callable[[str], Path]) -> None:
    path = document("environment")
    assert extract_isolated(path, "hostile", zygote=zygote)
    before = zygote.pid
    told, tell = os.pipe()
    forked = os.fork()
    if forked == 0:
        extract_isolated(path, "hostile", zygote=zygote)
        os.write(tell, str(zygote.pid).encode())
        os._exit(0)
    os.waitpid(forked, 0)
    other = int(os.read(told, 32))
    os.close(told)
    os.close(tell)
    assert other != before
    assert zygote.pid == before
    assert extract_isolated(path, "hostile", zygote=zygote)


def test_no_open_file_stays_behind(zygote: Zygote, document: Callable[[str], Path]) -> None:
    path = document("environment")
    extract_isolated(path, "hostile", zygote=zygote)
    assert zygote.pid is not None
    folders = [Path("/proc/self/fd"), Path(f"/proc/{zygote.pid}/fd")]
    before = [len(os.listdir(folder)) for folder in folders]
    # The first document's files may still be open here: what counts is growth.
    for _ in range(5):
        extract_isolated(path, "hostile", zygote=zygote)
        with pytest.raises(ParserCrashedError):
            extract_isolated(document("crash"), "hostile", zygote=zygote)
    # The zygote reports an end, then closes where it reported it.
    _wait(lambda: all(len(os.listdir(folder)) <= count for folder, count in zip(folders, before, strict=True)))


def test_a_pipe_or_a_folder_is_no_document(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never.txt")
    for path in (tmp_path / "never.txt", tmp_path):
        with pytest.raises(MalformedDocumentError, match="not a file"):
            extract_isolated(path, "text")


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


def _children_of(zygote: Zygote) -> list[int]:
    if zygote.pid is None:
        return []
    return [int(pid) for pid in Path(f"/proc/{zygote.pid}/task/{zygote.pid}/children").read_text().split()]


def _runs(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def _wait(is_so: Callable[[], bool]) -> None:
    for _ in range(1000):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to pass within ten seconds")
