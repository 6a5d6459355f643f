"""Subtitles as paragraphs with times."""

from pathlib import Path

import pytest

from rag.errors import MalformedDocumentError
from tests.rag.extract.making import read_upload, text_of

VTT = """WEBVTT - Talk

NOTE nobody reads this

STYLE
::cue { color: red }

intro
00:01.000 --> 00:03.500 align:start
<v Ann>Kettles boil &amp;
<i>whistle</i>.

00:03.600 --> 00:05.000
<v Ann>They boil fast.

00:05.000 --> 00:06.000
<v Bob>Really?

01:00:00.000 --> 01:00:01.000
<v Bob>An hour later.
"""
SRT = "1\r\n00:00:01,000 --> 00:00:02,000\r\n{\\an8}Один\r\n\r\n2\r\n00:00:02,000 --> 00:00:03,000\r\nдва.\r\n"


def test_cues_are_joined_until_the_speaker_changes_or_pauses(tmp_path: Path) -> None:
    path = tmp_path / "a.vtt"
    path.write_text(VTT)
    assert text_of(path) == (
        "[00:00:01 – 00:00:05] Ann: Kettles boil & whistle. They boil fast.\n\n"
        "[00:00:05 – 00:00:06] Bob: Really?\n\n[01:00:00 – 01:00:01] Bob: An hour later."
    )


def test_subrip_in_an_old_code_page_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_bytes(SRT.encode("cp1251"))
    assert text_of(path) == "[00:00:01 – 00:00:03] Один два."


def test_long_speech_is_cut_at_the_ends_of_sentences_and_repeated_lines_are_read_once(tmp_path: Path) -> None:
    cues = [
        f"00:{at // 60:02}:{at % 60:02}.000 --> 00:{at // 60:02}:{at % 60:02}.900\n{'word ' * 20}{at}."
        for at in range(12)
    ]
    path = tmp_path / "a.vtt"
    path.write_text("WEBVTT\n\n" + "\n\n".join(cue for cue in cues for _ in range(2)))
    paragraphs = text_of(path).split("\n\n")
    assert len(paragraphs) == 3
    assert all(paragraph.endswith(".") for paragraph in paragraphs)
    assert [text_of(path).count(f"word {at}.") for at in range(12)] == [1] * 12


def test_a_file_without_times_is_no_subtitle(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text("Only words.\n\nAnd more.")
    with pytest.raises(MalformedDocumentError, match="no cue with its times"):
        read_upload(path)
