"""Whether goods may go back, by which clause, and the steps that say so (DI-07)."""

import tomllib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from domain.policies.book import Returns
from domain.policies.returns import ReturnException, problems
from domain.ticket.eligibility import QUALITY, Eligibility, judge_return
from domain.values import Reason, instant
from tests.domain.words import TABLES, table

SIGNED = datetime(2026, 11, 1, 12, tzinfo=UTC)
RETURNS = Returns(
    no_reason_days=7, quality_days=30, excluded_categories=("custom_made",), source="ours"
)
LONGER = ReturnException(category="bags", no_reason_days=15, clause="returns.longer", source="ours")
OPENED = ReturnException(
    category="cosmetics", opened=True, no_reason_days=0, clause="returns.opened", source="ours"
)
OPENED_SHORTER = OPENED.model_copy(update={"category": "toys", "no_reason_days": 2})
FRESH = ReturnException(
    category="fresh", no_reason_days=0, quality_days=2, clause="returns.fresh", source="ours"
)


def _judged(days: int = 0, seconds: int = 0, **changes: Any) -> Eligibility:
    asked: dict[str, Any] = {
        "reason": Reason.CHANGED_MIND,
        "category": "phones",
        "signed_at": instant(SIGNED),
        "opened": None,
        "now": instant(SIGNED + timedelta(days=days, seconds=seconds)),
        "returns": RETURNS,
        "exceptions": (LONGER, OPENED, OPENED_SHORTER, FRESH),
    }
    return judge_return(**{**asked, **changes})


@pytest.mark.parametrize(
    ("changes", "days", "clause"),
    [
        ({}, 7, "returns.no_reason"),
        ({"reason": Reason.QUALITY_FAULT}, 30, "returns.quality"),
        ({"category": "bags"}, 15, "returns.longer"),
        ({"category": "bags", "reason": Reason.DAMAGED}, 30, "returns.quality"),
        ({"category": "cosmetics", "opened": False}, 7, "returns.no_reason"),
        ({"category": "toys", "opened": True}, 2, "returns.opened"),
        ({"category": "fresh", "reason": Reason.QUALITY_FAULT}, 2, "returns.quality"),
        ({"category": "custom_made", "reason": Reason.WRONG_ITEM}, 30, "returns.quality"),
    ],
)
def test_goods_go_back_until_their_last_day_and_not_a_second_longer(
    changes: dict[str, Any], days: int, clause: str
) -> None:
    """Each figure just inside and just outside."""
    inside, outside = _judged(days, **changes), _judged(days, 1, **changes)
    assert (inside.eligible, inside.clause, inside.window_days) == (True, clause, days)
    assert (outside.eligible, outside.clause) == (False, "returns.window_passed")
    assert outside.steps[-1].found == f"{days} of {days}"


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"signed_at": None}, "returns.not_signed"),
        ({"category": "custom_made"}, "returns.excluded"),
        ({"category": "fresh"}, "returns.fresh"),
        ({"category": "cosmetics", "opened": True}, "returns.opened"),
    ],
)
def test_what_never_goes_back_without_a_reason_names_its_own_clause(
    changes: dict[str, Any], clause: str
) -> None:
    """The answer is exact: which rule, not only no."""
    found = _judged(**changes)
    assert (found.eligible, found.clause) == (False, clause)
    assert found.steps[-1].holds is False


def test_an_answer_that_hangs_on_the_seal_says_so() -> None:
    """Nobody has said whether the goods were opened: yes, as long as they were not."""
    unknown = _judged(category="cosmetics")
    assert unknown.eligible
    assert unknown.if_unopened
    assert not _judged(category="cosmetics", opened=False).if_unopened
    assert not _judged(8, category="cosmetics").if_unopened
    assert not _judged(category="phones").if_unopened


@pytest.mark.parametrize("opened", [True, False, None])
@pytest.mark.parametrize("reason", sorted(QUALITY))
def test_a_fault_does_not_ask_for_the_seal(reason: Reason, opened: bool | None) -> None:  # noqa: FBT001 - a case, not a switch
    """A fault is found by opening."""
    found = _judged(category="cosmetics", reason=reason, opened=opened)
    assert (found.eligible, found.clause) == (True, "returns.quality")
    assert "opened" not in [step.asked for step in found.steps]


def test_the_steps_lead_from_the_facts_to_the_answer() -> None:
    """An explanation quotes them in this order."""
    found = _judged(3, category="cosmetics", opened=False)
    assert [(step.asked, step.found, step.holds) for step in found.steps] == [
        ("signed", instant(SIGNED), None),
        ("fault", "changed_mind", None),
        ("category", "cosmetics", True),
        ("opened", "no", True),
        ("days", "3 of 7", True),
    ]
    assert found.days_since_signing == 3


def test_without_exceptions_the_general_rule_stands_alone() -> None:
    """Books that were adopted before there were exceptions are read as they were meant."""
    found = _judged(category="cosmetics", opened=True, exceptions=())
    assert (found.eligible, found.clause) == (True, "returns.no_reason")


def _exceptions() -> tuple[ReturnException, ...]:
    return tuple(
        ReturnException.model_validate(one) for one in table("returns")["return_exception"]
    )


def test_the_exceptions_of_the_book_are_whole() -> None:
    """The book that comes with the program passes its own proof."""
    clauses = frozenset(
        clause["id"]
        for path in TABLES.glob("*.toml")
        for clause in tomllib.loads(path.read_text(encoding="utf-8")).get("clause", [])
    )
    assert problems(_exceptions(), excluded=(), clauses=clauses) == []


def test_exceptions_that_contradict_are_told() -> None:
    """One case has one rule, and every rule a clause."""
    assert problems((OPENED, OPENED), excluded=(), clauses=frozenset({"returns.opened"})) == [
        "return_exception cosmetics stands twice for opened goods"
    ]
    assert problems((LONGER,), excluded=("bags",), clauses=frozenset()) == [
        "return_exception bags names the unknown clause returns.longer",
        "return_exception bags has a time, and the category is excluded",
    ]


def test_opening_does_not_shorten_the_time_for_faults() -> None:
    """Whoever finds a fault has opened the goods."""
    with pytest.raises(ValidationError, match="found by opening"):
        ReturnException.model_validate({**OPENED.model_dump(), "quality_days": 3})
