"""The peer's side of `bench retrieval`: langchain-postgres in an environment of its own; imports nothing of ours.

Reads a line of JSON {url, texts, vectors, dimensions, asked, top_k} (the files' paths), answers with one of times.
"""

import json
import sys
import time
from array import array
from importlib import import_module

BATCH = 1000


def serve() -> None:
    """Ingest everything, then ask everything; times are in seconds."""
    order = json.loads(sys.stdin.readline())
    answers, sys.stdout = sys.stdout, sys.stderr  # whatever the libraries print is no answer
    store_class = import_module("langchain_postgres").PGVector
    embeddings_class = import_module("langchain_core.embeddings").DeterministicFakeEmbedding
    with open(order["texts"], encoding="utf-8") as file:
        texts = json.load(file)
    vectors, asked = (_rows(order[name], order["dimensions"]) for name in ("vectors", "asked"))
    store = store_class(
        embeddings=embeddings_class(size=order["dimensions"]),
        connection=order["url"],
        collection_name="bench",
        use_jsonb=True,
        embedding_length=order["dimensions"],
        pre_delete_collection=True,
    )
    started = time.perf_counter()
    for first in range(0, len(texts), BATCH):
        last = first + BATCH
        metadatas = [{"hundredth": row // 100 % 100} for row in range(first, min(last, len(texts)))]
        store.add_embeddings(texts[first:last], vectors[first:last], metadatas=metadatas)
    ingested = time.perf_counter() - started
    answers.write(json.dumps({"ingest_s": ingested}) + "\n")
    answers.flush()
    sys.stdin.readline()  # the tables are vacuumed meanwhile, as ours are
    times, found = [], []
    for number, vector in enumerate([*asked[:5], *asked]):
        started = time.perf_counter()
        hits = store.similarity_search_by_vector(vector, k=order["top_k"])
        if number >= 5:
            times.append(time.perf_counter() - started)
            found.append([hit.page_content for hit in hits])
    answers.write(json.dumps({"query_s": times, "found": found}) + "\n")
    answers.flush()


def _rows(path: str, width: int) -> list[list[float]]:
    with open(path, "rb") as file:
        values = array("f", file.read())
    return [list(values[start : start + width]) for start in range(0, len(values), width)]


if __name__ == "__main__":
    serve()
