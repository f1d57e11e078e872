"""Notices that wait to be sent, and those that nobody could be given: the sender's own list.

It is made from the record and may be dropped: the record tells it again, and knows which notices
are over. Who sends holds a lease by the database's time; no text and no address stands here.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from psycopg2.extensions import connection as Connection  # noqa: N812 - the class, by its name
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name
from psycopg2.extras import execute_values

from domain.processes.notices import NoticeDue
from domain.record import Record
from domain.values import Instant, NoticeFailure
from projections import quarantine
from projections.projection import ProcessTables

LEASE_S: Final = 60
"""Longer than one try takes; each try begins it anew."""
_BARE: Final = "ticket:"
"""Left out where the table names a ticket, as it was before it named queues too."""
_COLUMNS: Final = (
    f"notice, case when strpos(ticket, ':') > 0 then ticket else '{_BARE}' || ticket end, "
    "version, rule, policy, recipient, channel, due_at, next_at, tries, why"
)


class Waiting(NamedTuple):
    """A notice as the list has it."""

    notice: str
    about: str
    """The stream of the fact that it tells."""
    version: int
    rule: str
    policy: str
    to: str
    channel: str
    due_at: Instant
    next_at: Instant
    tries: int
    """How many were begun."""
    why: str | None
    """Why it was given up; None while it waits."""

    @property
    def ticket(self) -> str | None:
        """Return the ticket it is about; None of a queue."""
        family, _, subject = self.about.partition(":")
        return subject if family == "ticket" else None


OUTBOX: Final = ProcessTables(
    name="process:notices",
    version=1,
    tables={
        "view.notice": (
            """create table view.notice(
              notice text collate "C" not null primary key,
              ticket text collate "C" not null,
              version int not null,
              rule text not null,
              policy text not null,
              recipient text not null,
              channel text not null,
              due_at text collate "C" not null,
              next_at text collate "C" not null,
              tries int not null default 0,
              why text,
              owner text,
              lease_until timestamptz not null default '-infinity')""",
            "create index on view.notice (next_at, notice) where why is null",
            "create index on view.notice (due_at, notice) where why is not null",
        ),
    },
)
"""The notices that wait or were given up; what is due follows from record and book together."""


def position(db: Cursor, lane: int) -> int:
    """Return how far a lane was read for notices."""
    db.execute(
        "select position from view.position where lane = %s and view = %s", (lane, OUTBOX.name)
    )
    (found,) = db.fetchone() or (0,)
    return int(found)


def put(  # noqa: PLR0917 - one page
    connection: Connection,
    lane: int,
    after: int,
    to: int,
    notices: Sequence[NoticeDue],
    broken: Sequence[tuple[Record, str]] = (),
) -> bool:
    """Put notices on the list and remember how far was read; False when a rival was first.

    Records of which nobody can say what they mean are put aside with their errors.
    """
    with connection, connection.cursor() as db:
        db.execute(
            "update view.position set position = %s where lane = %s and view = %s "
            "and position = %s",
            (to, lane, OUTBOX.name, after),
        )
        if db.rowcount != 1:
            return False
        _insert(db, notices)
        if broken:
            quarantine.put_aside(db, OUTBOX.name, lane, broken)
    return True


def put_aside(connection: Connection, lane: int) -> list[int]:
    """Return the positions of the records of a lane that were put aside."""
    with connection, connection.cursor() as db:
        waiting = quarantine.waiting_of(db, OUTBOX.name, lane)
    return sorted(position for positions in waiting.values() for position in positions)


def put_after_all(
    connection: Connection, lane: int, position: int, notices: Sequence[NoticeDue]
) -> None:
    """Put the notices of a record on the list that was put aside before."""
    with connection, connection.cursor() as db:
        _insert(db, notices)
        quarantine.take_back(db, OUTBOX.name, lane, [position])


def _insert(db: Cursor, notices: Sequence[NoticeDue]) -> None:
    if not notices:
        return
    execute_values(
        db,
        "insert into view.notice (notice, ticket, version, rule, policy, recipient, "
        "channel, due_at, next_at) values %s on conflict do nothing",
        [
            (
                one.notice,
                one.about.removeprefix(_BARE),
                one.version,
                one.rule,
                one.policy,
                one.to,
                one.channel,
                one.due_at,
                one.due_at,
            )
            for one in notices
        ],
    )


def take(connection: Connection, owner: str, now: Instant, limit: int) -> list[Waiting]:
    """Return notices to send, ours until the lease is over; the longest waiting first."""
    with connection, connection.cursor() as db:
        db.execute(
            "with ours as (select notice as id from view.notice where why is null "  # noqa: S608 - ours
            "and next_at <= %s and lease_until < clock_timestamp() order by next_at, notice "
            "limit %s for update skip locked) update view.notice set owner = %s, "
            "lease_until = clock_timestamp() + make_interval(secs => %s) "
            f"from ours where notice = id returning {_COLUMNS}",
            (now, limit, owner, LEASE_S),
        )
        return sorted((Waiting(*row) for row in db.fetchall()), key=lambda one: one.next_at)


def begin(connection: Connection, owner: str, notice: str, next_at: Instant) -> bool:
    """Count a try before it is made, the next one due then; False when it is not ours any more."""
    with connection, connection.cursor() as db:
        db.execute(
            "update view.notice set tries = tries + 1, next_at = %s, "
            "lease_until = clock_timestamp() + make_interval(secs => %s) "
            "where notice = %s and owner = %s and why is null and lease_until > clock_timestamp()",
            (next_at, LEASE_S, notice, owner),
        )
        return db.rowcount == 1


def hold(connection: Connection, owner: str, notice: str) -> bool:
    """Begin our lease anew without a try; False when it is not ours any more."""
    with connection, connection.cursor() as db:
        db.execute(
            "update view.notice set lease_until = clock_timestamp() + make_interval(secs => %s) "
            "where notice = %s and owner = %s and why is null and lease_until > clock_timestamp()",
            (LEASE_S, notice, owner),
        )
        return db.rowcount == 1


def put_back(connection: Connection, owner: str, notice: str, next_at: Instant) -> None:
    """Give a notice back, to be taken from an instant on by whoever comes first."""
    with connection, connection.cursor() as db:
        db.execute(
            "update view.notice set next_at = %s, owner = null, lease_until = '-infinity' "
            "where notice = %s and owner = %s",
            (next_at, notice, owner),
        )


def end(connection: Connection, notice: str, why: NoticeFailure | None = None) -> None:
    """Take what is over off the list; what failed stays on it until somebody dismisses it."""
    with connection, connection.cursor() as db:
        if why is None:
            db.execute("delete from view.notice where notice = %s", (notice,))
        else:
            db.execute("update view.notice set why = %s where notice = %s", (why, notice))


def dismiss(connection: Connection, notice: str) -> bool:
    """Take a failed notice off the list; its end stays on record."""
    with connection, connection.cursor() as db:
        db.execute("delete from view.notice where notice = %s and why is not null", (notice,))
        return db.rowcount == 1


# --- reading ----------------------------------------------------------------------------------


def listed(db: Cursor, *, failed: bool, limit: int) -> list[Waiting]:
    """Return what failed, or what waits, the oldest first."""
    if not _is_there(db):
        return []
    condition, order = ("why is not null", "due_at") if failed else ("why is null", "next_at")
    db.execute(
        f"select {_COLUMNS} from view.notice where {condition} order by {order}, notice limit %s",  # noqa: S608 - ours
        (limit,),
    )
    return [Waiting(*row) for row in db.fetchall()]


def given_up(db: Cursor) -> int:
    """Return how many notices no channel took, so that somebody must look."""
    if not _is_there(db):
        return 0
    db.execute(
        "select count(*) from view.notice where why = any(%s)",
        ([NoticeFailure.GAVE_UP, NoticeFailure.REFUSED, NoticeFailure.NO_ROUTE],),
    )
    (count,) = db.fetchone() or (0,)
    return int(count)


def _is_there(db: Cursor) -> bool:
    """Return whether a sender has ever run."""
    db.execute("select to_regclass('view.notice') is not null")
    return db.fetchone() == (True,)
