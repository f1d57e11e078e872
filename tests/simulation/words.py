"""Commands that nothing can be said against, for whatever the state is; no test is here."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from domain import commands
from domain.commands import RemedyCommand, TicketCommand
from domain.milestones import Milestone
from domain.ticket import cap
from domain.ticket.arbitration import has_conflict
from domain.ticket.facts import REPORTERS, WAITED_FOR
from domain.ticket.remedies.ordering import goodwill
from domain.ticket.state import Ticket
from domain.values import (
    Actor,
    ActorKind,
    EvidenceKind,
    HoldGround,
    Kind,
    Party,
    PlanLevel,
    RemedyKind,
    Responsible,
    Stage,
    Terms,
    Urgency,
    later,
)
from tests.domain.play import (
    BOOK,
    PAID,
    appeal_decision,
    attachment,
    cny,
    ruling,
    staging,
    terms,
)
from tests.simulation.cast import SAYINGS
from tests.simulation.watched import Watched


class Arguments:
    """Makes the arguments of commands fit what is there."""

    play: Watched

    def left(self, kind: RemedyKind) -> int:
        """What may still be taken of the line for a kind of remedy."""
        line = self.play.order.lines["L1"]
        room = cap.left(line, self.play.order.grants, self.play.book, refund=kind in cap.PRICE_BACK)
        return room.amount_minor

    def some_terms(self, choice: int, *, at_most: int = PAID) -> Terms:
        """A remedy that fits what is left."""
        kind = list(RemedyKind)[choice % len(RemedyKind)]
        if kind not in cap.PRICE_BACK | cap.ON_TOP:
            return terms(kind)
        room = min(self.left(kind), at_most)
        return terms(RemedyKind.REPAIR) if room == 0 else terms(kind, choice % room + 1)

    def small_gift(self, ticket: Ticket, choice: int) -> Terms | None:
        """What an agent may still give of what is left, and not goods; None where that is none."""
        authority = max(0, BOOK.cap.goodwill_minor - goodwill(ticket))
        kinds = (RemedyKind.REFUND, *sorted(cap.ON_TOP))
        for kind in kinds[choice % 3 :] + kinds[: choice % 3]:
            room = min(self.left(kind), authority)
            if room > 0:
                return terms(kind, choice % room + 1)
        return None

    def a_queue(self, ticket: Ticket, choice: int) -> str:
        """A queue of the book."""
        known = [one.name for one in self.play.book.queue] or ["none"]
        return known[choice % len(known)]

    def other_book(self, ticket: Ticket) -> str:
        """A book the ticket can be moved to: another one where there is another."""
        versions = [one.version for one in (self.play.book, *self.play.others)]
        return next((one for one in versions if one != ticket.policy), ticket.policy)

    def a_fact(self, ticket: Ticket, actor: Actor, choice: int) -> dict[str, Any]:
        """Something the actor may report, now or a while ago, or again as it is on record."""
        mine = [one for one, kinds in REPORTERS.items() if actor.kind in kinds]
        fact = mine[choice % len(mine)] if mine else Milestone.ON_SITE
        ago = timedelta(minutes=choice % 300 - 2)
        occurred_at = ticket.milestones.get(fact, later(self.play.now, -ago))
        return {"fact": fact, "occurred_at": occurred_at}

    def good(
        self,
        command: type[TicketCommand],
        target: str | None,
        actor: Actor,
        ticket: str,
        choice: int,
    ) -> TicketCommand:
        """A command whose arguments nothing can be said against."""
        known = self.play.tickets[ticket]
        words = _WORDS.get(command, lambda _machine, _ticket, _choice: {})
        arguments: dict[str, Any] = words(self, known, choice)
        if command is commands.ReportFact:
            arguments = self.a_fact(known, actor, choice)
        if target is not None:
            arguments[_target_field(command)] = target
        if command is commands.AssignArbitrator and actor.kind is ActorKind.ARBITRATOR:
            arguments["arbitrator"] = actor.ref
        if command is commands.GrantRemedy and actor.kind is ActorKind.AGENT:
            arguments["terms"] = self.small_gift(known, choice) or arguments["terms"]
        if command is commands.DiscloseEvidence:
            item = known.evidence.get(target or "")
            hidden = item is not None and Party.BUYER not in item.shown_to
            arguments["to"] = Party.BUYER if hidden else Party.MERCHANT
        return command(ticket=ticket, **arguments)


Words = Callable[[Arguments, Ticket, int], dict[str, Any]]


def _awards(machine: Arguments, choice: int) -> tuple[Terms, ...]:
    """None, one or two awards that fit together."""
    one = machine.some_terms(choice, at_most=PAID // 10)
    other = terms(RemedyKind.RESHIPMENT)
    return ((), (one,), (one, other))[choice % 3]


def _item(_machine: Arguments, _ticket: Ticket, choice: int) -> dict[str, Any]:
    command = staging(f"photo {choice % 7}", confidential=choice % 2 == 0)
    return {
        "kind": command.kind,
        "attachment": command.attachment,
        "obtained": command.obtained,
        "confidential": command.confidential,
    }


def _approval(machine: Arguments, ticket: Ticket, _choice: int) -> dict[str, Any]:
    """What is claimed, or else a repair."""
    kind = ticket.remedy or RemedyKind.REPAIR
    if kind not in cap.PRICE_BACK | cap.ON_TOP:
        return {"terms": terms(kind)}
    amount = ticket.claim or cny(machine.left(kind))
    return {"terms": Terms(kind=kind, amount=amount)}


def _answer(_machine: Arguments, ticket: Ticket, choice: int) -> dict[str, Any]:
    owed = any(not one.over for one in ticket.remedies.values())
    final = ticket.stage is Stage.INTAKE and not owed and choice % 5 == 0
    return {"text": "We looked into it.", "resolves": final}


def _departments(machine: Arguments, _ticket: Ticket, choice: int) -> dict[str, Any]:
    known = [one.name for one in machine.play.book.department] or ["none"]
    return {"departments": tuple(known[: choice % len(known) + 1]), "question": "Which lot?"}


def _somebody(_machine: Arguments, ticket: Ticket, choice: int) -> dict[str, Any]:
    """An arbitrator without a conflict."""
    names = (f"judge-{number}" for number in range(choice % 3 + 1, 99))
    return {"arbitrator": next(one for one in names if not has_conflict(ticket, one))}


def _decision(machine: Arguments, ticket: Ticket, choice: int) -> dict[str, Any]:
    outcome = ("upheld", "varied", "overturned")[choice % 3]
    usual = appeal_decision(outcome, *_awards(machine, choice // 3))
    first = ticket.ruling
    if first is not None and first.reviews is None:
        assert first.in_favour_of is not usual.in_favour_of, "it decides otherwise"
    return _fields(usual)


def _reference(ticket: Ticket) -> str:
    """A payment that completed nothing yet."""
    return f"p-{ticket.version}"


def _fields(command: TicketCommand) -> dict[str, Any]:
    return {
        name: getattr(command, name)
        for name in command.__struct_fields__
        if name not in {"ticket", "remedy", "offer", "item", "request"}
    }


def _target_field(command: type[TicketCommand]) -> str:
    fields = command.__struct_fields__
    return next(one for one in ("remedy", "offer", "item", "request") if one in fields)


def target_of(command: type[TicketCommand], number: str) -> str | None:
    """A target of the kind a command is about."""
    if issubclass(command, RemedyCommand):
        return f"R{number}"
    if "offer" in command.__struct_fields__:
        return f"O{number}"
    if "request" in command.__struct_fields__:
        return f"D{number}"
    return f"E{number}" if "item" in command.__struct_fields__ else None


_WORDS: Final[dict[type[TicketCommand], Words]] = {
    commands.AmendClaim: lambda _m, _t, c: {
        "remedy": RemedyKind.REFUND,
        "claim": cny(c % PAID + 1),
    },
    commands.CorrectDiagnosis: lambda _m, t, c: {
        "scenario": t.scenario,
        "responsible": list(Responsible)[c % len(Responsible)],
        "kind": list(Kind)[c % len(Kind)],
        "urgency": [None, *Urgency][c % (len(Urgency) + 1)],
        "upset": [None, None, True][c % 3],
    },
    commands.GiveAnswer: _answer,
    commands.SendMessage: lambda _m, _t, c: {"text": SAYINGS[c % len(SAYINGS)]},
    commands.ReopenTicket: lambda _m, _t, c: {"reason": (None, *SAYINGS)[c % (len(SAYINGS) + 1)]},
    commands.AddNote: lambda _m, _t, _c: {"text": "Seen."},
    commands.PlaceLegalHold: lambda _m, _t, c: {
        "hold": f"court-{c % 3}",
        "ground": HoldGround.LITIGATION,
    },
    commands.ReleaseLegalHold: lambda _m, t, _c: {"hold": (t.legal_holds or ("none",))[0]},
    commands.ApproveClaim: _approval,
    commands.RefuseClaim: lambda _m, _t, _c: {"reasons": "It was activated."},
    commands.MakeOffer: lambda m, _t, c: {"terms": (m.some_terms(c),)},
    commands.CounterOffer: lambda m, _t, c: {"terms": (m.some_terms(c),)},
    commands.RequestEvidence: lambda _m, _t, c: {
        "party": (Party.BUYER, Party.MERCHANT)[c % 2],
        "kinds": (EvidenceKind.PHOTO,),
    },
    commands.StageEvidence: _item,
    commands.ReplaceEvidence: lambda m, t, c: _item(m, t, c + 100 * 7 + 3),
    commands.ContestEvidence: lambda _m, _t, _c: {"why": "Another phone."},
    commands.GatherEvidence: lambda _m, _t, c: {
        "kind": EvidenceKind.INSPECTION_REPORT,
        "attachment": attachment(f"report {c % 5}"),
        "obtained": "posted_by_inspector",
        "shown_to": ((Party.BUYER, Party.MERCHANT), (Party.BUYER,), ())[c % 3],
    },
    commands.AssignArbitrator: _somebody,
    commands.RecuseArbitrator: lambda _m, _t, _c: {"reason": "other"},
    commands.IssueRuling: lambda m, _t, c: _fields(ruling(*_awards(m, c))),
    commands.FileAppeal: lambda _m, _t, _c: {"grounds": "Look again."},
    commands.DecideAppeal: _decision,
    commands.GrantRemedy: lambda m, t, c: {
        "terms": m.some_terms(c, at_most=max(0, BOOK.cap.goodwill_minor - goodwill(t)))
    },
    commands.SettleRefund: lambda _m, t, _c: {"reference": _reference(t)},
    commands.FailRefund: lambda _m, _t, _c: {"reason": "account closed"},
    commands.AuthoriseReturn: lambda _m, _t, _c: {"path": "pick_up"},
    commands.ShipReturn: lambda _m, _t, c: {"carrier": "SF", "tracking": f"t-{c}"},
    commands.InspectReturn: lambda _m, _t, c: {"passed": c % 2 == 0, "finding": "looked at"},
    commands.ShipReplacement: lambda _m, _t, c: {"carrier": "SF", "tracking": f"t-{c}"},
    commands.BookRepair: lambda _m, _t, c: {"repair_order": f"w-{c}", "provider": "Fixers"},
    commands.CompleteRepair: lambda _m, _t, _c: {"finding": "antenna changed"},
    commands.ShipReshipment: lambda _m, _t, c: {"carrier": "SF", "tracking": f"t-{c}"},
    commands.IssueCoupon: lambda _m, _t, c: {"coupon": f"c-{c}"},
    commands.FailCompensation: lambda _m, _t, _c: {"reason": "account closed"},
    commands.PayCompensation: lambda _m, t, _c: {"reference": _reference(t)},
    commands.CancelRemedy: lambda _m, _t, _c: {"why": "not owed"},
    commands.AnswerAutomatically: lambda _m, _t, c: {"text": "See here.", "effective": c % 2 == 0},
    commands.BeginWait: lambda _m, _t, c: {"on": WAITED_FOR[c % len(WAITED_FOR)], "why": "photo"},
    commands.GivePlan: lambda _m, _t, c: {
        "level": list(PlanLevel)[c % len(PlanLevel)],
        "text": "A new one.",
    },
    commands.WriteResolution: lambda m, t, c: {
        "text": "It is put right.",
        "improvement": "It is packed better.",
        "compensation": m.small_gift(t, c) or terms(RemedyKind.REPAIR),
    },
    commands.AskDepartments: _departments,
    commands.AnswerForDepartment: lambda _m, _t, _c: {"plan": "A new lot."},
    commands.QueueTicket: lambda m, t, c: {"queue": m.a_queue(t, c), "why": "by_hand"},
    commands.MoveToBook: lambda m, t, _c: {"policy": m.other_book(t), "why": "a better promise"},
    commands.GiveNps: lambda _m, _t, c: {"score": c % 11},
    commands.GiveSatisfaction: lambda _m, _t, c: {
        "result": c % 5 + 1,
        "speed": 3,
        "attitude": 5,
    },
}
