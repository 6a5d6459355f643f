"""Reads the vocabulary of a SentencePiece model (tokenizer.model) from its protobuf, without the library."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inference.quantization.errors import DamagedCheckpointError, UnsupportedModelError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf's wire types
_PIECES, _TRAINER, _NORMALIZER = 1, 2, 3  # fields of ModelProto
_TEXT, _SCORE, _KIND = 1, 2, 3  # fields of a piece
_MODEL_TYPE, _DUMMY_PREFIX = 3, 3  # of TrainerSpec, of NormalizerSpec
_BPE = 2
_NORMAL = 1

_Value = int | bytes


@dataclass(frozen=True, slots=True)
class Piece:
    """`kind` as SentencePiece numbers it, which is how GGUF does: 1 normal, 2 unknown, 3 control, 4 own, 6 byte."""

    text: str
    score: float
    kind: int


@dataclass(frozen=True, slots=True)
class SentencePieceModel:
    """The pieces in the order of their ids, and whether a space is set before every text."""

    pieces: tuple[Piece, ...]
    adds_space: bool


def sentencepiece_read(path: Path) -> SentencePieceModel:
    """Read a model of byte pairs. Raises UnsupportedModelError for one of another kind, or damaged files."""
    pieces: list[Piece] = []
    kind, adds_space = 1, True
    try:
        for field, value in _fields(path.read_bytes()):
            if field == _PIECES and isinstance(value, bytes):
                pieces.append(_piece(value))
            elif field == _TRAINER and isinstance(value, bytes):
                kind = dict(_fields(value)).get(_MODEL_TYPE, kind)  # type: ignore[assignment]  # a varint
            elif field == _NORMALIZER and isinstance(value, bytes):
                adds_space = bool(dict(_fields(value)).get(_DUMMY_PREFIX, True))
    except (IndexError, struct.error, UnicodeDecodeError) as problem:
        raise DamagedCheckpointError(f"{path.name} is damaged ({problem}): download it again.") from None
    if not pieces:
        raise DamagedCheckpointError(f"{path.name} holds no vocabulary: download it again.")
    if kind != _BPE:
        raise UnsupportedModelError(f"{path.name} is of SentencePiece's kind {kind}, not byte pairs (2): use a GGUF.")
    return SentencePieceModel(tuple(pieces), adds_space)


def _piece(raw: bytes) -> Piece:
    text, score, kind = "", 0.0, _NORMAL
    for field, value in _fields(raw):
        if field == _TEXT and isinstance(value, bytes):
            text = value.decode("utf-8")
        elif field == _SCORE and isinstance(value, bytes):
            (score,) = struct.unpack("<f", value)
        elif field == _KIND and isinstance(value, int):
            kind = value
    return Piece(text, score, kind)


def _fields(raw: bytes) -> Iterator[tuple[int, _Value]]:
    """Yield the fields of one message: numbers as int, everything else as bytes."""
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        wire = key & 7
        if wire == _VARINT:
            number, at = _varint(raw, at)
            yield key >> 3, number
            continue
        if wire == _BYTES:
            size, at = _varint(raw, at)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise IndexError(f"wire type {wire}")
        if at + size > len(raw):
            raise IndexError(f"it ends at byte {len(raw)}")
        yield key >> 3, raw[at : at + size]
        at += size


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
        if shift > 63:
            raise IndexError("a number has no end")
