"""Finding many phrases in one text in one pass; what a phrase means is not known here.

Texts and phrases are spelled alike before (`Lexicon.fold`).
"""

import re
import string
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec
from ahocorasick_rs import AhoCorasick

from domain.policies.lexicon import GAP, STEM

CLAUSE_ENDS: Final = frozenset(',.!?;:、。~()"<>【】「」《》')
"""What ends a clause; a word reaches no farther."""
_LATIN: Final = frozenset(string.ascii_letters + string.digits)
_ENDING: Final = re.compile(r"(?:s|es|ed|ing|ings|ly|[a-z]ed|[a-z]ing)(?![a-z0-9])")
"""What may follow an English stem: an ending, with its last letter doubled or not."""


class Owner(NamedTuple):
    """Whose phrase it is: of which table, and there of which row."""

    table: str
    row: int


class Match(msgspec.Struct, frozen=True, gc=False):
    """Where a phrase stands in a text."""

    start: int
    end: int
    word: str
    """As the book spells it."""
    owner: Owner
    whole: bool
    """Whether it stands there without a gap."""


class _Part(NamedTuple):
    text: str
    begins: bool
    """Whether it must begin where a word begins."""
    ends: bool
    inflected: bool
    """Whether an ending may follow before it ends."""


class Phrase(NamedTuple):
    """A phrase, compiled."""

    word: str
    owner: Owner
    first: _Part
    rest: tuple[_Part, ...]
    gap: int
    """How many characters may stand at a gap."""


def phrase(word: str, owner: Owner, *, gaps: tuple[int, int], inflected: bool = False) -> Phrase:
    """Return a phrase, compiled.

    `gaps` says how many characters may stand at a gap, after a Latin letter and after another; when
    `inflected`, a Latin phrase may have one of the endings of its language.
    """
    first, *rest = (_part(part, inflected=inflected) for part in word.split(GAP))
    latin, other = gaps
    return Phrase(word, owner, first, tuple(rest), latin if first.begins else other)


class Phrases:
    """A set of phrases: Latin ones stand at the edges of words, others anywhere."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        """Index phrases by what they begin with, in one automaton for all of them."""
        begun: dict[str, list[tuple[int, Phrase]]] = defaultdict(list)
        for number, one in enumerate(phrases):
            begun[one.first.text].append((number, one))
        self._begun = [(_latin(text[0]), ones) for text, ones in begun.items()]
        self._index = AhoCorasick(begun)

    def find(self, text: str) -> list[Match]:
        """Return all matches, those inside others included, in the order of the text.

        Of those that start at one place the one with the longest beginning comes first.
        """
        found = []
        last = len(text)
        for beginning, start, end in self._index.find_matches_as_indexes(text, overlapping=True):
            latin, begun = self._begun[beginning]
            if latin and start and text[start - 1] in _LATIN:
                continue  # inside a word
            goes_on = end < last and text[end] in _LATIN
            for number, one in begun:
                _, _, (_, _, ends, inflected), rest, _ = one
                reached: int | None = end
                if goes_on and ends:
                    reached = _inflected(text, end) if inflected else None
                if rest:
                    reached = _rest(one, text, reached)
                if reached is not None:
                    found.append((start, -end, number, reached, one))
        found.sort()
        return [
            Match(start, reached, one.word, one.owner, not one.rest)
            for start, _, _, reached, one in found
        ]


def outermost(matches: Iterable[Match]) -> list[Match]:
    """Return the matches that lie inside no longer one: the longer phrase says what is meant."""
    found: list[Match] = []
    start = end = -1
    for match in sorted(matches, key=_extent):
        if match.end <= end and (match.start != start or match.end != end):
            continue
        found.append(match)
        if match.whole and match.end > end:
            start, end = match.start, match.end
    return found


def _extent(match: Match) -> tuple[int, int]:
    return match.start, -match.end


def one_clause(text: str) -> bool:
    """Return whether no clause ends in a text."""
    return CLAUSE_ENDS.isdisjoint(text)


def _rest(one: Phrase, text: str, end: int | None) -> int | None:
    """Return where a phrase ends whose first part ends at a place."""
    for part in one.rest:
        if end is None:
            return None
        end = _later(part, text, end, one.gap)
    return end


def _later(part: _Part, text: str, since: int, gap: int) -> int | None:
    at = text.find(part.text, since, since + gap + len(part.text))
    while at != -1:
        if not one_clause(text[since:at]):
            return None
        end = None if part.begins and _in_a_word(text, at) else _end(part, text, at)
        if end is not None:
            return end
        at = text.find(part.text, at + 1, since + gap + len(part.text))
    return None


def _end(part: _Part, text: str, start: int) -> int | None:
    """Return where a part ends whose text stands at `start`; None when its word goes on."""
    end = start + len(part.text)
    if not part.ends or end == len(text) or text[end] not in _LATIN:
        return end
    return _inflected(text, end) if part.inflected else None


def _inflected(text: str, end: int) -> int | None:
    """Return where the word ends whose stem ends at a place, if the rest of it is an ending."""
    ending = _ENDING.match(text, end)
    return None if ending is None else ending.end()


def _part(written: str, *, inflected: bool) -> _Part:
    text = written.removesuffix(STEM).strip()
    assert text, "a phrase has no empty part"
    ends = _latin(text[-1]) and not written.endswith(STEM)
    return _Part(text, begins=_latin(text[0]), ends=ends, inflected=inflected)


def _in_a_word(text: str, place: int) -> bool:
    """Return whether a Latin word is on its way where a part would begin."""
    return place > 0 and text[place - 1] in _LATIN


def _latin(character: str) -> bool:
    return character in _LATIN
