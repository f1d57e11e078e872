"""A pilot's two arms side by side, day by day: what became of them, and what would have otherwise.

Which ticket is in which arm is read from the record alone. Nothing is written.
"""

from replay.pilots.comparing import TooManyTickets, laid_out
from replay.pilots.figures import Compared, Comparison, Day, Figure, Figures, Otherwise, Tried

__all__ = [
    "Compared",
    "Comparison",
    "Day",
    "Figure",
    "Figures",
    "Otherwise",
    "TooManyTickets",
    "Tried",
    "laid_out",
]
