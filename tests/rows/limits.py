"""How much one ticket and one order hold, how long what is personal is kept, how often one is told.

And from how many points a matter has a priority. The figures stand here as the house gives them;
nothing is read from a book.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import timedelta

from msgspec.structs import replace

from domain import commands, errors
from domain.commands import Command
from domain.policies.book import Book
from domain.policies.priorities import priority_of
from domain.ticket.privacy import stands_against
from domain.values import (
    SYSTEM,
    Actor,
    Attachment,
    Channel,
    EvidenceKind,
    Kind,
    Money,
    RemedyKind,
    Responsible,
    Sha256,
    Terms,
    instant,
    later,
    moment_of,
)
from domain.values import Scenario as About
from tests.rows.played import MOMENT
from tests.scenario import (
    AGENT,
    BUYER,
    INSPECTOR,
    MERCHANT,
    ORDER,
    ORDERS,
    PRICE,
    SUPERVISOR,
    TICKET,
    Scenario,
    opened,
    ordered,
)

MEBIBYTE = 1024 * 1024
_REPAIR = (Terms(kind=RemedyKind.REPAIR),)
_FEN = Terms(kind=RemedyKind.COUPON, amount=Money(1, "CNY"))


def twenty_items_of_evidence(book: Book) -> None:
    """A side has room for 20, the snapshot of the order counted in."""
    _fill(opened().under(book), ((BUYER, _photo(number)) for number in range(20)), 19)


def a_file_has_fifty_mebibytes_and_a_side_five_hundred(book: Book) -> None:
    """To the byte: ten files of the greatest size, less what the snapshot takes."""
    start = opened().under(book)
    most = 50 * MEBIBYTE
    start.when(_photo(0, most + 1), BUYER).then_refused(errors.LimitReached, limit_bytes=most)
    snapshot = start.live.evidence["E1"].attachment.size
    nine = _fill(start, ((BUYER, _photo(number, most)) for number in range(9)))
    left, whole = most - snapshot, 500 * MEBIBYTE
    more = nine.when(_photo(9, left + 1), BUYER)
    more.then_refused(errors.LimitReached, limit_bytes=whole)
    nine.done(_photo(9, left), BUYER)


def forty_offers(book: Book) -> None:
    """The sides answer each other's offers 40 times, and then no more."""
    start = opened().done(commands.AcceptTicket(ticket=TICKET), AGENT)
    start = start.done(commands.RefuseClaim(ticket=TICKET, reasons="used"), MERCHANT).under(book)

    def offers() -> Iterator[tuple[Actor, Command]]:
        yield MERCHANT, commands.MakeOffer(ticket=TICKET, terms=_REPAIR)
        for number in range(1, 41):
            known = f"O{number}"
            counter = commands.CounterOffer(ticket=TICKET, offer=known, terms=_REPAIR)
            yield (BUYER if number % 2 else MERCHANT), counter

    _fill(start, offers(), 40)


def twenty_remedies(book: Book) -> None:
    """Twenty coupons of a fen, and not one more."""
    start = opened().done(commands.AcceptTicket(ticket=TICKET), AGENT).under(book)
    granted = commands.GrantRemedy(ticket=TICKET, terms=_FEN)
    _fill(start, ((SUPERVISOR, granted) for _ in range(21)), 20)


def twenty_links(book: Book) -> None:
    """A matter that goes to and fro between two subjects meets a new ticket each time."""
    matter = opened().under(book)
    subjects = (About.SERVICE, About.EXPERIENCE)
    for number in range(21):
        held = matter.held_by(replace(matter.live, ticket=f"T9-{number}"))
        corrected = commands.CorrectDiagnosis(
            ticket=TICKET,
            scenario=subjects[number % 2],
            responsible=Responsible.MERCHANT,
            kind=Kind.COMPLAINT,
        )
        if number == 20:
            held.when(corrected, AGENT).then_refused(errors.LimitReached)
        else:
            matter = held.done(corrected, AGENT)
            assert len(matter.live.links) == number + 1


