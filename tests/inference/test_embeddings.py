"""The embedding engine with the real model: tokens instead of texts, packed vectors, what it refuses."""

import json
from array import array
from pathlib import Path

import numpy as np
import pytest

from inference.config import EMBEDDING_MODEL
from inference.errors import InvalidRequestError
from inference.types import EmbedRequest, GenerateRequest
from tests.inference.serving import embedding_engine

pytestmark = pytest.mark.model
REFERENCE = json.loads((Path(__file__).parent / "data" / "minilm_reference.json").read_text(encoding="utf-8"))


async def test_tokens_give_the_vectors_of_their_texts() -> None:
    bare = tuple(tuple(tokens[1:-1]) for tokens in REFERENCE["tokens"])
    made = await embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL, token_lists=bare))
    assert (np.array(made.vectors) * np.array(REFERENCE["vectors"])).sum(axis=1).min() >= 0.999
    assert made.usage.prompt_tokens == sum(map(len, REFERENCE["tokens"]))


async def test_vectors_are_packed_float32() -> None:
    made = await embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL, ("a", "b")))
    for vector in made.vectors:
        assert isinstance(vector, array)
        assert (vector.typecode, len(vector)) == ("f", 384)


async def test_too_many_tokens_are_cut_like_too_long_a_text() -> None:
    long = await embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL, token_lists=((2000,) * 9000,)))
    cut = await embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL, token_lists=((2000,) * 254,)))
    assert np.allclose(long.vectors[0], cut.vectors[0], atol=1e-5)
    assert long.usage.prompt_tokens == 256


async def test_a_text_longer_than_the_model_reads_is_counted_whole() -> None:
    engine = embedding_engine()
    short, long = [
        await engine.count_tokens(GenerateRequest(EMBEDDING_MODEL, prompt="word " * times)) for times in (100, 9_000)
    ]
    assert (short, long) == (102, 9_002)


@pytest.mark.parametrize("token", [-1, 30522, 2**31, -(2**40)])
async def test_tokens_that_the_vocabulary_lacks_are_refused(token: int) -> None:
    with pytest.raises(InvalidRequestError, match=f"{token} is not a token"):
        await embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL, token_lists=((5, token),)))


async def test_an_empty_text_has_a_vector_and_no_text_has_none() -> None:
    made = await embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL, ("",), token_lists=((),)))
    assert np.allclose(made.vectors[0], made.vectors[1])
    assert np.isfinite(made.vectors[0]).all()
    assert (await embedding_engine().embed(EmbedRequest(EMBEDDING_MODEL))).vectors == []
