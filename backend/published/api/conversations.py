"""A visitor's conversations: list, read, rename, delete."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.common.pagination import NewestFirst
from backend.logs.models import Conversation
from backend.logs.selectors import conversation_messages
from backend.logs.services import conversation_delete, conversation_rename
from backend.published.api.runs import runs_response
from backend.published.api.serializers import VisitorConversationSerializer, VisitorRunSerializer
from backend.published.selectors import visitor_conversation, visitor_conversations
from backend.published.visitors import Visiting, Visitor, VisitorAuthentication, visitor_here
from backend.runs.models import Run


class LatestFirst(NewestFirst):
    """For conversations: the one in which somebody spoke last comes first."""

    ordering = ("-updated_at", "-id")


def _mine(request: Request, conversation_id: uuid.UUID) -> tuple[Visitor, Conversation]:
    visitor = visitor_here(request)
    return visitor, visitor_conversation(visitor.page, visitor.end_user, conversation_id)


class ConversationsView(GenericAPIView):
    """GET /published/{code}/conversations."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]
    serializer_class = VisitorConversationSerializer
    queryset = Conversation.unscoped.none()
    pagination_class = LatestFirst

    @extend_schema(
        operation_id="published_conversations_list", responses=VisitorConversationSerializer(many=True), auth=[]
    )
    def get(self, request: Request, code: str) -> Response:
        """List one's own, the latest first."""
        visitor = visitor_here(request)
        page = self.paginate_queryset(visitor_conversations(visitor.page, visitor.end_user))
        return self.get_paginated_response(VisitorConversationSerializer(page, many=True).data)


class ConversationView(APIView):
    """One conversation of one's own."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]

    @extend_schema(
        operation_id="published_conversations_rename",
        request=VisitorConversationSerializer,
        responses=VisitorConversationSerializer,
        auth=[],
    )
    def patch(self, request: Request, code: str, conversation_id: uuid.UUID) -> Response:
        """Rename it."""
        _, conversation = _mine(request, conversation_id)
        body = VisitorConversationSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        conversation_rename(conversation=conversation, name=body.validated_data["name"])
        return Response(VisitorConversationSerializer(conversation).data)

    @extend_schema(operation_id="published_conversations_delete", responses={204: None}, auth=[])
    def delete(self, request: Request, code: str, conversation_id: uuid.UUID) -> Response:
        """Delete it; what still runs in it is stopped."""
        _, conversation = _mine(request, conversation_id)
        conversation_delete(conversation=conversation)
        return Response(status=204)


class MessagesView(GenericAPIView):
    """GET /published/{code}/conversations/{id}/messages."""

    authentication_classes = [VisitorAuthentication]
    permission_classes = [Visiting]
    serializer_class = VisitorRunSerializer
    queryset = Run.unscoped.none()

    @extend_schema(operation_id="published_conversations_messages", responses=VisitorRunSerializer(many=True), auth=[])
    def get(self, request: Request, code: str, conversation_id: uuid.UUID) -> Response:
        """List what was asked in it, newest first."""
        visitor, conversation = _mine(request, conversation_id)
        runs = self.paginate_queryset(conversation_messages(conversation))
        return self.get_paginated_response(runs_response(visitor, list(runs or [])))
