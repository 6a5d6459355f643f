"""Jobs of quantization: their report, and what they leave when they are interrupted, refused or out of room."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from inference.quantization import room
from inference.quantization.errors import NotEnoughRoomError, QuantizationError
from inference.quantization.job import Cancelled, Plan, Update, run
from inference.quantization.kinds import KINDS, kinds_of
from inference.quantization.report import HEADINGS, RULE, SOURCE, Row, recommend, table
from tests.inference.tiny_models import weights_of, write_folder

# Whole jobs, one after the other: each computes with several models, on the one core that it keeps to.
pytestmark = [pytest.mark.model, pytest.mark.xdist_group("quantization")]


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[Plan]:
    """A tiny llama to two types; its context of 128 tokens keeps all texts short.

    On one core: threads of a busy machine wait for each other at every layer, and these layers are tiny.
    """
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    folder = write_folder(tmp_path / "source", "llama")
    yield Plan("tiny", folder, ("q4_0", "q8_0"), tmp_path / "work", is_calibrated=True)
    os.sched_setaffinity(0, cores)


def half_written(plan: Plan) -> list[str]:
    return [path.name for path in plan.work.rglob("*") if path.name.endswith(".partial")]


def test_a_job_ends_in_files_and_a_report_of_them(plan: Plan) -> None:
    updates: list[Update] = []
    report = run(plan, updates.append)
    assert [row.type for row in report.rows] == [SOURCE, "q8_0", "q4_0"]
    source, q8, q4 = report.rows
    assert source.kl_mean < 1e-4
    assert source.top1_agreement == 1.0
    assert source.kl_mean < q8.kl_mean < q4.kl_mean
    assert 16 < source.bits_per_weight < 16.5
    assert 8.5 <= q8.bits_per_weight < 10
    for row in report.rows:
        assert row.perplexity > 1
        assert row.decode_tokens_s > 0
        assert row.memory_bytes > 0
    for kind in plan.types:
        assert (plan.work / f"{kind}.gguf").stat().st_size == next(r.size_bytes for r in report.rows if r.type == kind)
    assert {update.stage for update in updates} == {"converting", "calibrating", "reading", "quantizing", "measuring"}
    done = [update.done for update in updates]
    assert done == sorted(done)
    assert done[-1] <= 1
    assert half_written(plan) == []
    assert [len(line) for line in table(report)] == [len(HEADINGS)] * 3
    assert report.to_json()["rule"] == RULE


def test_calibration_changes_the_weights_and_nothing_else(plan: Plan) -> None:
    only = replace(plan, types=("q4_0",))
    run(only, lambda _: None)
    calibrated = (plan.work / "q4_0.gguf").read_bytes()
    run(replace(only, is_calibrated=False), lambda _: None)
    plain = (plan.work / "q4_0.gguf").read_bytes()
    assert calibrated != plain
    assert abs(len(calibrated) - len(plain)) < 4096


def test_an_interrupted_job_goes_on_where_it_was(plan: Plan) -> None:
    calls = 0

    def is_cancelled() -> bool:
        return calls > 0

    def hear(update: Update) -> None:
        nonlocal calls
        if update.type == "q4_0":
            calls += 1

    with pytest.raises(Cancelled):
        run(plan, hear, is_cancelled)
    assert half_written(plan) == []
    first = (plan.work / "q8_0.gguf").stat().st_mtime_ns
    updates: list[Update] = []
    report = run(plan, updates.append)
    assert [row.type for row in report.rows] == [SOURCE, "q8_0", "q4_0"]
    assert (plan.work / "q8_0.gguf").stat().st_mtime_ns == first
    assert {update.type for update in updates} == {"q4_0"}


SCRIPT = """
import sys
from pathlib import Path
from inference.quantization.job import Plan, run
run(Plan("tiny", Path(sys.argv[1]), ("q4_0", "q8_0"), Path(sys.argv[2])), lambda u: print(u.stage, u.type, flush=True))
"""


def test_killed_in_the_middle_it_leaves_no_process_and_the_next_attempt_ends_it(plan: Plan) -> None:
    plain = replace(plan, is_calibrated=False)
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(plan.source), str(plan.work)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("measuring q8_0"):
            break
    deadline = time.monotonic() + 10
    children: list[str] = []
    while not children and time.monotonic() < deadline:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGKILL)
    process.stdout.close()
    process.wait()
    assert children
    deadline = time.monotonic() + 10
    while any(_is_running(int(child)) for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_is_running(int(child)) for child in children)
    report = run(plain, lambda _: None)
    assert [row.type for row in report.rows] == [SOURCE, "q8_0", "q4_0"]
    assert half_written(plan) == []


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except OSError:
        return False


@contextmanager
def files_at_most(size_bytes: int) -> Iterator[None]:
    """Let no process that starts meanwhile write a larger file: what a full disk does, for those alone."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size_bytes", [30_000, 130_000])
