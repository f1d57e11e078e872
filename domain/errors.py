"""Every reason why the domain says no, each with a stable code; HTTP statuses live in `api`.

Refusal
├── NotFound: UnknownTicket, UnknownOrder, UnknownEvidence, UnknownOffer, UnknownRemedy,
│             UnknownErasure, UnknownRequest, UnknownAgent, UnknownPilot, UnknownScenario,
│             UnknownAttempt
├── Forbidden: NotYourRole, NotYourTicket, ConflictOfInterest, AssignedToAnother,
│              NotFit
├── WrongState: WrongStage, AlreadyDone, TicketClosedAlready, NegotiationFirst, WindowPassed,
│               NotYetDue, OfferNotOpen, EvidenceSealedAlready, EvidenceNotShown, WrongStep,
│               AlreadyOpen, OrderKnownOtherwise, UnknownParcel, NothingToRefund,
│               FactKnownOtherwise, NobodyFits, BookKnownOtherwise, BookOverlaps,
│               BookNotInForce, BookInForce, PilotKnownOtherwise, PilotOverlaps,
│               AttemptKnownOtherwise, AttemptOver, StepsFirst
├── Unreasonable: NotYetHappened, LineRequired, UnknownLine, UnknownClause, SharesDoNotAddUp,
│                 AmountRequired, AmountNotAllowed, CapExceeded, CurrencyDiffers,
│                 LessThanClaimed, LimitReached, PersonalByNature,
│                 UnknownDepartment, UnknownQueue, UnknownDesk, UnknownBook, BookNotAhead,
│                 PilotNotAhead
└── Concurrency: TicketChanged, VersionRequired, KeyReused, KeyRequired, Contended, Overloaded
"""


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error
    """The domain says no; nothing has been written."""

    code = "refused"

    def __init__(self, sentence: str | None = None, **facts: object) -> None:
        """Keep one short sentence of fact and named facts for machines; never an input value."""
        super().__init__(sentence or (type(self).__doc__ or "").partition("\n")[0])
        self.facts = facts


class NotFound(Refusal):
    """There is no such thing, or it is not yours to see."""

    code = "not_found"


class UnknownTicket(NotFound):
    """No ticket of this id is known."""

    code = "unknown_ticket"


class UnknownOrder(NotFound):
    """No order of this id is known."""

    code = "unknown_order"


class UnknownEvidence(NotFound):
    """The ticket has no such evidence item."""

    code = "unknown_evidence"


class UnknownOffer(NotFound):
    """The ticket has no such offer."""

    code = "unknown_offer"


class UnknownRemedy(NotFound):
    """The ticket has no such remedy."""

    code = "unknown_remedy"


class UnknownErasure(NotFound):
    """No erasure of this number was requested."""

    code = "unknown_erasure"


class UnknownRequest(NotFound):
    """The ticket has no such request to a department."""

    code = "unknown_request"


class UnknownPilot(NotFound):
    """No pilot of this name was announced."""

    code = "unknown_pilot"


class UnknownScenario(NotFound):
    """No training scenario of this name can be drawn from history."""

    code = "unknown_scenario"


class UnknownAttempt(NotFound):
    """No attempt of this name is yours."""

    code = "unknown_attempt"


class UnknownAgent(NotFound):
    """No agent of this reference is registered."""

    code = "unknown_agent"


class Forbidden(Refusal):
    """This actor may not do this."""

    code = "forbidden"


class NotYourRole(Forbidden):
    """Your role may not do this."""

    code = "not_your_role"


class NotYourTicket(Forbidden):
    """Only a party to the ticket may do this."""

    code = "not_your_ticket"


class ConflictOfInterest(Forbidden):
    """Whoever handled the ticket before may not judge it."""

    code = "conflict_of_interest"


class AssignedToAnother(Forbidden):
    """Somebody else works on this ticket."""

    code = "assigned_to_another"


class NotFit(Forbidden):
    """This agent lacks what the matter asks of who works on it, or carries too much."""

    code = "not_fit"


class WrongState(Refusal):
    """The matter does not stand where this would make sense."""

    code = "wrong_state"


class WrongStage(WrongState):
    """The ticket has moved past, or not yet reached, the stage this needs."""

    code = "wrong_stage"


class AlreadyDone(WrongState):
    """This has been done and can not be done again."""

    code = "already_done"


class TicketClosedAlready(WrongState):
    """The ticket is closed."""

    code = "ticket_closed"


class NegotiationFirst(WrongState):
    """The platform intervenes only after negotiation failed or its deadline passed."""

    code = "negotiation_first"


class WindowPassed(WrongState):
    """The time in which this could be asked has passed."""

    code = "window_passed"


class NotYetDue(WrongState):
    """The deadline has not come yet."""

    code = "not_yet_due"


class OfferNotOpen(WrongState):
    """The offer has been answered, withdrawn or has lapsed."""

    code = "offer_not_open"


class EvidenceSealedAlready(WrongState):
    """The set is sealed: it can only be supplemented."""

    code = "evidence_sealed"


class EvidenceNotShown(WrongState):
    """A ruling relies only on evidence that both sides were shown."""

    code = "evidence_not_shown"


