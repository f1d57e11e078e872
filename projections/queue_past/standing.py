"""Asking the queue's past how one ticket ranked among the others, and who worked on what."""

from collections.abc import Mapping, Sequence

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from projections.columns import texts
from projections.queue import QueueRow, Rank, Standing
from projections.queue_past.axes import RECORDED, Axis
from projections.queue_past.reading import ALWAYS, Statement, Upto
from projections.spans import HOLDS, MOMENT, moment

_KEY = "(p.priority, p.due_at, p.ticket) <= (%s, %s::timestamptz, %s)"
_CARRIED = "p.open and p.source_state is null"
"""What an agent carries: live matters of our own, for imported history is nobody's to work on."""


def standing(db: Cursor, upto: Mapping[int, int], row: QueueRow, told: str) -> Standing:
    """Return where a ticket stood at a moment, of which this is its row; each span is counted.

    The answer tells the moment in the caller's words.
    """
    if not row.open:
        return Standing(told, row)
    db.execute(*ranks_statement(RECORDED, upto, row))
    ahead_here, here, ahead, everything = db.fetchone() or (0, 0, 0, 0)
    return Standing(told, row, Rank(ahead_here, here), Rank(ahead, everything))


def ranks_statement(
    axis: Axis, upto: Upto, row: QueueRow, *, condition: Statement = ALWAYS
) -> Statement:
    """Return what ranks are asked with: of open spans p, in a queue and in all, ahead and all."""
    return (
        f"select count(*) filter (where p.queue = %s and {_KEY}), "
        f"count(*) filter (where p.queue = %s), count(*) filter (where {_KEY}), count(*) "
        f"from {MOMENT} join {axis.spans} p on {HOLDS} where p.open and {condition[0]}",
        [
            *(row.queue, row.priority, row.due_at or "infinity", row.ticket),
            *(row.queue, row.priority, row.due_at or "infinity", row.ticket),
            *moment(upto),
            *condition[1],
        ],
    )


def carried(db: Cursor, upto: Mapping[int, int], agents: Sequence[str]) -> dict[str, int]:
    """Return agent → how many live matters they worked on at a moment, where there were any."""
    db.execute(
        f"select p.assignee, count(*) from {MOMENT} join {RECORDED.spans} p on {HOLDS} "
        f"where {_CARRIED} and p.assignee = any(%s::text[]) group by p.assignee",
        (*moment(upto), texts(agents)),
    )
    return dict(db.fetchall())


def assigned(
    db: Cursor, upto: Mapping[int, int], agent: str, after: str | None, limit: int
) -> list[str]:
    """Return up to `limit` tickets that an agent worked on, behind one, by their ids.

    They are the live matters that `carried` counts.
    """
    db.execute(
        f"select p.ticket from {MOMENT} join {RECORDED.spans} p on {HOLDS} "
        f"where {_CARRIED} and p.assignee = %s and p.ticket > %s order by p.ticket limit %s",
        (*moment(upto), agent, after or "", limit),
    )
    return [ticket for (ticket,) in db.fetchall()]
