"""`bench ingest`: from files to searchable passages on a running platform, and which part of the way is the limit.

First each stage alone: pages read, chunks cut, texts embedded. Then the whole way over HTTP: small files uploaded one
by one until the last is ready, and a long PDF, while the memory of the jobs worker is watched.
"""

import asyncio
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import httpx

from backend.cli.benches.ingest_files import PAGES, paragraph, pdf_of
from backend.cli.benches.overhead import bench_token
from backend.cli.benches.table import Row, report
from backend.cli.screen import say, step
from backend.embedded.home import Home
from backend.embedded.process import descendants, memory_bytes, parents
from backend.embedded.state import state_running
from rag.chunk import ChunkSettings
from rag.ingest import Cutting, Source, chunk_document, extract_document
from rag.types import Extraction

FILES = 1000
FILES_GATE_S = 120.0
PAGES_GATE = 50.0
MEMORY_GATE_MB = 600.0
EMBEDDED_TEXTS = 512
TIMEOUT_S = 600.0
WATCH_S = 0.5
MODEL = "all-minilm-l6-v2"


class Memory:
    """The most memory (PSS, its children included) that the jobs worker had while this was watching."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._stop = threading.Event()
        self.peak_mb = 0.0

    def watch(self) -> None:
        """Look until `stop`."""
        while not self._stop.wait(WATCH_S):
            state = state_running(self._home)
            worker = state.process("worker-jobs") if state else None
            if worker is not None and worker.pid is not None:
                pids = [worker.pid, *descendants(worker.pid, parents())]
                self.peak_mb = max(self.peak_mb, memory_bytes(pids) / 1e6)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch for the length of a block."""
        thread = threading.Thread(target=self.watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()


async def _extracted(path: Path) -> tuple[Extraction, float]:
    started = time.perf_counter()
    extraction = await extract_document(Source(path, "pdf"), progress=lambda *_: None, timeout_s=TIMEOUT_S)
    return extraction, time.perf_counter() - started


async def _stages(workspace_id: str, path: Path) -> dict[str, float]:
    """Return what each stage does in a second, each of them alone."""
    embedder = import_module("backend.providers.access").embedder(workspace_id, MODEL)
    await _extracted(path)
    extraction, taken = await _extracted(path)
    rates = {"pages": len(extraction.pages) / taken}
    cutting = Cutting("pdf", ChunkSettings(), embedder.count_tokens)
    started = time.perf_counter()
    chunked = await chunk_document(extraction, cutting, progress=lambda *_: None)
    rates["chunks"] = len(chunked.chunks) / (time.perf_counter() - started)
    texts = [chunk.text for chunk in chunked.chunks][:EMBEDDED_TEXTS]
    await embedder.embed(texts[:32])
    started = time.perf_counter()
    await embedder.embed(texts)
    rates["texts"] = len(texts) / (time.perf_counter() - started)
    return rates


def _ready(console: httpx.Client, dataset: str, expected: int) -> None:
    """Wait until as many documents are ready; raises RuntimeError when one fails."""
    until = time.monotonic() + TIMEOUT_S
    while time.monotonic() < until:
        counts = console.get(f"/datasets/{dataset}").raise_for_status().json()["document_counts"]
        if counts["failed"]:
            failed = console.get(f"/datasets/{dataset}/documents", params={"status": "failed", "limit": 1}).json()
            raise RuntimeError(f"{counts['failed']} documents failed: {failed['results'][0]['reason']}")
        if counts["ready"] >= expected:
            return
        time.sleep(0.25)
    raise RuntimeError(f"after {TIMEOUT_S:.0f} s only {counts['ready']} of {expected} documents are ready")


@contextmanager
def _dataset(console: httpx.Client, name: str) -> Iterator[str]:
    made = console.post("/datasets", json={"name": name, "embedding_model": MODEL}).raise_for_status().json()
    try:
        yield made["id"]
    finally:
        console.delete(f"/datasets/{made['id']}")


def _small_files(console: httpx.Client) -> tuple[float, list[float]]:
    """Return the seconds until all small files are ready, and those of each upload."""
    uploads: list[float] = []
    with _dataset(console, "bench: small files") as dataset:
        started = time.perf_counter()
        for number in range(FILES):
            began = time.perf_counter()
            file = {"file": (f"note-{number:04}.txt", paragraph(number).encode())}
            console.post(f"/datasets/{dataset}/documents", files=file).raise_for_status()
            uploads.append(time.perf_counter() - began)
        _ready(console, dataset, FILES)
        return time.perf_counter() - started, uploads


def _long_pdf(console: httpx.Client, path: Path) -> float:
    with _dataset(console, "bench: a long PDF") as dataset, path.open("rb") as file:
        started = time.perf_counter()
        console.post(f"/datasets/{dataset}/documents", files={"file": ("long.pdf", file)}).raise_for_status()
        _ready(console, dataset, 1)
        return time.perf_counter() - started


def ingest(home: Home, json_file: str | None) -> int:
    """Print what each stage and the whole way do, and what is the limit; 1 when a gate is missed."""
    memory = Memory(home)
    with bench_token(home) as (token, url, _), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.pdf"
        path.write_bytes(pdf_of(PAGES))
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=TIMEOUT_S) as console, memory.watched():
            workspace = console.get("/me").raise_for_status().json()["workspaces"][0]["id"]
            with step("Measuring each stage alone"):
                rates = asyncio.run(_stages(workspace, path))
            with step(f"Uploading {FILES} files one by one"):
                files_s, uploads = _small_files(console)
            with step(f"Uploading a PDF of {PAGES} pages"):
                pdf_s = _long_pdf(console, path)
    _say_limit(rates, files_s, sum(uploads), pdf_s)
    at_least: Callable[[float, float], bool] = lambda ours, gate: ours >= gate  # noqa: E731 - two rows share it
    rows = [
        Row("PDF pages read, 1/s", rates["pages"], PAGES_GATE, "at least 50", at_least(rates["pages"], PAGES_GATE)),
        Row("chunks cut, 1/s", rates["chunks"], rates["texts"], "shown against embedding", True),
        Row("texts embedded, 1/s", rates["texts"], rates["texts"], "shown", True),
        Row(f"{FILES} files until ready, s", files_s, FILES_GATE_S, "at most 120 s", files_s <= FILES_GATE_S),
        Row("  of that uploading, s", sum(uploads), files_s, "shown", True),
        Row(f"PDF of {PAGES} pages until ready, s", pdf_s, pdf_s, "shown", True),
        Row("memory of the jobs worker, MB", memory.peak_mb, MEMORY_GATE_MB, "at most 600", memory.peak_mb <= 600),
    ]
    raw = {"uploads": [1000 * taken for taken in uploads], "files": [1000 * files_s], "pdf": [1000 * pdf_s]}
    return report("ingest", "the gates", rows, raw, json_file)


def _say_limit(rates: dict[str, float], files_s: float, uploads_s: float, pdf_s: float) -> None:
    """Say in words what holds the rest up."""
    slowest = min(rates, key=lambda name: rates[name] if name != "pages" else rates[name] * 4)
    nouns = {"pages": "reading pages", "chunks": "cutting chunks", "texts": "embedding texts"}
    say(f"of a long document {nouns[slowest]} is the limit; it was ready after {pdf_s:.0f} s")
    share = uploads_s / files_s
    rest = "what follows keeps pace" if share > 0.9 else "indexing takes the rest"
    say(f"of small files uploading took {share:.0%} of the time: {rest}")
