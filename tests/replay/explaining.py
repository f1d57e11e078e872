"""Histories that are explained: begun, brought to a ruling, forged; no test is here."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from domain import commands as asked
from domain.errors import Refusal
from domain.policies.book import Book
from domain.processes import assignment
from domain.processes.assignment import Available
from domain.record import Record
from domain.values import (
    SYSTEM,
    Actor,
    Attachment,
    Awaiting,
    Channel,
    Customer,
    EvidenceKind,
    Kind,
    Money,
    OrderLine,
    Party,
    PlanLevel,
    Reason,
    RemedyKind,
    Responsible,
    Sha256,
    Share,
    Terms,
    Tier,
    Urgency,
)
from domain.values import Scenario as Where
from replay.explain import Decision, What, explain
from tests.replay.told import Told
from tests.scenario import (
    AGENT,
    ARBITRATOR,
    BOT,
    BUYER,
    INSPECTOR,
    LINE,
    MERCHANT,
    ORDER,
    OTHER_ARBITRATOR,
    SUPERVISOR,
    TICKET,
    placed,
    signed,
    whole_book,
)

REFUND = Terms(kind=RemedyKind.REFUND, amount=Money(499_900, "CNY"))
COUPON = Terms(kind=RemedyKind.COUPON, amount=Money(5_000, "CNY"))

SKILLS = ("mother_and_baby", "senior", "vip")
"""Of who is able to work on anything that asks for no certificate."""


# --- what anybody may do ----------------------------------------------------------------------

WORDS = (
    "The screen flickers and the phone is broken.",
    "屏幕坏了, 太气人了, 我要投诉",
    "Thank you, all is well now.",
    "Where is my parcel?",
    "rubbish, disgusting, a scam, I am furious",
)


def said(command: type, by: Actor, **fields: Any) -> st.SearchStrategy[tuple[Any, Actor]]:
    """Return commands of a class about the ticket."""
    return st.tuples(st.builds(command, ticket=st.just(TICKET), **fields), st.just(by))


def moved(version: str) -> asked.MoveToBook:
    """Return the move to another book."""
    return asked.MoveToBook(ticket=TICKET, policy=version, why="more staff")


STEPS = st.one_of(
    said(asked.AcceptTicket, AGENT),
    said(asked.TakeAssignment, AGENT),
    said(asked.GiveAnswer, AGENT, text=st.just("x"), resolves=st.booleans()),
    said(asked.SendMessage, BUYER, text=st.sampled_from(WORDS)),
    said(asked.SendMessage, MERCHANT, text=st.just("x")),
    said(asked.BeginWait, AGENT, on=st.just(Awaiting.BUYER), why=st.just("photo")),
    said(asked.EndWait, AGENT),
    said(asked.GivePlan, AGENT, level=st.sampled_from(PlanLevel), text=st.just("x")),
    said(asked.AnswerAutomatically, BOT, text=st.just("x"), effective=st.booleans()),
    said(
        asked.AskDepartments,
        AGENT,
        departments=st.just(("legal", "logistics")),
        question=st.just("x"),
    ),
    said(asked.AnswerForDepartment, SUPERVISOR, request=st.just("D1"), plan=st.just("x")),
    said(
        asked.CorrectDiagnosis,
        AGENT,
        scenario=st.sampled_from(Where),
        responsible=st.sampled_from(Responsible),
        kind=st.sampled_from(Kind),
    ),
    said(
        asked.CorrectDiagnosis,
        SUPERVISOR,
        scenario=st.just(Where.PRODUCT),
        responsible=st.just(Responsible.MERCHANT),
        kind=st.just(Kind.COMPLAINT),
        tags=st.sampled_from([None, (), ("merchant.product.touch_failure",)]),
        urgency=st.sampled_from([None, *Urgency]),
        upset=st.sampled_from([None, True, False]),
    ),
    said(
        asked.AmendClaim,
        BUYER,
        remedy=st.sampled_from([RemedyKind.RETURN, RemedyKind.REFUND, RemedyKind.EXCHANGE]),
        claim=st.none(),
    ),
    said(asked.RefuseClaim, MERCHANT, reasons=st.just("x")),
    said(asked.RequestIntervention, BUYER),
    said(asked.CloseTicket, BUYER),
    said(asked.ReopenTicket, BUYER, reason=st.sampled_from([None, *WORDS])),
    said(asked.ReopenTicket, SUPERVISOR, reason=st.sampled_from(WORDS)),
    st.tuples(st.just(moved("2026-11-23")), st.just(SUPERVISOR)),
)
OPENINGS = st.fixed_dictionaries(
    {
        "kind": st.sampled_from([None, *Kind]),
        "reason": st.sampled_from(Reason),
        "statement": st.sampled_from([None, *WORDS]),
        "customer": st.sampled_from(
            [None, Customer(Tier.TOP), Customer(Tier.ORDINARY, Money(1_000_001, "CNY"))]
        ),
    }
)
MINUTES = st.sampled_from([0, 0, 1, 15, 31, 60, 26 * 60, 4 * 24 * 60])


# --- histories --------------------------------------------------------------------------------


@cache
def book() -> Book:
    """Return the book the histories are judged under."""
    return whole_book()


@cache
def other_book() -> Book:
    """Return a book that promises less, for tickets that are moved to it."""
    return whole_book(
        ('version = "2026-11-22"\nin_force', 'version = "2026-11-23"\nin_force'),
        (
            'row = "SL-02"\nzh = "投诉人工接管"\nen = "A person takes a complaint over"\n'
            'when = ["complaint"]\nstarts = ["opened"]\nstops = ["taken_over"]\nwithin = "PT30M"',
            'row = "SL-02"\nzh = "投诉人工接管"\nen = "A person takes a complaint over"\n'
            'when = ["complaint"]\nstarts = ["opened"]\nstops = ["taken_over"]\nwithin = "PT45M"\n'
            'calendar = "cn_office"',
        ),
    )


def begun(**fields: Any) -> Told:
    """Return a matter that was just opened, with all that follows."""
    opening = {"channel": Channel.APP, "order": ORDER, **fields}
    story = Told().given(placed(), signed()).promised(book())
    story = Told(**{**vars(story), "others": (other_book(),)})
    return story.done(asked.OpenTicket(**opening), BUYER)


def fresh_food() -> Told:
    """Return a complaint about fresh food, for which a late solution costs a share of the order."""
    food = OrderLine(
        line=LINE,
        sku="sku-cherries",
        title="cherries",
        category="fresh_food",
        quantity=1,
        paid=Money(20_000, "CNY"),
        supplier="sup-1",
    )
    opening = asked.OpenTicket(channel=Channel.APP, order=ORDER, kind=Kind.COMPLAINT)
    return Told().given(placed(food), signed()).promised(book()).done(opening, BUYER)


def late_for_fresh_food() -> Told:
    """Return one for which no solution was offered within its hour."""
    return worked(fresh_food().after(timedelta(hours=1)))


def agent(name: str, carried: int = 0, **fields: Any) -> Available:
    """Return an agent who is there and able."""
    usual: dict[str, Any] = {
        "desk": "senior_desk",
        "skills": SKILLS,
        "certificates": {},
        "on_shift": True,
        "good_bp": 9_000,
    }
    return Available(agent=name, open=carried, **{**usual, **fields})


AGENTS = (
    agent("busy", 19, good_bp=9_900),
    agent("idle", 2),
    agent("away", on_shift=False),
    agent("unable", skills=()),
    agent("full", 20),
)


def chosen(story: Told, *agents: Available, served_by: str | None = None) -> Told:
    """Give the matter out as the platform does."""
    load = story.live_book.load
    assert load is not None, "the book has a load"
    queue = next(one for one in story.live_book.queue if one.name == story.live.queue)
    need = assignment.need_of(story.live, story.order, queue, story.live_book)
    candidates = assignment.choose(
        story.live, need, agents, load, served_by=served_by, now=story.now
    )
    command, _ = assignment.on_waiting(TICKET, "cause", candidates, "0-1")
    return story.done(command, SYSTEM)


def worked(story: Told) -> Told:
    """Let the platform say all that is due, and give out what waits, as its worker would."""
    for name in sorted(story.live.clocks):
        story = _said(story, asked.PassClock(ticket=TICKET, clock=name, at=story.now))
    for name, one in sorted(story.live.deadlines.items()):
        due = asked.PassDeadline(ticket=TICKET, deadline=name, due_at=one.due_at)
        story = _said(story, due)
    lease = story.live.lease_until
    if lease is not None:
        story = _said(story, asked.LapseAssignment(ticket=TICKET, due_at=lease))
    try:
        return chosen(story, *AGENTS, served_by="busy")
    except Refusal:
        return story


def _said(
    story: Told, command: asked.PassClock | asked.PassDeadline | asked.LapseAssignment
) -> Told:
    try:
        return story.done(command, SYSTEM)
    except Refusal:
        return story


def passed(story: Told, deadline: str) -> Told:
    """Let a deadline's instant come, and the platform say so."""
    due_at = story.due(deadline)
    command = asked.PassDeadline(ticket=TICKET, deadline=deadline, due_at=due_at)
    return story.at(max(story.now, due_at)).done(command, SYSTEM)


