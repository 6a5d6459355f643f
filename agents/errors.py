"""What can go wrong in a run; `code` is stable, `http_status` is what an edge answers before a stream began."""

from collections.abc import Sequence
from dataclasses import dataclass


class AgentsError(Exception):
    """Root of the tree."""

    code = "run_failed"
    retryable = False
    http_status = 500


class UnknownEvent(AgentsError):
    """A stored event is not of the closed set."""

    code = "unknown_event"


@dataclass(frozen=True, slots=True)
class GraphError:
    """One thing that is wrong with a graph; `node_id` is empty when it is the graph as a whole."""

    node_id: str
    message: str


class InvalidGraph(AgentsError):
    """A graph cannot run; the message lists every error with its node, `errors` holds them one by one."""

    code = "invalid_graph"
    http_status = 400

    def __init__(self, errors: Sequence[GraphError]) -> None:
        self.errors = tuple(errors)
        lines = (f"node {error.node_id!r}: {error.message}" if error.node_id else error.message for error in errors)
        super().__init__("the graph cannot run: " + "; ".join(lines))


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


class InvalidInput(AgentsError):
    """What the caller sent cannot be worked with."""

    code = "invalid_input"
    http_status = 400


class InvalidDocument(InvalidInput):
    """A file cannot be read as an application; line and column count from 1, 0 where they are not known."""

    code = "invalid_document"

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.line = line
        self.column = column
        super().__init__(message)


class ImagesUnsupported(InvalidInput):
    """Images were sent to a model that reads only text."""

    code = "images_unsupported"


class SchemaUnsupported(InvalidInput):
    """A schema for the answer was given to a model that cannot be held to one."""

    code = "schema_unsupported"


class OutputInvalid(AgentsError):
    """A model that was asked for JSON of a schema wrote something else."""

    code = "output_invalid"


class FileMissing(InvalidInput):
    """A file of the run is gone, or belongs to somebody else."""

    code = "file_not_found"


class LimitReached(AgentsError):
    """A run did more than it may: no node's error strategy goes on after that."""


class StepLimitReached(LimitReached):
    """A run started more nodes than it may."""

    code = "too_many_steps"


class RunTimedOut(LimitReached):
    """A run took longer than it may."""

    code = "run_timeout"


class ModelStreamEnded(AgentsError):
    """A model's stream stopped without saying why."""

    code = "model_stream_ended"
    retryable = True


class AgentStuck(AgentsError):
    """An agent's model neither answered nor called a tool, although it was asked again."""

    code = "agent_stuck"


class Paused(AgentsError):
    """A node waits for a person: not a failure; the run goes on in another attempt, once there is an answer."""

    code = "paused"


class CodeFailed(AgentsError):
    """Code that a user wrote raised, returned the wrong thing, or used more than it may; the message quotes it."""

    code = "code_failed"


class TemplateFailed(AgentsError):
    """A Jinja2 template cannot be rendered, or does more than it may; the message names the line."""

    code = "template_failed"


class CodeUnavailable(AgentsError):
    """No code is run on this machine; the message says why."""

    code = "code_unavailable"
    http_status = 503


class HttpFailed(AgentsError):
    """A request to another server failed: it was refused, took too long, or the answer was too large."""

    code = "http_failed"
    retryable = True


class HttpStatus(AgentsError):
    """Another server answered, and not with success; the message quotes what it said."""

    code = "http_status"
    http_status = 502


class HttpRefused(AgentsError):
    """A request may not be sent from here, or cannot be written; the message says which rule and who can change it."""

    code = "http_refused"
    http_status = 400


class OutcomeUnknown(AgentsError):
    """A node with effects was interrupted, and nobody knows whether the effect happened: it is not done again."""

    code = "outcome_unknown"


class WrongType(AgentsError):
    """A value of another type came where the graph needs one; the message says which and where."""

    code = "wrong_type"


class InnerFailed(AgentsError):
    """A node of a graph failed, and its graph with it; `code` and message are that node's.

    No container goes on after a failure that `is_final`.
    """

    def __init__(self, path: str, code: str, message: str, *, is_final: bool = False) -> None:
        self.path = path
        self.code = code
        self.is_final = is_final
        super().__init__(message)


class TokenLimitReached(LimitReached):
    """A run used more tokens than it may."""

    code = "too_many_tokens"


class DepthLimitReached(LimitReached):
    """Workflows call each other deeper than they may."""

    code = "too_deep"
