"""The real book, broken in every way a book can be: each is refused naming table and row.

The breakages are made from the book itself, so a row that is added tomorrow is broken too.
"""

import copy
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple

import pytest

from domain.policies import book as books
from domain.policies.book import ROW_NAMES, BookError
from domain.values import Sha256
from tests.scenario import BOOK_FILE, whole_bytes

DIGEST: Final = Sha256("0" * 64)


@cache
def text() -> str:
    """Return the real book as one document."""
    return whole_bytes().decode()


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(text())


def _beside(table: str) -> dict[str, Any]:
    """Return the tables; words and tags only where one of them is broken, for they take long."""
    heavy = {"tag", "lexicon"}
    found = _tables()
    return {one: found[one] for one in found if table in heavy or one not in heavy}


class Place(NamedTuple):
    """Where something stands in the tables."""

    steps: tuple[str | int, ...]

    def within(self, tables: Any) -> Any:
        """Return what holds the last step."""
        for step in self.steps[:-1]:
            tables = tables[step]
        return tables

    @property
    def table(self) -> str:
        """Return the table it is in."""
        return str(self.steps[0])

    def row(self, tables: Any) -> str | None:
        """Return what the row it is in is called, if it is in one."""
        inside = tables
        for step in self.steps:
            inside = inside[step]
            if isinstance(step, int) and isinstance(inside, dict):
                return next((str(inside[one]) for one in ROW_NAMES if one in inside), None)
        return None

    def __str__(self) -> str:
        return ".".join(map(str, self.steps))


def changed(place: Place, value: Any) -> dict[str, Any]:
    """Return the tables with another value at a place; the rest is shared with the book's."""
    whole = _beside(place.table)
    whole[place.table] = copy.deepcopy(whole[place.table])
    place.within(whole)[place.steps[-1]] = value
    return whole


def without(place: Place) -> dict[str, Any]:
    """Return the tables without what stands at a place."""
    whole = _beside(place.table)
    whole[place.table] = copy.deepcopy(whole[place.table])
    del place.within(whole)[place.steps[-1]]
    return whole


def refused(tables: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a book is refused for; fail when it is not."""
    with pytest.raises(BookError) as caught:
        books.require_adoptable(books.of_tables(tables, DIGEST))
    return caught.value.problems


def names(problems: tuple[str, ...], table: str, row: str | None) -> bool:
    """Return whether one of the problems begins with a table and names the row."""
    return any(one.startswith(table) and (row is None or row in one) for one in problems)


def leaves(value: Any, *steps: str | int) -> Iterator[tuple[Place, Any]]:
    """Return every single value with its place."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, *steps, name)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, *steps, number)
    else:
        yield Place(steps), value


def rows(*, tags: int = 0) -> list[Place]:
    """Return every row of every table; of the tags so many, which stand for all."""
    return [
        Place((table, number))
        for table, value in _tables().items()
        if isinstance(value, list)
        for number in range(tags if table == "tag" else len(value))
    ]


def figures() -> list[Place]:
    """Return every figure: numbers and lengths of time; words weigh both ways, so not theirs."""
    return [
        place
        for place, value in leaves(_tables())
        if place.table != "lexicon"
        and not isinstance(value, bool)
        and (isinstance(value, int) or (isinstance(value, str) and value.startswith(("PT", "P"))))
        and (isinstance(value, int) or place.steps[-1] in {"within", "after", *LENGTHS})
    ]


LENGTHS: Final = ("longest_wait", "lease", "first_wait")
REFERENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "clock": ("when", "unless", "calendar", "moves_to", "ladder.to", "asks", "by_skill", "row"),
    "matter": ("any.within", "any.tag", "any.milestone", "any.kind", "any.tier"),
    "weight": ("of",),
    "queue": ("desk", "any"),
    "department": ("owner",),
    "seniority": ("skill",),
    "load": ("overflow",),
    "return_exception": ("clause",),
    "tag": ("clock", "remedy", "reason", "responsible"),
    "answer": ("quotes",),
    "deadline": ("awaits",),
    "desk": ("zone",),
    "clause": ("legal_base",),
    "calendar": ("zone",),
    "notice": ("on", "calendar", "to"),
}
"""Columns whose values name something: a row of another table, or a word of the program."""


def references() -> list[Place]:
    """Return every place at which something is named, of tags the first and the last."""
    found = []
    for place, _ in leaves(_tables()):
        columns = ".".join(step for step in place.steps[1:] if isinstance(step, str))
        sampled = place.table != "tag" or place.steps[1] in {0, len(_tables()["tag"]) - 1}
        if columns in REFERENCES.get(place.table, ()) and sampled:
            found.append(place)
    return found


def test_the_book_is_whole() -> None:
    """What is broken below is then the one thing that is wrong."""
    assert books.of_tables(_tables(), DIGEST) == books.of_tables(_tables(), DIGEST)
    assert books.parse(text().encode()).version == "2026-11-22"


@pytest.mark.parametrize("place", rows(tags=5), ids=str)
def test_a_row_that_stands_twice_is_refused(place: Place) -> None:
    """Two rows of one name are two figures for one promise."""
    table, number = place.table, place.steps[1]
    rows = _tables()[table]
    doubled = {**_beside(table), table: [*rows, rows[number]]}
    assert names(refused(doubled), place.table, place.row(_tables()))


@pytest.mark.parametrize("place", figures(), ids=str)
def test_a_negative_figure_is_refused(place: Place) -> None:
    """No promise, weight or amount is less than nothing."""
    value = place.within(_tables())[place.steps[-1]]
    negative = -(value or 1) if isinstance(value, int) else f"-{value}"
    assert names(refused(changed(place, negative)), place.table, place.row(_tables()))


