"""Which views the program has, in the order in which they are told; who folds them is elsewhere."""

from typing import Final

from projections import (
    agents,
    arbitration,
    clocks,
    deadlines,
    departments,
    diagnosis,
    instants,
    progress_board,
    queue,
    queue_occurred,
    queue_past,
    reports,
    surveys,
    training,
)
from projections.projection import View

VIEWS: Final[tuple[View, ...]] = (
    queue.VIEW,
    progress_board.VIEW,
    arbitration.VIEW,
    deadlines.VIEW,
    clocks.VIEW,
    departments.VIEW,
    diagnosis.VIEW,
    surveys.VIEW,
    agents.VIEW,
    queue_past.VIEW,
    queue_occurred.VIEW,
    instants.VIEW,
    training.VIEW,
    reports.VIEW,
)
"""Every view of the program."""
