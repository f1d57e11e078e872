"""The report of a bundle: what it embeds can not break out, and what it checks it really finds."""

import base64
import copy
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from enum import Enum
from html.parser import HTMLParser
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec
import pytest

from domain.events.base import Event
from domain.events.intake import MessageSent, TicketAccepted, TicketClosed, TicketOpened
from domain.events.registry import EVENTS
from domain.ledger.sealing import commitment, disclosure
from domain.policies.deadlines import DEADLINES
from domain.proof import base64text
from domain.proof.canonical import canonical
from domain.proof.chain import GENESIS, leaf_hash
from domain.proof.checkpoint import Checkpoint, sign_checkpoint
from domain.proof.merkle import inclusion_proof
from domain.record import FORMAT, Cause, Covered, Envelope
from domain.values import (
    Actor,
    ActorKind,
    Channel,
    Commitment,
    Instant,
    Kind,
    Money,
    Party,
    Reason,
    Scenario,
    Sha256,
)
from replay.bundle.report import page
from tests.proof.trees import ORIGIN, a_key, hashes_of, leaves_of, root_by_definition

TICKET: Final = "T0-7"
HOSTILE: Final = "</script><!--<script>alert(1)</script>&amp;\u2028\u2029{{data}}"
BEFORE: Final = 5
"""So many leaves of others lie before each record in the log."""

NODE: Final = shutil.which("node")
needs_node = pytest.mark.skipif(NODE is None, reason="node is not installed")


class Told:
    """A ticket of four records with everything a bundle holds of it."""

    def __init__(self) -> None:
        """Record a small story, put it into a log among others' records, and sign the log."""
        self.opened = disclosure("statement", HOSTILE)
        self.said = disclosure("text", "屏幕碎了")
        hidden = disclosure("text", "nobody may see this")
        root = base64text.encode(root_by_definition(leaves_of(BEFORE)))
        self.records: list[bytes] = []
        self._add(
            TicketOpened(
                channel=Channel.APP,
                kind=Kind.COMPLAINT,
                scenario=Scenario.PRODUCT,
                reason=Reason.DAMAGED,
                priority=2,
                policy="book-1",
                buyer="b-1",
                claim=Money(amount_minor=12_990, currency="CNY"),
                statement=Commitment(commitment(self.opened)),
            ),
            ActorKind.BUYER,
        )
        self._add(TicketAccepted(), ActorKind.AGENT, Covered(size=BEFORE, root=root))
        self._add(_message(Party.BUYER, self.said), ActorKind.BUYER)
        self._add(_message(Party.MERCHANT, hidden), ActorKind.MERCHANT)
        self._add(TicketClosed(outcome="withdrawn"), ActorKind.SYSTEM)
        self.log = leaves_of(BEFORE)
        places = []
        for record in self.records:
            places.append(len(self.log))
            self.log += [leaf_hash(record), *leaves_of(2)]
        size, key = len(self.log), a_key()
        point = Checkpoint(ORIGIN, size, root_by_definition(self.log))
        self.checkpoint = {
            "origin": ORIGIN,
            "size": size,
            "root": base64text.encode(point.root),
            "vkey": key.verifier.vkey,
            "note": str(sign_checkpoint(point, key)),
        }
        self.proofs = [
            {
                "version": version,
                "index": index,
                "hashes": [
                    base64text.encode(one)
                    for one in inclusion_proof(index, size, hashes_of(self.log))
                ],
            }
            for version, index in enumerate(places, start=1)
        ]
        self.disclosures = [
            {
                "version": 1,
                "field": "statement",
                "disclosure": self.opened.decode(),
                "value": HOSTILE,
            },
            {
                "version": 3,
                "field": "/data/text",
                "disclosure": self.said.decode(),
                "value": "屏幕碎了",
            },
        ]

    def _add(self, event: Event, by: ActorKind, after: Covered | None = None) -> None:
        version = len(self.records) + 1
        prev = leaf_hash(self.records[-1]) if self.records else GENESIS
        envelope = Envelope(
            format=FORMAT,
            ledger=ORIGIN,
            stream=f"ticket:{TICKET}",
            version=version,
            prev=Sha256(prev.hex()),
            id=f"01931b66-0000-7000-8000-00000000000{version}",
            topic=event.TOPIC,
            at=Instant(f"2026-11-22T03:04:0{version}.000000Z"),
            actor=Actor(by, "r-1"),
            cause=Cause("c-1", "c-1"),
            data=event,
            after=after,
        )
        self.records.append(canonical(envelope))

    def page(self, **other: Any) -> str:
        """Return the report, with some parts replaced."""
        parts: dict[str, Any] = {
            "ticket": TICKET,
            "records": self.records,
            "disclosures": self.disclosures,
            "proofs": self.proofs,
            "checkpoint": self.checkpoint,
            "language": "en",
        }
        return page(**parts | other).decode()


