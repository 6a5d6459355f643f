"""A workspace that looks like one in use: a ferry line's documents, apps, runs and prompts."""

from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.e2e.conftest import MODEL, ok, pdf_of, until

HANDBOOK = (
    "Passenger handbook of Fjordline Ferries. Summer season, 1 May to 30 September.\n\n"
    "Foot passengers may board until ten minutes before departure. Cars queue in lanes one to six and board "
    "first; drivers wait for the signal of the deck crew and switch the engine off at once.",
    "Luggage and bicycles.\n\nEach passenger may carry two pieces of hand luggage free of charge. Bicycles travel "
    "for 45 kroner and are tied to the rail on the port side of the car deck. Electric scooters must be folded and "
    "may not be charged on board.",
    "Delays and refunds.\n\nA ticket is refunded in full when a crossing is cancelled, and by half when it leaves "
    "more than sixty minutes late. Refunds are paid to the card that was used, within five working days. Passengers "
    "who miss a connecting bus because of a delay travel on the next one without a new ticket.",
)
TIMETABLE = """# Timetable, Storvik to Lunde

Boats leave Storvik at 06:40, 09:15, 12:30, 15:45 and 19:10. The crossing takes 55 minutes.

## Sundays and holidays

The first boat leaves at 09:15. The last boat back from Lunde leaves at 20:20.

## Winter

From October to April the 12:30 boat does not run. In storms above 20 metres per second all crossings are cancelled.
"""
ANIMALS = """# Travelling with animals

Dogs travel free of charge on a leash and stay on the outer deck or in the marked part of the saloon.

Guide dogs may go everywhere. Cats and small animals travel in a closed carrier. Horses need a trailer and a booking
two days ahead, by telephone.
"""
QUESTIONS = (
    "When is a ticket refunded in full?",
    "How long does the crossing take?",
    "Where must dogs stay?",
    "How much does a bicycle cost?",
)
CLERK = "You work at the desk of Fjordline Ferries. Answer in one short sentence from the passages, and cite them."
TABLE = "crossing,reason\n06:40 to Lunde,fog in the fjord\n09:15 to Lunde,engine check\n12:30 to Storvik,strong wind\n"
PROMPTS = {
    "Tone of voice": "Write like a calm colleague at the counter. Address {{reader}} as a guest, never as a case.",
    "Refund rules": "Decide whether {{case}} is refunded in full, by half or not at all, and name the rule.",
    "Summary of a shift": "Sum up the log of the shift in five lines: {{log}}",
}
NOTICE = (
    "Write one friendly sentence for the board at the pier: the {{crossing}} boat is delayed because of {{reason}}."
)
LETTER = {
    "recipient": "Marit Solheim", "sender": "Fjordline Ferries", "occasion": "a cancelled crossing on 3 June",
    "tone": "friendly", "points": "full refund within five working days; sorry; a coffee on board next time",
}  # fmt: skip


@dataclass(frozen=True)
class Ferries:
    """The names by which the addresses of the page know what was made."""

    ids: dict[str, str] = field(default_factory=dict)

    def path(self, pattern: str) -> str:
        """Fill in an address such as /apps/{chat}/build."""
        return pattern.format(**self.ids)


def ferries_make(console: httpx.Client, *, words: int = 24) -> Ferries:
    """Fill the workspace; answers have `words` tokens at most. Takes as long as the model needs for a dozen answers."""
    ids: dict[str, str] = {}
    model = {"id": MODEL, "parameters": {"temperature": 0, "max_tokens": words}}
    ids |= knowledge_make(console)
    ids |= chat_make(console, model, ids["dataset"])
    ids |= others_make(console, model)
    ids |= graphs_make(console, words)
    ids |= rooms_make(console)
    ids |= operations_make(console, ids["chat"])
    return Ferries(ids)


