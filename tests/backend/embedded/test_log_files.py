"""Logs: their end without their beginning, and rotation under a writer."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backend.embedded.log_files import rotate, tail


@given(st.lists(st.text(alphabet="abcdef ", max_size=3000), max_size=80), st.integers(min_value=1, max_value=50))
def test_the_tail_is_the_end_of_the_file(tmp_path_factory: object, lines: list[str], wanted: int) -> None:
    path = tmp_path_factory.mktemp("log") / "x.log"  # type: ignore[attr-defined]
    path.write_text("".join(f"{line}\n" for line in lines))
    assert tail(path, wanted) == lines[-wanted:]


def test_a_missing_log_has_no_lines(tmp_path: Path) -> None:
    assert tail(tmp_path / "x.log", 5) == []


def test_a_writer_that_holds_the_file_goes_on_after_rotation(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with open(path, "ab", buffering=0) as writer:
        for text in (b"one\n", b"two\n", b"three\n"):
            writer.write(text)
            assert rotate(path, limit_bytes=1)
        writer.write(b"four\n")
    assert path.read_bytes() == b"four\n"
    assert (tmp_path / "x.log.1").read_bytes() == b"three\n"
    assert (tmp_path / "x.log.2").read_bytes() == b"two\n"
    assert not (tmp_path / "x.log.3").exists()
    assert not rotate(path)
