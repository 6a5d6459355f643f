"""The addresses of logs, under /api/v1/."""

from django.urls import path

from backend.logs.api import exports, feedback, keeping, views

EXPORT = "run-exports/<uuid:export_id>"
ERASURE = "end-user-erasures/<uuid:erasure_id>"

urlpatterns = [
    path("runs/<uuid:run_id>/feedback", feedback.RunFeedbackView.as_view(), name="run-feedback"),
    path("run-exports", exports.RunExportsView.as_view(), name="run-exports"),
    path(EXPORT, exports.RunExportView.as_view(), name="run-export"),
    path(f"{EXPORT}/cancel", exports.RunExportCancelView.as_view(), name="run-export-cancel"),
    path(f"{EXPORT}/file", exports.RunExportFileView.as_view(), name="run-export-file"),
    path("run-views", views.SavedViewsView.as_view(), name="run-views"),
    path("run-views/<uuid:view_id>", views.SavedViewView.as_view(), name="run-view"),
    path("log-policy", keeping.LogPolicyView.as_view(), name="log-policy"),
    path("log-policy/estimate", keeping.RetentionEstimateView.as_view(), name="log-policy-estimate"),
    path("log-policy/trial", keeping.RedactionTrialView.as_view(), name="log-policy-trial"),
    path("end-user-data", keeping.EndUserDataView.as_view(), name="end-user-data"),
    path("end-user-erasures", keeping.ErasuresView.as_view(), name="end-user-erasures"),
    path(ERASURE, keeping.ErasureView.as_view(), name="end-user-erasure"),
    path(f"{ERASURE}/cancel", keeping.ErasureCancelView.as_view(), name="end-user-erasure-cancel"),
]
