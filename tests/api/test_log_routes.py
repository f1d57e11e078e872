"""The log over HTTP and as files: what any C2SP program reads, and proofs that hold."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from api import tiles
from api.keys import introduce
from api.settings import Settings, WitnessPlace
from api.wiring import Dsns, joined
from api.worker import notary_of
from domain.ledger.anchors import AnchorKind, Anchors
from domain.ledger.connections import Connections
from domain.ledger.log import Anchor
from domain.ledger.notary import Notary
from domain.proof import base64text
from domain.proof.chain import leaf_hash
from domain.proof.checkpoint import Checkpoint, cosign, open_checkpoint, parse_checkpoint
from domain.proof.errors import ProofError
from domain.proof.keys import KeyType, SigningKey, parse_vkey
from domain.proof.merkle import root_of, verify_consistency
from domain.proof.note import parse_note
from domain.proof.policy import parse_policy
from domain.proof.proof_file import parse_proof_file
from domain.proof.tiles import Bundle, Tile, TileHashes, decode_bundle, parse_path
from domain.streams import lane_of
from domain.values import KeyPurpose, moment_of
from tests.api.served import Served, serving
from tests.conftest import Database

LANES = (1, 4)
WITNESS = SigningKey("witness.test", b"\x09" * 32, KeyType.COSIGNATURE)


@pytest.fixture(scope="module")
def notary(database: Database, served: Served) -> Iterator[Notary]:
    """The notary of the served ledger, taking its steps when the test says so."""
    with notary_of(served.services, database.notary_dsn) as made:
        yield made


@pytest.fixture(scope="module")
def ticket(served: Served) -> str:
    """A ticket with some history."""
    return served.refused_claim()


def lane_of_ticket(ticket: str) -> int:
    """Return the lane of a ticket."""
    return int(ticket.partition("-")[0][1:])


@pytest.fixture(scope="module")
def lane(ticket: str, notary: Notary) -> int:
    """The ticket's lane, integrated and signed."""
    lane = lane_of_ticket(ticket)
    notary.step(lane)
    return lane


def text(served: Served, path: str) -> str:
    """Return what anybody reads at an address."""
    answer = served.client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    return answer.text


def newest(served: Served, lane: int) -> Checkpoint:
    """Return the served checkpoint, opened with the served key."""
    key = parse_vkey(text(served, f"/log/lane-{lane}/vkey").strip())
    return open_checkpoint(text(served, f"/log/lane-{lane}/checkpoint"), [key]).checkpoint


def read_over_http(served: Served, lane: int) -> Callable[[Tile], bytes]:
    """Return a reader of tiles, as another program would have one."""

    def read(tile: Tile) -> bytes:
        answer = served.client.get(f"/log/lane-{lane}/{tile.path}")
        assert answer.status_code == 200, answer.text
        return answer.content

    return read


def test_tiles_over_http_add_up_to_the_checkpoint(served: Served, lane: int) -> None:
    """A stranger without a token computes the root from what is served."""
    checkpoint = newest(served, lane)
    hashes = TileHashes(checkpoint.size, read_over_http(served, lane))
    assert root_of(checkpoint.size, hashes) == checkpoint.root


def test_a_full_tile_is_for_ever_and_a_checkpoint_for_a_moment(
    served: Served, notary: Notary, lane: int
) -> None:
    """Caches may keep what can not change; the newest checkpoint is another one every second."""
    checkpoint = served.client.get(f"/log/lane-{lane}/checkpoint")
    assert checkpoint.headers["cache-control"] == "public, max-age=1"
    size = newest(served, lane).size
    partial = served.client.get(f"/log/lane-{lane}/{Tile(0, 0, size).path}")
    assert partial.headers["content-type"] == "application/octet-stream"
    assert "immutable" not in partial.headers["cache-control"]
    fill(served, lane, 256)
    notary.step(lane)
    full = served.client.get(f"/log/lane-{lane}/tile/0/000")
    assert len(full.content) == 8192
    assert full.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert full.content.startswith(partial.content), "a partial tile is how the full one begins"
    again = served.client.get(f"/log/lane-{lane}/{Tile(0, 0, size).path}")
    assert again.content == partial.content, "and it stays where it was"


