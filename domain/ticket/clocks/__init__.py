"""Promises on a ticket: started, rested and ended by what happens, and what a breach leads to."""

from domain.ticket.clocks.following import begin, carry_on
from domain.ticket.clocks.passing import follow_order, pass_clock

__all__ = ["begin", "carry_on", "follow_order", "pass_clock"]
