"""Alarms of notary and anchoring: what, why and what next, on /readyz and by the doctor."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest

from api.alarms import INTEGRATED_WITHIN, SIGNED_WITHIN, STAMPED_WITHIN, WITNESSED_WITHIN
from api.doctor import examine
from api.reads.readiness import readiness
from api.settings import Settings, WitnessPlace
from api.wiring import Dsns, Services, joined
from api.worker import notary_of
from domain.commands import FreezeKeys
from domain.ledger.anchors import AnchorKind, Anchors
from domain.ledger.connections import Connections
from domain.ledger.log import Anchor
from domain.ledger.notary import Notary
from domain.proof.keys import KeyType, SigningKey
from domain.values import SYSTEM, FreezeGround, moment_of
from tests.api.served import Clock
from tests.conftest import Database
from tests.ledger.matters import asked, open_ticket, query

MOMENT = timedelta(seconds=1)
EVERY = timedelta(seconds=600)
VKEY = SigningKey("witness.test/w1", b"\x07" * 32, KeyType.COSIGNATURE).verifier.vkey


class Watch:
    """A ledger with a notary that works when it is told to, and nobody who vouches yet."""

    def __init__(self, database: Database, directory: Path, ending: ExitStack) -> None:
        """Join it, with a witness and an authority in the settings."""
        roots = directory / "roots.pem"
        self.settings = Settings(
            data_dir=directory,
            database_url=database.app_dsn,
            witnesses=(WitnessPlace(name="w1", url="http://127.0.0.1:9/", vkey=VKEY),),
            witness_quorum=1,
            stamp_url="http://tsa.test/",
            stamp_roots=roots,
            stamp_every_s=int(EVERY.total_seconds()),
        )
        dsns = Dsns(app=database.app_dsn, views=database.app_dsn, notary=database.notary_dsn)
        self.clock = Clock()
        self.database = database
        self.parts: Services = ending.enter_context(joined(self.settings, dsns, now=self.clock.now))
        self.notary: Notary = ending.enter_context(notary_of(self.parts, database.notary_dsn))
        connections = ending.enter_context(closing(Connections(database.notary_dsn)))
        self._anchors = Anchors(connections)
        self.settle()

    def settle(self) -> None:
        """Let notary, witness and authority do all they have to."""
        while self.notary.step(0):
            pass
        for kind, name in ((AnchorKind.WITNESS, "w1"), (AnchorKind.STAMP, "tsa.test")):
            self.say(kind, name)

    def say(self, kind: AnchorKind, name: str, words: bytes = b"") -> None:
        """Keep what somebody says of the newest checkpoint."""
        newest = self.parts.ledger.merkle_log.checkpoint(0)
        assert newest is not None
        at = moment_of(self.clock.now())
        self._anchors.add(Anchor(0, newest.size, kind.value, name, words, at))

    def alarms(self) -> dict[str, str]:
        """Return what /readyz tells: code → what to do next; every word of it is there."""
        found = readiness(self.parts)
        assert found.status == ("degraded" if found.alarms else "ready")
        for one in found.alarms:
            assert one.what
            assert one.why
            assert one.next
        return {one.code: one.next for one in found.alarms}


@pytest.fixture
def watch(make_database: Callable[[int], Database], tmp_path: Path) -> Iterator[Watch]:
    """A watched ledger of the test's own, in which all is well."""
    with ExitStack() as ending:
        made = Watch(make_database(1), tmp_path, ending)
        assert made.alarms() == {}
        yield made


def test_a_notary_that_does_not_integrate_is_told_before_it_is_a_finding(watch: Watch) -> None:
    """After three days an audit finds E24; half a minute is enough to be told."""
    open_ticket(watch.parts.ledger)
    watch.clock.pass_by(INTEGRATED_WITHIN)
    assert "log_behind" not in watch.alarms()
    watch.clock.pass_by(MOMENT)
    assert "E24" in watch.alarms()["log_behind"]
    watch.settle()
    assert watch.alarms() == {}


