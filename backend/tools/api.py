"""What an application's author can choose from: tools, and kinds of nodes."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, DictField, Serializer
from rest_framework.views import APIView

from agents.nodes.registry import node_types
from agents.tools.catalogue import tool_types


class ToolSerializer(Serializer):
    """A tool; `parameters` is the JSON schema of its arguments."""

    name = CharField()
    title = CharField()
    description = CharField()
    parameters = DictField()
    icon = CharField()


class NodeTypeSerializer(Serializer):
    """A kind of node; `config_schema` is the JSON schema from which its form is made."""

    kind = CharField()
    title = CharField()
    description = CharField()
    config_schema = DictField()
    outputs = DictField()


class ToolListSerializer(Serializer):
    """All tools; there is one page."""

    results = ToolSerializer(many=True)
    next = CharField(allow_null=True)


class NodeTypeListSerializer(Serializer):
    """All kinds of nodes; there is one page."""

    results = NodeTypeSerializer(many=True)
    next = CharField(allow_null=True)


class ToolList(APIView):
    """The tools that an agent can be given."""

    @extend_schema(responses=ToolListSerializer)
    def get(self, request: Request) -> Response:
        """Return all tools."""
        return Response({"results": tool_types(), "next": None})


class NodeTypeList(APIView):
    """The kinds of nodes that a workflow can be made of."""

    @extend_schema(responses=NodeTypeListSerializer)
    def get(self, request: Request) -> Response:
        """Return all kinds of nodes."""
        return Response({"results": node_types(), "next": None})
