"""What another book would have done: history lived again under it, and every difference listed.

Nothing is written. What people decided is never decided again: what differs is what the platform
does by the book, and which of people's decisions the other book would not have let pass.
"""

from replay.what_if.differing import Counted, Difference, Found, Totals, general, merge
from replay.what_if.reading import History, over_ledger
from replay.what_if.telling import Kind
from replay.what_if.trying import Trial, Trying, Window, matters

__all__ = [
    "Counted",
    "Difference",
    "Found",
    "History",
    "Kind",
    "Totals",
    "Trial",
    "Trying",
    "Window",
    "general",
    "matters",
    "merge",
    "over_ledger",
]
