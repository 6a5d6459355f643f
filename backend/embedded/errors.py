"""What can go wrong while the embedded services are set up, started or stopped."""


class EmbeddedError(Exception):
    """Something about the local platform that its user can put right; the message says how."""

    code = "embedded_error"


class ToolMissingError(EmbeddedError):
    """A program or a wheel that the platform needs is not on this machine."""

    code = "tool_missing"


class PortBusyError(EmbeddedError):
    """Another program listens where the platform wants to listen."""

    code = "port_busy"


class AlreadyRunningError(EmbeddedError):
    """A supervisor holds this home already."""

    code = "already_running"


class NotRunningError(EmbeddedError):
    """No supervisor holds this home."""

    code = "not_running"


class StartFailedError(EmbeddedError):
    """A process ended before it was ready."""

    code = "start_failed"


class BackupError(EmbeddedError):
    """A backup could not be written, or an archive is not one of ours."""

    code = "backup_error"
