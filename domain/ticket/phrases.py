"""Finding many phrases in one text in one pass; what a phrase means is not known here.

Texts and phrases are spelled alike before (`Lexicon.fold`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from domain.policies.lexicon import GAP, STEM

CLAUSE_ENDS: Final = frozenset(',.!?;:、。~()"<>【】「」《》')
"""What ends a clause; a word reaches no farther."""
_PLACE: Final = re.compile(r"[a-z0-9]+|[^a-z0-9\s]")
"""Where a phrase can begin: at a Latin word, or at any other character."""
_ENDING: Final = re.compile(r"(?:s|es|ed|ing|ings|ly|[a-z]ed|[a-z]ing)(?![a-z0-9])")
"""What may follow an English stem: an ending, with its last letter doubled or not."""


class Owner(NamedTuple):
    """Whose phrase it is: of which table, and there of which row."""

    table: str
    row: int


class Match(NamedTuple):
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
        """Sort phrases by the characters they begin with."""
        self._by_head: dict[str, list[Phrase]] = defaultdict(list)
        for one in phrases:
            self._by_head[one.first.text[:2]].append(one)
        self._initials = frozenset(head[0] for head in self._by_head)

    def find(self, text: str) -> list[Match]:
        """Return all matches, those inside others included, in the order of the text."""
        found = []
        by_head, initials = self._by_head, self._initials
        for place in _PLACE.finditer(text):
            start = place.start()
            if text[start] not in initials:
                continue
            pair, single = text[start : start + 2], text[start]
            for head in (pair, single) if pair != single else (single,):
                for one in by_head.get(head, ()):
                    if not text.startswith(one.first.text, start):
                        continue
                    match = _at(one, text, start)
                    if match is not None:
                        found.append(match)
        return found


def outermost(matches: Iterable[Match]) -> list[Match]:
    """Return the matches that lie inside no longer one: the longer phrase says what is meant."""
    found: list[Match] = []
    reached = (-1, -1)
    for match in sorted(matches, key=lambda one: (one.start, -one.end)):
        start, end = reached
        if match.end <= end and match[:2] != (start, end):
            continue
        found.append(match)
        if match.whole and match.end > end:
            reached = (match.start, match.end)
    return found


def one_clause(text: str) -> bool:
    """Return whether no clause ends in a text."""
    return CLAUSE_ENDS.isdisjoint(text)


def _at(one: Phrase, text: str, start: int) -> Match | None:
    end = _end(one.first, text, start)
    if end is None:
        return None
    for part in one.rest:
        end = _later(part, text, end, one.gap)
        if end is None:
            return None
    return Match(start, end, one.word, one.owner, not one.rest)


def _later(part: _Part, text: str, since: int, gap: int) -> int | None:
    at = text.find(part.text, since, since + gap + len(part.text))
    while at != -1:
        if not one_clause(text[since:at]):
            return None
        end = _end(part, text, at)
        if end is not None:
            return end
        at = text.find(part.text, at + 1, since + gap + len(part.text))
    return None


def _end(part: _Part, text: str, start: int) -> int | None:
    """Return where a part ends whose text stands at `start`; None in the middle of a word."""
    end = start + len(part.text)
    if part.begins and start > 0 and _latin(text[start - 1]):
        return None
    if not part.ends or end == len(text) or not _latin(text[end]):
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


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()
