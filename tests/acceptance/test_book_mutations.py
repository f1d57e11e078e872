"""A figure of the book that is changed by one unit breaks the scenario of its row.

The scenarios are those the rows of the rulebook are driven by over HTTP, and tables of what the
house says about calendars, desks, limits and words; here they are played in memory, once under the
book as it is and once for every figure that is one unit more, and one unit less. What a figure must
be stands in the scenarios, never in the book. Not here: texts and names.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from datetime import date, timedelta
from functools import cache, partial
from typing import Any, NamedTuple

import pytest
from pydantic import TypeAdapter, ValidationError

from api.wiring import first_book
from domain.errors import Refusal
from domain.policies.book import Book, parse
from domain.policies.lexicon import Lexicon
from tests.rows import hours, limits, load, special, windows, words
from tests.rows.checks import broken_at_its_instant, kept_in_its_last_moment
from tests.rows.memory import InMemory
from tests.rows.promises import PROMISES

Check = Callable[[Book], object]
LOWEST = 4
"""The least urgent priority; one more than that is the most urgent one."""
DAY_MINUTES = 24 * 60
LONG_AGO = 1970
"""A year no table knows: a day that is moved there is missing from its own."""
DURATION = re.compile(r"P[0-9TDHMS]+")
TIMES = re.compile(r"([0-9]{2}:[0-9]{2})(?:-([0-9]{2}:[0-9]{2}))?")
"""A time of day, or from one to another."""
HEAD = ("version", "in_force_from")
"""What names a book and says since when it holds."""


class Figure(NamedTuple):
    """One figure of the book."""

    table: str
    row: str
    """The name of the row, empty where the table is one row."""
    place: tuple[str | int, ...]
    bound: int = 0
    """Of an interval: 0 for where it opens, 1 for where it closes."""

    def __str__(self) -> str:
        """Return where it stands."""
        steps: list[str | int] = [self.table, self.row]
        inside = _rows(self, tables()[self.table])
        for step in self.place:
            inside = inside[step]
            named = isinstance(step, int) and isinstance(inside, Mapping)
            steps.append(_name(inside, int(step)) if named else step)
        steps.append("closes" if self.bound else "")
        return ".".join(str(one) for one in steps if one != "")


@cache
def tables() -> dict[str, Any]:
    """Return the tables of the book a new ledger begins with."""
    return tomllib.loads(first_book().decode())


@cache
def the_book() -> Book:
    """Return the book a new ledger begins with."""
    return parse(first_book())


def figures() -> Iterator[Figure]:
    """Return every figure there is in the book."""
    for table, rows in tables().items():
        if table in HEAD:
            continue
        if isinstance(rows, Mapping):
            yield from (Figure(table, "", *one) for one in _places(rows))
            continue
        for number, row in enumerate(rows):
            name = _name(row, number)
            yield from (Figure(table, name, *one) for one in _places(row))


def _places(row: Any, *before: str | int) -> Iterator[tuple[tuple[str | int, ...], int]]:
    if isinstance(row, Mapping):
        for name, one in row.items():
            yield from _places(one, *before, name)
    elif isinstance(row, list):
        for number, one in enumerate(row):
            yield from _places(one, *before, number)
    elif isinstance(row, str):
        times = TIMES.fullmatch(row)
        if DURATION.fullmatch(row) or times:
            yield before, 0
        if times and times[2]:
            yield before, 1
    elif isinstance(row, int | date) and not isinstance(row, bool):
        yield before, 0


def _name(row: Mapping[str, Any], number: int) -> str:
    for column in ("id", "on", "name", "of", "topic", "category", "priority"):
        if column in row:
            return str(row[column])
    return str(number)


def others_than(figure: Figure) -> Iterator[Any]:
    """Return what may stand in a figure's place: a unit more, a unit less, or another year."""
    value: Any = _rows(figure, tables()[figure.table])
    for step in figure.place:
        value = value[step]
    if figure.table == "priority":
        yield value % LOWEST + 1
        yield (value - 2) % LOWEST + 1
    elif isinstance(value, date):
        yield value + timedelta(days=1)
        yield value - timedelta(days=1)
        yield value.replace(year=LONG_AGO)
    elif isinstance(value, int):
        yield value + 1
        yield value - 1
    elif times := TIMES.fullmatch(value):
        yield from _other_times(value, times, figure.bound + 1)
    else:
        *_, last = re.finditer(r"[0-9]+", value)
        for number in (int(last[0]) + 1, int(last[0]) - 1):
            yield f"{value[: last.start()]}{number}{value[last.end() :]}"


def _other_times(value: str, times: re.Match[str], bound: int) -> Iterator[str]:
    clock = times[bound]
    minute = int(clock[:2]) * 60 + int(clock[3:])
    for other in (minute + 1, minute - 1):
        if 0 <= other <= DAY_MINUTES:
            told = f"{other // 60:02d}:{other % 60:02d}"
            yield value[: times.start(bound)] + told + value[times.end(bound) :]


