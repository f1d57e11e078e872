"""Processes: what a fact means to other streams, told once, and nothing told of history."""

import msgspec
import pytest
from msgspec.structs import replace

from domain.commands import (
    AcceptTicket,
    NoteCustomerTicketClosed,
    NoteCustomerTicketOpened,
    NoteMerchantFindingReversed,
    NoteMerchantFoundResponsible,
    NoteMerchantTicketOpened,
    NoteSupplierFaultFound,
    NoteSupplierFaultReversed,
    OpenTicket,
    PassDeadline,
)
from domain.events import (
    CustomerTicketClosed,
    CustomerTicketOpened,
    Event,
    MerchantFindingReversed,
    MerchantFoundResponsible,
    MerchantTicketOpened,
    RulingIssued,
    RulingOverturned,
    RulingUpheld,
    RulingVaried,
    SupplierFaultFound,
    SupplierFaultReversed,
    TicketClosed,
    TicketOpened,
)
from domain.processes import react
from domain.processes.deadlines import on_due
from domain.record import Cause, Envelope, Record, Source
from domain.ticket.parties import decide_party, party_stream
from domain.ticket.state import Order, Ruling, Ticket
from domain.values import (
    Channel,
    Commitment,
    Instant,
    Party,
    Reason,
    Responsible,
    Sha256,
    Share,
)
from tests.scenario import AGENT, BUYER, LINE, MERCHANT, NOW, ORDER, TICKET, opened, placed


class Case(msgspec.Struct, frozen=True):
    """A ticket with its order."""

    ticket: Ticket
    order: Order | None


STORY = opened(OpenTicket(channel=Channel.APP, order=ORDER, reason=Reason.QUALITY_FAULT))
OPENED = next(fact for fact in STORY.facts if isinstance(fact, TicketOpened))
CASE = Case(STORY.live, STORY.order)
SPLIT = (Share(Responsible.MERCHANT, 7_000), Share(Responsible.LOGISTICS, 3_000))
RULED = RulingIssued(
    ruling="J1",
    in_favour_of=Party.BUYER,
    shares=SPLIT,
    awards=(),
    reasons=Commitment("x"),
    clauses=("returns.quality",),
    relied_on=("E1",),
    policy="p",
)
VARIED = RulingVaried(
    appeal="A1",
    ruling="J2",
    in_favour_of=Party.BUYER,
    shares=SPLIT,
    awards=(),
    reasons=Commitment("x"),
    clauses=("returns.quality",),
    relied_on=("E1",),
    policy="p",
)


def record(event: Event, *, cause: str = "e-1", imported: bool = False) -> Record:
    """Return an event as the ledger holds it on the ticket's stream."""
    envelope = Envelope(
        format=1,
        ledger="ledger.test",
        stream=f"ticket:{TICKET}",
        version=9,
        prev=Sha256("0" * 64),
        id=cause,
        topic=event.TOPIC,
        at=NOW,
        actor=AGENT,
        cause=Cause(command="c-1", correlation="c-1"),
        data=msgspec.Raw(b"{}"),
        source=Source(system="uci498", ref="row 1", imported=True) if imported else None,
    )
    return Record(lane=0, position=9, leaf_hash=Sha256("0" * 64), envelope=envelope, event=event)


def reactions(event: Event, case: Case = CASE) -> list[object]:
    """Return the commands that follow from an event."""
    return [command for command, _ in react(record(event), lambda ticket: case)]


def reviewed(before: tuple[Share, ...], after: tuple[Share, ...]) -> Case:
    """Return the case after an appeal, with what was ruled before and after it."""
    first = Ruling(ruling="J1", by="j-1", in_favour_of=Party.BUYER, shares=before, awards=())
    second = replace(first, ruling="J2", by="j-2", shares=after, reviews="J1")
    rulings = {"J1": first, "J2": second}
    return Case(replace(CASE.ticket, ruling=second, rulings=rulings), CASE.order)


def test_an_opened_ticket_is_noted_with_its_customer_and_merchant() -> None:
    """Each one's stream tells what concerned them, in whatever lane it lies."""
    assert reactions(OPENED) == [
        NoteCustomerTicketOpened(party=BUYER.ref, ticket=TICKET),
        NoteMerchantTicketOpened(party=MERCHANT.ref, ticket=TICKET),
    ]
    assert reactions(replace(OPENED, merchant=None)) == [
        NoteCustomerTicketOpened(party=BUYER.ref, ticket=TICKET)
    ]


