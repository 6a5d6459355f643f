"""The addresses of accounts, under /api/v1/."""

from django.urls import path

from backend.accounts import openapi
from backend.accounts.api import audit, keys, session, workspace

__all__ = ["openapi", "urlpatterns"]  # importing openapi registers its schemes

urlpatterns = [
    path("setup", session.SetupView.as_view(), name="setup"),
    path("session", session.SessionView.as_view(), name="session"),
    path("me", session.MeView.as_view(), name="me"),
    path("me/password", session.PasswordView.as_view(), name="me-password"),
    path("workspace", workspace.WorkspaceView.as_view(), name="workspace"),
    path("workspaces", workspace.WorkspacesView.as_view(), name="workspaces"),
    path("members", workspace.MembersView.as_view(), name="members"),
    path("members/<uuid:member_id>", workspace.MemberView.as_view(), name="member"),
    path("invitations", workspace.InvitationsView.as_view(), name="invitations"),
    path("invitations/accept", session.InvitationAcceptView.as_view(), name="invitation-accept"),
    path("invitations/<uuid:invitation_id>", workspace.InvitationView.as_view(), name="invitation"),
    path("tokens", keys.TokensView.as_view(), name="tokens"),
    path("tokens/<uuid:token_id>", keys.TokenView.as_view(), name="token"),
    path("dataset-keys", keys.DatasetKeysView.as_view(), name="dataset-keys"),
    path("dataset-keys/<uuid:key_id>", keys.DatasetKeyView.as_view(), name="dataset-key"),
    path("audit", audit.AuditView.as_view(), name="audit"),
    path("audit/export", audit.AuditExportView.as_view(), name="audit-export"),
]
