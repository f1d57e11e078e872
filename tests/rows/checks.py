"""Plays a promise: kept just inside, broken at its instant, at rest for the buyer or not at all."""

from datetime import timedelta

from domain.values import Instant, later
from tests.rows.played import AGENT, MOMENT, Begin, Deed, Played
from tests.rows.promises import ACCEPTS, Promise

WHOLE = 10_000
LATER = timedelta(hours=1)
WAITS = Deed(AGENT, "wait", {"on": "buyer", "why": "photo_asked_for"})
WAITS_NO_MORE = Deed(AGENT, "wait/end")
_NEEDS_ACCEPTANCE = frozenset({"messages", "answers", "plans"})


def does(played: Played, *deeds: Deed) -> None:
    """Do one thing after another, each in its time; the desk takes up what it works on."""
    for deed in deeds:
        if deed.after:
            played.move_to(later(played.now, deed.after))
        mine = deed.who == AGENT and deed.path in _NEEDS_ACCEPTANCE | {"wait"}
        if mine or deed.who == "merchant:m-1":
            take_up(played)
        played.do(deed)


def take_up(played: Played) -> None:
    """Have the desk take the matter up unless it has."""
    if not played.facts("ticket.accepted"):
        played.do(ACCEPTS)


def begun(played: Played, promise: Promise) -> Instant:
    """Bring a matter to where the promise runs; return when it is due, as practice says."""
    played.begin(promise.ground)
    does(played, *promise.starts)
    due_at = later(played.now, promise.within)
    started = played.facts("clock.started", promise.clock)
    assert [(one.data["row"], one.data["due_at"]) for one in started] == [(promise.row, due_at)]
    shown = played.running(promise.clock)
    assert shown is not None, f"the queue knows nothing of {promise.clock}"
    assert (shown.due_at, shown.awaits, shown.missed) == (due_at, promise.awaits, False)
    return due_at


def kept_in_its_last_moment(begin: Begin, promise: Promise) -> None:
    """What is asked for happens a microsecond before the promise is due: it is kept."""
    played = begin()
    due_at = begun(played, promise)
    played.move_to(later(due_at, -MOMENT))
    does(played, *promise.keeps)
    [stopped] = played.facts("clock.stopped", promise.clock)
    assert stopped.data["kept"] is True
    assert stopped.data["elapsed_s"] == promise.within // timedelta(seconds=1) - 1
    assert played.running(promise.clock) is None
    played.move_to(due_at)
    for topic in ("clock.breached", "ticket.escalated", "payout.owed"):
        assert played.facts(topic, promise.clock) == []


def broken_at_its_instant(begin: Begin, promise: Promise) -> None:
    """Warned of at its shares, broken once at its due instant, and what that leads to."""
    played = begin()
    due_at = begun(played, promise)
    clock, since = promise.clock, later(due_at, -promise.within)
    for number, share in enumerate(promise.warns):
        at = later(since, promise.within * share / WHOLE)
        played.move_to(later(at, -MOMENT))
        assert len(played.facts("clock.warned", clock)) == number
        played.move_to(at)
        assert len(played.facts("clock.warned", clock)) == number + 1
        warned = played.facts("clock.warned", clock)[-1]
        assert (warned.at, warned.data["due_at"], warned.data["share_bp"]) == (at, at, share)
        assert warned.data["to"] == promise.escalates_to
    played.move_to(later(due_at, -MOMENT))
    assert len(played.facts("clock.warned", clock)) == len(promise.warns)
    assert played.facts("clock.breached", clock) == []
    played.move_to(due_at)
    _led_to_what_it_must(played, promise, due_at)
    played.move_to(later(due_at, LATER))
    _led_to_what_it_must(played, promise, due_at)
    does(played, *promise.keeps)
    [stopped] = played.facts("clock.stopped", clock)
    assert stopped.data["kept"] is False
    assert stopped.data["elapsed_s"] == (promise.within + LATER) // timedelta(seconds=1)


def _led_to_what_it_must(played: Played, promise: Promise, due_at: Instant) -> None:
    """A breach is one, whatever is looked at again later."""
    clock = promise.clock
    breaches = played.facts("clock.breached", clock)
    told = [(one.at, one.data["due_at"], one.data["row"]) for one in breaches]
    assert told == [(due_at, due_at, promise.row)]
    desks = [one.data["to"] for one in played.facts("ticket.escalated", clock)]
    assert desks == ([] if promise.escalates_to is None else [promise.escalates_to])
    owed = [one.data["amount"] for one in played.facts("payout.owed", clock)]
    assert owed == ([] if promise.owes is None else [promise.owes])
    if promise.moves_to is not None:
        assert played.queue() == promise.moves_to
    shown = played.running(clock)
    assert shown is not None
    assert shown.missed


def rests_for_the_buyer_or_not(begin: Begin, promise: Promise) -> None:
    """SL-25: a day in which the buyer is waited for counts, or does not count."""
    played = begin()
    due_at = begun(played, promise)
    played.move_to(later(due_at, -promise.within / 2))
    does(played, WAITS)
    played.move_to(later(due_at, timedelta(days=1)))
    if not promise.rests:
        assert len(played.facts("clock.breached", promise.clock)) == 1
        assert played.facts("clock.paused", promise.clock) == []
        return
    assert played.facts("clock.breached", promise.clock) == []
    does(played, WAITS_NO_MORE)
    left = later(played.now, promise.within / 2)
    shown = played.running(promise.clock)
    assert shown is not None
    assert shown.due_at == left
    played.move_to(later(left, -MOMENT))
    assert played.facts("clock.breached", promise.clock) == []
    played.move_to(left)
    assert len(played.facts("clock.breached", promise.clock)) == 1


def driven(begin: Begin, promise: Promise) -> None:
    """Drive a promise by every figure of its row, just inside and just outside."""
    kept_in_its_last_moment(begin, promise)
    broken_at_its_instant(begin, promise)
    if promise.rests is not None:
        rests_for_the_buyer_or_not(begin, promise)
