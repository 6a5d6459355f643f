"""Templates over HTTP: what there is to begin with, and an app made of one."""

from collections.abc import Mapping
from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.dsl.values import Object, as_object, as_objects, as_text
from agents.types import JsonValue
from backend.accounts.callers import caller_of
from backend.apps.api.serializers import AppSerializer
from backend.apps.models import AppMode
from backend.templates.catalogue import NeedKind, Template, need_words, template_get, templates
from backend.templates.selectors import needs_met
from backend.templates.services import Wanted, app_from_template


class WordsSerializer(serializers.Serializer):
    """A text in the languages of the page."""

    en = serializers.CharField()
    zh = serializers.CharField()
    ru = serializers.CharField()


class NeedSerializer(serializers.Serializer):
    """Something that the template works better with, and whether this workspace has it."""

    kind = serializers.ChoiceField(choices=["dataset", "web_search", "second_model", "larger_model"])
    met = serializers.BooleanField()
    text = WordsSerializer()


class PreviewNodeSerializer(serializers.Serializer):
    """Where a node stands; positions in a container count from its corner."""

    id = serializers.CharField()
    kind = serializers.CharField()
    title = serializers.CharField()
    x = serializers.FloatField()
    y = serializers.FloatField()
    width = serializers.FloatField(allow_null=True)
    height = serializers.FloatField(allow_null=True)
    parent = serializers.CharField()


class PreviewEdgeSerializer(serializers.Serializer):
    """An edge from one node to another."""

    source = serializers.CharField()
    target = serializers.CharField()


class PreviewSerializer(serializers.Serializer):
    """The graph, enough of it to be drawn; empty where the app is a prompt."""

    nodes = PreviewNodeSerializer(many=True)
    edges = PreviewEdgeSerializer(many=True)


class TemplateSerializer(serializers.Serializer):
    """An app to begin with."""

    id = serializers.CharField()
    mode = serializers.ChoiceField(choices=AppMode.choices)
    icon = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    name = WordsSerializer()
    description = WordsSerializer()
    needs = NeedSerializer(many=True)
    preview = PreviewSerializer()
    prompt = serializers.CharField(help_text="the instructions of an app that is no graph")


class TemplatesSerializer(serializers.Serializer):
    """All templates, in the order in which they are shown."""

    results = TemplateSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class FromTemplateSerializer(serializers.Serializer):
    """What is chosen for the app; without a model it asks the small embedded one."""

    name = serializers.CharField(max_length=120)
    model = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")
    second_model = serializers.CharField(required=False, allow_blank=True, max_length=300, default="")
    dataset = serializers.UUIDField(required=False, allow_null=True, default=None)


class TemplatesView(APIView):
    """GET /templates."""

    @extend_schema(operation_id="templates_list", responses=TemplatesSerializer)
    def get(self, request: Request) -> Response:
        """List them with what each needs and whether the workspace has it."""
        met = needs_met(caller_of(request).workspace_id)
        return Response({"results": [_shown(template, met) for template in templates()], "next": None})


class TemplateAppsView(APIView):
    """POST /templates/{id}/apps."""

    @extend_schema(operation_id="templates_apps_create", request=FromTemplateSerializer, responses={201: AppSerializer})
    def post(self, request: Request, template_id: str) -> Response:
        """Make an app of it; it can be run at once."""
        caller = caller_of(request)
        template = template_get(template_id)
        body = FromTemplateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = Wanted(**body.validated_data)
        app = app_from_template(workspace_id=caller.workspace_id, user=caller.user, template=template, wanted=wanted)
        return Response(AppSerializer(app).data, status=201)


def _shown(template: Template, met: Mapping[NeedKind, bool]) -> dict[str, object]:
    told = {key: value for key, value in asdict(template).items() if key != "document"}
    needs = [{"kind": kind, "met": met[kind], "text": need_words()[kind]} for kind in template.needs]
    graph = template.workflow
    preview = {
        "nodes": [_node(node) for node in as_objects(graph.get("nodes"))],
        "edges": [{"source": edge["source"], "target": edge["target"]} for edge in as_objects(graph.get("edges"))],
    }
    return {**told, "needs": needs, "preview": preview, "prompt": template.prompt}


def _node(node: Object) -> dict[str, JsonValue]:
    data, position = as_object(node.get("data")), as_object(node.get("position"))
    return {
        "id": node["id"],
        "kind": as_text(data.get("type")),
        "title": as_text(data.get("title")),
        "x": position.get("x", 0),
        "y": position.get("y", 0),
        "width": node.get("width"),
        "height": node.get("height"),
        "parent": as_text(node.get("parentId")),
    }
