"""The append that judges a batch as a whole says and writes what judging one by one would."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import count

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.ledger.batch import Attempt, Link, SealedValue, WrappedKey
from domain.ledger.packing import append_call
from tests.conftest import Database
from tests.ledger.attempts import attempt, heads_after, new

_RUNS = count(1)
Written = tuple[list[str], list[int | None], list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def owner(database: Database) -> Iterator[psycopg2.extensions.connection]:
    """A session of the owner, who may call both; nothing it writes is kept."""
    connection = psycopg2.connect(database.owner_dsn)
    yield connection
    connection.close()


def appended(
    owner: psycopg2.extensions.connection, function: str, batches: Sequence[list[Attempt]]
) -> list[Written]:
    """Append batches one after another, and take them back: verdicts, positions and rows."""
    answers: list[Written] = []
    with owner.cursor() as cursor:
        for batch in batches:
            cursor.execute(append_call(function, 0, batch))
            verdicts, lasts = cursor.fetchone() or ([], [])
            cursor.execute(
                "select e.position, e.stream, e.version, e.topic, e.command, e.body_hmac,"
                " e.recorded_at, e.state, e.leaf_hash, h.position, d.pointer, d.subject, d.sealed"
                " from ledger.lane_head h left join ledger.event e on e.lane = h.lane"
                " left join personal.disclosure d on d.lane = e.lane and d.stream = e.stream"
                " and d.version = e.version where h.lane = 0 order by e.position, d.pointer"
            )
            rows = [
                tuple(bytes(value) if isinstance(value, memoryview) else value for value in row)
                for row in cursor.fetchall()
            ]
            answers.append((verdicts, lasts, rows))
    owner.rollback()
    return answers


@st.composite
def batches(draw: st.DrawFn) -> list[list[Attempt]]:
    """Two batches of a few commands on few streams: most go well, any may be in another's way."""
    run = next(_RUNS)
    heads: dict[str, Link] = {}
    done: list[Attempt] = []
    found: list[list[Attempt]] = []
    for _ in range(2):
        batch: list[Attempt] = []
        before = dict(heads)
        for number in range(draw(st.integers(1, 4))):
            spoil = draw(st.sampled_from(["", "", "", "again", "stale", "late", "key", "name"]))
            names = draw(st.lists(st.integers(0, 5), min_size=1, max_size=2, unique=True))
            links = [before.get(f"t:{run}-{n}") or new(f"t:{run}-{n}") for n in names]
            one = attempt(
                links[0],
                judged=tuple(links[1:]),
                events=draw(st.integers(1, 3)),
                keys=(WrappedKey(links[0].stream, "b", b"w"),) if spoil == "key" else (),
                take=((f"n-{run}", links[0].stream),) if spoil == "name" else (),
                disclosures=(
                    SealedValue(links[0].stream, links[0].version + 1, f"/{number}", "b", b"s"),
                ),
            )
            if len(links) == 2 and draw(st.booleans()):
                # As money does it: the command writes to its order and to its ticket.
                one = replace(one, lines=(*attempt(links[1]).lines, *one.lines))
            if draw(st.integers(0, 5)) == 0:
                one = replace(one, free=(f"n-{run}",))
            if spoil == "again" and done:
                earlier = draw(st.sampled_from(done))
                one = replace(one, command=earlier.command, body_hmac=earlier.body_hmac)
            if spoil == "stale":
                stale = Link(links[0].stream, links[0].version, b"\x01" * 32)
                one = replace(one, links=(stale, *one.links[1:]))
            if spoil == "late":
                lines = [replace(x, at=x.at - timedelta(seconds=x.version * 2)) for x in one.lines]
                one = replace(one, lines=tuple(lines))
            batch.append(one)
            done.append(one)
            heads |= heads_after(one)
        found.append(batch)
    return found


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=batches())
def test_both_ways_of_judging_a_batch_agree(
    owner: psycopg2.extensions.connection, batches: list[list[Attempt]]
) -> None:
    """The quick way is taken only where nothing stands in the way, so they agree."""
    at_once = appended(owner, "ledger.append", batches)
    assert at_once == appended(owner, "ledger.append_each", batches)


def test_the_usual_batch_is_judged_as_a_whole(owner: psycopg2.extensions.connection) -> None:
    """Otherwise the test above would compare one way with itself."""
    batch = [attempt(new(f"t:whole-{number}"), events=2) for number in range(4)]
    with owner.cursor() as cursor:
        cursor.execute("drop function ledger.append_each")
        cursor.execute(append_call("ledger.append", 0, batch))
        verdicts, lasts = cursor.fetchone() or ([], [])
    owner.rollback()
    assert verdicts == ["accepted"] * 4
    assert [last - lasts[0] for last in lasts] == [0, 2, 4, 6]
