"""A workspace and its people over HTTP."""

import uuid

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.api.serializers import (
    InvitationSerializer,
    MemberPatchSerializer,
    MemberSerializer,
    NewInvitationSerializer,
    WorkspaceNameSerializer,
    WorkspaceSerializer,
)
from backend.accounts.authentication import UserAuthentication
from backend.accounts.callers import Caller, caller_of
from backend.accounts.models import Role, Workspace
from backend.accounts.permissions import SignedIn
from backend.accounts.selectors import invitations_list, members_list
from backend.accounts.services.members import (
    invitation_create,
    invitation_withdraw,
    membership_change_role,
    membership_remove,
)
from backend.accounts.services.users import workspace_create, workspace_rename


def workspace_body(workspace: Workspace, role: Role) -> dict[str, object]:
    """Return a workspace as a member with this role sees it."""
    return {"id": workspace.id, "name": workspace.name, "role": role, "created_at": workspace.created_at}


def role_of(caller: Caller) -> Role:
    """Return the role of a console caller, who always has one."""
    assert caller.role is not None, "RoleAllows lets nobody through without a role"
    return caller.role


class WorkspaceView(APIView):
    """The caller's workspace."""

    write_role = Role.ADMIN

    @extend_schema(responses=WorkspaceSerializer)
    def get(self, request: Request) -> Response:
        """Return it."""
        caller = caller_of(request)
        workspace = Workspace.objects.get(id=caller.workspace_id)
        return Response(WorkspaceSerializer(workspace_body(workspace, role_of(caller))).data)

    @extend_schema(request=WorkspaceNameSerializer, responses=WorkspaceSerializer)
    def patch(self, request: Request) -> Response:
        """Rename it."""
        caller = caller_of(request)
        body = WorkspaceNameSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        workspace = workspace_rename(
            workspace=Workspace.objects.get(id=caller.workspace_id), name=body.validated_data["name"], actor=caller.user
        )
        return Response(WorkspaceSerializer(workspace_body(workspace, role_of(caller))).data)


class WorkspacesView(APIView):
    """More workspaces."""

    authentication_classes = [UserAuthentication]
    permission_classes = [SignedIn]

    @extend_schema(request=WorkspaceNameSerializer, responses={201: WorkspaceSerializer})
    def post(self, request: Request) -> Response:
        """Create one; the caller owns it."""
        body = WorkspaceNameSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        workspace = workspace_create(name=body.validated_data["name"], user=request.user)
        return Response(WorkspaceSerializer(workspace_body(workspace, Role.OWNER)).data, status=201)


class MembersView(GenericAPIView):
    """The members of the workspace."""

    serializer_class = MemberSerializer

    @extend_schema(responses=MemberSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List them."""
        page = self.paginate_queryset(members_list(caller_of(request).workspace_id))
        return self.get_paginated_response(MemberSerializer(page, many=True).data)


class MemberView(APIView):
    """One member."""

    write_role = Role.ADMIN

    @extend_schema(request=MemberPatchSerializer, responses=MemberSerializer)
    def patch(self, request: Request, member_id: uuid.UUID) -> Response:
        """Give them another role."""
        caller = caller_of(request)
        membership = get_object_or_404(members_list(caller.workspace_id), id=member_id)
        body = MemberPatchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        membership = membership_change_role(
            membership=membership,
            role=Role(body.validated_data["role"]),
            actor=caller.user,
            actor_role=role_of(caller),
        )
        return Response(MemberSerializer(membership).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, member_id: uuid.UUID) -> Response:
        """Take them out of the workspace."""
        caller = caller_of(request)
        membership = get_object_or_404(members_list(caller.workspace_id), id=member_id)
        membership_remove(membership=membership, actor=caller.user, actor_role=role_of(caller))
        return Response(status=204)


class InvitationsView(GenericAPIView):
    """Open invitations."""

    serializer_class = InvitationSerializer
    read_role = Role.ADMIN
    write_role = Role.ADMIN

    @extend_schema(responses=InvitationSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List them."""
        page = self.paginate_queryset(invitations_list(caller_of(request).workspace_id))
        return self.get_paginated_response(InvitationSerializer(page, many=True).data)

    @extend_schema(request=InvitationSerializer, responses={201: NewInvitationSerializer})
    def post(self, request: Request) -> Response:
        """Invite an e-mail; the answer has the link, once."""
        caller = caller_of(request)
        body = InvitationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        new = invitation_create(
            workspace_id=caller.workspace_id,
            email=body.validated_data["email"],
            role=Role(body.validated_data["role"]),
            actor=caller.user,
            actor_role=role_of(caller),
        )
        return Response({**InvitationSerializer(new.invitation).data, "link": new.link}, status=201)


class InvitationView(APIView):
    """One open invitation."""

    write_role = Role.ADMIN

    @extend_schema(responses={204: None})
    def delete(self, request: Request, invitation_id: uuid.UUID) -> Response:
        """Withdraw it."""
        caller = caller_of(request)
        invitation = get_object_or_404(invitations_list(caller.workspace_id), id=invitation_id)
        invitation_withdraw(invitation=invitation, actor=caller.user)
        return Response(status=204)
