"""Many clients of one ledger at once, in this process or in one of their own; no test is here."""

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from domain import errors
from domain.ledger.application import TicketLedger
from tests.ledger.matters import fresh, open_ticket, opened_ledger, place, say


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Return what each work answers, or the refusal it raised, all begun at the same moment."""
    begin = threading.Barrier(len(works))

    def one(work: Callable[[], Any]) -> Any:
        begin.wait(30)
        try:
            return work()
        except errors.Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def live(dsn: str, directory: str, threads: int, rounds: int, shared: str) -> int:
    """Open tickets and write on them, and on one that everybody wants; return the commands done."""
    with opened_ledger(dsn, Path(directory)) as ledger, ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(lambda _: _one_client(ledger, rounds, shared), range(threads)))


def _one_client(ledger: TicketLedger, rounds: int, shared: str) -> int:
    done = 0
    for number in range(rounds):
        ticket = open_ticket(ledger, place(ledger))
        say(ledger, ticket, f"{number}")
        done += 3
        try:
            say(ledger, shared, "everybody")
        except errors.Contended:
            continue
        done += 1
    return done


def write_until_killed(dsn: str, directory: str, threads: int) -> None:
    """Write for ever, and say each acknowledged key on standard output: "key stream position"."""
    lock = threading.Lock()
    with opened_ledger(dsn, Path(directory)) as ledger:
        sys.stdout.write("ready\n")

        def client() -> None:
            while True:
                key = fresh("key")
                ticket = open_ticket(ledger, place(ledger))
                outcome = say(ledger, ticket, "hello", key=key)
                with lock:
                    sys.stdout.write(f"{key} {outcome.stream} {outcome.position}\n")
                    sys.stdout.flush()

        with ThreadPoolExecutor(threads) as pool:
            for _ in range(threads):
                pool.submit(client)
