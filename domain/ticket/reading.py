"""What the words of a book find in a text: weights, signals, tags and flows, and the words found.

Which of them wins is judged in `diagnosis`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final, TypeVar

from domain.policies.lexicon import LONG, Cue, Effect, Lexicon
from domain.policies.tags import Tag
from domain.ticket.figures import longest_days
from domain.ticket.phrases import Match, Owner, Phrases, one_clause, outermost, phrase
from domain.values import BASIS_POINTS, Kind, Responsible, Scenario, Urgency

CUE: Final = "cue"
TAG: Final = "tag"
FLOW: Final = "flow"
NEGATOR: Final = "negator"
INTENSIFIER: Final = "intensifier"
VOID: Final = "void"
TURNING: Final = frozenset({CUE, NEGATOR, INTENSIFIER, VOID})
"""Tables whose words hold one another: the longer one says what is meant."""
_TABLES: Final = (CUE, TAG, FLOW, NEGATOR, INTENSIFIER, VOID)
SPAN: Final = 48
"""How many characters a turning word reaches over at most, whatever its language's reach is."""
CHARACTERS_MAX: Final = 20_000
"""How much of a text is read."""


Weighed = TypeVar("Weighed")
_Place = tuple[int, str]
"""Where a word of the book was found, and which."""
Weights = defaultdict[Weighed, int]
"""What speaks for each of several. A Counter would do, but takes long to make."""


def _nothing() -> Weights[Weighed]:
    return defaultdict(int)


@dataclass(slots=True)
class Reading:
    """What was found in one text, added up."""

    responsible: Weights[Responsible] = field(default_factory=_nothing)
    scenario: Weights[Scenario] = field(default_factory=_nothing)
    urgency: Weights[Urgency] = field(default_factory=_nothing)
    kind: Weights[Kind] = field(default_factory=_nothing)
    sentiment: int = 0
    satisfied: int = 0
    signals: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    """In the order of the text, each once."""
    tags: Weights[int] = field(default_factory=_nothing)
    """Points of tags by their number in the book."""
    affirmed: Weights[int] = field(default_factory=_nothing)
    """Those of them that no negator stands before."""
    flows: list[str] = field(default_factory=list)

    def add(self, effect: Effect) -> None:
        """Add what something found speaks for."""
        for axis, name, weight in effect.weights:
            getattr(self, axis)[name] += weight
        self.sentiment += effect.sentiment
        self.satisfied += effect.satisfied


