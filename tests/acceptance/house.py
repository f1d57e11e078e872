"""The program as a person runs it: `serve` and the other commands as processes of their own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2

from api import embedded, keys
from api.auth import mint
from api.embedded.postmaster import wait_until
from api.ids import wall_clock
from domain.values import ActorKind
from tests.api.embedded_cases import HOUSE, is_alive, server_pid

READY_S = 60.0
"""The promise is two minutes for a clean clone; without the downloads half of it is plenty."""
STOP_S = 30.0


@dataclass
class Serving:
    """A `serve` that runs, with the requests a caller sends to it."""

    process: subprocess.Popen[bytes]
    data_dir: Path
    log: Path
    url: str
    _tokens: dict[str, str] = field(default_factory=dict)
    _caller: httpx2.Client = field(init=False)

    def __post_init__(self) -> None:
        """Keep connections open between requests, as a frontend does."""
        self._caller = httpx2.Client(base_url=self.url, timeout=10)

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()

    def headers(self, who: str) -> dict[str, str]:
        """Return the headers of a caller, told as "role:subject"."""
        if who not in self._tokens:
            role, _, subject = who.partition(":")
            self._tokens[who] = mint(
                keys.load(self.data_dir / "keys").token_private,
                role=ActorKind(role),
                subject=subject,
                ttl=timedelta(hours=1),
                now=wall_clock(),
            )
        return {"Authorization": f"Bearer {self._tokens[who]}"}

    def get(self, who: str, path: str) -> dict[str, Any]:
        """Return what is answered to a read."""
        answer = self._caller.get(path, headers=self.headers(who))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def post(self, who: str, path: str, body: dict[str, Any], key: str) -> httpx2.Response:
        """Return the answer to a command."""
        headers = {**self.headers(who), "Idempotency-Key": key}
        return self._caller.post(path, headers=headers, json=body)

    def order(self, order: str) -> None:
        """Report an order of one line."""
        line = {
            "line": "1",
            "sku": "kettle-1",
            "title": "Kettle",
            "category": "appliance",
            "quantity": 1,
            "paid": {"amount_minor": 15_900, "currency": "CNY"},
        }
        body = {
            "order": order,
            "buyer": "b-1",
            "merchant": "m-1",
            "placed_at": "2024-11-01T00:00:00Z",
            "lines": [line],
        }
        assert self.post("orders:oms", "/v1/orders", body, f"place-{order}").status_code == 201

    def open(self, order: str, statement: str = "It does not boil.") -> httpx2.Response:
        """Open a ticket about an order; the same order is the same request."""
        body = {"channel": "app", "order": order, "statement": statement}
        return self.post("buyer:b-1", "/v1/tickets", body, f"open-{order}")

    def worker(self) -> int:
        """Return the pid of the worker beside the API."""
        listed = subprocess.run(
            ["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        found = [line.split()[0] for line in listed.stdout.splitlines() if "worker" in line]
        return int(found[0]) if found else 0

    def processes(self) -> list[int]:
        """Return the pids of everything that runs because of this `serve`."""
        assert wait_until(lambda: self.worker() > 0, seconds=STOP_S)
        return [self.process.pid, self.worker(), server_pid(self.data_dir)]

    def interrupt(self) -> None:
        """Press Ctrl-C: the terminal tells every process of the group."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(STOP_S)


@contextmanager
def serving(data_dir: Path) -> Iterator[Serving]:
    """Serve from a data directory until the end, or until it is ended inside."""
    log = data_dir.with_suffix(".log")
    with log.open("ab") as lines:
        begin = lines.tell()
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "serve", "--port", "0", "--data-dir", str(data_dir)],
            cwd=HOUSE,
            stderr=lines,
            stdout=lines,
            start_new_session=True,
        )
    try:
        found: list[str] = []

        def listens() -> bool:
            assert process.poll() is None, log.read_text()
            found[:] = re.findall(r"serves on (http://\S+)", log.read_text()[begin:])
            return bool(found)

        assert wait_until(listens, seconds=READY_S), log.read_text()
        running = Serving(process, data_dir, log, found[0])
        assert wait_until(lambda: is_ready(running), seconds=READY_S), log.read_text()
        with closing(running):
            yield running
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(STOP_S)


def is_ready(running: Serving) -> bool:
    """Return whether the API says that everything it needs is there."""
    return httpx2.get(f"{running.url}/readyz", timeout=10).status_code == 200


def gone(pids: list[int]) -> bool:
    """Return whether none of the processes is alive, within the time a stop may take."""
    return wait_until(lambda: not any(is_alive(pid) for pid in pids), seconds=STOP_S)


@dataclass
class Shell:
    """Commands typed at one data directory."""

    data_dir: Path
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Return what became of a command, whatever it was."""
        return subprocess.run(
            [sys.executable, "-m", "api.cli", *words],
            cwd=HOUSE,
            env={**os.environ, "TICKETLEDGER_DATA_DIR": str(self.data_dir), **self.environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def say(self, *words: str) -> str:
        """Return what a command prints, which succeeds."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def table(self, *words: str) -> dict[str, Any]:
        """Return the JSON object a command prints."""
        found: dict[str, Any] = json.loads(self.say(*words, "--json"))
        return found

    def close(self) -> None:
        """Leave no server behind."""
        embedded.stop(self.data_dir)
