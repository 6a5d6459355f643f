"""The four servers of the comparison, each as a context manager that yields where to ask it."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from backend.cli.benches.serve.processes import free_port, running, wait_until_ready
from backend.cli.benches.serve.wire import Target
from backend.cli.errors import CommandError
from inference.config import CHAT_MODEL, CHAT_MODEL_BASE, builtin_models

# Eight streams, and a prompt of 2,000 tokens with its answer for each of them.
SLOTS = 8
_SLOT_TOKENS = 2560


@dataclass(frozen=True)
class Threads:
    """Threads for one token at a time, and for prompts and large batches."""

    decode: int
    batch: int

    def __str__(self) -> str:
        return f"-t {self.decode} -tb {self.batch}"


@dataclass(frozen=True)
class Server:
    """A server that runs: where to ask it, and its process."""

    target: Target
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.target.port}"


def model_file() -> Path:
    """The GGUF that all of them load."""
    return next(model.path for model in builtin_models(Path()) if model.id == CHAT_MODEL)


@contextlib.contextmanager
def _served(
    name: str,
    command: list[str],
    port: int,
    log: Path,
    extra: dict[str, object],
    ready: str,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    with running([*command, "--port", str(port)], log, environment=environment) as process:
        server = Server(Target(name, port, extra), process)
        wait_until_ready(process, f"{server.url}{ready}", log)
        yield server


@contextlib.contextmanager
def ours(folder: Path, scheduling: str = "mlfq") -> Iterator[Server]:
    """Our inference server, with a home of its own in `folder`."""
    home = folder / "ours"
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "inference.server", "--home", str(home)]
    if scheduling != "mlfq":
        command += ["--scheduling", scheduling]
    with _served("ours", command, free_port(), folder / "ours.log", {"model": CHAT_MODEL_BASE}, "/health") as server:
        yield server


def _stock(libraries: Path) -> Mapping[str, str]:
    """Have llama-cpp-python load llama.cpp as its source makes it; what we add to ours is no part of a peer."""
    return {"LLAMA_CPP_LIB_PATH": str(libraries)}


@contextlib.contextmanager
def locked_llama(folder: Path, python: Path, libraries: Path, threads: Threads) -> Iterator[Server]:
    """`Llama` behind a lock; its Python has what that class imports beyond our own needs."""
    command = [
        *(str(python), str(Path(__file__).with_name("locked_llama.py"))),
        *("--model", str(model_file()), "--context", str(_SLOT_TOKENS)),
        *("--threads", str(threads.decode), "--threads-batch", str(threads.batch)),
    ]
    with _served(
        "locked Llama", command, free_port(), folder / "locked.log", {}, "/health", _stock(libraries)
    ) as server:
        yield server


@contextlib.contextmanager
def llama_cpp_server(folder: Path, python: Path, libraries: Path, threads: Threads) -> Iterator[Server]:
    """llama-cpp-python's own server; it takes no ignore_eos, so the end of text is forbidden by its bias."""
    command = [
        *(str(python), "-m", "llama_cpp.server", "--model", str(model_file()), "--n_ctx", str(_SLOT_TOKENS)),
        *("--n_threads", str(threads.decode), "--n_threads_batch", str(threads.batch), "--verbose", "False"),
    ]
    extra: dict[str, object] = {"logit_bias": {"2": -100.0}}
    with _served(
        "llama_cpp.server", command, free_port(), folder / "llama_cpp.log", extra, "/v1/models", _stock(libraries)
    ) as server:
        yield server


@contextlib.contextmanager
def llama_server(folder: Path, binary: Path, threads: Threads) -> Iterator[Server]:
    """llama.cpp's server with eight slots."""
    if not binary.exists():
        raise CommandError(f"{str(binary)!r} is not there: remove its folder and start the bench again")
    command = [
        *(str(binary), "-m", str(model_file()), "-np", str(SLOTS), "-c", str(SLOTS * _SLOT_TOKENS)),
        *("-t", str(threads.decode), "-tb", str(threads.batch)),
    ]
    with _served("llama-server", command, free_port(), folder / "llama-server.log", {}, "/health") as server:
        yield server
