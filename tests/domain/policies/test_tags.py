"""The tag tree: the shipped one is whole, and each way of not being whole is refused by name."""

import tomllib
from pathlib import Path
from typing import Final

import pytest
from pydantic import ValidationError

from domain.policies.tags import CELLS, TAGS_MIN, Tag, cues, problems

TABLES = Path(__file__).resolve().parents[3] / "domain" / "policies" / "tables"
SHIPPED: Final[tuple[Tag, ...]] = tuple(
    Tag.model_validate(tag)
    for tag in tomllib.loads((TABLES / "2026-11-22" / "tags.toml").read_text("utf-8"))["tag"]
)
FLICKER: Final = next(tag for tag in SHIPPED if tag.id == "merchant.product.screen_flicker")


def with_changed(**fields: object) -> list[Tag]:
    """Return the shipped tree with one tag, the flickering screen, changed."""
    changed = Tag.model_validate({**FLICKER.model_dump(), **fields})
    return [changed if tag is FLICKER else tag for tag in SHIPPED]


def with_added(**fields: object) -> list[Tag]:
    """Return the shipped tree with a tag that resembles the flickering screen added."""
    added = {
        **FLICKER.model_dump(),
        "id": "merchant.product.added",
        "zh": "鼠标滚轮打滑",
        "en": "Mouse wheel slips",
        **fields,
    }
    return [*SHIPPED, Tag.model_validate(added)]


def test_the_shipped_tree_is_whole() -> None:
    """The book that ships can be adopted as it is (DI-02)."""
    assert problems(SHIPPED) == []
    assert len(SHIPPED) >= TAGS_MIN == 200
    assert {tag.cell for tag in SHIPPED} == set(CELLS)
    assert len(CELLS) == 9


def test_a_book_may_have_no_tags() -> None:
    """The books that were adopted before tags stood in one are read as ever."""
    assert problems([]) == []


def test_a_harmless_addition_is_accepted() -> None:
    """What the refusals below change is then the one thing that is wrong."""
    assert problems(with_added()) == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_shipped_example_speaks_for_its_own_tag_most(language: str) -> None:
    """A tree whose words point elsewhere than its own examples would recognise nothing."""
    words = {tag.id: getattr(tag, f"words_{language}") for tag in SHIPPED}
    for tag in SHIPPED:
        for example in getattr(tag, f"examples_{language}"):
            weights = {one: sum(map(len, cues(its, example))) for one, its in words.items()}
            own = weights.pop(tag.id)
            assert own > max(weights.values()), f"{tag.id}: {example}"


def test_fewer_than_two_hundred_tags_are_refused() -> None:
    """199 are too few, 200 are enough."""
    first = {tag.cell: tag for tag in reversed(SHIPPED)}
    rest = [tag for tag in SHIPPED if tag not in first.values()]
    tree = [tag.model_copy(update={"parent": None}) for tag in (*first.values(), *rest)]
    assert problems(tree[:199]) == ["there are 199 tags, not 200 or more"]
    assert problems(tree[:200]) == []