def test_a_closed_ticket_is_noted_with_its_customer() -> None:
    """The customer's history says how each matter ended."""
    assert reactions(TicketClosed(outcome="answered")) == [
        NoteCustomerTicketClosed(party=BUYER.ref, ticket=TICKET, outcome="answered")
    ]


def test_a_merchant_found_responsible_hears_his_share() -> None:
    """AR-07: standing is counted from findings, in basis points."""
    found = NoteMerchantFoundResponsible(
        party=MERCHANT.ref, ticket=TICKET, ruling="J1", share_bp=7_000
    )
    assert found in reactions(RULED)
    innocent = replace(RULED, shares=(Share(Responsible.BUYER, 10_000),))
    assert reactions(innocent) == []


def test_a_fault_in_the_goods_is_noted_with_their_supplier() -> None:
    """CL-07: a supplier is judged by what its goods turned out to be."""
    fault = NoteSupplierFaultFound(party="sup-1", ticket=TICKET, ruling="J1", sku="sku-phone")
    assert fault in reactions(RULED)


def test_what_is_no_fault_of_the_goods_is_not_the_suppliers() -> None:
    """A late parcel, goods without a supplier, a matter without an order: no supplier hears."""
    late = Case(replace(CASE.ticket, reason=Reason.LATE), CASE.order)
    own = placed(replace(placed().lines[0], supplier=None))
    assert CASE.order is not None
    unsupplied = Case(
        CASE.ticket, replace(CASE.order, lines={LINE: replace(own.lines[0], supplier=None)})
    )
    for case in (late, unsupplied, Case(CASE.ticket, None)):
        kinds = [type(command) for command in reactions(RULED, case)]
        assert kinds == [NoteMerchantFoundResponsible]


def test_an_appeal_that_changes_the_ruling_is_told_to_the_merchant() -> None:
    """AR-07: a reversed ruling takes its points back."""
    shares = (Share(Responsible.MERCHANT, 2_000), Share(Responsible.BUYER, 8_000))
    varied = replace(VARIED, shares=shares)
    for fact in (varied, RulingOverturned(**{**msgspec.structs.asdict(varied)})):
        assert reactions(fact, reviewed(SPLIT, shares)) == [
            NoteMerchantFindingReversed(
                party=MERCHANT.ref, ticket=TICKET, ruling="J2", share_bp=2_000
            )
        ]


def test_an_appeal_takes_back_only_what_was_found() -> None:
    """Nobody's standing is mended of a finding there never was, or told of one that stays."""
    innocent = (Share(Responsible.BUYER, 10_000),)
    awards_only = reviewed(SPLIT, SPLIT)
    assert reactions(VARIED, awards_only) == []
    still = replace(VARIED, shares=(Share(Responsible.LOGISTICS, 10_000),))
    assert reactions(still, reviewed(innocent, still.shares)) == []
    assert reactions(VARIED, reviewed(innocent, SPLIT)) == [
        NoteMerchantFoundResponsible(
            party=MERCHANT.ref, ticket=TICKET, ruling="J2", share_bp=7_000
        ),
        NoteSupplierFaultFound(party="sup-1", ticket=TICKET, ruling="J2", sku="sku-phone"),
    ]


def test_an_appeal_that_finds_no_fault_takes_the_suppliers_back() -> None:
    """CL-07: a supplier is not judged by a fault that an appeal did not find."""
    innocent = (Share(Responsible.BUYER, 10_000),)
    overturned = RulingOverturned(**{**msgspec.structs.asdict(VARIED), "shares": innocent})
    case = reviewed(SPLIT, innocent)
    assert reactions(overturned, case) == [
        NoteMerchantFindingReversed(party=MERCHANT.ref, ticket=TICKET, ruling="J2", share_bp=0),
        NoteSupplierFaultReversed(party="sup-1", ticket=TICKET, ruling="J2", sku="sku-phone"),
    ]
    late = Case(replace(case.ticket, reason=Reason.LATE), case.order)
    assert [type(one) for one in reactions(overturned, late)] == [NoteMerchantFindingReversed]


def test_an_upheld_ruling_changes_nothing() -> None:
    """What was found stays found."""
    upheld = RulingUpheld(
        appeal="A1",
        ruling="J1",
        reasons=Commitment("x"),
        clauses=("returns.quality",),
        relied_on=("E1",),
        policy="p",
    )
    assert reactions(upheld) == []


