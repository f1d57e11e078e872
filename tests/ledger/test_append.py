"""The append: what is accepted, what is not, and that nobody pays for a neighbour."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count

import psycopg2
import pytest
from msgspec.structs import replace
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.ledger.batch import (
    GENESIS,
    Attempt,
    Link,
    SealedValue,
    Verdict,
    VerdictKind,
    WrappedKey,
)
from domain.ledger.connections import AppendUnknown, Connections, DatabaseUnavailable
from domain.ledger.recorder import Recorder
from tests.conftest import Database
from tests.ledger.attempts import BEGIN, attempt, heads_after, leaf_hash, new
from tests.ledger.rivals import holding_the_lane, wait_for_a_waiter

LANES = (1, 4)
ACCEPTED, REPLAYED, KEY_REUSED, CONFLICT, RESERVED, LATER = VerdictKind
_NUMBERS = count(1)


@pytest.fixture(scope="module")
def recorder(database: Database) -> Iterator[Recorder]:
    """A recorder of the application role."""
    recorder = Recorder.connect(database.app_dsn)
    yield recorder
    recorder.close()


@pytest.fixture
def lane(lanes: int) -> int:
    """The last lane, so that with several lanes it is not the first."""
    return lanes - 1


@pytest.fixture
def ticket() -> Link:
    """The head of a ticket nobody has written to."""
    return new(f"ticket:{next(_NUMBERS)}")


@pytest.fixture
def order() -> Link:
    """The head of an order nobody has written to."""
    return new(f"order:{next(_NUMBERS)}")


def kinds(verdicts: list[Verdict]) -> list[VerdictKind]:
    """Return what became of each command."""
    return [verdict.kind for verdict in verdicts]


def append_one(recorder: Recorder, lane: int, one: Attempt) -> Verdict:
    """Append a single command."""
    (verdict,) = recorder.append(lane, [one])
    return verdict


def test_an_empty_batch_is_no_call(recorder: Recorder, lane: int) -> None:
    """A writer that finds nothing to do asks nothing of the database."""
    assert recorder.append(lane, []) == []


def test_what_was_accepted_reads_as_it_was_written(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """The bytes are the evidence: none may change on the way in or out."""
    before = recorder.position(lane)
    one = attempt(ticket, events=3)
    assert append_one(recorder, lane, one) == Verdict(ACCEPTED, before + 3)
    rows = recorder.read_streams(lane, [ticket.stream])
    assert [(row.version, row.topic, row.recorded_at, row.state) for row in rows] == [
        (line.version, line.topic, line.at, line.state) for line in one.lines
    ]
    assert [row.position for row in rows] == [before + 1, before + 2, before + 3]
    assert {row.command for row in rows} == {one.command}
    assert recorder.read(lane, before, 100) == rows
    assert recorder.position(lane) == before + 3


def test_the_database_computes_the_leaf_hash(recorder: Recorder, lane: int, ticket: Link) -> None:
    """No client can supply a hash that is not the hash of the bytes."""
    one = attempt(ticket)
    append_one(recorder, lane, one)
    (row,) = recorder.read_streams(lane, [ticket.stream])
    assert row.leaf_hash == leaf_hash(one.lines[0].state)
    assert recorder.heads(lane, [ticket.stream]) == heads_after(one)


def test_a_stale_version_is_a_conflict(recorder: Recorder, lane: int, ticket: Link) -> None:
    """What was judged on yesterday's state must be judged again."""
    append_one(recorder, lane, attempt(ticket))
    assert append_one(recorder, lane, attempt(ticket)) == Verdict(CONFLICT, None)


