"""Judges of arbitration: who may judge, the ruling, and the one appeal against it."""

from collections import Counter
from collections.abc import Iterable, Sequence

from domain import errors
from domain.commands import (
    AssignArbitrator,
    DecideAppeal,
    FileAppeal,
    IssueRuling,
    RecuseArbitrator,
)
from domain.events import (
    AppealFiled,
    ArbitratorAssigned,
    ArbitratorRecused,
    Event,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
)
from domain.ticket import deadlines, remedies
from domain.ticket.context import Context
from domain.ticket.evidence import appealed, decision_due, require_before_decision
from domain.ticket.files import SIDES
from domain.ticket.guards import guards, owed, require_actor, require_open, require_stage
from domain.ticket.state import EvidenceState, RemedyStep, Ruling, Ticket
from domain.values import (
    BASIS_POINTS,
    ActorKind,
    Party,
    Personal,
    Responsible,
    Share,
    Stage,
)

RECUSALS = frozenset({"knows_party", "handled_before", "interest", "other"})
"""Why an arbitrator steps aside."""


# --- who judges -------------------------------------------------------------------------------


@guards(AssignArbitrator)
def may_assign_arbitrator(ticket: Ticket, _target: str | None, context: Context) -> None:
    """A supervisor names the arbitrator, or one without a conflict takes the matter himself."""
    require_actor(ticket, context, ActorKind.SUPERVISOR, ActorKind.ARBITRATOR)
    require_before_decision(ticket, Stage.INTERVENTION)
    if context.actor.kind is ActorKind.SUPERVISOR:
        return
    if has_conflict(ticket, context.actor.ref):
        raise errors.ConflictOfInterest
    if ticket.arbitrator == context.actor.ref:
        raise errors.AlreadyDone("The matter is yours already.")
    if ticket.arbitrator is not None:
        raise errors.AssignedToAnother