def test_a_matter_without_a_merchant_finds_none_responsible() -> None:
    """Nobody is told of a finding against nobody."""
    alone = Case(replace(CASE.ticket, merchant=None, order=None, line=None), None)
    assert reactions(RULED, alone) == []
    innocent = reviewed((Share(Responsible.BUYER, 10_000),), SPLIT)
    judged = replace(alone.ticket, rulings=innocent.ticket.rulings)
    assert reactions(VARIED, Case(judged, None)) == []


@pytest.mark.parametrize("event", [OPENED, TicketClosed(outcome="Closed"), RULED, VARIED])
def test_imported_history_reacts_to_nothing(event: Event) -> None:
    """History is for looking; the case is not even asked for."""

    def case(ticket: str) -> Case:
        raise AssertionError("history asks for nothing")

    assert react(record(event, imported=True), case) == ()


def test_most_facts_concern_nobody_else_and_ask_for_nothing() -> None:
    """The record is read from end to end: a look-up per record would be too much."""

    def case(ticket: str) -> Case:
        raise AssertionError("not needed")

    for fact in STORY.done(AcceptTicket(ticket=TICKET), AGENT).facts:
        react(record(fact), case)


def test_a_reaction_has_one_key_however_often_its_cause_is_read() -> None:
    """At least once in, exactly once out: the key is derived from the cause."""
    first = react(record(OPENED), lambda ticket: CASE)
    assert first == react(record(OPENED), lambda ticket: CASE)
    keys = [key for _, key in first]
    assert len(set(keys)) == 2
    other = [key for _, key in react(record(OPENED, cause="e-2"), lambda ticket: CASE)]
    assert set(keys).isdisjoint(other)


def test_a_due_deadline_is_one_ordinary_command() -> None:
    """Two workers send the same command under the same key; an extended one is another."""
    command, key = on_due(TICKET, "ruling", NOW)
    assert command == PassDeadline(ticket=TICKET, deadline="ruling", due_at=NOW)
    assert key == on_due(TICKET, "ruling", NOW)[1]
    others = [
        on_due(TICKET, "ruling", Instant("2026-11-12T08:00:00.000001Z"))[1],
        on_due(TICKET, "appeal", NOW)[1],
        on_due("T0-261112-0000002", "ruling", NOW)[1],
    ]
    assert len({key, *others}) == 4


@pytest.mark.parametrize(
    ("command", "stream", "fact"),
    [
        (
            NoteCustomerTicketOpened(party="b-1", ticket=TICKET),
            "customer:b-1",
            CustomerTicketOpened(ticket=TICKET),
        ),
        (
            NoteCustomerTicketClosed(party="b-1", ticket=TICKET, outcome="answered"),
            "customer:b-1",
            CustomerTicketClosed(ticket=TICKET, outcome="answered"),
        ),
        (
            NoteMerchantTicketOpened(party="m-1", ticket=TICKET),
            "merchant:m-1",
            MerchantTicketOpened(ticket=TICKET),
        ),
        (
            NoteMerchantFoundResponsible(party="m-1", ticket=TICKET, ruling="J1", share_bp=1),
            "merchant:m-1",
            MerchantFoundResponsible(ticket=TICKET, ruling="J1", share_bp=1),
        ),
        (
            NoteMerchantFindingReversed(party="m-1", ticket=TICKET, ruling="J2", share_bp=0),
            "merchant:m-1",
            MerchantFindingReversed(ticket=TICKET, ruling="J2", share_bp=0),
        ),
        (
            NoteSupplierFaultFound(party="sup-1", ticket=TICKET, ruling="J1", sku="s"),
            "supplier:sup-1",
            SupplierFaultFound(ticket=TICKET, ruling="J1", sku="s"),
        ),
        (
            NoteSupplierFaultReversed(party="sup-1", ticket=TICKET, ruling="J2", sku="s"),
            "supplier:sup-1",
            SupplierFaultReversed(ticket=TICKET, ruling="J2", sku="s"),
        ),
    ],
)
def test_a_note_is_one_fact_on_the_stream_of_whom_it_concerns(
    command: object, stream: str, fact: Event
) -> None:
    """What was judged on the ticket is not judged again."""
    assert decide_party(command) == (fact,)
    assert party_stream(command) == stream
    assert stream.partition(":")[0] == fact.FAMILY
