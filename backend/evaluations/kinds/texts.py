"""Evaluators that look at the text of an answer: exact, contains, regex, JSON schema and numbers."""

import asyncio
import json
import math
import re
import sys
from typing import Literal

from jsonschema import Draft202012Validator, SchemaError
from jsonschema import ValidationError as SchemaMismatch
from pydantic import Field, JsonValue, field_validator

from backend.evaluations.kinds.base import (
    EvaluatorFailed,
    Judged,
    Kind,
    Observed,
    Outside,
    expected_of,
    shown,
    texts_of,
)

NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?")
FENCE = re.compile(r"```[^\n`]*\n(?P<inside>.*?)```", re.DOTALL)
# A pattern may take for ever, and nothing inside a process stops it: the search has one of its own, whose timer (of its
# own CPU seconds, so that a busy machine changes nothing) kills it.
SEARCH = """import json, re, signal, sys
pattern, text, flags, limit_s = json.load(sys.stdin)
signal.setitimer(signal.ITIMER_VIRTUAL, limit_s)
print(int(re.search(pattern, text, flags) is not None))
"""
WAIT_S = 60.0
"""After which the process is given up, whatever its clock says."""


def _same(text: str, *, ignore_case: bool, ignore_space: bool) -> str:
    found = " ".join(text.split()) if ignore_space else text
    return found.casefold() if ignore_case else found


class Exact(Kind):
    """The answer is the expected one."""

    ignore_case: bool = True
    ignore_space: bool = True

    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        how = {"ignore_case": self.ignore_case, "ignore_space": self.ignore_space}
        is_same = _same(seen.answer, **how) == _same(expected_of(seen), **how)
        return Judged(float(is_same), "" if is_same else f"expected {shown(seen.expected)}, got {shown(seen.answer)}")


class Contains(Kind):
    """The answer contains texts: the expected answer where none are given."""

    texts: tuple[str, ...] = Field(default=(), max_length=50)
    need: Literal["all", "any"] = "all"
    ignore_case: bool = True

    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        wanted = [text for text in self.texts if text.strip()] or [expected_of(seen)]
        answer = _same(seen.answer, ignore_case=self.ignore_case, ignore_space=True)
        missing = [
            text for text in wanted if _same(text, ignore_case=self.ignore_case, ignore_space=True) not in answer
        ]
        if self.need == "any":
            is_there = len(missing) < len(wanted)
            return Judged(float(is_there), "" if is_there else f"none is there of {texts_of(missing)}")
        return Judged(1 - len(missing) / len(wanted), f"missing: {texts_of(missing)}" if missing else "")


class Regex(Kind):
    """A pattern is found in the answer, or, with `negate`, is not."""

    pattern: str = Field(min_length=1, max_length=2000)
    ignore_case: bool = False
    negate: bool = False
    timeout_s: float = Field(default=1.0, gt=0, le=10)

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"{value[:100]!r} is no regular expression: {error}") from error
        return value

    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        is_found = await self._search(seen.answer)
        is_good = is_found != self.negate
        return Judged(float(is_good), "" if is_good else f"the pattern is {'' if is_found else 'not '}in the answer")

    async def _search(self, text: str) -> bool:
        flags = int(re.IGNORECASE if self.ignore_case else 0) | int(re.MULTILINE)
        asked = json.dumps([self.pattern, text, flags, self.timeout_s]).encode()
        pipe = asyncio.subprocess.PIPE
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-ISc", SEARCH, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            said, _ = await asyncio.wait_for(child.communicate(asked), WAIT_S)
        except TimeoutError:
            said = b""
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if said.strip() not in (b"0", b"1"):
            raise EvaluatorFailed(
                f"the pattern {shown(self.pattern)} took longer than {self.timeout_s:g} s: make it simpler"
            )
        return said.strip() == b"1"


class JsonSchema(Kind):
    """The answer is JSON that obeys a schema."""

    json_schema: dict[str, JsonValue] = Field(default_factory=dict)

    @field_validator("json_schema")
    @classmethod
    def _is_schema(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        try:
            Draft202012Validator.check_schema(value)
        except SchemaError as error:
            raise ValueError(f"{error.json_path}: {error.message[:300]}") from error
        return value

    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        try:
            value = json_in(seen.answer)
            Draft202012Validator(self.json_schema).validate(value)
        except (ValueError, RecursionError) as error:
            return Judged(0.0, f"the answer is not JSON: {shown(str(error))}")
        except SchemaMismatch as error:
            return Judged(0.0, f"{error.json_path}: {shown(error.message, 300)}")
        return Judged(1.0)


def json_in(answer: str) -> object:
    """Return the JSON of an answer, which may stand in a fence; raises `ValueError`."""
    fenced = FENCE.search(answer)
    return json.loads(fenced["inside"] if fenced else answer)


class Numeric(Kind):
    """A number of the answer is the expected one, within a tolerance."""

    absolute: float = Field(default=0.0, ge=0)
    relative: float = Field(default=0.0, ge=0, le=1)
    take: Literal["first", "last"] = "last"

    async def judge(self, seen: Observed, outside: Outside) -> Judged:
        wanted = _numbers(expected_of(seen))
        if not wanted:
            raise EvaluatorFailed(f"the expected answer {shown(seen.expected)} has no number")
        found = _numbers(seen.answer)
        if not found:
            return Judged(0.0, f"there is no number in {shown(seen.answer)}")
        got = found[0 if self.take == "first" else -1]
        is_near = math.isclose(got, wanted[0], rel_tol=0, abs_tol=max(self.absolute, self.relative * abs(wanted[0])))
        return Judged(float(is_near), "" if is_near else f"expected {wanted[0]:g}, got {got:g}")


def _numbers(text: str) -> list[float]:
    return [float(item.replace(",", "")) for item in NUMBER.findall(text)]
