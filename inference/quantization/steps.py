"""python -m inference.quantization.steps PARENT: do one step of a job, asked on stdin, told on stdout as JSON lines.

Each step has a process of its own: it can be killed at any moment, gives back its memory, has no network, and takes
nothing with it when a file makes C code fail.
"""

import hashlib
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import assert_never

import msgspec
from safetensors import SafetensorError

from inference.errors import InferenceError
from inference.gguf_header import check_gguf
from inference.isolation.confine import confine
from inference.quantization.compress import Wish, compress
from inference.quantization.convert import convert
from inference.quantization.errors import QuantizationError, failure_of
from inference.quantization.importance import importance_of, importance_read, importance_write
from inference.quantization.kinds import KINDS
from inference.quantization.measure import Quality, Speed, figures_of, reference_write
from inference.quantization.quantize import quantize
from inference.quantization.report import SOURCE


class Convert(msgspec.Struct, tag=True, frozen=True):
    """A folder of safetensors to a GGUF of float16."""

    source: str
    target: str


class Quantize(msgspec.Struct, tag=True, frozen=True):
    """A GGUF to one of another type; `importance` is a file or empty."""

    source: str
    target: str
    kind: str
    importance: str = ""


class Weigh(msgspec.Struct, tag=True, frozen=True):
    """Which columns matter for the text in a file."""

    source: str
    text: str
    target: str
    windows: int


class Refer(msgspec.Struct, tag=True, frozen=True):
    """What the source predicts for the text in a file."""

    source: str
    text: str
    folder: str
    windows: int


class Measure(msgspec.Struct, tag=True, frozen=True):
    """How a file compares with the source, whose predictions are in `folder`."""

    source: str
    folder: str


class Compress(msgspec.Struct, tag=True, frozen=True):
    """A folder of safetensors to one of four bits, in llmcompressor's environment; the texts are files."""

    source: str
    target: str
    method: str
    calibration: str
    evaluation: str
    windows: int


Step = Convert | Quantize | Weigh | Refer | Measure | Compress


class Progress(msgspec.Struct, tag=True, frozen=True):
    """How far the step is, from 0 to 1, perhaps with a line for the log."""

    done: float
    line: str = ""


class Done(msgspec.Struct, tag=True, frozen=True):
    """The step's figures."""

    figures: dict[str, float | str]


class Failed(msgspec.Struct, tag=True, frozen=True):
    """Why it came to nothing."""

    code: str
    message: str


Told = Progress | Done | Failed
_QUIET_S = 0.2


class _Teller:
    """Writes what the parent reads, progress at most five times a second."""

    def __init__(self) -> None:
        self._last_s = 0.0
        # What C code prints must not come between our lines.
        self._out = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)

    def tell(self, told: Told) -> None:
        self._out.write(msgspec.json.encode(told) + b"\n")

    def progress(self, done: float, line: str = "") -> None:
        now = time.monotonic()
        if line or now - self._last_s >= _QUIET_S:
            self._last_s = now
            self.tell(Progress(done, line))


def perform(step: Step, teller: _Teller) -> dict[str, float | str]:
    """Do the step and return its figures."""
    match step:
        case Convert(source, target):
            convert(Path(source), Path(target), teller.progress)
            return {}
        case Quantize(source, target, kind, importance):
            started = time.perf_counter()
            weights = importance_read(Path(importance)) if importance and KINDS[kind].is_worth_calibrating else None
            quantize(Path(source), Path(target), KINDS[kind], weights, teller.progress)
            return {"quantize_s": time.perf_counter() - started}
        case Weigh(source, text, target, windows):
            found = importance_of(Path(source), Path(text).read_text("utf-8"), windows, teller.progress)
            importance_write(Path(target), found)
            return {"tensors": len(found)}
        case Refer(source, text, folder, windows):
            words = Path(text).read_text("utf-8")
            return _figures(Path(source), *reference_write(Path(source), words, windows, Path(folder), teller.progress))
        case Measure(source, folder):
            return _figures(Path(source), *figures_of(Path(source), Path(folder), teller.progress))
        case Compress(source, target, method, calibration, evaluation, windows):
            started = time.perf_counter()
            wish = Wish(method, Path(calibration).read_text("utf-8"), Path(evaluation).read_text("utf-8"), windows)
            before, after = compress(Path(source), Path(target), wish, teller.progress)
            told = {f"{SOURCE}.{name}": value for name, value in (asdict(before) | _sizes(Path(source))).items()}
            return {**asdict(after), **_sizes(Path(target)), "quantize_s": time.perf_counter() - started, **told}
        case other:
            assert_never(other)


def _figures(path: Path, speed: Speed, quality: Quality) -> dict[str, float | str]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    sizes = {"size_bytes": path.stat().st_size, "data_bytes": check_gguf(path).data_bytes}
    return {**asdict(speed), **asdict(quality), **sizes, "sha256": digest}


def _sizes(folder: Path) -> dict[str, int]:
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    return {"size_bytes": size, "data_bytes": size}


def main(arguments: list[str]) -> int:
    """Do the step on stdin; 0 when it is done."""
    teller = _Teller()
    confine(int(arguments[0]))
    os.umask(0o077)
    try:
        step = msgspec.json.decode(sys.stdin.buffer.read(), type=Step)
        teller.tell(Done(perform(step, teller)))
    except OSError as problem:
        failure = failure_of(problem)
        teller.tell(Failed(failure.code, failure.message))
        return 1
    except (InferenceError, SafetensorError, ValueError, MemoryError) as problem:
        code = problem.code if isinstance(problem, InferenceError) else QuantizationError.code
        teller.tell(Failed(code, str(problem) or "Memory ran out."))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
