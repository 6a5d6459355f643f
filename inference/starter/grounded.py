"""Answers from passages: with a citation, from several passages, after an earlier question, or not to be had."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from inference.starter.formats import grounded_system, passages_text
from inference.starter.quotes import quoted
from inference.starter.samples import Group, Sample
from inference.starter.sources import FollowUp, Question, Source
from inference.types import Message

REFUSALS = {
    "en": "The passages do not say.",
    "zh": "这些段落中没有提到。",
    "ru": "В этих отрывках об этом не сказано.",
}
"""What is said when no passage answers: one sentence a language, so that it is learned well and can be recognised."""

PROMPTS = (
    "",
    "You are a helpful assistant.",
    "You answer questions about our documents. Be short and exact.",
    "Answer in full sentences. If the passages do not hold the answer, say so.",
    "You are the help desk of a small company. Be friendly and brief.",
    "You help visitors of our site. Only use what you are given.",
    "You are a librarian. Answer from the sources and cite them.",
    "You are a careful assistant who never guesses.",
    "Help staff to find rules in our handbook.",
    "You are a tutor. Explain plainly.",
    "Answer the user's question in the language of the question.",
    "你是一个有用的助手。",
    "Ты полезный помощник.",
)
# An author of a workflow places the passages in the user's message.
PLACED = (
    "Context:\n{passages}\n\nQuestion: {question}",
    "{passages}\n\nAnswer from the text above: {question}",
    "Use the passages to answer.\n\n{passages}\n\n{question}",
)
MOST_PASSAGES = 6
BRANCHES = (10, 16)
"""So many questions are asked of one context, at least and at most: its tokens are computed once for all of them."""
_LOOKED_AT = 24
"""Of so many passages the most alike are put beside the right one: retrieval brings what shares words."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How often each kind of question is asked of a context; the rest is answered by one passage."""

    # Refusing is learned sooner than answering: with 22 % of these two, 27 % of questions were refused wrongly; with
    # 9 %, still 13 %, and no question without an answer was answered.
    absent: float = 0.045
    foreign: float = 0.02
    double: float = 0.06
    follow: float = 0.1
    placed: float = 0.15


@dataclass(frozen=True, slots=True)
class Context:
    """Passages in their order, as the platform lays them out: in the system message, or `placed` in the user's."""

    passages: tuple[Source, ...]
    texts: tuple[str, ...]
    prompt: str
    placed: str | None

    def number(self, source: Source) -> int:
        """Return the number that cites a passage."""
        return self.passages.index(source) + 1

    def sample(self, kind: str, question: str, answer: str, history: tuple[Message, ...] = ()) -> Sample:
        """Return a conversation that ends with the question's answer."""
        if self.placed is not None:
            asked = self.placed.format(passages=passages_text(self.texts), question=question)
            before = (Message("system", self.prompt),) if self.prompt else ()
        else:
            asked, before = question, (Message("system", grounded_system(self.prompt, self.texts)),)
        messages = (*before, *history, Message("user", asked), Message("assistant", answer))
        return Sample(kind, messages, learned_from=len(messages) - 1)


def grounded(random: Random, sources: Sequence[Source], shares: Shares | None = None) -> Group:
    """Return questions about one context of passages of `sources`."""
    shares = shares or Shares()
    context = _context(random, sources, shares)
    samples = (_asked(random, sources, context, shares) for _ in range(random.randint(*BRANCHES)))
    # A question that came twice teaches nothing new.
    return tuple({sample.messages: sample for sample in samples}.values())


def cited(answer: str, number: int) -> str:
    """Return an answer with its citation, before the final stop's end."""
    return f"{answer.rstrip()} [{number}]"


def _answer(source: Source, question: Question) -> str:
    return quoted(source.text, question.key, question.text) or question.answer


def _asked(random: Random, sources: Sequence[Source], context: Context, shares: Shares) -> Sample:
    source = random.choice(context.passages)
    chance = random.random()
    if chance < shares.absent and source.absent:
        return context.sample("absent", random.choice(source.absent), REFUSALS[source.language])
    chance -= shares.absent
    if chance < shares.foreign:
        others = [other for other in sources if other not in context.passages and other.language == source.language]
        return context.sample("absent", random.choice(random.choice(others).questions).text, REFUSALS[source.language])
    chance -= shares.foreign
    if 0 <= chance < shares.double and len(context.passages) > 1:
        return _double(random, context)
    if 0 <= chance - shares.double < shares.follow and source.follow and context.placed is None:
        return _followed(random, context, source, random.choice(source.follow))
    question = random.choice(source.questions)
    return context.sample("grounded", question.text, cited(_answer(source, question), context.number(source)))


def _double(random: Random, context: Context) -> Sample:
    """Two questions at once, each answered from its own passage."""
    one, two = random.sample(context.passages, 2)
    first, second = random.choice(one.questions), random.choice(two.questions)
    answer = f"{cited(_answer(one, first), context.number(one))} {cited(_answer(two, second), context.number(two))}"
    return context.sample("double", f"{first.text} {second.text}", answer)


def _followed(random: Random, context: Context, source: Source, follow: FollowUp) -> Sample:
    """A question that leans on the one before it, whose passages are gone by then."""
    earlier = source.questions[follow.after]
    history = (
        Message("user", earlier.text),
        Message("assistant", cited(_answer(source, earlier), random.randint(1, min(4, len(context.passages))))),
    )
    answer = cited(_answer(source, follow.question), context.number(source))
    return context.sample("follow", follow.question.text, answer, history)


def _context(random: Random, sources: Sequence[Source], shares: Shares) -> Context:
    """Return passages in any order: one, and what retrieval would bring beside it."""
    # Every question as often as another, however many its passage has.
    [right] = random.choices(sources, [len(source.questions) for source in sources])
    question = random.choice(right.questions).text
    count = random.choices(range(1, MOST_PASSAGES + 1), (1, 5, 3, 5, 1, 1))[0]
    looked_at = [other for other in random.sample(sources, min(_LOOKED_AT, len(sources))) if other is not right]
    words = _words(question) | _words(right.title)
    near = sorted(
        (other for other in looked_at if other.language == right.language),
        key=lambda other: -len(words & _words(other.text)),
    )
    chosen = [right, *near[: count - 1]]
    random.shuffle(chosen)
    titled = random.random() < 0.3
    texts = tuple(f"{source.title}. {source.text}" if titled else source.text for source in chosen)
    placed = random.choice(PLACED) if random.random() < shares.placed else None
    return Context(tuple(chosen), texts, random.choice(PROMPTS), placed)


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in text.lower().split() if len(word) > 3)
