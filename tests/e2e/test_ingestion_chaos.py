"""The jobs worker is killed while mixed documents are indexed: every one ends, for a true reason, and none twice."""

import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import KORVALA, Site, ok, pdf_of, until

pytestmark = [pytest.mark.platform, pytest.mark.timeout(900)]
ENDS = ("ready", "failed")
KILLS = 2
SHARED = Path(os.environ.get("ATELIER_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data")) / "documents"
LEAST_SHARED = 120


@dataclass(frozen=True)
class Upload:
    """A file, and what becomes of it; `reason` stands in the message of a refusal or of a failure."""

    name: str
    content: bytes
    end: str
    reason: str = ""


def mixed() -> list[Upload]:
    """Return documents of several formats: good ones, and some that cannot be indexed."""
    prose = "\n\n".join(f"On day {n} the ferry to Korvala carried {n} bicycles and much rain fell." for n in range(400))
    rows = "\n".join(["name,price", *(f"ticket {n},{n}" for n in range(200))])
    page = "<html><head><title>Ferry</title></head><body><h1>Ferry</h1><p>It leaves at noon.</p></body></html>"
    files = [Upload(f"korvala-{n}.pdf", pdf_of((*KORVALA, f"This is copy {n}.") * 5), "ready") for n in range(8)]
    files += [Upload(f"diary-{n}.txt", f"{n}\n\n{prose}".encode(), "ready") for n in range(8)]
    files += [Upload(f"notes-{n}.md", f"# Notes {n}\n\n{KORVALA[n % 3]}".encode(), "ready") for n in range(8)]
    files += [Upload(f"prices-{n}.csv", f"{rows}\nlast,{n}".encode(), "ready") for n in range(4)]
    files += [Upload(f"ferry-{n}.html", page.replace("noon", f"{n} o'clock").encode(), "ready") for n in range(4)]
    files += [
        Upload("broken.pdf", b"%PDF-1.7\nthis is no pdf", "refused", "broken"),
        Upload("nothing.txt", b"", "refused", "0 bytes"),
        Upload("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "refused", "convert"),
    ]
    return files


def upload(console: httpx.Client, dataset: str, name: str, content: bytes) -> httpx.Response:
    """Upload one file."""
    return console.post(f"/datasets/{dataset}/documents", files={"file": (name, content)})


def documents(console: httpx.Client, dataset: str) -> list[dict[str, Any]]:
    """Return all documents of a dataset."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        query = {"limit": 100, **({"cursor": cursor} if cursor else {})}
        page = ok(console.get(f"/datasets/{dataset}/documents", params=query))
        found += page["results"]
        cursor = page["next"]
        if not cursor:
            return found


def kill_while_working(site: Site, console: httpx.Client, dataset: str, ready_before: int) -> None:
    """Kill the worker once some more documents are ready, and wait for its successor."""

    def is_at_work() -> bool:
        counts = ok(console.get(f"/datasets/{dataset}"))["document_counts"]
        return bool(counts["ready"] + counts["failed"] >= ready_before)

    until(is_at_work, f"{ready_before} documents at an end", 300)
    victim = site.pid("worker-jobs")
    site.kill("worker-jobs")
    until(lambda: site.pid("worker-jobs") not in (None, victim), "a new worker", 60)


def settled(console: httpx.Client, dataset: str, patience_s: float) -> list[dict[str, Any]]:
    """Wait until every document is at an end, and return them."""

    def is_over() -> bool:
        counts = ok(console.get(f"/datasets/{dataset}"))["document_counts"]
        return bool(counts["ready"] + counts["failed"] == counts["total"])

    until(is_over, "the end of all documents", patience_s)
    return documents(console, dataset)


def require_once(console: httpx.Client, dataset: str, found: list[dict[str, Any]]) -> None:
    """Check that each ready document has its chunks once, in order, and each failed one none and a reason."""
    for document in found:
        path = f"/datasets/{dataset}/documents/{document['id']}/chunks"
        page = ok(console.get(path, params={"limit": 100}))["results"]
        assert [chunk["position"] for chunk in page] == list(range(len(page))), document["name"]
        if document["status"] == "failed":
            assert document["reason"], document["name"]
            assert page == [], document["name"]
        else:
            assert len(page) == min(document["chunk_count"], 100) > 0, document["name"]


def test_documents_whose_worker_is_killed_twice_all_end_and_none_is_there_twice(site: Site) -> None:
    with site.console() as console:
        dataset = ok(console.post("/datasets", json={"name": "Ingestion chaos"}))["id"]
        files = mixed()
        for file in files:
            answer = upload(console, dataset, file.name, file.content)
            if file.end == "refused":
                assert 400 <= answer.status_code < 500, file.name
                assert file.reason in answer.json()["message"]
            else:
                assert answer.status_code == 201, answer.text
        expected = {file.name for file in files if file.end == "ready"}
        for kill in range(KILLS):
            kill_while_working(site, console, dataset, 2 + 6 * kill)
        found = settled(console, dataset, 300)

        assert Counter(document["name"] for document in found) == Counter(expected)
        failed = {document["name"]: document["reason"] for document in found if document["status"] != "ready"}
        assert not failed
        require_once(console, dataset, found)
        body = {"query": "When does the ferry leave?", "top_k": 5, "mode": "hybrid"}
        assert len(ok(console.post(f"/datasets/{dataset}/retrieve", json=body))["results"]) == 5
        console.delete(f"/datasets/{dataset}")


@pytest.mark.shared_data
@pytest.mark.skipif(not SHARED.exists(), reason="the documents beside the checkout are not there")
def test_120_real_documents_all_end_in_ready_or_in_failed_with_a_reason(site: Site, tmp_path: Path) -> None:
    paths = sorted(path for path in SHARED.rglob("*") if path.is_file() and path.suffix != ".tsv")
    assert len(paths) >= LEAST_SHARED
    with site.console() as console:
        dataset = ok(console.post("/datasets", json={"name": "Real documents"}))["id"]
        refused: dict[str, str] = {}
        started = time.monotonic()
        for path in paths:
            answer = upload(console, dataset, path.name, path.read_bytes())
            assert answer.status_code < 500, f"{path.name}: {answer.text}"
            if not answer.is_success:
                refused[path.name] = f"{answer.status_code} {answer.json()['message']}"
        uploaded_s = time.monotonic() - started
        for kill in range(KILLS):
            kill_while_working(site, console, dataset, 10 + 30 * kill)
        found = settled(console, dataset, 600)
        lines = [f"{one['status']}\t{one['chunk_count']}\t{one['name']}\t{one['reason']}" for one in found]
        lines += [f"refused\t0\t{name}\t{message}" for name, message in refused.items()]
        lines.append(f"uploaded in {uploaded_s:.0f} s, all at an end after {time.monotonic() - started:.0f} s")
        (tmp_path / "outcomes.tsv").write_text("\n".join(lines))

        assert len(found) + len(refused) == len(paths)
        assert all(document["status"] in ENDS for document in found)
        assert not [one["name"] for one in found if "on our side" in one["reason"] or "died" in one["reason"]]
        require_once(console, dataset, found)
        console.delete(f"/datasets/{dataset}")
