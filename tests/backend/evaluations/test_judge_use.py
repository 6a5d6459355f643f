"""What judges take counts: beside the runs of the experiment, against its budget and against the limits."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from backend.accounts.models import ApiKey
from backend.evaluations.advancing import experiment_advance
from backend.evaluations.models import Experiment, ExperimentRow
from backend.evaluations.ports import JUDGES
from backend.evaluations.scoring import row_score
from backend.limits.counting import usage_recount
from backend.limits.models import Limit, LimitUsage
from backend.limits.services import Wanted, limit_create
from backend.providers.writing import Written
from backend.runs.models import Run
from tests.backend.apps.running import COMPLETION_PRICE, LIVE, MODEL, PROMPT_PRICE, World
from tests.backend.conftest import Person
from tests.backend.evaluations.running import (
    VERDICT_USE,
    app_made,
    ask,
    echo,
    evaluator_made,
    finished,
    judging,
    rows,
    set_made,
)

pytestmark = LIVE
VERDICT = '{"score": 4, "reason": "fine"}'
ASKED, PROMPT, COMPLETION = 2, VERDICT_USE.prompt_tokens, VERDICT_USE.completion_tokens
"""A judge is asked twice about a case with an expected answer."""
ROW_TOKENS = ASKED * (PROMPT + COMPLETION)
ROW_COST = ASKED * (PROMPT * PROMPT_PRICE + COMPLETION * COMPLETION_PRICE) / 1_000_000


def judged(person: Person, app_id: object, questions: tuple[str, ...] = ("one", "two"), **more: Any) -> Any:
    """Run an experiment over the questions with a judge, to its end."""
    judge = evaluator_made(person, "judge", "Judge", model=MODEL)
    body = {"app_id": str(app_id), "set_id": set_made(person, questions), "variants": [{}], "evaluator_ids": [judge]}
    return finished(person, ask(person, "POST", "/experiments", {**body, **more}, 201)["id"])


def limited(person: Person, metric: str, **values: Any) -> Limit:
    wanted = Wanted(metric=metric, amount=Decimal(1000), period="month", **{"scope": "workspace", **values})
    return limit_create(workspace_id=person.workspace.id, wanted=wanted, actor=person.user)


def used(limit: Limit) -> Decimal:
    return sum((row.used for row in LimitUsage.objects.filter(limit=limit)), Decimal(0))


def of_runs(person: Person) -> tuple[int, Decimal]:
    runs = Run.objects.within(person.workspace.id)
    return sum(run.tokens for run in runs), sum((run.cost for run in runs), Decimal(0))


def test_an_experiment_shows_what_its_judges_took_apart_from_its_runs(owner: Person, world: World) -> None:
    world.model.script = echo
    judging(VERDICT)
    done = judged(owner, app_made(owner).id)
    tokens, cost = of_runs(owner)
    progress = done["progress"]
    assert progress["prompt_tokens"] + progress["completion_tokens"] == tokens == done["results"][0]["tokens"]
    assert (Decimal(progress["cost"]), Decimal(progress["judge_cost"])) == (cost, 2 * ROW_COST)
    assert progress["judge_tokens"] == 2 * ROW_TOKENS
    (row, _) = rows(owner, done["id"])
    assert (row["judge_prompt_tokens"], row["judge_completion_tokens"]) == (ASKED * PROMPT, ASKED * COMPLETION)
    assert Decimal(row["judge_cost"]) == ROW_COST


def test_judges_count_against_the_limits_and_a_new_limit_knows_of_them(owner: Person, world: World) -> None:
    world.model.script = echo
    judging(VERDICT)
    app = app_made(owner)
    before = [limited(owner, "tokens"), limited(owner, "tokens", scope="app", app_id=app.id), limited(owner, "cost")]
    runs_before = limited(owner, "runs")
    judged(owner, app.id)
    tokens, cost = of_runs(owner)
    whole = [tokens + 2 * ROW_TOKENS] * 2 + [cost + 2 * ROW_COST]
    assert [used(limit) for limit in before] == whole and used(runs_before) == 2

    assert [usage_recount(limit) for limit in before] == [0, 0, 0]
    LimitUsage.objects.all().delete()
    assert [usage_recount(limit) for limit in (*before, runs_before)] == [1] * 4
    assert [used(limit) for limit in before] == whole and used(runs_before) == 2
    later = [limited(owner, "tokens", scope="end_user"), limited(owner, "tokens", scope="end_user", app_id=app.id)]
    key = ApiKey.objects.within(owner.workspace.id).get(app=app)
    assert [used(limit) for limit in (*later, limited(owner, "tokens", scope="key", key=key))] == [0, 0, 0]

    for path, wanted in (("/usage", whole[0]), (f"/usage?app={app.id}", whole[0]), (f"/usage?key={key.id}", 0)):
        day, month = ask(owner, "GET", path)
        assert day["tokens"] == month["tokens"] == wanted
    assert Decimal(month["cost"]) == 0 and Decimal(ask(owner, "GET", "/usage")[1]["cost"]) == whole[2]


def test_judges_spend_the_budget_too(owner: Person, world: World) -> None:
    world.model.script = echo
    judging(VERDICT)
    done = judged(owner, app_made(owner).id)
    whole = of_runs(owner)[0] + 2 * ROW_TOKENS
    for budget, end in ((whole + 1, "finished"), (whole, "stopped")):
        last = ExperimentRow.unscoped.get(number=2)
        ExperimentRow.unscoped.filter(id=last.id).update(status="pending", run=None)
        Experiment.unscoped.update(status="running", finished_at=None, budget_tokens=budget)
        experiment_advance(last.experiment_id)
        assert finished(owner, done["id"])["status"] == end
    assert f"{whole} were used" in ask(owner, "GET", f"/experiments/{done['id']}")["reason"]


def test_a_judge_whose_verdict_is_nonsense_or_whose_row_was_taken_has_taken_its_tokens(
    owner: Person, world: World
) -> None:
    world.model.script = echo
    limit = limited(owner, "tokens")
    judging("I would rather not say.")
    done = judged(owner, app_made(owner).id, ("one",))
    assert done["results"][0]["evaluators"][0]["failures"] == 1
    assert done["progress"]["judge_tokens"] == PROMPT + COMPLETION, "it is not asked a second time"

    row = ExperimentRow.unscoped.get()
    ExperimentRow.unscoped.filter(id=row.id).update(status="scoring")
    before = used(limit)

    async def taken(prompt: str, max_tokens: int) -> Any:
        later = timezone.now() + timedelta(hours=1)
        await ExperimentRow.unscoped.filter(id=row.id).aupdate(lease_expires_at=later)
        return Written("nothing", VERDICT_USE)

    JUDGES.fill(lambda workspace_id, model: taken)
    assert row_score(row.id) is None
    assert used(limit) == before + PROMPT + COMPLETION