def assign_arbitrator(
    command: AssignArbitrator, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Name who judges this instance; nobody who handled or ruled the matter before."""
    require_actor(ticket, context, ActorKind.SUPERVISOR, ActorKind.ARBITRATOR)
    if ticket.arbitrator == command.arbitrator:
        return ()
    may_assign_arbitrator(ticket, None, context)
    himself = command.arbitrator == context.actor.ref
    if himself is not (context.actor.kind is ActorKind.ARBITRATOR):
        # Supervisors handled the matter by naming somebody; arbitrators name nobody else.
        raise errors.ConflictOfInterest if himself else errors.NotYourRole
    if has_conflict(ticket, command.arbitrator):
        raise errors.ConflictOfInterest
    return (
        ArbitratorAssigned(arbitrator=command.arbitrator, instance=2 if appealed(ticket) else 1),
        *deadlines.met(ticket, "assignment"),
    )


@guards(RecuseArbitrator)
def may_recuse_arbitrator(ticket: Ticket, _target: str | None, context: Context) -> None:
    """Only who is to judge steps aside, a conflict or not, and only before the decision."""
    require_actor(ticket, context, ActorKind.ARBITRATOR)
    require_before_decision(ticket, Stage.INTERVENTION)
    if ticket.arbitrator != context.actor.ref:
        raise errors.AssignedToAnother("The matter is not assigned to you.")


def recuse_arbitrator(
    command: RecuseArbitrator, ticket: Ticket, context: Context
) -> tuple[Event, ...]:
    """Step aside for good; somebody else is to be assigned, while the decision's time runs on."""
    may_recuse_arbitrator(ticket, None, context)
    if command.reason not in RECUSALS:
        raise errors.Unreasonable("The reason is knows_party, handled_before, interest or other.")
    return (
        ArbitratorRecused(arbitrator=context.actor.ref, reason=command.reason),
        deadlines.given(context, "assignment", within=decision_due(ticket, context)),
    )


def has_conflict(ticket: Ticket, arbitrator: str) -> bool:
    """Return whether somebody may not judge: a side, a handler, who ruled before, or recused."""
    handled = {f"{ActorKind.AGENT}:{arbitrator}", f"{ActorKind.SUPERVISOR}:{arbitrator}"}
    return (
        arbitrator in {ticket.buyer, ticket.merchant}
        or arbitrator in ticket.recused
        or arbitrator in ticket.judged
        or not handled.isdisjoint(ticket.handlers)
    )


# --- the ruling -------------------------------------------------------------------------------


@guards(IssueRuling)
def may_issue_ruling(ticket: Ticket, _target: str | None, context: Context) -> None:
    """One ruling a round, by the assigned arbitrator, who has no conflict of interest."""
    require_actor(ticket, context, ActorKind.ARBITRATOR)
    require_stage(ticket, Stage.INTERVENTION)
    if ticket.ruling is not None:
        raise errors.AlreadyDone("The ticket has been ruled on.")
    _require_assigned(ticket, context)


def issue_ruling(command: IssueRuling, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Decide on what is there: who is responsible, what must be done, and why."""
    may_issue_ruling(ticket, None, context)
    _require_reasoned(command, ticket, context)
    _require_decided(command.in_favour_of, command.shares)
    awards = remedies.ordered(command.awards, "ruling", ticket, context)
    ruling = RulingIssued(
        ruling=_next_ruling(ticket),
        in_favour_of=command.in_favour_of,
        shares=command.shares,
        awards=command.awards,
        reasons=_reasons(command.reasons, ticket),
        clauses=command.clauses,
        relied_on=command.relied_on,
        policy=context.book.version,
    )
    window = deadlines.given(context, "appeal")
    if not awards and not owed(ticket):
        return (ruling, window, *deadlines.resolution(ticket, context, "rejected"))
    return (ruling, *deadlines.met(ticket, "ruling", *_asked(ticket)), *awards, window)


# --- the appeal -------------------------------------------------------------------------------


@guards(FileAppeal)
def may_file_appeal(ticket: Ticket, _target: str | None, context: Context) -> None:
    """A side asks once for a review, while the window is open."""
    require_actor(ticket, context, ActorKind.BUYER, ActorKind.MERCHANT)
    require_open(ticket)
    if ticket.ruling is None:
        raise errors.WrongStage("There is no ruling to review.", stage=ticket.stage)
    if ticket.appeal is not None:
        raise errors.AlreadyDone("A ruling is reviewed once.")
    if "appeal" not in ticket.deadlines or deadlines.passed(ticket, "appeal", context):
        raise errors.WindowPassed


def file_appeal(command: FileAppeal, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Ask for a review by another arbitrator; nothing closes before it is decided."""
    may_file_appeal(ticket, None, context)
    assert ticket.ruling is not None, "there is a ruling to review"
    decision = deadlines.given(context, "appeal_ruling")
    return (
        AppealFiled(
            appeal=f"A{ticket.appeals + 1}",
            ruling=ticket.ruling.ruling,
            by=context.actor.party,
            grounds=Personal(command.grounds, subject=f"{context.actor.kind}:{context.actor.ref}"),
            policy=context.book.version,
        ),
        *deadlines.met(ticket, "appeal", "closing"),
        decision,
        deadlines.given(context, "assignment", within=decision.due_at),
    )


@guards(DecideAppeal)
def may_decide_appeal(ticket: Ticket, _target: str | None, context: Context) -> None:
    """A pending appeal is decided by its own arbitrator, who did not rule before."""
    require_actor(ticket, context, ActorKind.ARBITRATOR)
    require_open(ticket)
    if ticket.appeal is None:
        raise errors.WrongStage("No appeal was filed.", stage=ticket.stage)
    if ticket.appeal.decided:
        raise errors.AlreadyDone("The appeal has been decided.")
    _require_assigned(ticket, context)


def decide_appeal(command: DecideAppeal, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Uphold the ruling, or put another in its place and owe what that one awards."""
    may_decide_appeal(ticket, None, context)
    _require_reasoned(command, ticket, context)
    match command.outcome:
        case "upheld":
            decided = _upheld(command, ticket, context)
        case "varied" | "overturned":
            decided = _ruled_anew(command, ticket, context)
        case _:
            raise errors.Unreasonable("An appeal's outcome is upheld, varied or overturned.")
    return decided


def _upheld(command: DecideAppeal, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    assert ticket.appeal is not None, "an appeal waits"
    assert ticket.ruling is not None, "an appeal is against a ruling"
    fact = RulingUpheld(
        appeal=ticket.appeal.appeal,
        ruling=ticket.ruling.ruling,
        reasons=_reasons(command.reasons, ticket),
        clauses=command.clauses,
        relied_on=command.relied_on,
        policy=context.book.version,
    )
    if not owed(ticket):
        return (fact, *deadlines.resolution(ticket, context, remedies.outcome_of(ticket)))
    return (fact, *_answered(ticket))


def _ruled_anew(command: DecideAppeal, ticket: Ticket, context: Context) -> tuple[Event, ...]:
    """Return another ruling: what the first awarded and is not paid gives way to its awards.

    A refund the payment system was told to pay may arrive all the same: it stays, and counts.
    """
    assert ticket.appeal is not None, "an appeal waits"
    _require_decided(command.in_favour_of, command.shares)
    assert command.in_favour_of is not None, "it was checked"
    assert ticket.ruling is not None, "an appeal is against a ruling"
    _require_changed(command, ticket.ruling)
    fact_class = RulingVaried if command.outcome == "varied" else RulingOverturned
    fact = fact_class(
        appeal=ticket.appeal.appeal,
        ruling=_next_ruling(ticket),
        in_favour_of=command.in_favour_of,
        shares=command.shares,
        awards=command.awards,
        reasons=_reasons(command.reasons, ticket),
        clauses=command.clauses,
        relied_on=command.relied_on,
        policy=context.book.version,
    )
    unpaid = [
        name
        for name, one in ticket.remedies.items()
        if one.source == "ruling" and not one.over and one.step is not RemedyStep.INITIATED
    ]
    cancelled = [event for name in unpaid for event in remedies.released(name, "appeal", ticket)]
    awards = remedies.ordered(command.awards, "appeal", ticket, context, released=frozenset(unpaid))
    kept = any(not one.over for name, one in ticket.remedies.items() if name not in unpaid)
    if not awards and not kept:
        end = deadlines.resolution(ticket, context, remedies.outcome_of(ticket))
        return (fact, *cancelled, *end)
    moot = deadlines.met(ticket, *(f"remedy:{name}" for name in unpaid))
    return (fact, *cancelled, *moot, *_answered(ticket), *awards)


def _require_changed(command: DecideAppeal, before: Ruling) -> None:
    """Let a decision pass that does what it says: overturn the ruling, or vary it."""
    if command.outcome == "overturned":
        if command.in_favour_of is before.in_favour_of:
            raise errors.Unreasonable("What is in favour of the same side is varied or upheld.")
        return
    same_shares = set(command.shares) == set(before.shares)
    if same_shares and Counter(command.awards) == Counter(before.awards):
        raise errors.Unreasonable("What changes neither shares nor awards is upheld.")


def _next_ruling(ticket: Ticket) -> str:
    return f"J{len(ticket.rulings) + 1}"


def _answered(ticket: Ticket) -> tuple[Event, ...]:
    """Return that nothing is waited for any more to decide the appeal."""
    return deadlines.met(ticket, "appeal_ruling", "assignment", *_asked(ticket))


# --- what a decision needs --------------------------------------------------------------------


def _require_assigned(ticket: Ticket, context: Context) -> None:
    """Let only the assigned arbitrator pass, and not when he handled or ruled the matter."""
    if has_conflict(ticket, context.actor.ref):
        raise errors.ConflictOfInterest
    if ticket.arbitrator != context.actor.ref:
        raise errors.AssignedToAnother("The matter is not assigned to you.")


def _require_reasoned(
    command: IssueRuling | DecideAppeal, ticket: Ticket, context: Context
) -> None:
    """Let a decision pass that rests on clauses of the book and on evidence both sides know."""
    if not command.clauses:
        raise errors.UnknownClause("A decision names the clauses it applies.")
    if not all(context.book.has_clause(clause) for clause in command.clauses):
        raise errors.UnknownClause
    if not command.relied_on:
        raise errors.UnknownEvidence("A decision names the evidence it relies on.")
    if not all(item in ticket.evidence for item in command.relied_on):
        raise errors.UnknownEvidence
    hidden = {item: sides for item in command.relied_on if (sides := _not_shown(ticket, item))}
    if hidden:
        raise errors.EvidenceNotShown(hidden=hidden)


def _not_shown(ticket: Ticket, item: str) -> list[Party]:
    """Return the sides of the matter that do not know an item."""
    evidence = ticket.evidence[item]
    sides = SIDES if ticket.merchant is not None else (Party.BUYER,)
    if evidence.state is not EvidenceState.ON_RECORD:
        return [one for one in sides if one is not evidence.party]
    return [one for one in sides if one not in evidence.shown_to]


def _require_decided(in_favour_of: Party | None, shares: Sequence[Share]) -> None:
    """Let a decision pass that says for whom it is, and divides the whole responsibility."""
    if in_favour_of not in SIDES:
        raise errors.Unreasonable("A ruling is in favour of buyer or merchant.")
    parties = {share.party for share in shares}
    whole = sum(share.share_bp for share in shares) == BASIS_POINTS
    divided = all(share.share_bp > 0 for share in shares)
    if not (whole and divided and len(parties) == len(shares)):
        raise errors.SharesDoNotAddUp
    if Responsible.UNDETERMINED in parties:
        raise errors.SharesDoNotAddUp("A ruling leaves no share undetermined.")


def _asked(ticket: Ticket) -> Iterable[str]:
    return [name for name in ticket.deadlines if name.startswith("evidence:")]


def _reasons(text: str, ticket: Ticket) -> Personal:
    return Personal(text, subject=f"ticket:{ticket.ticket}")
