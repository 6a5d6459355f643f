"""The vocabulary and the chat template of a model's folder, as `tokenizer.json` and its neighbours describe them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from inference.errors import BadModelFileError

_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
_SPACE = "\u2581"  # how SentencePiece writes a space
# Ends of a turn that some folders forget to name among their ends.
_TURN_ENDS = frozenset({"<|im_end|>", "<|eot_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "</s>", "<eos>"})


class FolderText:
    """Implements ChatText with the library `tokenizers`, which is passed in. Reads JSON only, never code."""

    def __init__(self, folder: Path, tokenizers: ModuleType) -> None:
        file = folder / "tokenizer.json"
        if not file.is_file():
            raise BadModelFileError(
                f"{folder.name!r} has no tokenizer.json: save the tokenizer with a recent `transformers`, then add it."
            )
        source = _read(file)
        self._tokenizer = tokenizers.Tokenizer.from_file(str(file))
        # A second one, for texts whose control tokens are to be read as plain characters.
        self._plain = tokenizers.Tokenizer.from_file(str(file))
        self._plain.encode_special_tokens = True
        config, settings = _read(folder / "config.json"), _read(folder / "tokenizer_config.json", {})
        size = config.get("vocab_size")
        self.vocabulary_size = size if isinstance(size, int) else self._tokenizer.get_vocab_size()
        context = config.get("max_position_embeddings")
        self.trained_context_tokens = context if isinstance(context, int) else 0
        added = _added(source)
        self._literal = frozenset(added)  # written as they are, not in the spelling of the vocabulary
        unused = range(self._tokenizer.get_vocab_size(), self.vocabulary_size)  # rows that only fill up the matrix
        self._control = frozenset(token for token, is_special in added.items() if is_special) | frozenset(unused)
        self._is_bytewise = '"ByteLevel"' in json.dumps(source.get("decoder"))
        self._pieces = [self._piece(token) for token in range(self.vocabulary_size)]
        self._bos, self._eos = _named(settings, "bos_token"), _named(settings, "eos_token")
        bos = self._tokenizer.token_to_id(self._bos) if self._bos else None
        self._bos_ids = [bos] if bos is not None and self._begins_with(bos) else []
        self.end_tokens = self._ends(folder, config)
        self._template = _template(folder, settings)

    def tokenize(self, text: str, *, special: bool, bos: bool = False) -> list[int]:
        reader = self._tokenizer if special else self._plain
        found: list[int] = reader.encode(text.encode("utf-8", "replace").decode(), add_special_tokens=False).ids
        return [*self._bos_ids, *found] if bos else found

    def piece(self, token: int, *, special: bool = False) -> bytes:
        return self._pieces[token] if special or token not in self._control else b""

    def pieces(self) -> list[bytes]:
        return list(self._pieces)

    def control_tokens(self) -> frozenset[int]:
        return self._control

    def names(self, tokens: list[int]) -> list[str]:
        """Return how the vocabulary file spells the tokens."""
        return [self._tokenizer.id_to_token(token) or "" for token in tokens]

    def chat_template(self) -> str:
        return self._template

    def bos_text(self) -> str:
        return self._bos

    def eos_text(self) -> str:
        return self._eos

    def _begins_with(self, bos: int) -> bool:
        ids = self._tokenizer.encode("a").ids
        return bool(ids) and ids[0] == bos

    def _ends(self, folder: Path, config: Mapping[str, object]) -> frozenset[int]:
        found: set[int] = set()
        for said in (config, _read(folder / "generation_config.json", {})):
            given = said.get("eos_token_id")
            found |= {one for one in (given if isinstance(given, list) else [given]) if isinstance(one, int)}
        known = [self._tokenizer.token_to_id(name) for name in (_TURN_ENDS | {self._eos}) - {""}]
        found |= {token for token in known if token is not None and token in self._control}
        ends = frozenset(token for token in found if 0 <= token < self.vocabulary_size)
        if not ends:
            raise BadModelFileError(f"{folder.name!r} names no token that ends an answer: its config.json is damaged.")
        return ends

    def _piece(self, token: int) -> bytes:
        name: str | None = self._tokenizer.id_to_token(token)
        if name is None:
            return b""
        if token in self._literal:
            return name.encode()
        if self._is_bytewise:
            return bytes(_BYTES[sign] for sign in name if sign in _BYTES)
        byte = _BYTE.fullmatch(name)
        return bytes([int(byte[1], 16)]) if byte else name.replace(_SPACE, " ").encode()


def _added(source: Mapping[str, object]) -> dict[int, bool]:
    """Return the tokens that were added to the vocabulary, and whether each is special."""
    entries = source.get("added_tokens")
    found: dict[int, bool] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("id"), int):
            found[entry["id"]] = bool(entry.get("special"))
    return found


def _named(settings: Mapping[str, object], key: str) -> str:
    said = settings.get(key)
    text = said.get("content") if isinstance(said, dict) else said
    return text if isinstance(text, str) else ""


def _template(folder: Path, settings: Mapping[str, object]) -> str:
    """Return the template from its own file, or from the settings, which may hold several by name."""
    file = folder / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8")
    said = settings.get("chat_template")
    if isinstance(said, list):
        named = {one.get("name"): one.get("template") for one in said if isinstance(one, dict)}
        said = named.get("default")
    return said if isinstance(said, str) else ""


def _read(path: Path, default: Mapping[str, object] | None = None) -> Mapping[str, object]:
    """Return an object of JSON. Raises BadModelFileError for what is none."""
    if default is not None and not path.is_file():
        return default
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise BadModelFileError(f"{path.name!r} is missing or no object of JSON: download the model again.")
    return read


def _bytes_by_sign() -> dict[str, int]:
    """Return GPT-2's spelling of bytes: printable ones stand for themselves, the others for U+0100 and on."""
    own = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    others = [byte for byte in range(256) if byte not in own]
    return {chr(byte): byte for byte in own} | {chr(256 + at): byte for at, byte in enumerate(others)}


_BYTES = _bytes_by_sign()
