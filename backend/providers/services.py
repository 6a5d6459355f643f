"""The writes of providers. Their keys go in, are stored encrypted, and never come out."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from django.db import IntegrityError, transaction

from backend.accounts.models import User
from backend.accounts.services import audit_record
from backend.common.egress import origin_of
from backend.common.errors import Conflict, Invalid
from backend.common.secrets import Rotation, UndecryptableSecret, decrypt, encrypt
from backend.providers.models import Provider, ProviderModel
from backend.providers.selectors import ANY


@dataclass(frozen=True, slots=True)
class ModelDraft:
    """A model as a request describes it; prices are USD per million tokens."""

    name: str
    kind: str = "chat"
    context_tokens: int = 8192
    supports_tools: bool = True
    supports_images: bool = False
    input_price: Decimal = Decimal(0)
    output_price: Decimal = Decimal(0)


def base_url_check(base_url: str) -> str:
    """Return the address without a slash at its end; raises `Invalid` unless it is a plain http(s) address."""
    try:
        origin_of(base_url)
    except ValueError as error:
        raise Invalid(str(error), fields={"base_url": [str(error)]}) from error
    if "?" in base_url or "#" in base_url:
        message = "the address must have no query or fragment: it usually ends in /v1"
        raise Invalid(message, fields={"base_url": [message]})
    return base_url.rstrip("/")


def _name_check(name: str) -> str:
    if name == ANY:
        message = f"{name!r} stands for every server that has a model: choose another name"
        raise Invalid(message, fields={"name": [message]})
    if "/" in name:
        message = f"{name!r} must not contain '/': it divides provider and model in a model's id"
        raise Invalid(message, fields={"name": [message]})
    return name


def _save(provider: Provider) -> None:
    try:
        with transaction.atomic():
            provider.save()
    except IntegrityError as error:
        raise Conflict(f"there is already a provider named {provider.name!r}: choose another name") from error


def _models_replace(provider: Provider, models: Sequence[ModelDraft]) -> None:
    names = [model.name for model in models]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        message = f"each model may be listed once, {twice[0]!r} is there twice"
        raise Invalid(message, fields={"models": [message]})
    rows = ProviderModel.objects.within(provider.workspace_id).filter(provider=provider)
    rows.exclude(name__in=names).delete()
    for model in models:
        values = {**asdict(model), "workspace_id": provider.workspace_id}
        rows.update_or_create(provider=provider, name=values.pop("name"), defaults=values)


def _record(provider: Provider, actor: User | None, verb: str) -> None:
    audit_record(
        workspace_id=provider.workspace_id,
        actor=actor,
        action=f"provider.{verb}",
        target=str(provider.id),
        detail={"name": provider.name, "base_url": provider.base_url},
    )


@transaction.atomic
def provider_create(
    *,
    workspace_id: uuid.UUID,
    name: str,
    base_url: str,
    api_key: str = "",
    models: Sequence[ModelDraft] = (),
    actor: User | None,
) -> Provider:
    """Add a model server with its models."""
    provider = Provider(
        workspace_id=workspace_id,
        name=_name_check(name),
        base_url=base_url_check(base_url),
        api_key_cipher=encrypt(api_key),
    )
    _save(provider)
    _models_replace(provider, models)
    _record(provider, actor, "created")
    return provider


@transaction.atomic
def provider_update(
    *,
    provider: Provider,
    name: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    models: Sequence[ModelDraft] | None = None,
    actor: User | None,
) -> Provider:
    """Change what is given. A stored key is never sent to another server: a new origin needs the key again."""
    if name is not None:
        provider.name = _name_check(name)
    if base_url is not None:
        base_url = base_url_check(base_url)
        moved = origin_of(base_url) != origin_of(provider.base_url)
        if moved and provider.api_key_cipher and api_key is None:
            message = "the address points to another server: enter its key, or an empty one, along with it"
            raise Invalid(message, fields={"api_key": [message]})
        provider.base_url = base_url
    if api_key is not None:
        provider.api_key_cipher = encrypt(api_key)
    _save(provider)
    if models is not None:
        _models_replace(provider, models)
    _record(provider, actor, "changed")
    return provider


@transaction.atomic
def provider_delete(*, provider: Provider, actor: User | None) -> None:
    """Remove a server; applications that name its models say so when they run."""
    _record(provider, actor, "deleted")
    provider.delete()


def provider_api_key(provider: Provider) -> str:
    """Return the key for a request to the server; raises `Conflict` when it cannot be read any more."""
    try:
        return decrypt(provider.api_key_cipher)
    except UndecryptableSecret as error:
        raise Conflict(
            f"the key of provider {provider.name!r} was stored under another encryption key: enter it again",
            code="secret_unreadable",
        ) from error


@transaction.atomic
def provider_secrets_rotate() -> Rotation:
    """Encrypt every stored key with the first of the installation's keys. Safe to run twice."""
    rotated, unreadable = 0, []
    for provider in Provider.unscoped.select_for_update().exclude(api_key_cipher=""):
        try:
            provider.api_key_cipher = encrypt(decrypt(provider.api_key_cipher))
        except UndecryptableSecret:
            unreadable.append(provider.name)
            continue
        provider.save(update_fields=["api_key_cipher", "updated_at"])
        rotated += 1
    return Rotation(rotated, tuple(unreadable))
