"""GPTQ and AWQ: what is refused at once, and, with llmcompressor's packages, whole jobs (`./atelier test --vllm`)."""

import json
import os
from pathlib import Path

import pytest

from inference.engines.vllm_wire import has_kernels
from inference.errors import EngineFailedError, EngineMissingError
from inference.isolation.engine import Limits, ProcessEngine
from inference.quantization.errors import QuantizationError, UnsupportedModelError
from inference.quantization.job import NOT_MEASURED, Cancelled, Plan, Update, result_of, run
from inference.quantization.kinds import COMPRESSED, kinds_of
from inference.quantization.report import SOURCE, table
from inference.quantization.room import estimate, folder_check, source_of
from inference.store.engines import COMPRESSOR, INSTALLED, compressor_python, environment_folder
from inference.store.files import ModelStore
from inference.types import GenerateRequest, Message, SamplingParams
from tests.inference.tiny_gguf import write_gguf
from tests.inference.tiny_models import write_folder

ENGINES = os.environ.get("ATELIER_TEST_ENGINES", "/nowhere")
PYTHON = Path(ENGINES) / COMPRESSOR / "bin" / "python"
BOTH = tuple(COMPRESSED)
real = [
    pytest.mark.vllm,
    pytest.mark.skipif(not PYTHON.exists(), reason="./atelier test --vllm installs llmcompressor and says where"),
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("quantization"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A tiny llama whose heads are as wide as vLLM wants them, with a context for whole windows."""
    made = write_folder(tmp_path / "tiny", "llama")
    described = json.loads((made / "config.json").read_text())
    own = {"num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 512}
    (made / "config.json").write_text(json.dumps(described | own))
    return made


@pytest.fixture
def plan(folder: Path, tmp_path: Path) -> Plan:
    return Plan("tiny", folder, BOTH, tmp_path / "work", python=PYTHON)


def test_folders_and_ggufs_are_made_in_jobs_of_their_own() -> None:
    assert tuple(kind.name for kind in kinds_of(("AWQ-W4A16", "gptq-w4a16"))) == BOTH
    with pytest.raises(QuantizationError, match="two jobs"):
        kinds_of(("gptq-w4a16", "q4_0"))
    with pytest.raises(QuantizationError, match=r"q2_K.*awq-w4a16"):
        kinds_of(("gptq",))


def test_they_begin_with_safetensors_that_nobody_rounded(folder: Path, tmp_path: Path) -> None:
    kinds = kinds_of(BOTH)
    folder_check(source_of(folder), kinds)
    with pytest.raises(UnsupportedModelError, match="is a GGUF"):
        folder_check(source_of(write_gguf(tmp_path / "small.gguf")), kinds)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"quantization_config": {"quant_method": "gptq"}}))
    with pytest.raises(UnsupportedModelError, match="rounded already"):
        folder_check(source_of(folder), kinds)


def test_the_estimate_counts_weights_in_float32_and_both_folders(folder: Path, tmp_path: Path) -> None:
    source = source_of(folder)
    needs = estimate(source, kinds_of(BOTH), tmp_path)
    assert set(needs.sizes) == set(BOTH)
    assert needs.disk_bytes > 2 * 2 * source.parameters
    assert needs.memory_bytes > 4 * source.parameters


def test_without_llmcompressor_its_command_is_named(tmp_path: Path) -> None:
    with pytest.raises(EngineMissingError, match=r"`\./atelier engines install llmcompressor`"):
        compressor_python(tmp_path)
    made = environment_folder(tmp_path, COMPRESSOR)
    made.mkdir(parents=True)
    (made / INSTALLED).touch()
    assert compressor_python(tmp_path) == made / "bin" / "python"


class TestWithLlmcompressor:
    """Whole jobs, each a minute or two on a processor."""

    pytestmark = real

    def test_a_job_ends_in_folders_for_vllm_and_says_what_was_not_measured(self, plan: Plan) -> None:
        updates: list[Update] = []
        report = run(plan, updates.append)
        assert [row.type for row in report.rows] == [SOURCE, *BOTH]
        source, *made = report.rows
        assert (source.kl_mean, source.top1_agreement) == (0.0, 1.0)
        for row in made:
            assert row.size_bytes < source.size_bytes / 3
            assert 0 < row.kl_mean < 1
            assert 1 / 320 < row.top1_agreement < 1
            assert (row.prefill_tokens_s, row.decode_tokens_s, row.memory_bytes) == (0, 0, 0)
        assert report.note == NOT_MEASURED
        assert report.calibration
        assert [line[-1] for line in table(report)] == ["-", "-", "-"]
        done = [update.done for update in updates]
        assert done == sorted(done)
        for kind in BOTH:
            folder, engine = result_of(plan.work, kind)
            weights = json.loads((folder / "config.json").read_text())["quantization_config"]
            assert (weights["quant_method"], weights["format"], engine) == (
                "compressed-tensors",
                "pack-quantized",
                "vllm",
            )
            assert weights["config_groups"]["group_0"]["weights"]["group_size"] == 64
            assert (folder / "tokenizer.json").is_file()
        before = (result_of(plan.work, BOTH[0])[0] / "model.safetensors").stat().st_mtime_ns
        assert run(plan, updates.append) == report, "nothing is made twice"
        assert (result_of(plan.work, BOTH[0])[0] / "model.safetensors").stat().st_mtime_ns == before

    def test_one_that_is_cancelled_leaves_nothing_half_written(self, plan: Plan) -> None:
        heard: list[Update] = []
        with pytest.raises(Cancelled):
            run(plan, heard.append, lambda: any(update.done > 0 for update in heard))
        assert not [path for path in plan.work.iterdir() if path.is_dir() or "partial" in path.name]

    async def test_vllm_serves_the_folder_or_says_which_processor_it_lacks(self, plan: Plan, tmp_path: Path) -> None:
        run(plan, lambda _: None)
        home = tmp_path / "home"
        home.mkdir()
        (home / "engines").symlink_to(ENGINES)
        store = ModelStore(home)
        folder, engine = result_of(plan.work, "gptq-w4a16")
        made = store.add(folder, model="small", engine=engine)
        assert made.engine == "vllm"
        starting = ProcessEngine.start(
            store.config("small"), "inference.engines.vllm:create", Limits(load_s=1500, silence_s=120, step_s=300)
        )
        if not has_kernels():
            with pytest.raises(EngineFailedError, match="AVX-512"):
                await starting
            return
        served = await starting
        try:
            sampling = SamplingParams(temperature=0.0, max_tokens=4, ignore_eos=True)
            request = GenerateRequest("small", (Message("user", "hello"),), sampling=sampling)
            seen = [delta async for delta in served.generate(request)]
            assert seen[-1].finish_reason == "length"
        finally:
            await served.aclose()
