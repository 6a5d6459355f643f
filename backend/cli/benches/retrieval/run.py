"""`bench retrieval`: quality on labelled questions, speed at three sizes, and langchain-postgres on the same data."""

import asyncio
import json
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import psycopg

from backend.cli.benches.peers import python_environment
from backend.cli.benches.retrieval import quality, speed
from backend.cli.benches.retrieval.corpus import Labelled, labelled_sets, sentences
from backend.cli.benches.retrieval.database import Rig, rig, server
from backend.cli.benches.retrieval.quality import Quality
from backend.cli.benches.retrieval.speed import Speed, p50, p95
from backend.cli.benches.retrieval.vectors import DIMENSIONS, Model, Vectors, embed_all
from backend.cli.benches.table import Row, report
from backend.cli.errors import CommandError
from backend.cli.screen import say, step
from backend.embedded.home import REPOSITORY, Home

DATA = REPOSITORY.parent / "shared" / "data" / "retrieval"
SIZES = (100, 10_000, 100_000)
QUICK_SIZES = (100, 10_000)
QUESTIONS = 200
QUICK_QUESTIONS = 200
WORST_DRAG = 0.01
LEAST_RECALL = 0.95
MOST_P50_MS, MOST_P95_MS, MOST_BUILD_S = 15.0, 40.0, 180.0
LEAST_RATIO = 2.0
PEER = Path(__file__).parent / "peer_pgvector.py"
PEER_PACKAGES = ("langchain-postgres", "psycopg[binary]")
PEER_DATABASE = "peer"


def retrieval(home: Home, json_file: str | None, *, is_quick: bool = False, data: str | None = None) -> int:
    """Print quality and speed of our store against references; 1 when a gate is missed."""
    sets = labelled_sets(Path(data) if data else DATA)
    if not sets:
        raise CommandError(
            f"no labelled questions in {str(data or DATA)!r}: give --data a folder with corpus.jsonl, queries.jsonl "
            "and qrels.tsv, or one that holds such folders"
        )
    with step("Cutting real passages"):
        texts = sentences(sets, (QUICK_SIZES if is_quick else SIZES)[-1])
    asked = _questions(sets)
    say(f"Embedding {len(texts):,} passages where no earlier run has: an hour the first time, then nothing")
    vectors, questions = embed_all(home, texts), embed_all(home, asked)
    with server(home) as url:
        with rig(url) as ours:
            measured = asyncio.run(_qualities(home, ours, sets, QUICK_QUESTIONS if is_quick else None))
        speeds = []
        for size in sorted({min(size, len(texts)) for size in (QUICK_SIZES if is_quick else SIZES)}):
            with rig(url) as ours, step(f"Measuring {size:,} passages"):
                speeds.append(speed.measure(ours, texts[:size], vectors[:size], asked, questions))
        with rig(url) as ours, step("Storing the largest size once more, in documents of a thousand passages"):
            batched_s = speed.stored(ours, str(uuid.uuid4()), texts, vectors, speed.PER_LONG_DOCUMENT)
        peer = _peer(home, url, texts, vectors, questions)
    rows = [*(row for one in measured for row in _quality_rows(one)), *(row for one in speeds for row in _rows(one))]
    rows += _peer_rows(speeds[-1], batched_s, peer)
    raw = {f"{one.passages} {name}": getattr(one, name) for one in speeds for name in _TIMES}
    raw["peer query_ms"] = [1000 * value for value in peer["query_s"]]
    return report("retrieval", "bm25s, exact search, langchain-postgres", rows, raw, json_file)


_TIMES = ("hybrid_ms", "semantic_ms", "full_text_ms", "filtered_ms")


def _questions(sets: Sequence[Labelled]) -> list[str]:
    """Return questions of the English sets, every other one of which no constant was tuned on."""
    own = [text for one in sets if one.language in ("en", "") for text in list(one.questions.values())[1::2]]
    return (own or [text for one in sets for text in one.questions.values()])[:QUESTIONS]


async def _qualities(home: Home, ours: Rig, sets: Sequence[Labelled], most: int | None) -> list[Quality]:
    model = Model(home)
    try:
        measured = []
        for one in sets:
            with step(f"Asking the questions of {one.name}"):
                measured.append(await quality.measure(ours, one, model, most_questions=most or len(one.questions)))
        return measured
    finally:
        await model.close()


def _quality_rows(one: Quality) -> list[Row]:
    ndcg, better = one.ndcg, max(one.ndcg["semantic"], one.ndcg["full_text"])
    full_text, hybrid, reference = ndcg["full_text"], ndcg["hybrid"], ndcg["bm25s"]
    name = f"{one.name} ({one.questions} questions), nDCG@10"
    return [
        Row(f"{name}: semantic", ndcg["semantic"], ndcg["semantic"], "shown, no gate", True),
        Row(
            f"{name}: full text against bm25s",
            full_text,
            reference,
            "within .01",
            abs(full_text - reference) <= WORST_DRAG,
        ),
        Row(
            f"{name}: hybrid against the better leg",
            hybrid,
            better,
            "at most .01 below",
            hybrid >= better - WORST_DRAG,
        ),
    ]


