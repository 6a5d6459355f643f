"""Keeps the large values of a run, each once, so that its events only refer to them."""

import asyncio
import time
import uuid

from django.db import IntegrityError

from backend.common.database import in_database
from backend.common.secrets import decrypt, encrypt
from backend.runs.journal import ROW_PATIENCE_S, ROW_POLL_S
from backend.runs.models import RunValue
from backend.runs.ports import REDACTOR_OF
from backend.runs.sealing import value_digest, value_redacted


class RunValues:
    """The large values of one run."""

    def __init__(self, run_id: str, scope: str) -> None:
        self._run_id = uuid.UUID(run_id)
        self._scope = scope

    async def put(self, text: str) -> str:
        """Keep a text and return its id; the same text has the same id."""
        deadline = time.monotonic() + ROW_PATIENCE_S
        while True:
            try:
                return await in_database(self._put, text)
            except IntegrityError:  # a called run may begin before its row is committed
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(ROW_POLL_S)

    async def get(self, value_id: str) -> str:
        """Return the text; raises `KeyError`."""
        return await in_database(self._get, value_id)

    def _put(self, text: str) -> str:
        redactor = REDACTOR_OF.get()(self._scope)
        digest = value_digest(text, is_keyed=redactor is not None)
        kept = value_redacted(text, redactor) if redactor else text
        values = {"text": kept, "sealed": encrypt(text) if kept != text else None}
        found, _ = RunValue.objects.get_or_create(run_id=self._run_id, sha256=digest, defaults=values)
        return str(found.id)

    def _get(self, value_id: str) -> str:
        try:
            found = RunValue.objects.get(run_id=self._run_id, id=uuid.UUID(value_id))
            return decrypt(found.sealed) if found.sealed else found.text
        except (ValueError, RunValue.DoesNotExist) as error:
            raise KeyError(value_id) from error
