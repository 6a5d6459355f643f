"""Which formats there are: built-in ones and those of other packages come through the same door."""

from functools import cache

from rag.errors import UnsupportedFormatError
from rag.extract import (
    captions,
    code,
    csv_file,
    docx,
    eml,
    epub,
    html,
    json_file,
    markdown,
    opendocument,
    pdf,
    pptx,
    rtf,
    text,
    xlsx,
    xml_file,
)
from rag.extract.format import Format

ENTRY_POINT_GROUP = "atelier.extractors"
BUILT_IN = (
    *(pdf.FORMAT, text.FORMAT, markdown.FORMAT, html.FORMAT),
    *(docx.FORMAT, xlsx.FORMAT, csv_file.FORMAT, pptx.FORMAT, *opendocument.FORMATS),
    *(rtf.FORMAT, epub.FORMAT, eml.FORMAT, *json_file.FORMATS, xml_file.FORMAT, *captions.FORMATS),
    *code.FORMATS,
)


@cache
def formats() -> tuple[Format, ...]:
    """Return all formats; an entry point names a `Format`, and built-in ones win over a name that is taken."""
    # 45 ms, which the process of a built-in format need not pay.
    from importlib.metadata import entry_points

    known = {fmt.name: fmt for fmt in BUILT_IN}
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        fmt = entry.load()
        known.setdefault(fmt.name, fmt)
    return tuple(known.values())


def format_named(name: str) -> Format:
    """Return the format that is stored as `name`."""
    known = {fmt.name: fmt for fmt in BUILT_IN}
    if name not in known:
        known = {fmt.name: fmt for fmt in formats()}
    if name not in known:
        raise UnsupportedFormatError(f"no extractor for format {name!r}; there are {', '.join(known)}")
    return known[name]


def format_of_extension(extension: str) -> Format | None:
    """Return the format of files that end in `extension` (lower case, with its dot), or None."""
    return next((fmt for fmt in formats() if extension in fmt.extensions), None)


def supported_labels() -> str:
    """Return what can be read, for messages: "PDF, TXT, Markdown, …"."""
    return ", ".join(dict.fromkeys(fmt.label for fmt in formats()))
