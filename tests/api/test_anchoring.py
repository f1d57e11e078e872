"""The whole way: a worker has its log cosigned and stamped, and the API tells what that proves."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.anchoring.posting import OutsiderUnavailable, post
from api.anchoring.running import AnchorSettingsError, authority_of, copies_of
from api.anchoring.witnesses import WitnessClient
from api.app import create_app
from api.demo.witness import witnessed
from api.keys import introduce
from api.settings import Settings, WitnessPlace
from api.wiring import Dsns, Services, joined
from api.worker import notary_of, work
from domain.ledger.anchors import Anchors, anchors_stream
from domain.ledger.connections import Connections
from domain.ledger.log import Log
from domain.proof.policy import parse_policy
from domain.proof.proof_file import parse_proof_file
from domain.values import KeyPurpose
from tests.api.served import Clock, Served
from tests.api.witnesses import listening, remembering
from tests.conftest import Database
from tests.ledger.authorities import Tsa, stamping
from tests.ledger.notaries import log_key

WAIT_S = 60


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    """An authority of our own, which is openssl."""
    with stamping(tmp_path_factory.mktemp("tsa")) as own:
        yield own


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once a condition holds; fail when it does not in a minute."""
    pause = threading.Event()
    for _ in range(WAIT_S * 20):
        if condition():
            return
        pause.wait(0.05)
    raise AssertionError("it has not come to pass")


def told(services: Services) -> list[str]:
    """Return what is on record about anchors, by topic."""
    return [record.envelope.topic for record in services.ledger.stream(anchors_stream(0, 1))]


def test_a_worker_has_its_log_witnessed_and_stamped(
    make_database: Callable[[int], Database], tmp_path: Path, tsa: Tsa
) -> None:
    """Nobody does anything by hand: from the ticket to a proof that outsiders vouch for."""
    database = make_database(1)
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn, notary=database.notary_dsn)
    with ExitStack() as ending:
        with joined(Settings(data_dir=tmp_path), dsns) as services:
            introduce(services.ledger, services.key_store, *KeyPurpose)
            key = log_key(tmp_path / "keys", services.ledger.origins[0])
        witness = ending.enter_context(remembering(tmp_path / "elsewhere", key))
        place = WitnessPlace(
            name="w1",
            url=ending.enter_context(listening(witness)),
            vkey=witness.key.verifier.vkey,
        )
        settings = Settings(
            data_dir=tmp_path,
            witnesses=(place,),
            witness_quorum=1,
            stamp_url=tsa.url,
            stamp_roots=tsa.roots,
            stamp_every_s=1,
            anchor_copies=str(tmp_path / "copies"),
        )
        clock = Clock()
        services = ending.enter_context(joined(settings, dsns))
        stop = threading.Event()
        worker = threading.Thread(target=work, args=(services, stop))
        worker.start()
        ending.callback(worker.join)
        ending.callback(stop.set)
        app = create_app(services)
        served = Served(ending.enter_context(TestClient(app)), app, services, clock)
        clock.at = services.now()
        first = served.open_ticket()
        wait_for(lambda: bracket_of(served, first)["not_after"] is not None)
        wait_for(lambda: "checkpoint.witnessed.v1" in told(services))
        second = opened_knowing_a_stamp(served)
        wait_for(lambda: None not in bracket_of(served, second).values())
        bounds = bracket_of(served, second)
        assert bounds["not_before"] <= bounds["not_after"]
        policy = parse_policy(served.client.get("/log/policy").text)
        assert policy.quorum != "none"
        path = f"/v1/tickets/{second}/events"
        wait_for(lambda: "witness.test" in served.get("auditor", f"{path}/1/proof").text)
        (event, *_) = served.get("auditor", path).json()["items"]
        proof = parse_proof_file(served.get("auditor", f"{path}/1/proof").text)
        assert proof.verify(bytes.fromhex(event["leaf_hash"]), policy).witnesses
    assert list((tmp_path / "copies" / "lane-0").glob("*.tsr"))


def opened_knowing_a_stamp(served: Served) -> str:
    """Return a ticket whose first event names a checkpoint that covers the record of a stamp.

    What an event names is fixed when it is recorded, and may be some seconds old.
    """
    log = served.services.ledger.merkle_log
    (stamp, *_) = served.services.ledger.stream(anchors_stream(0, 1))
    wait_for(lambda: log.covering(0, stamp.position) is not None)
    tickets: list[str] = []

    def knows() -> bool:
        tickets.append(served.open_ticket())
        return bracket_of(served, tickets[-1])["not_before"] is not None

    wait_for(knows)
    return tickets[-1]


def bracket_of(served: Served, ticket: str) -> dict[str, str | None]:
    """Return between which instants a ticket's last event was recorded."""
    found: dict[str, str | None] = served.get("auditor", f"/v1/tickets/{ticket}/events").json()[
        "items"
    ][-1]["bracket"]
    return found


def test_roots_that_are_none_are_said_at_start(tmp_path: Path, tsa: Tsa) -> None:
    """A worker that starts again and again tells nobody why."""
    assert authority_of(Settings(data_dir=tmp_path)) is None
    for roots in (tmp_path / "missing.pem", tsa.here / "serial"):
        settings = Settings(data_dir=tmp_path, stamp_url=tsa.url, stamp_roots=roots)
        with pytest.raises(AnchorSettingsError, match="stamp_roots"):
            authority_of(settings)


def test_a_place_for_copies_that_is_none_is_said_at_start(tmp_path: Path) -> None:
    """Nobody finds out years later that there never was a copy."""
    assert copies_of(Settings(data_dir=tmp_path)) is None
    assert copies_of(Settings(data_dir=tmp_path, anchor_copies=str(tmp_path))) is not None
    assert copies_of(Settings(data_dir=tmp_path, anchor_copies="memory:///")) is not None
    with pytest.raises(AnchorSettingsError, match="anchor_copies"):
        copies_of(Settings(data_dir=tmp_path, anchor_copies="nowhere://at/all"))


def test_the_demo_has_a_witness_in_a_process_of_its_own(
    make_database: Callable[[int], Database], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is there while the demo is, cosigns its log, and says whose it would be in real life."""
    database = make_database(1)
    dsns = Dsns(app=database.app_dsn, views=database.app_dsn, notary=database.notary_dsn)
    before = Settings(data_dir=tmp_path)
    with witnessed(before, dsns) as settings, joined(settings, dsns) as services:
        (place,) = settings.witnesses
        assert settings.witness_quorum == 1
        assert "another organisation" in capfd.readouterr().err
        with (
            notary_of(services, database.notary_dsn) as notary,
            closing(Connections(database.notary_dsn)) as connections,
        ):
            notary.step(0)
            client = WitnessClient(place, Log(connections), Anchors(connections), now=services.now)
            wait_for(lambda: is_done(lambda: client.step(0)))
        assert services.anchors.witnessed(0, [place.name], 1)
    with pytest.raises(OutsiderUnavailable):
        post(place.url, b"", media_type="text/plain", timeout_s=2, limit=10)
    named = before.model_copy(update={"witnesses": (place,)})
    with witnessed(named, dsns) as settings:
        assert settings is named, "who names a witness has one"


def is_done(work: Callable[[], bool]) -> bool:
    """Return whether work is done; False while the one it needs is not there yet."""
    try:
        return work()
    except OutsiderUnavailable:
        return False
