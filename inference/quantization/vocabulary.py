"""Writes a model's tokenizer into its GGUF: pieces, kinds, merges or scores, special tokens and chat template."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gguf import MODEL_ARCH, GGUFWriter, SpecialVocab, TokenType

from inference.quantization.checkpoint import read_object
from inference.quantization.errors import DamagedCheckpointError, UnsupportedModelError
from inference.quantization.sentencepiece import sentencepiece_read

_ADDED_SCORE = -1000.0
_PAD_SCORE = -10_000.0
_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|"
_REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
_LONG_NUMBERS = f"{_CONTRACTIONS}\\p{{N}}{{1,3}}{_REST}"
_DIGITS = f"{_CONTRACTIONS}\\p{{N}}{_REST}"
_UPPER, _LOWER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]", "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
_START = "[^\\r\\n\\p{L}\\p{N}]?"
_TEKKEN = (
    f"{_START}{_UPPER}*{_LOWER}+|{_START}{_UPPER}+{_LOWER}*"
    "|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
)


@dataclass(slots=True)
class _Table:
    """The rows of a vocabulary, filled by id."""

    texts: list[str]
    scores: list[float]
    kinds: list[int]

    @classmethod
    def of_size(cls, size: int) -> "_Table":
        return cls([f"[PAD{i}]" for i in range(size)], [_PAD_SCORE] * size, [TokenType.UNUSED] * size)

    def put(self, number: int, text: str, kind: int, score: float = 0.0) -> None:
        if not 0 <= number < len(self.texts):
            raise DamagedCheckpointError(
                f"The token {text[:80]!r} has the number {number}, but the model has {len(self.texts)} embeddings: "
                "are tokenizer and weights of the same model?"
            )
        self.texts[number], self.kinds[number], self.scores[number] = text, kind, score


@dataclass(frozen=True, slots=True)
class _Added:
    number: int
    text: str
    is_special: bool


@dataclass(frozen=True, slots=True)
class _Tokenizer:
    """tokenizer.json, as far as it is used."""

    model: Mapping[str, object]
    added: tuple[_Added, ...]
    pre: Mapping[str, object]
    vocabulary: Mapping[str, int]
    merges: tuple[tuple[str, str], ...]
    adds_space: bool


def vocabulary_add(writer: GGUFWriter, folder: Path, arch: MODEL_ARCH, size: int) -> None:
    """Write the vocabulary of `folder`, as many rows as the embedding has. Raises UnsupportedModelError."""
    has_pieces = (folder / "tokenizer.model").exists()
    if has_pieces:
        _pieces_add(writer, folder, size)
    elif (folder / "tokenizer.json").exists():
        tokenizer = _tokenizer_read(folder / "tokenizer.json")
        if tokenizer.model.get("byte_fallback") is True:
            _fallback_add(writer, tokenizer, size)
        else:
            _byte_pairs_add(writer, tokenizer, arch, size)
    else:
        raise DamagedCheckpointError(f"{folder.name!r} has neither tokenizer.json nor tokenizer.model: download it.")
    SpecialVocab(folder, load_merges=False, n_vocab=size).add_to_gguf(writer, quiet=True)


def _tokenizer_read(path: Path) -> _Tokenizer:
    loaded = read_object(path)
    model = loaded.get("model")
    if not isinstance(model, dict) or model.get("type") != "BPE" or not isinstance(model.get("vocab"), dict):
        kind = model.get("type") if isinstance(model, dict) else None
        raise UnsupportedModelError(f"The tokenizer is of the kind {kind!r}: only byte pairs (BPE) can be converted.")
    merges = tuple(_merge(entry) for entry in model.get("merges", []))
    added = loaded.get("added_tokens")
    pre = loaded.get("pre_tokenizer")
    return _Tokenizer(
        model,
        tuple(_added(one) for one in added) if isinstance(added, list) else (),
        pre if isinstance(pre, dict) else {},
        model["vocab"],
        merges,
        _prepends(loaded.get("normalizer")) or _prepends(pre),
    )


def _added(entry: object) -> _Added:
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), int):
        raise DamagedCheckpointError(f"tokenizer.json has the added token {entry!r}: download it again.")
    return _Added(entry["id"], str(entry.get("content")), bool(entry.get("special")))


def _merge(entry: object) -> tuple[str, str]:
    if isinstance(entry, str):
        first, _, second = entry.partition(" ")
        return first, second
    if isinstance(entry, list) and len(entry) == 2:
        return str(entry[0]), str(entry[1])
    raise DamagedCheckpointError(f"tokenizer.json has the merge {entry!r}: download it again.")


def _added_put(table: _Table, added: tuple[_Added, ...]) -> None:
    for token in added:
        kind = TokenType.CONTROL if token.is_special else TokenType.USER_DEFINED
        table.put(token.number, token.text, kind, _ADDED_SCORE)


def _pieces_add(writer: GGUFWriter, folder: Path, size: int) -> None:
    read = sentencepiece_read(folder / "tokenizer.model")
    table = _Table.of_size(size)
    for number, piece in enumerate(read.pieces):
        table.put(number, piece.text, piece.kind, piece.score)
    if (folder / "tokenizer.json").exists():
        _added_put(table, _kept(_tokenizer_read(folder / "tokenizer.json").added, table))
    elif (folder / "added_tokens.json").exists():
        numbers = read_object(folder / "added_tokens.json")
        _added_put(table, tuple(_Added(int(str(number)), text, True) for text, number in numbers.items()))
    _scored_add(writer, table, adds_space=read.adds_space)


def _kept(added: tuple[_Added, ...], table: _Table) -> tuple[_Added, ...]:
    """Return what is new or a control token: pieces that the model has keep their kind, e.g. bytes and <unk>."""
    fixed = (TokenType.BYTE, TokenType.UNKNOWN)
    return tuple(token for token in added if table.kinds[token.number] not in fixed)


def _fallback_add(writer: GGUFWriter, tokenizer: _Tokenizer, size: int) -> None:
    """Write byte pairs over characters: a piece's score is the rank of the merge that makes it, as when it was trained.

    llama.cpp joins the neighbours with the best score first, which is what following the merges in order does.
    """
    table = _Table.of_size(size)
    ranks: dict[str, int] = {}
    for rank, (first, second) in enumerate(tokenizer.merges):
        ranks.setdefault(first + second, rank)
    unknown = tokenizer.model.get("unk_token")
    for text, number in tokenizer.vocabulary.items():
        kind = TokenType.NORMAL
        if text == unknown:
            kind = TokenType.UNKNOWN
        elif len(text) == 6 and text.startswith("<0x") and text.endswith(">"):
            kind = TokenType.BYTE
        # What no merge makes is never joined: its score must not matter, and be the worst.
        table.put(number, text, kind, -float(ranks.get(text, len(tokenizer.merges))))
    _added_put(table, _kept(tokenizer.added, table))
    _scored_add(writer, table, adds_space=tokenizer.adds_space)


def _prepends(step: object) -> bool:
    """Does this step of a tokenizer, or one inside it, set a space before the text?"""
    if not isinstance(step, dict):
        return False
    if step.get("type") == "Prepend":
        return True
    if step.get("type") == "Metaspace":
        return bool(step.get("prepend_scheme", "always") != "never")
    inner = step.get("normalizers") or step.get("pretokenizers") or ()
    return any(_prepends(part) for part in inner)


def _scored_add(writer: GGUFWriter, table: _Table, *, adds_space: bool) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(table.texts)
    writer.add_token_scores(table.scores)
    writer.add_token_types(table.kinds)
    writer.add_add_space_prefix(adds_space)


def _byte_pairs_add(writer: GGUFWriter, tokenizer: _Tokenizer, arch: MODEL_ARCH, size: int) -> None:
    table = _Table.of_size(size)
    for text, number in tokenizer.vocabulary.items():
        table.put(number, text, TokenType.NORMAL)
    _added_put(table, tokenizer.added)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_pre_name(tokenizer, arch))
    writer.add_token_list(table.texts)
    writer.add_token_types(table.kinds)
    # Spaces inside a piece would split the line; tokenizer.json spells them so, too.
    writer.add_token_merges([f"{first} {second}" for first, second in tokenizer.merges])


def _pre_name(tokenizer: _Tokenizer, arch: MODEL_ARCH) -> str:
    """Return llama.cpp's name for how text is cut before merging. Raises UnsupportedModelError."""
    steps = tuple(_steps(tokenizer.pre))
    ignores = tokenizer.model.get("ignore_merges") is True
    by_step = {
        ("bytes",): "gpt-2",
        ("digits", "bytes"): "smollm",
        (_DIGITS,): "qwen2",
        (_TEKKEN,): "tekken",
        (_LONG_NUMBERS,): "llama-bpe" if ignores else "dbrx",
    }
    if steps == (_LONG_NUMBERS,) and arch in (MODEL_ARCH.GLM4, MODEL_ARCH.CHATGLM):
        return "chatglm-bpe"
    if steps not in by_step:
        raise UnsupportedModelError(f"The tokenizer cuts text in a way not known here, {steps!r}: use a GGUF file.")
    return by_step[steps]


def _steps(pre: Mapping[str, object]) -> Iterator[str]:
    """Yield "digits", "bytes" (GPT-2's own expression) or the expression of each step."""
    match pre.get("type"):
        case "Sequence":
            steps = pre.get("pretokenizers")
            for step in steps if isinstance(steps, list) else ():
                yield from _steps(step)
        case "Split":
            pattern = pre.get("pattern")
            yield str(pattern.get("Regex")) if isinstance(pattern, dict) else str(pattern)
        case "Digits":
            yield "digits" if pre.get("individual_digits") else "digit groups"
        case "ByteLevel":
            if pre.get("use_regex", True):
                yield "bytes"
        case other:
            yield f"{other}"
