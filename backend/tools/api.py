"""What an application's author can choose from, tools and kinds of nodes; and what administrators set for tools."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BooleanField, CharField, DictField, Serializer
from rest_framework.views import APIView

from agents.nodes.registry import node_types
from agents.tools.catalogue import tool_types
from backend.accounts.callers import caller_of
from backend.accounts.models import Role
from backend.tools.reach import egress_check
from backend.tools.selectors import egress_policy, reason_off, stored_names
from backend.tools.services import credentials_delete, credentials_set, egress_set, rules_read, tool_try

PLACE_CHARS = 260
VALUE_CHARS = 8000


class CredentialSerializer(Serializer):
    """What can be entered for a tool; a secret is never returned."""

    name = CharField()
    title = CharField()
    help = CharField()
    is_secret = BooleanField()
    is_required = BooleanField()
    is_url = BooleanField()
    default = CharField()
    is_stored = BooleanField()


class ToolSerializer(Serializer):
    """A tool; `parameters` and `config_schema` are JSON schemas, `outputs` what a graph reads besides text and files.

    `is_ready`: what it requires was entered. `reason_off`: why this machine cannot run it, or empty.
    """

    name = CharField()
    title = CharField()
    description = CharField()
    parameters = DictField()
    icon = CharField()
    config_schema = DictField()
    outputs = DictField(child=CharField())
    writes = BooleanField()
    credentials = CredentialSerializer(many=True)
    is_ready = BooleanField()
    reason_off = CharField()


class CredentialValuesSerializer(Serializer):
    """What is entered for a tool, by name; it replaces all that was entered before."""

    values = DictField(child=CharField(max_length=VALUE_CHARS, allow_blank=True), write_only=True)


class StoredCredentialsSerializer(Serializer):
    """The names of what is stored."""

    tool = CharField()
    stored = serializers.ListField(child=CharField())


class TryRequestSerializer(Serializer):
    """A call of a tool."""

    arguments = DictField(default=dict)
    config = DictField(default=dict)


class TriedFileSerializer(Serializer):
    """A file that the call made; it is downloaded as any other of the caller's."""

    id = serializers.UUIDField()
    name = CharField()
    mime_type = CharField()
    size_bytes = serializers.IntegerField()


class TriedSerializer(Serializer):
    """What the call gave; `error` is the code of its failure, or empty.

    A model reads `output`; a workflow besides the `values`, which are left out here when they are large, and the files.
    """

    output = CharField()
    error = CharField()
    elapsed_ms = serializers.IntegerField()
    values = DictField(source="shown_fields")
    files = TriedFileSerializer(many=True)


class EgressSerializer(Serializer):
    """Where requests may go: hosts, `*.host` and networks, each with `:port` or without."""

    allow = serializers.ListField(child=CharField(max_length=PLACE_CHARS), default=list)
    deny = serializers.ListField(child=CharField(max_length=PLACE_CHARS), default=list)
    only_listed = BooleanField(default=False)


class EgressCheckSerializer(Serializer):
    """An address, and rules that are not stored yet; without them those that are."""

    url = CharField(max_length=2000)
    rules = EgressSerializer(required=False)


class ReachSerializer(Serializer):
    """What the rules say of an address; nothing was sent there."""

    is_reached = BooleanField()
    reason = CharField()
    host = CharField()
    port = serializers.IntegerField()
    addresses = serializers.ListField(child=CharField())


class NodeTypeSerializer(Serializer):
    """A kind of node; `config_schema` is the JSON schema from which its form is made."""

    kind = CharField()
    title = CharField()
    description = CharField()
    category = CharField()
    icon = CharField()
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
    """The tools that an agent can be given, and that a workflow can call."""

    @extend_schema(responses=ToolListSerializer)
    def get(self, request: Request) -> Response:
        """Return all tools, and what of their credentials was entered."""
        stored = stored_names(caller_of(request).workspace_id)
        return Response({"results": [_shown(tool, stored) for tool in tool_types()], "next": None})


def _shown(tool: dict[str, object], stored: dict[str, list[str]]) -> dict[str, object]:
    there = set(stored.get(str(tool["name"]), ()))
    credentials = [{**item, "is_stored": item["name"] in there} for item in tool["credentials"]]  # type: ignore[attr-defined]
    missing = [item for item in credentials if item["is_required"] and not (item["is_stored"] or item["default"])]
    return {**tool, "credentials": credentials, "is_ready": not missing, "reason_off": reason_off(str(tool["name"]))}


class ToolCredentialsView(APIView):
    """The credentials of one tool."""

    write_role = Role.ADMIN

    @extend_schema(request=CredentialValuesSerializer, responses=StoredCredentialsSerializer)
    def put(self, request: Request, tool_name: str) -> Response:
        """Enter them, all anew; they are stored encrypted and never returned."""
        caller = caller_of(request)
        body = CredentialValuesSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        values = body.validated_data["values"]
        row = credentials_set(workspace_id=caller.workspace_id, tool=tool_name, values=values, actor=caller.user)
        return Response({"tool": row.tool, "stored": row.names})

    @extend_schema(responses={204: None})
    def delete(self, request: Request, tool_name: str) -> Response:
        """Forget them."""
        caller = caller_of(request)
        credentials_delete(workspace_id=caller.workspace_id, tool=tool_name, actor=caller.user)
        return Response(status=204)


class ToolTryView(APIView):
    """A call of a tool from the console."""

    @extend_schema(request=TryRequestSerializer, responses=TriedSerializer)
    def post(self, request: Request, tool_name: str) -> Response:
        """Call the tool once with these arguments, as a run would; at most 30 times a minute."""
        body = TryRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        caller = caller_of(request)
        tried = tool_try(workspace_id=caller.workspace_id, tool=tool_name, actor=caller.user, **body.validated_data)
        return Response(TriedSerializer(tried).data)


class EgressView(APIView):
    """Where the requests of workflows, tools and knowledge may go."""

    read_role = Role.ADMIN
    write_role = Role.ADMIN

    @extend_schema(responses=EgressSerializer)
    def get(self, request: Request) -> Response:
        """Return the workspace's rules."""
        return Response(EgressSerializer(egress_policy(caller_of(request).workspace_id)).data)

    @extend_schema(request=EgressSerializer, responses=EgressSerializer)
    def put(self, request: Request) -> Response:
        """Replace them; they hold for the next request that leaves."""
        caller = caller_of(request)
        body = EgressSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        policy = egress_set(workspace_id=caller.workspace_id, actor=caller.user, **body.validated_data)
        return Response(EgressSerializer(policy).data)


class EgressCheckView(APIView):
    """A question to the rules."""

    @extend_schema(request=EgressCheckSerializer, responses=ReachSerializer)
    def post(self, request: Request) -> Response:
        """Say whether a request to this address would be let out, and why not; none is sent."""
        body = EgressCheckSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        given = body.validated_data.get("rules")
        rules = rules_read(**given) if given else None
        found = egress_check(workspace_id=caller_of(request).workspace_id, url=body.validated_data["url"], rules=rules)
        return Response(ReachSerializer(found).data)


class NodeTypeList(APIView):
    """The kinds of nodes that a workflow can be made of."""

    @extend_schema(responses=NodeTypeListSerializer)
    def get(self, request: Request) -> Response:
        """Return all kinds of nodes."""
        return Response({"results": node_types(), "next": None})
