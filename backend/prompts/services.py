"""The writes of prompts: a text is never changed, a new version is added."""

import uuid

from django.db import IntegrityError, transaction
from django.db.models import Max

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.common.errors import Conflict
from backend.prompts.models import Prompt, PromptVersion


def _save(prompt: Prompt) -> None:
    try:
        with transaction.atomic():
            prompt.save()
    except IntegrityError as error:
        raise Conflict(f"there is already a prompt named {prompt.name!r}: choose another name") from error


@transaction.atomic
def prompt_create(
    *, workspace_id: uuid.UUID, name: str, description: str = "", text: str | None = None, actor: User | None
) -> Prompt:
    """Create a prompt, with a first version when there is a text."""
    prompt = Prompt(workspace_id=workspace_id, name=name, description=description)
    _save(prompt)
    audit_record(
        workspace_id=workspace_id, actor=actor, action="prompt.created", target=str(prompt.id), detail={"name": name}
    )
    if text is not None:
        prompt_version_create(prompt=prompt, text=text, actor=actor)
    return prompt


@transaction.atomic
def prompt_update(
    *, prompt: Prompt, name: str | None = None, description: str | None = None, actor: User | None
) -> Prompt:
    """Change the name or the description."""
    prompt.name = prompt.name if name is None else name
    prompt.description = prompt.description if description is None else description
    _save(prompt)
    audit_record(
        workspace_id=prompt.workspace_id,
        actor=actor,
        action="prompt.changed",
        target=str(prompt.id),
        detail={"name": prompt.name},
    )
    return prompt


@transaction.atomic
def prompt_delete(*, prompt: Prompt, actor: User | None) -> None:
    """Delete a prompt and its versions; applications hold copies of the text and go on."""
    audit_record(
        workspace_id=prompt.workspace_id,
        actor=actor,
        action="prompt.deleted",
        target=str(prompt.id),
        detail={"name": prompt.name},
    )
    prompt.delete()


@transaction.atomic
def prompt_version_create(*, prompt: Prompt, text: str, note: str = "", actor: User | None) -> PromptVersion:
    """Add a version; its number is the next one, also when two are added at once."""
    Prompt.objects.within(prompt.workspace_id).select_for_update().get(id=prompt.id)
    versions = PromptVersion.objects.within(prompt.workspace_id).filter(prompt=prompt)
    number = (versions.aggregate(newest=Max("number"))["newest"] or 0) + 1
    version = PromptVersion.objects.create(
        workspace_id=prompt.workspace_id, prompt=prompt, number=number, text=text, note=note, created_by=actor
    )
    prompt.save(update_fields=["updated_at"])
    audit_record(
        workspace_id=prompt.workspace_id,
        actor=actor,
        action="prompt_version.created",
        target=str(prompt.id),
        detail={"number": number},
    )
    return version