class WrongStep(WrongState):
    """The remedy is not at the step before this one."""

    code = "wrong_step"


class AlreadyOpen(WrongState):
    """Another live ticket holds this order line in this scenario."""

    code = "already_open"


class OrderKnownOtherwise(WrongState):
    """The order is known with other content."""

    code = "order_known_otherwise"


class FactKnownOtherwise(WrongState):
    """The fact is on record with another instant, or of this instant with other content."""

    code = "fact_known_otherwise"


class NobodyFits(WrongState):
    """None of the candidates may take the matter."""

    code = "nobody_fits"


class UnknownParcel(WrongState):
    """No parcel of this tracking number was shipped on the order."""

    code = "unknown_parcel"


class NothingToRefund(WrongState):
    """Nothing is left to refund on this order line."""

    code = "nothing_to_refund"


class BookKnownOtherwise(WrongState):
    """A book of this version is adopted with other content; a changed book has a version anew."""

    code = "book_known_otherwise"


class BookOverlaps(WrongState):
    """Another book is in force from this very instant; nobody could say which one holds."""

    code = "book_overlaps"


class BookNotInForce(WrongState):
    """The book is adopted and begins later; nothing is promised by it before."""

    code = "book_not_in_force"


class BookInForce(WrongState):
    """All tickets of that time are opened under this book anyway; there is nothing to pilot."""

    code = "book_in_force"


class PilotKnownOtherwise(WrongState):
    """A pilot of this name is on record with other terms; another pilot has a name of its own."""

    code = "pilot_known_otherwise"


class AttemptKnownOtherwise(WrongState):
    """An attempt of this name was begun at another scenario, or by somebody else."""

    code = "attempt_known_otherwise"


class AttemptOver(WrongState):
    """The trainee has ruled: nothing is shown, asked or decided any more."""

    code = "attempt_over"


class StepsFirst(WrongState):
    """The steps before the decision are shown first, one after the other."""

    code = "steps_first"


class PilotOverlaps(WrongState):
    """Another pilot takes tickets of this time and category; a ticket is in one pilot at most."""

    code = "pilot_overlaps"


class Unreasonable(Refusal):
    """What is asked is well formed but not possible."""

    code = "unreasonable"


class NotYetHappened(Unreasonable):
    """What is reported lies in the future."""

    code = "not_yet_happened"


class LineRequired(Unreasonable):
    """The order has several lines: say which one the matter is about."""

    code = "line_required"


class UnknownLine(Unreasonable):
    """The order has no such line."""

    code = "unknown_line"


class UnknownClause(Unreasonable):
    """The book in force has no such clause."""

    code = "unknown_clause"


class UnknownDepartment(Unreasonable):
    """The book knows no such department."""

    code = "unknown_department"


class UnknownQueue(Unreasonable):
    """The book knows no such queue."""

    code = "unknown_queue"


class UnknownDesk(Unreasonable):
    """The book knows no such desk."""

    code = "unknown_desk"


class UnknownBook(Unreasonable):
    """No book of this version is adopted."""

    code = "unknown_book"


class BookNotAhead(Unreasonable):
    """A book is in force from an instant to come: it changes nothing that was judged."""

    code = "book_not_ahead"


class PilotNotAhead(Unreasonable):
    """A pilot begins at an instant to come: every process knows it by then."""

    code = "pilot_not_ahead"


class SharesDoNotAddUp(Unreasonable):
    """The shares of responsibility name each party once and add up to 10,000 basis points."""

    code = "shares_do_not_add_up"


class AmountRequired(Unreasonable):
    """This remedy needs an amount."""

    code = "amount_required"


class AmountNotAllowed(Unreasonable):
    """This remedy moves no money and takes no amount."""

    code = "amount_not_allowed"


class CapExceeded(Unreasonable):
    """Refunds and payouts of an order line never exceed what order and policy allow."""

    code = "cap_exceeded"


class CurrencyDiffers(Unreasonable):
    """The amount is not in the currency the order was paid in."""

    code = "currency_differs"


class LessThanClaimed(Unreasonable):
    """This is less than what is claimed: it would be an offer, not an approval."""

    code = "less_than_claimed"


class LimitReached(Unreasonable):
    """The ticket holds as many of these as it may."""

    code = "limit_reached"


class PersonalByNature(Unreasonable):
    """A content of this kind is personal: upload it as such."""

    code = "personal_by_nature"


class Concurrency(Refusal):
    """Somebody else was there at the same time, or before."""

    code = "concurrency"


class TicketChanged(Concurrency):
    """The ticket has changed since the version you acted on."""

    code = "ticket_changed"


class VersionRequired(Concurrency):
    """Acting on an unseen state would be wrong here: send the version you saw as If-Match."""

    code = "version_required"


class KeyRequired(Concurrency):
    """A command that moves money needs an Idempotency-Key."""

    code = "key_required"


class KeyReused(Concurrency):
    """This Idempotency-Key was used for another request."""

    code = "key_reused"


class Contended(Concurrency):
    """The ticket kept changing while this was judged; nothing was written, try again."""

    code = "contended"


class Overloaded(Concurrency):
    """More is waiting to be written than may wait; nothing was written, try again soon."""

    code = "overloaded"
