"""LoRA adapters of one model: loaded once, switched for a whole step, because they act on the whole context."""

import ctypes
from collections.abc import Sequence
from pathlib import Path

from inference.engines.batched_chat import unknown_adapter
from inference.engines.llama_bindings import LlamaModel, library
from inference.errors import EngineFailedError
from inference.gguf_header import check_gguf


class LlamaAdapters:
    """Adapters by name. They belong to the model and are freed with it."""

    def __init__(self, model: LlamaModel, files: Sequence[tuple[str, Path]]) -> None:
        self._api = library()
        self._loaded: dict[str, object] = {}
        for name, path in files:
            if name in self._loaded:
                raise EngineFailedError(f"Two adapters are named {name!r}: give each a name of its own.")
            self._loaded[name] = _load(model, name, path)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._loaded)

    def use(self, context: object, name: str | None) -> None:
        """Let the next steps of a context use one adapter, or none."""
        if name is None:
            self._api.llama_set_adapters_lora(context, None, 0, None)
            return
        adapter = self._loaded.get(name)
        if adapter is None:
            raise unknown_adapter(name, self.names)
        one = (self._api.llama_adapter_lora_p_ctypes * 1)(adapter)
        self._api.llama_set_adapters_lora(context, one, 1, (ctypes.c_float * 1)(1.0))


def _load(model: LlamaModel, name: str, path: Path) -> object:
    """Load one file; what llama.cpp answers with a null pointer is an error here, for later it would crash on it."""
    check_gguf(path)
    adapter = library().llama_adapter_lora_init(model.pointer, str(path).encode())
    if not adapter:
        raise EngineFailedError(
            f"llama.cpp refuses the adapter {name!r} in {path.name!r}: it must be a LoRA made for this very model "
            f"({model.metadata('general.architecture')!r}), with a pair of matrices for each layer it changes. "
            "Delete the file, or put the right one in its place."
        )
    return adapter
