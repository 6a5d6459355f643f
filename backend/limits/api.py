"""Limits and use over HTTP: everybody reads them, administrators set them."""

import uuid
from dataclasses import asdict
from decimal import Decimal

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.accounts.models import ApiKey, Role
from backend.common.errors import Invalid
from backend.common.serializers import NamedSerializer
from backend.limits.models import Limit, LimitMetric, LimitPeriod, LimitScope
from backend.limits.ports import APP_OWNED
from backend.limits.selectors import LimitState, limit_get, limit_states, limits_list, usage_totals
from backend.limits.services import Wanted, limit_change, limit_create, limit_delete

FILTERS = [
    OpenApiParameter("app", str, description="of one app, and of its keys"),
    OpenApiParameter("key", str, description="of one key"),
]


class LimitSerializer(serializers.Serializer):
    """A limit with what is used of it in the present period."""

    id = serializers.UUIDField(source="limit.id")
    scope = serializers.ChoiceField(choices=LimitScope.choices, source="limit.scope")
    app = NamedSerializer(source="limit.app", allow_null=True)
    key = NamedSerializer(source="limit.key", allow_null=True)
    metric = serializers.ChoiceField(choices=LimitMetric.choices, source="limit.metric")
    period = serializers.ChoiceField(choices=LimitPeriod.choices, source="limit.period")
    amount = serializers.DecimalField(max_digits=20, decimal_places=8, source="limit.amount", normalize_output=True)
    used = serializers.DecimalField(max_digits=24, decimal_places=8, normalize_output=True)
    subject = serializers.CharField(help_text="the end user who used most, where each is counted alone")
    subjects = serializers.IntegerField(help_text="how many used anything in this period")
    resets_at = serializers.DateTimeField()
    created_at = serializers.DateTimeField(source="limit.created_at")


class LimitAmountSerializer(serializers.Serializer):
    """How much may be used."""

    amount = serializers.DecimalField(max_digits=20, decimal_places=8, min_value=Decimal(0))


class LimitWriteSerializer(LimitAmountSerializer):
    """A new limit."""

    scope = serializers.ChoiceField(choices=LimitScope.choices)
    app = serializers.UUIDField(required=False, allow_null=True, default=None)
    key = serializers.UUIDField(required=False, allow_null=True, default=None)
    metric = serializers.ChoiceField(choices=LimitMetric.choices)
    period = serializers.ChoiceField(choices=LimitPeriod.choices)


class UsageSerializer(serializers.Serializer):
    """What was used since the beginning of a period."""

    period = serializers.ChoiceField(choices=["day", "month"])
    since = serializers.DateTimeField()
    runs = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=24, decimal_places=8, normalize_output=True)


def _asked(request: Request, name: str) -> uuid.UUID | None:
    text = request.query_params.get(name)
    try:
        return uuid.UUID(text) if text else None
    except ValueError as error:
        raise Invalid(f"{name} must be an id, not {text!r}", fields={name: ["is no id"]}) from error


def _shown(limit: Limit) -> dict[str, object]:
    return dict(LimitSerializer(_state(limit)).data)


def _state(limit: Limit) -> LimitState:
    return limit_states([limit])[0]


class LimitsView(GenericAPIView):
    """The limits of the workspace."""

    serializer_class = LimitSerializer
    write_role = Role.ADMIN
    queryset = Limit.unscoped.none()

    @extend_schema(parameters=FILTERS, responses=LimitSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List them with what is used."""
        limits = limits_list(
            caller_of(request).workspace_id, app_id=_asked(request, "app"), key_id=_asked(request, "key")
        )
        states = limit_states(self.paginate_queryset(limits))
        return self.get_paginated_response(LimitSerializer(states, many=True).data)

    @extend_schema(request=LimitWriteSerializer, responses={201: LimitSerializer})
    def post(self, request: Request) -> Response:
        """Set one."""
        caller = caller_of(request)
        body = LimitWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = dict(body.validated_data)
        app_id, key_id = values.pop("app"), values.pop("key")
        if app_id is not None and not APP_OWNED.get()(caller.workspace_id, app_id):
            raise Invalid(f"the workspace has no app {str(app_id)!r}", fields={"app": ["is not here"]})
        key = ApiKey.objects.within(caller.workspace_id).filter(id=key_id).first() if key_id else None
        if key_id and key is None:
            raise Invalid(f"the workspace has no key {str(key_id)!r}", fields={"key": ["is not here"]})
        made = limit_create(
            workspace_id=caller.workspace_id, wanted=Wanted(app_id=app_id, key=key, **values), actor=caller.user
        )
        return Response(_shown(limit_get(caller.workspace_id, made.id)), status=201)


class LimitView(APIView):
    """One limit."""

    write_role = Role.ADMIN

    @extend_schema(request=LimitAmountSerializer, responses=LimitSerializer)
    def patch(self, request: Request, limit_id: uuid.UUID) -> Response:
        """Set another amount."""
        caller = caller_of(request)
        limit = limit_get(caller.workspace_id, limit_id)
        body = LimitAmountSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(_shown(limit_change(limit=limit, actor=caller.user, **body.validated_data)))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, limit_id: uuid.UUID) -> Response:
        """Remove it."""
        caller = caller_of(request)
        limit_delete(limit=limit_get(caller.workspace_id, limit_id), actor=caller.user)
        return Response(status=204)


class UsageView(APIView):
    """What was used today and this month."""

    @extend_schema(parameters=FILTERS, responses=UsageSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return both sums, of the workspace, of an app or of a key."""
        totals = usage_totals(
            caller_of(request).workspace_id, app_id=_asked(request, "app"), key_id=_asked(request, "key")
        )
        return Response(UsageSerializer([asdict(total) for total in totals], many=True).data)