def _message(by: Party, disclosed: bytes) -> MessageSent:
    return MessageSent(by=by, text=Commitment(commitment(disclosed)))


@pytest.fixture(scope="module")
def told() -> Told:
    """The story, recorded once."""
    return Told()


class _Elements(HTMLParser):
    """What an HTML parser makes of a page: every element, and the content of every script."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(content)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data


def embedded(content: str) -> dict[str, Any]:
    """Return what a page embeds about its ticket."""
    data: dict[str, Any] = json.loads(_Elements(content).scripts[1])
    return data


def run_in_node(script: str, given: object) -> Any:
    """Return what a script prints as JSON, given JSON as its input."""
    assert NODE is not None
    done = subprocess.run(
        [NODE, "-e", script],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


CHECK: Final = """
const { script, cases, own } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const { check } = new Function(`${script}; return TicketReport;`)();
const subtle = own ? undefined : require("crypto").webcrypto.subtle;
Promise.all(cases.map((one) => check(one, subtle))).then((all) => console.log(JSON.stringify(
  all.map(({ rows, ...one }) => ({ ...one, leaves: rows.map((row) => row.leaf) })))));
"""


def checked(told: Told, *cases: object, own: bool = False) -> list[dict[str, Any]]:
    """Return what the page's own check says of embedded data."""
    script = _Elements(told.page()).scripts[2]
    outcomes: list[dict[str, Any]] = run_in_node(
        CHECK, {"script": script, "cases": cases, "own": own}
    )
    return outcomes


# --- the file ------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_page_holds_both_languages_and_begins_in_the_one_asked_for(
    told: Told, language: str
) -> None:
    """Buyer, merchant and court read the same file."""
    content = told.page(language=language)
    elements = _Elements(content).elements
    assert elements[0] == ("html", {"lang": language})
    buttons = [attrs["data-language"] for tag, attrs in elements if "data-language" in attrs]
    assert buttons == ["zh-CN", "en"]
    for words in ("未披露", "committed, not disclosed"):
        assert words in content


def test_the_page_refers_to_nothing_outside_itself(told: Told) -> None:
    """It is opened offline, and opening it tells nobody."""
    content = told.page()
    assert not re.search(r"https?:|//[a-z0-9-]+\.[a-z]|@import|\burl\(", content)
    parsed = _Elements(content)
    for tag, attrs in parsed.elements:
        assert not attrs.keys() & {"src", "srcset", "action", "data"}, tag
        assert not [name for name in attrs if name.startswith("on") or name == "style"], tag
        assert (attrs.get("href") or "#").startswith("#")


def test_the_policy_of_the_page_lets_its_own_script_and_style_run_and_no_other(told: Told) -> None:
    """What a hostile text might smuggle in has no digest in the policy."""
    parsed = _Elements(told.page())
    policy = next(a["content"] for t, a in parsed.elements if t == "meta" and "http-equiv" in a)
    assert policy is not None
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for script in parsed.scripts[2:]:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert policy.count("'sha256-") == 3


def test_hostile_texts_stay_texts(told: Told) -> None:
    """Records and disclosures are written by people who may want to script an arbitrator."""
    plain = _Elements(told.page(disclosures=[], ticket=TICKET))
    hostile = told.page(ticket=HOSTILE, records=[HOSTILE.encode()])
    parsed = _Elements(hostile)
    assert [tag for tag, _ in parsed.elements] == [tag for tag, _ in plain.elements]
    assert "alert(1)</script>" not in hostile
    assert "\u2028" not in hostile.split('id="data">')[1]
    data = json.loads(parsed.scripts[1])
    assert data["ticket"] == HOSTILE
    assert data["disclosures"][0]["value"] == HOSTILE
    assert base64.b64decode(data["records"][0]).decode() == HOSTILE


