"""Logs: their end without their beginning, and rotation under a writer."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from backend.embedded.log_files import LogLimits, rotate, tail


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
            assert rotate(path, LogLimits(limit_bytes=1))
        writer.write(b"four\n")
    assert path.read_bytes() == b"four\n"
    assert (tmp_path / "x.log.1").read_bytes() == b"three\n"
    assert (tmp_path / "x.log.2").read_bytes() == b"two\n"
    assert not (tmp_path / "x.log.3").exists()
    assert not rotate(path)


def test_the_settings_say_how_large_and_how_many(tmp_path: Path) -> None:
    limits = LogLimits.read({"ATELIER_LOG_MAX_MB": "1", "ATELIER_LOG_FILES": "3"})
    path = tmp_path / "x.log"
    for text in "abcde":
        path.write_text(text * 1024**2)
        assert rotate(path, limits)
    assert [(tmp_path / f"x.log.{number}").read_text()[0] for number in (1, 2, 3)] == ["e", "d", "c"]
    assert not (tmp_path / "x.log.4").exists()


@given(st.sampled_from(["", "0", "-1", "much", "1.5"]))
def test_a_setting_that_is_no_number_leaves_logs_rotating(text: str) -> None:
    assert LogLimits.read({"ATELIER_LOG_MAX_MB": text, "ATELIER_LOG_FILES": text}) == LogLimits()
