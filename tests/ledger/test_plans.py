"""What the server does for an append, counted by the server: never a scan of what has grown."""

from collections.abc import Iterator
from functools import partial

import pytest

from domain.ledger.batch import Attempt, SealedValue, VerdictKind, WrappedKey
from domain.ledger.recorder import Recorder
from tests.conftest import Database
from tests.ledger.attempts import attempt, heads_after, new

BATCH = 64
GROWN = 40
"""Batches; the tables then are far larger than what one append may touch."""


@pytest.fixture
def recorder(database: Database) -> Iterator[Recorder]:
    """A recorder whose writer keeps one session, and so its cached plans, throughout."""
    recorder = Recorder.connect(database.app_dsn)
    yield recorder
    recorder.close()


def full(stream: str) -> Attempt:
    """Return a command that uses every table the append writes."""
    return attempt(
        new(stream),
        events=2,
        take=((f"{stream}/name", stream),),
        keys=(WrappedKey(stream, "buyer", b"wrapped"),),
        disclosures=(SealedValue(stream, 1, "/data/phone", "buyer", b"sealed"),),
    )


def counted(recorder: Recorder) -> dict[str, tuple[int, int, int]]:
    """Return per table: rows read by scans, index entries read, rows fetched through an index."""

    for connected in (recorder.connections.read, partial(recorder.connections.write, 0)):
        connected(lambda db: db.execute("select pg_stat_force_next_flush()"))
    connection = recorder.connections.open()
    with connection.cursor() as cursor:
        cursor.execute(
            "select t.relname, t.seq_tup_read,"
            " coalesce((select sum(i.idx_tup_read) from pg_stat_user_indexes i"
            " where i.relid = t.relid), 0)::bigint, coalesce(t.idx_tup_fetch, 0)"
            " from pg_stat_user_tables t where t.schemaname in ('ledger', 'personal')"
        )
        found = {name: (scanned, read, fetched) for name, scanned, read, fetched in cursor}
    connection.close()
    return found


def test_plans_cached_on_empty_tables_stay_right_when_they_grow(recorder: Recorder) -> None:
    """A join or an any() planned on empty tables reads a whole lane later: once it did."""
    first = [full(f"ticket:first-{number}") for number in range(BATCH)]
    for one in first:
        # More calls than the server plans anew, all while there is nothing to see.
        assert recorder.append(0, [one])[0].kind is VerdictKind.ACCEPTED
    for page in range(GROWN):
        recorder.append(0, [full(f"ticket:{page}-{number}") for number in range(BATCH)])
    before = counted(recorder)
    heads = [heads_after(one)[one.links[0].stream] for one in first]
    follow = [attempt(head, free=(f"{head.stream}/name",)) for head in heads]
    verdicts = recorder.append(0, [*follow, *(full(f"ticket:last-{n}") for n in range(BATCH))])
    assert {verdict.kind for verdict in verdicts} == {VerdictKind.ACCEPTED}
    verdicts = recorder.append(0, first)
    assert {verdict.kind for verdict in verdicts} == {VerdictKind.REPLAYED}
    after = counted(recorder)
    assert recorder.position(0) > 2 * BATCH * GROWN
    only_what_was_asked_for(before, after)


def test_the_usual_append_stays_right_too_when_the_tables_grow(recorder: Recorder) -> None:
    """It is judged by other statements than the append above, as a whole."""
    first = [attempt(new(f"merchant:first-{number}")) for number in range(BATCH)]
    for one in first:
        assert recorder.append(0, [one])[0].kind is VerdictKind.ACCEPTED
    for page in range(GROWN):
        recorder.append(0, [attempt(new(f"merchant:{page}-{n}")) for n in range(BATCH)])
    before = counted(recorder)
    heads = [heads_after(one)[one.links[0].stream] for one in first]
    verdicts = recorder.append(0, [attempt(head, events=2) for head in heads])
    assert {verdict.kind for verdict in verdicts} == {VerdictKind.ACCEPTED}
    only_what_was_asked_for(before, counted(recorder))


def test_reads_need_no_statistics(recorder: Recorder) -> None:
    """After an import or a restore the server has none, and a page must not cost the lane."""
    for page in range(GROWN):
        recorder.append(0, [full(f"order:{page}-{number}") for number in range(BATCH)])
    asked = [full(f"order:asked-{number}") for number in range(BATCH)]
    recorder.append(0, asked)
    streams = [one.links[0].stream for one in asked]
    before = counted(recorder)
    assert len(recorder.read(0, 2 * BATCH, BATCH)) == BATCH
    assert len(recorder.read_streams(0, streams)) == 2 * BATCH
    assert len(recorder.read_streams_upto(0, streams, 2**62)) == 2 * BATCH
    assert len(recorder.heads(0, streams)) == BATCH
    assert len(recorder.outcome(0, [one.command for one in asked])) == BATCH
    assert len(recorder.holders(0, [f"{stream}/name" for stream in streams])) == BATCH
    assert len(recorder.keys(0, [(stream, "buyer") for stream in streams])) == BATCH
    assert len(recorder.disclosures(0, streams[0])) == 1
    only_what_was_asked_for(before, counted(recorder))


def only_what_was_asked_for(
    before: dict[str, tuple[int, int, int]], after: dict[str, tuple[int, int, int]]
) -> None:
    """Fail if the server looked at more than a few rows for every key it was given."""
    for table in ("event", "reservation", "subject_key", "disclosure"):
        scanned, read, fetched = (
            now - then for now, then in zip(after[table], before[table], strict=True)
        )
        assert scanned == 0, table
        assert read <= 8 * BATCH, (table, read)
        assert fetched <= 8 * BATCH, (table, fetched)
