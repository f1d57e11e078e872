"""The sweep: what nothing ever named leaves the vault, and nothing else does."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain import errors
from domain.commands import StageEvidence, SweepContents
from domain.events import ContentsSwept
from domain.ledger import sweeping
from domain.ledger.application import TicketLedger
from domain.ledger.requests import Request
from domain.ledger.sweeping import KEPT_FOR, Sweeper
from domain.ledger.vault import place_of
from domain.ticket.privacy import PRIVACY_STREAM
from domain.values import Actor, ActorKind, EvidenceKind, Instant, Sha256, instant, later
from tests.ledger.conftest import MakeLedger
from tests.ledger.matters import asked, fresh, open_ticket
from tests.scenario import BUYER, MERCHANT

LANES = (1, 4)
NOW = instant(datetime.now(UTC))
OLD = KEPT_FOR + timedelta(days=1)


@pytest.fixture
def ledger(make_ledger: MakeLedger) -> TicketLedger:
    """A ledger under a clock that agrees with the file system's."""
    return make_ledger(now=lambda: NOW)


@pytest.fixture
def sweeper(ledger: TicketLedger) -> Sweeper:
    """Who sweeps, in a vault where nothing old was left by other tests."""
    one = Sweeper(ledger, lambda: NOW)
    one.sweep()
    return one


def uploaded(ledger: TicketLedger, secrets_dir: Path, *, ago: timedelta = OLD) -> Sha256:
    """Return the digest of a content that came in so long ago and that nothing names."""
    digest = ledger.keep_content(fresh("content").encode(), "text/plain").sha256
    at = time.time() - ago.total_seconds()
    os.utime(secrets_dir / "vault" / place_of(digest), (at, at))
    return digest


def is_kept(ledger: TicketLedger, digest: Sha256) -> bool:
    """Return whether a content is in the vault."""
    try:
        return bool(ledger.vault.get(digest))
    except KeyError:
        return False


def told(ledger: TicketLedger) -> list[ContentsSwept]:
    """Return what is on record of sweeps."""
    events = [one.event for one in ledger.stream(PRIVACY_STREAM)]
    return [one for one in events if isinstance(one, ContentsSwept)]


def test_what_nothing_ever_named_is_let_go_with_the_reason_on_record(
    ledger: TicketLedger, sweeper: Sweeper, secrets_dir: Path
) -> None:
    """How many, how much, how old and why; not which, for a digest tells who holds a file."""
    old = [uploaded(ledger, secrets_dir) for _ in range(3)]
    young = uploaded(ledger, secrets_dir, ago=KEPT_FOR - timedelta(days=1))
    before = len(told(ledger))
    swept = sweeper.sweep()
    assert swept.contents == 3
    assert not any(is_kept(ledger, one) for one in old)
    assert is_kept(ledger, young)
    fact = told(ledger)[-1]
    assert (len(told(ledger)) - before, fact.contents, fact.bytes) == (1, 3, swept.bytes)
    assert (fact.uploaded_before, fact.reason) == (later(NOW, -KEPT_FOR), "never_named")
    assert sweeper.sweep().contents == 0
    assert len(told(ledger)) == before + 1


def test_every_citation_in_any_stream_protects(
    ledger: TicketLedger, sweeper: Sweeper, secrets_dir: Path
) -> None:
    """A ticket's evidence of any age, its order's snapshot, and what was taken back again."""
    ticket = open_ticket(ledger)
    for content in list(ledger.vault.contents()):
        path = secrets_dir / "vault" / place_of(content.sha256)
        os.utime(path, (0, 0))
    named = {one.attachment.sha256 for one in ledger.ticket(ticket).evidence.values()}
    assert named
    sweeper.sweep()
    assert all(is_kept(ledger, one) for one in named)


def test_what_is_named_while_the_record_is_read_stays(
    ledger: TicketLedger, secrets_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Handed over again for its citation, it is young when its turn comes to go."""
    digest = uploaded(ledger, secrets_dir)
    content = ledger.vault.get(digest)
    sweeper = Sweeper(ledger, lambda: NOW)
    find = Sweeper.find

    def and_then(self: Sweeper) -> object:
        found = find(self)
        ledger.keep_content(content, "text/plain")
        return found

    monkeypatch.setattr(Sweeper, "find", and_then)
    sweeper.sweep()
    assert is_kept(ledger, digest)


def test_nothing_so_old_can_be_named_any_more(ledger: TicketLedger, secrets_dir: Path) -> None:
    """A command that names an upload after its day is refused, so no append races the sweep."""
    ticket = open_ticket(ledger)
    digest = uploaded(ledger, secrets_dir)
    attachment = ledger.keep_content(b"named too late", "text/plain")
    command = StageEvidence(
        ticket=ticket,
        kind=EvidenceKind.PHOTO,
        attachment=attachment,
        obtained="found",
        kept_until=later(NOW, timedelta(days=1) - OLD),
    )
    with pytest.raises(errors.WindowPassed):
        ledger.handle(asked(command, BUYER))
    assert is_kept(ledger, digest)


def test_a_pass_has_a_limit_and_may_be_stopped(
    ledger: TicketLedger, sweeper: Sweeper, secrets_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go first; a worker that ends waits for no sweep."""
    monkeypatch.setattr(sweeping, "SWEPT_MAX", 2)
    digests = [uploaded(ledger, secrets_dir, ago=OLD * (4 - one)) for one in range(3)]
    stopped = Sweeper(ledger, lambda: NOW, stopped=lambda: True)
    assert stopped.sweep().contents == 0
    assert sweeper.sweep().contents == 2
    assert [is_kept(ledger, one) for one in digests] == [False, False, True]
    assert sweeper.sweep().contents == 1


def test_nobody_sweeps_sooner_than_thirty_days_or_by_hand(ledger: TicketLedger) -> None:
    """The time lies far beyond the day in which an upload may be named."""
    with pytest.raises(ValueError, match="thirty days"):
        Sweeper(ledger, lambda: NOW, kept_for=timedelta(days=29))
    command = SweepContents(contents=1, bytes=1, uploaded_before=Instant(NOW))
    for actor in (Actor(ActorKind.ADMIN, "admin-1"), MERCHANT):
        with pytest.raises(errors.NotYourRole):
            ledger.handle(Request(command=command, actor=actor))
