"""An experiment measures what the app's models make of a question, not what people wrote beside them."""

from backend.runs.models import Run
from tests.backend.annotations.conftest import Desk, _embedders, annotating
from tests.backend.apps.running import LIVE, World
from tests.backend.conftest import Person
from tests.backend.evaluations.running import app_made, ask, echo, evaluator_made, finished, rows, set_made

__all__ = ["_embedders", "annotating"]
pytestmark = LIVE


def test_an_experiment_asks_the_model_where_an_annotation_would_answer(owner: Person, annotating: World) -> None:
    annotating.model.script = echo
    app = app_made(owner)
    desk = Desk(owner, app.id)
    desk.switch(is_on=True, threshold=0.9)
    desk.add("one", "What a person wrote.")
    assert desk.told("POST", "/try", {"question": "one"})["results"][0]["is_hit"]
    body = {"app_id": str(app.id), "set_id": set_made(owner, ("one", "two")), "variants": [{"version": 1}, {}]}
    made = ask(owner, "POST", "/experiments", {**body, "evaluator_ids": [evaluator_made(owner)]}, 201)
    done = finished(owner, made["id"])
    assert {row["answer"] for row in rows(owner, made["id"])} == {"one", "two"}
    assert [item["score"]["mean"] for item in done["results"]] == [1, 1]
    assert Run.objects.within(owner.workspace.id).count() == len(annotating.model.requests) == 4
