"""POST /token-counts: what a prompt costs while it is written."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.providers.counting import tokens_count

MAX_TEXTS, MAX_TEXT_CHARS = 20, 200_000


class TokenCountRequestSerializer(serializers.Serializer):
    """Texts, and the chat model that would read them."""

    model = serializers.CharField(max_length=300)
    texts = serializers.ListField(
        child=serializers.CharField(max_length=MAX_TEXT_CHARS, allow_blank=True, trim_whitespace=False),
        max_length=MAX_TEXTS,
    )


class TokenCountSerializer(serializers.Serializer):
    """A number for each text."""

    counts = serializers.ListField(child=serializers.IntegerField())
    is_exact = serializers.BooleanField(help_text="false: the provider offers no tokenizer, and this is an estimate")


class TokenCountView(APIView):
    """Count tokens; nothing is stored."""

    write_role = Role.VIEWER

    @extend_schema(
        operation_id="token_counts_create", request=TokenCountRequestSerializer, responses=TokenCountSerializer
    )
    def post(self, request: Request) -> Response:
        """Return how many tokens each text has for the model."""
        body = TokenCountRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        found = tokens_count(
            workspace_id=caller_of(request).workspace_id,
            model_id=body.validated_data["model"],
            texts=body.validated_data["texts"],
        )
        return Response(TokenCountSerializer(found).data)
