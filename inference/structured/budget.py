"""What the schemas of one grammar share, and how much they may cost together before the work is done."""

from dataclasses import dataclass, field

from inference.errors import InvalidRequestError
from inference.structured.grammar import Pattern, Rule
from inference.structured.regex import Regex, TooLargeError

MAX_PARTS = 1_500  # properties, options, values and references: about 0.06 ms each
MAX_STATES = 8_000  # of all patterns together: about 0.01 ms each
MAX_LITERAL = 4_096  # characters; whole constants are split into tokens again at every step
MAX_SHORTEST = 1_024  # bytes that a 'pattern' or 'minLength' demands, for the same reason


@dataclass(slots=True)
class Budget:
    """Counts down while a grammar is built, so that a hostile schema is refused early, whatever its shape."""

    param: str
    parts: int = MAX_PARTS
    states: int = MAX_STATES
    anything: list[Rule] = field(default_factory=list)  # any JSON value, by the depth it may still have
    _patterns: dict[Regex, Pattern] = field(default_factory=dict)

    def spend(self, parts: int) -> None:
        self.parts -= parts
        if self.parts < 0:
            raise InvalidRequestError(
                f"The schema has more than {MAX_PARTS} properties, options and values: make it smaller.",
                param=self.param,
            )

    def pattern(self, regex: Regex) -> Pattern:
        """Return the terminal of `regex`; the same one whenever it is asked for."""
        known = self._patterns.get(regex)
        if known is None:
            try:
                known = self._patterns[regex] = Pattern(regex, self.states)
            except TooLargeError:
                raise InvalidRequestError(
                    "A 'pattern' is too large, or all patterns, formats and limits of numbers together are: "
                    "repeat less or use fewer of them.",
                    param=self.param,
                ) from None
            self.states -= known.states
            if len(known.ending(known.start)) > MAX_SHORTEST:
                raise InvalidRequestError(
                    f"A 'pattern' demands more than {MAX_SHORTEST} bytes: shorten it.", param=self.param
                )
        return known
