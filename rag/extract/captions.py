"""Subtitles (WebVTT, SubRip): cues joined to paragraphs, each with the time it begins and ends."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rag.errors import MalformedDocumentError
from rag.extract.format import Format, Reading, clean
from rag.extract.text import check, read_text
from rag.types import Page

_TIMES = re.compile(
    r"^\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})\s*-->\s*(?:(\d{1,3}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
)
_SPEAKER = re.compile(r"<v(?:\.[^ >]*)?\s+([^>]{1,80})>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z0-9:.][^>]{0,200}>|\{\\[^}]{0,100}\}", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’)\]]*\Z")
_PAUSE_S = 4.0
_LONG_ENOUGH = 400
_TOO_LONG = 1200


@dataclass(frozen=True, slots=True)
class Cue:
    """What is shown from `start_s` until `end_s`."""

    start_s: float
    end_s: float
    speaker: str
    text: str


def read(path: Path) -> Reading:
    """Read subtitles as one page without a number."""

    def pages() -> Iterator[Page]:
        cues = list(cues_of(read_text(path)))
        if not cues:
            raise MalformedDocumentError("there is no cue with its times (00:00:01.000 --> 00:00:02.000) in the file")
        yield Page("\n\n".join(map(_paragraph, paragraphs_of(cues))))

    return Reading(pages())


def cues_of(text: str) -> Iterator[Cue]:
    """Yield the cues; notes, styles and the numbers of cues are passed over."""
    for block in re.split(r"\n[ \t]*\n+", text):
        lines = block.strip("\n").split("\n")
        at = next((index for index, line in enumerate(lines[:3]) if _TIMES.match(line)), None)
        if at is None:
            continue
        found = _TIMES.match(lines[at])
        assert found is not None
        times = [float(value or 0) for value in found.groups()]
        content = " ".join(lines[at + 1 :])
        speaker = _SPEAKER.search(content)
        shown = " ".join(html.unescape(_TAG.sub("", content)).split())
        if shown:
            yield Cue(_seconds(times[:4]), _seconds(times[4:]), speaker.group(1).strip() if speaker else "", shown)


def _seconds(times: list[float]) -> float:
    hours, minutes, seconds, thousandths = times
    return hours * 3600 + minutes * 60 + seconds + thousandths / 1000


def paragraphs_of(cues: list[Cue]) -> Iterator[list[Cue]]:
    """Join cues until a sentence ends, the speaker changes or nobody speaks for a while."""
    paragraph: list[Cue] = []
    length = 0
    for cue in cues:
        if paragraph and cue.text == paragraph[-1].text:
            continue  # captions that roll repeat their lines
        if paragraph:
            last = paragraph[-1]
            is_over = length > _TOO_LONG or (length > _LONG_ENOUGH and _SENTENCE_END.search(last.text) is not None)
            if is_over or cue.speaker != last.speaker or cue.start_s - last.end_s > _PAUSE_S:
                yield paragraph
                paragraph, length = [], 0
        paragraph.append(cue)
        length += len(cue.text)
    if paragraph:
        yield paragraph


def _paragraph(cues: list[Cue]) -> str:
    speaker = f"{cues[0].speaker}: " if cues[0].speaker else ""
    return clean(f"[{_time(cues[0].start_s)} – {_time(cues[-1].end_s)}] {speaker}{' '.join(cue.text for cue in cues)}")


def _time(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


FORMATS = (
    Format(name="vtt", label="VTT", extensions=(".vtt",), read=read, check=check, is_text=True),
    Format(name="srt", label="SRT", extensions=(".srt",), read=read, check=check, is_text=True),
)
