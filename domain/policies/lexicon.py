"""The words a diagnosis rests on, as data of the book: cues, combinations of them, and flows.

What a text means by them is judged elsewhere; here stands what a word weighs and how text is folded
before words are looked for.
"""

import unicodedata
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Final

from pydantic import Field, model_validator

from domain.policies.table import Days, Source, Table, twice
from domain.values import BASIS_POINTS, Kind, Reason, Responsible, Scenario, Urgency

WEIGHT_MAX: Final = 20
Weight = Annotated[int, Field(ge=-WEIGHT_MAX, le=WEIGHT_MAX)]
AXES: Final = ("responsible", "scenario", "urgency", "kind")
"""What words speak for something of."""
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]

LONG: Final = "long"
"""The signal of a text that tells of a time as long as `long_days`; no cue raises it."""
MANY: Final = "upset"
"""The signal of a text whose feeling is as bad as `upset_at`; cues may raise it as well."""
GAP: Final = "..."
"""Between two parts of a cue word: something may stand between them."""
STEM: Final = "*"
"""At the end of a part of a cue word: the word of the text may go on."""
_NEW_LINE: Final = ". "


class Effect(Table):
    """What something found in a text speaks for, and how strongly."""

    responsible: dict[Responsible, Weight] = Field(default_factory=dict)
    scenario: dict[Scenario, Weight] = Field(default_factory=dict)
    urgency: dict[Urgency, Weight] = Field(default_factory=dict)
    kind: dict[Kind, Weight] = Field(default_factory=dict)
    sentiment: Weight = 0
    """Above zero for a good feeling, below for a bad one."""
    satisfied: Weight = 0
    """Above zero where the writer says that all is well, below where something is still asked."""

    @cached_property
    def weights(self) -> tuple[tuple[str, str, int], ...]:
        """Return what it speaks for, one by one: axis, name and weight."""
        return tuple(
            (axis, name, weight) for axis in AXES for name, weight in getattr(self, axis).items()
        )


class Cue(Effect):
    """Words of one meaning and what each of them speaks for."""

    id: Slug
    zh: tuple[str, ...] = ()
    en: tuple[str, ...] = ()
    signals: tuple[Slug, ...] = ()
    """What combinations may build on."""
    negatable: bool = True
    """Whether a negator before the word takes its meaning away; a name of a thing has none."""
    times: int = Field(default=2, ge=1)
    """How many different words of one cue count."""

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of both languages."""
        return *self.zh, *self.en


class Combination(Effect):
    """What signals in one text speak for together, beyond what their words do."""

    id: Slug
    all: tuple[Slug, ...] = Field(min_length=1)
    unless: tuple[Slug, ...] = ()


class Flow(Table):
    """A way that some words, or the reason of a claim, open by themselves (DI-04)."""

    id: Slug
    entry: Slug
    """The action that is offered."""
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)
    offers_zh: str = Field(min_length=1)
    offers_en: str = Field(min_length=1)
    words_zh: tuple[str, ...] = Field(min_length=1)
    words_en: tuple[str, ...] = Field(min_length=1)
    reasons: tuple[Reason, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words of both languages."""
        return *self.words_zh, *self.words_en


class Language(Table):
    """What turns and strengthens words in one language, and how far it reaches."""

    negators: tuple[str, ...] = Field(min_length=1)
    intensifiers: tuple[str, ...] = Field(min_length=1)
    void: tuple[str, ...] = ()
    """Words that mean nothing here but hold a shorter cue or negator inside them."""
    reach: int = Field(gt=0)
    """How many characters (zh) or words (en) may stand between a negator and its word."""
    gap: int = Field(gt=0)
    """How many characters may stand at a gap inside a cue word."""


class Points(Table):
    """How a tag is chosen from the words found."""

    word: int = Field(gt=0)
    """For a word of one tag alone; a word of several tags is shared out."""
    party: int = Field(ge=0)
    scenario: int = Field(ge=0)
    reason: int = Field(ge=0)
    evidence: int = Field(ge=0)
    """What a word of its own makes the best tag weigh for its cell, urgency and kind."""
    most: int = Field(gt=0, le=10)
    """How many tags a diagnosis names."""