def knowledge_make(console: httpx.Client) -> dict[str, str]:
    """A dataset of three documents with a measured test set, and a second one that is small."""
    dataset = ok(console.post("/datasets", json={"name": "Passenger handbook", "description": "What the desk answers"}))
    path = f"/datasets/{dataset['id']}"
    files = (
        ("passenger-handbook.pdf", pdf_of(HANDBOOK), "application/pdf"),
        ("timetable.md", TIMETABLE.encode(), "text/markdown"),
        ("animals.md", ANIMALS.encode(), "text/markdown"),
    )
    documents = [ok(console.post(f"{path}/documents", files={"file": file}))["id"] for file in files]
    ok(console.post(f"{path}/metadata-fields", json={"name": "season", "type": "string"}))
    tag = ok(console.post("/dataset-tags", json={"name": "customers"}))
    ok(console.patch(path, json={"tag_ids": [tag["id"]]}))
    until(lambda: _ready(console, f"{path}/documents", len(files)), "indexing")
    sets = f"{path}/test-sets"
    test_set = ok(console.post(sets, json={"name": "Questions at the desk"}))["id"]
    for question, document in zip(QUESTIONS, (0, 1, 2, 0), strict=True):
        case = {"question": question, "documents": [files[document][0]]}
        ok(console.post(f"{sets}/{test_set}/cases", json=case))
    own = {"top_k": 5, "score_threshold": None, "rerank": False}
    settings = [{**own, "name": name, "mode": mode} for name, mode in (("Meaning", "semantic"), ("Both", "hybrid"))]
    measured = ok(console.post(f"{sets}/{test_set}/evaluations", json={"settings": settings}))["id"]
    until(lambda: ok(console.get(f"{sets}/{test_set}/evaluations/{measured}"))["status"] == "finished", "evaluation")
    ok(console.post("/datasets", json={"name": "Crew rules", "description": "Shifts, safety and the galley"}))
    return {"dataset": dataset["id"], "document": documents[0], "test_set": test_set}


def _ready(console: httpx.Client, path: str, count: int) -> bool:
    documents = ok(console.get(path))["results"]
    assert not [each for each in documents if each["status"] == "failed"], documents
    return sum(each["status"] == "ready" for each in documents) == count


def run_once(console: httpx.Client, app_id: str, **body: Any) -> str:
    """Run the draft of an app to its end; returns the run's id."""
    streamed = console.post(f"/apps/{app_id}/runs", json=body, timeout=180)
    assert streamed.is_success and "event: error" not in streamed.text, streamed.text
    return str(ok(console.get("/runs", params={"app": app_id}))["results"][0]["id"])


def app_new(console: httpx.Client, name: str, mode: str, draft: dict[str, Any], description: str) -> str:
    app = ok(console.post("/apps", json={"name": name, "mode": mode, "description": description}))
    ok(console.put(f"/apps/{app['id']}/draft", json=draft))
    return str(app["id"])


def chat_make(console: httpx.Client, model: dict[str, Any], dataset: str) -> dict[str, str]:
    """The app of the desk: published with a page of its own and a key, talked to, liked and disliked."""
    draft = {
        "model": model, "prompt": CLERK, "datasets": [dataset],
        "retrieval": {"mode": "hybrid", "top_k": 2, "score_threshold": None, "rerank": False},
        "opening_statement": "Good morning! Ask me about tickets, times and what you may bring.",
        "suggested_questions": list(QUESTIONS[:3]),
    }  # fmt: skip
    app = app_new(console, "Ferry desk", "chat", draft, "Answers what passengers ask, from the handbook")
    runs = [run_once(console, app, query=question) for question in QUESTIONS]
    ok(console.post(f"/apps/{app}/publish", json={"note": "First season"}))
    ok(console.put(f"/apps/{app}/draft", json={**draft, "prompt": f"{CLERK} Be kind."}))
    ok(console.post(f"/apps/{app}/publish", json={"note": "A kinder tone"}))
    ok(console.put(f"/apps/{app}/draft", json={**draft, "prompt": f"{CLERK} Be kind and brief."}))
    ok(console.post(f"/runs/{runs[0]}/feedback", json={"rating": "like", "comment": ""}))
    ok(
        console.post(
            f"/runs/{runs[1]}/feedback", json={"rating": "dislike", "comment": "The rule for an hour is missing"}
        )
    )
    site = {"is_on": True, "name": "Ferry desk", "description": "Tickets, times and what you may bring"}
    code = ok(console.patch(f"/apps/{app}/site", json=site))["code"]
    ok(console.post(f"/apps/{app}/keys", json={"name": "Website"}))
    talk = ok(console.get(f"/runs/{runs[0]}"))["conversation_id"]
    return {"chat": app, "run": runs[0], "talk": talk, "code": code}


def others_make(console: httpx.Client, model: dict[str, Any]) -> dict[str, str]:
    """An agent, and a completion with a page of its own that ran over a table."""
    tools = [{"name": "calculator", "config": {}}, {"name": "current_time", "config": {}}]
    agent = {"model": model, "prompt": "You reckon fares. Use the calculator.", "tools": tools}
    fares = app_new(console, "Fare reckoner", "agent", agent, "Adds up fares for families and groups")
    run_once(console, fares, query="What do 3 tickets at 89 kroner cost?")
    variables = [{"name": "crossing", "required": True}, {"name": "reason", "required": True}]
    draft = {"model": model, "prompt": NOTICE, "variables": variables}
    notices = app_new(console, "Notice writer", "completion", draft, "One line for the board at the pier")
    ok(console.post(f"/apps/{notices}/publish", json={"note": ""}))
    code = ok(console.patch(f"/apps/{notices}/site", json={"is_on": True, "name": "Notice writer"}))["code"]
    upload = {"file": ("delays.csv", TABLE.encode(), "text/csv")}
    batch = ok(console.post(f"/apps/{notices}/batches", files=upload, data={"start": "true"}))["id"]
    path = f"/apps/{notices}/batches/{batch}"
    until(lambda: ok(console.get(path))["status"] == "finished", "the table", 240)
    return {"agent": fares, "completion": notices, "form_code": code, "batch": batch}


