"""The results of a table as CSV, written while they are read: its columns, what the runs gave, how each row ended."""

from collections.abc import AsyncIterator
from pathlib import PurePath

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from backend.batches.models import Batch, BatchRow
from backend.batches.selectors import output_names, rows_after
from backend.batches.tables import header_of
from backend.common.csv_cells import BOM, csv_text
from backend.common.database import in_database

ENDING = ("status", "error", "run_id", "attempts", "prompt_tokens", "completion_tokens", "cost", "seconds")


def csv_response(lines: AsyncIterator[str], name: str) -> StreamingHttpResponse:
    """Return an answer that a browser saves as a file."""
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


def results_name(batch: Batch) -> str:
    """Return the name of the file of results."""
    return f"{PurePath(batch.name).stem or 'batch'}-results.csv"


async def results_lines(batch: Batch) -> AsyncIterator[str]:
    """Yield the file page by page; rows that have not ended are there with what is known."""
    outputs = await in_database(output_names, batch)
    columns = header_of(batch.columns, dict.fromkeys(outputs, "output_"))
    yield BOM + csv_text([header_of(columns, dict.fromkeys(ENDING, "run_"))])
    last = 0
    while page := await in_database(rows_after, batch, last):
        yield csv_text([_line(row, outputs) for row in page])
        last = page[-1].number


def _line(row: BatchRow, outputs: list[str]) -> list[object]:
    error = f"{row.error_code}: {row.error_message}" if row.error_code else ""
    seconds = "" if row.elapsed_ms is None else f"{row.elapsed_ms / 1000:.3f}"
    given = [row.outputs.get(name) for name in outputs]
    ending = [row.status, error, str(row.run_id or ""), row.attempts, row.prompt_tokens, row.completion_tokens]
    return [*row.cells, *given, *ending, format(row.cost.normalize(), "f"), seconds]
