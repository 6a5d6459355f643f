"""Every address of the platform and who may do what there: the tables that the tests of tenancy walk.

A new endpoint must be added here, with the least role for each method; until then `test_r14_…` fails and names it.
"""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import URLPattern, URLResolver, get_resolver

from agents.types import RunSpec
from backend.accounts.models import ApiKey, KeyKind, Membership, Role
from backend.accounts.services import key_create_for
from backend.accounts.services.members import invitation_create
from backend.apps.models import App, AppVersion
from backend.datasets.models import Dataset, Document
from backend.files.services import file_store
from backend.logs.models import Conversation, Feedback
from backend.prompts.services import prompt_create
from backend.providers.services import ModelDraft, provider_create
from backend.runs.models import Run
from tests.backend.conftest import Person, person_create

Least = Literal["public", "user", "viewer", "editor", "admin"]
"""The least that a caller must be: anybody, any user for what is their own, or a role in the workspace."""

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
END_USER = "ann"


def crud(read: Least = "viewer", write: Least = "editor", methods: str = "GET POST") -> dict[str, Least]:
    """Return the same roles for several methods."""
    return {method: read if method in SAFE else write for method in methods.split()}


APP = "api/v1/apps/<uuid:app_id>"
DATASET = "api/v1/datasets/<uuid:dataset_id>"
DOCUMENT = f"{DATASET}/documents/<uuid:document_id>"
ONE = "GET PATCH DELETE"
CONSOLE: dict[str, dict[str, Least]] = {
    "api/v1/health": {"GET": "public"},
    "api/v1/setup": {"GET": "public", "POST": "public"},
    "api/v1/session": {"GET": "public", "POST": "public", "DELETE": "public"},
    "api/v1/invitations/accept": {"POST": "public"},
    "api/v1/me": {"GET": "user", "PATCH": "user"},
    "api/v1/me/password": {"POST": "user"},
    "api/v1/workspaces": {"POST": "user"},
    "api/v1/schema": {"GET": "viewer"},
    "api/v1/workspace": crud(write="admin", methods="GET PATCH"),
    "api/v1/members": {"GET": "viewer"},
    "api/v1/members/<uuid:member_id>": crud(write="admin", methods="PATCH DELETE"),
    "api/v1/invitations": crud(read="admin", write="admin"),
    "api/v1/invitations/<uuid:invitation_id>": {"DELETE": "admin"},
    "api/v1/tokens": crud(write="viewer"),  # a token can do what its user can: making one gives nobody more
    "api/v1/tokens/<uuid:token_id>": {"DELETE": "viewer"},
    "api/v1/dataset-keys": crud(),
    "api/v1/dataset-keys/<uuid:key_id>": {"DELETE": "editor"},
    "api/v1/audit": {"GET": "admin"},
    "api/v1/files": {"POST": "editor"},
    "api/v1/files/<uuid:file_id>": {"GET": "viewer"},
    "api/v1/providers": crud(write="admin"),
    "api/v1/providers/test": {"POST": "admin"},
    "api/v1/providers/<uuid:provider_id>": crud(write="admin", methods=ONE),
    "api/v1/providers/<uuid:provider_id>/test": {"POST": "admin"},
    "api/v1/provider-presets": {"GET": "viewer"},
    "api/v1/models": crud(write="admin"),
    "api/v1/prompts": crud(),
    "api/v1/prompts/<uuid:prompt_id>": crud(methods=ONE),
    "api/v1/prompts/<uuid:prompt_id>/versions": crud(),
    "api/v1/datasets": crud(),
    DATASET: crud(methods=ONE),
    f"{DATASET}/retrieve": {"POST": "viewer"},  # asks, changes nothing
    f"{DATASET}/documents": crud(),
    DOCUMENT: crud(methods="GET DELETE"),
    f"{DOCUMENT}/retry": {"POST": "editor"},
    f"{DOCUMENT}/file": {"GET": "viewer"},
    f"{DOCUMENT}/chunks": {"GET": "viewer"},
    "api/v1/tools": {"GET": "viewer"},
    "api/v1/node-types": {"GET": "viewer"},
    "api/v1/runs": {"GET": "viewer"},
    "api/v1/runs/<uuid:run_id>": {"GET": "viewer"},
    "api/v1/runs/<uuid:run_id>/events": {"GET": "viewer"},
    "api/v1/runs/<uuid:run_id>/cancel": {"POST": "editor"},
    "api/v1/runs/<uuid:run_id>/feedback": {"POST": "editor"},
    "api/v1/apps": crud(),
    APP: crud(methods=ONE),
    f"{APP}/draft": crud(methods="GET PUT"),
    f"{APP}/publish": {"POST": "editor"},
    f"{APP}/versions": {"GET": "viewer"},
    f"{APP}/versions/<int:number>": {"GET": "viewer"},
    f"{APP}/versions/<int:number>/restore": {"POST": "editor"},
    f"{APP}/keys": crud(),
    f"{APP}/keys/<uuid:key_id>": {"DELETE": "editor"},
    f"{APP}/runs": {"POST": "editor"},
    f"{APP}/statistics": {"GET": "viewer"},
    f"{APP}/conversations": {"GET": "viewer"},
    f"{APP}/conversations/<uuid:conversation_id>": crud(methods="PATCH DELETE"),
    f"{APP}/conversations/<uuid:conversation_id>/messages": {"GET": "viewer"},
}

