"""Refusals of who asks: this actor may not do what another one may."""

from domain.errors.base import Refusal


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