def fill(served: Served, lane: int, size: int) -> None:
    """Have orders placed in a lane until it has that many records."""
    ledger = served.services.ledger
    while ledger.position(lane) < size:
        order = next(
            one for _ in range(10_000) if lane_of(one := served.fresh("fill"), ledger.lanes) == lane
        )
        body = {
            "order": order,
            "buyer": "buyer-1",
            "merchant": "merchant-1",
            "lines": [
                {
                    "line": "1",
                    "sku": "s",
                    "title": "t",
                    "category": "c",
                    "quantity": 1,
                    "paid": {"amount_minor": 1, "currency": "CNY"},
                }
            ],
            "placed_at": "2026-11-18T10:00:00+08:00",
        }
        assert served.post("orders", "/v1/orders", body).status_code == 201


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("tile/0/x999/999", 404),
        ("tile/5/000", 404),
        ("tile/0/000.p/256", 404),
        ("tile/0/000.p/0", 422),
        ("tile/0/0", 422),
        ("tile/0/x000/001", 404),
        ("tile/64/000", 422),
        ("tile/00/000", 422),
        ("tile/0/../0/000", 422),
        ("tile/0/000.p/1/2", 422),
        ("tile/-1/000", 422),
        ("tile/entries/000/..", 401),
    ],
)
def test_what_is_no_tile_is_a_clear_error(
    served: Served, lane: int, path: str, status: int
) -> None:
    """One tile has one address; none leads out of the log."""
    answer = served.client.get(f"/log/lane-{lane}/{path.replace('..', '%2E%2E')}")
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["checkpoint", "vkey", "tile/0/000", "witnessed"])
def test_a_lane_that_is_not_there_is_not_found(served: Served, path: str) -> None:
    """A ledger has the lanes it was made with."""
    assert served.client.get(f"/log/lane-1023/{path}").status_code == 404
    assert served.client.get(f"/log/lane-01/{path}").status_code == 422


def test_entries_are_for_those_who_audit(served: Served, lane: int) -> None:
    """Whole records are no public thing; who may read them finds the leaves of the tree in them."""
    size = min(newest(served, lane).size, 256)
    path = f"/log/lane-{lane}/{Bundle(0, size).path}"
    assert served.client.get(path).status_code == 401
    for role in ("buyer", "merchant", "agent", "arbitrator", "orders"):
        assert served.get(role, path).status_code == 403
    for role in ("auditor", "admin"):
        answer = served.get(role, path)
        assert answer.status_code == 200
        assert answer.headers["cache-control"].startswith("private")
    leaves = [leaf_hash(entry) for entry in decode_bundle(answer.content, size)]
    tile = read_over_http(served, lane)(Tile(0, 0, size))
    assert b"".join(leaves) == tile


def test_the_proof_of_an_event_holds_under_the_served_policy(
    served: Served, ticket: str, lane: int
) -> None:
    """From two public texts and the record's leaf hash, any C2SP program gets the same answer."""
    policy = parse_policy(text(served, f"/log/policy?lane={lane}"))
    events = served.get("auditor", f"/v1/tickets/{ticket}/events").json()["items"]
    assert len(events) > 2
    for event in events:
        path = f"/v1/tickets/{ticket}/events/{event['version']}/proof"
        answer = served.get("auditor", path)
        assert answer.status_code == 200, answer.text
        proof = parse_proof_file(answer.text)
        opened = proof.verify(bytes.fromhex(event["leaf_hash"]), policy)
        assert opened.checkpoint.origin == served.services.ledger.origins[lane]
        assert f"{lane}-{proof.index + 1}" == event["position"]
        with pytest.raises(ProofError):
            proof.verify(b"\x01" * 32, policy)


