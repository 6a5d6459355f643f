"""Reranking with a real cross-encoder in llama.cpp against the same forward pass in numpy."""

import asyncio
import json
import math
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from inference.config import EMBEDDING_MODEL, ModelConfig
from inference.engines.llama_embeddings import LlamaCppEmbeddings
from inference.engines.llama_reranker import LlamaCppReranker
from inference.errors import EngineFailedError, InvalidRequestError, UnknownModelError
from inference.quantization.convert import UnsupportedModelError, convert_encoder
from inference.types import EmbedRequest, GenerateRequest, RerankRequest
from tests.inference.serving import embedding_engine, home, model_config
from tests.inference.tiny_bert import POSITIONS, VOCABULARY, TinyBert, tiny_bert, write_folder

pytestmark = pytest.mark.model
MODEL = "tiny"
DOCUMENTS = ("the cat sat on a mat", "the moon is made of cheese", "dogs", "a fox is on the river", "")


def tokens(text: str) -> list[int]:
    words = {"dogs": ["dog", "##s"]}
    return [VOCABULARY.index(piece) for word in text.split() for piece in words.get(word, [word])]


def score(bert: TinyBert, query: list[int], document: list[int]) -> float:
    return 1 / (1 + math.exp(-bert.logit(query, document)))


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rerank")
    return convert_encoder(write_folder(folder / "source", tiny_bert()), folder / "tiny.gguf")


@pytest.fixture
async def engine(gguf: Path) -> AsyncIterator[LlamaCppReranker]:
    engine = LlamaCppReranker(ModelConfig(MODEL, "rerank", gguf, context_tokens=512, max_queued=500))
    yield engine
    await engine.aclose()


async def test_scores_are_those_of_the_model_with_both_segments(engine: LlamaCppReranker) -> None:
    query = "who is on the mat"
    ranking = await engine.rerank(RerankRequest(MODEL, query, DOCUMENTS))
    expected = [score(tiny_bert(), tokens(query), tokens(document)) for document in DOCUMENTS]
    assert ranking.scores == pytest.approx(expected, abs=2e-3)
    assert max(expected) - min(expected) > 0.05
    assert ranking.usage.prompt_tokens == sum(len(tokens(query)) + len(tokens(text)) + 3 for text in DOCUMENTS)


async def test_a_long_document_is_cut_and_a_long_query_leaves_it_half_the_room(engine: LlamaCppReranker) -> None:
    room = POSITIONS - 3
    for query, document in (("who is", "cat " * 500), ("who is " * 300, "the moon " * 300)):
        ranking = await engine.rerank(RerankRequest(MODEL, query, (document,)))
        kept = tokens(query)[: room // 2]
        expected = score(tiny_bert(), kept, tokens(document)[: room - len(kept)])
        assert ranking.scores == pytest.approx([expected], abs=2e-3)
        assert ranking.usage.prompt_tokens == POSITIONS


async def test_many_requests_at_once_get_their_own_scores(engine: LlamaCppReranker) -> None:
    expected = [score(tiny_bert(), tokens("cat"), tokens(document)) for document in DOCUMENTS]
    together = await asyncio.gather(*(engine.rerank(RerankRequest(MODEL, "cat", DOCUMENTS * 9)) for _ in range(3)))
    for ranking in together:
        # Steps of other sizes round differently in float16; a neighbour's tokens would move a score by far more.
        assert ranking.scores == pytest.approx(expected * 9, abs=6e-3)
    assert (await engine.rerank(RerankRequest(MODEL, "cat", ()))).scores == ()


async def test_a_rerank_model_only_ranks_and_others_do_not(engine: LlamaCppReranker) -> None:
    (info,) = await engine.models()
    assert (info.kind, info.context_tokens) == ("rerank", POSITIONS)
    with pytest.raises(InvalidRequestError, match="rerank model"):
        await engine.embed(EmbedRequest(MODEL, ("a",)))
    with pytest.raises(InvalidRequestError, match="rerank model"):
        engine.generate(GenerateRequest(MODEL, prompt="a"))
    with pytest.raises(UnknownModelError):
        await engine.rerank(RerankRequest("other", "a", ("b",)))
    with pytest.raises(InvalidRequestError, match="embedding model"):
        await embedding_engine().rerank(RerankRequest(EMBEDDING_MODEL, "a", ("b",)))


def test_a_model_of_the_other_kind_is_refused_at_load(gguf: Path) -> None:
    with pytest.raises(EngineFailedError, match="cross-encoder"):
        LlamaCppReranker(ModelConfig(MODEL, "rerank", model_config(EMBEDDING_MODEL, home()).path))
    with pytest.raises(EngineFailedError, match="'rerank'"):
        LlamaCppEmbeddings(ModelConfig(MODEL, "embedding", gguf))


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"id2label": {"0": "no", "1": "yes"}}, "one label"), ({"hidden_act": "relu"}, "relu")],
)
def test_classifiers_that_do_not_rank_are_not_converted(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    source = write_folder(tmp_path / "source", tiny_bert())
    config = source / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | changes))
    with pytest.raises(UnsupportedModelError, match=said):
        convert_encoder(source, tmp_path / "out.gguf")


def test_a_classifier_without_its_head_is_not_converted(tmp_path: Path) -> None:
    weights = {name: values for name, values in tiny_bert().weights.items() if not name.startswith("classifier")}
    with pytest.raises(UnsupportedModelError, match="no classifier"):
        convert_encoder(write_folder(tmp_path / "source", TinyBert(weights)), tmp_path / "out.gguf")
