"""The rows about disk: what a ticket with three changes takes, part by part, with all its views."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Final, NamedTuple

from psycopg2 import connect

from api.wiring import Dsns
from domain.ledger.recorder import Recorder
from projections.views import VIEWS
from replay.rebuild import Rebuild, RecordSource
from tests.benchmarks.arithmetic import Row, Target
from tests.benchmarks.disk_tickets import CHANGES, write
from tests.benchmarks.effort import Effort
from tests.benchmarks.place import Place, run_sql
from tests.benchmarks.processes import BenchmarkError

LIMIT: Final = 9_000
"""Bytes a ticket may take."""
AIM: Final = 3_900
"""What one of Request Tracker takes."""
TOLD_MIN: Final = 0.002
"""The share of the whole below which a table is not told by itself."""
_OF_VIEWS: Final = "view"
_PARTS: Final = """
select n.nspname, c.relname, pg_total_relation_size(c.oid), pg_indexes_size(c.oid)
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and n.nspname !~ '^(pg_|information_schema$)'
order by 3 desc, 1, 2
"""
_TOPICS: Final = """
select topic, count(*), sum(length(state)) from ledger.event group by topic order by 3 desc, 1
"""


class Part(NamedTuple):
    """One table, and what it takes on disk."""

    schema: str
    table: str
    total: int
    """With its indexes and what does not fit into a row."""
    indexes: int


class Topic(NamedTuple):
    """What is recorded of one kind."""

    topic: str
    events: int
    size: int


def measure(place: Place, effort: Effort) -> Iterator[Row]:
    """Yield the bytes of a ticket: as written, with its views built anew, and without them."""
    database, tickets = place.new_database("disk", migrated=True), effort.disk_tickets
    dsn = database.superuser_dsn
    write(
        Dsns(app=database.app_dsn, views=database.app_dsn),
        place.server.dsn("ticketledger_notary", database.name),
        place.directory / "disk",
        tickets,
        partial(tidy, dsn),
    )
    run_sql(dsn, "vacuum analyze")
    kinds, written = topics(dsn), parts(dsn)
    events = sum(one.events for one in kinds)
    _tell(_of_topics(kinds, tickets))
    _tell(_of_parts(written, tickets, events, "as written"))
    row = partial(_row, tickets=tickets, note=f"{events / tickets:.1f} events a ticket")
    yield row("as written", written, Target(1.0, AIM / LIMIT, at_most=True))
    rebuild(database.app_dsn)
    run_sql(dsn, "vacuum analyze")
    rebuilt = parts(dsn)
    _tell(_of_parts(rebuilt, tickets, events, "views built anew"))
    yield row("views built anew", rebuilt, Target(1.0, AIM / LIMIT, at_most=True))
    record = [part for part in rebuilt if part.schema != _OF_VIEWS]
    yield row("the record alone", record, Target(at_most=True))


def parts(dsn: str) -> list[Part]:
    """Return what every table of the ledger and its views takes, the largest first."""
    with closing(connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(_PARTS)
        return [Part(*row) for row in cursor.fetchall()]


def topics(dsn: str) -> list[Topic]:
    """Return what is recorded of every kind, that which takes most bytes first."""
    with closing(connect(dsn)) as connection, connection.cursor() as cursor:
        cursor.execute(_TOPICS)
        return [Topic(topic, events, int(size)) for topic, events, size in cursor.fetchall()]


def tidy(dsn: str) -> None:
    """Make room where rows of views were written anew, as autovacuum does in a longer life."""
    views = [f'{part.schema}."{part.table}"' for part in parts(dsn) if part.schema == _OF_VIEWS]
    run_sql(dsn, f"vacuum {', '.join(views)}")


def rebuild(dsn: str) -> None:
    """Build every view anew and put it in the place of the live one."""
    with closing(Recorder.connect(dsn, readers_max=2)) as recorder:
        source = RecordSource(recorder)
        with Rebuild(dsn, source, lanes=1, views=VIEWS) as work:
            work.build(anew=True)
            if not (compared := work.compare()).same:
                raise BenchmarkError(f"the views differ from those built anew: {compared}")
            work.swap()


def _row(what: str, found: Sequence[Part], target: Target, *, tickets: int, note: str) -> Row:
    return Row(
        name=f"disk of a ticket with {CHANGES} changes, of {tickets:,}",
        what=what,
        reference=f"{LIMIT:,} bytes",
        unit="bytes",
        samples=(sum(part.total for part in found) / tickets,),
        reference_samples=(float(LIMIT),),
        target=target,
        note=note,
    )


def _of_topics(kinds: Sequence[Topic], tickets: int) -> Iterator[str]:
    """Yield what is recorded for a ticket, in lines."""
    events, size = (sum(one[at] for one in kinds) for at in (1, 2))
    yield f"recorded for a ticket: {events / tickets:.1f} events, {size / tickets:,.0f} bytes"
    for one in kinds:
        each = f"{one.events / tickets:.1f} of {one.size / one.events:,.0f}"
        yield f"  {one.size / tickets:8,.0f}  {one.topic}: {each}"


def _of_parts(found: Sequence[Part], tickets: int, events: int, what: str) -> Iterator[str]:
    """Yield what a ticket takes in every table, in lines."""
    whole = sum(part.total for part in found)
    each = f"{whole / tickets:,.0f}, {whole / events:,.0f} an event"
    yield f"bytes on disk for a ticket, {what}: {each}"
    rest = 0
    for part in found:
        if part.total < TOLD_MIN * whole:
            rest += part.total
            continue
        indexes = f"indexes {part.indexes / tickets:,.0f}"
        yield f"  {part.total / tickets:8,.0f}  {part.schema}.{part.table}: {indexes}"
    yield f"  {rest / tickets:8,.0f}  all other tables"


def _tell(lines: Iterator[str]) -> None:
    for line in lines:
        print(line, file=sys.stderr)  # noqa: T201 - words go to stderr
