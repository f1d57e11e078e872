"""The past of a queue of any length, written straight into the tables of its two views.

The records of a ticket are written when somebody is to fold them; all others are not there.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

from psycopg2 import connect
from psycopg2.extras import execute_values

from domain.events import DeadlineExtended, DeadlineGiven, Event, TicketClosed, TicketOpened
from domain.proof.canonical import canonical
from domain.proof.chain import leaf_hash
from domain.record import FORMAT
from domain.streams import ticket_stream
from domain.values import Awaiting, Channel, Instant, Kind, Reason, Scenario, instant
from projections.queue_occurred.rows import point_of
from projections.queue_past.axes import OCCURRED, RECORDED
from projections.spans import LASTING
from tests.benchmarks.place import Database, run_sql

ORIGIN: Final = "ledger.benchmark/lane-0"
EACH: Final = 4
"""Positions that a ticket takes: opened, a deadline given, extended, and closed."""
_BEGAN: Final = datetime(2026, 11, 11, tzinfo=UTC)
_NEVER: Final = 2
"""Of five tickets, the one with this remainder is never closed."""
ASIDE: Final = 100
"""So many tickets were told in another order than they occurred in: no spans of instants."""
_NODE: Final = f"""case when until = {LASTING} then -1
    else length(ltrim((since # (until - 1))::bit(64)::text, '0')) end,
  case when until = {LASTING} then 0
    else since >> length(ltrim((since # (until - 1))::bit(64)::text, '0')) end"""
_FILL: Final = """
insert into view.queue_past
select ticket, 0, since, until,
  {node},
  step < 3, 1 + n % 4,
  case when step in (1, 2) then timestamptz '2026-11-11 00:00:00Z'
    + make_interval(secs => (n::bigint * 7919 % 864000 + 86400 * (step - 1))::int)
    else 'infinity' end,
  case when step < 3 then 'intake' else 'closed' end,
  case step when 1 then 'agent' when 2 then 'merchant' else 'nobody' end,
  'general', 'complaint', null, null
from (
  select n, step, ticket, since, coalesce(lead(since) over (partition by n order by step),
    {lasting}) as until
  from (
    select n, step, 'T0-261111-' || lpad(n::text, 7, '0') as ticket,
      case step when 0 then {each} * n::bigint + 1 when 1 then {each} * n::bigint + 2
        when 2 then {each} * (n::bigint + {turn}) + 3
        else {each} * (n::bigint + (array{lives})[1 + n % 5]) + 4 end as since
    from generate_series({first}, {last}) n, generate_series(0, 3) step
    where step < 3 or n % 5 <> {never}) as steps
  where since <= {each} * {tickets}) as spans
"""
_NUMBER: Final = "right(ticket, 7)::int"
_IS_ASIDE: Final = f"{_NUMBER} % ({{tickets}} / {ASIDE}) = 0"
_OF_TICKETS: Final = f"""
insert into view.queue_past_ticket
select ticket, 0, 'buyer-' || {_NUMBER} % 300000, 'merchant-' || {_NUMBER} % 2000,
  'order-' || {_NUMBER}, max(since), ''
from view.queue_past group by ticket
"""
_OCCURRED: Final = f"""
insert into view.queue_occurred
select ticket, lane, since, until, {_NODE}, open, priority, due_at, stage, awaiting, queue, kind,
  assignee, source_state, position
from (
  select ticket, lane, {{first}} + 1000000 * since as since,
    case when until = {LASTING} then until else {{first}} + 1000000 * until end as until,
    open, priority, due_at, stage, awaiting, queue, kind, assignee, source_state,
    since as position
  from view.queue_past where not {_IS_ASIDE}) as spans
"""
_OCCURRED_OF_TICKETS: Final = f"""
insert into view.queue_occurred_ticket
select ticket, lane, buyer, merchant, order_ref, {{first}} + 1000000 * since, since, 0, 0,
  {_IS_ASIDE}, ''
from view.queue_past_ticket
"""
_CHUNK: Final = 100_000
_AT_ONCE: Final = 5_000


def fill(database: Database, tickets: int) -> None:
    """Make the views' tables anew with the past of so many tickets, and their indexes."""
    for table, statements in _tables().items():
        run_sql(database.app_dsn, f"drop table if exists {table}", statements[0])
    for begin in range(0, tickets, _CHUNK):
        run_sql(
            database.app_dsn,
            _FILL.format(
                node=_NODE,
                lasting=LASTING,
                each=EACH,
                first=begin,
                last=min(begin + _CHUNK, tickets) - 1,
                turn=turn(tickets),
                lives=lives(tickets),
                never=_NEVER,
                tickets=tickets,
            ),
        )
    first = point_of(recorded_at(0))
    for statement in (_OF_TICKETS, _OCCURRED, _OCCURRED_OF_TICKETS):
        run_sql(database.app_dsn, statement.format(first=first, tickets=tickets))
    for table, statements in _tables().items():
        run_sql(database.app_dsn, *statements[1:])
        settle(database, table)


def _tables() -> Mapping[str, Sequence[str]]:
    """Return the tables of both views."""
    return {**RECORDED.tables, **OCCURRED.tables}


def aside(tickets: int) -> list[str]:
    """Return the tickets that were told in another order than they occurred in."""
    return [ticket(number) for number in range(0, tickets, tickets // ASIDE)]


def turn(tickets: int) -> int:
    """Return after how many other tickets it is somebody else's turn on one."""
    return min(1_000, tickets // 500)


def lives(tickets: int) -> list[int]:
    """Return after how many other tickets one of each kind is closed; 0 for the kind that is not.

    The shortest lives come last: they fill the places that the view of instants marks.
    """
    return [
        5 * count
        for count in (tickets // 100, tickets // 25, 0, tickets // 10, 1 + tickets // 1_000)
    ]


def ticket(number: int) -> str:
    """Return the id of a ticket."""
    return f"T0-261111-{number:07d}"


def record(database: Database, tickets: int, wanted: Iterable[str]) -> None:
    """Write the records of some of the tickets at the positions their past says."""
    rest = iter(wanted)
    with closing(connect(database.superuser_dsn)) as connection:
        while chunk := list(islice(rest, _AT_ONCE)):
            with connection, connection.cursor() as cursor:
                execute_values(
                    cursor,
                    "insert into ledger.event (lane, position, stream, version, topic, command, "
                    "body_hmac, recorded_at, state) values %s on conflict do nothing",
                    [row for one in chunk for row in _rows(one, tickets)],
                    template="(0, %s, %s, %s, %s, %s, '', %s, %s)",
                    page_size=1_000,
                )


def end(database: Database) -> None:
    """Say where the lane ends."""
    run_sql(
        database.superuser_dsn,
        "update ledger.lane_head set position = (select max(position) from ledger.event) "
        "where lane = 0",
    )


def settle(database: Database, *tables: str) -> None:
    """Leave tables that were just filled as ones that have been there for a while.

    Else autovacuum finds them within the minute, and who reads first writes what was filled to the
    disk: neither is a cost of reading.
    """
    run_sql(
        database.superuser_dsn,
        *(f"vacuum (analyze) {table}" for table in tables),
        "checkpoint",
    )


def recorded_at(position: int) -> Instant:
    """Return when the record at a position was recorded."""
    return Instant(instant(_BEGAN + timedelta(seconds=position)))


def positions(number: int, tickets: int) -> list[int]:
    """Return where the records of a ticket stand."""
    return [position for position, _ in _facts(number, tickets)]


def _rows(name: str, tickets: int) -> list[tuple[object, ...]]:
    number = int(name.rpartition("-")[2])
    rows: list[tuple[object, ...]] = []
    previous = bytes(32)
    for version, (position, event) in enumerate(_facts(number, tickets), 1):
        at = recorded_at(position)
        state = canonical(
            {
                "format": FORMAT,
                "ledger": ORIGIN,
                "stream": ticket_stream(name),
                "version": version,
                "prev": previous.hex(),
                "id": f"00000000-0000-7000-8000-{position:012d}",
                "topic": event.TOPIC,
                "at": at,
                "actor": {"kind": "system", "ref": "platform"},
                "cause": {"command": f"c{position}", "correlation": f"c{position}"},
                "data": event,
            }
        )
        previous = leaf_hash(state)
        rows.append((position, ticket_stream(name), version, event.TOPIC, f"c{position}", at))
        rows[-1] += (state,)
    return rows


def _facts(number: int, tickets: int) -> Iterable[tuple[int, Event]]:
    """Yield position and fact of a ticket's short life, as far as the record goes."""
    due = [
        Instant(instant(_BEGAN + timedelta(seconds=number * 7_919 % 864_000, days=days)))
        for days in (0, 1)
    ]
    opened = TicketOpened(
        channel=Channel.APP,
        kind=Kind.COMPLAINT,
        scenario=Scenario.PRODUCT,
        reason=Reason.DAMAGED,
        priority=1 + number % 4,
        policy="2026-11-22",
        buyer=f"buyer-{number % 300_000}",
        merchant=f"merchant-{number % 2_000}",
        order=f"order-{number}",
        line="L1",
    )
    facts: list[tuple[int, Event]] = [
        (EACH * number + 1, opened),
        (EACH * number + 2, _given(due[0])),
        (EACH * (number + turn(tickets)) + 3, _extended(due[1])),
    ]
    if number % 5 != _NEVER:
        life = lives(tickets)[number % 5]
        facts.append((EACH * (number + life) + 4, TicketClosed(outcome="withdrawn")))
    return [fact for fact in facts if fact[0] <= EACH * tickets]


def _given(due_at: Instant) -> DeadlineGiven:
    return DeadlineGiven(
        deadline="acceptance", due_at=due_at, awaits=Awaiting.AGENT, policy="2026-11-22"
    )


def _extended(due_at: Instant) -> DeadlineExtended:
    return DeadlineExtended(deadline="acceptance", due_at=due_at, policy="2026-11-22")
