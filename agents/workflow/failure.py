"""What a node does when it fails: tries again, gives a default, takes its own way out, or fails the run."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

FAIL_BRANCH, SUCCESS_BRANCH = "fail-branch", "success-branch"
ERROR_OUTPUTS = {"error_message": "string", "error_type": "string"}
MAX_DELAY_S = 60.0


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class DefaultValue(_Part):
    """What stands for one output of a node that failed."""

    key: str = Field(min_length=1)
    type: str = "string"
    value: JsonValue = None


class RetryConfig(_Part):
    """How often a node is tried again; `retry_interval` is in milliseconds and doubles each time, up to a minute."""

    retry_enabled: bool = False
    max_retries: int = Field(default=3, ge=0, le=10)
    retry_interval: float = Field(default=1000, ge=0, le=60_000)


class FailureHandling(_Part):
    """The keys of a node's configuration that every kind has. Keys are Dify's."""

    error_strategy: Literal["fail-branch", "default-value"] | None = None
    default_value: tuple[DefaultValue, ...] = ()
    retry_config: RetryConfig = RetryConfig()

    @field_validator("error_strategy", mode="before")
    @classmethod
    def _none_has_several_names(cls, value: object) -> object:
        return None if value in ("", "none", "terminated") else value

    @field_validator("default_value", "retry_config", mode="before")
    @classmethod
    def _null_is_absent(cls, value: object, info: object) -> object:
        if value is not None:
            return value
        return () if getattr(info, "field_name", "") == "default_value" else RetryConfig()

    @property
    def max_retries(self) -> int:
        """How many times a failed node is tried again."""
        return self.retry_config.max_retries if self.retry_config.retry_enabled else 0

    def delay_s(self, failed: int) -> float:
        """Return how long to wait after the attempt that failed as the `failed`-th, counted from 1."""
        return min(self.retry_config.retry_interval / 1000 * 2.0 ** (failed - 1), MAX_DELAY_S)

    def defaults(self) -> dict[str, JsonValue]:
        """Return the outputs of a node that failed and goes on with defaults."""
        return {item.key: item.value for item in self.default_value}
