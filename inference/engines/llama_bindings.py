"""The one door to llama.cpp's C API: opens models and turns text into tokens and back."""

import contextlib
import ctypes
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np

from inference.errors import EngineFailedError

_MAX_PIECE_BYTES = 512
_LOG_ERROR = 4  # ggml_log_level


@cache
def library() -> ModuleType:
    """Load the C library once, with its log reduced to errors.

    The package's own `__init__` pulls in the high-level API with its dependencies (30 MB, none of them used here):
    an unexecuted package stands in for it, and only the module of bindings is run.
    """
    if "llama_cpp" not in sys.modules:
        spec = importlib.util.find_spec("llama_cpp")
        if spec is None:
            raise EngineFailedError("llama-cpp-python is not installed: run ./atelier up to compile it.")
        sys.modules["llama_cpp"] = importlib.util.module_from_spec(spec)
    api = importlib.import_module("llama_cpp.llama_cpp")
    api.llama_log_set(_LOG_CALLBACK, ctypes.c_void_p(0))
    api.llama_backend_init()
    return api


def _log(level: int, text: bytes, _user_data: int) -> None:
    if level == _LOG_ERROR:
        sys.stderr.write(f"llama.cpp: {text.decode('utf-8', 'replace').rstrip()[:500]}\n")


_LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)(_log)  # C keeps a pointer to it


@contextlib.contextmanager
def log_heard(hear: Callable[[int, str], None]) -> Iterator[None]:
    """Give every line of the library's log, with its level, to `hear` instead of stderr while the block runs."""
    api = library()

    def heard(level: int, text: bytes | None, _user_data: int) -> None:
        hear(level, (text or b"").decode("utf-8", "replace").strip())

    callback = api.llama_log_callback(heard)
    api.llama_log_set(callback, ctypes.c_void_p(0))
    try:
        yield
    finally:
        api.llama_log_set(_LOG_CALLBACK, ctypes.c_void_p(0))


