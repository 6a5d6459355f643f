"""Alerts: what fires, what is told and when, and what happens when nobody is there to be told."""

import hashlib
import hmac
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.accounts.models import AuditEntry, Role
from backend.alerts import tasks
from backend.alerts.delivering import BACK_OFF_S, events_deliver
from backend.alerts.evaluating import alert_evaluate, alerts_evaluate
from backend.alerts.models import Alert, AlertEvent
from backend.alerts.ports import METRIC_VALUE
from backend.alerts.services import alert_secrets_rotate
from backend.runs.models import Run
from backend.tools.services import egress_set
from tests.backend.alerts.receivers import Hook, hook, mail_server
from tests.backend.apps.running import LIVE, app_published
from tests.backend.conftest import Person
from tests.backend.world import run_create

pytestmark = LIVE
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
RULE = {"name": "Dear day", "metric": "cost", "window_minutes": 60, "comparison": "above", "threshold": 2}
MAIL = {**RULE, "channel": "email", "recipients": ["ann@example.org", "bob@example.org"], "interval_minutes": 0}


class Metric:
    """The value of every metric, as a test says."""

    def __init__(self) -> None:
        self.value: float | None = 0.0

    def __call__(self, *_: object) -> float | None:
        return self.value


@pytest.fixture
def metric(monkeypatch: pytest.MonkeyPatch) -> Metric:
    made = Metric()
    monkeypatch.setattr(METRIC_VALUE, "_value", made)
    return made


@pytest.fixture
def receiver(owner: Person) -> Iterator[Hook]:
    """A webhook's receiver that the workspace may reach."""
    egress_set(workspace_id=owner.workspace.id, allow=["127.0.0.1"], deny=[], only_listed=False, actor=owner.user)
    with hook() as made:
        yield made


def made(person: Person, body: dict[str, Any]) -> dict[str, Any]:
    response = person.request("POST", "/alerts", body)
    assert response.status_code == 201, response.content
    return dict(response.json())


def hooked(person: Person, receiver: Hook, **values: Any) -> dict[str, Any]:
    return made(person, {**RULE, "channel": "webhook", "webhook": receiver.url, "interval_minutes": 0, **values})


def look(alert: dict[str, Any], minutes: float = 0) -> list[tuple[str, str]]:
    """Look at the alert so long after noon and send what is due; return its history, oldest first."""
    now = NOON + timedelta(minutes=minutes)
    alert_evaluate(uuid.UUID(alert["id"]), now)
    events_deliver(now)
    events = AlertEvent.unscoped.filter(alert_id=alert["id"]).order_by("created_at")
    return [(event.kind, event.delivery) for event in events]


def test_an_alert_tells_once_when_it_fires_and_once_when_it_is_over(
    owner: Person, receiver: Hook, metric: Metric
) -> None:
    alert = hooked(owner, receiver)
    assert look(alert) == []
    metric.value = 2.5
    assert look(alert, 1) == look(alert, 2) == [("fired", "sent")]
    metric.value = 2.0
    assert look(alert, 3) == [("fired", "sent"), ("resolved", "sent")]
    fired, resolved = receiver.told
    assert (fired["event"], fired["value"], fired["threshold"], resolved["event"]) == ("fired", 2.5, 2.0, "resolved")
    assert "is $2.5 over 60 minutes: the alert fires above $2" in fired["text"]


