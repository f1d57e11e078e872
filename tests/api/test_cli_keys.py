"""`keys` as an operator uses it: the public keys, a rotation, a freeze."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from api import cli
from api.keys import FileKeys
from domain.ledger.connections import Connections
from domain.ledger.log import Log
from domain.proof.checkpoint import open_checkpoint
from domain.proof.keys import parse_vkey
from domain.values import KeyPurpose
from tests.conftest import ORIGIN, Database
from tests.ledger.matters import query
from tests.ledger.notaries import notary

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def own(make_database: Callable[[int], Database]) -> Database:
    """A database of the test's own: its keys are on record for good."""
    return make_database(2)


@pytest.fixture
def run(
    own: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run `keys` on it; returns the exit code, what was printed and what was said."""
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", own.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(tmp_path))

    def command(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["ticketledger", "keys", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return command


def topics(own: Database) -> list[str]:
    """Return what is on record about keys."""
    statement = "select topic from ledger.event where stream = 'ledger:keys' order by version"
    return [topic for (topic,) in query(own.superuser_dsn, statement)]


def test_init_makes_keys_once_and_prints_what_a_verifier_needs(run: Run, own: Database) -> None:
    """A vkey for each lane's log, and one for each lane's receipts."""
    code, out, _ = run("init")
    assert code == 0
    keys = [parse_vkey(line) for line in out.splitlines()]
    origins = [f"{ORIGIN}/lane-{lane}" for lane in (0, 1)]
    assert [key.name for key in keys] == [*origins, *(f"{one}/receipt" for one in origins)]
    assert len({key.public for key in keys}) == 2
    assert run("init") == (0, out, "")
    assert topics(own) == ["key.introduced.v1"] * 2


def test_a_rotation_is_on_record_and_both_keys_sign(
    run: Run, own: Database, tmp_path: Path
) -> None:
    """Verifiers have 30 days to fetch the new key."""
    before = parse_vkey(run("init")[1].splitlines()[0])
    code, out, _ = run("rotate", "--json")
    assert code == 0
    told = json.loads(out)["keys"]["log"]
    assert told["generation"] == 2
    after = parse_vkey(told["vkeys"][0])
    assert after.public != before.public
    assert topics(own)[-1] == "key.rotated.v1"
    store = FileKeys(tmp_path / "keys")
    both = [store.find(KeyPurpose.LOG, generation) for generation in (2, 1)]
    with notary(own.notary_dsn, tmp_path, signers=lambda: both) as one:
        for lane in (0, 1):
            one.step(lane)
        signed = next(found for lane in (0, 1) if (found := one.log.checkpoint(lane)))
    origin = f"{ORIGIN}/lane-{signed.lane}"
    for vkey in (before, after):
        key = type(vkey)(origin, vkey.type, vkey.public)
        assert open_checkpoint(signed.note, [key]).checkpoint.size == signed.size


def test_a_freeze_stops_every_signature_and_says_what_was_signed_last(
    run: Run, own: Database, tmp_path: Path
) -> None:
    """Whatever claims to be later was signed by somebody else."""
    run("init")
    with notary(own.notary_dsn, tmp_path / "keys") as one:
        for lane in (0, 1):
            one.step(lane)
    code, out, said = run("freeze", "--because", "compromised", "--json")
    assert code == 0
    assert "Nothing is signed" in said
    connections = Connections(own.app_dsn)
    newest = [Log(connections).checkpoint(lane) for lane in (0, 1)]
    connections.close()
    last = json.loads(out)["last_signed"]
    assert {int(lane): int(text.split()[0]) for lane, text in last.items()} == {
        signed.lane: signed.size for signed in newest if signed
    }
    assert topics(own)[-1] == "keys.frozen.v1"
    assert run("rotate")[0] == 4
    assert run("freeze", "--because", "lost")[0] == 0
    assert topics(own).count("keys.frozen.v1") == 1


@pytest.mark.parametrize(
    "arguments", [("rotate", "everything"), ("freeze", "--because", "boredom"), ("freeze",)]
)
def test_a_word_nobody_knows_changes_nothing(
    run: Run, own: Database, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Least of all a freeze, which can not be taken back."""
    assert run(*arguments)[0] == 2
    assert topics(own) == []
    assert not FileKeys(tmp_path / "keys").is_frozen
