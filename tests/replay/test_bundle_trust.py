"""Whom a checker trusts: the quorum and the keys count that he brings, not those in the bundle."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from api import cli
from domain.proof.checkpoint import cosign, parse_checkpoint
from domain.proof.errors import MalformedKey, MalformedPolicy
from domain.proof.keys import KeyType, SigningKey, VerifierKey, parse_vkey
from domain.proof.note import parse_note
from domain.proof.policy import Group, Log, Policy, Witness
from domain.proof.receipt import Receipt, key_name, sign_receipt
from replay.bundle import Trusted, check
from tests.api.served import serving
from tests.conftest import Database
from tests.replay.test_bundle import codes, export, members, repacked, signing

WITNESSES = [
    SigningKey(f"witness.test/{name}", bytes([number]) * 32, KeyType.COSIGNATURE)
    for number, name in enumerate(("one", "two", "three"), 1)
]
AT = 1_800_000_000
CHECKPOINT = "data/log/checkpoint"


class Handed(NamedTuple):
    """A bundle as it was handed out, and the key of its log."""

    path: Path
    key: VerifierKey
    receipt_key: SigningKey

    def cosigned(self, path: Path, *witnesses: SigningKey) -> Path:
        """Return the bundle with cosignatures of these witnesses on its checkpoint."""
        whole = members(self.path)
        note = parse_note(whole[CHECKPOINT])
        found = parse_checkpoint(note.text)
        lines = [cosign(found, one, at=AT) for one in witnesses]
        whole[CHECKPOINT] = str(note.with_signatures(lines)).encode()
        return repacked(path, whole)

    def record(self, version: int) -> tuple[bytes, dict[str, str]]:
        """Return the bytes of a record and what they say."""
        state = members(self.path)[f"data/records/{version:06}.json"]
        return state, json.loads(state)


@pytest.fixture(scope="module")
def handed(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handed]:
    """A bundle of a ledger that asks for no witness."""
    place = tmp_path_factory.mktemp("data")
    with serving(database, place) as served, signing(served, database):
        ticket = served.refused_claim()
        path = export(served, ticket, "court", "supervisor", place / "court.zip")
        key = parse_vkey(members(path)["data/log/log.vkey"].decode().strip())
        yield Handed(path, key, SigningKey(key_name(key.name), b"\x07" * 32))


def asking(log: VerifierKey, quorum: int) -> bytes:
    """Return a checker's policy that asks for so many of three witnesses."""
    parts = [Witness(one.verifier.name, one.verifier) for one in WITNESSES]
    group = Group("quorum", quorum, tuple(one.name for one in parts))
    return str(Policy((Log(log),), (*parts, group), "quorum")).encode()


@pytest.mark.parametrize(("quorum", "found"), [(1, set()), (2, set()), (3, {"B03"})])
def test_the_quorum_of_the_checkers_own_policy_is_enforced(
    handed: Handed, tmp_path: Path, quorum: int, found: set[str]
) -> None:
    """One witness fewer than he asks for is a finding, however well everything else holds."""
    path = handed.cosigned(tmp_path / "two.zip", *WITNESSES[:2])
    report = check(path, trusted=Trusted(policy=asking(handed.key, quorum)))
    assert codes(report) == found
    assert report.key_given, "his policy names the log's key"
    assert report.trust is not None
    assert (report.trust.source, report.trust.met) == ("given", not found)
    assert report.trust.cosigned == ["witness.test/one", "witness.test/two"]


def test_a_cosignature_that_does_not_hold_is_found(handed: Handed, tmp_path: Path) -> None:
    """A line by the name of a witness and by another key counts for nobody."""
    other = SigningKey(WITNESSES[0].verifier.name, b"\x09" * 32, KeyType.COSIGNATURE)
    path = handed.cosigned(tmp_path / "other.zip", other)
    report = check(path, trusted=Trusted(policy=asking(handed.key, 1)))
    assert codes(report) == {"B03"}
    true = handed.cosigned(tmp_path / "true.zip", WITNESSES[0])
    whole = members(true)
    head, _, line = whole[CHECKPOINT].rstrip(b"\n").rpartition(b" ")
    whole[CHECKPOINT] = head + b" " + line[:10] + b"AAAAAAAA" + line[18:] + b"\n"
    forged = repacked(tmp_path / "forged.zip", whole)
    assert "E13" in codes(check(forged, trusted=Trusted(policy=asking(handed.key, 1))))


