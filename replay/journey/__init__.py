"""The journey of a ticket or an order: its steps, and who had the ball in between (CL-09).

Everything here is pure: records and books come in, a journey goes out. Waits lie end to end, so
they come to the whole path; nothing in it is nobody's without saying so.
"""

from replay.journey.audience import STAFF, Audience
from replay.journey.ball import Holder
from replay.journey.path import Journey, OrderJourney, order_journey, ticket_journey
from replay.journey.steps import Kind, Passed
from replay.journey.usable import Usable
from replay.journey.waits import Total, Wait

__all__ = [
    "STAFF",
    "Audience",
    "Holder",
    "Journey",
    "Kind",
    "OrderJourney",
    "Passed",
    "Total",
    "Usable",
    "Wait",
    "order_journey",
    "ticket_journey",
]
