"""A workspace with one of everything, and the addresses of what is in it."""

import re
import uuid
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from agents.types import RunSpec
from backend.accounts.models import ApiKey, KeyKind, Membership, Role, User
from backend.accounts.services import key_create_for
from backend.accounts.services.members import invitation_create
from backend.alerts.models import Alert
from backend.annotations.models import Annotation, AnnotationHit, AnnotationJob
from backend.apps.models import App, AppVersion
from backend.batches.models import Batch
from backend.datasets.models import (
    Chunk,
    Dataset,
    DatasetTag,
    Document,
    MetadataField,
    Passage,
    RetrievalEvaluation,
    RetrievalTestCase,
    RetrievalTestSet,
    VectorIndex,
)
from backend.evaluations.models import EvaluationCase, EvaluationSet, Evaluator, Experiment, ExperimentRow
from backend.evaluations.selectors import case_content
from backend.files.services import file_store
from backend.limits.models import Limit
from backend.local_models.models import ModelJob
from backend.logs.models import Conversation, Feedback, LogJob, SavedView
from backend.prompts.services import prompt_create
from backend.providers.services import ModelDraft, provider_create
from backend.published.services import site_picture_set, site_update
from backend.quantization.models import Quantization
from backend.runs.models import Run, RunValue
from backend.tools.services import credentials_set, egress_set
from tests.backend.conftest import Person, person_create
from tests.backend.routes import APP

END_USER = "ann"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


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


def annotation_create(app: App, run: Run) -> dict[str, uuid.UUID]:
    """Annotate a run's answer, and return the ids by their names in addresses."""
    own: dict[str, Any] = {"workspace_id": app.workspace_id, "app": app}
    made = Annotation.objects.create(**own, question="what secret?", answer="a secret answer", run=run)
    AnnotationHit.objects.create(
        workspace_id=app.workspace_id, annotation=made, run=run, question="which secret?", score=0.9
    )
    job = AnnotationJob.objects.create(**own, action="enable", status="completed")
    return {"annotation_id": made.id, "job_id": job.id}


def knowledge_create(workspace_id: uuid.UUID, user: User) -> dict[str, uuid.UUID]:
    """Make a dataset with one of everything, and return the ids by their names in addresses."""
    own = {"workspace_id": workspace_id}
    dataset = Dataset.objects.create(
        **own, name="papers", embedding_model="all-minilm-l6-v2", chunk_mode="parent_child"
    )
    VectorIndex.objects.create(dataset=dataset, model=dataset.embedding_model, state="active")
    VectorIndex.objects.create(dataset=dataset, model="house/vectors", state="building")
    paper = file_store(**own, upload=SimpleUploadedFile("a.txt", b"secret paper"), user=user)
    document = Document.objects.create(
        **own, dataset=dataset, file=paper, name="a.txt", sha256=paper.sha256, size_bytes=12,
        mime_type="text/plain", format="text", status="failed", revision=1,
    )  # fmt: skip
    inside = {**own, "dataset": dataset, "document": document}
    chunk = Chunk.objects.create(**inside, revision=1, position=0, text="a secret, told at some length", tokens=7)
    child = Passage.objects.create(**inside, chunk=chunk, text="a secret", tokens=2, text_hash=uuid.uuid4())
    Passage.objects.create(**inside, chunk=chunk, position=1, text="at length", tokens=2, text_hash=uuid.uuid4())
    test_set = RetrievalTestSet.objects.create(**own, dataset=dataset, name="secret questions")
    case = RetrievalTestCase.objects.create(**own, test_set=test_set, question="what secret?", phrase="secret")
    evaluation = RetrievalEvaluation.objects.create(**own, test_set=test_set, status="finished")
    return {
        "dataset_id": dataset.id,
        "document_id": document.id,
        "chunk_id": chunk.id,
        "child_id": child.public_id,
        "field_id": MetadataField.objects.create(**own, dataset=dataset, name="secret field", type="string").id,
        "tag_id": DatasetTag.objects.create(**own, name="secret tag").id,
        "test_set_id": test_set.id,
        "case_id": case.id,
        "evaluation_id": evaluation.id,
    }


def evaluations_create(workspace_id: uuid.UUID, app: App) -> dict[str, uuid.UUID]:
    """Make a test set and an experiment that has ended, and return the ids by their names in addresses."""
    own = {"workspace_id": workspace_id}
    cases = EvaluationSet.objects.create(**own, name="secret cases")
    case = EvaluationCase.objects.create(**own, test_set=cases, query="what secret?", expected="a secret")
    evaluator = Evaluator.objects.create(**own, name="secret measure", kind="exact")
    experiment = Experiment.objects.create(
        **own, app=app, test_set=cases, name="secret experiment", status="finished", finished_at=timezone.now(),
        variants=[{"label": "draft", "version": None, "based_on": None, "overrides": {}, "config": {}}],
        evaluators=[{"id": str(evaluator.id), "name": "secret measure", "kind": "exact", "pass_at": 0.5}],
    )  # fmt: skip
    row = ExperimentRow.objects.create(
        **own, experiment=experiment, number=1, variant=0, status="succeeded", score=1.0, case=case_content(case)
    )
    return {
        "evaluation_set_id": cases.id,
        "evaluation_case_id": case.id,
        "evaluator_id": evaluator.id,
        "experiment_id": experiment.id,
        "experiment_row_id": row.id,
    }


