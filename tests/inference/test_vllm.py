"""The engine for vLLM on a scripted core: prompts, limits, calls, errors. test_vllm_real asks vLLM itself."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from inference.config import ModelConfig
from inference.engines.vllm import VllmChat, create
from inference.engines.vllm_core import Output
from inference.engines.vllm_wire import StepStats, weights_check
from inference.errors import (
    ContextOverflowError,
    EngineDiedError,
    EngineFailedError,
    InvalidRequestError,
    OverloadedError,
    UnknownModelError,
)
from inference.protocol import LocalEngine
from inference.types import Delta, GenerateRequest, Message, SamplingParams, ToolSpec

HI = (Message("user", "hi"),)
TEMPLATE = "{% for m in messages %}{{ m.content }}{% endfor %}"
TOOL = ToolSpec("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})


@dataclass(frozen=True)
class Chance:
    logprob: float


@dataclass(frozen=True)
class Added:
    """What vLLM's CompletionOutput has, as far as it is read."""

    text: str
    token_ids: Sequence[int] = (1,)
    finish_reason: str | None = None
    logprobs: Sequence[Mapping[int, Chance]] | None = None


@dataclass(frozen=True)
class Stepped:
    outputs: Sequence[Added]
    num_cached_tokens: int | None = 2


@dataclass
class ScriptedCore:
    """Counts a character as a token, answers the script, and keeps what it was asked."""

    script: Sequence[Added | Exception] = (Added("ok", (1, 2), "stop"),)
    vocabulary_size: int = 1_000
    is_dead: bool = False
    is_endless: bool = False
    asked: list[tuple[list[int], Mapping[str, object], str | None, int]] = field(default_factory=list)
    closed: int = 0

    def encode(self, text: str, *, with_marks: bool) -> list[int]:
        return ([0] if with_marks else []) + [ord(sign) % 1_000 for sign in text]

    def decode(self, tokens: Sequence[int], *, skips_marks: bool) -> str:
        return "".join(map(chr, tokens))

    def piece(self, token: int) -> bytes:
        return chr(token).encode()

    async def generate(
        self, tokens: list[int], sampling: Mapping[str, object], grammar: str | None, *, name: str, priority: int
    ) -> AsyncGenerator[Output, None]:
        self.asked.append((tokens, sampling, grammar, priority))
        try:
            for step in self.script:
                if isinstance(step, Exception):
                    raise step
                yield Stepped((step,))
            while self.is_endless:
                await asyncio.sleep(0.001)
                yield Stepped((Added("x"),))
        finally:
            self.closed += 1

    def shutdown(self) -> None:
        self.is_dead = True


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": TEMPLATE, "eos_token": "</s>"}))
    return tmp_path


def chat(core: ScriptedCore, folder: Path, **values: int) -> VllmChat:
    config = ModelConfig("m", "chat", folder, engine="vllm", **{"context_tokens": 32, "max_sequences": 2} | values)  # type: ignore[arg-type]  # numbers alone
    return VllmChat(config, core, StepStats())


async def collected(engine: LocalEngine, request: GenerateRequest) -> list[Delta]:
    return [delta async for delta in engine.generate(request)]


async def test_a_conversation_becomes_a_prompt_and_steps_become_deltas(folder: Path) -> None:
    core = ScriptedCore((Added("Hel", (1, 2)), Added("", (3,)), Added("lo", (4,), "stop")))
    first, last = await collected(chat(core, folder), GenerateRequest("m", HI))
    assert (first.text, first.tokens) == ("Hel", (1, 2))
    assert (last.text, last.tokens, last.finish_reason) == ("lo", (3, 4), "stop")
    assert last.usage is not None
    assert (last.usage.prompt_tokens, last.usage.completion_tokens, last.usage.cached_tokens) == (2, 4, 2)
    assert core.asked[0][0] == [ord("h"), ord("i")]


async def test_sampling_is_told_in_vllms_words(folder: Path) -> None:
    core = ScriptedCore()
    sampling = SamplingParams(
        temperature=0.5, top_p=0.9, top_k=4, min_p=0.1, presence_penalty=0.2, frequency_penalty=0.3, repeat_penalty=1.1,
        seed=7, stop=("END",), max_tokens=5, logit_bias=((3, -1.0),), top_logprobs=2, ignore_eos=True,
    )  # fmt: skip
    await collected(chat(core, folder), GenerateRequest("m", prompt="a", sampling=sampling, priority="batch"))
    tokens, told, grammar, priority = core.asked[0]
    assert (tokens, grammar, priority) == ([0, ord("a")], None, 2)
    assert told == {
        "temperature": 0.5, "top_p": 0.9, "top_k": 4, "min_p": 0.1, "presence_penalty": 0.2, "frequency_penalty": 0.3,
        "repetition_penalty": 1.1, "seed": 7, "stop": ["END"], "max_tokens": 5, "logit_bias": {3: -1.0}, "logprobs": 2,
        "ignore_eos": True, "skip_special_tokens": True,
    }  # fmt: skip


async def test_log_probabilities_carry_the_bytes_of_their_tokens(folder: Path) -> None:
    found = {ord("a"): Chance(-0.5), ord("b"): Chance(-0.1)}
    core = ScriptedCore((Added("a", (ord("a"),), "length", (found,)),))
    sampling = SamplingParams(top_logprobs=1)
    (only,) = await collected(chat(core, folder), GenerateRequest("m", HI, sampling=sampling))
    assert only.logprobs[0].chosen.token == b"a"
    assert [chance.token for chance in only.logprobs[0].top] == [b"b"]


