"""Thousands of broken files: each is read or refused with a reason, and whoever reads them lives on."""

import csv
import io
import os
import random
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.errors import RagError, UnsupportedFormatError
from rag.extract.isolated import extract_isolated
from rag.extract.sniff import sniff
from rag.extract.zygote import Zygote
from tests.rag.extract.drawn import LOREM, drawn, grid, paragraph
from tests.rag.extract.making import paragraph as docx_paragraph
from tests.rag.extract.making import write_docx
from tests.rag.extract.test_pdf import FORM

MADE = 500
# All two thousand take a minute: REAL_FILES=2000 pytest …
REAL = int(os.environ.get("REAL_FILES", "400"))
LARGEST_REAL_BYTES = 120_000
TOKENS = [
    b"\0",
    b"\xff" * 4,
    b"<",
    b">",
    b"<<",
    b"endobj",
    b"stream",
    b"]]>",
    b"&#0;",
    b"%s",
    b"99999999999",
    b"-1",
    b'"',
    b"\n",
]

TEXTS = {
    "html": "<html><head><title>T</title></head><body><h1>A</h1><table><tr><td>1</td></tr></table><p>b</p></body>",
    "xml": '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY e "x">]><a b="c"><d>text &e;</d></a>',
    "rtf": r"{\rtf1\ansi\ansicpg1251{\fonttbl{\f0 Arial;}}\f0\fs24 Hello \'e0\u1078? {\b bold}\par}",
    "eml": "From: a@b.c\nSubject: =?utf-8?b?SGk=?=\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n"
    "--x\nContent-Type: text/plain\n\nbody\n--x\nContent-Type: text/html\n\n<p>body</p>\n--x--\n",
    "json": '{"a": [1, 2, {"b": "text", "c": null}], "d": "\\u0416"}',
    "csv": 'name;price\n"a ""quoted""";1,5\nb;2\n',
    "vtt": "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v Ada>Hello</v>\n",
    "md": "---\ntitle: T\n---\n# A\n\n| a | b |\n| - | - |\n| 1 | 2 |\n",
}


@pytest.fixture
def made(tmp_path: Path) -> list[Path]:
    """One small sound file of each kind."""
    folder = tmp_path / "sound"
    folder.mkdir()
    (folder / "form.pdf").write_bytes(FORM)
    drawn(
        folder / "drawn.pdf",
        lambda sheet: grid(sheet, 60, 400, [["a", "b"], ["c", "d"]]),
        lambda sheet: paragraph(sheet, 60, 80, LOREM, width=80),
    )
    write_docx(folder / "sound.docx", docx_paragraph("Text") + "<w:tbl><w:tr><w:tc/></w:tr></w:tbl>")
    for extension, text in TEXTS.items():
        (folder / f"sound.{extension}").write_text(text, encoding="utf-8")
    return sorted(folder.iterdir())


def test_r38_five_hundred_broken_files_leave_whoever_reads_them_alive(made: list[Path], tmp_path: Path) -> None:
    outcomes = _fuzzed(made, MADE, tmp_path)
    # Some are still readable and some are not, or the mutations were too weak or too strong to tell anything.
    assert outcomes.get("read", 0) > MADE // 20
    assert sum(outcomes.values()) - outcomes.get("read", 0) > MADE // 20


@pytest.mark.shared_data
def test_r38_broken_real_files_leave_whoever_reads_them_alive(
    shared_documents: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")  # reading pictures takes seconds, and has its own tests
    with (shared_documents / "manifest.tsv").open(encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file, delimiter="\t")]
    files = [shared_documents / name for name in names]
    small = [path for path in files if path.stat().st_size <= LARGEST_REAL_BYTES and _is_supported(path)]
    assert len(small) > 50
    _fuzzed(small, REAL, tmp_path)


def _fuzzed(sound: list[Path], count: int, folder: Path) -> dict[str, int]:
    chance = random.Random(38)
    jobs = [(sound[index % len(sound)], chance.getrandbits(64)) for index in range(count)]
    zygote = Zygote()

    def read(job: tuple[Path, int]) -> str:
        path, seed = job
        broken = folder / f"{seed}{path.suffix}"
        broken.write_bytes(_broken(path.read_bytes(), random.Random(seed)))
        try:
            with broken.open("rb") as file:
                name = sniff(broken.name, file.read(4096)).name
            extract_isolated(broken, name, timeout_s=20, zygote=zygote)
        except RagError as error:
            return error.code if error.http_status < 500 else f"{path.name} with seed {seed}: {error!r}"
        finally:
            broken.unlink()
        return "read"

    read(jobs[0])
    read((next(path for path in sound if path.suffix == ".pdf"), 1))
    before = zygote.pid
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(read, jobs))
    assert before is not None
    assert zygote.pid == before
    assert Path(f"/proc/{before}/task/{before}/children").read_text() == ""
    zygote.end()
    assert [outcome for outcome in outcomes if " " in outcome] == []
    return {outcome: outcomes.count(outcome) for outcome in outcomes}


def _broken(data: bytes, chance: random.Random) -> bytes:
    """Return the file with some damage; that of an archive may be within one of its parts, behind a right checksum."""
    if data.startswith(b"PK") and chance.random() < 0.8:
        try:
            return _broken_part(data, chance)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
            pass
    return _damaged(data, chance)


def _broken_part(data: bytes, chance: random.Random) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        names = source.namelist()
        hit = chance.choice(names)
        for name in names:
            part = source.read(name)
            target.writestr(name, _damaged(part, chance) if name == hit else part)
    return out.getvalue()


def _damaged(data: bytes, chance: random.Random) -> bytes:
    broken = bytearray(data or b"\0")
    for _ in range(chance.choice([1, 2, 8, 32])):
        at = chance.randrange(len(broken) or 1)
        end = min(at + chance.choice([1, 4, 64, 1024]), len(broken))
        match chance.randrange(6):
            case 0:
                broken[at:end] = chance.randbytes(end - at)
            case 1:
                del broken[at:end]
            case 2:
                broken[at:at] = broken[at:end]
            case 3:
                broken[at:at] = chance.choice(TOKENS)
            case 4:
                broken[at : at + 1] = bytes([chance.randrange(256)])
            case 5:
                del broken[max(at, len(broken) // 2) :]
    return bytes(broken)


def _is_supported(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            sniff(path.name, file.read(4096))
    except UnsupportedFormatError:
        return False
    except RagError:
        return True
    return True
