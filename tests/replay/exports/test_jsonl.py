"""JSON lines: the records as they were hashed, held together by the checkpoints that cover them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.auditing import public_keys
from api.demo.words import PERSONAL
from domain.ledger.log import Log
from domain.proof.keys import KeyType, VerifierKey
from domain.values import KeyPurpose
from replay.exports import reading
from replay.exports.checked import UnreadableExport
from replay.exports.checking import check, check_lines
from replay.exports.files import OtherExport, Taken
from replay.exports.jsonl import NotCovered, begun, export_lines
from replay.exports.reading import DamagedRecord, Span
from tests.replay.exports.conftest import History, Interrupting, unwatched

Lines = list[dict[str, Any]]


def export(history: History, path: Path, *tickets: str) -> Path:
    """Export everything, or some tickets, to a file."""
    export_lines(history.ledger, history.whole(*tickets), path, unwatched)
    return path


def lines_of(path: Path) -> Lines:
    """Return the lines of a file as plain data."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def keys_of(history: History) -> list[VerifierKey]:
    """Return the keys that a stranger was given by hand."""
    (material,) = public_keys(history.settings.data_dir / "keys", KeyPurpose.LOG)
    return [VerifierKey(name, KeyType.NOTE, material) for name in history.ledger.origins]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read a few records at once, so that there is something to interrupt."""
    monkeypatch.setattr(reading.pages, "__defaults__", (7,))


def test_every_record_is_there_with_the_bytes_that_were_hashed(
    history: History, tmp_path: Path
) -> None:
    """A stranger hashes what stands in the line and needs no program of ours."""
    path = export(history, tmp_path / "all.jsonl")
    rows = history.rows()
    written = path.read_bytes().splitlines()
    assert len(written) == len(rows) + 2
    for line, row in zip(written[1:-1], rows, strict=True):
        state = line.partition(b'"record":')[2].removesuffix(b"}")
        told = json.loads(line)
        assert hashlib.sha256(b"\0" + state).digest() == row.leaf_hash
        assert (told["lane"], told["position"]) == (row.lane, row.position)
        assert told["leaf_hash"] == row.leaf_hash.hex()


def test_a_whole_export_is_found_clean_by_the_key_alone(history: History, tmp_path: Path) -> None:
    """Bytes, places, roots and signatures of four lanes are checked without a ledger."""
    path = export(history, tmp_path / "all.jsonl")
    checked = check(path, keys_of(history))
    assert checked.findings == []
    assert checked.not_checked == []
    assert (checked.events, checked.things) == (len(history.rows()), 4)


def test_without_a_key_it_is_said_that_signatures_were_not_checked(
    history: History, tmp_path: Path
) -> None:
    """A check that looks like more than it was is worse than none."""
    checked = check(export(history, tmp_path / "all.jsonl"))
    assert checked.clean
    assert checked.not_checked == ["signatures, for no key of the log was given"]


def test_signatures_by_another_key_are_found(history: History, tmp_path: Path) -> None:
    """Whoever rewrites everything signs it with a key that nobody else knows."""
    path = export(history, tmp_path / "all.jsonl")
    public = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    others = [VerifierKey(name, KeyType.NOTE, public) for name in history.ledger.origins]
    assert len(check(path, others).findings) == 4


def test_no_personal_value_leaves_the_ledger(history: History, tmp_path: Path) -> None:
    """What is personal is in the record as a commitment, and so it is here."""
    text = export(history, tmp_path / "all.jsonl").read_text("utf-8")
    assert [value for value in PERSONAL if value in text] == []
    assert '"sd":"' in text
    assert "personal_data.erased.v1" in text


@pytest.mark.parametrize("since", [0, 1, 5, 8])
def test_a_part_of_the_record_is_proved_like_the_whole(
    history: History, tmp_path: Path, since: int
) -> None:
    """Where it begins and ends within the tree, the line says what lies before and after."""
    whole = history.whole()
    upto = {lane: position - 3 for lane, position in whole.upto.items()}
    span = Span(dict.fromkeys(whole.since, since), upto)
    path = tmp_path / "part.jsonl"
    assert export_lines(history.ledger, span, path, unwatched) == span.total
    assert check(path, keys_of(history)).findings == []
    first = lines_of(path)[0]
    assert all(lane["consistency"] for lane in first["lanes"])


def test_named_tickets_carry_a_proof_with_every_record(history: History, tmp_path: Path) -> None:
    """One ticket among millions is checked without the others."""
    ticket, other = history.tickets()[0], history.tickets()[-1]
    path = export(history, tmp_path / "two.jsonl", ticket, other)
    told = lines_of(path)[1:-1]
    wanted = [row for row in history.rows() if row.stream.partition(":")[2] in {ticket, other}]
    assert [line["leaf_hash"] for line in told] == [row.leaf_hash.hex() for row in wanted]
    checked = check(path, keys_of(history))
    assert checked.findings == []
    assert checked.not_checked == ["whether a ticket has records beyond its last one here"]


def test_a_ledger_without_tickets_is_exported(bare: History, tmp_path: Path) -> None:
    """Nothing to tell is told as well."""
    path = export(bare, tmp_path / "bare.jsonl")
    checked = check(path, keys_of(bare))
    assert checked.findings == []
    assert checked.events == len(bare.rows())


def test_nothing_of_a_lane_is_nothing_wrong(history: History, tmp_path: Path) -> None:
    """A part may be empty in some lanes, or in all."""
    nothing = Span(dict.fromkeys(range(4), 0), dict.fromkeys(range(4), 0))
    path = tmp_path / "none.jsonl"
    assert export_lines(history.ledger, nothing, path, unwatched) == 0
    checked = check(path)
    assert checked.findings == []
    assert checked.not_checked == [
        "signatures, for there is no checkpoint: nothing here is signed",
        "whether there are records in lanes of which nothing is here: 0, 1, 2, 3",
    ]


def test_keys_do_not_vouch_for_a_file_in_which_nothing_is_signed(
    history: History, tmp_path: Path
) -> None:
    """Who brings a key asks who signed; anybody can write a file that says nothing."""
    path = tmp_path / "none.jsonl"
    nothing = Span(dict.fromkeys(range(4), 0), dict.fromkeys(range(4), 0))
    export_lines(history.ledger, nothing, path, unwatched)
    unsigned = "there is no checkpoint: nothing here is signed"
    assert check(path, keys_of(history)).findings == [unsigned]
    path.write_bytes(b'{"format":"ticketledger.jsonl.v1","lanes":[]}\n{"records":0}\n')
    assert unsigned in check(path, keys_of(history)).findings


def test_a_lane_that_was_cut_off_is_missed_by_its_key(history: History, tmp_path: Path) -> None:
    """Its records, its place in the first line and its share of the count may all be gone."""
    lines = export(history, tmp_path / "all.jsonl").read_bytes().splitlines(keepends=True)
    header = lines_of(tmp_path / "all.jsonl")[0]
    header["lanes"].pop()
    kept = [line for line in lines[1:-1] if not line.startswith(b'{"lane":3,')]
    assert len(kept) < len(lines) - 2
    path = tmp_path / "cut.jsonl"
    first = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    path.write_bytes(b"".join([first.encode() + b"\n", *kept, b'{"records":%d}\n' % len(kept)]))
    assert check(path).findings == []
    (finding,) = check(path, keys_of(history)).findings
    assert history.ledger.origins[3] in finding


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("after", [1, 3, 40])
def test_an_interrupted_export_goes_on_to_the_same_bytes(
    history: History, tmp_path: Path, after: int
) -> None:
    """Whoever interrupts loses a page at most, and nothing half-written has the final name."""
    whole = export(history, tmp_path / "whole.jsonl")
    path = tmp_path / "interrupted.jsonl"
    part = path.with_name("interrupted.jsonl.part")
    with pytest.raises(KeyboardInterrupt):
        export_lines(history.ledger, history.whole(), path, Interrupting(after))
    assert not path.exists()
    assert 0 < part.stat().st_size < whole.stat().st_size
    assert begun(part) == history.whole()
    export(history, path)
    assert path.read_bytes() == whole.read_bytes()
    assert not part.exists()


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("cut", [1, 40, 5_000])
def test_a_line_that_was_cut_is_written_again(history: History, tmp_path: Path, cut: int) -> None:
    """The power may go in the middle of a line."""
    whole = export(history, tmp_path / "whole.jsonl").read_bytes()
    path = tmp_path / "cut.jsonl"
    path.with_name("cut.jsonl.part").write_bytes(whole[:-cut])
    export(history, path)
    assert path.read_bytes() == whole


def test_what_was_begun_and_changed_is_not_gone_on_with(history: History, tmp_path: Path) -> None:
    """Going on over damage would hide it."""
    whole = export(history, tmp_path / "whole.jsonl").read_bytes()
    path = tmp_path / "changed.jsonl"
    place = whole.index(b'"topic":"ticket.opened.v1"')
    changed = whole[:place] + whole[place:].replace(b"opened", b"closed", 1)
    path.with_name("changed.jsonl.part").write_bytes(changed[: len(changed) // 2])
    with pytest.raises(OtherExport, match="leaf hash"):
        export(history, path)
    assert not path.exists()


def test_what_was_begun_for_another_part_is_not_gone_on_with(
    history: History, tmp_path: Path
) -> None:
    """Two questions do not share an answer."""
    path = tmp_path / "other.jsonl"
    whole = history.whole()
    less = Span(whole.since, {**whole.upto, 0: whole.upto[0] - 1})
    with pytest.raises(KeyboardInterrupt):
        export_lines(history.ledger, less, path, Interrupting())
    with pytest.raises(OtherExport, match="another part"):
        export(history, path)


def test_an_export_replaces_no_file(history: History, tmp_path: Path) -> None:
    """Somebody's file is theirs."""
    path = tmp_path / "there.jsonl"
    path.write_text("mine")
    with pytest.raises(Taken):
        export(history, path)
    assert path.read_text() == "mine"


