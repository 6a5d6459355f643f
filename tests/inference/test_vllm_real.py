"""vLLM itself on this machine's processor, with a tiny Llama made here: `./atelier test --vllm`."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from inference.config import ModelConfig
from inference.errors import ContextOverflowError, InvalidRequestError
from inference.isolation.engine import Limits, ProcessEngine
from inference.store.files import ModelStore
from inference.types import Delta, GenerateRequest, Message, SamplingParams, ToolSpec
from tests.inference import tiny_models

FACTORY = "inference.engines.vllm:create"
ENGINES = os.environ.get("ATELIER_TEST_ENGINES", "")
# One model for all: loading takes minutes on two cores.
pytestmark = [
    pytest.mark.vllm,
    pytest.mark.skipif(not ENGINES, reason="./atelier test --vllm installs vLLM and says where"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("vllm"),
]
HELLO = (Message("user", "hello"),)
COLOUR = ToolSpec(
    "colour", "Takes a colour.", {"type": "object", "properties": {"c": {"enum": ["r", "g"]}}, "required": ["c"]}
)


def configured(home: Path, folder: Path) -> ModelConfig:
    """Return how the store has a folder served with vLLM."""
    (home / "engines").symlink_to(ENGINES)
    # A template that knows tools: written out in words they would not fit into 128 tokens.
    settings = {"bos_token": "<s>", "eos_token": "</s>", "chat_template": "{{ messages[0]['content'] }}{# tools #}"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    store = ModelStore(home)
    store.engine_set(store.add(folder, model="tiny").id, "vllm")
    return store.config("tiny")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ProcessEngine]:
    home = tmp_path_factory.mktemp("home")
    config = configured(home, tiny_models.write_folder(tmp_path_factory.mktemp("model") / "tiny", "llama3"))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    made = await ProcessEngine.start(config, FACTORY, Limits(load_s=1500, silence_s=120, step_s=300))
    try:
        yield made
    finally:
        await made.aclose()


def ask(*, max_tokens: int = 12, **values: object) -> GenerateRequest:
    sampling = SamplingParams(temperature=0.0, max_tokens=max_tokens, **values)  # type: ignore[arg-type]  # by name
    return GenerateRequest("tiny", HELLO, sampling=sampling)


async def answered(engine: ProcessEngine, request: GenerateRequest) -> tuple[str, Delta]:
    seen = [delta async for delta in engine.generate(request)]
    return "".join(delta.text for delta in seen), seen[-1]


async def test_the_same_question_has_the_same_answer_and_is_counted(engine: ProcessEngine) -> None:
    text, last = await answered(engine, ask(ignore_eos=True))
    assert (await answered(engine, ask(ignore_eos=True)))[0] == text != ""
    assert last.finish_reason == "length"
    assert last.usage is not None
    assert last.usage.completion_tokens == 12
    assert last.usage.prompt_tokens == await engine.count_tokens(ask())


async def test_an_answer_ends_before_a_stop_text(engine: ProcessEngine) -> None:
    whole, _ = await answered(engine, ask(ignore_eos=True))
    stop = whole[len(whole) // 2 :][:2]
    text, last = await answered(engine, ask(ignore_eos=True, stop=(stop,)))
    assert text == whole[: whole.index(stop)]
    assert last.finish_reason == "stop"


async def test_log_probabilities_belong_to_the_tokens_of_the_answer(engine: ProcessEngine) -> None:
    seen = [delta async for delta in engine.generate(ask(top_logprobs=2, ignore_eos=True))]
    found = [one for delta in seen for one in delta.logprobs]
    assert len(found) == 12
    assert all(one.chosen == one.top[0] and len(one.top) == 2 for one in found)


async def test_an_answer_obeys_its_schema(engine: ProcessEngine) -> None:
    schema = {"type": "object", "properties": {"a": {"enum": [1, 2]}}, "required": ["a"], "additionalProperties": False}
    request = GenerateRequest("tiny", HELLO, response_schema=schema, sampling=SamplingParams(max_tokens=60))
    text, last = await answered(engine, request)
    assert json.loads(text) in ({"a": 1}, {"a": 2})
    assert last.finish_reason == "stop"


async def test_a_tool_that_must_be_called_is_called_with_arguments_of_its_schema(engine: ProcessEngine) -> None:
    request = GenerateRequest(
        "tiny", HELLO, tools=(COLOUR,), tool_choice="required", tool_name="colour",
        sampling=SamplingParams(max_tokens=80),
    )  # fmt: skip
    seen = [delta async for delta in engine.generate(request)]
    pieces = [piece for delta in seen for piece in delta.tool_calls]
    assert pieces[0].name == "colour"
    assert json.loads("".join(piece.arguments for piece in pieces)) in ({"c": "r"}, {"c": "g"})
    assert seen[-1].finish_reason == "tool_calls"


async def test_a_prompt_that_is_too_long_is_refused(engine: ProcessEngine) -> None:
    long = GenerateRequest("tiny", (Message("user", "hello " * 300),))
    with pytest.raises(ContextOverflowError, match="128"):
        await answered(engine, long)
    with pytest.raises(InvalidRequestError, match="does not exist"):
        await answered(engine, GenerateRequest("tiny", prompt_tokens=(tiny_models.VOCABULARY,)))


async def test_who_leaves_frees_the_engine(engine: ProcessEngine) -> None:
    deltas = engine.generate(ask(max_tokens=100, ignore_eos=True))
    await anext(deltas)
    await deltas.aclose()  # type: ignore[attr-defined]  # it is a generator; the port promises less
    async with asyncio.timeout(60):
        while engine.stats().active or engine.stats().kv_used:
            await asyncio.sleep(0.05)


async def test_eight_questions_at_once_are_answered_like_one_alone(engine: ProcessEngine) -> None:
    answers = await asyncio.gather(*(answered(engine, ask(ignore_eos=True)) for _ in range(8)))
    assert {last.usage.completion_tokens for _, last in answers if last.usage} == {12}
    assert all(text for text, _ in answers)


async def test_an_engine_whose_core_is_killed_is_replaced_and_the_answer_comes(engine: ProcessEngine) -> None:
    running = asyncio.create_task(answered(engine, ask(max_tokens=60, ignore_eos=True)))
    os.kill(core_of(engine), signal.SIGKILL)
    text, last = await running
    assert text
    assert last.usage is not None
    assert last.usage.completion_tokens == 60
    assert engine.stats().restarts == 1


def core_of(engine: ProcessEngine) -> int:
    """Return the process that vLLM computes in."""
    for folder in Path("/proc").glob("[0-9]*"):
        parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
        if int(parent) == engine.pid and "EngineCore" in (folder / "cmdline").read_text().replace("\0", " "):
            return int(folder.name)
    raise AssertionError("vLLM has no process of its own")
