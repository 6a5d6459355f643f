"""Quantizes a model to several types and reports on them: a chain of steps that goes on where it was interrupted.

<work>/plan.json        what is made of what: another plan starts anew
<work>/source.gguf      the float16 file that the types are made of, unless the source is one
<work>/importance.npz   with a calibration text
<work>/reference/       what the source predicts
<work>/<type>.gguf      a result, whole or not there; of llmcompressor's types, the folder <work>/<type>/
<work>/<type>.json      its row of the report
"""

import hashlib
import json
import os
import selectors
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import msgspec

from inference.engines.llama_threads import cores_available
from inference.isolation.process import environment
from inference.quantization import texts
from inference.quantization.errors import NotEnoughRoomError, QuantizationError, failure_of
from inference.quantization.kinds import COMPRESSED, Kind, kinds_of
from inference.quantization.report import SOURCE, Report, Row, recommend, row_of
from inference.quantization.room import Estimate, Source, estimate, folder_check, room_check, source_of
from inference.quantization.steps import (
    Compress,
    Convert,
    Done,
    Failed,
    Measure,
    Progress,
    Quantize,
    Refer,
    Step,
    Told,
    Weigh,
)

_POLL_S = 0.25
_IMPORTANCE_WINDOWS = 8
NOT_MEASURED = (
    "perplexity, KL and top 1 were computed by transformers in float32; speed and memory were not measured: they are "
    "those of vLLM, on the machine that serves the model"
)


class Cancelled(Exception):
    """Somebody does not want the job any more."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`source`: a GGUF or a folder of safetensors. The texts are files; None reads what the platform brings.

    `is_calibrated` without a text calibrates on the platform's own. `python` is the interpreter with llmcompressor, for
    the types that it makes, which are always calibrated.
    """

    model: str
    source: Path
    types: tuple[str, ...]
    work: Path
    calibration: Path | None = None
    is_calibrated: bool = False
    evaluation: Path | None = None
    keeps_files: bool = True
    python: Path | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Where the job is: `stage` is converting, calibrating, reading, quantizing or measuring; `done` of all, 0 to 1."""

    stage: str
    type: str
    done: float
    line: str = ""


Hear = Callable[[Update], None]


def run(plan: Plan, hear: Hear, is_cancelled: Callable[[], bool] = lambda: False) -> Report:
    """Do what is not done yet and return the report; the files lie in `plan.work` as `<type>.gguf`.

    Blocks. Raises QuantizationError, NotEnoughRoomError before or while it works, Cancelled, and BadModelFileError.
    Whatever happens, no half-written file stays; whole ones do, for the next attempt.
    """
    try:
        return _run(plan, hear, is_cancelled)
    except OSError as problem:
        raise failure_of(problem) from problem


def _run(plan: Plan, hear: Hear, is_cancelled: Callable[[], bool]) -> Report:
    kinds = kinds_of(plan.types)
    source = source_of(plan.source)
    folder_check(source, kinds)
    needs = estimate(source, kinds, plan.work)
    if not (plan.work / "plan.json").exists():
        room_check(needs)
    _open_work(plan)
    if kinds[0].method:
        return _compressed(plan, kinds, source, needs, _Job(plan, hear, is_cancelled, steps=len(kinds)))
    job = _Job(plan, hear, is_cancelled, steps=3 + 2 * len(kinds))
    base = job.base(source)
    importance = job.importance(base)
    rows = [job.reference(base, source, needs.windows)]
    for kind in kinds:
        rows.append(job.row(base, kind.name, importance, source))
    recommended, reason = recommend(rows)
    scored = json.loads((plan.work / "reference" / "quality.json").read_text())["tokens"]
    return Report(
        model=plan.model,
        rows=tuple(rows),
        recommended=recommended,
        reason=reason,
        text=texts.SOURCE if plan.evaluation is None else plan.evaluation.name,
        tokens=scored,
        calibration=_calibration(plan),
        threads=cores_available(),
        note="" if source.is_float or source.is_folder else "the source was quantized itself and was dequantized first",
    )


def _compressed(plan: Plan, kinds: tuple[Kind, ...], source: Source, needs: Estimate, job: "_Job") -> Report:
    made = [job.compressed(kind, source, needs.windows) for kind in kinds]
    rows = [made[0][0], *(row for _, row in made)]
    recommended, reason = recommend(rows)
    return Report(
        model=plan.model,
        rows=tuple(rows),
        recommended=recommended,
        reason=reason,
        text=texts.SOURCE if plan.evaluation is None else plan.evaluation.name,
        tokens=job.scored,
        calibration=_calibration(replace(plan, is_calibrated=True)),
        threads=cores_available(),
        note=NOT_MEASURED,
    )


def result_of(work: Path, kind: str) -> tuple[Path, str]:
    """Return where a job's result lies, and the engine that serves it where that is not the usual one."""
    return (work / kind, "vllm") if kind in COMPRESSED else (work / f"{kind}.gguf", "")


