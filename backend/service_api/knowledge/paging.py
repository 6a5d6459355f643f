"""Pages as Dify's dataset lists have them: `page`, `limit`, `total`, `has_more`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import HttpRequest

from backend.service_api.bodies import limit_of

MAX_LIMIT = 100
BIG = 1_000_000
M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is asked for."""

    page: int
    limit: int

    @property
    def first(self) -> int:
        """The place of the page's first row in the list, from 0."""
        return (self.page - 1) * self.limit

    def rows(self, found: Sequence[M] | QuerySet[M]) -> list[M]:
        """Return the rows of the page."""
        return list(found[self.first : self.first + self.limit])

    def answer(self, data: Sequence[object], total: int) -> dict[str, object]:
        """Return the body of the page."""
        return {
            "data": list(data),
            "has_more": self.first + len(data) < total,
            "limit": self.limit,
            "total": total,
            "page": self.page,
        }


def paging_of(request: HttpRequest) -> Paging:
    """Return the page that a query asks for; more than 100 rows are 100, as in Dify. Raises `Invalid`."""
    page = limit_of(request, name="page", default=1, maximum=BIG)
    return Paging(page, min(limit_of(request, maximum=BIG), MAX_LIMIT))


def paged(
    request: HttpRequest, found: QuerySet[M], items: Callable[[Sequence[M]], Sequence[object]]
) -> dict[str, object]:
    """Return a page of rows; `items` makes their JSON."""
    paging = paging_of(request)
    return paging.answer(items(paging.rows(found)), found.count())


def unix(moment: datetime | None) -> int | None:
    """Return a moment in Unix seconds."""
    return int(moment.timestamp()) if moment else None
