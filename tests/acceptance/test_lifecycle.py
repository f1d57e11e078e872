"""`serve` from its first start to its worst end: what was acknowledged is there, once and whole."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx2
import pytest

from api import embedded
from api.demo.words import NAMES, PERSONAL, PHONES
from tests.acceptance.house import STOP_S, Serving, Shell, gone, serving
from tests.api.embedded_cases import pid_file

CALLERS = 4
ACKNOWLEDGED_MIN = 120
"""How many commands are acknowledged before the process is killed."""


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data directory that does not exist yet; its server is stopped at the end."""
    directory = tmp_path_factory.mktemp("house") / "var"
    yield directory
    embedded.stop(directory)


def test_from_nothing_to_ready_and_back_and_all_data_is_found(tmp_path: Path) -> None:
    """Start, use, Ctrl-C, start, use, SIGTERM: no process stays, no record goes."""
    data_dir = tmp_path / "var"
    statement = f"{NAMES[0]}, {PHONES[0]}"
    with serving(data_dir) as first:
        assert httpx2.get(f"{first.url}/livez", timeout=10).json() == {"status": "ok"}
        first.order("o-1")
        opened = first.open("o-1", statement)
        assert opened.status_code == 201
        at, ticket = opened.json()["position"], opened.json()["stream"].removeprefix("ticket:")
        before = first.get("auditor:aud-1", f"/v1/tickets/{ticket}/events")
        page = first.get("supervisor:sup-1", f"/v1/queue?min_position={at}")
        assert [row["ticket"] for row in page["items"]] == [ticket]
        alive = first.processes()
        first.interrupt()
        assert gone(alive)
    with serving(data_dir) as second:
        after = second.get("auditor:aud-1", f"/v1/tickets/{ticket}/events")
        assert after["items"] == before["items"]
        again = second.open("o-1", statement)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.json() == opened.json()
        alive = second.processes()
        second.process.terminate()
        second.process.wait(STOP_S)
        assert gone(alive)
    log = second.log.read_text()
    assert "serves on" in log
    assert not [value for value in PERSONAL if value in log]
    assert "Traceback" not in log


class Crash(NamedTuple):
    """What callers were told before `serve` was killed, and the one that serves since."""

    acknowledged: dict[str, dict[str, Any]]
    """Order → the answer to the opening of its ticket."""
    attempted: set[str]
    worker_ended: bool
    now: Serving


@pytest.fixture(scope="module")
def crash(data_dir: Path) -> Iterator[Crash]:
    """Callers open tickets over HTTP until `serve` is killed under their hands."""
    acknowledged: dict[str, dict[str, Any]] = {}
    attempted: set[str] = set()
    enough = threading.Event()
    with serving(data_dir) as running:
        running.headers("buyer:b-1"), running.headers("orders:oms")

        def call(number: int) -> None:
            for turn in range(10_000):
                order = f"o-{number}-{turn}"
                try:
                    running.order(order)
                    attempted.add(order)
                    answer = running.open(order)
                except httpx2.TransportError:
                    return
                assert answer.status_code == 201, answer.text
                acknowledged[order] = answer.json()
                if len(acknowledged) >= ACKNOWLEDGED_MIN:
                    enough.set()

        _, worker, _ = running.processes()
        callers = [threading.Thread(target=call, args=(number,)) for number in range(CALLERS)]
        for caller in callers:
            caller.start()
        assert enough.wait(60)
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait(STOP_S)
        for caller in callers:
            caller.join(STOP_S)
        worker_ended = gone([worker])
    with serving(data_dir) as after:
        yield Crash(acknowledged, attempted, worker_ended, after)


def test_a_worker_whose_serve_was_killed_ends_by_itself(crash: Crash) -> None:
    """Nobody who starts again finds a second worker of an earlier life."""
    assert crash.worker_ended


def test_a_worker_whose_serve_was_gone_before_it_looked_ends_by_itself(tmp_path: Path) -> None:
    """Until it has loaded its code, who started it may be dead, and it be the child of another."""
    with subprocess.Popen(["true"]) as ended:
        pass
    shell = Shell(tmp_path / "var")
    told = shell.run("worker", "--parent", str(ended.pid))
    assert told.returncode == 0, told.stderr
    assert "the process that started this worker is gone" in told.stderr
    assert not pid_file(shell.data_dir).exists()


def test_every_acknowledged_command_is_there_once_and_none_half(crash: Crash) -> None:
    """The answer was a promise; what was not answered is there whole or not at all."""
    running = crash.now
    streams = _streams(running)
    tickets = {
        records[0]["data"]["order"]: (stream, records)
        for stream, records in streams.items()
        if stream.startswith("ticket:")
    }
    opened = [stream for stream in streams if stream.startswith("ticket:")]
    assert len(tickets) == len(opened), "one order, one ticket"
    for order, answer in crash.acknowledged.items():
        stream, records = tickets[order]
        assert stream == answer["stream"]
        told = {event["position"]: event["leaf_hash"] for event in answer["events"]}
        recorded = {record["position"]: record["leaf_hash"] for record in records}
        assert told.items() <= recorded.items()
    assert set(tickets) <= crash.attempted
    for _, records in tickets.values():
        topics = [record["topic"].partition(".v")[0] for record in records]
        assert topics[0] == "ticket.opened"
        assert {"evidence.gathered", "deadline.given", "clock.started"} <= set(topics)


def test_who_lost_an_answer_asks_again_and_gets_the_first_one(crash: Crash) -> None:
    """A retry over the crash adds nothing to what is there."""
    running = crash.now
    for order in list(crash.acknowledged)[-5:]:
        again = running.open(order)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert again.json() == crash.acknowledged[order]
    for order in crash.attempted - set(crash.acknowledged):
        at = running.open(order).json()["position"]
        listed = running.get("supervisor:sup-1", f"/v1/tickets?order={order}&min_position={at}")
        assert len(listed["items"]) == 1


def test_positions_are_gap_free_over_the_crash(crash: Crash) -> None:
    """A gap would be a fact that somebody could have taken away."""
    positions = [
        int(record["position"].partition("-")[2])
        for records in _streams(crash.now).values()
        for record in records
    ]
    assert sorted(positions) == list(range(1, len(positions) + 1))


def _streams(running: Serving) -> dict[str, list[dict[str, Any]]]:
    """Return the whole record, by stream, as the feed tells it."""
    streams: dict[str, list[dict[str, Any]]] = {}
    after = "0-0"
    while True:
        page = running.get("auditor:aud-1", f"/v1/feed?limit=200&after={after}")
        if not page["items"]:
            return streams
        for record in page["items"]:
            streams.setdefault(record["stream"], []).append(record)
        after = page["after"]