def disputed() -> Told:
    """Return a matter that an arbitrator is to judge, with a report both sides were shown."""
    report = Attachment(sha256=Sha256("ab" * 32), size=7, media_type="text/plain")
    hours = timedelta(hours=1)
    return (
        begun(kind=Kind.DISPUTE, reason=Reason.QUALITY_FAULT)
        .after(hours)
        .done(asked.AcceptTicket(ticket=TICKET), AGENT)
        .after(hours)
        .done(asked.RefuseClaim(ticket=TICKET, reasons="It was activated."), MERCHANT)
        .done(asked.MakeOffer(ticket=TICKET, terms=(COUPON,)), MERCHANT)
        .after(hours)
        .done(asked.DeclineOffer(ticket=TICKET, offer="O1"), BUYER)
        .done(asked.RequestIntervention(ticket=TICKET), BUYER)
        .done(
            asked.GatherEvidence(
                ticket=TICKET,
                kind=EvidenceKind.INSPECTION_REPORT,
                attachment=report,
                obtained="posted_by_inspector",
                shown_to=(Party.BUYER, Party.MERCHANT),
            ),
            INSPECTOR,
        )
        .after(hours)
        .done(asked.AssignArbitrator(ticket=TICKET, arbitrator=ARBITRATOR.ref), SUPERVISOR)
        .after(hours)
    )