# The service API: which kind of key opens a route, and what a foreign object in its path answers.
SERVICE: dict[str, dict[str, str]] = {
    "v1/": {"GET": "public"},
    "v1/info": {"GET": "app"},
    "v1/meta": {"GET": "app"},
    "v1/site": {"GET": "app"},
    "v1/parameters": {"GET": "app"},
    "v1/end-users/<str:end_user_id>": {"GET": "app"},
    "v1/chat-messages": {"POST": "app"},
    "v1/chat-messages/<str:task_id>/stop": {"POST": "app"},
    "v1/completion-messages": {"POST": "app"},
    "v1/completion-messages/<str:task_id>/stop": {"POST": "app"},
    "v1/messages": {"GET": "app"},
    "v1/messages/<str:message_id>/feedbacks": {"POST": "app"},
    "v1/messages/<str:message_id>/suggested": {"GET": "app"},
    "v1/app/feedbacks": {"GET": "app"},
    "v1/conversations": {"GET": "app"},
    "v1/conversations/<str:conversation_id>": {"DELETE": "app"},
    "v1/conversations/<str:conversation_id>/name": {"POST": "app"},
    "v1/conversations/<str:conversation_id>/variables": {"GET": "app"},
    "v1/conversations/<str:conversation_id>/variables/<str:variable_id>": {"PUT": "app"},
    "v1/files/upload": {"POST": "app"},
    "v1/files/<str:file_id>/preview": {"GET": "app"},
    "v1/chat/completions": {"POST": "app"},
    "v1/models": {"GET": "app"},
    "v1/models/<path:model>": {"GET": "app"},
    # Dify's routes that answer "not yet" or "not a workflow", and the rest: a key comes first there too.
    "v1/apps/annotation-reply/<str:action>": {"POST": "app"},
    "v1/apps/annotation-reply/<str:action>/status/<str:job_id>": {"GET": "app"},
    "v1/apps/annotations": {"GET": "app", "POST": "app"},
    "v1/apps/annotations/<str:annotation_id>": {"PUT": "app", "DELETE": "app"},
    "v1/audio-to-text": {"POST": "app"},
    "v1/text-to-audio": {"POST": "app"},
    "v1/form/human_input/<str:form_token>": {"GET": "app", "POST": "app"},
    "v1/workflows/run": {"POST": "app"},
    "v1/workflows/run/<str:workflow_run_id>": {"GET": "app"},
    "v1/workflows/<str:workflow_id>/run": {"POST": "app"},
    "v1/workflows/tasks/<str:task_id>/stop": {"POST": "app"},
    "v1/workflows/logs": {"GET": "app"},
    "v1/workflow/<str:task_id>/events": {"GET": "app"},
    "v1/datasets": {"GET": "dataset", "POST": "dataset"},
    "v1/datasets/<path:rest>": {method: "dataset" for method in ("GET", "POST", "PUT", "PATCH", "DELETE")},
    "v1/workspaces/current/models/model-types/<str:model_type>": {"GET": "dataset"},
    "v1/<path:rest>": {method: "app" for method in ("GET", "POST", "PUT", "PATCH", "DELETE")},
}

# The built page, which holds no data.
PAGE = {r"^(?P<path>.*)$"}


def routes() -> dict[str, URLPattern]:
    """Return every address that the resolver knows."""
    return dict(_walk(get_resolver(), ""))


def _walk(node: URLResolver | URLPattern, prefix: str) -> Iterator[tuple[str, URLPattern]]:
    here = prefix + ("" if str(node.pattern) == "^/" else str(node.pattern))
    if isinstance(node, URLPattern):
        yield here, node
        return
    for child in node.url_patterns:
        yield from _walk(child, here)


def cases(table: dict[str, dict[str, Any]]) -> Iterator[tuple[str, str, Any]]:
    """Yield (method, address, rule) of a table."""
    for route, methods in table.items():
        for method, rule in methods.items():
            yield method, route, rule