def _calibration(plan: Plan) -> str:
    if plan.calibration is not None:
        return plan.calibration.name
    return texts.CALIBRATION_SOURCE if plan.is_calibrated else ""


def _open_work(plan: Plan) -> None:
    """Make the folder, or keep it when it is of the same plan; what an attempt left half-written goes."""
    stat = plan.source.stat()
    told = {
        "source": [str(plan.source), stat.st_size, stat.st_mtime_ns],
        "calibration": _digest(plan.calibration) if plan.calibration else plan.is_calibrated,
        "evaluation": _digest(plan.evaluation) if plan.evaluation else "",
    }
    path = plan.work / "plan.json"
    if path.exists() and json.loads(path.read_text("utf-8")) != told:
        shutil.rmtree(plan.work)
    plan.work.mkdir(parents=True, exist_ok=True, mode=0o700)
    for partial in plan.work.glob(".*.partial"):
        shutil.rmtree(partial) if partial.is_dir() else partial.unlink(missing_ok=True)
    path.write_text(json.dumps(told), encoding="utf-8")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class _Job:
    """One attempt; counts the steps that lie behind it."""

    def __init__(self, plan: Plan, hear: Hear, is_cancelled: Callable[[], bool], steps: int) -> None:
        self._plan = plan
        self._hear = hear
        self._is_cancelled = is_cancelled
        self._steps = steps
        self._done = 0
        self.scored = 0

    def base(self, source: Source) -> Path:
        """Return the float file that everything is made of."""
        target = self._plan.work / "source.gguf"
        if source.is_float:
            target = source.path
        elif not target.exists() and source.is_folder:
            self._perform(Convert(str(source.path), str(target)), "converting", "")
        elif not target.exists():
            self._perform(Quantize(str(source.path), str(target), "f16"), "converting", "")
        self._done += 1
        return target

    def importance(self, base: Path) -> Path | None:
        """Return the file of importances, None where nobody wants them."""
        if self._plan.calibration is None and not self._plan.is_calibrated:
            self._done += 1
            return None
        target = self._plan.work / "importance.npz"
        if not target.exists():
            text = self._text(self._plan.calibration, texts.calibration_text, "calibration.txt")
            step = Weigh(str(base), str(text), str(target), _IMPORTANCE_WINDOWS)
            self._perform(step, "calibrating", "")
        self._done += 1
        return target

    def reference(self, base: Path, source: Source, windows: int) -> Row:
        """Return the row of the source."""
        known = self._plan.work / "source.json"
        if not known.exists():
            text = self._text(self._plan.evaluation, texts.held_text, "evaluation.txt")
            folder = self._plan.work / "reference"
            figures = self._perform(Refer(str(base), str(text), str(folder), windows), "reading", "")
            _row_write(known, _row(SOURCE, figures, source))
        self._done += 1
        return _row_read(known)

    def row(self, base: Path, kind: str, importance: Path | None, source: Source) -> Row:
        """Return the row of one type, made and measured unless it was before."""
        known, target = self._plan.work / f"{kind}.json", self._plan.work / f"{kind}.gguf"
        if not known.exists() or (self._plan.keeps_files and not target.exists()):
            step = Quantize(str(base), str(target), kind, str(importance or ""))
            figures = self._perform(step, "quantizing", kind)
            self._done += 1
            figures |= self._perform(Measure(str(target), str(self._plan.work / "reference")), "measuring", kind)
            self._done += 1
            _row_write(known, _row(kind, figures, source))
            if not self._plan.keeps_files:
                target.unlink()
        else:
            self._done += 2
        return _row_read(known)

    def compressed(self, kind: Kind, source: Source, windows: int) -> tuple[Row, Row]:
        """Return the rows of the source and of one of llmcompressor's types, made and measured unless it was before."""
        known, target = self._plan.work / f"{kind.name}.json", self._plan.work / kind.name
        beside = self._plan.work / f"{kind.name}.source.json"
        if not (known.exists() and target.exists()):
            shutil.rmtree(target, ignore_errors=True)  # its figures ended with the process
            calibration = self._text(self._plan.calibration, texts.calibration_text, "calibration.txt")
            evaluation = self._text(self._plan.evaluation, texts.held_text, "evaluation.txt")
            step = Compress(str(source.path), str(target), kind.method, str(calibration), str(evaluation), windows)
            figures = self._perform(step, "quantizing", kind.name)
            start = f"{SOURCE}."
            of_source = {name.removeprefix(start): value for name, value in figures.items() if name.startswith(start)}
            _row_write(beside, _row(SOURCE, of_source, source))
            (self._plan.work / "scored").write_text(str(int(float(figures["tokens"]))))
            _row_write(known, _row(kind.name, figures, source))
        self._done += 1
        self.scored = int((self._plan.work / "scored").read_text())
        return _row_read(beside), _row_read(known)

    def _text(self, given: Path | None, own: Callable[[], str], name: str) -> Path:
        if given is not None:
            return given
        path = self._plan.work / name
        path.write_text(own(), encoding="utf-8")
        return path

    def _perform(self, step: Step, stage: str, kind: str) -> dict[str, float | str]:
        self._tell(stage, kind, 0.0)
        for told in _told(step, self._is_cancelled, self._plan.python):
            match told:
                case Progress(done, line):
                    self._tell(stage, kind, done, line)
                case Failed(code, message):
                    raise NotEnoughRoomError(message) if code == NotEnoughRoomError.code else QuantizationError(message)
                case Done(figures):
                    return figures
        raise AssertionError("unreachable: the last thing told is an end")

    def _tell(self, stage: str, kind: str, done: float, line: str = "") -> None:
        self._hear(Update(stage, kind, (self._done + done) / self._steps, line))