def graphs_make(console: httpx.Client, words: int) -> dict[str, str]:
    """A chatflow and a workflow out of templates, each run once, and a letter that was written by a form."""
    ids = {}
    for name, template, title, body in (
        ("chatflow", "support-triage", "Complaints", {"query": "My ticket was charged twice."}),
        ("workflow", "report-writer", "Season report", None),
        ("letter", "form-letter", "Letters to guests", {"inputs": LETTER}),
    ):
        app = ok(console.post(f"/templates/{template}/apps", json={"name": title}))["id"]
        draft = ok(console.get(f"/apps/{app}/draft"))
        ok(console.put(f"/apps/{app}/draft", json=shortened(draft, words)))
        if body:
            ids[f"{name}_run"] = run_once(console, app, **body)
        ids[name] = app
    return ids


def shortened(draft: dict[str, Any], words: int) -> dict[str, Any]:
    """Let no model of a draft write more than `words` tokens."""
    if "graph" not in draft:
        parameters = {**draft["model"]["parameters"], "max_tokens": words}
        return {**draft, "model": {**draft["model"], "parameters": parameters}}
    for node in draft["graph"]["nodes"]:
        if model := node["data"].get("model"):
            model["completion_params"] = {**model.get("completion_params", {}), "max_tokens": words}
    return draft


def rooms_make(console: httpx.Client) -> dict[str, str]:
    """What the other rooms show: prompts with versions, a provider, an invitation, tokens and keys."""
    ids = []
    for name, text in PROMPTS.items():
        ids.append(ok(console.post("/prompts", json={"name": name, "content": {"text": text}}))["id"])
    better = {"text": f"{PROMPTS['Tone of voice']} No exclamation marks.", "note": "Calmer"}
    ok(console.post(f"/prompts/{ids[0]}/versions", json=better))
    provider = {
        "name": "ollama", "base_url": "http://127.0.0.1:11434/v1", "api_key": "",
        "models": [{"name": "qwen3:8b", "kind": "chat", "context_tokens": 32768, "supports_tools": True}],
    }  # fmt: skip
    made = ok(console.post("/providers", json=provider))["id"]
    ok(console.post("/invitations", json={"email": "marit@example.org", "role": "editor"}))
    ok(console.post("/tokens", json={"name": "Nightly export"}))
    ok(console.post("/dataset-keys", json={"name": "Intranet"}))
    return {"prompt": ids[0], "provider": made}


def operations_make(console: httpx.Client, app: str) -> dict[str, str]:
    """What keeps an app good: corrected answers, a test set, an experiment that compares, a limit and an alert."""
    annotation = {"question": "When is the desk open?", "answer": "Every day from **06:00** to 20:00."}
    ok(console.post(f"/apps/{app}/annotations", json=annotation))
    ok(console.patch(f"/apps/{app}/annotations/settings", json={"is_on": True}))
    cases = "query,expected\n" + "".join(f"{question},Five working days\n" for question in QUESTIONS)
    test_set = ok(console.post("/test-sets", json={"name": "At the counter", "app_id": app}))["id"]
    ok(console.post(f"/test-sets/{test_set}/upload", files={"file": ("counter.csv", cases.encode(), "text/csv")}))
    near = {"name": "Means the same", "kind": "similarity", "config": {}, "pass_at": 0.6}
    judge = ok(console.post("/evaluators", json=near))["id"]
    asked = {"app_id": app, "set_id": test_set, "evaluator_ids": [judge], "variants": [{"version": 2}, {}]}
    experiment = ok(console.post("/experiments", json=asked))["id"]
    until(lambda: ok(console.get(f"/experiments/{experiment}"))["finished_at"] is not None, "the experiment", 240)
    ok(console.put(f"/apps/{app}/gate", json={"is_on": True, "set_id": test_set, "evaluator_ids": [judge]}))
    limit = {"scope": "app", "app": app, "metric": "tokens", "period": "day", "amount": "200000"}
    ok(console.post("/limits", json=limit))
    alert = {
        "name": "Too many failures", "metric": "error_rate", "window_minutes": 60, "comparison": "above",
        "threshold": 0.2, "channel": "email", "recipients": ["marit@example.org"],
    }  # fmt: skip
    ok(console.post("/alerts", json=alert))
    return {"cases": test_set, "experiment": experiment}