async def test_a_call_is_read_and_its_arguments_are_enforced(folder: Path) -> None:
    call = '{"name": "add", "arguments": {"a":1}}\n</tool_call>'
    core = ScriptedCore((Added(call, (1, 2), "stop"),))
    request = GenerateRequest("m", HI, tools=(TOOL,), tool_choice="required")
    deltas = await collected(chat(core, folder, context_tokens=4096), request)
    made = [piece for delta in deltas for piece in delta.tool_calls]
    assert (made[0].name, "".join(piece.arguments for piece in made)) == ("add", '{"a":1}')
    assert deltas[-1].finish_reason == "tool_calls"
    _, told, grammar, _ = core.asked[0]
    assert grammar is not None
    assert '"add' in grammar.replace("\\", "").replace('name": ', "")
    assert told["skip_special_tokens"] is False


async def test_a_prompt_that_does_not_fit_is_refused_before_vllm_sees_it(folder: Path) -> None:
    core = ScriptedCore()
    with pytest.raises(ContextOverflowError, match="needs 33 tokens"):
        await collected(chat(core, folder), GenerateRequest("m", (Message("user", "x" * 32),)))
    assert not core.asked
    await collected(chat(core, folder), GenerateRequest("m", (Message("user", "x" * 31),)))
    assert core.asked[0][1]["max_tokens"] == 1


async def test_closing_the_iterator_closes_the_generation(folder: Path) -> None:
    core = ScriptedCore((), is_endless=True)
    engine = chat(core, folder)
    deltas = engine.generate(GenerateRequest("m", HI))
    await anext(deltas)
    assert engine.stats().active == 1
    await deltas.aclose()  # type: ignore[attr-defined]  # it is a generator; the port promises less
    assert (core.closed, engine.stats().active) == (1, 0)


async def test_too_many_requests_are_sent_away_with_a_time(folder: Path) -> None:
    core = ScriptedCore((), is_endless=True)
    engine = chat(core, folder, max_queued=1)
    streams = [engine.generate(GenerateRequest("m", HI)) for _ in range(3)]
    await asyncio.gather(*map(anext, streams))
    with pytest.raises(OverloadedError, match="3 requests wait"):
        await collected(engine, GenerateRequest("m", HI))
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined]


async def test_a_dead_core_is_told_by_requests_and_by_the_numbers(folder: Path) -> None:
    core = ScriptedCore((Added("a"), EngineDiedError("gone")))
    engine = chat(core, folder)
    with pytest.raises(EngineDiedError):
        await collected(engine, GenerateRequest("m", HI))
    engine.stats()
    core.is_dead = True
    with pytest.raises(EngineDiedError, match="loaded anew"):
        engine.stats()
    with pytest.raises(EngineDiedError, match="loaded anew"):
        await collected(engine, GenerateRequest("m", HI))


async def test_an_answer_goes_on_after_the_tokens_of_an_engine_that_died(folder: Path) -> None:
    core = ScriptedCore((Added("c", (ord("c"),), "stop"),))
    made = (ord("a"), ord("b"))
    request = GenerateRequest("m", HI, sampling=SamplingParams(max_tokens=5), resume_tokens=made)
    (last,) = await collected(chat(core, folder), request)
    assert core.asked[0][0] == [ord("h"), ord("i"), *made]
    assert core.asked[0][1]["max_tokens"] == 3
    assert last.usage is not None
    assert (last.text, last.usage.prompt_tokens, last.usage.completion_tokens) == ("c", 2, 3)
    finished = GenerateRequest("m", HI, sampling=SamplingParams(max_tokens=2), resume_tokens=made)
    (end,) = await collected(chat(core, folder), finished)
    assert end.finish_reason == "length"
    assert len(core.asked) == 1


@pytest.mark.parametrize("reason", ["abort", "error"])
async def test_an_answer_that_vllm_gave_up_is_an_error(folder: Path, reason: str) -> None:
    with pytest.raises(EngineFailedError, match=reason):
        await collected(chat(ScriptedCore((Added("a", (1,), reason),)), folder), GenerateRequest("m", HI))


async def test_what_makes_no_sense_is_refused(folder: Path) -> None:
    engine = chat(ScriptedCore(), folder)
    with pytest.raises(UnknownModelError):
        await collected(engine, GenerateRequest("other", HI))
    with pytest.raises(InvalidRequestError, match="does not exist"):
        await collected(engine, GenerateRequest("m", prompt_tokens=(1_000,)))
    with pytest.raises(InvalidRequestError, match="adapters"):
        await collected(engine, GenerateRequest("m", HI, adapter="a"))


def test_without_vllm_the_error_says_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(EngineFailedError, match="engines install vllm"):
        create(ModelConfig("m", "chat", folder, engine="vllm"))


def test_only_models_that_generate_text_are_served(folder: Path) -> None:
    with pytest.raises(EngineFailedError, match="generates text"):
        create(ModelConfig("m", "embedding", folder, engine="vllm"))


@pytest.mark.parametrize(
    "rounded", [{"quant_method": "gptq"}, {"quant_method": "compressed-tensors", "format": "pack-quantized"}]
)
def test_weights_of_four_bits_are_refused_where_nothing_computes_with_them(
    tmp_path: Path, rounded: dict[str, str]
) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"quantization_config": rounded}))
    with pytest.raises(EngineFailedError, match="AVX-512"):
        weights_check(tmp_path, has_kernels=False)
    weights_check(tmp_path, has_kernels=True)
    (tmp_path / "config.json").write_text("{}")
    weights_check(tmp_path, has_kernels=False)
