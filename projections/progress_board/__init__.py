"""The progress board: the steps of one ticket, as the buyer, the merchant and staff may see them.

Every node names the positions of the events that caused it. Read it with `board`, which takes a
cursor, a ticket and an audience. It holds no personal value.
"""

from projections.progress_board import evidence, handlers, promises, remedies
from projections.progress_board.reading import Board, Expected, Node, NodeState, board
from projections.progress_board.rows import VIEW, Audience, NodeKey

__all__ = [
    "VIEW",
    "Audience",
    "Board",
    "Expected",
    "Node",
    "NodeKey",
    "NodeState",
    "board",
    "evidence",
    "handlers",
    "promises",
    "remedies",
]