def test_a_disk_that_fills_up_ends_the_job_with_the_reason(size_bytes: int, plan: Plan) -> None:
    """Once while it is converted, and once while it is quantized from a file that was there."""
    if size_bytes > 100_000:
        with pytest.raises(Cancelled):
            run(plan, lambda _: None, (plan.work / "reference" / "quality.json").exists)
        assert (plan.work / "source.gguf").stat().st_size > size_bytes
    with files_at_most(size_bytes), pytest.raises(NotEnoughRoomError, match="disk"):
        run(replace(plan, types=("f16",)), lambda _: None)
    assert half_written(plan) == []
    assert not (plan.work / "f16.gguf").exists()


def test_a_model_larger_than_memory_is_refused_before_anything_is_made(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "available_bytes", lambda: 100 * 2**20)
    with pytest.raises(NotEnoughRoomError, match=r"of memory are needed.*missing"):
        run(plan, lambda _: None)
    assert not plan.work.exists()


def test_a_disk_too_small_for_all_types_is_refused_before_anything_is_made(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: _Usage)
    with pytest.raises(NotEnoughRoomError, match=r"of disk are needed.*missing"):
        run(plan, lambda _: None)
    assert not plan.work.exists()


class _Usage:
    free = 10 * 2**20


def test_a_step_that_dies_is_told_as_such(plan: Plan) -> None:
    weights = weights_of("llama")
    folder = write_folder(
        plan.work.parent / "bad", "llama", {**weights, "model.norm.weight": weights["model.norm.weight"][:3]}
    )
    with pytest.raises(QuantizationError, match="cannot open"):
        run(replace(plan, source=folder), lambda _: None)
    assert half_written(plan) == []


def test_types_are_named_without_regard_to_case_and_unknown_ones_are_refused() -> None:
    assert [kind.name for kind in kinds_of(("Q2_K", "q8_0", "IQ4_XS", "q8_0"))] == ["q8_0", "iq4_xs", "q2_K"]
    with pytest.raises(QuantizationError, match=r"'q9'.*q4_K_M"):
        kinds_of(("q9",))
    assert len(KINDS) == 12


def row(kind: str, size: int, perplexity: float, top1: float, kl: float) -> Row:
    return Row(kind, size, 4.0, perplexity, 0.1, kl, kl * 9, top1, 100, 50, size, 1.0)


def test_the_smallest_that_stays_close_is_recommended() -> None:
    source = row(SOURCE, 100, 10.0, 1.0, 0.0)
    rows = [
        source,
        row("q8_0", 50, 10.01, 0.99, 0.001),
        row("q5_0", 30, 10.29, 0.91, 0.02),
        row("q2_K", 20, 12, 0.8, 0.3),
    ]
    kind, reason = recommend(rows)
    assert kind == "q5_0"
    assert "30% of its size" in reason
    assert recommend([source, *rows[3:]])[0] == "q2_K"
    assert "none stays within" in recommend([source, *rows[3:]])[1]
    assert recommend([source]) == ("", "")