def twenty_certificates(book: Book) -> None:
    """Of the goods of one order."""

    def posted(number: int) -> Command:
        return commands.PostCertificate(
            order=ORDER,
            kind=EvidenceKind.BATCH_REPORT,
            attachment=_file(number),
            issuer="maker",
            reference=f"c-{number}",
            issued_at=start.now,
        )

    start = ordered().under(book)
    _fill(start, ((INSPECTOR, posted(number)) for number in range(21)), 20)


def two_hundred_looks(book: Book) -> None:
    """At pages, kept with one order."""
    start = ordered().under(book)

    def looked(number: int) -> Command:
        return commands.ReportBrowsing(order=ORDER, page=f"/p/{number}", browsed_at=start.now)

    _fill(start, ((ORDERS, looked(number)) for number in range(201)), 200)


def a_priority_begins_at_its_points(book: Book) -> None:
    """SL-27: the last point below a priority, and its first."""
    begins = {0: 4, 14: 4, 15: 3, 34: 3, 35: 2, 69: 2, 70: 1}
    assert {points: priority_of(points, book.level) for points in begins} == begins


def all_of_a_price_is_given_back(book: Book) -> None:
    """RE-16: the whole price of a line may go back, and not a fen more."""
    start = opened().done(commands.AcceptTicket(ticket=TICKET), AGENT).under(book)

    def refund(minor: int) -> Command:
        terms = Terms(kind=RemedyKind.REFUND, amount=Money(minor, "CNY"))
        return commands.GrantRemedy(ticket=TICKET, terms=terms)

    more = start.when(refund(PRICE.amount_minor + 1), SUPERVISOR)
    assert isinstance(more.refusal, errors.Refusal)
    start.done(refund(PRICE.amount_minor), SUPERVISOR)


def what_is_personal_is_kept_three_years_or_180_days(book: Book) -> None:
    """TR-02: after a matter about an order, and after one about nothing that was sold."""
    for order, years, days in ((ORDER, 3, 0), (None, 0, 180)):
        asked = commands.OpenTicket(
            channel=Channel.CHAT, order=order, kind=Kind.CONSULTATION, scenario=About.SERVICE
        )
        said = commands.GiveAnswer(ticket=TICKET, text="Like this.", resolves=True)
        answered = ordered().under(book).done(asked, BUYER)
        answered = answered.done(commands.AcceptTicket(ticket=TICKET), AGENT).done(said, AGENT)
        due_at = answered.due("closing")
        closing = commands.PassDeadline(ticket=TICKET, deadline="closing", due_at=due_at)
        ended = answered.at(due_at).done(closing, SYSTEM)
        day = moment_of(answered.now) + timedelta(days=days)
        kept = instant(day.replace(year=day.year + years))
        assert stands_against(ended.live, book, later(kept, -MOMENT)) is not None
        assert stands_against(ended.live, book, kept) is None


def a_notice_is_tried_eight_times_each_wait_twice_the_last(book: Book) -> None:
    """From half a minute to an hour; after the eighth try it is given up."""
    assert book.notification is not None
    waits = [book.notification.wait(number) for number in range(1, book.notification.tries)]
    minutes = (0.5, 1, 2, 4, 8, 16, 32)
    assert waits == [timedelta(minutes=one) for one in minutes]
    assert book.notification.wait(8) == book.notification.wait(20) == timedelta(hours=1)


def _fill(
    start: Scenario, done: Iterable[tuple[Actor, Command]], most: int | None = None
) -> Scenario:
    """Do what is to be done; what comes after the most there is room for is refused."""
    for number, (who, command) in enumerate(done):
        if number == most:
            start.when(command, who).then_refused(errors.LimitReached)
            return start
        start = start.done(command, who)
    assert most is None, "more is tried than there is room for"
    return start


def _photo(number: int, size: int = 1) -> Command:
    attachment = _file(number, size)
    kind = EvidenceKind.PHOTO
    return commands.StageEvidence(
        ticket=TICKET, kind=kind, attachment=attachment, obtained="taken by the buyer"
    )


def _file(number: int, size: int = 1) -> Attachment:
    digest = hashlib.sha256(str(number).encode()).hexdigest()
    return Attachment(Sha256(digest), size, "image/png")
