"""Bundles: whole for strangers, narrow for parties, and every tampering of one is found."""

import base64
import hashlib
import json
import re
import subprocess
import sys
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from api import cli
from api.wiring import first_book
from api.worker import notary_of
from domain.commands.anchors import AnchorCheckpoint, StampTaken
from domain.events import EvidenceExported
from domain.ledger.anchors import AnchorKind, Anchors, anchors_reference
from domain.ledger.connections import Connections
from domain.ledger.log import Anchor
from domain.ledger.requests import Request
from domain.policies.book import parse
from domain.proof import base64text
from domain.proof.checkpoint import Checkpoint
from domain.proof.keys import SigningKey
from domain.proof.stamp import read_stamp, stamp_request
from domain.values import SYSTEM, instant
from replay.bundle import check
from replay.bundle.archive import MalformedBundle
from replay.bundle.outcome import BundleReport
from tests.api.served import Served, serving
from tests.conftest import Database
from tests.ledger.authorities import stamping
from tests.ledger.contents import png

FOUR_YEARS = timedelta(days=4 * 366)
PNG = png()
SECRETS = {
    "note": "The desk wonders.",
    "caption": "What the merchant holds back.",
    "statement": "The screen flickers.",
}
RECIPIENTS = {
    "buyer": "buyer",
    "merchant": "merchant",
    "arbitrator": "arbitrator",
    "court": "supervisor",
}
"""Recipient → who has the bundle made."""


class Case(NamedTuple):
    """A ticket with something of everybody's, and the bundles made of it."""

    served: Served
    ticket: str
    bundles: Mapping[str, Path]


