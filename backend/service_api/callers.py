"""Who calls the service API: an app's key, and the end user that the client names."""

import uuid
from collections import OrderedDict
from dataclasses import dataclass

from django.db import connection
from django.http import HttpRequest

from backend.accounts.authentication import bearer_token, key_admit, key_authenticate
from backend.accounts.models import ApiKey, KeyKind, User
from backend.apps.drafts import AppDraft, draft_read
from backend.apps.models import App, AppMode, AppVersion
from backend.apps.selectors import versions_of
from backend.common.errors import ApiError, Invalid, NotFound, Unauthenticated
from backend.common.secrets import key_digest

DEFAULT_END_USER = "DEFAULT-USER"
END_USER_CHARS = 255


@dataclass(frozen=True, slots=True)
class AppCaller:
    """An authenticated client of one app."""

    app: App
    key: ApiKey

    @property
    def workspace_id(self) -> uuid.UUID:
        """The workspace that bounds every lookup."""
        return self.app.workspace_id

    @property
    def mode(self) -> AppMode:
        """What the app is."""
        return AppMode(self.app.mode)


Caller = AppCaller | ApiKey
"""Who stands behind a request: an app's client, or a dataset key."""

# The versions of the rows behind a key: xmin changes with every update of a row, whoever makes it.
STAMP = f"""
    SELECT k.xmin::text, u.xmin::text, a.xmin::text
      FROM {ApiKey._meta.db_table} k
      LEFT JOIN {User._meta.db_table} u ON u.id = k.user_id
      LEFT JOIN {App._meta.db_table} a ON a.id = k.app_id
     WHERE k.digest = %s
"""  # noqa: S608 -- the tables' names are ours, the value is a parameter
KNOWN_MAX = 1024
Stamp = tuple[str | None, ...]
_KNOWN: OrderedDict[str, tuple[Stamp, ApiKey]] = OrderedDict()


def _key_known(token: str) -> ApiKey | None:
    """Return the key with its user, app and published version, built anew only when one of their rows has changed.

    This stands before the first token of every answer: asking for three numbers takes less time than
    building four rows, and misses no revocation.
    """
    digest = key_digest(token)
    with connection.cursor() as cursor:
        cursor.execute(STAMP, [digest])
        stamp = cursor.fetchone()
    if stamp is None:
        return None
    known = _KNOWN.get(digest)
    if known is not None and known[0] == stamp:
        return known[1]
    rows = ApiKey.unscoped.select_related("user", "app__published_version").filter(digest=digest)
    key = rows.order_by().first()
    if key is not None:
        _KNOWN[digest] = (stamp, key)
        while len(_KNOWN) > KNOWN_MAX:
            _KNOWN.popitem(last=False)
    return key


def app_caller(request: HttpRequest) -> AppCaller:
    """Return the caller of an app's key; raises `Unauthenticated`."""
    token = bearer_token(request)
    if token is None:
        raise Unauthenticated("send an app's key as `Authorization: Bearer app-…`")
    key = key_admit(_key_known(token), kinds=frozenset({KeyKind.APP}))
    app = key.app
    if app is None or app.workspace_id != key.workspace_id:
        raise Unauthenticated("the app of this key was deleted")
    return AppCaller(app, key)


def dataset_caller(request: HttpRequest) -> ApiKey:
    """Return the dataset key of a request; raises `Unauthenticated`."""
    token = bearer_token(request)
    if token is None:
        raise Unauthenticated("send a dataset key as `Authorization: Bearer dataset-…`")
    return key_authenticate(token, kinds=frozenset({KeyKind.DATASET}))


def published_version(caller: AppCaller) -> AppVersion:
    """Return the app's published version; raises `app_unavailable` before the first publication."""
    version = caller.app.published_version
    if version is None:
        raise ApiError(f"the app {caller.app.name!r} was never published: publish it first", code="app_unavailable")
    return version


def version_of_id(caller: AppCaller, version_id: str) -> AppVersion:
    """Return a version of the caller's own app by its id; raises `NotFound` for any other."""
    try:
        wanted = uuid.UUID(version_id)
    except ValueError:
        wanted = None
    version = versions_of(caller.app).filter(id=wanted).first() if wanted else None
    if version is None:
        raise NotFound(f"the app has no published version with the id {version_id[:100]!r}")
    return version


def draft_of_version(caller: AppCaller, version: AppVersion) -> AppDraft:
    """Return what a version fixed."""
    return draft_read(caller.app.mode, version.config)


def published_draft(caller: AppCaller) -> AppDraft:
    """Return what the app's published version fixed."""
    return draft_of_version(caller, published_version(caller))


def end_user_of(value: object, *, required: bool) -> str:
    """Return the end user that a client names; without a name, the shared one where that is allowed."""
    if value is None or value == "":
        if required:
            raise Invalid("Arg user must be provided.")
        return DEFAULT_END_USER
    if not isinstance(value, str) or len(value) > END_USER_CHARS or "\0" in value:
        raise Invalid(f"user must be text of at most {END_USER_CHARS} characters", fields={"user": ["wrong value"]})
    return value
