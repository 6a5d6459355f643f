"""Files that a request names by an address: fetched through the egress door, and kept as the end user's own."""

import asyncio
from collections.abc import Mapping, Sequence

import httpx
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from pydantic import JsonValue

from agents.egress.answers import file_name
from agents.egress.calls import ask, place_of
from agents.egress.exchange import Fetched, Outgoing
from agents.errors import HttpFailed, HttpRefused
from backend.apps.inputs import MAX_FILES
from backend.common.database import in_database
from backend.common.egress import public_client
from backend.common.errors import Invalid
from backend.files.services import file_store
from backend.service_api.bodies import FileObject, MessageBody, WorkflowBody, body_of
from backend.service_api.callers import AppCaller, end_user_of
from backend.service_api.services import end_user_ensure, known_type_require

REMOTE = "remote_url"
FileIds = Mapping[str, str]
"""The id of the stored file by the address that it came from."""


async def remote_files(request: HttpRequest, caller: AppCaller, shape: type[MessageBody | WorkflowBody]) -> FileIds:
    """Fetch what the request names by address, and return the ids under which it lies here; mostly there is nothing.

    A file is fetched once, however often it is named. Raises `Invalid` for a file that cannot be had, for more than
    `MAX_FILES`, and for what `body_of` refuses: then nothing is fetched.
    """
    if REMOTE.encode() not in request.body:
        return {}
    body = await asyncio.to_thread(body_of, request, shape)
    urls = list(dict.fromkeys([*_of_files(body.files or []), *_of_inputs(body.inputs or {})]))
    if len(urls) > MAX_FILES:
        raise _refused(f"at most {MAX_FILES} files are fetched for a request, not {len(urls)}")
    if not urls:
        return {}
    end_user = end_user_of(body.user, required=True)
    async with public_client(caller.workspace_id) as client:
        found = await asyncio.gather(*(_fetch(client, url) for url in urls))
    return await in_database(_keep, caller, end_user, dict(zip(urls, found, strict=True)))


def file_ids_of(files: Sequence[FileObject] | None, fetched: FileIds) -> tuple[str, ...]:
    """Return the ids of a request's files."""
    return tuple(fetched[item.url] if item.transfer_method == REMOTE else item.upload_file_id for item in files or ())


def inputs_of(inputs: Mapping[str, JsonValue] | None, fetched: FileIds) -> dict[str, JsonValue]:
    """Return a request's inputs, in which every file lies here."""
    return {name: _local(value, fetched) for name, value in (inputs or {}).items()}


def _local(value: JsonValue, fetched: FileIds) -> JsonValue:
    if isinstance(value, list):
        return [_local(item, fetched) for item in value]
    if isinstance(value, dict) and _is_remote(value):
        return {"transfer_method": "local_file", "upload_file_id": fetched[str(value.get("url"))]}
    return value


def _is_remote(value: JsonValue) -> bool:
    return isinstance(value, dict) and value.get("transfer_method") == REMOTE


def _of_files(files: Sequence[FileObject]) -> list[str]:
    return [_address(item.url) for item in files if item.transfer_method == REMOTE]


def _of_inputs(inputs: Mapping[str, JsonValue]) -> list[str]:
    flat = [item for value in inputs.values() for item in (value if isinstance(value, list) else [value])]
    return [_address(item.get("url")) for item in flat if isinstance(item, dict) and _is_remote(item)]


def _address(url: object) -> str:
    if not isinstance(url, str) or not url:
        raise _refused("a file with transfer_method 'remote_url' needs its 'url'")
    return url


async def _fetch(client: httpx.AsyncClient, url: str) -> Fetched:
    try:
        found = await ask(client, Outgoing("GET", url))
    except (HttpRefused, HttpFailed) as error:
        raise _refused(str(error)) from error
    if found.status != httpx.codes.OK:
        raise _refused(f"{place_of(url)!r} answered with status {found.status}")
    return found


def _keep(caller: AppCaller, end_user: str, found: Mapping[str, Fetched]) -> FileIds:
    end_user_ensure(app=caller.app, session_id=end_user)
    uploads = {url: SimpleUploadedFile(file_name(one), one.body) for url, one in found.items()}
    for upload in uploads.values():
        known_type_require(upload)
    return {
        url: str(
            file_store(workspace_id=caller.workspace_id, upload=upload, app_id=caller.app.id, end_user=end_user).id
        )
        for url, upload in uploads.items()
    }


def _refused(message: str) -> Invalid:
    return Invalid(f"files: {message}", fields={"files": [message]})