def _rows(figure: Figure, rows: Any) -> Any:
    """Return the row a figure stands in."""
    if isinstance(rows, list):
        return next(one for number, one in enumerate(rows) if _name(one, number) == figure.row)
    return rows


def changed(figure: Figure, other: Any) -> Book:
    """Return the book with another figure; only its own table is read anew.

    ValidationError says that no book could have it.
    """
    rows = tables()[figure.table]
    way = list(figure.place)
    if isinstance(rows, list):
        way.insert(0, rows.index(_rows(figure, rows)))
    rows = _replaced(rows, way, other)
    if figure.table == "lexicon":  # to read all the words for each of their weights takes long
        column = str(figure.place[0])
        read = {column: _reader(Lexicon, column).validate_python(rows[column])}
        lexicon = the_book().lexicon
        return _with(the_book(), lexicon=_with(lexicon, **read))
    read = {figure.table: _reader(Book, figure.table).validate_python(rows)}
    return _with(the_book(), **read)


def _replaced(inside: Any, way: Sequence[str | int], other: Any) -> Any:
    if not way:
        return other
    copied = copy(inside)
    copied[way[0]] = _replaced(inside[way[0]], way[1:], other)
    return copied


def _with(table: Any, **other: Any) -> Any:
    known = {name: getattr(table, name) for name in type(table).model_fields}
    return type(table).model_construct(**{**known, **other})


@cache
def _reader(table: type[Any], column: str) -> TypeAdapter[Any]:
    return TypeAdapter(table.model_fields[column].rebuild_annotation())


def scenarios(figure: Figure) -> Iterator[Check]:
    """Return the scenarios of the row that a figure belongs to."""
    if figure.table in _BY_FIGURE:
        return _BY_FIGURE[figure.table](figure)
    columns = _BY_COLUMN.get(figure.table, {})
    if figure.place[0] in columns:
        return iter((columns[str(figure.place[0])],))
    return map(played, _OF_TABLES[figure.table])


def _of_a_weight(figure: Figure) -> Iterator[Check]:
    for name in special.WEIGHTS:
        yield played(special.priority_is_computed_from_what_is_on_record, name=name)
    if figure.table == "level":
        yield limits.a_priority_begins_at_its_points


def _of_returns(_: Figure) -> Iterator[Check]:
    for row in special.RETURNS:
        yield played(special.return_goes_back_until, **row)


def _of_an_answer(figure: Figure) -> Iterator[Check]:
    yield played(special.an_answer_that_differs_from_the_book_is_flagged, topic=figure.row)


def _of_a_deadline(figure: Figure) -> Iterator[Check]:
    if figure.row == "reopening":
        yield played(windows.a_matter_comes_back_within_fifteen_days)
    else:
        yield played(windows.a_deadline_is_given_as_long_as_practice_says, name=figure.row)


def _of_a_kind(figure: Figure) -> Iterator[Check]:
    kind = figure.place[0]
    yield played(windows.a_matter_comes_in_with_the_priority_of_its_kind, kind=kind)


def _of_a_calendar(figure: Figure) -> Iterator[Check]:
    yield partial(hours.time_counts_in_these_minutes_and_no_others, calendar=figure.row)
    if "holidays" in figure.place:
        yield hours.who_worked_all_days_would_rest_on_holidays


def _of_a_desk(figure: Figure) -> Iterator[Check]:
    yield partial(hours.so_many_are_at_the_desk, desk=figure.row)


