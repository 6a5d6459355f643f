"""Does a quantization: whoever holds its lease runs the steps, writes how far they are, and installs the results."""

import logging
import shutil
import time
import uuid
from pathlib import Path

from django.db import DatabaseError
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from backend.common.errors import ApiError
from backend.datasets.lease import LeaseLost
from backend.datasets.row_leases import RowLease, job_end, jobs_stop, row_claim, rows_due
from backend.local_models.adapters import store
from backend.quantization.models import Quantization
from backend.quantization.selectors import PENDING, compressor_of, source_path, works_folder
from backend.quantization.services import result_name
from inference.errors import InferenceError, ModelExistsError
from inference.quantization.job import Cancelled, Plan, Update, result_of, run
from inference.quantization.kinds import kinds_of
from inference.quantization.report import Report

MAX_ATTEMPTS = 3
LOOK_EVERY_S = 1.0
LOG_LINES = 200
OUR_FAULT = "something went wrong on our side: the log of the runs worker has details"
logger = logging.getLogger(__name__)


class _Told:
    """Writes what a job says, at most once a second, and looks whether it is still wanted."""

    def __init__(self, row: Quantization, lease: RowLease) -> None:
        self._lease = lease
        self._log: list[dict[str, str]] = list(row.log)
        self._update = Update(row.stage, row.kind, row.progress)
        self._looked_s = 0.0
        self._is_cancelled = False

    @property
    def log(self) -> list[dict[str, str]]:
        """What was said so far, written or not."""
        return self._log

    def hear(self, update: Update) -> None:
        """Note where the job is."""
        if (update.stage, update.type) != (self._update.stage, self._update.type):
            self.note(update.stage, update.type)
        if update.line:
            self.note(update.stage, update.type, update.line)
        self._update = update

    def note(self, stage: str, kind: str, line: str = "") -> None:
        """Write a line of the log."""
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self._log = [*self._log, {"at": at, "stage": stage, "type": kind, "text": line[:500]}][-LOG_LINES:]

    def is_cancelled(self) -> bool:
        """Write, renew the lease and return whether somebody wants the job to end; raises `LeaseLost`."""
        if time.monotonic() - self._looked_s < LOOK_EVERY_S:
            return self._is_cancelled
        self._looked_s = time.monotonic()
        try:
            self._lease.renew(
                stage=self._update.stage,
                kind=self._update.type,
                progress=round(self._update.done, 4),
                log=self._log,
                updated_at=Now(),
            )
            self._is_cancelled = self._lease.is_true(is_cancel_wanted=True)
        except DatabaseError as error:
            # The lease outlives a short failure; if it does not, the next write finds it lost.
            logger.warning("the lease of a quantization was not renewed: %s", error)
        return self._is_cancelled

    def copying(self, _done: int, _total: int) -> None:
        """Hear how far the installation of a file is."""
        if self.is_cancelled():
            raise Cancelled


def quantization_run(job_id: uuid.UUID) -> None:
    """Do a job unless it is done, gone, in other hands, or another one runs: two would measure each other."""
    busy = Quantization.unscoped.filter(status=Quantization.Status.RUNNING, lease_expires_at__gt=Now())
    if busy.exclude(id=job_id).exists():
        return
    claimed = row_claim(Quantization, job_id, PENDING)
    if claimed is None:
        return
    row, lease = claimed
    assert isinstance(row, Quantization)
    try:
        if row.is_cancel_wanted:
            raise Cancelled
        lease.renew(
            status=Quantization.Status.RUNNING,
            attempts=F("attempts") + 1,
            reason="",
            started_at=Coalesce(F("started_at"), Now()),
            updated_at=Now(),
        )
        _work(row, lease)
    except LeaseLost:
        logger.info("the quantization %s was deleted or taken over", job_id)
        return
    except Cancelled:
        job_end(lease, Quantization.Status.CANCELLED, "")
    except (InferenceError, ApiError) as error:
        job_end(lease, Quantization.Status.FAILED, error.message)
    except Exception:
        logger.exception("the quantization %s failed unexpectedly", job_id)
        job_end(lease, Quantization.Status.FAILED, OUR_FAULT)
    shutil.rmtree(_folder(job_id), ignore_errors=True)


def _folder(job_id: uuid.UUID) -> Path:
    return works_folder() / str(job_id)


def _work(row: Quantization, lease: RowLease) -> None:
    folder = _folder(row.id)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    calibration = None
    if row.calibration:
        calibration = folder / "your text"
        calibration.write_text(row.calibration, encoding="utf-8")
    told = _Told(row, lease)
    plan = Plan(
        model=row.source,
        source=source_path(row.source),
        types=tuple(row.types),
        work=folder / "work",
        calibration=calibration,
        is_calibrated=row.is_calibrated,
        python=compressor_of(kinds_of(tuple(row.types))),
    )
    report = run(plan, told.hear, told.is_cancelled)
    installed = [_install(row, plan, report, kind, told) for kind in row.types]
    lease.end(
        status=Quantization.Status.FINISHED,
        stage="",
        kind="",
        progress=1.0,
        log=told.log,  # its last lines may be younger than the last writing
        report=report.to_json(),
        installed=installed,
        finished_at=Now(),
        updated_at=Now(),
    )


def _install(row: Quantization, plan: Plan, report: Report, kind: str, told: _Told) -> str:
    """Put a result into the store; one that an earlier attempt put there stays."""
    name, source = result_name(row.source, kind), f"quantization:{row.id}"
    told.hear(Update("installing", kind, 1.0))
    try:
        made, engine = result_of(plan.work, kind)
        store().add(made, model=name, source=source, engine=engine, progress=told.copying)
    except ModelExistsError:
        if store().get(name).source != source:
            raise
    return name


def quantizations_reclaim() -> list[uuid.UUID]:
    """Take jobs back from dead workers, and return those whose message must be sent (again).

    What no job needs is removed.
    """
    reason = f"the worker died {MAX_ATTEMPTS} times over this model: does the machine have enough memory for it?"
    jobs_stop(Quantization, PENDING, max_attempts=MAX_ATTEMPTS, reason=reason)
    works_clean()
    return rows_due(Quantization, PENDING)


def works_clean() -> None:
    """Remove the temporary files of jobs that have ended, or are gone."""
    if not works_folder().is_dir():
        return
    wanted = {str(job_id) for job_id in Quantization.unscoped.filter(PENDING).values_list("id", flat=True)}
    for folder in works_folder().iterdir():
        if folder.name not in wanted:
            shutil.rmtree(folder, ignore_errors=True)
