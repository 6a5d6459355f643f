"""The types that weights can be stored in: their names, llama.cpp's numbers, and what they take."""

from collections.abc import Mapping
from dataclasses import dataclass

from inference.quantization.errors import QuantizationError


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of file. `bits` per weight are those of a large model: rows that are no multiple of 256 take more."""

    name: str
    file_type: int  # llama.h: enum llama_ftype
    bits: float
    is_worth_calibrating: bool = True
    method: str = ""  # of llmcompressor; empty for a GGUF, which llama.cpp makes


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("f16", 1, 16.0, is_worth_calibrating=False),
        Kind("q8_0", 7, 8.5, is_worth_calibrating=False),
        Kind("q6_K", 18, 6.56),
        Kind("q5_K_M", 17, 5.7),
        Kind("q5_1", 9, 6.0),
        Kind("q5_0", 8, 5.5),
        Kind("q4_K_M", 15, 4.89),
        Kind("q4_1", 3, 5.0),
        Kind("q4_0", 2, 4.5),
        Kind("iq4_xs", 30, 4.46),
        Kind("q3_K_M", 12, 4.0),
        Kind("q2_K", 10, 3.16),
    )
}


_NO_FILE = -1
COMPRESSED: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("gptq-w4a16", _NO_FILE, 4.25, method="gptq"),
        Kind("awq-w4a16", _NO_FILE, 4.31, method="awq"),
    )
}
"""Folders for vLLM: weights of 4 bits in groups that share a scale (AWQ: and a zero), computed in 16."""


def kinds_of(names: tuple[str, ...]) -> tuple[Kind, ...]:
    """Return the types of these names, each once, largest first.

    Raises QuantizationError for one that is none, and for GGUFs beside folders: they are not measured alike.
    """
    known = {**KINDS, **COMPRESSED}
    by_name = {name.lower(): kind for name, kind in known.items()}
    unknown = [name for name in names if name.lower() not in by_name]
    if unknown or not names:
        raise QuantizationError(f"There is no type {(unknown or [''])[0]!r}: choose among {', '.join(known)}.")
    chosen = {by_name[name.lower()] for name in names}
    if len({bool(kind.method) for kind in chosen}) > 1:
        raise QuantizationError(
            f"{', '.join(COMPRESSED)} are folders for vLLM, the other types are GGUFs: make them in two jobs."
        )
    return tuple(kind for kind in known.values() if kind in chosen)