def ruled(*awards: Terms) -> Told:
    """Return a matter that was ruled on for the buyer."""
    return disputed().done(
        asked.IssueRuling(
            ticket=TICKET,
            in_favour_of=Party.BUYER,
            shares=(Share(Responsible.MERCHANT, 10_000),),
            awards=awards or (REFUND, COUPON),
            reasons="The report shows a hardware fault.",
            clauses=("quality.hardware_fault",),
            relied_on=("E2",),
        ),
        ARBITRATOR,
    )


def appealed(outcome: str, **decided: Any) -> Told:
    """Return a matter whose ruling was reviewed."""
    return (
        ruled()
        .after(timedelta(days=1))
        .done(asked.FileAppeal(ticket=TICKET, grounds="Look again."), MERCHANT)
        .done(asked.AssignArbitrator(ticket=TICKET, arbitrator=OTHER_ARBITRATOR.ref), SUPERVISOR)
        .after(timedelta(hours=2))
        .done(
            asked.DecideAppeal(
                ticket=TICKET,
                outcome=outcome,
                reasons="Looked at again.",
                clauses=("evidence.no_fault_found",),
                relied_on=("E2",),
                **decided,
            ),
            OTHER_ARBITRATOR,
        )
    )


def told(what: What, story: Told) -> tuple[Decision, ...]:
    """Return what is explained of a story."""
    return again(what, story, story.of_ticket)


def again(
    what: What, story: Told, records: Sequence[Record], order: Sequence[Record] | None = None
) -> tuple[Decision, ...]:
    """Return what is explained of records, whoever made them."""
    books = {one.version: one for one in (story.book, *story.others)}
    known = story.of_order if order is None else order
    return explain(what, records, known, books=books.get, texts=story.texts)


def the(decisions: Sequence[Decision], about: str) -> Decision:
    """Return the last decision about something."""
    return [one for one in decisions if one.about == about][-1]


def forged(records: Sequence[Record], kind: type, **fields: Any) -> list[Record]:
    """Return records with the last fact of a kind told otherwise."""
    return rewritten(records, kind, lambda one: replace(one, event=replace(one.event, **fields)))


def signed_by(records: Sequence[Record], kind: type, actor: Actor) -> list[Record]:
    """Return records with the last fact of a kind in the name of somebody else."""
    return rewritten(
        records, kind, lambda one: replace(one, envelope=replace(one.envelope, actor=actor))
    )


def rewritten(
    records: Sequence[Record], kind: type, change: Callable[[Record], Record]
) -> list[Record]:
    """Return records with the last of a kind changed."""
    number = max(n for n, one in enumerate(records) if isinstance(one.event, kind))
    return [*records[:number], change(records[number]), *records[number + 1 :]]


def words(decision: Decision) -> str:
    """Return the words of all steps."""
    return "\n".join(one.words for one in decision.steps)