@dataclass
class World:
    """A workspace with one of everything; `ids` has a value for every name in an address."""

    person: Person
    app: App
    app_key: str
    dataset_key: str
    ids: dict[str, str] = field(default_factory=dict)


def run_create(app: App, **values: Any) -> Run:
    """Create a finished run of an app."""
    run_id = uuid.uuid4()
    spec = RunSpec(run_id=str(run_id), scope=str(app.workspace_id), nodes=(), edges=(), app_id=str(app.id))
    return Run.objects.create(
        id=run_id,
        workspace_id=app.workspace_id,
        app=app,
        source="service_api",
        status="succeeded",
        spec=spec.to_json(),
        query="the secret question",
        outputs={"answer": "the secret answer"},
        **values,
    )


def world_create() -> World:
    """Make a workspace and one of everything in it."""
    person = person_create()
    workspace_id, user = person.workspace.id, person.user
    app = App.objects.create(workspace_id=workspace_id, name="app", slug="app", mode="chat", created_by=user)
    version = AppVersion.objects.create(workspace_id=workspace_id, app=app, number=1, config={}, created_by=user)
    app.published_version = version
    app.save()
    conversation = Conversation.objects.create(workspace_id=workspace_id, app=app, end_user=END_USER, name="talk")
    run = run_create(app, conversation=conversation, end_user=END_USER, app_version=1)
    Feedback.objects.create(workspace_id=workspace_id, run=run, rating="like", end_user=END_USER)
    provider = provider_create(
        workspace_id=workspace_id,
        name="house",
        base_url="http://127.0.0.1:9/v1",
        api_key="sk-canary-of-the-house",
        models=[ModelDraft("big"), ModelDraft("vectors", kind="embedding")],
        actor=user,
    )
    dataset = Dataset.objects.create(workspace_id=workspace_id, name="papers", embedding_model="all-minilm-l6-v2")
    paper = file_store(workspace_id=workspace_id, upload=SimpleUploadedFile("a.txt", b"secret paper"), user=user)
    document = Document.objects.create(
        workspace_id=workspace_id, dataset=dataset, file=paper, name="a.txt", sha256=paper.sha256, size_bytes=12,
        mime_type="text/plain", format="text", status="failed",
    )  # fmt: skip
    own = file_store(workspace_id=workspace_id, upload=SimpleUploadedFile("b.txt", b"secret file"), user=user)
    theirs = file_store(
        workspace_id=workspace_id, upload=SimpleUploadedFile("c.txt", b"x"), app_id=app.id, end_user=END_USER
    )
    member = person_create(Role.VIEWER, person.workspace)
    invitation = invitation_create(
        workspace_id=workspace_id, email="i@example.org", role=Role.VIEWER, actor=user, actor_role=Role.OWNER
    ).invitation
    token = ApiKey.objects.within(workspace_id).get(user=user, kind=KeyKind.PERSONAL)
    dataset_key, dataset_text = key_create_for(workspace_id=workspace_id, kind=KeyKind.DATASET, name="d", user=user)
    app_key, app_text = key_create_for(workspace_id=workspace_id, kind=KeyKind.APP, name="a", user=user, app_id=app.id)
    made = World(person, app, app_text, dataset_text)
    made.ids = {
        "app_id": app.id, "number": version.number, "conversation_id": conversation.id, "run_id": run.id,
        "message_id": run.id, "task_id": run.id, "workflow_run_id": run.id, "provider_id": provider.id,
        "dataset_id": dataset.id, "document_id": document.id, "file_id": own.id, "end_user_file_id": theirs.id,
        "member_id": Membership.objects.within(workspace_id).get(user=member.user).id,
        "invitation_id": invitation.id, "token_id": token.id, "dataset_key_id": dataset_key.id,
        "app_key_id": app_key.id, "end_user_id": run.id, "variable_id": uuid.uuid4(), "model": "app",
        "prompt_id": prompt_create(workspace_id=workspace_id, name="p", text="secret", actor=user).id,
        "action": "enable", "job_id": uuid.uuid4(), "annotation_id": uuid.uuid4(), "form_token": "t",
        "workflow_id": uuid.uuid4(), "model_type": "llm", "rest": "anything",
    }  # fmt: skip
    made.ids = {name: str(value) for name, value in made.ids.items()}
    return made


def url_of(world: World, route: str) -> str:
    """Return the address of the world's object; the same name means another key in different places."""
    here = dict(world.ids)
    here["key_id"] = here["app_key_id"] if route.startswith(APP) else here["dataset_key_id"]
    if route.startswith("v1/files"):
        here["file_id"] = here["end_user_file_id"]
    return "/" + re.sub(r"<\w+:(\w+)>", lambda match: here[match[1]], route)
