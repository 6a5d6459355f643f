"""The page of errors: every code that an edge answers or a run ends with, its status and its meaning."""

from collections.abc import Iterator, Mapping

from rest_framework import exceptions

from agents.errors import AgentsError
from backend.common.errors import ApiError
from backend.config import urls
from backend.config.reference.markdown import code, page, paragraphs, section, table
from backend.embedded.errors import EmbeddedError
from backend.runs.dialects.dify import ERROR_CODES, OUR_FAULTS
from backend.service_api.answers import DIFY_CODES
from inference.errors import InferenceError
from rag.errors import RagError

Row = tuple[str, str]
# Codes that are said where they arise and not by a class: (status, meaning). A test finds them all in the sources.
CONSOLE: Mapping[str, Row] = {
    "already_answered": ("409", "What the run asked was answered before, or its time was over."),
    "bad_request": ("400", "The request is malformed in a way that Django itself refuses."),
    "unknown_host": ("400", "The request was sent to a name that is not answered here: see ATELIER_ALLOWED_HOSTS."),
    "csrf_failed": ("403", "A write with a session cookie came without its CSRF token, or from a foreign page."),
    "dataset_not_found": ("400", "A draft names a dataset that is not in the workspace."),
    "empty_file": ("400", "The uploaded file has no content."),
    "fetch_failed": (
        "400 or 422",
        "A page or a sitemap cannot be fetched; also ends the indexing of a page's document.",
    ),
    "internal_error": ("500", "Something broke on our side; the log of the process has the details. Also ends runs."),
    "invalid_code": ("400", "The set-up code is wrong."),
    "invalid_credentials": ("400", "The e-mail or the password is wrong."),
    "invalid_schema": ("400", "The JSON schema of an answer is none, or one that the embedded engine cannot enforce."),
    "invalid_invitation": ("400", "The invitation is unknown, used or expired."),
    "last_owner": ("409", "The last owner of a workspace can neither leave nor become less."),
    "machine_admin_needed": ("403", "Only an administrator of the machine may change the models that all share."),
    "evaluator_in_use": ("409", "The gate of an app asks the evaluator: take it out there first."),
    "set_in_use": ("409", "The gate of an app stands on the test set: choose another one there first."),
    "malformed_json": ("400", "The body is not a JSON object."),
    "method_not_allowed": ("405", "The address does not take this method."),
    "missing_columns": ("400", "A table of inputs has no column for something that every run needs."),
    "model_not_found": ("400 or 404", "No model of that name can be used here."),
    "not_acceptable": ("406", "The client accepts no type that the address can answer with."),
    "not_published": ("404", "No page is open under this code: it was switched off, moved, or its app has no version."),
    "run_not_paused": ("409", "The run waits for nobody now: answer when it is paused."),
    "secret_unreadable": ("409", "The provider's key was stored under an encryption key that is gone: enter it again."),
    "setup_closed": ("403", "The first user is there already."),
    "too_large": ("400 or 413", "A body that is no upload is larger than 5 MB."),
    "tool_not_found": ("400", "A draft names a tool that does not exist."),
    "too_many_rows": ("400", "A table of inputs has more than 10,000 rows."),
    "unknown_user": ("400", "The command line names an e-mail without an account."),
    "unknown_variable": ("400", "A prompt names a variable that nothing provides."),
    "unsupported_media_type": ("415", "The body has a type that the address does not read."),
    "weak_password": ("400", "The password is too short, too common or too near to the e-mail."),
}
SERVICE: Mapping[str, Row] = {
    "answer_restarted": ("500", "OpenAI's stream cannot take back what it sent, and the answer began anew: ask again."),
    "app_unavailable": ("400", "The app was never published, or is of a mode that this address does not serve."),
    "archived_document_immutable": ("403", "The document is archived: take it out of the archive first."),
    "bad_request": ("400", "The request cannot be read, or the app does not offer this."),
    "dataset_in_use": ("409", "Applications search the dataset: remove it from them before it is deleted."),
    "dataset_name_duplicate": ("409", "Another dataset of the workspace has this name."),
    "document_indexing": ("400", "The document is being indexed, which replaces its chunks: wait until it is ready."),
    "end_user_not_found": ("404", "The app has no end user of that id."),
    "file_not_found": ("404", "No file of that id belongs to this end user."),
    "invalid_api_key": ("401", "OpenAI's dialect and the inference server: the key is missing or opens nothing here."),
    "invalid_action": ("400", "The address ends in an action that does not exist, or that cannot be done now."),
    "invalid_metadata": ("400", "The parameter `metadata` is none of `all`, `only` and `without`."),
    "invalid_request_error": ("400", "OpenAI's dialect: the request cannot be done by this app."),
    "no_file_uploaded": ("400", "The multipart field `file` is missing."),
    "not_chat_app": ("400", "The address is for apps that talk; see `/v1/info` for what the app is."),
    "not_workflow_app": ("400", "The address is for workflows."),
    "provider_not_initialize": ("400", "A model is asked for that no provider of the workspace has."),
    "too_many_files": ("400", "One file at a time."),
    "unknown": ("500", "Something broke on our side; the log of the web process has the details."),
}
RUNS: Mapping[str, Row] = {
    "annotation_failed": ("", "Annotations could not be looked up; the run went on with its model."),
    "cancelled": ("", "A node was interrupted from inside."),
    "internal_error": ("", "A node or the worker broke; its log has the details."),
    "human_input": ("", "The app asked a person something in an experiment, where nobody answers."),
    "run_deleted": ("", "The run of a table's row was deleted before its end was noted: run the row again."),
    "run_cancelled": ("400", "Somebody cancelled the run that OpenAI's dialect was answering with."),
    "time_limit": ("", "The run took longer than a run may."),
    "worker_lost": ("", "The worker died too often while it executed the run."),
}
INFERENCE: Mapping[str, Row] = {
    "forbidden_host": ("403", "The server was asked under a name that is not loopback's."),
    "invalid_api_key": ("401", "The server has a key, and it is missing or wrong."),
    "not_found": ("404 or 405", "There is no such route or method."),
}
LITERAL = {**CONSOLE, **SERVICE, **RUNS, **INFERENCE}
HEAD = ("Code", "Status", "Meaning")
PACKAGES = ("inference", "rag", "agents", "backend")
# What the root of a tree means to a reader is not what it says to who writes code.
ROOTS: Mapping[type[Exception], str] = {
    ApiError: "Something else is wrong with the request.",
    AgentsError: "Another end of a run.",
    InferenceError: "Another failure of a model.",
    RagError: "Another failure of knowledge.",
    EmbeddedError: "Something else about this machine; the message says what to do.",
}
assert urls.urlpatterns, "importing the addresses has loaded every class of the trees"
# Errors of Django REST framework that its views raise by themselves.
FRAMEWORK = (exceptions.MethodNotAllowed, exceptions.NotAcceptable, exceptions.UnsupportedMediaType)


