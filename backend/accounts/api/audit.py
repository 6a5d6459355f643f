"""The audit log over HTTP: a list, and all of it as a file that is written while it is read."""

import json
from collections.abc import AsyncIterator, Iterator

from django.db.models import Q, QuerySet
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.api.serializers import (
    AuditEntrySerializer,
    AuditExportQuerySerializer,
    AuditQuerySerializer,
)
from backend.accounts.callers import caller_of
from backend.accounts.models import AuditEntry, Role
from backend.accounts.selectors import audit_list
from backend.accounts.services import audit_record
from backend.common.csv_cells import BOM, csv_text
from backend.common.database import in_database

COLUMNS = ("at", "actor", "action", "target", "detail", "address", "user_agent")
PAGE = 500
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


class AuditView(GenericAPIView):
    """The audit log."""

    serializer_class = AuditEntrySerializer
    read_role = Role.ADMIN

    @extend_schema(parameters=[AuditQuerySerializer], responses=AuditEntrySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List who did what."""
        query = AuditQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        page = self.paginate_queryset(audit_list(caller_of(request).workspace_id, **query.validated_data))
        return self.get_paginated_response(AuditEntrySerializer(page, many=True).data)


class AuditExportView(APIView):
    """GET /audit/export."""

    read_role = Role.ADMIN

    @extend_schema(
        operation_id="audit_export",
        parameters=[AuditExportQuerySerializer],
        responses={(200, "text/csv"): OpenApiTypes.STR, (200, "application/x-ndjson"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Return every entry that the filters find, newest first, as a file."""
        query = AuditExportQuerySerializer(data=request.query_params)
        query.is_valid(raise_exception=True)
        caller = caller_of(request)
        form = query.validated_data.pop("form")
        found = audit_list(caller.workspace_id, **query.validated_data)
        # That the log was taken along is an entry too; the export ends before it.
        taken = audit_record(
            workspace_id=caller.workspace_id,
            actor=caller.user,
            action="audit.exported",
            detail={"format": form, "filters": sorted(query.validated_data)},
        )
        before = found.exclude(id=taken.id).filter(created_at__lte=taken.created_at)
        response = StreamingHttpResponse(audit_lines(before, form), content_type=TYPES[form])
        response["Content-Disposition"] = f'attachment; filename="audit.{form}"'
        response["Cache-Control"] = "private, no-store"
        return response


async def audit_lines(entries: QuerySet[AuditEntry], form: str) -> AsyncIterator[str]:
    """Yield the file, a page of entries at a time."""
    if form == "csv":
        yield BOM + csv_text([COLUMNS])
    last: AuditEntry | None = None
    while page := await in_database(_page, entries, last):
        records = (_record(entry) for entry in page)
        yield csv_text(record.values() for record in records) if form == "csv" else _json_lines(records)
        last = page[-1]


def _page(entries: QuerySet[AuditEntry], after: AuditEntry | None) -> list[AuditEntry]:
    if after is not None:
        # The first condition is what the index is searched by.
        later = Q(created_at=after.created_at, id__gte=after.id)
        entries = entries.filter(created_at__lte=after.created_at).exclude(later)
    return list(entries.order_by("-created_at", "-id")[:PAGE])


def _record(entry: AuditEntry) -> dict[str, object]:
    return {
        "at": entry.created_at.isoformat(),
        "actor": entry.actor.email if entry.actor else None,
        "action": entry.action,
        "target": entry.target,
        "detail": entry.detail,
        "address": entry.address,
        "user_agent": entry.user_agent,
    }


def _json_lines(records: Iterator[dict[str, object]]) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
