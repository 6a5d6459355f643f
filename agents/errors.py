"""What can go wrong in a run; `code` is stable, `http_status` is what an edge answers before a stream began."""


class AgentsError(Exception):
    """Root of the tree."""

    code = "run_failed"
    retryable = False
    http_status = 500


class UnknownEvent(AgentsError):
    """A stored event is not of the closed set."""

    code = "unknown_event"


class InvalidGraph(AgentsError):
    """A graph cannot run; the message lists every error with its node."""

    code = "invalid_graph"
    http_status = 400


class UnknownVariable(AgentsError):
    """A prompt names a variable that nothing provides."""

    code = "unknown_variable"
    http_status = 400


class ModelNotFound(AgentsError):
    """The model of a node does not exist in this workspace."""

    code = "model_not_found"
    http_status = 400


class ContextOverflow(AgentsError):
    """The prompt alone does not fit into the model's context."""

    code = "context_length_exceeded"
    http_status = 400


class ToolFailed(AgentsError):
    """A tool failed for good: the model sees the message and goes on without it."""

    code = "tool_failed"


class ToolRetry(ToolFailed):
    """A tool refused its arguments: the model sees why and may call again."""

    code = "tool_retry"
    retryable = True


class RunAborted(AgentsError):
    """A tool or node says that the whole run must fail."""

    code = "run_aborted"
