"""How the documents of a dataset are cut."""

from dataclasses import dataclass
from typing import Literal, get_args

from rag.errors import InvalidSettingsError

ChunkMode = Literal["general", "parent_child", "qa"]
ParentMode = Literal["paragraph", "document"]

MIN_TOKENS = 16
MAX_PARENT_TOKENS = 10_000
"""A parent goes whole to a model; Dify has the same bound for documents."""
MAX_SEPARATOR_CHARS = 100


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """Lengths are in tokens of the embedding model. `max_tokens` bounds what is searched: a chunk, or a child.

    `overlap_tokens` is about the most that two neighbours share (children and parents share nothing). `separator` cuts
    wherever it stands, and stands in no chunk; `\\n` and `\\t` in it are a line end and a tab.
    """

    mode: ChunkMode = "general"
    max_tokens: int = 200
    overlap_tokens: int = 20
    parent_mode: ParentMode = "paragraph"
    parent_tokens: int = 600
    clean_whitespace: bool = True
    remove_urls_emails: bool = False
    separator: str = ""

    def __post_init__(self) -> None:
        _check_choice("mode", self.mode, get_args(ChunkMode))
        _check_choice("parent_mode", self.parent_mode, get_args(ParentMode))
        if self.max_tokens < MIN_TOKENS:
            raise InvalidSettingsError(f"max_tokens is {self.max_tokens!r}; a chunk needs at least {MIN_TOKENS}")
        if not 0 <= self.overlap_tokens <= self.max_tokens // 2:
            raise InvalidSettingsError(
                f"overlap_tokens is {self.overlap_tokens!r}; it goes from 0 to half of max_tokens ({self.max_tokens})"
            )
        if self.mode == "parent_child" and not self.max_tokens <= self.parent_tokens <= MAX_PARENT_TOKENS:
            raise InvalidSettingsError(
                f"parent_tokens is {self.parent_tokens!r}; it goes from max_tokens ({self.max_tokens}) "
                f"to {MAX_PARENT_TOKENS}"
            )
        if len(self.separator) > MAX_SEPARATOR_CHARS:
            raise InvalidSettingsError(
                f"separator has {len(self.separator)} characters; it may have {MAX_SEPARATOR_CHARS}"
            )

    @property
    def cut_at(self) -> str:
        """The separator as it stands in a text."""
        return self.separator.replace("\\n", "\n").replace("\\t", "\t")


def _check_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise InvalidSettingsError(f"{name} is {value!r}; choose one of {', '.join(choices)}")