def test_scripts_of_the_page_never_make_markup_of_texts(told: Told) -> None:
    """Escaping once more on the way into the document is what people forget."""
    for script in _Elements(told.page()).scripts[2:]:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|DOMParser|fetch\(|"
            r"XMLHttpRequest|import\(|\bFunction\(|<!--|<script",
            script,
        )


def test_every_event_of_a_ticket_has_plain_words_in_both_languages(told: Told) -> None:
    """A new topic without words would stand in the timeline as a bare name."""
    words = json.loads(_Elements(told.page()).scripts[0])
    topics = {topic for topic, event in EVENTS.items() if event.FAMILY == "ticket"}
    for language in ("zh-CN", "en"):
        assert words[language]["topics"].keys() == topics
        assert words[language]["roles"].keys() == {kind.value for kind in ActorKind}
        assert all(text for table in words[language].values() for text in table.values())
    for table, texts in words["en"].items():
        assert words["zh-CN"][table].keys() == texts.keys()
        for name, text in texts.items():
            marks = re.findall(r"\{\w+\}", text)
            assert sorted(marks) == sorted(re.findall(r"\{\w+\}", words["zh-CN"][table][name]))


def test_every_code_in_a_ticket_s_facts_has_plain_words(told: Told) -> None:
    """ "quality_fault" is the ledger's word; whoever judges is told it in his own."""
    words = json.loads(_Elements(told.page()).scripts[0])
    codes = set(DEADLINES)
    for event in EVENTS.values():
        if event.FAMILY == "ticket":
            codes |= codes_of(event, set())
    assert {"quality_fault", "offer", "buyer", "litigation"} <= codes
    assert sorted(codes - words["en"]["values"].keys()) == []


def test_every_member_of_a_ticket_s_facts_has_plain_words(told: Told) -> None:
    """Who judges reads what a figure is, not what the program calls it."""
    words = json.loads(_Elements(told.page()).scripts[0])
    seen: set[Any] = set()
    for event in EVENTS.values():
        if event.FAMILY == "ticket":
            codes_of(event, seen)
    names = {name for shape in seen for name in shape.__struct_encode_fields__}
    assert {"statement", "score", "sha256"} <= names
    assert sorted(names - words["en"]["fields"].keys() - {"sd"}) == []


def codes_of(shape: Any, seen: set[Any]) -> set[str]:
    """Return every member of an enumeration or literal that a type may hold."""
    if isinstance(shape, type) and issubclass(shape, Enum):
        return {one.value for one in shape if isinstance(one.value, str)}
    if get_origin(shape) is Literal:
        return {one for one in get_args(shape) if isinstance(one, str)}
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
        if shape in seen:
            return set()
        seen.add(shape)
        inner = [get_type_hints(shape)[name] for name in shape.__struct_fields__]
    else:
        inner = list(get_args(shape))
    return set().union(*(codes_of(one, seen) for one in inner))


def test_every_finding_of_the_check_has_words(told: Told) -> None:
    """A finding nobody can read is half found."""
    parsed = _Elements(told.page())
    used = set(re.findall(r'fail\("[EX]\d\d", "(\w+)"', parsed.scripts[2]))
    assert used == json.loads(parsed.scripts[0])["en"]["findings"].keys()
    said = set(re.findall(r'say\("(\w+)"', parsed.scripts[3]))
    said |= {f"means_{state}" for state in ("whole", "partly", "broken")}
    assert said <= json.loads(parsed.scripts[0])["en"]["page"].keys()


# --- the check -----------------------------------------------------------------------------------


@needs_node
@pytest.mark.parametrize("own", [False, True])
def test_a_clean_set_is_whole(told: Told, own: bool) -> None:  # noqa: FBT001
    """With WebCrypto and without it; without it the signature is said to be unchecked."""
    (found,) = checked(told, embedded(told.page()), own=own)
    assert found["findings"] == []
    assert found["whole"] is True
    assert found["leaves"] == [leaf_hash(one).hex() for one in told.records]
    assert found["proved"] == [1, 2, 3, 4, 5]
    assert found["signature"] == ("unsupported" if own else "passed")


