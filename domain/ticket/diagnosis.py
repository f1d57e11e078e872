"""What a text says about its matter, judged by the words of the book; how sure, and why.

The judgement is pure and the same for ever: integers only, and it names the words it was made by.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Final, TypeVar

import msgspec

from domain.policies.lexicon import MANY, WEIGHT_MAX, Lexicon
from domain.policies.tags import Tag
from domain.ticket.reading import Reader, Reading
from domain.ticket.same import Same
from domain.values import (
    BASIS_POINTS,
    Kind,
    Reason,
    Responsible,
    Scenario,
    Sentiment,
    Urgency,
)

METHOD: Final = "lexicon"
WORDS_MAX: Final = 32
"""How many words a judgement names; a longer text rests on no more of them."""

# As tuples: to walk through an enumeration itself takes several times as long.
_PARTIES: Final = tuple(Responsible)
_SCENARIOS: Final = tuple(Scenario)
_KINDS: Final = tuple(Kind)
_URGENCIES: Final = tuple(Urgency)

Axis = TypeVar("Axis", Responsible, Scenario, Urgency, Kind)
Table = TypeVar("Table")


class Judgement(msgspec.Struct, frozen=True):
    """What a text says about its matter; it quotes the book's words, never the text."""

    tags: tuple[str, ...]
    """The best first."""
    responsible: Responsible
    scenario: Scenario
    kind: Kind
    urgency: Urgency
    sentiment: Sentiment
    upset: bool
    """Whether the feeling is so bad that a person of experience is called for (DI-10)."""
    confidence_bp: int
    words: tuple[str, ...]
    """The words of the book it rests on, in the order of the text; a turned one has its negator."""
    flows: tuple[str, ...]
    """Flows that the words or the reason open."""
    satisfied: bool
    """Whether the writer says that all is well now."""
    method: str


Diagnoser = Callable[[str, Reason | None], Judgement]
"""The port: whoever judges a text, given the reason of the claim where one is known."""


def diagnoser(tags: Sequence[Tag], lexicon: Lexicon) -> Diagnoser:
    """Return the judgement by the words of one book."""
    reader = Reader(tags, lexicon)

    def judge(text: str, reason: Reason | None) -> Judgement:
        return _judge(reader, text, reason)

    return judge


def judge_text(
    text: str, *, reason: Reason | None, tags: Sequence[Tag], lexicon: Lexicon
) -> Judgement:
    """Return what a text says about its matter by the words of one book."""
    return _judge(_reader(Same(tags), Same(lexicon)), text, reason)


@lru_cache(maxsize=8)
def _reader(tags: Same[Sequence[Tag]], lexicon: Same[Lexicon]) -> Reader:
    return Reader(tags.table, lexicon.table)


def weigh_text(
    text: str, *, reason: Reason | None, tags: Sequence[Tag], lexicon: Lexicon
) -> Reading:
    """Return the weights a text has by the words of one book, before anything wins."""
    return _weighed(_reader(Same(tags), Same(lexicon)), text, reason)


def _weighed(reader: Reader, text: str, reason: Reason | None) -> Reading:
    lexicon = reader.lexicon
    reading = reader.read(text)
    if reason is not None:
        reading.add(lexicon.reason[reason])
    _lean_on_the_best_tag(reader, reading)
    if reading.sentiment <= lexicon.upset_at:
        reading.signals.add(MANY)
    reader.combine(reading)
    return reading


def _judge(reader: Reader, text: str, reason: Reason | None) -> Judgement:
    lexicon = reader.lexicon
    reading = _weighed(reader, text, reason)
    responsible = _best(reading.responsible, Responsible.UNDETERMINED, _PARTIES)
    scenario = _best(reading.scenario, Scenario.PRODUCT, _SCENARIOS)
    sentiment = _sentiment(reading.sentiment, lexicon)
    return Judgement(
        tags=_tags(reader, reading, responsible, scenario, reason),
        responsible=responsible,
        scenario=scenario,
        kind=_best(reading.kind, Kind.CONSULTATION, _KINDS),
        urgency=_best(reading.urgency, Urgency.LOW, _URGENCIES),
        sentiment=sentiment,
        upset=MANY in reading.signals,
        confidence_bp=_confidence_bp(reading, lexicon),
        words=tuple(reading.words[:WORDS_MAX]),
        flows=_flows(lexicon, reading, reason),
        satisfied=reading.satisfied >= lexicon.satisfied_at and sentiment is not Sentiment.NEGATIVE,
        method=f"{METHOD}:{lexicon.version}",
    )


def _lean_on_the_best_tag(reader: Reader, reading: Reading) -> None:
    """Let the tag with most words speak for its own cell, urgency and kind."""
    points = reader.lexicon.points
    number, found = 0, 0
    for other, points_of in reading.affirmed.items():
        if points_of > found or (points_of == found and other < number):
            number, found = other, points_of
    if found == 0:
        return
    tag = reader.tags[number]
    weight = min(max(points.evidence * found // points.word, 1), WEIGHT_MAX)
    reading.responsible[tag.responsible] += weight
    reading.scenario[tag.scenario] += weight
    reading.urgency[Urgency(tag.urgency)] += weight
    reading.kind[tag.kind] += weight


def _tags(
    reader: Reader,
    reading: Reading,
    responsible: Responsible,
    scenario: Scenario,
    reason: Reason | None,
) -> tuple[str, ...]:
    points = reader.lexicon.points
    ranked: list[tuple[int, int]] = []
    for number, fits in reading.tags.items():
        tag = reader.tags[number]
        if tag.responsible is responsible:
            fits += points.party  # noqa: PLW2901 - added up
        if tag.scenario is scenario:
            fits += points.scenario  # noqa: PLW2901 - added up
        if tag.reason is reason:
            fits += points.reason  # noqa: PLW2901 - added up
        ranked.append((-fits, number))
    ranked.sort()
    return tuple([reader.tags[number].id for _, number in ranked[: points.most]])


def _flows(lexicon: Lexicon, reading: Reading, reason: Reason | None) -> tuple[str, ...]:
    return tuple(
        [flow.id for flow in lexicon.flow if flow.id in reading.flows or reason in flow.reasons]
    )


def _sentiment(score: int, lexicon: Lexicon) -> Sentiment:
    if score <= lexicon.negative_at:
        return Sentiment.NEGATIVE
    if score >= lexicon.positive_at:
        return Sentiment.POSITIVE
    return Sentiment.NEUTRAL


def _best(weights: Mapping[Axis, int], otherwise: Axis, names: Sequence[Axis]) -> Axis:
    """Return what most speaks for; of equals the one that stands first among the names."""
    best, most = otherwise, 0
    for name in names:
        weight = weights.get(name, 0)
        if weight > most:
            best, most = name, weight
    return best


def _confidence_bp(reading: Reading, lexicon: Lexicon) -> int:
    """Return how much of the evidence speaks for the cell, less where there is little of it."""
    by_party, by_scenario = _sum(reading.responsible), _sum(reading.scenario)
    evidence = min(by_party, by_scenario)
    shares_bp = _share_bp(reading.responsible, by_party), _share_bp(reading.scenario, by_scenario)
    return min(shares_bp) * evidence // (evidence + lexicon.doubt)


def _share_bp(weights: Mapping[Axis, int], whole: int) -> int:
    return 0 if whole == 0 else max(weights.values()) * BASIS_POINTS // whole


def _sum(weights: Mapping[Axis, int]) -> int:
    return sum([weight for weight in weights.values() if weight > 0])
