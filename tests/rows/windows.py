"""Who has how long: the book's deadlines as practice, or the house, gives them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from domain.values import later
from tests.rows.checks import does
from tests.rows.played import AGENT, BUYER, MERCHANT, MOMENT, SUPERVISOR, Begin, Deed, Ground
from tests.rows.promises import (
    ACCEPTS,
    ASKED,
    COMPLAINED,
    EXCHANGED,
    HOUR,
    INTERVENED,
    MINUTE,
    REFUND_APPROVED,
    RULED,
    SETTLES,
    complaint,
)
from tests.rows.special import opened

DAY = timedelta(days=1)
DEADLINE = "deadline.given"
_REFUSED = INTERVENED[:2]
_MUCH_LATER = Deed(BUYER, "messages", {"text": "The shop is silent."}, after=72 * HOUR)


def _granted(kind: str, **amount: Any) -> tuple[Deed, ...]:
    terms = {"kind": kind, **amount}
    return (ACCEPTS, Deed(SUPERVISOR, "remedies", {"terms": terms}))


def _approved(kind: str, **amount: Any) -> tuple[Deed, ...]:
    return (ACCEPTS, Deed(MERCHANT, "approval", {"terms": {"kind": kind, **amount}}))


class Window(NamedTuple):
    """One figure of time: how a ticket comes to it, and which deadline then shows it."""

    within: timedelta
    deadline: str
    deeds: tuple[Deed, ...] = ()
    ground: Ground = COMPLAINED


_RETURN = Ground(opening=complaint(remedy="return"))
_PRICE = {"amount": {"amount_minor": 399_900, "currency": "CNY"}}
_FIFTY = {"amount": {"amount_minor": 5_000, "currency": "CNY"}}
WINDOWS: Mapping[str, Window] = {
    "acceptance": Window(30 * MINUTE, "acceptance"),
    "answer": Window(HOUR, "answer", (ACCEPTS,), ASKED),
    "merchant_review": Window(72 * HOUR, "merchant_review", (ACCEPTS,)),
    "negotiation": Window(72 * HOUR, "negotiation", _REFUSED),
    "offer": Window(48 * HOUR, "offer:O1", INTERVENED[:3]),
    "intervention": Window(7 * DAY, "intervention", (ACCEPTS, _MUCH_LATER)),
    "assignment": Window(2 * HOUR, "assignment", INTERVENED),
    "evidence": Window(24 * HOUR, "evidence:buyer", INTERVENED),
    "ruling": Window(48 * HOUR, "ruling", INTERVENED),
    "appeal": Window(7 * DAY, "appeal", (*INTERVENED, *RULED)),
    "appeal_ruling": Window(
        72 * HOUR,
        "appeal_ruling",
        (*INTERVENED, *RULED, Deed(MERCHANT, "appeals", {"grounds": "It was opened."})),
    ),
    "closing": Window(7 * DAY, "closing", (SETTLES,), ASKED),
    "refund": Window(12 * HOUR, "remedy:R1", REFUND_APPROVED),
    "return": Window(7 * DAY, "remedy:R1", _approved("return", **_PRICE), _RETURN),
    "return_inspection": Window(
        48 * HOUR,
        "remedy:R1",
        EXCHANGED[:4],
        Ground(opening=complaint(remedy="exchange")),
    ),
    "exchange": Window(
        48 * HOUR,
        "remedy:R1",
        EXCHANGED[:2],
        Ground(opening=complaint(remedy="exchange")),
    ),
    "repair": Window(15 * DAY, "remedy:R1", _granted("repair")),
    "reshipment": Window(48 * HOUR, "remedy:R1", _granted("reshipment")),
    "compensation": Window(12 * HOUR, "remedy:R1", _granted("compensation", **_FIFTY)),
    "coupon": Window(2 * HOUR, "remedy:R1", _granted("coupon", **_FIFTY)),
}
"""By the book's name of the deadline; reopening is a window without one."""


def a_deadline_is_given_as_long_as_practice_says(begin: Begin, name: str) -> None:
    """The due instant of a deadline that was just given."""
    window = WINDOWS[name]
    played = opened(begin, window.ground)
    does(played, *window.deeds)
    given = [one for one in played.facts(DEADLINE) if one.data["deadline"] == window.deadline]
    assert given[-1].data["due_at"] == later(played.now, window.within), name


def a_matter_comes_back_within_fifteen_days(begin: Begin) -> None:
    """A microsecond before the 15 days are over it is reopened; then it is not."""
    for within, may in ((15 * DAY - MOMENT, True), (15 * DAY, False)):
        played = opened(begin, ASKED)
        does(played, SETTLES)
        played.move_to(later(played.now, within))
        reopening = Deed(BUYER, "reopening")
        if may:
            does(played, reopening)
        else:
            played.refused(reopening, code="window_passed")
        assert len(played.facts("ticket.reopened")) == may


def what_comes_on_top_is_thirty_percent_and_an_agents_gift_fifty_yuan(begin: Begin) -> None:
    """RE-16, RE-11: to the fen, on a line of 3,999.00 yuan."""
    for who, most in ((SUPERVISOR, 119_970), (AGENT, 5_000)):
        played = opened(begin, COMPLAINED)
        does(played, ACCEPTS)
        played.refused(_coupon(who, most + 1), code="cap_exceeded")
        does(played, _coupon(who, most))


def _coupon(who: str, minor: int) -> Deed:
    terms = {"kind": "coupon", "amount": {"amount_minor": minor, "currency": "CNY"}}
    return Deed(who, "remedies", {"terms": terms})


def the_question_after_a_matter_is_due_in_seven_days(begin: Begin) -> None:
    """CL-02: from the resolution on."""
    played = opened(begin, ASKED)
    does(played, SETTLES)
    [scheduled] = played.facts("survey.scheduled")
    assert scheduled.data["due_at"] == later(played.now, 7 * DAY)


def a_low_rating_lays_the_journey_out(begin: Begin) -> None:
    """CL-09: a recommendation up to six, and a mark up to two; not one more."""
    for score, low in ((6, 1), (7, 0)):
        played = opened(begin, ASKED)
        does(played, SETTLES)
        played.move_to(later(played.now, 7 * DAY))
        does(played, Deed(BUYER, "nps", {"score": score}))
        assert len(played.facts("journey.laid_out")) == low
    for mark, low in ((2, 1), (3, 0)):
        played = opened(begin, ASKED)
        does(played, SETTLES)
        marks = {"result": mark, "speed": 5, "attitude": 5}
        does(played, Deed(BUYER, "satisfaction", marks))
        assert len(played.facts("journey.laid_out")) == low


KINDS: Mapping[str, int] = {"consultation": 4, "complaint": 3, "dispute": 2}
"""What a matter weighs before anything else is known of it."""


def a_matter_comes_in_with_the_priority_of_its_kind(begin: Begin, kind: str) -> None:
    """The opening itself names a priority; what is computed follows in the same append."""
    played = opened(begin, Ground(opening={"kind": kind, "scenario": "service"}))
    assert played.facts("ticket.opened")[0].data["priority"] == KINDS[kind]
