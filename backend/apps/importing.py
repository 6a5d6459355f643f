"""What an import leans on: the workspace as the DSL library sees it, and files that lie at an address."""

import re
import uuid
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
from django.conf import settings

from agents.dsl.document import MAX_BYTES
from agents.dsl.surroundings import ModelOffer, Workspace
from agents.egress import EgressRefused, TooLarge, fetch
from backend.apps.models import App, AppMode
from backend.common.egress import origin_of, public_client
from backend.common.errors import Unprocessable
from backend.common.sandbox import PACKAGES
from backend.datasets.models import Dataset
from backend.providers.selectors import CHAT_MODEL, models_list

MAX_URL_CHARS = 2000
_BLOB = re.compile(r"^/([^/]+)/([^/]+)/(?:blob|raw)/(.+)$")


def workspace_of(workspace_id: uuid.UUID) -> Workspace:
    """Return what the workspace has for what a file may name. Its first provider's chat model stands in for others."""
    offers = tuple(
        ModelOffer(
            id=model.id,
            name=model.name,
            kind=model.kind,
            provider=model.provider_name,
            is_embedded=model.embedded,
            supports_images=model.supports_images,
        )
        for model in models_list(workspace_id)
    )
    bought = (offer.id for offer in offers if offer.kind == "chat" and not offer.is_embedded)
    datasets = Dataset.objects.within(workspace_id).values_list("id", "name")
    apps = App.objects.within(workspace_id).filter(mode=AppMode.WORKFLOW).values_list("id", "name")
    return Workspace(
        models=offers,
        default_model=next(bought, CHAT_MODEL),
        datasets={str(dataset_id): name for dataset_id, name in datasets},
        apps={str(app_id): name for app_id, name in apps},
        packages=_packages(),
    )


def _packages() -> frozenset[str]:
    """Return what code in the sandbox may import besides Python's own library."""
    found = Path(settings.ENVIRONMENT.home).joinpath(PACKAGES).glob("lib/python3*/site-packages/*")
    return frozenset(path.name.partition(".")[0] for path in found if not path.name.endswith(".dist-info"))


def raw_url(url: str) -> str:
    """Return the address of the file that a page of GitHub shows; any other address as it is."""
    parts = urlsplit(url)
    found = _BLOB.match(parts.path)
    if parts.hostname not in ("github.com", "www.github.com") or found is None:
        return url
    owner, repository, rest = found.groups()
    return urlunsplit(("https", "raw.githubusercontent.com", f"/{owner}/{repository}/{rest}", parts.query, ""))


async def file_fetch(url: str, *, workspace_id: uuid.UUID) -> bytes:
    """Return the file at an address, through the workspace's door; raises `Unprocessable` that says why not."""
    if len(url) > MAX_URL_CHARS:
        raise Unprocessable(f"url: the address has {len(url)} characters; it may have {MAX_URL_CHARS}")
    try:
        origin_of(url)
        async with public_client(workspace_id) as client:
            found = await fetch(client, raw_url(url), max_bytes=MAX_BYTES)
    except EgressRefused as error:
        raise Unprocessable(f"url: {error}", code="fetch_failed") from error
    except TooLarge as error:
        raise Unprocessable(f"url: {error}: at most {MAX_BYTES >> 20} MB are read", code="fetch_failed") from error
    except TimeoutError as error:
        raise Unprocessable(f"url: {url!r} did not answer in time: try again", code="fetch_failed") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        what = str(error) or type(error).__name__
        raise Unprocessable(f"url: {url!r} cannot be fetched: {what}", code="fetch_failed") from error
    if found.status != httpx.codes.OK:
        raise Unprocessable(f"url: {url!r} answered with status {found.status}", code="fetch_failed")
    return found.body
