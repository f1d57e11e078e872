"""What these tests share: a real ledger's log, fetched as a stranger would fetch it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from api.worker import notary_of
from domain.proof.checkpoint import parse_checkpoint
from domain.proof.merkle import root_of
from domain.proof.note import parse_note
from domain.proof.tiles import Tile, TileHashes, bundles_between, decode_bundle, tiles_between
from tests.api.served import Served, serving
from tests.conftest import Database
from tests.interop.questions import Grown, Proved, ServedLog

SIZE = 300
"""More than one tile, so that there is a second level."""


@pytest.fixture(scope="session")
def log(
    make_database: Callable[[int], Database], tmp_path_factory: pytest.TempPathFactory
) -> ServedLog:
    """A log with a ticket in it, checkpoints of three sizes, and all that HTTP serves of it."""
    database, directory = make_database(1), tmp_path_factory.mktemp("log")
    with (
        serving(database, tmp_path_factory.mktemp("data")) as served,
        notary_of(served.services, database.notary_dsn) as notary,
    ):
        ticket = served.refused_claim()
        checkpoints, proved = [], []
        for size in (0, SIZE - 40, SIZE):
            while served.services.ledger.position(0) < size:
                served.place_order("buyer-1", "merchant-1")
            notary.step(0)
            checkpoints.append(served.client.get("/log/lane-0/checkpoint").text)
            proved += proofs_of(served, ticket)
        records = fetch(served, parse_checkpoint(parse_note(checkpoints[-1]).text).size, directory)
        return ServedLog(
            vkey=served.client.get("/log/lane-0/vkey").text.strip(),
            checkpoints=tuple(checkpoints),
            proved=tuple(Proved(records[index], proof) for index, proof in proved),
            grown=growth_of(served, checkpoints, directory),
            records=records,
            directory=directory,
        )


def proofs_of(served: Served, ticket: str) -> list[tuple[int, str]]:
    """Return the proof of every event of a ticket, with its index in the log."""
    events = served.get("auditor", f"/v1/tickets/{ticket}/events").json()["items"]
    found = []
    for event in events:
        path = f"/v1/tickets/{ticket}/events/{event['version']}/proof"
        answer = served.get("auditor", path)
        assert answer.status_code == 200, answer.text
        _, _, position = event["position"].partition("-")
        found.append((int(position) - 1, answer.text))
    return found


def fetch(served: Served, size: int, directory: Path) -> tuple[bytes, ...]:
    """Fetch every tile of a log into a directory; return its records."""
    for tile in tiles_between(0, size):
        answer = served.client.get(f"/log/lane-0/{tile.path}")
        assert answer.status_code == 200, answer.text
        path = directory / tile.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(answer.content)
    records: list[bytes] = []
    for bundle in bundles_between(0, size):
        answer = served.get("auditor", f"/log/lane-0/{bundle.path}")
        assert answer.status_code == 200, answer.text
        records += decode_bundle(answer.content, bundle.width)
    return tuple(records)


def growth_of(served: Served, checkpoints: list[str], directory: Path) -> tuple[Grown, ...]:
    """Return proofs of consistency from signed sizes, and from those at the edges of tiles."""
    *signed, newest = (parse_checkpoint(parse_note(one).text) for one in checkpoints)

    def read(tile: Tile) -> bytes:
        return (directory / tile.path).read_bytes()

    hashes = TileHashes(newest.size, read)
    roots = {size: root_of(size, hashes) for size in (1, 2, 255, 256, 257, newest.size - 1)}
    roots |= {checkpoint.size: checkpoint.root for checkpoint in signed}
    grown = []
    for old, old_root in sorted(roots.items()):
        path = f"/v1/log/lanes/0/consistency?old={old}&new={newest.size}"
        answer = served.client.get(path)
        assert answer.status_code == 200, answer.text
        proof = tuple(answer.json()["hashes"])
        grown.append(Grown(old, old_root, newest.size, newest.root, proof))
    return tuple(grown)
