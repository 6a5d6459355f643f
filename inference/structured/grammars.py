"""Compiles what a request asks for into constraints; what was compiled lately is kept."""

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace

from llguidance import LLMatcher, LLParserLimits

from inference.errors import InvalidRequestError
from inference.structured.budget import Budget
from inference.structured.calls import MAX_CALLS, calls_grammar, chosen_tools
from inference.structured.constraint import GrammarConstraint
from inference.structured.grammar import Literal, Node, Seq, lark
from inference.structured.opening import OpeningConstraint
from inference.structured.schema import MAX_RESPONSE_TEXT, check_size, compile_schema
from inference.structured.vocabulary import Vocabulary
from inference.structured.walker import Walker
from inference.tool_parsing import Dialect
from inference.types import GenerateRequest

_MAX_KEPT = 64
_LIMITS = LLParserLimits(max_grammar_size=200_000, initial_lexer_fuel=2_000_000, verbose_errors=False)


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A grammar, ready to be copied for a sequence."""

    matcher: LLMatcher
    walker: Walker


class Grammars:
    """Makes the constraint of each request to one model. Thread-safe; compiling blocks for 100 ms at most, about."""

    def __init__(self, vocabulary: Vocabulary, dialect: Dialect) -> None:
        shown = {
            token
            for token in vocabulary.control
            if vocabulary.pieces[token].decode("utf-8", "replace") in dialect.markers
        }
        self._vocabulary = (
            replace(vocabulary, control=vocabulary.control - shown, _known={}, _completing={}) if shown else vocabulary
        )
        self._vocabulary.prepare()
        self._dialect = dialect
        self._kept: OrderedDict[str, Future[_Compiled]] = OrderedDict()
        self._lock = threading.Lock()

    def constraint_for(self, request: GenerateRequest) -> GrammarConstraint | OpeningConstraint | None:
        """Return what the answer must obey, or None. Raises InvalidRequestError naming what cannot be enforced.

        With `continue_final_message` the constraint has taken in the unfinished message already.
        """
        constraint = self._fresh(request)
        if constraint is not None and request.continue_final_message and request.messages:
            self._take_in(constraint, request.messages[-1].content)
        return constraint

    def _fresh(self, request: GenerateRequest) -> GrammarConstraint | OpeningConstraint | None:
        if request.tools and request.tool_choice != "none":
            return self._of_tools(request)
        if request.response_schema is None:
            return None
        schema = request.response_schema
        check_size(schema, "response_format")
        return self._constraint(f"schema {_key(schema)}", lambda: _of_schema(schema))

    def _of_tools(self, request: GenerateRequest) -> GrammarConstraint | OpeningConstraint:
        tools, dialect = chosen_tools(request), self._dialect
        # Who names the tool wants it called once, as at OpenAI.
        most = MAX_CALLS if request.parallel_tool_calls and request.tool_name is None else 1
        for tool in tools:
            check_size(tool.parameters, "tools")
        key = _key([(tool.name, tool.parameters) for tool in tools])
        if request.tool_choice == "required":
            before = dialect.prompt if request.continue_final_message else ""
            return self._constraint(
                f"calls {most} {before!r} {key}", lambda: _opened(before, calls_grammar(tools, dialect, most=most))
            )
        once = 1 if dialect.text_after else most
        inside = self._compiled(
            f"auto {once} {key}", lambda: _opened(dialect.lead, calls_grammar(tools, dialect, most=once))
        )
        return OpeningConstraint(dialect, self._vocabulary, lambda: self._at_work(inside), most_calls=most)

    def _constraint(self, key: str, build: Callable[[], Node]) -> GrammarConstraint:
        return self._at_work(self._compiled(key, build))

    def _at_work(self, compiled: _Compiled) -> GrammarConstraint:
        return GrammarConstraint(compiled.matcher.deep_copy(), compiled.walker, self._vocabulary)

    def _compiled(self, key: str, build: Callable[[], Node]) -> _Compiled:
        """Return what `build` makes, made once however many ask at the same time; others compile meanwhile."""
        with self._lock:
            found = self._kept.get(key)
            if found is None:
                mine = self._kept[key] = Future()
                if len(self._kept) > _MAX_KEPT:
                    self._kept.popitem(last=False)
            else:
                self._kept.move_to_end(key)
        if found is not None:
            return found.result()
        try:
            mine.set_result(self._compile(build(), "response_format" if key.startswith("schema") else "tools"))
        except Exception as problem:  # noqa: BLE001  # whoever waits for it in another thread hears it, too
            mine.set_exception(problem)
            with self._lock:
                self._kept.pop(key, None)
        return mine.result()

    def _compile(self, root: Node, param: str) -> _Compiled:
        try:
            walker = Walker(root, self._vocabulary)
        except InvalidRequestError as problem:  # a walker does not know where its grammar came from
            raise InvalidRequestError(problem.message, param=param) from None
        matcher = LLMatcher(
            self._vocabulary.tokenizer, LLMatcher.grammar_from_lark(lark(root)), log_level=0, limits=_LIMITS
        )
        if matcher.is_error():
            raise InvalidRequestError(
                f"The schema is too complex to be enforced: {matcher.get_error()[:200]!r}. Make it smaller.",
                param=param,
            )
        return _Compiled(matcher, walker)

    def _take_in(self, constraint: GrammarConstraint | OpeningConstraint, text: str) -> None:
        for token in self._vocabulary.split(text.encode("utf-8", "replace")):
            if not constraint.allows(token, _ENDLESS):
                raise InvalidRequestError(
                    f"The message to continue does not obey what is asked for: {text[:80]!r}. Correct it.",
                    param="messages",
                )
            constraint.accept((token,))


_ENDLESS = 2**31


def _of_schema(schema: Mapping[str, object]) -> Node:
    return compile_schema(schema, default_max_length=MAX_RESPONSE_TEXT, budget=Budget("response_format"))


def _opened(before: str, calls: Node) -> Node:
    return Seq((Literal(before), calls)) if before else calls


def _key(value: object) -> str:
    return json.dumps(value, default=str)
