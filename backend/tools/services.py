"""The writes of tools: the rules of egress, the credentials of services, and a single call to try one."""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction
from pydantic import ValidationError

from agents.egress import EgressRules, Place
from agents.egress.rules import MAX_PLACES
from agents.errors import AgentsError
from agents.ports import Ports
from agents.tools.catalogue import configured_tool
from agents.tools.spec import Credential, ToolContext, credentials_of
from agents.tools.toolset import ToolOutcome, Toolset
from agents.types import FileRef, JsonObject, RunSpec, Source
from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.common.egress import origin_of
from backend.common.errors import Invalid, NotFound
from backend.common.rates import rate_check
from backend.common.secrets import Rotation, UndecryptableSecret, decrypt, encrypt
from backend.tools.models import EgressPolicy, ToolCredential
from backend.tools.ports import TOOL_PORTS
from backend.tools.selectors import tool_type

TRIES_PER_MINUTE = 30
TRY_LIMIT_S = 30.0
TRY_OUTPUT_CHARS = 20_000
TRY_FIELDS_CHARS = 100_000


def _places(field: str, texts: Sequence[str]) -> list[str]:
    if len(texts) > MAX_PLACES:
        message = f"there are {len(texts)} places; {MAX_PLACES} can be listed: use wildcards or networks"
        raise Invalid(message, fields={field: [message]})
    for index, text in enumerate(texts):
        try:
            Place.read(text)
        except ValueError as error:
            raise Invalid(str(error), fields={f"{field}.{index}": [str(error)]}) from error
    return [text.strip() for text in texts]


def rules_read(*, allow: Sequence[str], deny: Sequence[str], only_listed: bool) -> EgressRules:
    """Return rules that were written down; raises `Invalid` that names what is no place."""
    return EgressRules.read(_places("allow", allow), _places("deny", deny), only_listed=only_listed)


@transaction.atomic
def egress_set(
    *,
    workspace_id: uuid.UUID,
    allow: Sequence[str],
    deny: Sequence[str],
    only_listed: bool,
    actor: User | None,
) -> EgressPolicy:
    """Replace the rules of the workspace; they hold for the next request. Raises `Invalid` for what is no place."""
    detail = {"allow": _places("allow", allow), "deny": _places("deny", deny), "only_listed": only_listed}
    rows = EgressPolicy.objects.within(workspace_id)
    policy, _ = rows.update_or_create(workspace_id=workspace_id, defaults=detail)
    audit_record(workspace_id=workspace_id, actor=actor, action="egress.changed", detail=detail)
    return policy


def _checked(tool: str, fields: Mapping[str, Credential], values: Mapping[str, str]) -> dict[str, str]:
    """Return what is to be stored; raises `Invalid`, whose message repeats no value."""
    given = {name: value.strip() for name, value in values.items() if value.strip()}
    for name, value in given.items():
        if name not in fields:
            known = ", ".join(fields) or "none"
            message = f"the tool {tool!r} has no credential {name[:100]!r}; it has: {known}"
            raise Invalid(message, fields={f"values.{name[:100]}": [message]})
        if fields[name].is_url:
            _check_url(name, value)
    for name, asked in fields.items():
        if asked.is_required and not asked.default and name not in given:
            message = f"{name!r} is required: {asked.help or asked.title}"
            raise Invalid(message, fields={f"values.{name}": [message]})
    return given


def _check_url(name: str, value: str) -> None:
    try:
        origin_of(value)
        if "?" in value or "#" in value:
            raise ValueError("the address must have no query or fragment")
    except ValueError as error:
        raise Invalid(str(error), fields={f"values.{name}": [str(error)]}) from error


