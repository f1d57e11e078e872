"""The book of rules: total, without overlap, and refused by the place that is wrong."""

import hashlib
import re
from datetime import timedelta

import pytest

from domain.policies.book import BookError, parse, require_adoptable
from domain.policies.deadlines import DEADLINES
from domain.values import Kind, Money, Reason, later, years_later
from tests.scenario import BOOK, BOOK_FILE, NOW, PRICE, whole_book

TEXT = BOOK_FILE.read_text()


def table(head: str, key: str, value: str) -> str:
    """Return one table of the book's text."""
    tables = re.findall(rf"\[\[{head}\]\]\n(?:(?!\[).+\n)+", TEXT)
    found = [one for one in tables if f'{key} = "{value}"' in one]
    assert len(found) == 1, f"{head} {value} stands once in the book"
    return found[0]


def refused(text: str) -> str:
    """Return what a refused book is refused for."""
    with pytest.raises(BookError) as caught:
        parse(text.encode())
    return str(caught.value)


@pytest.mark.parametrize("name", sorted(DEADLINES))
def test_a_book_without_a_deadline_is_refused(name: str) -> None:
    """A promise that has no figure could not be judged when it is needed."""
    assert f"deadline {name} is missing" in refused(
        TEXT.replace(table("deadline", "name", name), "")
    )


def test_a_deadline_that_stands_twice_is_refused() -> None:
    """Two figures for one promise: nobody could say which one holds."""
    twice = TEXT + "\n" + table("deadline", "name", "ruling")
    assert "deadline ruling stands twice" in refused(twice)


def test_a_clause_that_stands_twice_is_refused() -> None:
    """A decision that names it would name two sentences."""
    twice = TEXT + "\n" + table("clause", "id", "returns.quality")
    assert "clause returns.quality stands twice" in refused(twice)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_kind_without_a_priority_is_refused(kind: Kind) -> None:
    """A ticket must always know its place in the queue."""
    without = re.sub(rf"^{kind} = \d\n", "", TEXT, count=1, flags=re.MULTILINE)
    assert f"priority of {kind} is missing" in refused(without)


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_without_a_usual_remedy_is_refused(reason: Reason) -> None:
    """AR-01: the trade's usual solution is put on the table for every matter."""
    without = re.sub(rf'^{reason} = "\w+"\n', "", TEXT, count=1, flags=re.MULTILINE)
    assert f"usual remedy of {reason} is missing" in refused(without)


@pytest.mark.parametrize(
    ("line", "instead", "place"),
    [
        ('within = "PT72H"', 'within = "PT0H"', "deadline.2.within"),
        ('within = "PT72H"', 'within = "soon"', "deadline.2.within"),
        ('awaits = "arbitrator"', 'awaits = "somebody"', "deadline.8.awaits"),
        ('name = "acceptance"', 'name = "arrival"', "deadline.0.name"),
        ("refund_bp = 10000", "refund_bp = 10001", "cap.refund_bp"),
        ("payout_bp = 3000", "payout_bp = -1", "cap.payout_bp"),
        ("dispute = 2", "dispute = 5", "priority.dispute"),
        ('id = "returns.no_reason"', 'id = "Returns"', "clause.0.id"),
        ("offers = 40", "offers = 0", "limit.offers"),
        ('version = "2026-11-01"', 'version = "Ours!"', "version"),
        ("[cap]", "[cap]\nunheard_of = 1", "cap.unheard_of"),
        (
            "in_force_from = 2026-11-01T00:00:00+08:00",
            "in_force_from = 2026-11-01T00:00:00",
            "in_force_from has no zone",
        ),
    ],
)
def test_a_wrong_figure_is_refused_by_its_place(line: str, instead: str, place: str) -> None:
    """Whoever edits a book is told where to look."""
    assert line in TEXT
    assert place in refused(TEXT.replace(line, instead, 1))


@pytest.mark.parametrize("content", [b"\xff", b"= nothing", b""])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    """A file that was cut off is no book."""
    with pytest.raises(BookError):
        parse(content)


def test_a_book_is_known_by_the_digest_of_its_bytes() -> None:
    """The book in force can be proved by its bytes."""
    assert BOOK.digest == hashlib.sha256(TEXT.encode()).hexdigest()
    assert parse(TEXT.replace("PT72H", "PT71H").encode()).digest != BOOK.digest


@pytest.mark.parametrize("name", sorted(DEADLINES))
def test_every_deadline_can_be_looked_up(name: str) -> None:
    """The tables are total: no look-up fails while a matter is judged."""
    within = next(rule.within for rule in BOOK.deadline if rule.name == name)
    assert within > timedelta(0)
    assert BOOK.due(name, NOW) == later(NOW, within)
    BOOK.awaits(name)


