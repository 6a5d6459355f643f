"""Cursor pages, newest first: `{"results": […], "next": cursor|null}`."""

from urllib.parse import parse_qs, urlsplit

from rest_framework.pagination import CursorPagination
from rest_framework.response import Response

DEFAULT_LIMIT = 50
MAX_LIMIT = 100


class NewestFirst(CursorPagination):
    """The one pagination of the console; `next` is a cursor, not an address."""

    page_size = DEFAULT_LIMIT
    max_page_size = MAX_LIMIT
    page_size_query_param = "limit"
    ordering = ("-created_at", "-id")

    def get_paginated_response(self, data: list[object]) -> Response:
        """Return the page with the cursor of the next one."""
        link = self.get_next_link()
        cursor = parse_qs(urlsplit(link).query)["cursor"][0] if link else None
        return Response({"results": data, "next": cursor})

    def get_paginated_response_schema(self, schema: dict[str, object]) -> dict[str, object]:
        """Describe the page for OpenAPI."""
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": {"type": "string", "nullable": True}},
        }


class OldestFirst(NewestFirst):
    """For lists that are read from the start, such as a conversation."""

    ordering = ("created_at", "id")
