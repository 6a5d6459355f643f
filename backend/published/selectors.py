"""Reading published pages, and of a page what one visitor may see."""

import uuid
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet

from backend.apps.drafts import CONVERSATION_MODES, AppDraft
from backend.apps.models import App, AppMode, AppVersion
from backend.apps.selectors import version_draft
from backend.common.errors import NotFound
from backend.logs.models import Conversation, Feedback
from backend.logs.selectors import conversation_get, conversations_of_end_user
from backend.published.models import Site
from backend.runs.models import Run, RunSource

END_USER = "visitor:"


@dataclass(frozen=True)
class OpenSite:
    """A page that is on, with what its app has published."""

    site: Site
    version: AppVersion

    @property
    def app(self) -> App:
        """The app behind the page."""
        return self.site.app

    @property
    def mode(self) -> AppMode:
        """What the app is."""
        return AppMode(self.site.app.mode)

    @property
    def has_conversations(self) -> bool:
        """Whether visitors talk with the app, and do not fill in a form."""
        return self.mode in CONVERSATION_MODES

    @cached_property
    def draft(self) -> AppDraft:
        """What the published version fixed."""
        return version_draft(self.version)


def site_of_app(app: App) -> Site:
    """Return the app's page; one that nobody has made yet has no code and is not stored."""
    found = Site.objects.within(app.workspace_id).select_related("app", "picture").filter(app=app).first()
    return found or Site(app=app, workspace_id=app.workspace_id)


def site_open(code: str) -> OpenSite:
    """Return the page that is open under this code; raises `not_published`, whatever it is that closes it."""
    sites = Site.unscoped.select_related("app__published_version", "picture").filter(code=code, is_on=True)
    site = sites.first() if code else None
    if site is None or site.app.published_version is None:
        raise NotFound("there is no page here: it was switched off, or its address has changed", code="not_published")
    version = site.app.published_version
    version.app = site.app
    return OpenSite(site, version)


def site_origins(code: str) -> tuple[str, ...]:
    """Return the origins whose pages may show this page in a frame; raises `not_published`."""
    return tuple(site_open(code).site.embed_origins)


def end_user_of(visitor: uuid.UUID) -> str:
    """Return the name under which the runs, conversations and files of a visitor are kept."""
    return END_USER + visitor.hex


def visitor_conversations(page: OpenSite, end_user: str) -> QuerySet[Conversation]:
    """Return the visitor's own conversations with the app."""
    return conversations_of_end_user(page.app.workspace_id, page.app.id, end_user)


def visitor_conversation(page: OpenSite, end_user: str, conversation_id: uuid.UUID) -> Conversation:
    """Return a conversation of the visitor; raises `NotFound` for any other."""
    return conversation_get(visitor_conversations(page, end_user), conversation_id)


def visitor_runs(page: OpenSite, end_user: str) -> QuerySet[Run]:
    """Return what the visitor asked on this page, newest first."""
    runs = Run.objects.within(page.app.workspace_id).filter(app=page.app, source=RunSource.PUBLISHED)
    return runs.filter(end_user=end_user)


def visitor_run(page: OpenSite, end_user: str, run_id: uuid.UUID) -> Run:
    """Return a run of the visitor, unless its conversation was deleted; raises `NotFound` for any other."""
    run = visitor_runs(page, end_user).select_related("conversation").filter(id=run_id).first()
    if run is None or (run.conversation is not None and run.conversation.deleted_at is not None):
        raise NotFound(f"there is no run {str(run_id)!r} of yours here")
    return run


def ratings_of(runs: list[Run], end_user: str) -> dict[uuid.UUID, str]:
    """Return the visitor's own verdicts on these runs."""
    if not runs:
        return {}
    rows = Feedback.objects.within(runs[0].workspace_id).filter(run__in=runs, user=None, end_user=end_user)
    return {row.run_id: row.rating for row in rows}
