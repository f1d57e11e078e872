"""What no book to come may be like: each refused naming table, row and reason; kept ones are read.

A refused book here is the real one with one thing changed, so that thing is what it is refused for.
"""

import copy
import tomllib
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import pytest

from domain.policies import book as books
from domain.policies import soundness
from domain.policies.book import BookError
from domain.values import Sha256
from tests.scenario import BOOK, whole_bytes

DIGEST: Final = Sha256("0" * 64)
Tables = dict[str, Any]
Change = Callable[[Tables], None]


@cache
def _tables() -> Tables:
    found = tomllib.loads(whole_bytes().decode())
    # Words and tags take long to read, and nothing here is about them.
    return {name: table for name, table in found.items() if name not in {"tag", "lexicon"}}


def row(tables: Tables, table: str, name: str) -> Any:
    """Return a row of a table by what it is called."""
    [found] = [
        one
        for one in tables[table]
        if name in {one.get(column) for column in ("id", "name", "of", "topic", "category")}
    ]
    return found


def changed(*changes: Change) -> books.Book:
    """Return the real book with something changed, as it is read."""
    tables = copy.deepcopy(_tables())
    for change in changes:
        change(tables)
    return books.of_tables(tables, DIGEST)


def puts(table: str, name: str, **columns: Any) -> Change:
    """Return the change that writes columns of a row; None takes one out."""

    def change(tables: Tables) -> None:
        its = row(tables, table, name)
        for column, value in columns.items():
            if value is None:
                del its[column]
            else:
                its[column] = value

    return change


def drops(table: str, name: str) -> Change:
    """Return the change that takes a row out of a table."""
    return lambda tables: tables[table].remove(row(tables, table, name))


def comes(table: str, name: str, *, before: str) -> Change:
    """Return the change that puts a row before another one."""

    def change(tables: Tables) -> None:
        its = row(tables, table, name)
        tables[table].remove(its)
        tables[table].insert(tables[table].index(row(tables, table, before)), its)

    return change


def words(subject: str, change: Callable[[list[dict[str, str]]], object]) -> Change:
    """Return the change of a subject's words."""
    return lambda tables: change(tables["vocabulary"][subject])