def test_a_proof_is_for_who_may_see_the_event(served: Served, ticket: str) -> None:
    """Another one's ticket does not exist for a buyer, nor what staff note among themselves."""
    path = f"/v1/tickets/{ticket}/events/1/proof"
    assert served.client.get(path).status_code == 401
    assert served.get("buyer:somebody-else", path).status_code == 404
    assert served.get("carrier", path).status_code == 403
    noted = served.post("agent", f"/v1/tickets/{ticket}/notes", {"text": "Looks honest."})
    assert noted.status_code == 200, noted.text
    note = f"/v1/tickets/{ticket}/events/{noted.json()['version']}/proof"
    assert served.get("buyer:buyer-1", note).status_code == 404
    assert served.get("auditor", f"/v1/tickets/{ticket}/events/9999/proof").status_code == 404
    assert served.get("auditor", f"/v1/tickets/{ticket}/events/0/proof").status_code == 422


def test_what_is_not_in_the_log_yet_is_409_with_when(
    served: Served, ticket: str, lane: int, notary: Notary
) -> None:
    """A second later it is there: the answer says when to ask again."""
    said = served.post("buyer:buyer-1", f"/v1/tickets/{ticket}/messages", {"text": "Hello?"})
    path = f"/v1/tickets/{ticket}/events/{said.json()['events'][0]['version']}/proof"
    early = served.get("buyer:buyer-1", path)
    assert early.status_code == 409
    problem = early.json()
    assert problem["code"] == "not_integrated"
    assert problem["wanted"] > problem["published"]
    assert problem["expected_at"] > served.clock.now()
    assert int(early.headers["retry-after"]) >= 1
    size = served.services.ledger.position(lane)
    query = f"/v1/log/lanes/{lane}/consistency?old=1&new={size}"
    assert served.client.get(query).json()["code"] == "not_integrated"
    notary.step(lane)
    assert served.get("buyer:buyer-1", path).status_code == 200
    assert served.client.get(query).status_code == 200


def test_the_log_has_only_grown_and_says_so(
    served: Served, ticket: str, lane: int, notary: Notary
) -> None:
    """A monitor that kept an old checkpoint compares it with the new one."""
    before = newest(served, lane)
    served.post("buyer:buyer-1", f"/v1/tickets/{ticket}/messages", {"text": "Still there?"})
    notary.step(lane)
    now = newest(served, lane)
    path = f"/v1/log/lanes/{lane}/consistency?old={before.size}&new={now.size}"
    answer = served.client.get(path).json()
    verify_consistency(
        old=before.size,
        new=now.size,
        old_root=before.root,
        new_root=now.root,
        proof=[base64text.decode(one) for one in answer["hashes"]],
    )
    assert answer["origin"] == now.origin


@pytest.mark.parametrize("query", ["", "old=1", "old=0&new=1", "old=3&new=2", "old=a&new=2"])
def test_a_consistency_that_can_not_be_asked_for_is_malformed(served: Served, query: str) -> None:
    """From nothing anything grows: size 0 proves nothing."""
    assert served.client.get(f"/v1/log/lanes/0/consistency?{query}").status_code == 422


def test_receipts_verify_with_the_served_key(served: Served, ticket: str) -> None:
    """Who holds a receipt finds its key where the log's is."""
    introduce(served.services.ledger, served.services.key_store, *KeyPurpose)
    lane = lane_of_ticket(ticket)
    key = parse_vkey(text(served, f"/log/lane-{lane}/receipt-vkey").strip())
    assert key.name == f"{served.services.ledger.origins[lane]}/receipt"


def test_events_say_between_which_instants_they_were_recorded(served: Served, ticket: str) -> None:
    """Without any stamp neither side is bounded, and that is said."""
    (first, *_) = served.get("auditor", f"/v1/tickets/{ticket}/events").json()["items"]
    assert first["bracket"] == {"not_before": None, "not_after": None}


# --- witnesses ---------------------------------------------------------------------------------


