"""Addresses of evaluations in the console's API."""

from django.urls import path

from backend.evaluations.api import evaluators, experiments, gates, sets

SET = "test-sets/<uuid:evaluation_set_id>"
EXPERIMENT = "experiments/<uuid:experiment_id>"

urlpatterns = [
    path("test-sets", sets.SetsView.as_view(), name="test-sets"),
    path(SET, sets.SetView.as_view(), name="test-set"),
    path(f"{SET}/cases", sets.CasesView.as_view(), name="test-set-cases"),
    path(f"{SET}/cases/<uuid:evaluation_case_id>", sets.CaseView.as_view(), name="test-set-case"),
    path(f"{SET}/upload", sets.CasesUploadView.as_view(), name="test-set-upload"),
    path(f"{SET}/generate", sets.CasesGenerateView.as_view(), name="test-set-generate"),
    path("runs/<uuid:run_id>/test-cases", sets.RunCasesView.as_view(), name="run-test-cases"),
    path("evaluators", evaluators.EvaluatorsView.as_view(), name="evaluators"),
    path("evaluators/<uuid:evaluator_id>", evaluators.EvaluatorView.as_view(), name="evaluator"),
    path("experiments", experiments.ExperimentsView.as_view(), name="experiments"),
    path(EXPERIMENT, experiments.ExperimentView.as_view(), name="experiment"),
    path(f"{EXPERIMENT}/cancel", experiments.ExperimentCancelView.as_view(), name="experiment-cancel"),
    path(f"{EXPERIMENT}/rows", experiments.ExperimentRowsView.as_view(), name="experiment-rows"),
    path(
        f"{EXPERIMENT}/rows/<uuid:experiment_row_id>/review",
        experiments.RowReviewView.as_view(),
        name="experiment-row-review",
    ),
    path("apps/<uuid:app_id>/gate", gates.GateView.as_view(), name="app-gate"),
    path("apps/<uuid:app_id>/gate/run", gates.GateRunView.as_view(), name="app-gate-run"),
]
