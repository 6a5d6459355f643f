"""The console's numbers over runs: totals, series, breakdowns, and each of them as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts.callers import caller_of
from backend.analytics import charts
from backend.analytics.measures import ALL
from backend.analytics.periods import BUCKETS, FILTER_NAMES, before, bucket_of, choice_of
from backend.analytics.selectors import ORDERS, is_behind
from backend.analytics.serializers import (
    AnalyticsBreakdownSerializer,
    AnalyticsSeriesSerializer,
    AnalyticsTotalsSerializer,
)
from backend.analytics.sources import DIMENSIONS, Choice
from backend.common.csv_cells import csv_text
from backend.common.errors import Invalid

MAX_ROWS = 200
DEFAULT_ROWS = 20
_CHOICE = [
    OpenApiParameter("since", str, description="runs begun at or after this moment; seven days before `until`"),
    OpenApiParameter("until", str, description="runs begun before this moment; now"),
    OpenApiParameter("app", str, description="id of an app"),
    *(OpenApiParameter(name, str, description="as in the list of runs") for name in FILTER_NAMES),
]
_BUCKET = OpenApiParameter("bucket", str, enum=BUCKETS, description="step of time, in UTC; by the period's length")
_METRICS = OpenApiParameter("metric", str, description=f"of one unit, by commas: {', '.join(ALL)}")
_DIMENSION = OpenApiParameter("dimension", str, enum=DIMENSIONS)
_SORT = OpenApiParameter("sort", str, enum=list(ORDERS), description="what the first rows have most of")
_LIMIT = OpenApiParameter("limit", int, description=f"rows, at most {MAX_ROWS}")


def _choice(request: Request) -> Choice:
    return choice_of(caller_of(request).workspace_id, request.query_params)


def _one_of(name: str, known: Mapping[str, object] | Sequence[str], default: str, request: Request) -> str:
    text = request.query_params.get(name, "").strip() or default
    if text not in known:
        message = f"{text[:100]!r} is none of {', '.join(known)}"
        raise Invalid(f"{name}: {message}", fields={name: [message]})
    return text


def _metrics(request: Request) -> list[str]:
    names = [name.strip() for name in (request.query_params.get("metric") or "runs").split(",")]
    unknown = next((name for name in names if name not in ALL), None)
    if unknown is not None:
        message = f"{unknown[:100]!r} is none of {', '.join(ALL)}"
    elif len({ALL[name].unit for name in names}) > 1:
        message = f"{', '.join(names)} have different units: ask for each by itself"
    else:
        return list(dict.fromkeys(names))
    raise Invalid(f"metric: {message}", fields={"metric": [message]})


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "").strip() or str(DEFAULT_ROWS)
    if not text.isdecimal() or not 1 <= int(text[:9]) <= MAX_ROWS:
        message = f"{text[:100]!r} is not a number of 1 to {MAX_ROWS}"
        raise Invalid(f"limit: {message}", fields={"limit": [message]})
    return int(text)


def _period(choice: Choice) -> dict[str, object]:
    return {"since": choice.since, "until": choice.until}


def _totals(request: Request) -> dict[str, object]:
    choice = _choice(request)
    bucket = bucket_of(choice, request.query_params)
    found = [
        {**{name: getattr(total, name) for name in ("value", "previous", "points", "is_exact", "runs")},
         "metric": total.metric.name, "unit": total.metric.unit}
        for total in charts.totals(choice, bucket)
    ]  # fmt: skip
    periods = {"period": _period(choice), "previous": _period(before(choice))}
    return {**periods, "bucket": bucket, "is_behind": is_behind(choice), "totals": found}


def _series(request: Request) -> dict[str, object]:
    choice = _choice(request)
    bucket, names = bucket_of(choice, request.query_params), _metrics(request)
    points = [
        {"since": point.step.since, "until": point.step.until, "values": point.values, "runs": point.runs}
        for point in charts.series(choice, bucket, names)
    ]
    return {"period": _period(choice), "bucket": bucket, "unit": ALL[names[0]].unit, "points": points}


def _breakdown(request: Request) -> dict[str, object]:
    choice = _choice(request)
    dimension = _one_of("dimension", DIMENSIONS, "app", request)
    if dimension == "version" and choice.app_id is None:
        message = "versions are those of one app: choose it"
        raise Invalid(f"app: {message}", fields={"app": [message]})
    sort = _one_of("sort", ORDERS, "runs", request)
    rows, is_more = charts.breakdown(choice, dimension, sort, _limit(request))  # type: ignore[arg-type]  # of ORDERS
    return {
        "period": _period(choice),
        "dimension": dimension,
        "is_more": is_more,
        "rows": [asdict(row) for row in rows],
    }


class TotalsView(APIView):
    """GET /analytics/totals."""

    @extend_schema(operation_id="analytics_totals", parameters=[*_CHOICE, _BUCKET], responses=AnalyticsTotalsSerializer)
    def get(self, request: Request) -> Response:
        """Return the numbers of a period, those of the one before, and their course."""
        return Response(AnalyticsTotalsSerializer(_totals(request)).data)


class SeriesView(APIView):
    """GET /analytics/series."""

    @extend_schema(
        operation_id="analytics_series", parameters=[*_CHOICE, _BUCKET, _METRICS], responses=AnalyticsSeriesSerializer
    )
    def get(self, request: Request) -> Response:
        """Return one or several metrics of one unit over time."""
        return Response(AnalyticsSeriesSerializer(_series(request)).data)


class BreakdownView(APIView):
    """GET /analytics/breakdown."""

    @extend_schema(
        operation_id="analytics_breakdown",
        parameters=[*_CHOICE, _DIMENSION, _SORT, _LIMIT],
        responses=AnalyticsBreakdownSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the numbers of each value of a dimension, those of which there is most first."""
        return Response(AnalyticsBreakdownSerializer(_breakdown(request)).data)


class ExportView(APIView):
    """GET /analytics/export."""

    TABLES = ("totals", "series", "breakdown")

    @extend_schema(
        operation_id="analytics_export",
        parameters=[
            OpenApiParameter("table", str, enum=TABLES), *_CHOICE, _BUCKET, _METRICS, _DIMENSION, _SORT, _LIMIT
        ],
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponse:
        """Download what another of these addresses answers as CSV; an empty cell says that there is no data."""
        table = _one_of("table", self.TABLES, "breakdown", request)
        lines = {"totals": _totals_lines, "series": _series_lines, "breakdown": _breakdown_lines}[table](request)
        headers = {"Content-Disposition": f'attachment; filename="analytics-{table}.csv"'}
        return HttpResponse("\ufeff" + csv_text(lines), content_type="text/csv; charset=utf-8", headers=headers)


def _totals_lines(request: Request) -> list[list[object]]:
    columns = ("metric", "unit", "value", "previous")
    rows: list[dict[str, object]] = AnalyticsTotalsSerializer(_totals(request)).data["totals"]
    return [list(columns), *([row[column] for column in columns] for row in rows)]


def _series_lines(request: Request) -> list[list[object]]:
    names = _metrics(request)
    points = AnalyticsSeriesSerializer(_series(request)).data["points"]
    return [
        ["since", "until", *names],
        *([point["since"], point["until"], *(point["values"][name] for name in names)] for point in points),
    ]


def _breakdown_lines(request: Request) -> list[list[object]]:
    found = AnalyticsBreakdownSerializer(_breakdown(request)).data
    names = charts.ROW_METRICS
    return [
        [found["dimension"], "name", *names],
        *([row["value"], row["label"], *(row["values"].get(name) for name in names)] for row in found["rows"]),
    ]