_OF_TABLES: Mapping[str, tuple[Callable[..., object], ...]] = {
    "cap": (windows.what_comes_on_top_is_thirty_percent_and_an_agents_gift_fifty_yuan,),
    "contacts": (special.two_fruitless_contacts_ask_for_a_written_resolution,),
    "matter": (
        special.a_large_amount_begins_above_five_thousand,
        special.a_vip_spends_more_than_ten_thousand,
    ),
    "low_rating": (windows.a_low_rating_lays_the_journey_out,),
    "survey": (windows.the_question_after_a_matter_is_due_in_seven_days,),
}
_BY_COLUMN: Mapping[str, Mapping[str, Check]] = {
    "cap": {"refund_bp": limits.all_of_a_price_is_given_back},
    "limit": {
        "evidence_items": limits.twenty_items_of_evidence,
        "offers": limits.forty_offers,
        "remedies": limits.twenty_remedies,
        "links": limits.twenty_links,
        "content_bytes": limits.a_file_has_fifty_mebibytes_and_a_side_five_hundred,
        "evidence_bytes": limits.a_file_has_fifty_mebibytes_and_a_side_five_hundred,
        "certificates": limits.twenty_certificates,
        "browsing": limits.two_hundred_looks,
    },
    "load": {
        "matters": load.an_agent_carries_twenty_matters,
        "overload_bp": load.a_queue_overflows_above_120_percent_and_after_15_minutes,
        "longest_wait": load.a_queue_overflows_above_120_percent_and_after_15_minutes,
        "lease": load.a_silent_agent_loses_the_matter_after_ten_minutes,
        "dedicated_spend_above_minor": load.who_spends_above_ten_thousand_keeps_one_agent,
        "top_rating_bp": load.a_top_rated_agent_has_ninety_five_percent,
    },
    "notification": dict.fromkeys(
        ("tries", "first_wait", "longest_wait"),
        limits.a_notice_is_tried_eight_times_each_wait_twice_the_last,
    ),
    "retention": dict.fromkeys(
        ("transaction_years", "other_days"),
        limits.what_is_personal_is_kept_three_years_or_180_days,
    ),
}
_OF_POINTS: Mapping[str, Check] = {
    "word": words.a_word_of_one_tag_has_sixty_points,
    "evidence": words.the_best_tag_speaks_for_its_cell_with_two_a_word,
    "most": words.three_tags_are_named,
    "party": words.a_tag_of_the_party_is_worth_twenty_points,
    "scenario": words.a_tag_of_the_scenario_is_worth_twenty_points,
    "reason": words.a_tag_of_the_reason_is_worth_thirty_points,
}


def _of_words(figure: Figure) -> Iterator[Check]:
    column, *inside = figure.place
    match column:
        case "points":
            yield _OF_POINTS[str(inside[0])]
            return
        case "cue" | "combination":
            of = f"{column}.{tables()['lexicon'][column][inside[0]]['id']}"
        case "reason" | "zh" | "en":
            of = f"{column}.{inside[0]}"
        case _:
            of = str(column)
    for row in words.sayings().get(of, ()):
        yield partial(words.a_text_is_weighed_as_the_table_says, row=row)


def _of_a_clock(figure: Figure) -> Iterator[Check]:
    if figure.row == "human_answer":
        yield played(special.answers_of_people_are_measured_and_break_nothing)
    for promise in PROMISES:
        if promise.clock.partition(":")[0] == figure.row:
            yield played(broken_at_its_instant, promise=promise)
            yield played(kept_in_its_last_moment, promise=promise)


_BY_FIGURE: Mapping[str, Callable[[Figure], Iterator[Check]]] = {
    "answer": _of_an_answer,
    "calendar": _of_a_calendar,
    "clock": _of_a_clock,
    "deadline": _of_a_deadline,
    "desk": _of_a_desk,
    "level": _of_a_weight,
    "lexicon": _of_words,
    "priority": _of_a_kind,
    "return_exception": _of_returns,
    "returns": _of_returns,
    "weight": _of_a_weight,
}


def played(scenario: Callable[..., object], **said: Any) -> Check:
    """Return a scenario as something that is asked of a book."""

    def under(book: Book) -> None:
        scenario(partial(InMemory, book), **said)

    return under


@pytest.mark.parametrize("figure", list(figures()), ids=str)
def test_a_figure_that_differs_by_one_fails_the_scenario_of_its_row(figure: Figure) -> None:
    """Under the book as it is the scenarios hold; under each changed one, one of them does not."""
    asked = list(scenarios(figure))
    assert asked, f"no scenario answers for {figure}"
    for check in asked:
        check(the_book())
    told = [_told(figure, other, asked) for other in others_than(figure)]
    assert any(told), f"no book could have another figure than {figure}"


def _told(figure: Figure, other: Any, asked: list[Check]) -> bool:
    """Return whether a book may have another figure; then one of its scenarios must fail."""
    try:
        book = changed(figure, other)
    except ValidationError:
        return False
    assert any(_fails(check, book) for check in asked), f"{figure} can be {other}"
    return True


def test_every_saying_is_weighed_alike_with_all_the_words_of_the_book() -> None:
    """The scenarios look for the words of one text alone; so it is shown that this is no matter."""
    lexicon = the_book().lexicon
    assert lexicon is not None
    for row in (row for rows in words.sayings().values() for row in rows):
        found = words.outcome(lexicon, row["text"], row.get("reason"))
        assert found == row["outcome"], row["text"]


def test_every_clock_of_the_book_has_a_promise_here_and_every_promise_a_clock() -> None:
    """What practice asks for and what the book promises are the same list."""
    promised = {one.clock.partition(":")[0] for one in PROMISES} | {"human_answer"}
    assert promised == {rule.id for rule in the_book().clock}


def _fails(check: Check, book: Book) -> bool:
    try:
        check(book)
    except (AssertionError, ValueError, Refusal, pytest.fail.Exception):
        return True
    return False
