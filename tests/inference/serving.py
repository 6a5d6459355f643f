"""What several test modules share: the embedded engines and a real server process, each started at most once."""

import atexit
import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from functools import cache
from pathlib import Path

from inference.config import CHAT_MODEL, EMBEDDING_MODEL, ModelConfig, builtin_models
from inference.engines.llama_cpp import LlamaCppChat
from inference.engines.llama_embeddings import LlamaCppEmbeddings
from inference.quantization.convert import convert_encoder
from inference.types import GenerateRequest, Message, SamplingParams

ROOT = Path(__file__).parent.parent.parent


@cache
def home() -> Path:
    """A home with the converted embedding model in it."""
    folder = Path(tempfile.mkdtemp(prefix="atelier-inference-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    config = model_config(EMBEDDING_MODEL, folder)
    assert config.convert_from is not None
    convert_encoder(config.convert_from, config.path)
    return folder


def model_config(model: str, folder: Path) -> ModelConfig:
    return next(config for config in builtin_models(folder) if config.id == model)


@cache
def chat_engine() -> LlamaCppChat:
    engine = LlamaCppChat(model_config(CHAT_MODEL, home()))
    atexit.register(engine.close)
    return engine


@cache
def embedding_engine() -> LlamaCppEmbeddings:
    engine = LlamaCppEmbeddings(model_config(EMBEDDING_MODEL, home()))
    atexit.register(engine.close)
    return engine


@cache
def server_url() -> str:
    """The address of a real server process with both models loaded."""
    port = free_port()
    process = start_server("--port", str(port), "--home", str(home()))
    atexit.register(end, process)
    url = f"http://127.0.0.1:{port}"
    while not is_healthy(url):
        assert process.poll() is None, "the server ended before it was healthy"
        time.sleep(0.1)
    return url


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "inference.server", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def end(process: subprocess.Popen[bytes]) -> int:
    process.terminate()
    return process.wait(timeout=30)


def is_healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return bool(json.load(answer)["status"] == "ok")
    except (urllib.error.URLError, OSError):
        return False


def ask(text: str, *, max_tokens: int = 16, stop: tuple[str, ...] = ()) -> GenerateRequest:
    """A greedy chat request."""
    messages = (Message("system", "You are a helpful assistant."), Message("user", text))
    return GenerateRequest(
        CHAT_MODEL, messages, sampling=SamplingParams(temperature=0.0, max_tokens=max_tokens, stop=stop)
    )