def test_a_policy_that_trusts_another_log_does_not_trust_this_one(handed: Handed) -> None:
    """Neither another log, nor this one's name with another key."""
    stranger = SigningKey("other.test/lane-0", b"\x05" * 32).verifier
    report = check(handed.path, trusted=Trusted(policy=asking(stranger, 1)))
    assert codes(report) == {"B03"}
    namesake = SigningKey(handed.key.name, b"\x05" * 32).verifier
    report = check(handed.path, trusted=Trusted(policy=asking(namesake, 1)))
    assert "E13" in codes(report)
    both = Trusted(vkey=handed.key.vkey, policy=asking(stranger, 1))
    assert codes(check(handed.path, trusted=both)) == {"B03"}


def test_the_bundles_own_policy_is_told_as_the_platforms_claim(
    handed: Handed, tmp_path: Path
) -> None:
    """Who makes the bundle could name witnesses of his own; so it is no finding and no proof."""
    whole = members(handed.path)
    whole["data/log/trust-policy.txt"] = asking(handed.key, 2)
    report = check(repacked(tmp_path / "claim.zip", whole))
    assert report.clean
    assert report.trust is not None
    assert (report.trust.source, report.trust.met) == ("bundle", False)
    assert "platform's own claim" in report.trust.words


def receipt(key: SigningKey, told: dict[str, str], leaf: bytes, version: int = 1) -> bytes:
    """Return a receipt as its keeper has it."""
    return str(sign_receipt(Receipt(told["stream"], version, leaf, told["at"]), key)).encode()


def test_receipts_are_held_against_the_records_by_the_key_that_is_given(handed: Handed) -> None:
    """A receipt for what is not here is X03; one by another key is E13; a later one is left."""
    from domain.proof.chain import leaf_hash  # noqa: PLC0415 - beside what it is for

    state, told = handed.record(1)
    own, other = handed.receipt_key, SigningKey(handed.receipt_key.verifier.name, b"\x08" * 32)
    later = {**told, "at": "2999-01-01T00:00:00.000000Z"}
    cases = (
        (receipt(own, told, leaf_hash(state)), set(), 1),
        (receipt(own, told, b"\x01" * 32), {"X03"}, 0),
        (receipt(own, told, leaf_hash(state), version=999), {"X03"}, 0),
        (receipt(own, later, b"\x01" * 32, version=999), set(), 0),
        (receipt(other, told, leaf_hash(state)), {"E13"}, 0),
        (b"no receipt", {"E13"}, 0),
    )
    for content, found, held in cases:
        trusted = Trusted(receipt_key=own.verifier.vkey, receipts={"r": content})
        report = check(handed.path, trusted=trusted)
        assert (codes(report), report.receipts) == (found, held), content


def test_keys_and_policies_that_are_none_are_refused(handed: Handed) -> None:
    """A slip of the checker's is said at once, and is no finding about the bundle."""
    with pytest.raises(MalformedPolicy):
        check(handed.path, trusted=Trusted(policy=b"trust everybody\n"))
    with pytest.raises(MalformedKey):
        check(handed.path, trusted=Trusted(receipt_key=handed.key.vkey))


def test_the_command_line_takes_policy_and_receipts_from_its_options(
    handed: Handed,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """6 for a quorum that is missed; 2 for receipts without a key, 3 for no file."""

    def run(*arguments: str) -> tuple[int, str]:
        words = ["ticketledger", "verify", "bundle", *arguments]
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    path = str(handed.cosigned(tmp_path / "one.zip", WITNESSES[0]))
    policy = tmp_path / "policy.txt"
    policy.write_bytes(asking(handed.key, 1))
    code, said = run(path, "--policy", str(policy))
    assert code == 0
    assert "Your policy: its quorum (quorum) is met; cosigned by witness.test/one." in said
    policy.write_bytes(asking(handed.key, 2))
    code, said = run(path, "--policy", str(policy))
    assert code == 6
    assert "B03: the quorum is quorum, and cosigned has witness.test/one" in said
    policy.write_bytes(b"nothing")
    assert run(path, "--policy", str(policy))[0] == 2
    assert run(path, "--receipt", str(policy))[0] == 2
    assert run(path, "--policy", str(tmp_path / "nowhere"))[0] == 3
    assert "platform's own claim" in run(path)[1]