@needs_node
def test_what_is_not_there_is_not_called_checked(told: Told) -> None:
    """A ticket not yet in a published checkpoint has a chain and no proof."""
    early = embedded(told.page(proofs=[], checkpoint=None))
    late = embedded(told.page(proofs=told.proofs[:3]))
    first, second = checked(told, early, late)
    assert (first["whole"], first["signature"], first["proved"]) == (True, "absent", [])
    assert (second["whole"], second["unproved"]) == (True, [4, 5])
    announced = shown(told.page(proofs=told.proofs[:3]), "en")["announcer"]
    assert announced.endswith("not everything could be, see below.")


@needs_node
def test_the_chain_goes_on_over_records_the_recipient_may_not_see(told: Told) -> None:
    """A staff note is not for the buyer, and its place is held all the same."""
    hidden = {2: leaf_hash(told.records[1]), 5: leaf_hash(told.records[4])}
    rest = [told.records[0], *told.records[2:4]]
    content = told.page(records=rest, withheld=hidden)
    clean = embedded(content)
    forged = copy.deepcopy(clean)
    forged["leaves"][1] = "0" * 64
    malformed = copy.deepcopy(clean)
    malformed["leaves"][4] = "<b>"
    found = checked(told, clean, forged, malformed)
    assert (found[0]["whole"], found[0]["withheld"]) == (True, [2, 5])
    assert found[0]["proved"] == [1, 2, 3, 4, 5]
    places = [[(one["code"], one["version"]) for one in outcome["findings"]] for outcome in found]
    assert places[1] == [("E07", 3), ("E16", 2)]
    assert places[2] == [("E03", 5), ("E16", 5)]
    texts = shown(content, "en")
    _all_in(texts["result"], ["leaf hash SHA-256(0x00 ‖ bytes) of 3 records", "Versions 2, 5 are"])
    assert texts["timeline"].count("Withheld from this recipient") == 2


def test_a_version_that_is_neither_shown_nor_withheld_is_refused(told: Told) -> None:
    """A gap of ours would look like a gap in the chain."""
    with pytest.raises(ValueError, match="every version"):
        told.page(withheld={9: bytes(32)})


@needs_node
def test_its_own_sha_256_agrees_at_every_length_around_a_block(told: Told) -> None:
    """Padding is where hand-made hashes go wrong."""
    texts = ["a" * length for length in (*range(130), 65_535)]
    script = """
const { script, texts } = JSON.parse(require("fs").readFileSync(0, "utf8"));
const own = new Function(`${script}; return TicketReport;`)();
console.log(JSON.stringify(texts.map((text) => own.hex(own.ownSha256(own.ascii(text))))));
"""
    found = run_in_node(script, {"script": _Elements(told.page()).scripts[2], "texts": texts})
    assert found == [hashlib.sha256(text.encode()).hexdigest() for text in texts]


@needs_node
def test_every_leaf_of_trees_of_every_shape_is_proved_and_no_other_index(told: Told) -> None:
    """The walk from leaf to root differs where a tree is not full."""
    cases = []
    wrong = []
    for size in range(1, 18):
        for index in range(size):
            log = leaves_of(size)
            log[index] = leaf_hash(told.records[0])
            point = Checkpoint(ORIGIN, size, root_by_definition(log))
            proof = {
                "version": 1,
                "index": index,
                "hashes": [
                    base64text.encode(one) for one in inclusion_proof(index, size, hashes_of(log))
                ],
            }
            parts = {
                "records": told.records[:1],
                "disclosures": [],
                "checkpoint": told.checkpoint
                | {
                    "size": size,
                    "root": base64text.encode(point.root),
                    "note": str(sign_checkpoint(point, a_key())),
                },
            }
            cases.append(embedded(told.page(**parts, proofs=[proof])))
            wrong.append(embedded(told.page(**parts, proofs=[proof | {"index": index + 1}])))
    assert all(one["whole"] for one in checked(told, *cases))
    assert not any(one["whole"] for one in checked(told, *wrong))


def _flip(text: str, at: int = 3) -> str:
    """Return base64 of the same bytes but one."""
    content = bytearray(base64.b64decode(text))
    content[at] ^= 1
    return base64.b64encode(content).decode()


def _record(number: int, change: Callable[[dict[str, Any]], object]) -> Callable[[Any], None]:
    """Return what changes a member of a record and leaves it canonical, its leaf restated."""

    def break_it(data: Any) -> None:
        record = json.loads(base64.b64decode(data["records"][number - 1]))
        change(record)
        content = canonical(record)
        data["records"][number - 1] = base64.b64encode(content).decode()
        data["leaves"][number - 1] = leaf_hash(content).hex()

    return break_it


