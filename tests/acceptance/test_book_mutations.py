"""A figure of the book that is changed by one unit breaks the scenario of its row.

The scenarios are those the rows of the rulebook are driven by over HTTP; here they are played in
memory, once under the book as it is and once for every figure that differs by one. What a figure
must be stands in the scenarios, never in the book. Not here: texts, names, calendars, shifts and
the weights of words; limits and retention are driven by AR-01, AR-03 and TR-02.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import cache, partial
from typing import Any, NamedTuple

import pytest
from pydantic import TypeAdapter

from api.wiring import first_book
from domain.policies.book import Book, parse
from tests.rows import load, special, windows
from tests.rows.checks import broken_at_its_instant, kept_in_its_last_moment
from tests.rows.memory import InMemory
from tests.rows.promises import PROMISES

Check = Callable[[Book], object]
FIGURES = (
    "within",
    "warn_bp",
    "share_bp",
    "amount_minor",
    "spend_above_minor",
    "amount_above_minor",
    "fruitless",
    "points",
    "value",
    "no_reason_days",
    "quality_days",
    "nps_max",
    "mark_max",
)
"""The columns whose figures are changed; of the load every one is."""
LOWEST = 4
"""The least urgent priority; one more than that is the most urgent one."""


class Figure(NamedTuple):
    """One figure of the book."""

    table: str
    row: str
    """The name of the row, empty where the table is one row."""
    place: tuple[str | int, ...]

    def __str__(self) -> str:
        """Return where it stands."""
        return ".".join(str(one) for one in (self.table, self.row, *self.place) if one != "")


@cache
def tables() -> dict[str, Any]:
    """Return the tables of the book a new ledger begins with."""
    return tomllib.loads(first_book().decode())


@cache
def the_book() -> Book:
    """Return the book a new ledger begins with."""
    return parse(first_book())


def figures() -> Iterator[Figure]:
    """Return every figure that a scenario answers for."""
    for table in ("clock", "matter", "weight", "level", "return_exception", "answer", "deadline"):
        for number, row in enumerate(tables()[table]):
            for place in _places(row):
                yield Figure(table, _name(row, number), place)
    for table in ("contacts", "returns", "survey", "low_rating"):
        for place in _places(tables()[table]):
            yield Figure(table, "", place)
    for column, figure in tables()["load"].items():
        if isinstance(figure, int) or _is_duration(figure):
            yield Figure("load", "", (column,))
    for column in ("payout_bp", "goodwill_minor"):  # more than all of the price is no share of it
        yield Figure("cap", "", (column,))
    for kind in sorted(tables()["priority"].keys() - {"source"}):
        yield Figure("priority", "", (kind,))


def _places(row: Any, *before: str | int, column: str = "") -> Iterator[tuple[str | int, ...]]:
    if isinstance(row, Mapping):
        for name, one in row.items():
            yield from _places(one, *before, name, column=name)
    elif isinstance(row, list):
        for number, one in enumerate(row):
            yield from _places(one, *before, number, column=column)
    elif column in FIGURES and (isinstance(row, int) or _is_duration(row)):
        yield before


def _name(row: Mapping[str, Any], number: int) -> str:
    for column in ("id", "name", "of", "topic", "priority"):
        if column in row:
            return str(row[column])
    return str(number)


def _is_duration(figure: Any) -> bool:
    return isinstance(figure, str) and re.fullmatch(r"P[0-9TDHMS]+", figure) is not None


def one_more(figure: Any) -> Any:
    """Return a figure that is one unit more: of a duration, one of its smallest unit."""
    if isinstance(figure, int):
        return figure + 1
    *_, last = re.finditer(r"[0-9]+", figure)
    return f"{figure[: last.start()]}{int(last[0]) + 1}{figure[last.end() :]}"


def changed(figure: Figure) -> Book:
    """Return the book with one figure changed by one; only its own table is read anew."""
    rows = deepcopy(tables()[figure.table])
    row = rows
    if isinstance(rows, list):
        row = next(one for number, one in enumerate(rows) if _name(one, number) == figure.row)
    *way, last = figure.place
    for step in way:
        row = row[step]
    row[last] = row[last] % LOWEST + 1 if figure.table == "priority" else one_more(row[last])
    field = Book.model_fields[figure.table]
    read: TypeAdapter[Any] = TypeAdapter(field.rebuild_annotation())
    known = {name: getattr(the_book(), name) for name in Book.model_fields}
    return Book.model_construct(**{**known, figure.table: read.validate_python(rows)})


def scenarios(figure: Figure) -> Iterator[Check]:
    """Return the scenarios of the row that a figure belongs to."""
    match figure.table:
        case "clock":
            yield from _of_a_clock(figure.row)
        case "weight" | "level":
            for name in special.WEIGHTS:
                yield played(special.priority_is_computed_from_what_is_on_record, name=name)
        case "returns" | "return_exception":
            for row in special.RETURNS:
                yield played(special.return_goes_back_until, **row)
        case "answer":
            yield played(special.an_answer_that_differs_from_the_book_is_flagged, topic=figure.row)
        case "deadline" if figure.row != "reopening":
            name = figure.row
            yield played(windows.a_deadline_is_given_as_long_as_practice_says, name=name)
        case "priority":
            kind = figure.place[0]
            yield played(windows.a_matter_comes_in_with_the_priority_of_its_kind, kind=kind)
        case "load":
            yield _OF_LOAD[str(figure.place[0])]
        case table:
            yield from map(played, _OF_TABLES[table])


_OF_TABLES: Mapping[str, tuple[Callable[..., object], ...]] = {
    "cap": (windows.what_comes_on_top_is_thirty_percent_and_an_agents_gift_fifty_yuan,),
    "contacts": (special.two_fruitless_contacts_ask_for_a_written_resolution,),
    "deadline": (windows.a_matter_comes_back_within_fifteen_days,),
    "matter": (
        special.a_large_amount_begins_above_five_thousand,
        special.a_vip_spends_more_than_ten_thousand,
    ),
    "low_rating": (windows.a_low_rating_lays_the_journey_out,),
    "survey": (windows.the_question_after_a_matter_is_due_in_seven_days,),
}
_OF_LOAD: Mapping[str, Check] = {
    "matters": load.an_agent_carries_twenty_matters,
    "overload_bp": load.a_queue_overflows_above_120_percent_and_after_15_minutes,
    "longest_wait": load.a_queue_overflows_above_120_percent_and_after_15_minutes,
    "lease": load.a_silent_agent_loses_the_matter_after_ten_minutes,
    "dedicated_spend_above_minor": load.who_spends_above_ten_thousand_keeps_one_agent,
    "top_rating_bp": load.a_top_rated_agent_has_ninety_five_percent,
}


def _of_a_clock(clock: str) -> Iterator[Check]:
    if clock == "human_answer":
        yield played(special.answers_of_people_are_measured_and_break_nothing)
    for promise in PROMISES:
        if promise.clock.partition(":")[0] == clock:
            yield played(broken_at_its_instant, promise=promise)
            yield played(kept_in_its_last_moment, promise=promise)


def played(scenario: Callable[..., object], **said: Any) -> Check:
    """Return a scenario as something that is asked of a book."""

    def under(book: Book) -> None:
        scenario(partial(InMemory, book), **said)

    return under


@pytest.mark.parametrize("figure", list(figures()), ids=str)
def test_a_figure_that_differs_by_one_fails_the_scenario_of_its_row(figure: Figure) -> None:
    """Under the book as it is the scenarios hold; under the changed one, one of them does not."""
    asked = list(scenarios(figure))
    assert asked, f"no scenario answers for {figure}"
    other = changed(figure)
    for check in asked:
        check(the_book())
    assert any(_fails(check, other) for check in asked), f"{figure} can be anything"


def test_every_clock_of_the_book_has_a_promise_here_and_every_promise_a_clock() -> None:
    """What practice asks for and what the book promises are the same list."""
    promised = {one.clock.partition(":")[0] for one in PROMISES} | {"human_answer"}
    assert promised == {rule.id for rule in the_book().clock}


def _fails(check: Check, book: Book) -> bool:
    try:
        check(book)
    except (AssertionError, ValueError, pytest.fail.Exception):
        return True
    return False