def world_create() -> World:
    """Make a workspace and one of everything in it."""
    person = person_create(is_machine_admin=True)
    workspace_id, user = person.workspace.id, person.user
    app = App.objects.create(workspace_id=workspace_id, name="app", slug="app", mode="chat", created_by=user)
    version = AppVersion.objects.create(workspace_id=workspace_id, app=app, number=1, config={}, created_by=user)
    app.published_version = version
    app.save()
    conversation = Conversation.objects.create(workspace_id=workspace_id, app=app, end_user=END_USER, name="talk")
    run = run_create(app, conversation=conversation, end_user=END_USER, app_version=1)
    Feedback.objects.create(workspace_id=workspace_id, run=run, rating="like", end_user=END_USER)
    assist = run_create(app)
    Run.unscoped.filter(id=assist.id).update(source="assistant", app=None)
    provider = provider_create(
        workspace_id=workspace_id,
        name="house",
        base_url="http://127.0.0.1:9/v1",
        api_key="sk-canary-of-the-house",
        models=[ModelDraft("big"), ModelDraft("vectors", kind="embedding")],
        actor=user,
    )
    knowledge = knowledge_create(workspace_id, user)
    credentials_set(workspace_id=workspace_id, tool="tavily_search", values={"api_key": "a secret key"}, actor=user)
    egress_set(workspace_id=workspace_id, allow=["secret.corp"], deny=[], only_listed=False, actor=user)
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
    site_update(app=app, actor=user, changes={"is_on": True})
    site = site_picture_set(app=app, actor=user, upload=SimpleUploadedFile("a.png", PNG))
    made = World(person, app, app_text, dataset_text)
    made.ids = {
        "app_id": app.id, "number": version.number, "conversation_id": conversation.id, "run_id": run.id,
        "assist_id": assist.id,
        "message_id": run.id, "task_id": run.id, "workflow_run_id": run.id, "provider_id": provider.id,
        "file_id": own.id, "end_user_file_id": theirs.id, **knowledge,
        "member_id": Membership.objects.within(workspace_id).get(user=member.user).id,
        "invitation_id": invitation.id, "token_id": token.id, "dataset_key_id": dataset_key.id,
        "value_id": RunValue.objects.create(run=run, sha256="0" * 64, text='"a secret text"').id,
        "app_key_id": app_key.id, "end_user_id": run.id, "variable_id": uuid.uuid4(), "model": "app",
        "prompt_id": prompt_create(workspace_id=workspace_id, name="p", text="secret", actor=user).id,
        "action": "enable", **annotation_create(app, run), "form_token": "t",
        "workflow_id": uuid.uuid4(), "model_type": "llm", "rest": "anything", "node_id": "node",
        "tool_name": "tavily_search", "position": 1, "code": site.code, "template_id": "classification",
        "segment_id": knowledge["chunk_id"], "child_chunk_id": knowledge["child_id"],
        "metadata_id": knowledge["field_id"], "batch": knowledge["document_id"],
        "model_id": "smollm2-135m-instruct",
        "model_job_id": ModelJob.objects.create(
            workspace_id=workspace_id, kind="pull", source="house/secret", status="finished"
        ).id,
        "quantization_id": Quantization.objects.create(
            workspace_id=workspace_id, source="house-secret", types=["q8_0"], status="finished"
        ).id,
        "alert_id": Alert.objects.create(
            workspace_id=workspace_id, name="secret alert", metric="runs", window_minutes=5, comparison="above",
            threshold=1, channel="email", recipients=["secret@example.org"],
        ).id,
        "limit_id": Limit.objects.create(
            workspace_id=workspace_id, scope="workspace", metric="runs", period="month", amount=1_000_000
        ).id,
        "export_id": LogJob.objects.create(
            workspace_id=workspace_id, kind="export", status="finished", asked={"format": "csv"}, file=own
        ).id,
        "erasure_id": LogJob.objects.create(
            workspace_id=workspace_id, kind="erasure", status="finished", asked={"end_user": "secret"}
        ).id,
        "view_id": SavedView.objects.create(
            workspace_id=workspace_id, user=user, room="all", name="secret", query="status=failed"
        ).id,
        **evaluations_create(workspace_id, app),
        "batch_id": Batch.objects.create(workspace_id=workspace_id, app=app, name="secret.csv", columns=["a"]).id,
    }  # fmt: skip
    made.ids = {name: str(value) for name, value in made.ids.items()}
    return made


def url_of(world: World, route: str) -> str:
    """Return the address of the world's object; the same name means another key in different places."""
    here = dict(world.ids)
    here["key_id"] = here["app_key_id"] if route.startswith(APP) else here["dataset_key_id"]
    if route.startswith("api/v1/prompts/assists"):
        here["run_id"] = here["assist_id"]
    if route.startswith("v1/files"):
        here["file_id"] = here["end_user_file_id"]
    return "/" + re.sub(r"<\w+:(\w+)>", lambda match: here[match[1]], route)