class Reader:
    """The words of one book, compiled once and then read with."""

    def __init__(self, tags: Sequence[Tag], lexicon: Lexicon) -> None:
        """Compile the words of the tags, the cues and the flows."""
        self.tags = tuple(tags)
        self.lexicon = lexicon
        self._sharers: dict[str, list[int]] = defaultdict(list)
        for number, tag in enumerate(self.tags):
            for word in {*map(lexicon.fold, (*tag.words_zh, *tag.words_en))}:
                self._sharers[word].append(number)
        gaps = (lexicon.en.gap, lexicon.zh.gap)
        self._phrases = Phrases(
            phrase(word, owner, gaps=gaps, inflected=owner.table == TAG)
            for word, owner in self._words()
        )

    def read(self, text: str) -> Reading:
        """Return what the words of the book find in a text."""
        reading = Reading()
        lexicon = self.lexicon
        folded = lexicon.fold(text[:CHARACTERS_MAX])
        by_table: dict[str, list[Match]] = {name: [] for name in _TABLES}
        turning: list[Match] = []
        for match in self._phrases.find(folded):
            table = match.owner.table
            (turning if table in TURNING else by_table[table]).append(match)
        for match in outermost(turning):
            by_table[match.owner.table].append(match)
        turned = _Turned(folded, by_table[NEGATOR], by_table[INTENSIFIER], lexicon)
        reading.add(lexicon.prior)
        found = [
            *self._read_cues(reading, by_table[CUE], turned),
            *self._read_tags(reading, by_table[TAG], turned),
            *self._read_flows(reading, by_table[FLOW], turned),
        ]
        if longest_days(folded) >= lexicon.long_days:
            reading.signals.add(LONG)
        found.sort()
        reading.words = list(dict.fromkeys([word for _, word in found]))
        return reading

    def combine(self, reading: Reading) -> None:
        """Add what the signals of a reading speak for together."""
        if not reading.signals:
            return  # each asks for one at least
        for one in self.lexicon.combination:
            if reading.signals.issuperset(one.all) and reading.signals.isdisjoint(one.unless):
                reading.add(one)

    def _words(self) -> Iterable[tuple[str, Owner]]:
        lexicon = self.lexicon
        for row, cue in enumerate(lexicon.cue):
            yield from ((word, Owner(CUE, row)) for word in cue.words)
        for row, flow in enumerate(lexicon.flow):
            yield from ((word, Owner(FLOW, row)) for word in flow.words)
        for row, language in enumerate((lexicon.zh, lexicon.en)):
            yield from ((word, Owner(NEGATOR, row)) for word in language.negators)
            yield from ((word, Owner(INTENSIFIER, row)) for word in language.intensifiers)
            yield from ((word, Owner(VOID, row)) for word in language.void)
        yield from ((word, Owner(TAG, 0)) for word in self._sharers)

    def _read_cues(
        self, reading: Reading, matches: Iterable[Match], turned: "_Turned"
    ) -> list[_Place]:
        cues = self.lexicon.cue
        counted: dict[int, set[str]] = defaultdict(set)
        found: list[_Place] = []
        for match in matches:
            row = match.owner.row
            cue, words = cues[row], counted[row]
            if match.word in words or len(words) >= cue.times:
                continue
            negator = turned.negator(match) if cue.negatable else None
            if negator is None:
                self._count(reading, cue, turned.strength_bp(match))
                found.append((match.start, match.word))
            elif cue.sentiment == 0:
                continue
            else:
                reading.sentiment -= cue.sentiment
                found.append((match.start, f"{negator}…{match.word}"))
            words.add(match.word)
        return found

    def _count(self, reading: Reading, cue: Cue, strength_bp: int) -> None:
        reading.add(cue)
        reading.sentiment += cue.sentiment * (strength_bp - BASIS_POINTS) // BASIS_POINTS
        reading.signals.update(cue.signals)

    def _read_tags(
        self, reading: Reading, matches: Iterable[Match], turned: "_Turned"
    ) -> list[_Place]:
        """Add up points; a negator halves a word, for a tag may be about what was not done."""
        word_points = self.lexicon.points.word
        tags, affirmed = reading.tags, reading.affirmed
        found: dict[str, int] = {}
        for match in matches:
            word = match.word
            if word in found:
                continue
            found[word] = match.start
            sharers = self._sharers[word]
            points = word_points // len(sharers)
            denied = turned.negator(match) is not None
            for number in sharers:
                tags[number] += points // 2 if denied else points
                affirmed[number] += 0 if denied else points
        return [(start, word) for word, start in found.items()]

    def _read_flows(
        self, reading: Reading, matches: Iterable[Match], turned: "_Turned"
    ) -> list[_Place]:
        opened = [match for match in matches if turned.negator(match) is None]
        if opened:
            rows = {match.owner.row for match in opened}
            reading.flows = [flow.id for i, flow in enumerate(self.lexicon.flow) if i in rows]
        return [(match.start, match.word) for match in opened]


_END: Final[Callable[[Match], int]] = attrgetter("end")


class _Turned:
    """Which words of a text a negator turns, and which an intensifier strengthens."""

    def __init__(
        self, text: str, negators: Iterable[Match], intensifiers: Iterable[Match], lexicon: Lexicon
    ) -> None:
        self._text = text
        self._languages = (lexicon.zh, lexicon.en)
        self._intensified_bp = lexicon.intensified_bp
        self._negators = sorted(negators, key=_END)
        self._intensifiers = sorted(intensifiers, key=_END)

    def negator(self, match: Match) -> str | None:
        """Return the negator that turns a word, if one does."""
        if not self._negators:
            return None
        before = self._before(self._negators, match)
        return None if before is None else before.word

    def strength_bp(self, match: Match) -> int:
        """Return how strong a word is made, in basis points."""
        if not self._intensifiers:
            return BASIS_POINTS
        before = self._before(self._intensifiers, match)
        return BASIS_POINTS if before is None else self._intensified_bp

    def _before(self, turning: Sequence[Match], match: Match) -> Match | None:
        """Return the nearest turning word before a match that reaches it."""
        for i in range(bisect_right(turning, match.start, key=_END) - 1, -1, -1):
            one = turning[i]
            if match.start - one.end > SPAN:
                return None
            if self._reaches(one, match):
                return one
        return None

    def _reaches(self, one: Match, match: Match) -> bool:
        between = self._text[one.end : match.start]
        length = len(between) if one.owner.row == 0 else between.count(" ") - 1
        return length <= self._languages[one.owner.row].reach and one_clause(between)