def test_a_webhook_is_signed_and_its_secret_is_shown_once(owner: Person, receiver: Hook, metric: Metric) -> None:
    alert = hooked(owner, receiver)
    metric.value = 3
    look(alert)
    headers, body = receiver.headers[0], receiver.bodies[0]
    signed = headers["X-Atelier-Timestamp"].encode() + b"." + body
    expected = hmac.new(alert["secret"].encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Atelier-Signature"] == f"sha256={expected}"
    assert headers["X-Atelier-Event"] == receiver.told[0]["id"]
    seen = owner.request("GET", "/alerts").content.decode()
    assert alert["secret"] not in seen and "canary-of-the-hook" not in seen
    assert "canary-of-the-hook" not in str(Alert.unscoped.values()) + str(AuditEntry.unscoped.values())
    assert alert["webhook_origin"].startswith("http://127.0.0.1:")


def test_a_webhook_reaches_nothing_that_the_workspace_may_not(owner: Person, metric: Metric) -> None:
    with hook() as inside:
        alert = hooked(owner, inside)
        answer = owner.request("POST", f"/alerts/{alert['id']}/test").json()
        assert answer["delivery"] == "failed" and "was not reached" in answer["error"]
        assert "canary-of-the-hook" not in answer["error"] and inside.bodies == []


def test_a_target_that_is_away_is_tried_later_and_later_and_the_history_says_why(
    owner: Person, receiver: Hook, metric: Metric
) -> None:
    alert = hooked(owner, receiver)
    metric.value, receiver.status = 3, 503
    assert look(alert) == [("fired", "waiting")]
    assert look(alert, 0.4) == [("fired", "waiting")] and len(receiver.bodies) == 1
    at = 0.0
    for tries, wait_s in enumerate(BACK_OFF_S, start=2):
        at += wait_s / 60
        history = look(alert, at)
        assert len(receiver.bodies) == tries
    assert history == [("fired", "failed")]
    (event,) = owner.request("GET", f"/alerts/{alert['id']}/events").json()["results"]
    assert event["attempts"] == 8 and "answered 503" in event["error"]
    assert len({told["id"] for told in receiver.told}) == 1, "every attempt has the same id"


def test_a_target_that_comes_back_gets_the_message(owner: Person, receiver: Hook, metric: Metric) -> None:
    alert = hooked(owner, receiver)
    metric.value, receiver.status = 3, 500
    look(alert)
    receiver.status = 204
    assert look(alert, 1) == [("fired", "sent")]
    assert AlertEvent.unscoped.get().error == ""


def test_a_killed_sender_leaves_the_message_to_the_next_attempt(
    owner: Person, receiver: Hook, metric: Metric, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert = hooked(owner, receiver)
    metric.value = 3

    def die(_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("backend.alerts.delivering._send", die)
        with pytest.raises(SystemExit):
            look(alert)
    assert look(alert, 0.1) == [("fired", "waiting")]
    assert look(alert, 1) == [("fired", "sent")]


def test_quiet_hours_hold_the_message_back_and_tell_what_is_still_true(
    owner: Person, receiver: Hook, metric: Metric
) -> None:
    # 12:00 UTC is 15:00 in Moscow.
    alert = hooked(owner, receiver, quiet_from="14:30", quiet_until="15:10", timezone="Europe/Moscow")
    metric.value = 3
    assert look(alert) == [("fired", "held")]
    metric.value = 0
    assert look(alert, 1) == [("fired", "skipped"), ("resolved", "skipped")]
    metric.value = 3
    assert look(alert, 2)[2:] == [("fired", "held")]
    assert look(alert, 10)[2:] == [("fired", "sent")]
    assert [told["event"] for told in receiver.told] == ["fired"]


@pytest.mark.parametrize(("hour", "is_quiet"), [(21, False), (22, True), (2, True), (6, False)])
def test_quiet_hours_go_over_midnight(owner: Person, receiver: Hook, metric: Metric, hour: int, is_quiet: bool) -> None:
    alert = hooked(owner, receiver, quiet_from="22:00", quiet_until="06:00")
    metric.value = 3
    assert look(alert, (hour - 12) * 60) == [("fired", "held" if is_quiet else "sent")]


def test_no_more_than_one_message_in_the_interval(owner: Person, receiver: Hook, metric: Metric) -> None:
    alert = hooked(owner, receiver, interval_minutes=30)
    for minute in range(29):
        metric.value = 3 if minute % 2 == 0 else 0
        look(alert, minute)
    assert len(receiver.bodies) == 1
    metric.value = 0
    assert look(alert, 31)[-1] == ("resolved", "sent")
    assert [told["event"] for told in receiver.told] == ["fired", "resolved"]


def test_a_clock_that_was_ahead_holds_nothing_back(owner: Person, receiver: Hook, metric: Metric) -> None:
    alert = hooked(owner, receiver, interval_minutes=30)
    metric.value, receiver.status = 3, 500
    look(alert, 60 * 24 * 365)
    receiver.status, metric.value = 200, 3
    assert look(alert) == [("fired", "sent")]
    metric.value = 0
    assert look(alert, 1)[-1] == ("resolved", "sent")


def test_without_data_nothing_fires_and_nothing_goes_on_firing(owner: Person, receiver: Hook, metric: Metric) -> None:
    alert = hooked(owner, receiver, comparison="below", threshold=100)
    metric.value = None
    assert look(alert) == []
    metric.value = 5
    assert look(alert, 1) == [("fired", "sent")]
    metric.value = None
    assert look(alert, 2)[-1] == ("resolved", "sent")
    (seen,) = owner.request("GET", "/alerts").json()["results"]
    assert (seen["state"], seen["value"]) == ("no_data", None)
    assert "no data" in receiver.told[-1]["text"]


def test_mail_goes_out_by_the_server_of_the_settings(owner: Person, metric: Metric, settings: Any) -> None:
    with mail_server() as server:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = server.server_address
        settings.EMAIL_USE_TLS = False
        alert = made(owner, {**MAIL, "name": "Dear\r\nBcc: x@example.org day"})
        metric.value = 3
        assert look(alert) == [("fired", "sent")]
        (message,) = server.messages
        assert "To: ann@example.org, bob@example.org" in message
        assert "Subject: [Atelier] Firing: Dear Bcc: x@example.org day" in message and "\nBcc:" not in message
        server.refuses = True
        failed = owner.request("POST", f"/alerts/{alert['id']}/test").json()
        assert failed["delivery"] == "failed" and "nobody of that name" in failed["error"]


def test_without_a_mail_server_the_test_says_what_to_set(owner: Person, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    alert = made(owner, MAIL)
    answer = owner.request("POST", f"/alerts/{alert['id']}/test").json()
    assert (answer["kind"], answer["delivery"]) == ("test", "failed") and "ATELIER_SMTP_HOST" in answer["error"]
    assert owner.request("GET", "/alert-metrics").json()["can_mail"] is False


def test_the_real_metric_of_real_runs_fires(owner: Person, stranger: Person, receiver: Hook) -> None:
    app = app_published(person=owner).app
    alert = hooked(owner, receiver, metric="runs", threshold=1, app=str(app.id))
    for client_app in (app, app_published(person=owner).app, app_published(person=stranger).app):
        run_create(client_app)
    tasks.evaluate()
    assert not AlertEvent.unscoped.exists()
    run_create(app)
    assert Run.unscoped.filter(app=app).count() == 2
    tasks.evaluate()
    assert receiver.told[0]["value"] == 2 and receiver.told[0]["app"]["id"] == str(app.id)
    assert Alert.unscoped.get(id=alert["id"]).state == "firing"


def test_one_alert_that_cannot_be_looked_at_leaves_the_others_alone(
    owner: Person, receiver: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, well = hooked(owner, receiver), hooked(owner, receiver, metric="runs")

    def value(workspace_id: object, name: str, *_: object) -> float:
        if name == "cost":
            raise ZeroDivisionError
        return 9

    monkeypatch.setattr(METRIC_VALUE, "_value", value)
    alerts_evaluate()
    states = dict(Alert.unscoped.values_list("id", "state"))
    assert states == {uuid.UUID(broken["id"]): "no_data", uuid.UUID(well["id"]): "firing"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"metric": "moon"},
        {"window_minutes": 0},
        {"threshold": "much"},
        {"recipients": []},
        {"recipients": ["nobody"]},
        {"timezone": "Mars/Olympus"},
        {"quiet_from": "10:00"},
        {"app": str(uuid.uuid4())},
        {"channel": "webhook"},
        {"channel": "webhook", "webhook": "ftp://example.org/x"},
    ],
)
def test_what_is_no_alert_is_refused_with_the_field(owner: Person, wrong: dict[str, Any]) -> None:
    response = owner.request("POST", "/alerts", {**MAIL, **wrong})
    assert response.status_code == 400 and response.json()["extra"]["fields"], response.content
    assert not Alert.unscoped.exists()


def test_alerts_are_changed_switched_off_and_removed(
    owner: Person, receiver: Hook, metric: Metric, member: Callable[[Role], Person]
) -> None:
    alert = hooked(owner, receiver)
    address = f"/alerts/{alert['id']}"
    metric.value = 3
    look(alert)
    assert member(Role.EDITOR).request("PATCH", address, {"threshold": 1}).status_code == 403
    changed = owner.request("PATCH", address, {"threshold": 5}).json()
    assert (changed["state"], changed["threshold"], changed["secret"]) == ("no_data", 5, "")
    assert look(alert, 1) == [("fired", "sent")]
    assert owner.request("PATCH", address, {"is_on": False}).status_code == 200
    metric.value = 9
    assert look(alert, 2) == [("fired", "sent")]
    assert alert_secrets_rotate().rotated == 1
    assert owner.request("DELETE", address).status_code == 204
    actions = {entry.action for entry in AuditEntry.objects.within(owner.workspace.id)}
    assert {"alert.created", "alert.changed", "alert.deleted"} <= actions
