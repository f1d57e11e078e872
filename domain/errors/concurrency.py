"""Refusals of what comes at the same time as something else, or after it unseen."""

from domain.errors.base import Refusal


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
