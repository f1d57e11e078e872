"""The tag tree of a book, its model and the proof that it is whole; what a text means is not here.

A tag is a fine-grained label of a problem in one cell of the grid: responsible party x scenario.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal, get_args

from pydantic import Field

from domain.policies.table import Table, twice
from domain.values import Kind, Reason, RemedyKind, Responsible, Scenario, Urgency

TagParty = Literal[Responsible.MERCHANT, Responsible.LOGISTICS, Responsible.PLATFORM]
"""Whose matter a tag can be; a buyer's own doing is no problem of after-sales service."""
Cell = tuple[Responsible, Scenario]

CELLS: Final[tuple[Cell, ...]] = tuple(
    (responsible, scenario) for responsible in get_args(TagParty) for scenario in Scenario
)
TAGS_MIN: Final = 200
"""Of a tree; fewer labels would lump together what is put right in different ways (DI-02)."""
EXAMPLES: Final = 2
CUES_MIN: Final = 2
CUES_MAX: Final = 6

JOINING_ZH: Final = ("以及", "并且", "或者", "和", "与", "及", "或", "且", "并")
QUALIFYING_ZH: Final = (
    *("严重", "轻微", "稍微", "有点", "比较", "非常", "特别", "完全", "部分", "全部", "大量"),
    *("少量", "多处", "偶尔", "经常", "一直", "总是", "突然", "反复", "多次", "首次", "再次"),
    *("仍然", "又", "太", "很", "的", "了"),
)
JOINING_EN: Final = frozenset({"and", "or", "plus", "also", "both", "as", "well"})
QUALIFYING_EN: Final = frozenset(
    [
        *("a", "an", "the", "of", "in", "on", "at", "to", "for", "from", "by", "with"),
        *("is", "are", "was", "were", "be", "been", "it", "its", "this", "that"),
        *("very", "too", "quite", "rather", "slightly", "somewhat", "badly", "severely", "fully"),
        *("completely", "partly", "partially", "several", "many", "some", "few", "often"),
        *("sometimes", "always", "constantly", "repeatedly", "suddenly", "again", "still"),
    ]
)
DURATION_ZH: Final = re.compile(
    r"[0-9半一二两三四五六七八九十百]+(个)?(小时|分钟|天|日|周|星期|月|年)"
)
NUMBER_EN: Final = (
    r"(?:\d+|an?|one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty|thirty"
    r"|forty|half)"
)
DURATION_EN: Final = re.compile(
    rf"\b{NUMBER_EN}(?:[ -]{NUMBER_EN})*[ -](?:minute|hour|day|week|month|year)", re.IGNORECASE
)


