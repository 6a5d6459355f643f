"""Importing and exporting apps over HTTP, in Dify's file format."""

import uuid
from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.dsl.surroundings import Choices
from backend.accounts.callers import caller_of
from backend.apps.api.serializers import AppSerializer
from backend.apps.selectors import app_get
from backend.apps.services import Import, app_export, app_import

YAML_TYPE = "application/yaml; charset=utf-8"


def _chosen() -> serializers.DictField:
    return serializers.DictField(child=serializers.CharField(max_length=300), required=False, default=dict)


class MappingSerializer(serializers.Serializer):
    """What stands for what the file names; keys are the ids of the report's lines, values are ids of ours."""

    models = _chosen()
    datasets = _chosen()
    tools = _chosen()
    apps = _chosen()


class ImportSerializer(serializers.Serializer):
    """A file as text, or the address of one (pages of GitHub are understood)."""

    content = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False, default="")
    url = serializers.CharField(required=False, allow_blank=True, default="")
    mapping = MappingSerializer(required=False)
    dry_run = serializers.BooleanField(required=False, default=False, help_text="report only, and keep nothing")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two, and not both."""
        if bool(attrs["content"]) == bool(attrs["url"]):
            raise serializers.ValidationError({"content": "send content, or url: one of the two"})
        return attrs


class LineSerializer(serializers.Serializer):
    """What became of one thing in the file."""

    kind = serializers.ChoiceField(choices=["node", "model", "tool", "dataset", "variable"])
    id = serializers.CharField()
    name = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["mapped", "degraded", "unsupported"])
    reason = serializers.CharField()
    proposal = serializers.CharField(help_text="an id that mapping takes, for models, tools and datasets")


class RemarkSerializer(serializers.Serializer):
    """Something that is no single thing of the file: its version, a feature, a plugin."""

    subject = serializers.CharField()
    text = serializers.CharField()
    outcome = serializers.ChoiceField(choices=["mapped", "degraded", "unsupported"])


class ReportSerializer(serializers.Serializer):
    """One line for each node, model, tool, dataset and variable of the file."""

    lines = LineSerializer(many=True)
    remarks = RemarkSerializer(many=True)


class AppImportedSerializer(serializers.Serializer):
    """The app that was made, null after a dry run, and the report."""

    app = AppSerializer(allow_null=True)
    report = ReportSerializer()


class ImportView(APIView):
    """POST /apps/import."""

    @extend_schema(
        operation_id="apps_import",
        request=ImportSerializer,
        responses={200: AppImportedSerializer, 201: AppImportedSerializer},
    )
    def post(self, request: Request) -> Response:
        """Make an app of a file that Dify exported: 201 with the app, 200 with the report of a dry run."""
        caller = caller_of(request)
        body = ImportSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data
        ask = Import(given["content"], given["url"], Choices(**given.get("mapping", {})), given["dry_run"])
        app, imported = app_import(workspace_id=caller.workspace_id, user=caller.user, ask=ask)
        answer = {"app": AppSerializer(app).data if app else None, "report": asdict(imported.report)}
        return Response(answer, status=201 if app else 200)


class _AnyAccepted(BaseContentNegotiation):
    """The view itself looks at what is accepted: YAML has no renderer, and errors are JSON."""

    def select_parser(self, request: Request, parsers: list[Any]) -> Any:
        """Return the first parser."""
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: list[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        return renderers[0], str(renderers[0].media_type)


class ExportView(APIView):
    """GET /apps/{id}/export."""

    content_negotiation_class = _AnyAccepted

    @extend_schema(
        operation_id="apps_export",
        responses={(200, "application/yaml"): OpenApiTypes.STR, (200, "application/json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, app_id: uuid.UUID) -> HttpResponseBase:
        """Return the draft as a file that Dify and we import; as {"data": "<yaml>"} where JSON is asked for."""
        caller = caller_of(request)
        app = app_get(caller.workspace_id, app_id)
        text = app_export(app=app, actor=caller.user)
        if "application/json" in request.headers.get("Accept", ""):
            return Response({"data": text})
        headers = {"Content-Disposition": f'attachment; filename="{app.slug}.yml"'}
        return HttpResponse(text, content_type=YAML_TYPE, headers=headers)