def tree(root: type[Exception]) -> Iterator[type[Exception]]:
    """Yield a class and all below it that are our own."""
    yield root
    for child in root.__subclasses__():
        if child.__module__.partition(".")[0] in PACKAGES:
            yield from tree(child)


def codes_of(root: type[Exception]) -> dict[str, type[Exception]]:
    """Return the code of each class of a tree; a class that only narrows another's stays with it."""
    found: dict[str, type[Exception]] = {}
    for kind in tree(root):
        if "code" in vars(kind):
            found[kind.code] = kind  # type: ignore[attr-defined]  # seen in the line above
    return found


def statuses(root: type[Exception], name: str) -> str:
    """Return every status with which a tree's code is answered."""
    found = {str(kind.http_status) for kind in tree(root) if getattr(kind, "code", "") == name}  # type: ignore[attr-defined]  # of the trees with statuses
    return " or ".join(sorted(found))


def _tree_rows(root: type[Exception]) -> list[tuple[str, str, str]]:
    rows = []
    for name, kind in codes_of(root).items():
        said = ROOTS.get(kind) or paragraphs(kind)
        again = " Trying again may help." if getattr(kind, "retryable", False) and " try" not in said else ""
        status = statuses(root, name) if hasattr(root, "http_status") else ""
        rows.append((code(name), status, said + again))
    return sorted(rows)


def _literal_rows(codes: Mapping[str, Row]) -> list[tuple[str, str, str]]:
    return [(code(name), status, meaning) for name, (status, meaning) in codes.items()]


def errors_page() -> str:
    """Return the page."""
    dify = {**DIFY_CODES, **ERROR_CODES, **dict.fromkeys(sorted(OUR_FAULTS), "internal_server_error")}
    return page(
        "Errors",
        "Every code that can stand in an answer, in a failed run or at a document, with its HTTP status: codes are "
        "stable, messages say what to do and may change.",
        section(
            "Console and service API",
            'On `/api/v1` as `{"code", "message", "extra"}`; `extra.fields` maps a wrong field to its messages.',
            table(HEAD, sorted([*_tree_rows(ApiError), *_literal_rows(CONSOLE)])),
        ),
        section("Only the service API", table(HEAD, _literal_rows(SERVICE))),
        section(
            "Runs",
            "The status is that of an answer before the stream began; later the code stands in `node_failed` and "
            "`run_failed`. The codes of the models below can stand there too.",
            table(HEAD, sorted([*_tree_rows(AgentsError), *_literal_rows(RUNS)])),
        ),
        section(
            "Models",
            "On the inference server in OpenAI's shape; where the platform asked a model, in a run or an answer.",
            table(HEAD, sorted([*_tree_rows(InferenceError), *_literal_rows(INFERENCE)])),
        ),
        section(
            "Knowledge", "Of uploads, searches and the processing of documents.", table(HEAD, _tree_rows(RagError))
        ),
        section(
            "Command line",
            "Printed as a message, with exit code 1.",
            table(("Name", "Meaning"), ((name, said) for name, _, said in _tree_rows(EmbeddedError))),
        ),
        section(
            "In Dify's words",
            "Where Dify has a name of its own the service API answers with it.",
            table(("Ours", "Dify's"), sorted((code(ours), code(theirs)) for ours, theirs in dify.items())),
        ),
    )
