"""Refusals of when it is asked: the matter does not stand where it would make sense."""

from domain.errors.base import Refusal


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