def test_a_log_that_is_not_signed_is_told(watch: Watch) -> None:
    """Keys that are missing, or a notary that stopped between the two."""
    open_ticket(watch.parts.ledger)
    watch.notary.integrate(0)
    watch.clock.pass_by(SIGNED_WITHIN + MOMENT)
    assert "log_not_signed" in watch.alarms()


def test_frozen_keys_are_told_on_record_or_here(watch: Watch) -> None:
    """The one alarm that stays: a new ledger has to begin."""
    watch.parts.key_store.freeze()
    assert "new ledger" in watch.alarms()["keys_frozen"]
    (watch.settings.data_dir / "keys" / "frozen").unlink()
    assert watch.alarms() == {}
    watch.parts.ledger.handle(asked(FreezeKeys(ground=FreezeGround.LOST, last_signed=()), SYSTEM))
    watch.clock.pass_by(timedelta(hours=1))
    assert {"keys_frozen", "log_behind"} <= watch.alarms().keys()


@pytest.mark.parametrize(
    "harm",
    [
        # The stored hash would follow the bytes; so it is made a column that can be written.
        "alter table ledger.event alter column leaf_hash drop expression;"
        "update ledger.event set leaf_hash = state",
        "delete from ledger.event where position > 1; update ledger.lane_head set position = 1",
        "update ledger.tree set size = size - 1",
    ],
)
def test_a_log_that_diverged_is_told_with_what_to_do(watch: Watch, harm: str) -> None:
    """Changed before it was taken in, cut off behind it, or shorter than what was signed."""
    open_ticket(watch.parts.ledger)
    query(watch.database.superuser_dsn, f"set session_replication_role = replica; {harm}")
    assert "repair nothing" in watch.alarms()["log_diverged"]


def test_a_witness_that_disowns_us_is_told_until_it_cosigns_again(watch: Watch) -> None:
    """Whichever process asked it: what it said is kept."""
    open_ticket(watch.parts.ledger)
    watch.notary.step(0)
    watch.say(AnchorKind.REFUSED, "w1", b"the witness w1 holds another history")
    assert "stop" in watch.alarms()["witness_disowns"]
    open_ticket(watch.parts.ledger)
    watch.settle()
    assert watch.alarms() == {}


def test_a_quorum_that_is_missed_for_long_is_told(watch: Watch) -> None:
    """A checkpoint without witnesses proves nothing against who holds the key."""
    open_ticket(watch.parts.ledger)
    watch.notary.step(0)
    watch.say(AnchorKind.WITNESS, "somebody else")
    watch.clock.pass_by(WITNESSED_WITHIN)
    assert "quorum_missed" not in watch.alarms()
    watch.clock.pass_by(MOMENT)
    assert "quorum_missed" in watch.alarms()


def test_stamps_that_fail_for_two_rounds_are_told(watch: Watch) -> None:
    """One failed try is none; a ledger that rests needs no stamp."""
    watch.clock.pass_by(10 * EVERY)
    assert watch.alarms() == {}
    open_ticket(watch.parts.ledger)
    watch.notary.step(0)
    watch.say(AnchorKind.WITNESS, "w1")
    watch.clock.pass_by(2 * EVERY + STAMPED_WITHIN)
    assert watch.alarms() == {}
    watch.clock.pass_by(MOMENT)
    assert "stamp_url" in watch.alarms()["not_stamped"]


def test_the_doctor_tells_them_too(watch: Watch) -> None:
    """For whoever has a shell and no server that runs."""

    def evidence() -> list[tuple[bool, str | None]]:
        found = [one for one in examine(watch.settings) if one.what == "evidence"]
        return [(one.fine, one.remedy) for one in found]

    assert evidence() == [(True, None)]
    watch.parts.key_store.freeze()
    ((fine, remedy),) = evidence()
    assert not fine
    assert "new ledger" in (remedy or "")