REFUSED: Final[dict[str, tuple[tuple[Change, ...], str]]] = {
    # RO-06: the top tier's desk is staffed day and night, and the way leads there.
    "a VIP desk that is neither proven nor there at night": (
        (
            puts("desk", "vip_desk", day_and_night=False),
            lambda tables: row(tables, "desk", "vip_desk")["staffed"].pop(),
        ),
        "queue vip leads the top tier to the desk vip_desk, which is not proven to be staffed day "
        "and night (RO-06)",
    ),
    "the VIP queue at another desk": (
        (puts("queue", "vip", desk="general_desk"),),
        "queue vip leads the top tier to the desk general_desk, which is not proven to be staffed "
        "day and night (RO-06)",
    ),
    "a VIP queue that is not the top tier's": (
        (puts("queue", "vip", any=["vip"]),),
        "queue: none that people work names the class top_member, the top tier's own (RO-06)",
    ),
    "a top tier without a class of its own": (
        (puts("matter", "top_member", any=[{"spend_above_minor": 1}]),),
        'matter: none is told by tier = ["top"] alone, so no queue is the top tier\'s (RO-06)',
    ),
    "a queue that takes complaints of the top tier first": (
        (
            lambda tables: tables["queue"].insert(
                0, {**row(tables, "queue", "general"), "name": "early", "any": ["complaint"]}
            ),
        ),
        "queue early takes a matter of the top tier (complaint, reason not_received) before vip "
        "does, and its desk general_desk is not proven to be staffed day and night (RO-06)",
    ),
    "goods that the top tier is not led day and night with": (
        (comes("queue", "expert_luxury", before="vip"),),
        "queue expert_luxury takes a matter of the top tier (consultation, category luxury) before "
        "vip does, and its desk expert_desk is not proven to be staffed day and night (RO-06)",
    ),
    "a breach that takes the top tier to a desk that sleeps": (
        (puts("clock", "live_host_answer", moves_from=None),),
        "clock live_host_answer moves a matter of the top tier from the queue vip to senior, and "
        "its desk senior_desk is not proven to be staffed day and night (RO-06)",
    ),
    "two breaches that take the top tier there one after the other": (
        (
            puts("clock", "dedicated_answer", moves_to="high_value_question"),
            puts("clock", "vip_plan", moves_to="general", moves_from=["high_value_question"]),
        ),
        "clock vip_plan moves a matter of the top tier from the queue high_value_question to "
        "general, and its desk general_desk is not proven to be staffed day and night (RO-06)",
    ),
    # SL-08, RO-03: who is promised a person does not wait where nobody works.
    "a dear question that waits for a machine": (
        (drops("queue", "high_value_question"),),
        "clock vip_answer asks for a person, and the queue self_service, which nobody works, takes "
        "a matter it is promised to: nothing moves it in time (SL-08)",
    ),
    "a dear question that is moved to people when the promise is broken already": (
        (
            drops("queue", "high_value_question"),
            puts("clock", "bot_first", unless=None),
        ),
        "clock vip_answer asks for a person, and the queue self_service, which nobody works, takes "
        "a matter it is promised to: nothing moves it in time (SL-08)",
    ),
    "questions about fruit that nothing brings to people": (
        (puts("clock", "bot_first", unless=["fresh", "spoiled_insured"]),),
        "clock spoiled_answer asks for a person, and the queue self_service, which nobody works, "
        "takes a matter it is promised to: nothing moves it in time (SL-18)",
    ),
    "a full queue that is relieved by a machine": (
        (lambda tables: tables["load"].update(overflow="self_service"),),
        "load overflows to the queue self_service, which nobody works (RO-03)",
    ),
    "a breach that leads to a machine": (
        (puts("clock", "live_host_answer", moves_to="self_service"),),
        "clock live_host_answer moves to the queue self_service, which nobody works",
    ),
    # RO-04, SL-16, SL-25: what must be told is told by some notice.
    "warnings that nobody hears": (
        (drops("notice", "promise_warned"),),
        "clock complaint_takeover warns a desk that no notice tells",
    ),
    "warnings of one row that nobody hears": (
        (puts("notice", "promise_warned", when={"row": ["SL-03"]}),),
        "clock ruling warns a desk that no notice tells",
    ),
    "departments that are asked and not told": (
        (drops("notice", "department_asked"),),
        "department supply_chain is asked for plans, and no notice tells it (RO-04)",
    ),
    "one department that is asked and not told": (
        (puts("notice", "department_asked", when={"department": ["supply_chain"]}),),
        "department legal is asked for plans, and no notice tells it (RO-04)",
    ),
    "a written resolution without a copy": (
        (drops("notice", "resolution_copied"),),
        "clock written_resolution is kept by a written resolution, and no notice copies it to the "
        "buyer's e-mail (SL-16)",
    ),
    "a written resolution whose copy goes elsewhere": (
        (puts("notice", "resolution_copied", channels=["app"]),),
        "clock written_resolution is kept by a written resolution, and no notice copies it to the "
        "buyer's e-mail (SL-16)",
    ),
    "a promise of one row with the figure of another": (
        (puts("clock", "vip_answer", row="SL-02"),),
        "clock vip_answer is of SL-02, and its source names SL-08 instead",
    ),
    # RO-06: a desk is as well staffed as it says.
    "a day that stands twice in a shift": (
        (lambda tables: row(tables, "desk", "live_desk")["staffed"][0]["days"].append(3),),
        "desk live_desk names day 3 twice in the shift from 10:00",
    ),
    "a shift that stands twice": (
        (
            lambda tables: row(tables, "desk", "live_desk")["staffed"].append(
                {"days": [7], "start": "10:00", "end": "24:00", "agents": 1}
            ),
        ),
        "desk live_desk has the shift of day 7 from 10:00 to 24:00 twice",
    ),
    # Every reference is known: the vocabulary's lists are closed.
    "a class of a misspelt category": (
        (puts("matter", "fresh", any=[{"category": ["fresh_fod"]}]),),
        "matter fresh names the category fresh_fod, which is not in the vocabulary",
    ),
    "a class of misspelt goods bought before": (
        (puts("matter", "mother_and_baby", any=[{"bought": ["mother_and_bby"]}]),),
        "matter mother_and_baby names the category mother_and_bby, which is not in the vocabulary",
    ),
    "a class of a misspelt mark of orders": (
        (puts("matter", "cross_border", any=[{"service": ["crossborder"]}]),),
        "matter cross_border names the service crossborder, which is not in the vocabulary",
    ),
    "an invented skill beside a queue's own": (
        (puts("queue", "vip", skills=["vip", "clairvoyance"]),),
        "queue vip names the skill clairvoyance, which is not in the vocabulary",
    ),
    "a misspelt category among those that do not go back": (
        (lambda tables: tables["returns"]["excluded_categories"].append("custom_mde"),),
        "returns.excluded_categories names the category custom_mde, which is not in the vocabulary",
    ),
    "an exception for misspelt goods": (
        (puts("return_exception", "cosmetics", category="cosmetic"),),
        "return_exception cosmetic names the category cosmetic, which is not in the vocabulary",
    ),
    "a payout in a currency that is none": (
        (
            puts(
                "clock",
                "negative_resolved",
                payout={"amount_minor": 2000, "currency": "yuan", "source": "ours"},
            ),
        ),
        "clock negative_resolved names the currency yuan, which is not in the vocabulary",
    ),
    # SL-13: the clock of a ruling never pauses.
    "a ruling whose clock pauses": (
        (puts("clock", "ruling", pauses=True),),
        "clock ruling pauses, and SL-13 never does",
    ),
    "a ruling whose clock rests at night": (
        (puts("clock", "ruling", calendar="cn_office"),),
        "clock ruling rests while its calendar cn_office is closed, and SL-13 never does",
    ),
    # DI-14: a figure stands once.
    "a ruling that is due at another time than it is promised": (
        (
            puts("clock", "ruling", within="PT72H"),
            puts("deadline", "ruling", clock=None, within="PT48H"),
        ),
        "deadline ruling writes a time of its own, and SL-13 is promised by the clock ruling: name "
        "the clock",
    ),
    "a review that is due at another time than it is promised": (
        (puts("deadline", "merchant_review", clock=None, within="PT96H"),),
        "deadline merchant_review writes a time of its own, and SL-14 is promised by the clock "
        "return_review: name the clock",
    ),
    "a deadline with the time of another promise": (
        (puts("deadline", "ruling", clock="return_review"),),
        "deadline ruling has the time of the clock return_review, which is of SL-14 and not of its "
        "source",
    ),
    "an answer of two hours beside a promise of three": (
        (
            puts("clock", "refund_to_balance", within="PT3H"),
            puts("answer", "refund_to_balance", quotes=None, value=2),
        ),
        "answer refund_to_balance writes a figure of its own, and SL-17 is promised by the clock "
        "refund_to_balance or refund_to_card: quote it",
    ),
    "a ruling that is said to come sooner than it is promised": (
        (puts("answer", "ruling", quotes=None, value=24),),
        "answer ruling writes a figure of its own, and SL-13 is promised by the clock ruling: "
        "quote it",
    ),
    "seven days in words beside ten in figures": (
        (
            lambda tables: tables["returns"].update(no_reason_days=10),
            puts(
                "clause",
                "returns.no_reason",
                quotes=None,
                unit=None,
                zh="签收后可以无理由退货。",
                en="Intact goods may be returned within seven days after signing.",
            ),
        ),
        "clause returns.no_reason names a length of time of its own: quote the book's figure, or "
        "name the law it is of as its source",
    ),
    "thirty days in Chinese words": (
        (
            puts(
                "clause",
                "returns.quality",
                quotes=None,
                unit=None,
                zh="商品存在质量问题的，三十日内可以退货。",
                en="Goods with a quality fault may be returned.",
            ),
        ),
        "clause returns.quality names a length of time of its own: quote the book's figure, or "
        "name the law it is of as its source",
    ),
    # Nothing stands in a book that nothing follows from.
    "a class nobody names": (
        (drops("weight", "cross_border_electronics"),),
        "matter cross_border_electronics is named by nothing: no promise, weight or queue differs "
        "for it",
    ),
    "a calendar nobody names": (
        (
            lambda tables: tables["calendar"].append(
                {**row(tables, "calendar", "around_the_clock"), "name": "arbitration"}
            ),
        ),
        "calendar arbitration is named by nothing: no promise or notice is kept by it",
    ),
    "a desk nobody names": (
        (
            lambda tables: tables["desk"].append(
                {**row(tables, "desk", "refund_desk"), "name": "spare_desk"}
            ),
        ),
        "desk spare_desk is named by nothing: it works no queue and is called for nothing",
    ),
    # The vocabulary is the program's own words, each with its names, and closed lists.
    "no vocabulary": (
        (lambda tables: tables.pop("vocabulary"),),
        "vocabulary is missing, and classes of matters are told by it",
    ),
    "a kind without a name": (
        (words("kind", lambda rows: rows.pop()),),
        "vocabulary kind dispute is missing",
    ),
    "a channel the program does not know": (
        (words("channel", lambda rows: rows.append({"id": "fax", "zh": "传真", "en": "Fax"})),),
        "vocabulary channel fax is a word the program does not know",
    ),
    "a category that stands twice": (
        (
            words(
                "category",
                lambda rows: rows.append({**rows[0], "zh": "另一个", "en": "Another"}),
            ),
        ),
        "vocabulary category phones stands twice",
    ),
    "two tiers of one name": (
        (words("tier", lambda rows: rows[0].update(zh=rows[1]["zh"])),),
        "vocabulary tier: two words are called 超级会员 (zh)",
    ),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_a_book_to_come_is_refused_by_table_row_and_reason(name: str) -> None:
    """It is read, as a kept one would be, and not adopted; an editor is told where to look."""
    changes, reason = REFUSED[name]
    with pytest.raises(BookError) as told:
        books.require_adoptable(changed(*changes))
    assert reason in told.value.problems


def test_the_real_book_may_be_adopted() -> None:
    """What is refused above is refused for what was changed."""
    assert soundness.problems(changed()) == []


def test_a_book_that_was_kept_from_before_is_read_as_it_was_meant() -> None:
    """Without vocabulary and with figures of its own it goes on to give what it gave."""
    old = changed(
        lambda tables: tables.pop("vocabulary"),
        puts("deadline", "ruling", clock=None, within="PT47H"),
        puts("answer", "refund_to_balance", quotes=None, value=2),
        puts("answer", "ruling", quotes="deadline.ruling.within"),
        puts("clause", "returns.no_reason", quotes=None, unit=None, zh="七日", en="Seven days."),
    )
    assert old.vocabulary is None
    assert old.within("ruling").total_seconds() == 47 * 3600
    answers = {one.topic: one.value for one in old.answers}
    assert (answers["refund_to_balance"], answers["ruling"]) == (120, 47 * 60)
    clause = old.clause_of("returns.no_reason")
    assert clause is not None
    assert (clause.zh, clause.en) == ("七日", "Seven days.")
    assert BOOK.within("ruling").total_seconds() == 48 * 3600


def test_a_figure_that_is_changed_once_is_changed_everywhere() -> None:
    """DI-14: the promise, the deadline and what is said of it are one figure."""
    book = changed(
        puts("clock", "ruling", within="PT24H"),
        puts("clock", "refund_to_balance", within="PT3H"),
        lambda tables: tables["returns"].update(no_reason_days=10),
    )
    assert books.require_adoptable(book).within("ruling").total_seconds() == 24 * 3600
    answers = {one.topic: one for one in book.answers}
    assert "24 hours" in answers["ruling"].en
    assert "3小时" in answers["refund_to_balance"].zh
    clause = book.clause_of("returns.no_reason")
    assert clause is not None
    assert "10日" in clause.zh
    assert "within 10 days" in clause.en


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (puts("deadline", "ruling", within="PT48H"), "deadline.8 of ruling"),
        (puts("deadline", "ruling", clock=None), "deadline.8 of ruling"),
        (puts("deadline", "ruling", clock="nowhere"), "deadline ruling"),
        (puts("clause", "returns.no_reason", unit=None), "clause.0 of returns.no_reason"),
        (puts("clause", "returns.no_reason", en="Within days."), "clause.0 of returns.no_reason"),
        (puts("clause", "returns.no_reason", quotes="returns.source"), "clause returns.no_reason"),
        (puts("clause", "returns.no_reason", quotes="nothing.here"), "clause returns.no_reason"),
    ],
)
def test_a_row_that_can_not_tell_its_figure_is_read_by_nobody(change: Change, place: str) -> None:
    """A time twice, none, one of nothing: the place is told, and no ticket falls into it."""
    with pytest.raises(BookError) as told:
        changed(change)
    assert any(one.startswith(place) for one in told.value.problems)