def _set(*path: Any, to: Callable[[Any], Any]) -> Callable[[Any], None]:
    """Return what changes the value at a path of the embedded data."""

    def break_it(data: Any) -> None:
        *above, last = path
        for key in above:
            data = data[key]
        data[last] = to(data[last])

    return break_it


def _drop(number: int) -> Callable[[Any], None]:
    def break_it(data: Any) -> None:
        del data["records"][number - 1]
        del data["leaves"][number - 1]

    return break_it


def _spaced(data: Any) -> None:
    content = base64.b64decode(data["records"][1]).replace(b'"version":2', b'"version": 2')
    data["records"][1] = base64.b64encode(content).decode()


def _text(old: str, new: str) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


def _other(text: str) -> str:
    """Return the text with another last character that spells the same kind of thing."""
    return text[:-1] + ("A" if text[-1] != "A" else "E")


def _resigned(note: str) -> str:
    """Return the note with one byte of its signature changed."""
    text, _, signature = note.removesuffix("\n").rpartition(" ")
    return f"{text} {_flip(signature, 40)}\n"


BROKEN: Final[dict[str, tuple[Callable[[Any], None], set[tuple[str, str, int | None]]]]] = {
    "byte of a record": (
        _set("records", 2, to=lambda one: _flip(one, 20)),
        {("E03", "leaf", 3), ("E07", "prev", 4), ("E16", "proof", 3)},
    ),
    "byte of the last record": (
        _set("records", 4, to=lambda one: _flip(one, 20)),
        {("E03", "leaf", 5), ("E16", "proof", 5)},
    ),
    "no JSON any more": (
        _set("records", 2, to=lambda one: _flip(one, 0)),
        {
            ("E01", "json", 3),
            ("E03", "leaf", 3),
            ("E07", "prev", 4),
            ("E16", "proof", 3),
            ("E22", "disclosure_place", 3),
        },
    ),
    "stated leaf": (_set("leaves", 1, to=_text("", "0")), {("E03", "leaf", 2)}),
    "spelling": (
        _spaced,
        {("E02", "canonical", 2), ("E03", "leaf", 2), ("E07", "prev", 3), ("E16", "proof", 2)},
    ),
    "prev": (
        _record(4, lambda one: one.update(prev="0" * 64)),
        {("E07", "prev", 4), ("E07", "prev", 5), ("E16", "proof", 4)},
    ),
    "time": (
        _record(5, lambda one: one.update(at="2020-01-01T00:00:00.000000Z")),
        {("E08", "time", 5), ("E16", "proof", 5)},
    ),
    "another ticket": (
        _record(5, lambda one: one.update(stream="ticket:T0-8")),
        {("E04", "stream", 5), ("E16", "proof", 5)},
    ),
    "another ledger": (
        _record(5, lambda one: one.update(ledger="other.example/lane-0")),
        {("E05", "ledger", 5), ("E05", "origin", 5), ("E16", "proof", 5)},
    ),
    "left out": (
        _drop(5),
        {("E16", "proof_without_record", 5)},
    ),
    "left out in the middle": (
        _drop(2),
        {
            *(("E06", "version", version) for version in (2, 3, 4)),
            ("E07", "prev", 2),
            *(("E16", "proof", version) for version in (2, 3, 4)),
            ("E16", "proof_without_record", 5),
            ("E23", "disclosure_digest", 3),
        },
    ),
    "disclosure": (
        _set("disclosures", 1, "disclosure", to=_other),
        {("E23", "disclosure_digest", 3)},
    ),
    "text shown": (
        _set("disclosures", 1, "value", to=lambda _: "屏幕完好"),
        {("E23", "disclosure_value", 3)},
    ),
    "place of a disclosure": (
        _set("disclosures", 1, "version", to=lambda _: 2),
        {("E22", "disclosure_place", 2)},
    ),
    "disclosure of another record": (
        _set("disclosures", 1, "version", to=lambda _: 4),
        {("E23", "disclosure_digest", 4)},
    ),
    "hash of a proof": (
        _set("proofs", 1, "hashes", 0, to=_flip),
        {("E16", "proof", 2)},
    ),
    "short proof": (
        _set("proofs", 1, "hashes", to=lambda hashes: hashes[:-1]),
        {("E16", "proof_form", 2)},
    ),
    "short hash": (
        _set("proofs", 1, "hashes", 0, to=lambda _: "AAAA"),
        {("E16", "proof_form", 2)},
    ),
    "index": (
        _set("proofs", 1, "index", to=lambda _: "9"),
        {("E16", "proof", 2)},
    ),
    "root": (
        _set("checkpoint", "root", to=_flip),
        {("E14", "note_differs", None), *(("E16", "proof", version) for version in range(1, 6))},
    ),
    "size": (
        _set("checkpoint", "size", to=lambda _: "1" + "0" * 18),
        {
            ("E14", "note_differs", None),
            *(("E16", "proof_form", version) for version in range(1, 6)),
        },
    ),
    "signed size": (
        _set("checkpoint", "note", to=_text("\n20\n", "\n21\n")),
        {("E14", "note_differs", None)},
    ),
    "signature": (
        _set("checkpoint", "note", to=_resigned),
        {("E13", "signature", None)},
    ),
    "key": (
        _set("checkpoint", "vkey", to=lambda _: a_key(seed=2).verifier.vkey),
        {("E13", "signature_absent", None)},
    ),
    "key id": (
        _set("checkpoint", "vkey", to=lambda key: re.sub(r"\+[0-9a-f]{8}\+", "+00000000+", key)),
        {("E13", "vkey", None)},
    ),
    "checkpoint from the future": (
        _record(2, lambda one: one["after"].update(size=10_000)),
        {("E07", "prev", 3), ("E16", "proof", 2)},
    ),
    "nothing": (
        lambda data: data.update(records=[], leaves=[], proofs=[], disclosures=[]),
        {("E06", "empty", None)},
    ),
}