@transaction.atomic
def credentials_set(
    *, workspace_id: uuid.UUID, tool: str, values: Mapping[str, str], actor: User | None
) -> ToolCredential:
    """Store what was entered for a tool, all of it anew: a kept key never goes to an address that was changed."""
    fields = {item.name: item for item in credentials_of(tool_type(tool))}
    if not fields:
        raise Invalid(f"the tool {tool!r} takes no credentials")
    given = _checked(tool, fields, values)
    stored = {"values_cipher": encrypt(json.dumps(given)), "names": sorted(given)}
    rows = ToolCredential.objects.within(workspace_id)
    row, _ = rows.update_or_create(workspace_id=workspace_id, tool=tool, defaults=stored)
    detail = {"entered": row.names}
    audit_record(workspace_id=workspace_id, actor=actor, action="tool_credential.set", target=tool, detail=detail)
    return row


@transaction.atomic
def credentials_delete(*, workspace_id: uuid.UUID, tool: str, actor: User | None) -> None:
    """Forget what was entered for a tool; raises `NotFound` when nothing was."""
    row = ToolCredential.objects.within(workspace_id).filter(tool=tool).first()
    if row is None:
        raise NotFound(f"nothing was entered for the tool {tool[:100]!r}")
    row.delete()
    audit_record(workspace_id=workspace_id, actor=actor, action="tool_credential.deleted", target=tool)


@transaction.atomic
def credentials_rotate() -> Rotation:
    """Encrypt every credential with the first of the installation's keys."""
    rotated, unreadable = 0, []
    for row in ToolCredential.unscoped.select_for_update():
        try:
            row.values_cipher = encrypt(decrypt(row.values_cipher))
        except UndecryptableSecret:
            unreadable.append(f"tool {row.tool}")
            continue
        row.save(update_fields=["values_cipher", "updated_at"])
        rotated += 1
    return Rotation(rotated, tuple(unreadable))


@dataclass(frozen=True, slots=True)
class Tried:
    """What a call of a tool gave; `error` is the code of its failure, or empty."""

    output: str
    error: str
    elapsed_ms: int
    fields: JsonObject = field(default_factory=dict)
    files: tuple[FileRef, ...] = ()

    @property
    def shown_fields(self) -> JsonObject:
        """The fields, unless they are more than a page can show."""
        return self.fields if len(json.dumps(self.fields)) <= TRY_FIELDS_CHARS else {}


def tool_try(
    *, workspace_id: uuid.UUID, tool: str, arguments: JsonObject, config: JsonObject, actor: User | None
) -> Tried:
    """Call a tool once, as a run would; raises `Invalid` for a configuration that it does not take.

    Raises `NotFound`, and `TooManyRequests` above 30 calls a minute of the workspace.
    """
    tool_type(tool)
    rate_check(
        f"tool-try:{workspace_id}",
        limit=TRIES_PER_MINUTE,
        window_s=60,
        message=f"this workspace tried {TRIES_PER_MINUTE} calls within a minute: wait, or run them in a workflow",
    )
    try:
        tools = Toolset([configured_tool(tool, config)], limit_s=TRY_LIMIT_S, limit_chars=TRY_OUTPUT_CHARS)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        path = ".".join(map(str, ("config", *first["loc"])))
        raise Invalid(f"{path}: {first['msg']}", fields={path: [first["msg"]]}) from error
    spec = RunSpec(run_id=str(uuid.uuid4()), scope=str(workspace_id), nodes=(), edges=())
    spec = replace(spec, user=str(actor.id), is_member=True) if actor else spec
    return asyncio.run(_call(tools, tool, arguments, spec, TOOL_PORTS.get()(spec)))


async def _call(tools: Toolset, tool: str, arguments: JsonObject, spec: RunSpec, ports: Ports) -> Tried:
    async def cite(found: Sequence[Source]) -> tuple[Source, ...]:
        return tuple(found)

    ctx = ToolContext(spec.run_id, spec.scope, f"{spec.run_id}:try", ports.knowledge, cite).with_ports(ports)
    began = time.monotonic()
    try:
        outcome = await tools.call(tool, arguments, ctx)
    except AgentsError as failure:
        outcome = ToolOutcome(str(failure), failure.code)
    elapsed_ms = round((time.monotonic() - began) * 1000)
    return Tried(outcome.output, outcome.error, elapsed_ms, outcome.fields, outcome.files)