@pytest.mark.parametrize("cell", CELLS, ids=".".join)
def test_a_cell_without_a_tag_is_refused(cell: tuple[str, str]) -> None:
    """A matter in an empty cell could never be named."""
    left = [tag for tag in SHIPPED if tag.cell != cell]
    assert f"no tag in {'.'.join(cell)}" in problems(left)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param(
            {"scenario": "experience", "parent": None},
            "is not in its cell merchant.experience",
            id="an id that does not begin with the tag's cell",
        ),
        pytest.param({"solution_en": " "}, "has an empty text (en)", id="an empty text"),
        pytest.param(
            {"words_zh": ["闪烁", "频闪", ""]}, "has an empty text (zh)", id="an empty cue"
        ),
        pytest.param(
            {"zh": "Flicker"}, "has a text without Chinese characters (zh)", id="no Chinese name"
        ),
        pytest.param(
            {"solution_en": "换新"},
            "has a text with Chinese characters (en)",
            id="no English solution",
        ),
        pytest.param(
            {"words_en": ["flicker"]},
            "has 1 cue words, not 2 to 6 (en)",
            id="fewer than two cue words",
        ),
        pytest.param(
            {"words_en": ["flicker", "flash", "b", "c", "d", "e", "f"]},
            "has 7 cue words, not 2 to 6 (en)",
            id="more than six cue words",
        ),
        pytest.param(
            {"words_zh": ["闪烁", "闪烁", "频闪"]},
            "has the cue word '闪烁' twice (zh)",
            id="a cue word that stands twice",
        ),
        pytest.param(
            {"examples_zh": FLICKER.examples_zh[:1]},
            "has not 2 different examples (zh)",
            id="one example",
        ),
        pytest.param(
            {"examples_en": FLICKER.examples_en[:1] * 2},
            "has not 2 different examples (en)",
            id="one example, twice",
        ),
        pytest.param(
            {"examples_en": (*FLICKER.examples_en, "It flickers.")},
            "has not 2 different examples (en)",
            id="three examples",
        ),
        pytest.param(
            {"examples_en": (FLICKER.examples_en[0], "It is broken.")},
            "has an example without a cue word (en): It is broken.",
            id="an English example without a cue word",
        ),
        pytest.param(
            {"examples_zh": (FLICKER.examples_zh[0], "坏了。")},
            "has an example without a cue word (zh): 坏了。",
            id="a Chinese example without a cue word",
        ),
        pytest.param(
            {"solution_en": "It is exchanged within twenty-four hours."},
            "names a length of time in its solution",
            id="a time in the English solution",
        ),
        pytest.param(
            {"solution_zh": "二十四小时内换新。"},
            "names a length of time in its solution",
            id="a time in the Chinese solution",
        ),
        pytest.param(
            {"parent": "lonely"}, "is alone on its branch lonely", id="a branch of one tag"
        ),
    ],
)
def test_a_tag_that_is_not_whole_is_refused_by_name(
    fields: dict[str, object], problem: str
) -> None:
    """Who edits the table must see which row to mend, and no other is blamed."""
    assert problems(with_changed(**fields)) == [f"tag {FLICKER.id} {problem}"]


def test_an_id_stands_once() -> None:
    """A label on record must mean one thing."""
    tree = with_added(id=FLICKER.id)
    assert problems(tree) == [f"tag {FLICKER.id} stands twice"]


@pytest.mark.parametrize(("language", "name"), [("zh", FLICKER.zh), ("en", FLICKER.en)])
def test_a_name_stands_once_in_each_language(language: str, name: str) -> None:
    """Two labels of one name can not be told apart by who corrects a diagnosis."""
    found = problems(with_added(**{language: name}))
    assert f"tags {FLICKER.id} and merchant.product.added have one name ({language})" in found


@pytest.mark.parametrize(
    ("language", "name"),
    [
        pytest.param("en", "Screen flickers badly", id="a word that qualifies"),
        pytest.param("en", "Phone screen flickers", id="a qualifier in front"),
        pytest.param("en", "Flickers on the screens", id="another order and number"),
        pytest.param("en", "Screen flickers and mouse wheel slips", id="two names joined"),
        pytest.param("zh", "屏幕严重闪烁", id="a Chinese word that qualifies"),
        pytest.param("zh", "手机屏幕闪烁", id="a Chinese qualifier in front"),
        pytest.param("zh", "屏幕边缘闪烁", id="a Chinese qualifier inside"),
        pytest.param("zh", "屏幕闪烁和鼠标打滑", id="two Chinese names joined"),
    ],
)
def test_a_tag_that_differs_by_a_combined_word_is_refused(language: str, name: str) -> None:
    """The tree would grow by wording and not by kinds of problem."""
    assert problems(with_added(**{language: name})) == [
        f"tag merchant.product.added differs from {FLICKER.id} only by a combined word "
        f"({language}): {name}"
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "Merchant.product.screen"),
        ("id", "merchant.product"),
        ("responsible", "buyer"),
        ("responsible", "undetermined"),
        ("scenario", "price"),
        ("reason", "because"),
        ("kind", "question"),
        ("urgency", "urgent"),
        ("remedy", "trade_in"),
        ("clock", "RE-02"),
        ("clock", "SL-2"),
        ("parent", "Phone"),
        ("colour", "red"),
    ],
)
def test_an_unknown_word_is_refused(field: str, value: str) -> None:
    """Every reference is known; a misspelt field is not passed over."""
    with pytest.raises(ValidationError, match=field):
        Tag.model_validate({**FLICKER.model_dump(), field: value})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The SCREEN keeps Flickering", ("flicker",)),
        ("an unflickering lamp", ()),
        ("手机flicker闪屏了", ("闪屏", "flicker")),
        ("", ()),
    ],
)
def test_a_cue_stands_where_a_word_begins(text: str, found: tuple[str, ...]) -> None:
    """Endings are passed over in English, and Chinese has no spaces to look for."""
    assert cues(("闪屏", "flicker"), text) == found