def test_caps_are_shares_of_the_price_rounded_down() -> None:
    """RE-16: a fraction of a cent is never given."""
    assert BOOK.refund_cap(PRICE).amount_minor == PRICE.amount_minor * BOOK.cap.refund_bp // 10_000
    odd = Money(9_999, "CNY")
    assert BOOK.payout_cap(odd) == Money(9_999 * BOOK.cap.payout_bp // 10_000, "CNY")
    assert 10_000 * BOOK.payout_cap(odd).amount_minor < 9_999 * BOOK.cap.payout_bp


def test_a_clause_is_there_or_not() -> None:
    """A decision names only sentences of the book."""
    assert BOOK.has_clause("returns.quality")
    assert not BOOK.has_clause("returns")


def test_a_book_from_before_retention_stood_in_one_keeps_for_as_long_as_the_law_asks() -> None:
    """An adopted book is never edited, so what the law adds must hold without it."""
    older = re.sub(r"\[retention\]\n(?:.+\n)+", "", TEXT)
    assert older != TEXT
    book = parse(older.encode())
    assert book.retention.transaction_years == 3
    assert book.kept_until(NOW, transaction=True) == years_later(NOW, 3)
    assert book.kept_until(NOW, transaction=False) < book.kept_until(NOW, transaction=True)


@pytest.mark.parametrize(
    ("table", "last_row"), [("priority", "dispute = 2\n"), ("usual", 'other = "refund"\n')]
)
def test_a_book_to_come_says_where_its_figures_are_from_and_an_adopted_one_is_read_without(
    table: str, last_row: str
) -> None:
    """What practice does not fix is marked as ours; books from before go on to be read."""
    sourced = f'{last_row}source = "ours"\n'
    assert TEXT.count(sourced) == 1
    assert require_adoptable(BOOK) is BOOK
    older = parse(TEXT.replace(sourced, last_row).encode())
    assert (older.priority.rows, older.usual.rows) == (BOOK.priority.rows, BOOK.usual.rows)
    with pytest.raises(BookError) as told:
        require_adoptable(older)
    assert told.value.problems == (f"{table} has no source",)
    assert "source" in refused(TEXT.replace(sourced, f'{last_row}source = "a friend"\n'))


def test_a_book_to_come_closes_nothing_that_may_still_be_appealed() -> None:
    """AR-06: the window to appeal is the book's, and a closing that comes first would cut it."""
    row = '[[deadline]]\nname = "closing"\nwithin = "{}"'
    assert TEXT.count(row.format("P7D")) == 1
    shorter = parse(TEXT.replace(row.format("P7D"), row.format("PT167H59M59S")).encode())
    with pytest.raises(BookError) as told:
        require_adoptable(shorter)
    assert told.value.problems == (
        "deadline closing is shorter than appeal: what is rejected would close before",
    )
    longer = parse(TEXT.replace(row.format("P7D"), row.format("P8D")).encode())
    assert require_adoptable(longer) is longer


def test_a_deadline_of_a_book_to_come_has_the_time_of_no_clock_that_rests() -> None:
    """A deadline runs around the clock: half an hour of the office may be over by the morning."""
    row = 'id = "complaint_takeover"\n'
    resting = whole_book((row, f'{row}calendar = "cn_office"\n'))
    with pytest.raises(BookError) as told:
        require_adoptable(resting)
    assert told.value.problems == (
        "deadline acceptance has the time of the clock complaint_takeover, which rests while its "
        "calendar cn_office is closed, and a deadline never does",
    )
    assert require_adoptable(whole_book())


def test_a_copy_with_other_rows_answers_by_them() -> None:
    """What was worked out of the rows before is not taken along."""
    book = whole_book()
    times, clauses = book.times, book.clauses
    assert book.times is times, "worked out once"
    assert book.clauses is clauses
    copy = book.model_copy(
        update={
            "clock": tuple(one.model_copy(update={"within": 2 * one.within}) for one in book.clock),
            "clause": book.clause[:1],
        }
    )
    assert copy.times == {clock: 2 * within for clock, within in times.items()}
    assert copy.within("ruling") == 2 * book.within("ruling")
    assert [one.id for one in copy.clauses] == [book.clause[0].id]
    assert (copy.version, copy.digest, copy.answer) == (book.version, book.digest, book.answer)


def test_a_book_may_not_keep_transactions_for_less_than_the_law_asks() -> None:
    """A shorter figure would be an erasure against the law, and nobody would notice."""
    shorter = TEXT.replace("transaction_years = 3", "transaction_years = 2")
    assert "retention.transaction_years" in refused(shorter)