class Lexicon(Table):
    """All words of one book; every reference holds, every word has one meaning."""

    version: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,63}$")]
    source: Source
    zh: Language
    en: Language
    intensified_bp: int = Field(ge=BASIS_POINTS)
    """What an intensifier makes of a feeling of 10,000."""
    long_days: Days = Field(gt=0)
    """From when on a matter that is still open counts as long open."""
    negative_at: int = Field(lt=0)
    positive_at: int = Field(gt=0)
    upset_at: int = Field(lt=0)
    satisfied_at: int = Field(gt=0)
    doubt: int = Field(gt=0)
    """Weight of evidence at which one is half sure of what all evidence speaks for."""
    points: Points
    traditional: str = ""
    simplified: str = ""
    """Traditional characters and, at the same places, the simplified ones."""
    spelling: tuple[tuple[str, str], ...] = ()
    """What is written in another way before words are looked for, in this order."""
    prior: Effect
    """What speaks for itself before anything is found."""
    reason: dict[Reason, Effect]
    """What the reason of a claim speaks for."""
    cue: tuple[Cue, ...] = Field(min_length=1)
    combination: tuple[Combination, ...] = ()
    flow: tuple[Flow, ...] = ()

    @model_validator(mode="after")
    def _is_whole(self) -> "Lexicon":
        """Refuse words with two meanings and references to nothing."""
        found = (*self._of_the_names(), *self._of_the_words(), *self._of_the_signals())
        if found:
            raise ValueError("; ".join(found))
        return self

    def fold(self, text: str) -> str:
        """Return a text in the one spelling in which words are looked for."""
        if self._is_plain and text.isascii():
            folded = text.lower().replace("\n", _NEW_LINE)  # what the long way makes of it
        else:
            folded = unicodedata.normalize("NFKC", text).casefold().translate(self._characters)
        for written, spelled in self.spelling:
            folded = folded.replace(written, spelled)
        return " ".join(folded.split())

    @cached_property
    def _characters(self) -> dict[int, str]:
        return {
            ord("’"): "'",
            ord("‘"): "'",
            ord("\n"): _NEW_LINE,
            **dict(zip(map(ord, self.traditional), self.simplified, strict=True)),
        }

    @cached_property
    def _is_plain(self) -> bool:
        """Whether of the characters of English only the end of a line is spelled otherwise."""
        return not any(one.isascii() for one in self.traditional)

    def _of_the_names(self) -> Iterable[str]:
        for what, ids in (
            ("cue", [one.id for one in self.cue]),
            ("combination", [one.id for one in self.combination]),
            ("flow", [one.id for one in self.flow]),
            ("traditional character", list(self.traditional)),
        ):
            yield from (f"{what} {one} stands twice" for one in twice(ids))
        yield from (f"reason {one} has no weights" for one in Reason if one not in self.reason)

    def _of_the_words(self) -> Iterable[str]:
        if len(self.traditional) != len(self.simplified):
            yield "traditional and simplified are not of one length"
            return
        cued = [word for cue in self.cue for word in cue.words]
        others = [
            word
            for language in (self.zh, self.en)
            for word in (*language.negators, *language.intensifiers, *language.void)
        ]
        yield from (f"the word {one} has two meanings" for one in twice([*cued, *others]))
        for flow in self.flow:
            yield from (f"flow {flow.id} has the word {one} twice" for one in twice([*flow.words]))
        yield from (
            f"the word {word} can not be found: its spelling is {self.fold(word)}"
            for word in (*cued, *others, *(word for flow in self.flow for word in flow.words))
            if self.fold(word) != word
        )
        yield from (
            f"the word {word} has an empty part"
            for word in (*cued, *(word for flow in self.flow for word in flow.words))
            if not all(part.removesuffix(STEM).strip() for part in word.split(GAP))
        )
        yield from (
            f"the word {word} can not be found: {STEM} stands before the end of a part"
            for word in (*cued, *(word for flow in self.flow for word in flow.words))
            if any(STEM in part.removesuffix(STEM) for part in word.split(GAP))
        )
        for cue in self.cue:
            if not cue.words:
                yield f"cue {cue.id} has no words"
            if not cue.signals and not any(getattr(cue, name) for name in Effect.model_fields):
                yield f"cue {cue.id} speaks for nothing"

    def _of_the_signals(self) -> Iterable[str]:
        raised = {signal for cue in self.cue for signal in cue.signals}
        asked = {signal for one in self.combination for signal in (*one.all, *one.unless)}
        if LONG in raised:
            yield f"the signal {LONG} is raised by a cue"
        yield from (
            f"nothing raises the signal {one}" for one in sorted(asked - raised - {LONG, MANY})
        )
        yield from (f"nothing asks for the signal {one}" for one in sorted(raised - asked - {MANY}))
