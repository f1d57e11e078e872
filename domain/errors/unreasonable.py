"""Refusals of what is asked: well formed, and not possible however the matter stands."""

from domain.errors.base import Refusal


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


class UnknownTag(Unreasonable):
    """The book knows no such tag; `places` counts from 0 in the list that was sent."""

    code = "unknown_tag"


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
