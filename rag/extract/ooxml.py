"""What DOCX, XLSX and PPTX have in common: a package of XML parts that refer to each other by relationships."""

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from rag.errors import MalformedDocumentError
from rag.extract.archive import Archive, kind_of, open_archive, refuse_other_kind
from rag.extract.blocks import squeeze
from rag.extract.trees import Element, name_of, parse_xml

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
S = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_DC = "{http://purl.org/dc/elements/1.1/}"

# The Strict variant of the standard differs in the names of its namespaces only, as far as text is concerned.
_STRICT = tuple(
    (f"http://purl.oclc.org/ooxml/{strict}".encode(), f"http://schemas.openxmlformats.org/{usual}".encode())
    for strict, usual in (
        ("wordprocessingml/main", "wordprocessingml/2006/main"),
        ("spreadsheetml/main", "spreadsheetml/2006/main"),
        ("presentationml/main", "presentationml/2006/main"),
        ("drawingml/main", "drawingml/2006/main"),
        ("drawingml/diagram", "drawingml/2006/diagram"),
        ("officeDocument/math", "officeDocument/2006/math"),
        ("officeDocument/relationships", "officeDocument/2006/relationships"),
    )
)


@dataclass(frozen=True, slots=True)
class Related:
    """Where a relationship leads: `kind` is the last word of its type, such as "footnotes"; `name` is a part."""

    id: str
    kind: str
    name: str


@dataclass(slots=True)
class Package:
    """An open document of Office; `warnings` grows where something in it is damaged."""

    archive: Archive
    warnings: list[str] = field(default_factory=list)

    def tree(self, name: str) -> Element:
        """Return the root of the XML part; damaged XML is read as far as it goes, with a warning."""
        data = self.archive.part(name)
        if b"purl.oclc.org" in data:
            for strict, usual in _STRICT:
                data = data.replace(strict, usual)
        what = f"{name!r} in the {self.archive.label}"
        try:
            return parse_xml(data, what)
        except MalformedDocumentError:
            root = parse_xml(data, what, repair=True)
        self.warnings.append(f"{what} is damaged; a part of its text may be missing")
        return root

    def optional_tree(self, name: str | None) -> Element | None:
        """Return the root of a part that a document can do without; None when it is absent or beyond repair."""
        if name is None or name not in self.archive.names:
            return None
        try:
            return self.tree(name)
        except MalformedDocumentError:
            self.warnings.append(f"{name!r} in the {self.archive.label} is damaged and was left out")
            return None

    def related(self, name: str) -> dict[str, Related]:
        """Return the parts that the part `name` refers to, by id; "" stands for the package itself."""
        folder, base = posixpath.split(name)
        root = self.optional_tree(posixpath.join(folder, "_rels", f"{base}.rels"))
        found: dict[str, Related] = {}
        for element in () if root is None else root:
            if name_of(element) != "Relationship" or element.get("TargetMode", "") == "External":
                continue
            target = unquote(element.get("Target", ""))
            path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            kind = element.get("Type", "").rpartition("/")[2]
            found[element.get("Id", "")] = Related(element.get("Id", ""), kind, path)
        return found

    def related_of_kind(self, name: str, kind: str) -> str | None:
        """Return the name of the first part of this kind that the part `name` refers to."""
        return next((part.name for part in self.related(name).values() if part.kind == kind), None)

    def main_part(self, usual: str) -> str:
        """Return the name of the part with the document; `usual` is what nearly all programs call it."""
        name = self.related_of_kind("", "officeDocument")
        return name if name in self.archive.names and name is not None else usual

    def title(self) -> str:
        """Return the title in the document's properties, or an empty string."""
        core = self.optional_tree(self.related_of_kind("", "core-properties"))
        return "" if core is None else squeeze(core.findtext(f"{_DC}title", "") or "")


@contextmanager
def open_package(path: Path, label: str, warnings: list[str] | None = None) -> Iterator[Package]:
    """Yield the Office document at `path`, or raise the RagError that says what is wrong with it."""
    with open_archive(path, label) as archive:
        if kind_of(archive)[1] != f".{label.lower()}":
            refuse_other_kind(archive)
        yield Package(archive, [] if warnings is None else warnings)