def test_a_version_from_the_future_is_a_conflict(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """Versions have no gaps."""
    ahead = Link(ticket.stream, 2, bytes([7]) * 32)
    assert append_one(recorder, lane, attempt(ahead)).kind is CONFLICT


def test_the_right_version_on_another_history_is_a_conflict(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """The link check makes a fork impossible, even for a writer that counts right."""
    append_one(recorder, lane, attempt(ticket))
    forked = Link(ticket.stream, 1, bytes([7]) * 32)
    assert append_one(recorder, lane, attempt(forked)).kind is CONFLICT


def test_a_conflict_costs_its_neighbours_nothing(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """Commands share a call, not a fate, and positions close over what was refused."""
    before = recorder.position(lane)
    stale = replace(attempt(Link(ticket.stream, 5, GENESIS)), command="stale")
    other = new(order.stream + ":other")
    verdicts = recorder.append(lane, [attempt(order), stale, attempt(other, events=2)])
    assert verdicts == [
        Verdict(ACCEPTED, before + 1),
        Verdict(CONFLICT, None),
        Verdict(ACCEPTED, before + 3),
    ]
    assert [row.position for row in recorder.read(lane, before, 10)] == [
        before + 1,
        before + 2,
        before + 3,
    ]


def test_one_command_writes_several_streams_or_none(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """Money is granted on the ticket and taken from the order at once."""
    both = attempt(ticket, order, events=2)
    assert append_one(recorder, lane, both).kind is ACCEPTED
    heads = heads_after(both)
    half = attempt(heads[ticket.stream], order)
    assert append_one(recorder, lane, half).kind is CONFLICT
    assert recorder.heads(lane, heads) == heads


def test_a_stream_only_looked_at_is_checked_too(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """A judgement on an order that has moved on is as stale as one on its own ticket."""
    append_one(recorder, lane, attempt(order))
    assert append_one(recorder, lane, attempt(ticket, judged=(order,))).kind is CONFLICT
    now = recorder.heads(lane, [order.stream])[order.stream]
    assert append_one(recorder, lane, attempt(ticket, judged=(now,))).kind is ACCEPTED
    assert recorder.heads(lane, [order.stream])[order.stream] == now


def test_two_commands_may_look_at_one_stream(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """Looking takes nothing from anyone."""
    other = new(ticket.stream + ":other")
    batch = [attempt(ticket, judged=(order,)), attempt(other, judged=(order,))]
    assert kinds(recorder.append(lane, batch)) == [ACCEPTED, ACCEPTED]


def test_a_rival_in_the_same_batch_is_sent_again(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """The second judged before the first was written; it is told apart from a real conflict."""
    batch = [attempt(ticket), attempt(ticket)]
    assert kinds(recorder.append(lane, batch)) == [ACCEPTED, LATER]
    assert append_one(recorder, lane, batch[1]).kind is CONFLICT


def test_a_command_may_follow_another_of_its_batch(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """An import writes a ticket's rows in one call, each row under a command of its own."""
    first = attempt(ticket)
    second = attempt(heads_after(first)[ticket.stream], events=2)
    third = attempt(heads_after(second)[ticket.stream])
    assert kinds(recorder.append(lane, [first, second, third])) == [ACCEPTED] * 3
    assert [row.version for row in recorder.read_streams(lane, [ticket.stream])] == [1, 2, 3, 4]


def test_who_follows_a_refused_command_is_refused(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """A chain that lost a piece is not a chain."""
    first = attempt(Link(ticket.stream, 3, GENESIS))
    second = attempt(heads_after(first)[ticket.stream])
    assert kinds(recorder.append(lane, [first, second])) == [CONFLICT, CONFLICT]


def test_a_repeated_command_gets_its_first_answer(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """A retry is answered even when the state has moved on, and writes nothing."""
    one = attempt(ticket, events=2, command=f"again:{ticket.stream}", body=b"same")
    first = append_one(recorder, lane, one)
    append_one(recorder, lane, attempt(heads_after(one)[ticket.stream]))
    at = recorder.position(lane)
    assert append_one(recorder, lane, one) == Verdict(REPLAYED, first.position)
    assert recorder.position(lane) == at


def test_a_command_id_with_another_body_is_refused(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """One key stands for one intention."""
    one = attempt(ticket, command=f"reused:{ticket.stream}", body=b"one")
    append_one(recorder, lane, one)
    two = attempt(heads_after(one)[ticket.stream], command=one.command, body=b"two")
    assert append_one(recorder, lane, two) == Verdict(KEY_REUSED, None)


def test_the_same_command_twice_in_a_batch_is_recorded_once(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """An impatient client's second request may arrive before the first is written."""
    one = attempt(ticket)
    assert kinds(recorder.append(lane, [one, one])) == [ACCEPTED, LATER]
    assert append_one(recorder, lane, one).kind is REPLAYED


@pytest.mark.lanes(4)
def test_a_command_id_of_another_lane_is_not_this_lanes(recorder: Recorder, ticket: Link) -> None:
    """Lanes share nothing, so that each can live on a machine of its own."""
    one = attempt(ticket)
    assert append_one(recorder, 0, one).kind is ACCEPTED
    assert append_one(recorder, 1, one).kind is ACCEPTED


def test_the_outcome_of_a_command_can_be_asked_for(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """After a lost reply the command id is all a client has."""
    one = attempt(ticket, order)
    last = append_one(recorder, lane, one).position
    assert last is not None
    found = recorder.outcome(lane, [one.command, "unheard of"])
    assert set(found) == {one.command}
    assert found[one.command].body_hmac == one.body_hmac
    assert [(line.stream, line.version, line.position) for line in found[one.command].lines] == [
        (ticket.stream, 1, last - 1),
        (order.stream, 1, last),
    ]
    assert [line.leaf_hash for line in found[one.command].lines] == [
        leaf_hash(line.state) for line in one.lines
    ]


def test_a_name_is_held_by_one_until_it_is_freed(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """One live ticket per order line, held in the transaction that writes the event."""
    name = f"{order.stream}/line-1"
    one = attempt(ticket, take=((name, ticket.stream),))
    assert append_one(recorder, lane, one).kind is ACCEPTED
    assert recorder.holders(lane, [name, "free"]) == {name: ticket.stream}
    late = attempt(order, take=((name, order.stream),))
    assert append_one(recorder, lane, late) == Verdict(RESERVED, None)
    closing = attempt(heads_after(one)[ticket.stream], free=(name,))
    assert append_one(recorder, lane, closing).kind is ACCEPTED
    assert recorder.holders(lane, [name]) == {}
    assert append_one(recorder, lane, late).kind is ACCEPTED
    assert recorder.holders(lane, [name]) == {name: order.stream}


def test_a_refused_command_takes_and_frees_nothing(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """Reservations follow from events; without the event there is none."""
    held, wanted = f"{ticket.stream}/held", f"{ticket.stream}/wanted"
    append_one(recorder, lane, attempt(ticket, take=((held, ticket.stream),)))
    stale = attempt(ticket, take=((wanted, ticket.stream),), free=(held,))
    batch = [attempt(order), stale]
    assert kinds(recorder.append(lane, batch)) == [ACCEPTED, CONFLICT]
    assert recorder.holders(lane, [held, wanted]) == {held: ticket.stream}


def test_a_reservation_moves_in_one_command(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """A correction hands a name on without a moment in which it is free."""
    name = f"{ticket.stream}/name"
    append_one(recorder, lane, attempt(ticket, take=((name, ticket.stream),)))
    moved = attempt(order, free=(name,), take=((name, order.stream),))
    assert append_one(recorder, lane, moved).kind is ACCEPTED
    assert recorder.holders(lane, [name]) == {name: order.stream}


def test_two_takers_of_a_name_in_one_batch(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """The first has it, the second is sent again and then told that it is taken."""
    name = f"{ticket.stream}/contended"
    batch = [attempt(link, take=((name, link.stream),)) for link in (ticket, order)]
    assert kinds(recorder.append(lane, batch)) == [ACCEPTED, LATER]
    assert append_one(recorder, lane, batch[1]).kind is RESERVED


def test_keys_and_sealed_values_go_in_with_their_events(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """There is no moment at which a commitment stands in the record without its value."""
    key = WrappedKey(ticket.stream, "buyer", b"wrapped")
    value = SealedValue(ticket.stream, 1, "/data/phone", "buyer", b"sealed")
    stale = attempt(Link(ticket.stream, 9, GENESIS), keys=(key,), disclosures=(value,))
    assert append_one(recorder, lane, stale).kind is CONFLICT
    pairs = [(ticket.stream, "buyer"), (ticket.stream, "merchant")]
    assert recorder.keys(lane, pairs) == {}
    one = attempt(ticket, keys=(key,), disclosures=(value,))
    assert append_one(recorder, lane, one).kind is ACCEPTED
    assert recorder.keys(lane, pairs) == {(ticket.stream, "buyer"): b"wrapped"}
    assert recorder.disclosures(lane, ticket.stream) == [value]
    assert recorder.disclosures(lane, ticket.stream, after=1) == []
    assert recorder.disclosures(lane, ticket.stream, upto=0) == []


def test_a_second_key_for_a_subject_is_a_conflict(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """Values sealed with a key that is not the stored one could never be opened."""
    one = attempt(ticket, keys=(WrappedKey(ticket.stream, "buyer", b"first"),))
    append_one(recorder, lane, one)
    head = heads_after(one)[ticket.stream]
    two = attempt(head, keys=(WrappedKey(ticket.stream, "buyer", b"second"),))
    assert append_one(recorder, lane, two).kind is CONFLICT
    other = attempt(head, keys=(WrappedKey(ticket.stream, "merchant", b"other"),))
    assert append_one(recorder, lane, other).kind is ACCEPTED


def test_time_running_backwards_in_a_stream_is_a_conflict(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """A verifier would find it (E08) for ever; the writer reloads and stamps again."""
    one = attempt(ticket)
    append_one(recorder, lane, one)
    two = attempt(heads_after(one)[ticket.stream])
    early = replace(two.lines[0], at=one.lines[0].at - timedelta(microseconds=1))
    assert append_one(recorder, lane, replace(two, lines=(early,))).kind is CONFLICT
    equal = replace(two.lines[0], at=one.lines[0].at)
    assert append_one(recorder, lane, replace(two, lines=(equal,))).kind is ACCEPTED


def test_a_lane_that_is_not_there_is_an_error(recorder: Recorder, lanes: int, ticket: Link) -> None:
    """A ledger keeps its number of lanes for life; none is made in passing."""
    with pytest.raises(psycopg2.Error, match="no lane"):
        recorder.append(lanes, [attempt(ticket)])
    with pytest.raises(LookupError):
        recorder.position(lanes)


def test_bytes_that_say_another_version_are_never_sent(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """The database numbers events itself; a record that says otherwise would be a finding (E04)."""
    one = attempt(ticket)
    wrong = replace(one, lines=(replace(one.lines[0], version=2),))
    unjudged = replace(one, lines=(replace(one.lines[0], stream=order.stream),))
    before = recorder.position(lane)
    for broken in (wrong, unjudged):
        with pytest.raises(AssertionError):
            recorder.append(lane, [broken])
    assert recorder.position(lane) == before


def test_a_record_too_large_for_a_proof_is_refused(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """Longer text goes into the vault; a whole batch fails, for whoever made it is broken."""
    one = attempt(ticket)
    large = replace(one, lines=(replace(one.lines[0], state=b"x" * 65536),))
    with pytest.raises(psycopg2.errors.CheckViolation):
        recorder.append(lane, [large])
    fitting = replace(one, lines=(replace(one.lines[0], state=b"x" * 65535),))
    assert append_one(recorder, lane, fitting).kind is ACCEPTED


def test_a_rivals_commit_while_we_wait_fails_only_its_own_command(
    recorder: Recorder, database: Database, lane: int, ticket: Link, order: Link
) -> None:
    """A probe made before the wait would not see it, and the whole batch would break."""
    name = f"{ticket.stream}/name"
    reserving = new(ticket.stream + ":reserving")
    repeated = attempt(new(ticket.stream + ":repeated"))
    rivals = [attempt(ticket, take=((name, ticket.stream),)), repeated]
    ours = [
        attempt(ticket),
        attempt(order),
        attempt(reserving, take=((name, reserving.stream),)),
        repeated,
    ]
    with ThreadPoolExecutor(1) as pool:
        with holding_the_lane(database, recorder, lane, rivals):
            waiting = pool.submit(recorder.append, lane, ours)
            wait_for_a_waiter(database)
        verdicts = waiting.result(timeout=30)
    assert kinds(verdicts) == [CONFLICT, ACCEPTED, RESERVED, REPLAYED]


def test_a_connection_lost_before_the_commit_leaves_the_fate_unknown(
    recorder: Recorder, database: Database, lane: int, ticket: Link, order: Link
) -> None:
    """Not persisted: the writer may not claim that, and asks by command id."""
    lost = attempt(order)
    with ThreadPoolExecutor(1) as pool, holding_the_lane(database, recorder, lane, []):
        waiting = pool.submit(recorder.append, lane, [lost])
        wait_for_a_waiter(database, then="select pg_terminate_backend(%s)")
        with pytest.raises(AppendUnknown):
            waiting.result(timeout=30)
    assert recorder.outcome(lane, [lost.command]) == {}
    assert append_one(recorder, lane, attempt(ticket)).kind is ACCEPTED
    assert append_one(recorder, lane, lost).kind is ACCEPTED


def test_a_connection_lost_after_the_commit_leaves_the_fate_unknown(
    recorder: Recorder, lane: int, ticket: Link
) -> None:
    """Persisted anyway: the same error, and the command id gives the first answer."""
    one = attempt(ticket)

    def commit_and_die(cursor: Cursor) -> None:
        recorder.append_with(cursor, lane, [one])
        cursor.execute("select pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(AppendUnknown):
        recorder.connections.write(lane, commit_and_die)
    assert append_one(recorder, lane, one).kind is REPLAYED
    assert len(recorder.outcome(lane, [one.command])[one.command].lines) == 1


def test_an_append_that_waits_too_long_has_written_nothing(
    recorder: Recorder, database: Database, lane: int, ticket: Link
) -> None:
    """Every wait has a limit, and this one has a certain answer."""
    hasty = Recorder(Connections(database.app_dsn, statement_timeout_ms=50))
    with holding_the_lane(database, recorder, lane, []), pytest.raises(DatabaseUnavailable):
        hasty.append(lane, [attempt(ticket)])
    hasty.close()
    assert append_one(recorder, lane, attempt(ticket)).kind is ACCEPTED


def test_reads_outlive_a_lost_connection(recorder: Recorder, database: Database, lane: int) -> None:
    """A restart of the database ends every idle session; nobody who reads needs to know."""
    recorder.position(lane)
    admin = psycopg2.connect(database.superuser_dsn)
    with admin.cursor() as cursor:
        cursor.execute(
            "select count(pg_terminate_backend(pid, 10000)) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert cursor.fetchone() != (0,)
    admin.close()
    assert recorder.position(lane) >= 0


def test_pages_read_in_order_without_gaps(recorder: Recorder, lane: int, ticket: Link) -> None:
    """A reader that takes page after page sees every event once."""
    before = recorder.position(lane)
    recorder.append(lane, [attempt(ticket, events=5)])
    first = recorder.read(lane, before, 2)
    rest = recorder.read(lane, first[-1].position, 100, upto=before + 4)
    assert [row.position for row in (*first, *rest)] == [before + n for n in (1, 2, 3, 4)]


def test_streams_are_read_after_a_version(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """A cached ticket reads only what it has not seen."""
    recorder.append(lane, [attempt(ticket, order, events=3)])
    rows = recorder.read_streams(lane, [ticket.stream, order.stream], {ticket.stream: 2})
    assert [(row.stream, row.version) for row in rows] == sorted(
        [(order.stream, 1), (order.stream, 2), (order.stream, 3), (ticket.stream, 3)]
    )


def test_streams_are_read_up_to_a_position(
    recorder: Recorder, lane: int, ticket: Link, order: Link
) -> None:
    """What was recorded later stays with the server."""
    recorder.append(lane, [attempt(ticket, order, events=2)])
    both = recorder.read_streams(lane, [ticket.stream, order.stream])
    for place in [row.position for row in both]:
        rows = recorder.read_streams_upto(lane, [order.stream, ticket.stream], place)
        assert rows == [row for row in both if row.position <= place]


def test_a_book_is_kept_by_its_digest(recorder: Recorder, lane: int) -> None:
    """Which policy was in force can be proved from its bytes."""
    digest = recorder.keep_book(lane, b"version = 'sla-1'")
    assert recorder.keep_book(lane, b"version = 'sla-1'") == digest
    assert recorder.book(lane, digest) == b"version = 'sla-1'"
    assert recorder.books(lane) == [digest]
    assert recorder.book(lane, bytes(32)) is None


def test_the_ledger_knows_its_lanes_and_origins(recorder: Recorder, lanes: int) -> None:
    """A lane's origin is the name its checkpoints are signed under."""
    assert recorder.genesis().lanes == lanes
    assert all(
        origin.endswith(f"/lane-{number}")
        for number, origin in enumerate(recorder.genesis().origins)
    )


def test_instants_come_back_in_utc(recorder: Recorder, lane: int, ticket: Link) -> None:
    """Whatever the server's zone is."""
    recorder.append(lane, [attempt(ticket)])
    (row,) = recorder.read_streams(lane, [ticket.stream])
    assert row.recorded_at == BEGIN + timedelta(seconds=1)
    assert row.recorded_at.utcoffset() == timedelta(0)