@pytest.mark.parametrize("place", references(), ids=str)
def test_an_unknown_reference_is_refused(place: Place) -> None:
    """What a row names must be there when a ticket is judged."""
    unknown = "SL-99" if place.steps[-1] in {"row", "clock"} else "returns.nowhere"
    broken = changed(place, unknown)
    assert names(refused(broken), place.table, place.row(broken))


def test_every_kind_of_reference_is_broken_somewhere() -> None:
    """A column that no row uses would be tested by nothing."""
    used = {
        (place.table, ".".join(step for step in place.steps[1:] if isinstance(step, str)))
        for place in references()
    }
    told = {(table, column) for table, columns in REFERENCES.items() for column in columns}
    assert told - used <= {("clock", "calendar"), ("matter", "any.tag"), ("desk", "zone")}
    for place, value in (
        (("clock", 0, "calendar"), "nights"),
        (("matter", 9, "any"), UNKNOWN),
        (("desk", 0, "zone"), "Nowhere"),
    ):
        broken = changed(Place(place), value)
        assert names(refused(broken), str(place[0]), Place(place).row(broken))


UNKNOWN: Final = [{"tag": ["merchant.product.nowhere"]}]


REFERRED: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "calendar": (("clock", "calendar"),),
    "matter": (
        ("clock", "when"),
        ("clock", "unless"),
        ("weight", "of"),
        ("queue", "any"),
        ("matter", "within"),
    ),
    "desk": (("clock", "to"), ("queue", "desk"), ("department", "owner")),
    "queue": (("clock", "moves_to"), ("load", "overflow")),
    "clause": (("return_exception", "clause"),),
    "clock": (("deadline", "clock"),),
}
"""Table → (table, column) in which its rows are named."""
IMPLIED: Final = {"calendar": {"around_the_clock"}, "queue": {"general"}}
"""Named by default, or needed for what fits nothing else."""


def _named_in(table: str) -> set[str]:
    found: set[str] = set(IMPLIED.get(table, ()))
    for other, column in REFERRED[table]:
        found |= {
            value
            for place, value in leaves(_tables()[other], other)
            if [step for step in place.steps if isinstance(step, str)][-1] == column
        }
    return found


def needed() -> list[Place]:
    """Return every row that another one names, and every row that must be there."""
    found = []
    for place in rows():
        row = place.row(_tables())
        always = place.table in {"deadline", "level"}
        if always or (place.table in REFERRED and row in _named_in(place.table)):
            found.append(place)
    return found


@pytest.mark.parametrize("place", needed(), ids=str)
def test_a_row_that_is_missing_is_refused_where_it_is_needed(place: Place) -> None:
    """A gap is found when the book is adopted, and not by the first ticket that falls into it."""
    row = place.row(_tables())
    assert row is not None
    problems = refused(without(place))
    last = place.table == "queue" and row == "general"
    assert last or any(row in one for one in problems), problems


@pytest.mark.parametrize("clause", sorted(books.returns.CLAUSES))
def test_a_clause_that_answers_rest_on_is_never_missing(clause: str) -> None:
    """An answer about a return quotes its clause."""
    number = next(n for n, one in enumerate(_tables()["clause"]) if one["id"] == clause)
    assert f"clause {clause} is missing" in refused(without(Place(("clause", number))))


@pytest.mark.parametrize(
    "place", [place for place, _ in leaves(_tables()) if place.steps[-1] == "source"], ids=str
)
def test_a_row_without_a_source_is_refused(place: Place) -> None:
    """A figure is the rulebook's, the law's, or openly ours."""
    if place.steps != ("retention", "source"):  # what the law says without a book
        assert names(refused(without(place)), place.table, place.row(_tables()))
    for invented in ("", "everybody knows", "SL-28", "XX-01", "colours"):
        problems = refused(changed(place, invented))
        assert names(problems, place.table, place.row(_tables()))
        assert "source" in problems[0]


def test_every_row_with_a_figure_has_a_source() -> None:
    """Save the tags, whose clock is a row of the rulebook, and the words."""
    told = {"lexicon", "tag", "clause"}
    for place in figures():
        if place.table not in told and place.steps[-1] not in {"after"}:
            holder = _tables()[place.table]
            row = holder[place.steps[1]] if isinstance(holder, list) else holder
            assert "source" in row, place


def test_a_clause_rests_on_a_branch_of_law_we_know() -> None:
    """TR-06: consumer protection, network security and personal information are all there."""
    bases = {one.get("legal_base") for one in _tables()["clause"]}
    assert bases == {
        "consumer protection",
        "network security",
        "personal information",
        None,
    }


def test_a_desk_that_stands_empty_for_a_minute_is_refused() -> None:
    """RO-06: the top tier is answered day and night."""
    number = next(n for n, one in enumerate(_tables()["desk"]) if one.get("day_and_night"))
    late = changed(Place(("desk", number, "staffed", 0, "end")), "19:59")
    assert names(refused(late), "desk", "vip_desk")


def test_every_thing_that_is_wrong_is_told_at_once() -> None:
    """An editor mends a book in one go."""
    broken = copy.deepcopy(_tables())
    broken["clock"][0]["when"] = ["nobody"]
    broken["queue"][0]["desk"] = "nowhere"
    problems = refused(broken)
    assert names(problems, "clock", "consultation_automatic")
    assert names(problems, "queue", "public_opinion")


def test_the_first_book_keeps_parsing() -> None:
    """A kept book is read as it was meant, however the form grows."""
    old = books.parse(BOOK_FILE.read_bytes())
    assert old.clock == ()
    assert old.desk == ()
    assert old.retention.transaction_years == 3