class Tag(Table):
    """One label: how a problem is named, recognised, usually put right, and by when."""

    id: str = Field(pattern=r"^[a-z]+\.[a-z]+\.[a-z0-9]+(_[a-z0-9]+)*$")
    """Responsible party, scenario and a slug that is not given to another problem later."""
    zh: str
    en: str
    responsible: TagParty
    scenario: Scenario
    reason: Reason
    kind: Kind
    """How heavy such a matter usually is; a diagnosis may find more."""
    urgency: Urgency
    words_zh: tuple[str, ...]
    """Cue words: each of them in a text speaks for this tag."""
    words_en: tuple[str, ...]
    examples_zh: tuple[str, ...]
    examples_en: tuple[str, ...]
    solution_zh: str
    solution_en: str
    remedy: RemedyKind | Literal["none"]
    """What usually puts it right; "none" where advice does."""
    clock: Annotated[str, Field(pattern=r"^SL-[0-9]{2}$")]
    """The service-level row of the stricter promise for such a matter."""
    parent: Annotated[str, Field(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$")] | None = None
    """The branch of its cell that the tag hangs on."""

    @property
    def cell(self) -> Cell:
        """Return where in the grid the tag stands."""
        return self.responsible, self.scenario


def cues(words: Iterable[str], text: str) -> tuple[str, ...]:
    """Return those of the cue words that stand in a text, in the order of the words.

    A Chinese word may stand anywhere. One in Latin letters begins where a word begins and may go
    on ("flicker" stands in "flickering"); capitals and small letters are one.
    """
    folded = text.casefold()
    return tuple(word for word in words if _stands(word.casefold(), folded))


def problems(tags: Sequence[Tag]) -> list[str]:
    """Return what keeps these tags from being a whole tree, a sentence a problem.

    A book may have no tags. A whole tree has 200 or more and some in each of the nine cells; an id
    is used once and begins with its cell; names are used once in each language; every tag has two
    examples and two to six different cue words a language, and each example holds one of its tag's
    cue words; a solution names no length of time, the clocks do; a branch of a cell holds more
    than one tag.

    No two tags differ only by a combined word. Words that join or merely qualify ("and", "very",
    和, 严重) are taken out of the names. Then the words of an English name may not all stand in
    that of another tag, in whatever order, nor may the characters of a Chinese one: so neither
    "screen flickers badly", "phone screen flickers" nor "screen flickers and freezes" is a tag
    beside "screen flickers".
    """
    if not tags:
        return []
    return [
        *_of_the_tree(tags),
        *(problem for tag in tags for problem in _of_a_tag(tag)),
        *_combined(tags),
    ]


def _of_the_tree(tags: Sequence[Tag]) -> list[str]:
    found = []
    if len(tags) < TAGS_MIN:
        found.append(f"there are {len(tags)} tags, not {TAGS_MIN} or more")
    covered = {tag.cell for tag in tags}
    found += [f"no tag in {'.'.join(cell)}" for cell in CELLS if cell not in covered]
    found += [f"tag {one} stands twice" for one in twice([tag.id for tag in tags])]
    for language in ("zh", "en"):
        named = defaultdict(list)
        for tag in tags:
            named[_written(tag, language)].append(tag.id)
        found += [
            f"tags {' and '.join(ids)} have one name ({language})"
            for ids in named.values()
            if len(ids) > 1
        ]
    branches = Counter((tag.cell, tag.parent) for tag in tags if tag.parent)
    found += [
        f"tag {tag.id} is alone on its branch {tag.parent}"
        for tag in tags
        if tag.parent and branches[tag.cell, tag.parent] == 1
    ]
    return found


def _of_a_tag(tag: Tag) -> list[str]:
    found = []
    if not tag.id.startswith(f"{'.'.join(tag.cell)}."):
        found.append(f"is not in its cell {'.'.join(tag.cell)}")
    texts = {
        "zh": (tag.zh, tag.solution_zh, *tag.words_zh, *tag.examples_zh),
        "en": (tag.en, tag.solution_en, *tag.words_en, *tag.examples_en),
    }
    for language, written in texts.items():
        if not all(text.strip() for text in written):
            found.append(f"has an empty text ({language})")
    if not all(_chinese(text) for text in (tag.zh, tag.solution_zh, *tag.examples_zh)):
        found.append("has a text without Chinese characters (zh)")
    if any(_chinese(text) for text in texts["en"]):
        found.append("has a text with Chinese characters (en)")
    if DURATION_ZH.search(tag.solution_zh) or DURATION_EN.search(tag.solution_en):
        found.append("names a length of time in its solution")
    for language, words, examples in (
        ("zh", tag.words_zh, tag.examples_zh),
        ("en", tag.words_en, tag.examples_en),
    ):
        if not CUES_MIN <= len(words) <= CUES_MAX:
            found.append(f"has {len(words)} cue words, not {CUES_MIN} to {CUES_MAX} ({language})")
        found += [f"has the cue word {word!r} twice ({language})" for word in twice(words)]
        if len(set(examples)) != EXAMPLES or len(examples) != EXAMPLES:
            found.append(f"has not {EXAMPLES} different examples ({language})")
        found += [
            f"has an example without a cue word ({language}): {example}"
            for example in examples
            if not cues(words, example)
        ]
    return [f"tag {tag.id} {problem}" for problem in found]


def _combined(tags: Sequence[Tag]) -> list[str]:
    found = []
    for language, core in (("zh", _core_zh), ("en", _core_en)):
        cores = [core(_written(tag, language)) for tag in tags]
        holders: dict[str, set[int]] = defaultdict(set)
        for number, its in enumerate(cores):
            for part in its:
                holders[part].add(number)
        for number, its in enumerate(cores):
            of_all = set.intersection(*(holders[part] for part in its)) if its else set()
            found += [
                f"tag {tags[other].id} differs from {tags[number].id} only by a combined word "
                f"({language}): {_written(tags[other], language)}"
                for other in sorted(of_all - {number})
                if its != cores[other] or number < other
            ]
    return found


def _core_en(name: str) -> frozenset[str]:
    words = re.findall(r"[a-z0-9]+", name.casefold())
    bearing = [word for word in words if word not in JOINING_EN | QUALIFYING_EN]
    # A plural is no other word; "glass" and "gas" are no plurals.
    return frozenset(re.sub(r"(?<=[a-z]{2}[^s])s$", "", word) for word in bearing or words)


def _core_zh(name: str) -> frozenset[str]:
    bare = name
    for word in (*JOINING_ZH, *QUALIFYING_ZH):
        bare = bare.replace(word, "")
    return frozenset(re.sub(r"\W", "", bare or name))


def _stands(word: str, text: str) -> bool:
    at = text.find(word)
    while at > 0 and _latin(word[0]) and _latin(text[at - 1]):
        at = text.find(word, at + 1)
    return at >= 0 and word != ""


def _latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _chinese(text: str) -> bool:
    return any("\u4e00" <= character <= "\u9fff" for character in text)


def _written(tag: Tag, language: str) -> str:
    return tag.zh if language == "zh" else tag.en