class LlamaModel:
    """Weights and vocabulary of one GGUF, mapped from disk; shared by the contexts that compute with it."""

    def __init__(self, path: Path) -> None:
        api = library()
        params = api.llama_model_default_params()
        params.n_gpu_layers = 0
        params.load_mode = api.LLAMA_LOAD_MODE_MMAP
        self.pointer = api.llama_model_load_from_file(str(path).encode(), params)
        if not self.pointer:
            raise EngineFailedError(
                f"llama.cpp cannot open {path.name!r}: the file is missing, damaged or unsupported."
            )
        self._api = api
        self.vocabulary = api.llama_model_get_vocab(self.pointer)
        self.trained_context_tokens: int = api.llama_model_n_ctx_train(self.pointer)
        self.width: int = api.llama_model_n_embd(self.pointer)
        self.vocabulary_size: int = api.llama_vocab_n_tokens(self.vocabulary)
        self.end_tokens: frozenset[int] = frozenset(filter(self.is_end, range(self.vocabulary_size)))
        eos: int = api.llama_vocab_eos(self.vocabulary)
        self.end_token = eos if eos >= 0 else min(self.end_tokens, default=0)
        # Cells of recurrent models cannot be trimmed to a prefix nor shared.
        self.can_rewind = not (api.llama_model_is_recurrent(self.pointer) or api.llama_model_is_hybrid(self.pointer))
        self._adds_bos = bool(api.llama_vocab_get_add_bos(self.vocabulary))
        self._pieces: dict[int, bytes] = {}

    def tokenize(self, text: str, *, special: bool, bos: bool = False) -> list[int]:
        """Return the tokens of `text`; `special` reads control tokens in it, `bos` adds the vocabulary's own."""
        raw = text.encode("utf-8", "replace")
        size = len(raw) + 8
        buffer = (ctypes.c_int32 * size)()
        count = self._api.llama_tokenize(self.vocabulary, raw, len(raw), buffer, size, bos and self._adds_bos, special)
        if count < 0:
            raise EngineFailedError(f"A text of {len(raw)} bytes could not be split into tokens: {count}.")
        return buffer[:count]

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """Return the bytes of one token: perhaps a part of a character; control tokens are empty unless `special`."""
        key = ~token if special else token
        known = self._pieces.get(key)
        if known is None:
            buffer = ctypes.create_string_buffer(_MAX_PIECE_BYTES)
            size = self._api.llama_token_to_piece(self.vocabulary, token, buffer, _MAX_PIECE_BYTES, 0, special)
            known = self._pieces[key] = buffer.raw[: max(size, 0)]
        return known

    def is_end(self, token: int) -> bool:
        return bool(self._api.llama_vocab_is_eog(self.vocabulary, token))

    def pieces(self) -> list[bytes]:
        """Return the bytes of every token, control tokens included, in order."""
        return [self.piece(token, special=True) for token in range(self.vocabulary_size)]

    def control_tokens(self) -> frozenset[int]:
        """Return the tokens that are never part of a text."""
        api = self._api
        kinds = api.LLAMA_TOKEN_ATTR_CONTROL | api.LLAMA_TOKEN_ATTR_UNKNOWN | api.LLAMA_TOKEN_ATTR_UNUSED
        attributes = api.llama_vocab_get_attr
        return frozenset(token for token in range(self.vocabulary_size) if attributes(self.vocabulary, token) & kinds)

    def vocabulary_texts(self) -> list[str]:
        """Return the stored text of every token, in order."""
        text = self._api.llama_vocab_get_text
        return [text(self.vocabulary, token).decode("utf-8", "replace") for token in range(self.vocabulary_size)]

    def metadata(self, key: str) -> str | None:
        """Return one value of the file's header as text, or None."""
        buffer = ctypes.create_string_buffer(256)
        size = self._api.llama_model_meta_val_str(self.pointer, key.encode(), buffer, 256)
        return buffer.value.decode("utf-8", "replace") if size >= 0 else None

    def bos_text(self) -> str:
        token = self._api.llama_vocab_bos(self.vocabulary)
        return self.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def eos_text(self) -> str:
        token = self._api.llama_vocab_eos(self.vocabulary)
        return self.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def chat_template(self) -> str:
        """Return the template that the file carries, or an empty string."""
        raw = self._api.llama_model_chat_template(self.pointer, None)
        return raw.decode("utf-8", "replace") if raw else ""

    def close(self) -> None:
        if self.pointer:
            self._api.llama_model_free(self.pointer)
            self.pointer = None


class TokenBatch:
    """A reusable llama_batch whose columns are numpy arrays: rows of (token, position, sequence, wants output)."""

    def __init__(self, capacity: int) -> None:
        api = library()
        self.capacity = capacity
        self._tokens = np.zeros(capacity, np.int32)
        self._positions = np.zeros(capacity, np.int32)
        self._sequences = np.zeros(capacity, np.int32)
        self._outputs = np.zeros(capacity, np.int8)
        self._ones = np.ones(capacity, np.int32)  # every row belongs to one sequence
        self._addresses = self._sequences.ctypes.data + np.arange(capacity, dtype=np.uintp) * 4
        self.raw = api.llama_batch()
        for name, column in (
            ("token", self._tokens),
            ("pos", self._positions),
            ("n_seq_id", self._ones),
            ("seq_id", self._addresses),
            ("logits", self._outputs),
        ):
            ctypes.c_void_p.from_buffer(self.raw, getattr(api.llama_batch, name).offset).value = column.ctypes.data

    def clear(self) -> None:
        self.raw.n_tokens = 0

    def extend(self, tokens: Sequence[int], *, position: int, sequence: int, outputs: int) -> int:
        """Append tokens at consecutive positions; the last `outputs` want logits. Return the index after them."""
        first: int = self.raw.n_tokens
        end = first + len(tokens)
        assert end <= self.capacity
        self._tokens[first:end] = tokens
        self._positions[first:end] = range(position, position + len(tokens))
        self._sequences[first:end] = sequence
        self._outputs[first : end - outputs] = 0
        self._outputs[end - outputs : end] = 1
        self.raw.n_tokens = end
        return end