@needs_node
def test_whatever_is_broken_is_named_with_its_place(told: Told) -> None:
    """The reader must know what to doubt, and what not."""
    clean = embedded(told.page())
    cases = []
    for break_it, _ in BROKEN.values():
        data = copy.deepcopy(clean)
        break_it(data)
        assert data != clean
        cases.append(data)
    outcomes = checked(told, *cases)
    found = {
        name: {(one["code"], one["what"], one.get("version")) for one in outcome["findings"]}
        for name, outcome in zip(BROKEN, outcomes, strict=True)
    }
    assert found == {name: expected for name, (_, expected) in BROKEN.items()}
    assert not any(outcome["whole"] for outcome in outcomes)


@needs_node
def test_a_record_can_not_know_a_checkpoint_younger_than_itself() -> None:
    """Whoever writes history again from scratch has to guess what was published when."""
    told = Told()
    told.records.clear()
    late = base64text.encode(root_by_definition(leaves_of(9)))
    told._add(TicketAccepted(), ActorKind.AGENT, Covered(size=9, root=late))
    log = [*leaves_of(BEFORE), leaf_hash(told.records[0]), *leaves_of(4)]
    point = Checkpoint(ORIGIN, len(log), root_by_definition(log))
    path = inclusion_proof(BEFORE, len(log), hashes_of(log))
    data = told.page(
        disclosures=[],
        proofs=[
            {"version": 1, "index": BEFORE, "hashes": [base64text.encode(one) for one in path]}
        ],
        checkpoint=told.checkpoint
        | {
            "size": len(log),
            "root": base64text.encode(point.root),
            "note": str(sign_checkpoint(point, a_key())),
        },
    )
    (found,) = checked(told, embedded(data))
    assert [(one["code"], one["version"]) for one in found["findings"]] == [("E18", 1)]


# --- what is shown -------------------------------------------------------------------------------

