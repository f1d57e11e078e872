"""What the words of the book make of a text, word by word: a table computed once, kept as data.

The table (`words.toml`) says of each cue, combination, reason and limit what a text with them
weighs and how it is judged. How tags are ranked is told here. Nothing here is read from a book.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from domain.policies.book import Book
from domain.policies.lexicon import GAP, STEM, Lexicon
from domain.policies.tags import Tag
from domain.ticket.diagnosis import judge_text, weigh_text
from domain.values import Kind, Reason, Responsible, Scenario, Urgency

AXES = ("responsible", "scenario", "urgency", "kind")


@cache
def sayings() -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    """Return what is said, and what comes of it, by what it pins in the lexicon."""
    found: dict[str, tuple[Mapping[str, Any], ...]] = {}
    table = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    for row in table["saying"]:
        found[row["of"]] = (*found.get(row["of"], ()), row)
    return found


def a_text_is_weighed_as_the_table_says(book: Book, row: Mapping[str, Any]) -> None:
    """DI-03: every weight, every signal, the feeling and how sure the judgement is."""
    assert book.lexicon is not None
    # To compile all words takes long; those that are not in the text do not matter to it.
    few = _found_in(row["text"], book.lexicon)
    assert outcome(few, row["text"], row.get("reason")) == row["outcome"], row["text"]


def _found_in(text: str, lexicon: Lexicon) -> Lexicon:
    """Return the lexicon with only those words whose every part stands in a text."""
    folded = lexicon.fold(text)

    def found(words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(
            word
            for word in words
            if all(part.removesuffix(STEM).strip() in folded for part in word.split(GAP))
        )

    cues = ((cue, found(cue.zh), found(cue.en)) for cue in lexicon.cue)
    fewer: dict[str, Any] = {
        "cue": tuple(_with(cue, zh=zh, en=en) for cue, zh, en in cues if zh or en),
        "flow": (),
    }
    for name in ("zh", "en"):
        language = getattr(lexicon, name)
        columns = ("negators", "intensifiers", "void")
        fewer[name] = _with(language, **{one: found(getattr(language, one)) for one in columns})
    return _with(lexicon, **fewer)


def _with(table: Any, **other: Any) -> Any:
    known = {name: getattr(table, name) for name in type(table).model_fields}
    return type(table).model_construct(**{**known, **other})


def outcome(lexicon: Lexicon, text: str, reason: str | None) -> Mapping[str, Any]:
    """Return what the cues of a lexicon make of a text; no tag has a say."""
    said: Any = {
        "reason": None if reason is None else Reason(reason),
        "tags": (),
        "lexicon": lexicon,
    }
    weighed, judged = weigh_text(text, **said), judge_text(text, **said)
    return {
        **{axis: dict(sorted(_heavy(getattr(weighed, axis)))) for axis in AXES},
        "feeling": weighed.sentiment,
        "content": weighed.satisfied,
        "signals": sorted(weighed.signals),
        "sentiment": str(judged.sentiment),
        "upset": judged.upset,
        "satisfied": judged.satisfied,
        "confidence_bp": judged.confidence_bp,
    }


def _heavy(weights: Mapping[Any, int]) -> Iterator[tuple[str, int]]:
    return ((str(name), weight) for name, weight in weights.items() if weight)


# --- how tags are ranked ----------------------------------------------------------------------

_CLAIMED = Reason.QUALITY_FAULT
"""By itself it speaks for the merchant and the product, and for complaint."""


def a_word_of_one_tag_has_sixty_points(book: Book) -> None:
    """A word of three tags is shared out, one of a single tag counts whole."""
    assert _points(book, "zibeline", _tag("only", "zibeline")) == {0: 60}
    three = [_tag(name, "zibeline") for name in ("one", "two", "three")]
    assert _points(book, "zibeline", *three) == {0: 20, 1: 20, 2: 20}


def the_best_tag_speaks_for_its_cell_with_two_a_word(book: Book) -> None:
    """Two for a word of its own, four for two; so little that one cue outweighs it."""
    assert book.lexicon is not None
    for text, weight in (("zibeline", 2), ("zibeline, quagga", 4)):
        tags = (_tag("only", "zibeline", "quagga"),)
        weighed = weigh_text(text, reason=None, tags=tags, lexicon=book.lexicon)
        assert weighed.responsible == {Responsible.LOGISTICS: weight}
        assert weighed.urgency == {Urgency.LOW: weight}


def three_tags_are_named(book: Book) -> None:
    """Of four that fit alike, the first three."""
    tags = [_tag(name, "zibeline") for name in ("one", "two", "three", "four")]
    assert _ranked(book, None, *tags) == ["one", "two", "three"]


def a_tag_of_the_party_is_worth_twenty_points(book: Book) -> None:
    """As much as a third of a word: a tag of the judged party draws level with one found twice."""
    _draws_level(book, {"responsible": Responsible.MERCHANT}, sharers=3)


def a_tag_of_the_scenario_is_worth_twenty_points(book: Book) -> None:
    """As much as a third of a word, as for the party."""
    _draws_level(book, {"scenario": Scenario.PRODUCT}, sharers=3)


def a_tag_of_the_reason_is_worth_thirty_points(book: Book) -> None:
    """As much as half a word."""
    _draws_level(book, {"reason": _CLAIMED}, sharers=2)


def _draws_level(book: Book, fitting: Mapping[str, Any], *, sharers: int) -> None:
    """Insist that what fits is worth a word of so many tags: the first of equals is named first."""
    once = _tag("once", "zibeline", **fitting)
    twice = _tag("twice", "zibeline", "quagga")
    # Makes of both words one of so many tags, and is never before the two that are compared.
    others = [_tag(f"other{number}", "quagga") for number in range(sharers - 1)]
    third = [_tag(f"third{number}", "zibeline") for number in range(sharers - 2)]
    for first, second in ((once, twice), (twice, once)):
        named = _ranked(book, _CLAIMED, first, second, *others, *third)
        assert named[:2] == [first.id, second.id]


def _ranked(book: Book, reason: Reason | None, *tags: Tag) -> list[str]:
    assert book.lexicon is not None
    judged = judge_text("zibeline, quagga", reason=reason, tags=tags, lexicon=book.lexicon)
    return list(judged.tags)


def _points(book: Book, text: str, *tags: Tag) -> Mapping[int, int]:
    assert book.lexicon is not None
    return dict(weigh_text(text, reason=None, tags=tags, lexicon=book.lexicon).tags)


def _tag(name: str, *words: str, **other: Any) -> Tag:
    """Return a tag of logistics and service that no claim's reason fits."""
    usual: dict[str, Any] = {
        "id": name,
        "responsible": Responsible.LOGISTICS,
        "scenario": Scenario.SERVICE,
        "reason": Reason.OTHER,
        "kind": Kind.COMPLAINT,
        "urgency": Urgency.LOW,
        "words_zh": (),
        "words_en": words,
    }
    return Tag.model_construct(**{**usual, **other})
