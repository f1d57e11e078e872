"""Whether goods may go back, by which clause, and the steps that lead there; no fact is made here.

The steps are what an explanation quotes: "can this bag be returned?" gets an exact answer (DI-07).
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import msgspec

from domain.policies.book import Returns
from domain.policies.returns import ReturnException
from domain.values import Instant, Reason, moment_of

QUALITY: Final = frozenset(
    {
        Reason.NOT_AS_DESCRIBED,
        Reason.QUALITY_FAULT,
        Reason.DAMAGED,
        Reason.WRONG_ITEM,
        Reason.MISSING_PARTS,
        Reason.COUNTERFEIT,
    }
)
"""Reasons for which the goods themselves are at fault: the longer window is theirs."""


class Step(msgspec.Struct, frozen=True):
    """One question on the way to the answer."""

    asked: str
    """signed, fault, category, opened or days."""
    found: str
    holds: bool | None
    """Whether it speaks for the return; None where it only chooses what is asked next."""


class Eligibility(msgspec.Struct, frozen=True):
    """Whether goods may go back, and why."""

    eligible: bool
    clause: str
    steps: tuple[Step, ...]
    days_since_signing: int | None = None
    window_days: int | None = None
    if_unopened: bool = False
    """Whether it is so only as long as the goods have not been opened, which nobody has said."""


def judge_return(
    *,
    reason: Reason,
    category: str,
    signed_at: Instant | None,
    opened: bool | None,
    now: Instant,
    returns: Returns,
    exceptions: Sequence[ReturnException] = (),
) -> Eligibility:
    """Return whether goods of a category may go back now, by the book's rule and exceptions."""
    if signed_at is None:
        return Eligibility(
            eligible=False,
            clause="returns.not_signed",
            steps=(Step("signed", "no", holds=False),),
        )
    since = moment_of(now) - moment_of(signed_at)
    steps = (Step("signed", signed_at, holds=None), Step("fault", reason, holds=None))
    general = _exception(exceptions, category, opened=False)
    if reason in QUALITY:
        days = general.quality_days if general and general.quality_days else returns.quality_days
        return _in_time("returns.quality", steps, since, days)
    if category in returns.excluded_categories or (general and general.no_reason_days == 0):
        clause = general.clause if general else "returns.excluded"
        return _never(clause, (*steps, Step("category", category, holds=False)), since)
    when_opened = _exception(exceptions, category, opened=True)
    return _without_reason(
        (*steps, Step("category", category, holds=True)),
        since,
        opened=opened,
        days=general.no_reason_days if general else returns.no_reason_days,
        clause=general.clause if general else "returns.no_reason",
        when_opened=when_opened,
    )


def _without_reason(
    steps: tuple[Step, ...],
    since: timedelta,
    *,
    opened: bool | None,
    days: int,
    clause: str,
    when_opened: ReturnException | None,
) -> Eligibility:
    if when_opened is None:
        return _in_time(clause, steps, since, days)
    if opened is None:
        asked = Step("opened", "unknown", holds=None)
        return _in_time(clause, (*steps, asked), since, days, if_unopened=True)
    if not opened:
        return _in_time(clause, (*steps, Step("opened", "no", holds=True)), since, days)
    if when_opened.no_reason_days == 0:
        return _never(when_opened.clause, (*steps, Step("opened", "yes", holds=False)), since)
    asked = Step("opened", "yes", holds=True)
    return _in_time(when_opened.clause, (*steps, asked), since, when_opened.no_reason_days)


def _never(clause: str, steps: tuple[Step, ...], since: timedelta) -> Eligibility:
    return Eligibility(eligible=False, clause=clause, steps=steps, days_since_signing=since.days)


def _in_time(
    clause: str, steps: tuple[Step, ...], since: timedelta, days: int, *, if_unopened: bool = False
) -> Eligibility:
    in_time = since <= timedelta(days=days)
    return Eligibility(
        eligible=in_time,
        clause=clause if in_time else "returns.window_passed",
        steps=(*steps, Step("days", f"{since.days} of {days}", holds=in_time)),
        days_since_signing=since.days,
        window_days=days,
        if_unopened=in_time and if_unopened,
    )


def _exception(
    exceptions: Sequence[ReturnException], category: str, *, opened: bool
) -> ReturnException | None:
    return next(
        (one for one in exceptions if (one.category, one.opened) == (category, opened)), None
    )
