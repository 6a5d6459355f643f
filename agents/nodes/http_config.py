"""How an http-request node is configured; keys are Dify's, older forms of them are read too."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from agents.nodes.config import Lenient
from agents.workflow.failure import FailureHandling

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
BodyType = Literal["none", "form-data", "x-www-form-urlencoded", "raw-text", "json", "binary"]
MAX_STEP_S = 600.0


class ApiKey(Lenient):
    """A key and how it is sent: `Basic …`, `Bearer …`, or as it stands; in the header `Authorization` by default."""

    type: Literal["basic", "bearer", "custom"] = "bearer"
    api_key: str = ""
    header: str | None = ""


class Authorization(Lenient):
    """Whether a key goes along."""

    type: Literal["no-auth", "api-key"] = "no-auth"
    config: ApiKey | None = None


class BodyItem(Lenient):
    """A field of a form, or the whole body; `file` selects a file, or a list of files."""

    key: str = ""
    type: Literal["text", "file"] = "text"
    value: str = ""
    file: tuple[str, ...] = ()

    @field_validator("value", "key", mode="before")
    @classmethod
    def _null_is_empty(cls, value: object) -> object:
        return "" if value is None else value

    @field_validator("file", mode="before")
    @classmethod
    def _none_selects_nothing(cls, value: object) -> object:
        return () if value is None else value


class Body(Lenient):
    """What is sent."""

    type: BodyType = "none"
    data: tuple[BodyItem, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _a_text_is_a_body(cls, values: object) -> object:
        """Older files have one text; that of a form has a line for each field."""
        if not isinstance(values, dict):
            return values
        data = values.get("data")
        if data is None:
            return {**values, "data": []}
        if not isinstance(data, str):
            return values
        if values.get("type") in ("form-data", "x-www-form-urlencoded"):
            return {**values, "data": [{"key": key, "value": value} for key, value in lines_of(data)]}
        return {**values, "data": [{"value": data}] if data else []}


class Timeout(Lenient):
    """Seconds for each step; 0 and what is left out have the default."""

    connect: float = Field(default=10, ge=0, le=MAX_STEP_S)
    read: float = Field(default=60, ge=0, le=MAX_STEP_S)
    write: float = Field(default=60, ge=0, le=MAX_STEP_S)

    @model_validator(mode="before")
    @classmethod
    def _zero_is_the_default(cls, values: object) -> object:
        return {name: item for name, item in values.items() if item} if isinstance(values, dict) else values


class HttpRequestConfig(Lenient):
    """The request; all its texts are templates. `headers` and `params` have a line `name:value` for each."""

    method: Method = "GET"
    url: str = Field(min_length=1)
    authorization: Authorization = Field(default_factory=Authorization)
    headers: str = ""
    params: str = ""
    body: Body = Field(default_factory=Body)
    timeout: Timeout = Field(default_factory=Timeout)
    ssl_verify: bool = True

    @field_validator("method", mode="before")
    @classmethod
    def _upper(cls, value: object) -> object:
        return value.upper() if isinstance(value, str) else value

    @field_validator("authorization", "body", "timeout", mode="before")
    @classmethod
    def _null_is_absent(cls, value: object) -> object:
        return {} if value is None else value

    @field_validator("headers", "params", mode="before")
    @classmethod
    def _null_is_no_line(cls, value: object) -> object:
        return "" if value is None else value

    @field_validator("ssl_verify", mode="before")
    @classmethod
    def _verified_unless_said(cls, value: object) -> object:
        return True if value is None else value

    @property
    def handling(self) -> FailureHandling:
        """What the node does when it fails: whether an error status is a failure depends on it."""
        return FailureHandling.model_validate(self.model_extra or {})


def lines_of(text: str) -> list[tuple[str, str]]:
    """Return the pairs of a text with a line `name:value` for each; what has no name is left out."""
    pairs = [line.partition(":") for line in text.splitlines()]
    return [(name.strip(), value.strip()) for name, _, value in pairs if name.strip()]
