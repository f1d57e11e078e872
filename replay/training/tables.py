"""The tables of training: what stands for texts, what the other side says, what is worth what."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import msgspec

from domain.values import About, Decided, Ending, Part, Party, Points, Reason, Stage

_TABLES: Final = files("replay.training").joinpath("tables")


class Sentence(msgspec.Struct, frozen=True):
    """One thing said in two languages."""

    zh: str
    en: str


class Line(msgspec.Struct, frozen=True):
    """One line of the script."""

    id: str
    party: Party
    about: About
    zh: str
    en: str
    reasons: frozenset[Reason] = frozenset()
    """Empty where it is said for any."""
    stages: frozenset[Stage] = frozenset()

    def fits(self, party: Party, about: About, reason: Reason, stage: Stage) -> bool:
        """Return whether a side may say it to what is asked."""
        asked = (self.party, self.about) == (party, about)
        return asked and reason in (self.reasons or {reason}) and stage in (self.stages or {stage})


class Sentences(msgspec.Struct, frozen=True):
    """What stands in the place of personal texts."""

    statement: Mapping[Reason, Sentence]
    text: Mapping[str, Sentence]
    beforehand: Mapping[Ending, Sentence]
    """What a ruling will be held against, told before it is given."""
    against: Mapping[Decided, Sentence]
    """What a trainee's ruling was held against, by the kind of decision."""


class Lengths(msgspec.Struct, frozen=True):
    """Up to how many sealed bytes a text is short, and middling."""

    short_bytes: int
    medium_bytes: int


class Scoring(msgspec.Struct, frozen=True):
    """What each part of a ruling is worth, by the kind of decision."""

    version: str
    length: Lengths
    worth: Mapping[Decided, tuple[Points, ...]]


class Sources(msgspec.Struct, frozen=True):
    """What is told of other systems' history."""

    columns: frozenset[str]
    outcomes: tuple[str, ...]
    obtained: frozenset[str]
    choices: Mapping[str, tuple[str, ...]]

    @property
    def teach_nothing(self) -> tuple[str, ...]:
        """Return the systems whose matters all end alike: there is nothing to decide again."""
        return tuple(name for name, ends in self.choices.items() if len(ends) == 1)


@cache
def sentences() -> Sentences:
    """Return the sentences; there is one for every reason."""
    found = msgspec.convert(_read("sentences"), Sentences)
    assert found.statement.keys() == set(Reason), "every reason has its sentence"
    assert found.beforehand.keys() == set(Ending), "every ending has its sentence"
    assert found.against.keys() == set(Decided), "every kind of decision has its sentence"
    return found


@cache
def script() -> tuple[Line, ...]:
    """Return the lines of the script; every side has one for every reason, stage and question."""
    found = msgspec.convert(_read("script")["line"], tuple[Line, ...])
    assert len({one.id for one in found}) == len(found), "a line has a name of its own"
    for party in (Party.BUYER, Party.MERCHANT):
        for about in About:
            for reason in Reason:
                for stage in Stage:
                    said = any(one.fits(party, about, reason, stage) for one in found)
                    assert said, f"{party} has nothing to say of {reason} at {stage}"
    return found


@cache
def scoring() -> Scoring:
    """Return what the parts of a ruling are worth, for every kind of decision."""
    table = _read("scoring")
    worth = {
        decided: tuple(Points(Part(part), 0, of) for part, of in table["worth"][decided].items())
        for decided in Decided
    }
    return Scoring(table["version"], msgspec.convert(table["length"], Lengths), worth)


@cache
def sources() -> Sources:
    """Return what is told of other systems' history."""
    return msgspec.convert(_read("sources"), Sources)


def _read(name: str) -> Any:
    return tomllib.loads(_TABLES.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
