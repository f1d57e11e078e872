"""A trainee's ruling held against the real one: what may be given at all, and what differs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from domain import errors
from domain.commands import AnswerKey, Room
from domain.events import TrainingCompared
from domain.ticket.cap import ON_TOP, PRICE_BACK
from domain.ticket.files import SIDES
from domain.values import (
    BASIS_POINTS,
    Decided,
    Part,
    Points,
    RemedyDifference,
    Responsible,
    Share,
    ShareDifference,
    Terms,
    Verdict,
)

SAME: Final = "same"
AMOUNT_DIFFERS: Final = "amount_differs"
MISSED: Final = "missed"
EXTRA: Final = "extra"
_RULED: Final = frozenset({Decided.RULING, Decided.APPEAL})


def sound(given: Verdict, key: AnswerKey) -> Verdict:
    """Return a trainee's ruling in its one form, or refuse what no decision can be.

    Above the cap it is compared and told so: that is what a trainee is to learn.
    """
    source = key.decided is Decided.SOURCE
    if source is not (given.outcome is not None):
        wanted = "An outcome is asked here." if source else "No outcome is asked here."
        raise errors.Unreasonable(wanted)
    if key.decided in _RULED:
        _require_ruling(given)
    if given.in_favour_of not in {None, *SIDES}:
        raise errors.Unreasonable("A ruling is in favour of buyer or merchant.")
    if given.shares:
        _require_whole(given.shares)
    if not set(given.clauses) <= set(key.clauses):
        raise errors.UnknownClause
    if not set(given.relied_on) <= set(key.evidence):
        raise errors.UnknownEvidence
    return Verdict(
        in_favour_of=given.in_favour_of,
        shares=tuple(sorted(given.shares, key=lambda one: one.party)),
        awards=tuple(_exact(one, key.rooms) for one in given.awards),
        clauses=tuple(sorted(set(given.clauses))),
        relied_on=tuple(sorted(set(given.relied_on))),
        outcome=given.outcome,
    )


def compared(given: Verdict, key: AnswerKey) -> TrainingCompared:
    """Return what differs between a sound ruling and the real decision, and what it is worth."""
    real = replace(key.real, awards=tuple(_with_line(one, key.rooms) for one in key.real.awards))
    shares = _shares(given, real)
    remedies = _remedies(given.awards, real.awards)
    within_cap = _within_cap(given.awards, key.rooms)
    found = {
        Part.FAVOUR: (int(given.in_favour_of is real.in_favour_of), 1),
        Part.SHARES: _agreeing_bp(shares),
        Part.REMEDIES: _agreeing(remedies) if within_cap else (0, 1),
        Part.CLAUSES: _common(given.clauses, real.clauses),
        Part.EVIDENCE: _common(given.relied_on, real.relied_on),
        Part.OUTCOME: (int(given.outcome == real.outcome), 1),
    }
    points = tuple(
        Points(one.part, one.of * found[one.part][0] // found[one.part][1], one.of)
        for one in key.worth
    )
    return TrainingCompared(
        real=real,
        shares=shares,
        remedies=remedies,
        clauses_missed=_without(real.clauses, given.clauses),
        clauses_extra=_without(given.clauses, real.clauses),
        evidence_missed=_without(real.relied_on, given.relied_on),
        evidence_extra=_without(given.relied_on, real.relied_on),
        within_cap=within_cap,
        policy=key.policy,
        points=points,
        score=100 * sum(one.points for one in points) // sum(one.of for one in points),
        scoring=key.scoring,
    )


# --- what no decision can be ------------------------------------------------------------------


def _require_ruling(given: Verdict) -> None:
    """Let a ruling pass that says for whom it is, who bears what, and on what it rests."""
    if given.in_favour_of is None:
        raise errors.Unreasonable("A ruling is in favour of buyer or merchant.")
    if not given.shares:
        raise errors.SharesDoNotAddUp
    if not given.clauses:
        raise errors.UnknownClause("A decision names the clauses it applies.")
    if not given.relied_on:
        raise errors.UnknownEvidence("A decision names the evidence it relies on.")


def _require_whole(shares: Sequence[Share]) -> None:
    """Let shares pass that divide the whole among parties that are determined."""
    parties = {one.party for one in shares}
    whole = sum(one.share_bp for one in shares) == BASIS_POINTS
    divided = all(one.share_bp > 0 for one in shares) and len(parties) == len(shares)
    if not (whole and divided) or Responsible.UNDETERMINED in parties:
        raise errors.SharesDoNotAddUp


def _exact(terms: Terms, rooms: Sequence[Room]) -> Terms:
    """Return terms with their line, after checking line, amount and currency."""
    if terms.kind not in PRICE_BACK | ON_TOP:
        if terms.amount is not None:
            raise errors.AmountNotAllowed
        return _with_line(terms, rooms)
    if terms.amount is None or terms.amount.amount_minor <= 0:
        raise errors.AmountRequired
    if not rooms:
        raise errors.NothingToRefund("The matter is about no order: no money can be given back.")
    exact = _with_line(terms, rooms)
    if exact.line is None:
        raise errors.LineRequired
    room = {one.line: one for one in rooms}.get(exact.line)
    if room is None:
        raise errors.UnknownLine
    if room.refund.currency != terms.amount.currency:
        raise errors.CurrencyDiffers
    return exact


def _with_line(terms: Terms, rooms: Sequence[Room]) -> Terms:
    """Return terms with the line of an order that has only one."""
    if terms.line is not None or len(rooms) != 1:
        return terms
    return replace(terms, line=rooms[0].line)


def _within_cap(awards: Sequence[Terms], rooms: Sequence[Room]) -> bool:
    """Return whether the lines had room for what is given back and on top."""
    taken: Counter[tuple[str | None, bool]] = Counter()
    for one in awards:
        if one.amount is not None:
            taken[one.line, one.kind in PRICE_BACK] += one.amount.amount_minor
    left: Mapping[tuple[str | None, bool], int] = {
        (room.line, refund): (room.refund if refund else room.payout).amount_minor
        for room in rooms
        for refund in (True, False)
    }
    return all(amount <= left.get(where, 0) for where, amount in taken.items())


# --- what differs -----------------------------------------------------------------------------


def _shares(given: Verdict, real: Verdict) -> tuple[ShareDifference, ...]:
    ours = {one.party: one.share_bp for one in given.shares}
    theirs = {one.party: one.share_bp for one in real.shares}
    return tuple(
        ShareDifference(party, ours.get(party, 0), theirs.get(party, 0))
        for party in sorted(ours.keys() | theirs.keys())
    )


def _remedies(given: Sequence[Terms], real: Sequence[Terms]) -> tuple[RemedyDifference, ...]:
    """Return remedies side by side: the same first, then those of a kind, then what is alone."""
    same = Counter(given) & Counter(real)
    ours = list((Counter(given) - same).elements())
    theirs = list((Counter(real) - same).elements())
    found = [RemedyDifference(one.kind, SAME, one.amount, one.amount) for one in same.elements()]
    for one in list(ours):
        other = next((it for it in theirs if (it.kind, it.line) == (one.kind, one.line)), None)
        if other is not None:
            ours.remove(one)
            theirs.remove(other)
            found.append(RemedyDifference(one.kind, AMOUNT_DIFFERS, one.amount, other.amount))
    found += [RemedyDifference(one.kind, EXTRA, one.amount) for one in ours]
    found += [RemedyDifference(one.kind, MISSED, None, one.amount) for one in theirs]
    return tuple(found)


def _agreeing_bp(shares: Sequence[ShareDifference]) -> tuple[int, int]:
    """Return how much of the whole both give to the same parties."""
    return sum(min(one.given_bp, one.real_bp) for one in shares), BASIS_POINTS


def _agreeing(remedies: Sequence[RemedyDifference]) -> tuple[int, int]:
    """Return two for each remedy that is the same and one where the amount differs, of two each."""
    worth = {SAME: 2, AMOUNT_DIFFERS: 1}
    return (
        (sum(worth.get(one.found, 0) for one in remedies), 2 * len(remedies))
        if remedies
        else (
            1,
            1,
        )
    )


def _common(given: Sequence[str], real: Sequence[str]) -> tuple[int, int]:
    """Return how many both name of all that either names."""
    ours, theirs = set(given), set(real)
    return (len(ours & theirs), len(ours | theirs)) if ours | theirs else (1, 1)


def _without(some: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(some) - set(others)))