@contextmanager
def signing(served: Served, database: Database) -> Iterator[None]:
    """Run the notary beside the API."""
    stop = threading.Event()
    with notary_of(served.services, database.notary_dsn) as notary:
        thread = threading.Thread(target=notary.run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def bring(served: Served, ticket: str, who: str, content: bytes, **more: Any) -> str:
    """Upload a content and lay it ready; return its digest."""
    media_type = "image/png" if content == PNG else "text/plain"
    sent = {**served.headers(who), "Content-Type": media_type}
    upload = served.client.post(f"/v1/tickets/{ticket}/contents", headers=sent, content=content)
    assert upload.status_code == 201, upload.text
    body = {"kind": "photo", "attachment": upload.json(), "obtained": "taken_by_party", **more}
    answer = served.post(who, f"/v1/tickets/{ticket}/evidence", body)
    assert answer.status_code == 201, answer.text
    return str(upload.json()["sha256"])


def export(served: Served, ticket: str, recipient: str, who: str, path: Path) -> Path:
    """Have a bundle made; return where it is."""
    body = {"recipient": recipient}
    answer = served.post(who, f"/v1/tickets/{ticket}/bundles", body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    path.write_bytes(answer.content)
    return path


@pytest.fixture(scope="module")
def running(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The API with its notary."""
    with (
        serving(database, tmp_path_factory.mktemp("data")) as served,
        signing(served, database),
    ):
        yield served


@pytest.fixture(scope="module")
def case(running: Served, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """A ticket whose buyer sealed a photo, and whose merchant laid ready what nobody saw yet."""
    ticket = running.refused_claim()
    bring(running, ticket, "buyer", PNG)
    assert running.post("buyer", f"/v1/tickets/{ticket}/evidence/seal").status_code == 200
    bring(running, ticket, "buyer", b"for the arbitrator alone", confidential=True)
    bring(running, ticket, "merchant", b"not final", caption=SECRETS["caption"])
    note = running.post("agent", f"/v1/tickets/{ticket}/notes", {"text": SECRETS["note"]})
    assert note.status_code == 200, note.text
    place = tmp_path_factory.mktemp("bundles")
    made = {
        recipient: export(running, ticket, recipient, who, place / f"{recipient}.zip")
        for recipient, who in RECIPIENTS.items()
    }
    return Case(running, ticket, made)


def members(path: Path) -> dict[str, bytes]:
    """Return a bundle's members by their paths in the bag."""
    with zipfile.ZipFile(path) as file:
        return {name.partition("/")[2]: file.read(name) for name in file.namelist()}


def pack(path: Path, content: Mapping[str, bytes], top: str = "bag") -> Path:
    """Write members to a bundle."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, each in content.items():
            file.writestr(f"{top}/{name}", each)
    return path


def repacked(path: Path, content: Mapping[str, bytes]) -> Path:
    """Write members with manifests that fit them, as somebody does who knows BagIt."""
    payload = {name: one for name, one in content.items() if name.startswith("data/")}
    told = {name: one for name, one in content.items() if "manifest-" not in name}
    oxum = f"Payload-Oxum: {sum(map(len, payload.values()))}.{len(payload)}"
    told["bag-info.txt"] = "".join(
        f"{oxum if line.startswith('Payload-Oxum') else line}\n"
        for line in content["bag-info.txt"].decode().splitlines()
    ).encode()
    told["manifest-sha256.txt"] = _manifest(payload)
    beside = {name: one for name, one in told.items() if not name.startswith("data/")}
    return pack(path, {**told, "tagmanifest-sha256.txt": _manifest(beside)})


def _manifest(content: Mapping[str, bytes]) -> bytes:
    lines = (f"{hashlib.sha256(one).hexdigest()}  {name}\n" for name, one in content.items())
    return "".join(lines).encode()


def codes(report: BundleReport) -> set[str]:
    """Return the codes of what was found."""
    return {finding.code for finding in report.findings}


def rows(content: bytes) -> list[dict[str, Any]]:
    """Return the rows of a member with a JSON text a line."""
    return [json.loads(line) for line in content.split(b"\n") if line]


def test_the_report_calls_things_what_the_book_in_force_calls_them(case: Case) -> None:
    """A court reads "Senior service", not what the tables abbreviate it to."""
    page = members(case.bundles["court"])["data/report.html"].decode()
    words = re.findall(r'<script type="application/json" id="words">(.*?)</script>', page)
    told = json.loads(words[0])
    english, chinese = (told[language]["values"] for language in ("en", "zh-CN"))
    book = parse(first_book())
    for tag in book.tag:
        assert (english[tag.id], chinese[tag.id]) == (tag.en, tag.zh)
    for queue in book.queue:
        assert (english[queue.name], chinese[queue.name]) == (queue.en, queue.zh)
    rest = {one.name for one in (*book.desk, *book.department)} | {one.id for one in book.clock}
    assert rest <= english.keys() & chinese.keys()


@pytest.mark.parametrize("recipient", RECIPIENTS)
def test_a_bundle_as_it_is_made_is_clean(case: Case, recipient: str) -> None:
    """With the log's key from elsewhere nothing is left to believe."""
    path = case.bundles[recipient]
    lane = case.ticket.partition("-")[0][1:]
    vkey = case.served.client.get(f"/log/lane-{lane}/vkey").text.strip()
    report = check(path, vkey)
    assert report.findings == []
    assert (report.ticket, report.recipient, report.key_given) == (case.ticket, recipient, True)
    assert not [words for words in report.not_checked if "key" in words]
    own = check(path)
    assert own.clean
    assert [words for words in own.not_checked if "--vkey" in words]


def test_other_programs_validate_it(case: Case, tmp_path: Path) -> None:
    """A stranger needs BagIt, coreutils and openssl, and none of our code."""
    with zipfile.ZipFile(case.bundles["court"]) as file:
        file.extractall(tmp_path)
    bag = tmp_path / case.ticket
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bagit's own imports
        validated = subprocess.run(
            [sys.executable, "-m", "bagit", "--validate", str(bag)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert validated.returncode == 0, validated.stderr
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        command = ["sha256sum", "--strict", "-c", manifest]
        subprocess.run(command, cwd=bag, check=True, capture_output=True, timeout=60)
    told = (bag / "data/verify/COMMANDS.txt").read_text()
    start = told.index("openssl pkeyutl")
    command_line = told[start : told.index("\n\n", start)]
    signed = subprocess.run(
        ["sh", "-c", command_line], cwd=bag, check=True, capture_output=True, text=True, timeout=60
    )
    assert "Verified Successfully" in signed.stdout
    leaf = subprocess.run(
        ["sh", "-c", "(printf '\\0'; cat data/records/000001.json) | sha256sum"],
        cwd=bag,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    second = json.loads((bag / "data/records/000002.json").read_bytes())
    assert leaf.stdout.split()[0] == second["prev"]


def test_each_recipient_sees_only_what_they_may(case: Case) -> None:
    """What one side lays ready or keeps back, and what the desk says among itself, stays there."""
    texts, contents = {}, {}
    for recipient, path in case.bundles.items():
        found = members(path)
        values = {one["value"] for one in rows(found["data/disclosures.jsonl"])}
        texts[recipient] = {name for name, text in SECRETS.items() if text in values}
        contents[recipient] = {
            content
            for name, content in found.items()
            if name.startswith("data/attachments/") and not name.endswith(".json")
        }
        everything = b"".join(found.values())
        for name in SECRETS.keys() - texts[recipient]:
            assert SECRETS[name].encode() not in everything
    assert texts == {
        "buyer": {"statement"},
        "merchant": {"statement", "caption"},
        "arbitrator": {"statement", "caption", "note"},
        "court": {"statement", "caption", "note"},
    }
    secret, staged = b"for the arbitrator alone", b"not final"
    assert contents["buyer"] >= {PNG, secret}
    assert staged not in contents["buyer"]
    assert contents["merchant"] >= {PNG, staged}
    assert secret not in contents["merchant"]
    assert contents["court"] == contents["arbitrator"] >= {PNG, secret}
    assert staged not in contents["court"], "nothing is on record that was never sealed"
    kept_back = [name for name in members(case.bundles["buyer"]) if name.endswith(".withheld")]
    assert kept_back
    assert not [name for name in members(case.bundles["court"]) if name.endswith(".withheld")]


def test_every_changed_or_missing_member_is_found(case: Case, tmp_path: Path) -> None:
    """Each member in turn: one bit turned, or left out."""
    whole = members(case.bundles["court"])
    for name, content in whole.items():
        turned = content[:-1] + bytes([content[-1] ^ 1]) if content else b"x"
        report = check(pack(tmp_path / "turned.zip", {**whole, name: turned}))
        assert not report.clean, name
        if name == "bagit.txt":
            continue
        left = {other: one for other, one in whole.items() if other != name}
        assert not check(pack(tmp_path / "left.zip", left)).clean, name


@pytest.mark.parametrize(
    ("start", "code"),
    [
        ("data/records/000002", "E"),
        ("data/records/export", ""),
        ("data/proofs/", ""),
        ("data/attachments/", "E21"),
        ("data/log/checkpoint.body", "B02"),
        ("data/log/checkpoint.sig", "E13"),
        ("data/log/log.pem", "B02"),
        ("data/policies/", "E21"),
    ],
)
def test_who_makes_the_manifests_fit_is_found_all_the_same(
    case: Case, tmp_path: Path, start: str, code: str
) -> None:
    """Manifests are nobody's word; records, proofs and digests stand for themselves."""
    whole = members(case.bundles["court"])
    name = next(name for name in whole if name.startswith(start))
    half = len(whole[name]) // 2
    turned = whole[name][:half] + bytes([whole[name][half] ^ 1]) + whole[name][half + 1 :]
    assert check(repacked(tmp_path / "same.zip", whole)).clean, "the packing itself is found clean"
    found = codes(check(repacked(tmp_path / "turned.zip", {**whole, name: turned})))
    assert [one for one in found if one.startswith(code)], found


def test_a_bundle_without_its_end_contradicts_its_export(case: Case, tmp_path: Path) -> None:
    """Leaving out the tail would need a signed lie."""
    whole = members(case.bundles["court"])
    last = max(name for name in whole if name.startswith("data/records/0"))
    number = last.partition("data/records/")[2].partition(".")[0]
    cut = {name: one for name, one in whole.items() if f"/{number}." not in name}
    assert "B02" in codes(check(repacked(tmp_path / "cut.zip", cut)))


def test_another_value_than_the_committed_one_is_found(case: Case, tmp_path: Path) -> None:
    """A disclosure with a new text does not hash to what is on record."""
    whole = members(case.bundles["buyer"])
    told = rows(whole["data/disclosures.jsonl"])
    one = told[0]
    salt, name, _ = json.loads(base64.urlsafe_b64decode(one["disclosure"] + "=="))
    forged = json.dumps([salt, name, "All is well."], separators=(",", ":")).encode()
    encoded = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
    for change in ({"disclosure": encoded, "value": "All is well."}, {"value": "All is well."}):
        lines = [{**one, **change}, *told[1:]]
        changed = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
        path = repacked(tmp_path / "forged.zip", {**whole, "data/disclosures.jsonl": changed})
        assert codes(check(path)) == {"E23"}


def test_a_bundle_signed_by_somebody_else_is_found_with_the_key(case: Case) -> None:
    """The bundle's own key is its own word; who brings a key is told."""
    origin = json.loads(members(case.bundles["court"])["data/records/000001.json"])["ledger"]
    other = SigningKey(origin, b"\x05" * 32).verifier.vkey
    assert "E13" in codes(check(case.bundles["court"], other))


def _escaping(whole: Mapping[str, bytes], path: Path) -> Path:
    return pack(path, {**whole, "../../escape.txt": b"x"})


def _bursting(whole: Mapping[str, bytes], path: Path) -> Path:
    return pack(path, {**whole, "data/report.html": bytes(8 * 1024**2)})


def _two_bags(whole: Mapping[str, bytes], path: Path) -> Path:
    pack(path, whole)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("another/bagit.txt", "x")
    return path


def _doubled(whole: Mapping[str, bytes], path: Path) -> Path:
    pack(path, whole)
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as file:
        warnings.simplefilter("ignore")
        file.writestr("bag/bagit.txt", "x")
    return path


def _linked(whole: Mapping[str, bytes], path: Path) -> Path:
    pack(path, whole)
    with zipfile.ZipFile(path, "a") as file:
        link = zipfile.ZipInfo("bag/data/link")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "/etc/passwd")
    return path


def _no_zip(_whole: Mapping[str, bytes], path: Path) -> Path:
    path.write_bytes(b"PK no archive")
    return path


def _no_bag(_whole: Mapping[str, bytes], path: Path) -> Path:
    return pack(path, {"something": b"else"})


def _truncated(whole: Mapping[str, bytes], path: Path) -> Path:
    content = pack(path, whole).read_bytes()
    path.write_bytes(content[: len(content) // 2])
    return path


@pytest.mark.parametrize(
    "make",
    [_escaping, _bursting, _two_bags, _doubled, _linked, _no_zip, _no_bag, _truncated],
)
def test_what_is_no_bundle_or_a_trap_is_refused(
    case: Case, tmp_path: Path, make: Callable[[Mapping[str, bytes], Path], Path]
) -> None:
    """Nothing of it is unpacked, and nothing of it is judged."""
    path = make(members(case.bundles["court"]), tmp_path / "trap.zip")
    with pytest.raises(MalformedBundle):
        check(path)


def test_parties_have_their_own_bundle_made_and_no_other(case: Case) -> None:
    """A buyer takes away what a buyer sees; strangers are not told that the ticket is there."""
    path = f"/v1/tickets/{case.ticket}/bundles"
    for who, recipient, status in (
        ("buyer", "court", 403),
        ("merchant", "buyer", 403),
        ("buyer:somebody-else", "buyer", 404),
        ("agent", "court", 403),
        ("payment", "court", 403),
    ):
        assert case.served.post(who, path, {"recipient": recipient}).status_code == status
    assert case.served.post("supervisor", path, {"recipient": "press"}).status_code == 422


def test_an_export_is_on_record_with_how_far_it_goes(case: Case) -> None:
    """Who took what away, and up to where, is part of the chain."""
    looks = case.served.services.ledger.stream(f"access:{case.ticket}")
    exports = [one.envelope for one in looks if isinstance(one.event, EvidenceExported)]
    told = [json.loads(bytes(one.data)) for one in exports]
    assert [one["recipient"] for one in told][: len(RECIPIENTS)] == list(RECIPIENTS)
    whole = members(case.bundles["court"])
    last = max(name for name in whole if name.startswith("data/records/0"))
    assert told[3]["head"] == hashlib.sha256(b"\0" + whole[last]).hexdigest()


def test_what_is_erased_is_in_no_later_bundle(running: Served, tmp_path: Path) -> None:
    """The chain verifies as before; the text is nowhere, and the bundle says nothing is wrong."""
    ticket = running.open_ticket(buyer="buyer-erased")
    closing = running.post("buyer:buyer-erased", f"/v1/tickets/{ticket}/closing")
    assert closing.status_code == 200, closing.text
    before = export(running, ticket, "court", "supervisor", tmp_path / "before.zip")
    assert SECRETS["statement"].encode() in b"".join(members(before).values())
    body = {"subject": "buyer:buyer-erased", "ground": "consent_withdrawn"}
    running.clock.pass_by(FOUR_YEARS)
    erased = running.post("admin", "/v1/erasures", body)
    assert erased.status_code == 201, erased.text
    assert erased.json()["tickets"][0]["standing"] is None, erased.text
    after = export(running, ticket, "court", "supervisor", tmp_path / "after.zip")
    assert check(after).findings == []
    assert SECRETS["statement"].encode() not in b"".join(members(after).values())


def letter_of(served: Served, ticket: str, who: str, content: bytes, **more: Any) -> dict[str, Any]:
    """Bring a personal text; return what it was uploaded as."""
    sent = {**served.headers(who), "Content-Type": "text/plain"}
    path = f"/v1/tickets/{ticket}/contents?personal=true"
    upload = served.client.post(path, headers=sent, content=content)
    assert upload.status_code == 201, upload.text
    kept: dict[str, Any] = upload.json()
    body = {"kind": "statement", "attachment": kept, "obtained": "written_by_party", **more}
    answer = served.post(who, f"/v1/tickets/{ticket}/evidence", body)
    assert answer.status_code == 201, answer.text
    return kept


def test_a_personal_file_is_in_clear_for_whom_it_was_shown_and_for_nobody_else(
    running: Served, tmp_path: Path
) -> None:
    """With the descriptor that ties it to its record; without what opens it in the vault."""
    ticket = running.refused_claim()
    shown, secret = b"My neighbour signed. " * 9_000, b"For the arbitrator's eyes. " * 9_000
    letter_of(running, ticket, "buyer", shown)
    assert running.post("buyer", f"/v1/tickets/{ticket}/evidence/seal").status_code == 200
    kept = letter_of(running, ticket, "buyer", secret, confidential=True)
    record = running.services.ledger.stream(f"ticket:{ticket}")[-1]
    opened = running.services.ledger.open_content(record)
    assert opened is not None
    digests = {hashlib.sha256(one).hexdigest() for one in (shown, secret)}
    for recipient, who in RECIPIENTS.items():
        path = export(running, ticket, recipient, who, tmp_path / f"{recipient}.zip")
        assert check(path).findings == [], recipient
        whole = members(path)
        found = {
            name.rpartition("/")[2].partition(".")[0]
            for name in whole
            if name.startswith("data/attachments/") and name.endswith(".txt")
        }
        assert found == (digests - {hashlib.sha256(secret).hexdigest()}
                         if recipient == "merchant" else digests)  # fmt: skip
        everything = b"".join(whole.values())
        assert opened[1].hex().encode() not in everything
        assert running.services.ledger.vault.get(kept["sha256"]) not in everything


def test_a_personal_file_that_was_swapped_or_left_out_is_found(
    running: Served, tmp_path: Path
) -> None:
    """The disclosed descriptor names the clear bytes, and the record commits to it."""
    ticket = running.refused_claim()
    letter = b"My neighbour signed."
    letter_of(running, ticket, "buyer", letter)
    assert running.post("buyer", f"/v1/tickets/{ticket}/evidence/seal").status_code == 200
    whole = members(export(running, ticket, "court", "supervisor", tmp_path / "whole.zip"))
    name = f"data/attachments/{hashlib.sha256(letter).hexdigest()}.txt"
    forged = b"Nobody signed."
    other = f"data/attachments/{hashlib.sha256(forged).hexdigest()}.txt"
    for number, members_now in enumerate(
        (
            {**whole, name: forged},
            {one: content for one, content in whole.items() if one != name},
            {other if one == name else one: content for one, content in whole.items()}
            | {other: forged},
            {**whole, "data/disclosures.jsonl": b""},
        )
    ):
        bag = pack(tmp_path / f"{number}.zip", members_now)
        codes = {one.code for one in check(bag).findings}
        assert codes & {"E20", "E21"}, number


def test_what_is_erased_of_a_person_takes_the_file_out_of_later_bundles(
    running: Served, tmp_path: Path
) -> None:
    """Before, the file was in the bundle; afterwards no byte of it, and all still verifies."""
    ticket, who = running.refused_claim(buyer="buyer-letter"), "buyer:buyer-letter"
    letter = b"I live behind the temple. " * 50
    letter_of(running, ticket, who, letter)
    assert running.post(who, f"/v1/tickets/{ticket}/evidence/seal").status_code == 200
    assert running.post(who, f"/v1/tickets/{ticket}/closing").status_code == 200
    before = export(running, ticket, "court", "supervisor", tmp_path / "before.zip")
    assert letter in members(before).values()
    running.clock.pass_by(FOUR_YEARS)
    body = {"subject": who, "ground": "consent_withdrawn"}
    erased = running.post("admin", "/v1/erasures", body)
    assert erased.json()["tickets"][0]["contents"] == 1, erased.text
    after = export(running, ticket, "court", "supervisor", tmp_path / "after.zip")
    assert check(after).findings == []
    everything = b"".join(members(after).values())
    assert b"temple" not in everything
    assert hashlib.sha256(letter).hexdigest().encode() not in everything


def test_a_stamp_travels_with_its_checkpoint_and_openssl_accepts_it(
    running: Served, database: Database, tmp_path: Path
) -> None:
    """A stamp on an earlier checkpoint says something of this one: the log only grew."""
    with stamping(tmp_path / "tsa") as tsa:
        ticket = running.open_ticket()
        export(running, ticket, "court", "supervisor", tmp_path / "first.zip")
        ledger, lane = running.services.ledger, int(ticket.partition("-")[0][1:])
        signed = ledger.merkle_log.checkpoint(lane)
        assert signed is not None
        body = Checkpoint(ledger.origins[lane], signed.size, signed.root).body
        answer = tsa.answer(stamp_request(body).content)
        at = read_stamp(answer).at
        with closing(Connections(database.notary_dsn, readers_max=1)) as connections:
            anchor = Anchor(lane, signed.size, AnchorKind.STAMP.value, "own", answer, at)
            assert Anchors(connections).add(anchor)
        command = AnchorCheckpoint(
            stream=anchors_reference(lane, ledger.lanes),
            lane=lane,
            size=signed.size,
            root=base64text.encode(signed.root),
            stamps=(StampTaken("own", instant(at), base64text.encode(answer)),),
            cosignatures=(),
        )
        ledger.handle(Request(command=command, actor=SYSTEM))
        made = export(running, ticket, "court", "supervisor", tmp_path / "second.zip")
        whole = members(made)
        report = check(made)
        assert (report.findings, report.stamps) == ([], 1)
        assert [words for words in report.not_checked if "authority" in words]
        assert json.loads(whole["data/anchors/001.json"])["kind"] == "rfc3161"
        assert tsa.accepts(whole["data/time/001.tsr"], whole["data/time/001.body"].decode())
        assert whole["data/time/001.consistency"], "the log has grown since"
        whole["data/time/tsa-chain.pem"] = tsa.roots.read_bytes()
        known = check(repacked(tmp_path / "known.zip", whole))
        assert known.clean
        assert not [words for words in known.not_checked if "authority" in words]
        for changed in (
            {"data/time/001.tsr": whole["data/time/001.tsr"][:-9] + bytes(9)},
            {"data/time/001.tsr": tsa.answer(stamp_request("another").content)},
            {"data/time/001.consistency": b""},
        ):
            path = repacked(tmp_path / "forged.zip", {**whole, **changed})
            assert codes(check(path)) == {"E17"}, changed.keys()


def test_the_command_line_makes_a_bundle_and_checks_one_without_a_database(
    case: Case,
    database: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """0 for a clean one, 6 for findings, 5 for what is no bundle, 2 for a file that is there."""
    out = tmp_path / "court.zip"

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["ticketledger", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return int(ended.value.code or 0), capsys.readouterr().out

    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", database.app_dsn)
    monkeypatch.setenv("TICKETLEDGER_NOTARY_DATABASE_URL", database.notary_dsn)
    data_dir = case.served.services.settings.data_dir
    monkeypatch.setenv("TICKETLEDGER_DATA_DIR", str(data_dir))
    make = ("bundle", case.ticket, "--for", "court", "--out", str(out))
    assert run(*make)[0] == 0
    assert run(*make)[0] == 2
    monkeypatch.setenv("TICKETLEDGER_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    code, said = run("verify", "bundle", str(out), "--json")
    assert (code, json.loads(said)["findings"]) == (0, [])
    whole = members(out)
    changed = pack(tmp_path / "changed.zip", {**whole, "data/custody.jsonl": b""})
    assert run("verify", "bundle", str(changed))[0] == 6
    assert run("verify", "bundle", str(_no_zip({}, tmp_path / "no.zip")))[0] == 5
    assert run("verify", "bundle", str(tmp_path / "nowhere.zip"))[0] == 5
    assert run("verify", "bundle", str(out), "--vkey", "no key")[0] == 2


def test_without_a_notary_the_answer_says_when_to_come_again(
    make_database: Callable[[int], Database], tmp_path: Path
) -> None:
    """Nothing is handed out that no checkpoint covers."""
    with serving(make_database(1), tmp_path) as served:
        ticket = served.open_ticket()
        answer = served.post("buyer", f"/v1/tickets/{ticket}/bundles", {"recipient": "buyer"})
        assert answer.status_code == 409
        assert answer.json()["code"] == "not_integrated"
        assert answer.json()["expected_at"]
