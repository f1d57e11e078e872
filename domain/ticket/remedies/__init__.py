"""Remedies: how they come to be owed, and one module for each sub-flow that carries one out."""

from domain.ticket.remedies.cancellation import cancel_remedy
from domain.ticket.remedies.compensation import (
    fail_compensation,
    initiate_compensation,
    pay_compensation,
)
from domain.ticket.remedies.coupon import issue_coupon
from domain.ticket.remedies.exchange import deliver_replacement, ship_replacement
from domain.ticket.remedies.ordering import grant_remedy, ordered, within_authority
from domain.ticket.remedies.refund import fail_refund, initiate_refund, settle_refund
from domain.ticket.remedies.repair import book_repair, complete_repair, receive_repair
from domain.ticket.remedies.reshipment import deliver_reshipment, ship_reshipment
from domain.ticket.remedies.returns import (
    authorise_return,
    inspect_return,
    receive_return,
    ship_return,
)
from domain.ticket.remedies.steps import MOVES, outcome_of, released

__all__ = [
    "MOVES",
    "authorise_return",
    "book_repair",
    "cancel_remedy",
    "complete_repair",
    "deliver_replacement",
    "deliver_reshipment",
    "fail_compensation",
    "fail_refund",
    "grant_remedy",
    "initiate_compensation",
    "initiate_refund",
    "inspect_return",
    "issue_coupon",
    "ordered",
    "outcome_of",
    "pay_compensation",
    "receive_repair",
    "receive_return",
    "released",
    "settle_refund",
    "ship_replacement",
    "ship_reshipment",
    "ship_return",
    "within_authority",
]