def _rows(one: Speed) -> list[Row]:
    size, is_largest = f"{one.passages:,} passages", one.passages >= SIZES[-1]
    gate = "at most {:.0f}" if is_largest else "shown, no gate (at most {:.0f} at 100,000)"

    def timed(name: str, value: float, most: float) -> Row:
        return Row(f"{size}: {name}", value, most, gate.format(most), value <= most or not is_largest)

    def found(name: str, value: float) -> Row:
        return Row(f"{size}: {name}", value, 1.0, f"at least {LEAST_RECALL}", value >= LEAST_RECALL)

    rows = [
        timed("hybrid p50, ms", p50(one.hybrid_ms), MOST_P50_MS),
        timed("hybrid p95, ms", p95(one.hybrid_ms), MOST_P95_MS),
        Row(f"{size}: semantic p50, ms", p50(one.semantic_ms), p50(one.semantic_ms), "shown, no gate", True),
        Row(f"{size}: full text p50, ms", p50(one.full_text_ms), p50(one.full_text_ms), "shown, no gate", True),
        Row(f"{size}: semantic under a 1 % filter p50, ms", p50(one.filtered_ms), p50(one.filtered_ms), "shown", True),
        found("recall@10 against exact", one.recall),
        found("recall@10 under a 1 % filter", one.filtered_recall),
        found("recall@10 under a 30 % filter", one.third_recall),
        found("full text recall@10 against exact BM25", one.words_recall),
        Row(f"{size}: least hits of 10 under a 1 % filter", one.least_filtered, 10, "10", one.least_filtered >= 10),
    ]
    if one.build_s:
        rows.append(timed("HNSW build, s", one.build_s, MOST_BUILD_S))
    return rows


def _peer(home: Home, url: str, texts: Sequence[str], vectors: Vectors, asked: Vectors) -> Mapping[str, list[float]]:
    """Let the peer store and search the same on the same server, in a database of its own."""
    python = python_environment(home, "langchain-postgres", PEER_PACKAGES)
    folder = home.root / "bench" / "retrieval"
    np.ascontiguousarray(vectors, np.float32).tofile(folder / "peer.vectors.f32")
    np.ascontiguousarray(asked, np.float32).tofile(folder / "peer.asked.f32")
    (folder / "peer.texts.json").write_text(json.dumps(list(texts)), encoding="utf-8")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {PEER_DATABASE}")
        connection.execute(f"CREATE DATABASE {PEER_DATABASE}")
    socket = parse_qs(urlsplit(url).query)["host"][0]
    order = {
        "url": f"postgresql+psycopg://postgres@/{PEER_DATABASE}?host={socket}",
        "texts": str(folder / "peer.texts.json"),
        "vectors": str(folder / "peer.vectors.f32"),
        "asked": str(folder / "peer.asked.f32"),
        "dimensions": DIMENSIONS,
        "top_k": speed.TOP_K,
    }
    process = subprocess.Popen([str(python), str(PEER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process, step(f"Letting langchain-postgres do the same with {len(texts):,} passages"):
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        first = process.stdout.readline()
        if first:
            with psycopg.connect(f"host={socket} user=postgres dbname={PEER_DATABASE}", autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
        second = process.communicate("go\n")[0] if first else ""
    if not second:
        raise CommandError("langchain-postgres ended early: its message stands above")
    answers = {**json.loads(first), **json.loads(second)}
    return {"ingest_s": [answers["ingest_s"]], "query_s": answers["query_s"]}


def _peer_rows(ours: Speed, batched_s: float, peer: Mapping[str, list[float]]) -> list[Row]:
    """Return the rows beside the peer; both store a thousand passages at once, ours with their words."""
    size = f"{ours.passages:,} passages"
    rates = ours.passages / batched_s, ours.passages / peer["ingest_s"][0]
    with_index = ours.passages / (batched_s + ours.build_s)
    short = ours.passages / ours.ingest_s
    query = 1000 / p50(ours.semantic_ms), 1 / p50(peer["query_s"])
    return [
        Row(f"{size}: stored per s, 1,000 at once", *rates, f"at least {LEAST_RATIO} x", rates[0] >= 2 * rates[1]),
        Row(f"{size}: stored per s, in documents of 100", short, rates[1], "shown, no gate", True),
        Row(f"{size}: stored per s with the HNSW build", with_index, rates[1], "shown, no gate", True),
        Row(f"{size}: queries per s", *query, f"at least {LEAST_RATIO} x", query[0] >= LEAST_RATIO * query[1]),
    ]