def test_what_nobody_signed_for_is_not_exported(
    bare: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON lines are evidence; without a checkpoint they would be hearsay."""
    monkeypatch.setattr(Log, "covering", lambda *_: None)
    with pytest.raises(NotCovered):
        export(bare, tmp_path / "early.jsonl")
    assert not (tmp_path / "early.jsonl").exists()


def test_a_hole_in_the_record_ends_the_export(history: History, tmp_path: Path) -> None:
    """A missing position is said, not skipped."""
    beyond = history.whole()
    span = Span(beyond.since, {**beyond.upto, 3: beyond.upto[3] + 5})
    pages = reading.pages(history.ledger.record, span, 3, 0)
    with pytest.raises(DamagedRecord, match=f"3-{beyond.upto[3] + 1}"):
        list(pages)


def _without(number: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: lines[:number] + lines[number + 1 :]


def _swapped(lines: list[bytes]) -> list[bytes]:
    return [*lines[:3], lines[4], lines[3], *lines[5:]]


def _twice(lines: list[bytes]) -> list[bytes]:
    return [*lines[:5], *lines[4:]]


def _rehashed(lines: list[bytes]) -> list[bytes]:
    """Change a record and its leaf hash with it, as somebody who knows the form would."""
    line = next(line for line in lines[1:] if b'"topic":"ticket.opened.v1"' in line)
    head, mark, state = line.partition(b'"record":')
    changed = state.removesuffix(b"}\n").replace(b'"priority":', b'"priority":9', 1)
    old = json.loads(line)["leaf_hash"].encode()
    leaf = hashlib.sha256(b"\0" + changed).hexdigest().encode()
    forged = head.replace(old, leaf) + mark + changed + b"}\n"
    return [forged if one is line else one for one in lines]


def _other_root(lines: list[bytes]) -> list[bytes]:
    return [lines[0].replace(b'"upto":', b'"upto":1', 1), *lines[1:]]


def _on_line(number: int, old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda lines: [
        line.replace(old, new, 1) if line is lines[number] else line for line in lines
    ]


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(
            _on_line(4, b'"record":', b'"record":{"forged":true},"record":'),
            id="another record stands before the true one",
        ),
        pytest.param(
            _on_line(4, b'"position":', b'"position":1,"position":'),
            id="another position stands before the true one",
        ),
        pytest.param(_on_line(4, b'"lane":', b'"lane": '), id="a blank"),
        pytest.param(_on_line(4, b"}\n", b"}\r\n"), id="another end of a line"),
        pytest.param(_on_line(4, b'"record":', b'"proof":[],"record":'), id="a proof of nothing"),
        pytest.param(_on_line(-1, b"{", b'{"records":9,'), id="two counts"),
        pytest.param(_on_line(-1, b":", b": "), id="a blank before the count"),
        pytest.param(_without(4), id="a record is left out"),
        pytest.param(_without(-2), id="the last record is left out"),
        pytest.param(lambda lines: lines[:-1], id="the last line is left out"),
        pytest.param(lambda lines: [*lines, lines[-1]], id="something follows the end"),
        pytest.param(_swapped, id="two records change places"),
        pytest.param(_twice, id="a record is there twice"),
        pytest.param(_rehashed, id="a record is changed and hashed again"),
        pytest.param(
            lambda lines: [
                *lines[:4],
                lines[4].replace(b'"topic":"', b'"topic":"x', 1),
                *lines[5:],
            ],
            id="a record is changed",
        ),
        pytest.param(
            lambda lines: [*lines[:-1], lines[-1].replace(b'"records":', b'"records":1', 1)],
            id="the last line counts wrongly",
        ),
    ],
)
def test_what_was_changed_in_a_file_is_found(
    history: History, tmp_path: Path, spoil: Callable[[list[bytes]], list[bytes]]
) -> None:
    """Every way in which a file may differ from what was exported is told."""
    lines = export(history, tmp_path / "good.jsonl").read_bytes().splitlines(keepends=True)
    spoiled = spoil(lines)
    assert spoiled != lines
    path = tmp_path / "spoiled.jsonl"
    path.write_bytes(b"".join(spoiled))
    assert check_lines(path, keys_of(history)).findings


@pytest.mark.parametrize(
    ("old", "new"), [(b'"lanes":', b'"lanes":[],"lanes":'), (b'"format":', b'"format": ')]
)
def test_a_first_line_that_reads_in_two_ways_is_none(
    history: History, tmp_path: Path, old: bytes, new: bytes
) -> None:
    """Of two members of one name other readers take the other."""
    good = export(history, tmp_path / "good.jsonl").read_bytes()
    path = tmp_path / "spoiled.jsonl"
    path.write_bytes(good.replace(old, new, 1))
    with pytest.raises(UnreadableExport, match="as an export writes it"):
        check(path, keys_of(history))


@pytest.mark.parametrize("number", [1, 5, -2])
def test_what_was_changed_in_the_file_of_a_ticket_is_found(
    history: History, tmp_path: Path, number: int
) -> None:
    """A gap in its versions shows; what lies beyond its last one can not show, and is said."""
    ticket = history.tickets()[3]
    path = export(history, tmp_path / "good.jsonl", ticket)
    lines = path.read_bytes().splitlines(keepends=True)
    spoiled = tmp_path / "spoiled.jsonl"
    spoiled.write_bytes(b"".join(_without(number)(lines)))
    assert check_lines(spoiled, keys_of(history)).findings
