"""From a PDF to the page that answers, with the embedded model on a real inference server."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from backend.datasets.ports import EMBEDDERS
from backend.providers.access import embedder
from tests.backend.datasets.conftest import Library, filled, pdf_bytes
from tests.inference.serving import server_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.model]

TOPICS = (
    "Bees dance to tell each other where flowers stand and how far they are.",
    "The bridge was closed for repairs after engineers found rust in its cables.",
    "To bake sourdough bread, feed the starter with flour and water every day.",
    "The telescope saw the light of a galaxy that formed soon after the big bang.",
    "A tenant may end the lease with a notice of three months.",
)
FILLER = "This paragraph belongs to page {page} of the report and speaks of matters of routine. " * 8


@pytest.fixture
def _real_embedder(settings: Any) -> Iterator[None]:
    settings.ENVIRONMENT = replace(settings.ENVIRONMENT, inference_url=server_url(), inference_key="")
    yield from filled(EMBEDDERS, embedder)


@pytest.mark.usefixtures("_real_embedder")
def test_a_question_in_other_words_finds_the_page_of_a_long_pdf(library: Library) -> None:
    pages = [
        f"{TOPICS[page // 4]}\n\n{FILLER.format(page=page)}" if page % 4 == 0 else FILLER.format(page=page)
        for page in range(20)
    ]
    document = library.add("Report.pdf", pdf_bytes(*pages))
    assert (document["status"], document["page_count"]) == ("ready", 20)

    def first_page(question: str) -> int:
        response = library.person.request(
            "POST", f"{library.path}/retrieve", {"query": question, "top_k": 3, "mode": "semantic"}
        )
        assert response.status_code == 200, response.content
        return int(response.json()["results"][0]["page"])

    assert first_page("How do insects communicate the location of nectar?") == 1
    assert first_page("What do I need to make a loaf at home?") == 9
    assert first_page("How early must a renter cancel the contract?") == 17
