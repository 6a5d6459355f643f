"""An app as a model: OpenAI's chat completions and models, on the app's key."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse

from backend.apps.services import RunAsk, app_run_start
from backend.common.http import body_json
from backend.runs.dialects import openai
from backend.runs.models import RunSource
from backend.runs.sse import event_stream
from backend.runs.stream import follow
from backend.service_api.callers import AppCaller, end_user_of, published_draft
from backend.service_api.chat_request import ChatBody, chat_ask, chat_body, draft_with, image_store, unknown_model


async def chat_completion(request: HttpRequest, caller: AppCaller) -> HttpResponseBase:
    """POST /chat/completions: the app's prompt precedes the client's messages, `model` is accepted and ignored."""

    def read() -> tuple[RunAsk, ChatBody]:
        body = chat_body(body_json(request))
        said = chat_ask(body.messages)
        draft = draft_with(published_draft(caller), body, caller.mode)
        end_user = end_user_of(body.user, required=False)
        images = [image_store(caller, url, end_user, number) for number, url in enumerate(said.image_urls, 1)]
        ask = RunAsk(
            app=caller.app,
            draft=draft,
            version=caller.app.published_version.number,
            source=RunSource.OPENAI,
            inputs=body.inputs or {},
            query=said.query,
            file_ids=tuple(str(stored.id) for stored in images),
            key=caller.key,
            end_user=end_user,
            instructions=said.instructions,
            history=said.history,
        )
        return ask, body

    run, body = await app_run_start(read)
    facts = openai.CompletionFacts(
        run_id=str(run.id),
        model=caller.app.slug,
        created=int(run.created_at.timestamp()),
        include_usage=bool(body.stream_options and body.stream_options.include_usage),
    )
    if body.stream:
        return event_stream(openai.lines(facts, follow(run.id, is_new=True)), {"X-Run-Id": str(run.id)})
    return JsonResponse(await openai.collect(facts, follow(run.id, is_new=True)), headers={"X-Run-Id": str(run.id)})


def _model(caller: AppCaller) -> dict[str, object]:
    app = caller.app
    return {"id": app.slug, "object": "model", "created": int(app.created_at.timestamp()), "owned_by": "atelier"}


def models_list(request: HttpRequest, caller: AppCaller) -> HttpResponse:
    """GET /models: the app, under its slug."""
    return JsonResponse({"object": "list", "data": [_model(caller)]})


def model_get(request: HttpRequest, caller: AppCaller, model: str) -> HttpResponse:
    """GET /models/{id}: the same, when it is the slug."""
    if model != caller.app.slug:
        raise unknown_model(model, caller.app.slug)
    return JsonResponse(_model(caller))
