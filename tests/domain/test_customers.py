"""What a customer is to the platform: the latest report counts, and no report is rewritten."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from domain import errors
from domain.commands import OpenTicket, ReportCustomer
from domain.events import CustomerNoted, CustomerTicketOpened, CustomerValued, Event
from domain.ledger.requests import BodyHmac
from domain.ticket.customers import (
    REPORTS_KEPT,
    Reports,
    decide_customer,
    evolve_customer,
    standing,
)
from domain.ticket.guards import CLOCKS_DIFFER
from domain.ticket.state import Stamp
from domain.values import Actor, Channel, Customer, Instant, Money, Tier, later
from tests.scenario import (
    BUYER,
    EVERYBODY,
    MOMENT,
    NOW,
    ORDER,
    ORDERS,
    Scenario,
    for_each,
    ordered,
    yuan,
)

REPORT = ReportCustomer(
    customer=BUYER.ref, tier=Tier.TOP, as_of=NOW, spend=yuan(12_000), bought=("phones",)
)


def judged(
    command: ReportCustomer, reports: Reports | None = None, *, by: Actor = ORDERS
) -> tuple[Event, ...]:
    """Return what follows from a report."""
    return decide_customer(command, reports, Scenario().context(by))


def known(*reports: ReportCustomer) -> Reports | None:
    """Return what is on record after some reports."""
    found: Reports | None = None
    for report in reports:
        for event in judged(report, found):
            stamp = Stamp(BUYER.ref, 1, NOW, ORDERS, imported=False)
            found = evolve_customer(found, event, stamp)
    return found


def earlier(days: int) -> Instant:
    """Return the instant so many days before now."""
    return later(NOW, -timedelta(days=days))


def test_a_report_is_a_fact_on_the_customers_stream() -> None:
    """Tier, spend and what was bought, as of when it was so."""
    assert judged(REPORT) == (
        CustomerValued(tier=Tier.TOP, as_of=NOW, spend=yuan(12_000), bought=("phones",)),
    )
    assert standing(known(REPORT)) == Customer(
        tier=Tier.TOP, spend=yuan(12_000), bought=("phones",)
    )


def test_of_a_stranger_nothing_is_known() -> None:
    """No report is no standing; it is not the lowest one."""
    assert standing(None) is None
    stamp = Stamp(BUYER.ref, 1, NOW, ORDERS, imported=False)
    assert standing(evolve_customer(None, CustomerTicketOpened(ticket="T0-1"), stamp)) is None


def test_the_latest_report_counts_whenever_it_comes() -> None:
    """A slow system's older word is kept as it was reported and replaces nothing."""
    old = replace(REPORT, tier=Tier.ORDINARY, as_of=earlier(1))
    assert standing(known(old, REPORT)) == standing(known(REPORT, old))
    assert judged(old, known(REPORT)) != ()
    newer = replace(REPORT, tier=Tier.SUPER, spend=None, bought=())
    found = standing(known(replace(REPORT, as_of=earlier(1)), newer))
    assert found == Customer(tier=Tier.SUPER)


def test_the_same_report_again_is_one_fact() -> None:
    """Also when a newer one came between."""
    old = replace(REPORT, as_of=earlier(1))
    assert judged(REPORT, known(REPORT)) == ()
    assert judged(old, known(old, REPORT)) == ()


def test_another_report_of_the_same_instant_is_refused() -> None:
    """A customer is not two things at one time; which is true is not ours to say."""
    for other in (replace(REPORT, tier=Tier.SUPER), replace(REPORT, spend=None)):
        with pytest.raises(errors.FactKnownOtherwise):
            judged(other, known(REPORT))


def test_the_future_is_refused() -> None:
    """What is not so yet is not reported; clocks may differ a little."""
    judged(replace(REPORT, as_of=later(NOW, CLOCKS_DIFFER)))
    with pytest.raises(errors.NotYetHappened):
        judged(replace(REPORT, as_of=later(NOW, CLOCKS_DIFFER + MOMENT)))


def test_what_was_spent_is_not_negative() -> None:
    """Nothing is an amount, less than nothing is none."""
    judged(replace(REPORT, spend=Money(0, "CNY")))
    with pytest.raises(errors.Unreasonable):
        judged(replace(REPORT, spend=Money(-1, "CNY")))


@pytest.mark.parametrize("actor", for_each(EVERYBODY, but=[ORDERS]))
def test_only_the_order_and_customer_systems_report(actor: Actor) -> None:
    """Nobody makes himself a top customer."""
    with pytest.raises(errors.NotYourRole):
        judged(REPORT, by=actor)


def test_only_so_many_reports_are_remembered() -> None:
    """A system that reports every day fills no memory; the latest one stays."""
    reports = [replace(REPORT, as_of=earlier(days)) for days in range(REPORTS_KEPT + 5)]
    found = known(*reports)
    assert found is not None
    assert len(found) == REPORTS_KEPT
    assert found[0].as_of == NOW


def test_an_opening_notes_what_is_on_record_of_its_buyer() -> None:
    """The ticket says on what its promises rest, whatever is reported later."""
    opening = OpenTicket(
        channel=Channel.APP,
        order=ORDER,
        customer=Customer(tier=Tier.SUPER, spend=yuan(1), bought=("tea",)),
    )
    story = ordered().when(opening, BUYER)
    assert story.the(CustomerNoted) == CustomerNoted(
        tier=Tier.SUPER, spend=yuan(1), bought=("tea",)
    )
    without = ordered().when(replace(opening, customer=None), BUYER)
    assert not any(isinstance(one, CustomerNoted) for one in without.events)


def test_a_key_stands_for_what_the_caller_said_and_not_for_what_was_found() -> None:
    """A buyer who repeats his opening gets its answer, though he became a top member meanwhile."""
    digest = BodyHmac(b"secret").of
    opening = OpenTicket(channel=Channel.APP, order=ORDER)
    assert digest(opening) == digest(replace(opening, customer=Customer(tier=Tier.TOP)))
    assert digest(opening) != digest(replace(opening, line="1"))