@pytest.mark.lanes(1)
def test_a_quorum_decides_which_checkpoint_is_proved_against(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Published first, witnessed then; a proof prefers what somebody else has seen."""
    database = make_database(1)
    place = WitnessPlace(name="w1", url="http://127.0.0.1:9", vkey=WITNESS.verifier.vkey)
    settings = Settings(data_dir=tmp_path, witnesses=(place,), witness_quorum=1)
    with serving(database, tmp_path) as served:
        served.services.settings = settings
        ticket = served.open_ticket()
        with (
            notary_of(served.services, database.notary_dsn) as notary,
            closing(Connections(database.notary_dsn)) as connections,
        ):
            notary.step(0)
            policy = parse_policy(text(served, "/log/policy"))
            path = f"/v1/tickets/{ticket}/events/1/proof"
            assert served.client.get("/log/lane-0/witnessed").status_code == 404
            unwitnessed = parse_proof_file(served.get("auditor", path).text)
            leaf = bytes.fromhex(
                served.get("auditor", f"/v1/tickets/{ticket}/events").json()["items"][0][
                    "leaf_hash"
                ]
            )
            with pytest.raises(ProofError, match="quorum"):
                unwitnessed.verify(leaf, policy)
            signed = served.services.ledger.merkle_log.checkpoint(0)
            assert signed is not None
            body = parse_checkpoint(parse_note(signed.note).text)
            line = cosign(body, WITNESS, at=1_800_000_000).line.encode()
            at = moment_of(served.clock.now())
            kept = Anchor(0, signed.size, AnchorKind.WITNESS.value, "w1", line, at)
            Anchors(connections).add(kept)
            served.place_order("b", "m")
            notary.step(0)
            assert newest(served, 0).size > signed.size
            witnessed = policy.open(text(served, "/log/lane-0/witnessed"))
            assert witnessed.checkpoint.size == signed.size
            proof = parse_proof_file(served.get("auditor", path).text)
            assert proof.verify(leaf, policy).checkpoint.size == signed.size


# --- as files ----------------------------------------------------------------------------------


def read_files(directory: Path) -> Callable[[Tile], bytes]:
    """Return a reader of tiles from files."""
    return lambda tile: (directory / tile.path).read_bytes()


def test_a_published_directory_is_a_log_and_grows(
    served: Served, lane: int, notary: Notary, tmp_path: Path
) -> None:
    """Any web server can carry it: the files add up, full tiles are written once."""
    log = served.services.ledger.merkle_log
    first = tiles.publish(log, lane, tmp_path, entries=True)
    assert first is not None
    fill(served, lane, first.size + 300)
    notary.step(lane)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    grown = tiles.publish(log, lane, tmp_path, entries=True)
    assert grown is not None
    assert grown.size > first.size
    checkpoint = newest(served, lane)
    published = parse_checkpoint(parse_note((tmp_path / "checkpoint").read_bytes()).text)
    assert published == checkpoint
    assert root_of(grown.size, TileHashes(grown.size, read_files(tmp_path))) == checkpoint.root
    for path in tmp_path.rglob("*"):
        relative = path.relative_to(tmp_path).as_posix()
        if path.is_file() and relative != "checkpoint":
            assert parse_path(relative).path == relative, "nothing but tiles lies there"
            if path in before and ".p/" not in relative:
                assert path.stat().st_mtime_ns == before[path]
    assert not list((tmp_path / "tile/0").glob("000.p")), "a full tile replaces its partial ones"
    again = tiles.publish(log, lane, tmp_path, entries=True)
    assert again == (grown.size, 0)
    entries = decode_bundle((tmp_path / "tile/entries/000").read_bytes(), 256)
    assert leaf_hash(entries[0]) == (tmp_path / "tile/0/000").read_bytes()[:32]


def test_entries_are_not_published_unless_asked_for(
    served: Served, lane: int, tmp_path: Path
) -> None:
    """Files on a web server are for everybody."""
    tiles.publish(served.services.ledger.merkle_log, lane, tmp_path)
    assert not (tmp_path / "tile/entries").exists()


def test_another_history_is_never_published_over_one(
    served: Served, lane: int, notary: Notary, tmp_path: Path
) -> None:
    """A directory that holds more, or something else, is evidence and stays as it is."""
    log = served.services.ledger.merkle_log
    tiles.publish(log, lane, tmp_path)
    checkpoint = (tmp_path / "checkpoint").read_text()
    said = parse_checkpoint(parse_note(checkpoint).text)
    line = checkpoint.split("\n\n")[1]
    other = base64text.encode(b"\x01" * 32)
    for body in (
        f"{said.origin}\n{said.size + 1_000}\n{other}\n",
        f"{said.origin}\n{said.size}\n{other}\n",
        f"another.test/log\n{said.size}\n{other}\n",
        "nothing\n",
    ):
        (tmp_path / "checkpoint").write_text(f"{body}\n{line}")
        with pytest.raises(tiles.OtherHistory):
            tiles.publish(log, lane, tmp_path)
        assert (tmp_path / "checkpoint").read_text() == f"{body}\n{line}"


def test_a_tile_that_was_changed_on_the_way_is_found(
    served: Served, lane: int, tmp_path: Path
) -> None:
    """The checkpoint is written last, and only over tiles that add up to it."""
    log = served.services.ledger.merkle_log
    done = tiles.publish(log, lane, tmp_path)
    assert done is not None
    (tmp_path / "checkpoint").unlink()
    tile = next(tmp_path.glob("tile/*/*.p/*"))  # the right edge: every root is made with it
    content = bytearray(tile.read_bytes())
    content[0] ^= 1
    tile.write_bytes(content)
    with pytest.raises(tiles.OtherHistory, match="add up"):
        tiles.publish(log, lane, tmp_path)
    assert not (tmp_path / "checkpoint").exists()


def test_a_log_without_a_checkpoint_publishes_nothing(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """There is nothing to stand for yet, and no key either."""
    database = make_database(1)
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn)
    with joined(Settings(data_dir=tmp_path / "data"), dsns) as services:
        assert tiles.publish(services.ledger.merkle_log, 0, tmp_path / "out") is None
    assert not (tmp_path / "out").exists()
    with serving(database, tmp_path / "data", folding=False) as served:
        for path in ("checkpoint", "vkey", "witnessed", "tile/0/000"):
            answer = served.client.get(f"/log/lane-0/{path}")
            assert answer.status_code == 404, path
        assert served.client.get("/log/policy").status_code == 404


def test_the_command_publishes_every_lane_or_one(
    served: Served, database: Database, lane: int, tmp_path: Path
) -> None:
    """Run from a timer: what is there is not written again, and the answer is for scripts."""
    environment = {
        **os.environ,
        "TICKETLEDGER_DATABASE_URL": database.app_dsn,
        "TICKETLEDGER_DATA_DIR": str(served.services.settings.data_dir),
    }
    command = [sys.executable, "-m", "api.cli", "tiles", "publish", str(tmp_path / "out"), "--json"]

    def run(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *more],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    first = run()
    assert first.returncode == 0, first.stderr
    told = json.loads(first.stdout)
    assert told.keys() == {f"lane-{one}" for one in range(database.lanes)}
    size = newest(served, lane).size
    assert told[f"lane-{lane}"]["size"] == size
    again = run("--lane", str(lane))
    assert json.loads(again.stdout) == {f"lane-{lane}": {"size": size, "written": 0}}
    assert run("--lane", "1000").returncode == 3
    (tmp_path / "out" / f"lane-{lane}" / "checkpoint").write_text("another history")
    refused = run()
    assert refused.returncode == 4
    assert "verify against" in refused.stderr


def test_published_files_are_for_a_web_server_to_read(
    served: Served, lane: int, tmp_path: Path
) -> None:
    """A checkpoint that only its writer may read serves nobody."""
    tiles.publish(served.services.ledger.merkle_log, lane, tmp_path)
    mode = (tmp_path / "checkpoint").stat().st_mode
    assert mode & stat.S_IRGRP
    assert re.fullmatch(r"[\x20-\x7e\n—]+", (tmp_path / "checkpoint").read_text())
