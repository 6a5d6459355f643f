"""Why a model was not converted or quantized."""

import errno

from inference.errors import InferenceError


class QuantizationError(InferenceError):
    """The model could not be quantized; nothing half-written is left."""

    code = "quantization_failed"


class UnsupportedModelError(QuantizationError):
    """The source is a model that cannot be converted here."""

    code = "unsupported_model"
    http_status = 400


class DamagedCheckpointError(QuantizationError):
    """Files of the source are missing, truncated or contradict each other."""

    code = "damaged_checkpoint"
    http_status = 400


class NotEnoughRoomError(QuantizationError):
    """Disk or memory would not hold the work."""

    code = "not_enough_room"
    http_status = 409


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def failure_of(problem: OSError) -> QuantizationError:
    """Return what an error of the file system means to who waits for a job."""
    # numpy tells of a short write without a number.
    if problem.errno in _FULL or (problem.errno is None and "written" in str(problem)):
        reason = problem.strerror or str(problem)
        return NotEnoughRoomError(
            f"A file could not be written ({reason}): is the disk full? Nothing half-written was kept."
        )
    return QuantizationError(f"A file could not be read or written: {problem}.")