_UNMEASURED = {"quantize_s": 0.0, "prefill_tokens_s": 0.0, "decode_tokens_s": 0.0, "memory_bytes": 0}


def _row(kind: str, figures: dict[str, float | str], source: Source) -> Row:
    bits = 8 * float(figures["data_bytes"]) / source.parameters
    known = {name: value for name, value in figures.items() if name in Row.__slots__}
    return row_of({**_UNMEASURED, **known, "type": kind, "bits_per_weight": bits})


def _row_write(path: Path, row: Row) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_text(json.dumps(asdict(row)), encoding="utf-8")
    partial.replace(path)


def _row_read(path: Path) -> Row:
    return row_of(json.loads(path.read_text(encoding="utf-8")))


def _told(step: Step, is_cancelled: Callable[[], bool], python: Path | None) -> Iterator[Told]:
    """Run the step in a process of its own and yield what it tells, an end last. Kills it when nobody wants it."""
    command = [str(python or sys.executable), "-P", "-m", "inference.quantization.steps", str(os.getpid())]
    process = subprocess.Popen(  # noqa: S603  # our own module, no shell
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(os.environ),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(msgspec.json.encode(step))
        process.stdin.close()
        for line in _lines(process, is_cancelled):
            told: Told = msgspec.json.decode(line, type=Told)
            yield told
            if not isinstance(told, Progress):
                return
        status = process.wait()
        ended = f"signal {-status}" if status < 0 else f"status {status}"
        raise QuantizationError(
            f"The step's process ended ({ended}): memory ran out, it was killed, or the file is damaged."
        )
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _lines(process: "subprocess.Popen[bytes]", is_cancelled: Callable[[], bool]) -> Iterator[bytes]:
    assert process.stdout is not None
    rest, asked_s = b"", time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if time.monotonic() - asked_s >= _POLL_S:
                asked_s = time.monotonic()
                if is_cancelled():
                    raise Cancelled
            if not selector.select(_POLL_S):
                continue
            block = os.read(process.stdout.fileno(), 65_536)
            if not block:
                return
            *whole, rest = (rest + block).split(b"\n")
            yield from whole
