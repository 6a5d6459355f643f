"""An app's conversations over HTTP, those of end users and of members alike."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.apps.api.serializers import ConversationSerializer, MessageSerializer
from backend.apps.selectors import app_get
from backend.common.pagination import OldestFirst
from backend.logs.models import Conversation
from backend.logs.selectors import (
    conversation_get,
    conversation_messages,
    conversations_of_app,
    with_message_counts,
)
from backend.logs.services import conversation_delete, conversation_rename
from backend.runs.models import Run


def _conversation(request: Request, app_id: uuid.UUID, conversation_id: uuid.UUID) -> Conversation:
    app = app_get(caller_of(request).workspace_id, app_id)
    return conversation_get(with_message_counts(conversations_of_app(app.workspace_id, app.id)), conversation_id)


class ConversationsView(GenericAPIView):
    """GET /apps/{id}/conversations."""

    serializer_class = ConversationSerializer
    queryset = Conversation.unscoped.none()

    @extend_schema(operation_id="apps_conversations_list", responses=ConversationSerializer(many=True))
    def get(self, request: Request, app_id: uuid.UUID) -> Response:
        """List them, newest first."""
        app = app_get(caller_of(request).workspace_id, app_id)
        found = with_message_counts(conversations_of_app(app.workspace_id, app.id))
        return self.get_paginated_response(ConversationSerializer(self.paginate_queryset(found), many=True).data)


class ConversationView(APIView):
    """One conversation."""

    @extend_schema(
        operation_id="apps_conversations_rename", request=ConversationSerializer, responses=ConversationSerializer
    )
    def patch(self, request: Request, app_id: uuid.UUID, conversation_id: uuid.UUID) -> Response:
        """Rename it."""
        conversation = _conversation(request, app_id, conversation_id)
        body = ConversationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        conversation_rename(conversation=conversation, name=body.validated_data.get("name", ""))
        return Response(ConversationSerializer(conversation).data)

    @extend_schema(operation_id="apps_conversations_delete", responses={204: None})
    def delete(self, request: Request, app_id: uuid.UUID, conversation_id: uuid.UUID) -> Response:
        """Delete it; its runs stay in the log."""
        conversation = _conversation(request, app_id, conversation_id)
        conversation_delete(conversation=conversation, actor=caller_of(request).user)
        return Response(status=204)


class MessagesView(GenericAPIView):
    """GET /apps/{id}/conversations/{id}/messages."""

    serializer_class = MessageSerializer
    queryset = Run.unscoped.none()
    pagination_class = OldestFirst

    @extend_schema(operation_id="apps_conversations_messages", responses=MessageSerializer(many=True))
    def get(self, request: Request, app_id: uuid.UUID, conversation_id: uuid.UUID) -> Response:
        """List the conversation's runs, oldest first."""
        runs = conversation_messages(_conversation(request, app_id, conversation_id))
        return self.get_paginated_response(MessageSerializer(self.paginate_queryset(runs), many=True).data)
