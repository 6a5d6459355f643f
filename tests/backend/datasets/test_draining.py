"""One message, many documents: what waits is indexed beside, but never what has met a worker's death."""

import threading
import time
import uuid
from collections.abc import Sequence

import pytest
from django.db import connections

from backend.datasets import draining
from backend.datasets.lease import MAX_ATTEMPTS, lease_claim, lease_claim_next
from backend.datasets.models import Document
from backend.datasets.tasks import index
from tests.backend.datasets.conftest import Library
from tests.backend.datasets.embedding import WordEmbedder
from tests.backend.datasets.interrupts import LONG_TEXT, fill

pytestmark = pytest.mark.django_db(transaction=True)
SMALL = draining.SMALL_BYTES


def uploaded(library: Library, *names: str) -> list[str]:
    """Upload small documents and return their ids."""
    return [str(library.upload(name, f"The text of {name}.".encode()).json()["id"]) for name in names]


def statuses(library: Library, ids: Sequence[str]) -> list[str]:
    return [library.document(one)["status"] for one in ids]


def test_the_message_of_one_document_brings_all_that_wait_to_their_end(library: Library) -> None:
    ids = uploaded(library, *(f"{n}.txt" for n in range(12)))
    index(ids[5])
    assert statuses(library, ids) == ["ready"] * 12
    index(ids[0])
    assert {library.document(one)["attempts"] for one in ids} == {1}


class Meeting(WordEmbedder):
    """Lets no text of a small document through before it was asked from several threads at once."""

    def __init__(self, parties: int) -> None:
        super().__init__()
        self._barrier = threading.Barrier(parties, timeout=60)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        self._barrier.wait()
        return await super().embed(texts)


def test_documents_are_indexed_side_by_side(library: Library) -> None:
    ids = uploaded(library, *(f"{n}.txt" for n in range(1 + draining.HELPERS)))
    fill(Meeting(1 + draining.HELPERS))
    index(ids[0])
    assert statuses(library, ids) == ["ready"] * len(ids)


def test_small_documents_do_not_wait_for_a_large_one(library: Library) -> None:
    large = library.upload("journey.txt", LONG_TEXT.encode()).json()["id"]
    small = uploaded(library, "small.txt")[0]

    class Patient(WordEmbedder):
        """Goes on with the large document when the small one is ready."""

        async def embed(self, texts: Sequence[str]) -> list[list[float]]:
            if any("journey" in text for text in texts):
                while self._small_status() != "ready":
                    time.sleep(0.05)
            return await super().embed(texts)

        def _small_status(self) -> str:
            found: list[str] = []

            def look() -> None:
                found.append(Document.unscoped.get(id=small).status)
                connections.close_all()

            thread = threading.Thread(target=look)
            thread.start()
            thread.join()
            return found[0]

    fill(Patient())
    index(large)
    assert statuses(library, [large, small]) == ["ready", "ready"]


def test_a_document_that_met_a_death_is_indexed_alone_and_by_its_own_message(library: Library) -> None:
    victim, other = uploaded(library, "victim.txt", "other.txt")
    Document.unscoped.filter(id=victim).update(attempts=1)
    claimed = lease_claim_next(SMALL)
    assert claimed is not None
    assert claimed.document_id == uuid.UUID(other)
    assert lease_claim_next(SMALL) is None

    waiting = uploaded(library, "waiting.txt")[0]
    index(victim)
    assert statuses(library, [victim, waiting]) == ["ready", "queued"]


def test_helpers_take_only_what_is_small_new_and_not_paused(library: Library) -> None:
    large, paused, spent, held = uploaded(library, "large.txt", "paused.txt", "spent.txt", "held.txt")
    Document.unscoped.filter(id=large).update(size_bytes=SMALL + 1)
    library.act("pause", paused)
    Document.unscoped.filter(id=spent).update(attempts=MAX_ATTEMPTS)
    assert lease_claim(uuid.UUID(held)) is not None
    assert lease_claim_next(SMALL) is None


def test_nothing_is_begun_after_the_time_of_a_message_is_over(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(draining, "DRAIN_S", 0.0)
    ids = uploaded(library, "a.txt", "b.txt")
    index(ids[0])
    assert statuses(library, ids) == ["ready", "queued"]
