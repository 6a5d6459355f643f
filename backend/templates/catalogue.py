"""The templates that ship with the platform, read once from their files. Knows no workspace."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

from agents.dsl.document import document_read
from agents.dsl.importing import MODES, Mode
from agents.dsl.values import Object, as_list, as_object, as_objects, as_text
from agents.types import JsonObject
from backend.common.errors import NotFound

FOLDER = Path(__file__).parent
Language = Literal["en", "zh", "ru"]
NeedKind = Literal["dataset", "web_search", "second_model", "larger_model"]
Words = Mapping[Language, str]


@dataclass(frozen=True, slots=True)
class Template:
    """An app to begin with. `document` is its file, whose model, dataset and web search are still to be chosen."""

    id: str
    mode: Mode
    icon: str
    tags: tuple[str, ...]
    needs: tuple[NeedKind, ...]
    name: Words
    description: Words
    document: JsonObject

    @property
    def workflow(self) -> JsonObject:
        """The graph as it was drawn; empty where the app is a prompt."""
        return as_object(as_object(self.document.get("workflow")).get("graph"))

    @property
    def prompt(self) -> str:
        """The instructions of an app that is no graph."""
        return as_text(as_object(self.document.get("model_config")).get("pre_prompt"))


@cache
def templates() -> tuple[Template, ...]:
    """Return all of them, in the order in which they are shown."""
    return tuple(_template(item) for item in as_objects(_listing().get("templates")))


@cache
def need_words() -> Mapping[NeedKind, Words]:
    """Return what is said of each thing that a template may need."""
    return {cast(NeedKind, kind): _words(text) for kind, text in as_object(_listing().get("needs")).items()}


def template_get(template_id: str) -> Template:
    """Return a template; raises `NotFound` that names those there are."""
    found = next((item for item in templates() if item.id == template_id), None)
    if found is None:
        known = ", ".join(item.id for item in templates())
        raise NotFound(f"there is no template {template_id[:100]!r}: choose from {known}")
    return found


@cache
def _listing() -> Object:
    return document_read((FOLDER / "catalogue.yml").read_bytes())


def _template(item: Object) -> Template:
    template_id = as_text(item.get("id"))
    document = document_read((FOLDER / "files" / f"{template_id}.yml").read_bytes())
    app = as_object(document.get("app"))
    needs = [as_text(need) for need in as_list(item.get("needs"))]
    assert set(needs) <= set(get_args(NeedKind)), f"{template_id} needs something unknown: {needs}"
    return Template(
        id=template_id,
        mode=MODES[as_text(app.get("mode"))],
        icon=as_text(app.get("icon")),
        tags=tuple(as_text(tag) for tag in as_list(item.get("tags"))),
        needs=tuple(cast(NeedKind, need) for need in needs),
        name=_words(item.get("name")),
        description=_words(item.get("description")),
        document=document,
    )


def _words(value: object) -> Words:
    words = value if isinstance(value, dict) else {}
    found = {language: str(words.get(language) or "") for language in get_args(Language)}
    assert all(found.values()), f"a text lacks a language: {words}"
    return cast(Words, found)