SHOW: Final = """
const { scripts, language } = JSON.parse(require("fs").readFileSync(0, "utf8"));
class Node {
  constructor(tag) {
    Object.assign(this, { tag, nodes: [], own: "", attributes: {}, dataset: {}, heard: {} });
    this.classList = { add() {} };
  }
  append(...nodes) { this.nodes.push(...nodes); }
  replaceChildren(...nodes) { this.nodes = nodes; }
  setAttribute(name, value) { this.attributes[name] = value; }
  addEventListener(name, call) { this.heard[name] = call; }
  set textContent(text) { this.own = text; this.nodes = []; }
  get textContent() {
    return this.own + this.nodes.map((one) => one.textContent ?? one).join(" ");
  }
}
globalThis.Node = Node;
globalThis.window = { addEventListener() {}, print() {} };
const parts = Object.fromEntries(["words", "data", "print", "announcer", "result", "timeline",
  "worksheet"].map((name) => [name, new Node("section")]));
parts.words.own = scripts[0];
parts.data.own = scripts[1];
const buttons = ["zh-CN", "en"].map((name) => Object.assign(new Node("button"),
  { dataset: { language: name } }));
globalThis.document = {
  documentElement: {},
  getElementById: (name) => parts[name],
  querySelectorAll: (selector) => (selector === "[data-language]" ? buttons : []),
  createElement: (tag) => new Node(tag),
  createTextNode: (text) => Object.assign(new Node("#text"), { own: String(text) }),
};
new Function(`${scripts[2]}; ${scripts[3]}`)();
const waiting = setInterval(() => {
  if (!parts.announcer.own) return;
  clearInterval(waiting);
  buttons.find((one) => one.dataset.language === language).heard.click();
  const shown = ["announcer", "result", "timeline", "worksheet"];
  console.log(JSON.stringify(Object.fromEntries(
    shown.map((name) => [name, parts[name].textContent]).concat(
      [["lang", document.documentElement.lang]]))));
}, 1);
"""


def shown(content: str, language: str) -> dict[str, str]:
    """Return the texts of a page's parts after its check and a click on a language."""
    texts: dict[str, str] = run_in_node(
        SHOW, {"scripts": _Elements(content).scripts, "language": language}
    )
    return texts


def _all_in(text: str, parts: Sequence[str]) -> None:
    assert [part for part in parts if part not in text] == []


@needs_node
def test_the_timeline_says_who_did_what_when_in_the_words_of_the_field(told: Told) -> None:
    """Disclosed texts stand beside their event; what is not disclosed is said to be there."""
    english, chinese = (shown(told.page(), language) for language in ("en", "zh-CN"))
    _all_in(
        english["timeline"],
        [
            "Ticket opened",
            "Buyer",
            "2026-11-22T03:04:01.000000Z",
            HOSTILE,
            "屏幕碎了",
            "129.90 CNY",
            "committed, not disclosed",
            *(one.decode() for one in told.records),
        ],
    )
    assert english["timeline"].count("committed, not disclosed") == 1
    _all_in(chinese["timeline"], ["售后单开立", "买家", "未披露", "屏幕碎了"])
    assert (english["lang"], chinese["lang"]) == ("en", "zh-CN")
    _all_in(english["worksheet"], [leaf_hash(one).hex() for one in told.records])


@needs_node
def test_the_result_says_what_holds_what_does_not_and_what_nobody_checked(told: Told) -> None:
    """A green mark that hides what it did not look at is worse than none."""
    clean = shown(told.page(), "en")
    assert clean["announcer"] == "Nothing wrong was found: 5 records, the chain is whole."
    _all_in(clean["result"], ["Ed25519 signature", "RFC 3161", "versions 1–5", "altered page"])
    records = [*told.records]
    records[2] = records[2].replace(b"c-1", b"c-2", 1)
    broken = shown(told.page(records=records), "zh-CN")
    _all_in(broken["result"], ["核验未通过", "E07 ·  版本 4", "E16 ·  版本 3", "时间戳"])
    assert "链完整" not in broken["result"]


@needs_node
@pytest.mark.parametrize(
    "record",
    [
        b"",
        b"null",
        b"\xff\xfe",
        b'{"at":7,"actor":null,"data":{"__proto__":{"amount_minor":1,"currency":"<b>"}},"topic":1}',
        b'{"actor":{"kind":{},"ref":[]},"data":[' + b"[" * 30 + b"]" * 30 + b'],"source":"x"}',
        b"[" * 60_000 + b"]" * 60_000,
    ],
    ids=["empty", "null", "no text", "odd members", "deep", "very deep"],
)
def test_a_record_of_any_form_is_shown_as_a_finding_and_breaks_nothing(
    told: Told, record: bytes
) -> None:
    """Whoever forges a record must not be able to stop the report from saying so."""
    texts = shown(told.page(records=[*told.records[:4], record]), "en")
    _all_in(texts["result"], ["The check failed", "version 5"])
    _all_in(texts["timeline"], ["Ticket opened", "屏幕碎了"])
