"""Migrations meet tables that hold something."""

import pytest
from django.core.management import call_command
from django.db import connection

from backend.accounts.models import Workspace
from backend.runs.models import Run
from tests.backend.runs.scripted import run_stored

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_search_in_runs_comes_to_a_table_with_runs() -> None:
    run = run_stored(Workspace.objects.create(name="w"))
    Run.unscoped.filter(id=run.id).update(status="succeeded", finished_at=run.created_at, query="the lighthouse")
    try:
        call_command("migrate", "runs", "0006", verbosity=0)
    finally:
        call_command("migrate", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT words @@ to_tsquery('simple', 'lighthouse') FROM runs_run WHERE id = %s", [run.id])
        assert cursor.fetchone() == (True,)
