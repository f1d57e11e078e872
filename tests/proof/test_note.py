"""Notes: what parses reads back the same, and whatever else comes in is refused with a reason."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.errors import (
    BadSignature,
    MalformedKey,
    MalformedNote,
    NoTrustedSignature,
    ProofError,
)
from domain.proof.keys import parse_vkey
from domain.proof.note import (
    NOTE_SIZE_MAX,
    SIGNATURES_MAX,
    Note,
    Signature,
    parse_note,
    parse_signatures,
    sign_note,
    verify_note,
)
from tests.proof.trees import a_key, flipped

TEXT = "first line\n\nafter an empty line\n"
KEY = a_key("a.example")
SIGNED = sign_note(TEXT, KEY)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.just("\n")).map(
    lambda text: text + "\n"
)


def test_the_published_note_is_opened_with_its_published_key(shared: Path) -> None:
    """Made by another program, with a key we do not hold."""
    example = json.loads((shared / "vectors/c2sp/c2sp-examples.json").read_bytes())["signed_note"]
    note = parse_note(example["note"].encode())
    (found,) = verify_note(note, [parse_vkey(example["vkey"])])
    assert (note.text, found.at) == ("This is an example message.\n", None)
    assert str(note) == example["note"]


@given(TEXTS, st.integers(1, 4))
def test_every_note_reads_back_as_it_was_written(text: str, signers: int) -> None:
    """Texts with empty lines and dashes too: the last empty line divides."""
    keys = [a_key(f"a.example/{number}", seed=number) for number in range(1, signers + 1)]
    note = sign_note(text, *keys)
    assert parse_note(str(note)) == note == parse_note(str(note).encode())
    found = verify_note(note, [key.verifier for key in keys])
    assert [one.key for one in found] == [key.verifier for key in keys]


def test_lines_of_unknown_keys_are_ignored() -> None:
    """Even with the name or the id of a known one; other logs and witnesses may sign too."""
    known = KEY.verifier
    strangers = [
        Signature(known.name, b"\0\0\0\0", bytes(64)),
        Signature("b.example", known.id, bytes(64)),
        Signature("c.example", b"abcd", b"of a type of the future"),
    ]
    note = SIGNED.with_signatures(strangers)
    assert [found.key for found in verify_note(parse_note(str(note)), [known])] == [known]
    with pytest.raises(NoTrustedSignature):
        verify_note(Note(TEXT, tuple(strangers)), [known])
    with pytest.raises(NoTrustedSignature):
        verify_note(note, [])


@given(st.integers(0, 511))
def test_a_known_key_that_did_not_sign_spoils_the_note(bit: int) -> None:
    """A right line beside it does not make a forged one harmless."""
    (line,) = SIGNED.signatures
    forged = Signature(line.name, line.key_id, flipped(line.signature, bit))
    for signatures in [(forged,), (line, forged), (forged, line)]:
        with pytest.raises(BadSignature):
            verify_note(Note(TEXT, signatures), [KEY.verifier])


def test_a_key_counts_once_however_often_it_signed() -> None:
    """Repeating a line does not make a quorum."""
    note = Note(TEXT, SIGNED.signatures * 3)
    assert len(verify_note(note, [KEY.verifier])) == 1
    assert SIGNED.with_signatures(SIGNED.signatures) == SIGNED


def test_the_text_of_one_note_does_not_verify_under_another() -> None:
    """The signature is over the text, all of it."""
    for text in (TEXT[:-1], TEXT + "\n", TEXT.upper(), "\n" + TEXT):
        with pytest.raises(BadSignature):
            verify_note(Note(text, SIGNED.signatures), [KEY.verifier])


LINE = SIGNED.signatures[0].line
BASE64 = LINE.split(" ")[2].strip()


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        "\n\n",
        TEXT,
        LINE,
        f"{TEXT}{LINE}",
        f"{TEXT}\n",
        f"{TEXT}\n{LINE}\n",
        f"{TEXT}\n{LINE[:-1]}",
        f"{TEXT}\n{LINE}text\n",
        f"{TEXT}\ntext\n{LINE}",
        f"{TEXT}\n- a.example {BASE64}\n",
        f"{TEXT}\n—a.example {BASE64}\n",
        f"{TEXT}\n— a.example  {BASE64}\n",
        f"{TEXT}\n— a.example {BASE64} \n",
        f"{TEXT}\n— a.example\n",
        f"{TEXT}\n—  {BASE64}\n",
        f"{TEXT}\n— a+b {BASE64}\n",
        f"{TEXT}\n— a\u2003b {BASE64}\n",
        f"{TEXT}\n— a.example AAAA\n",
        f"{TEXT}\n— a.example AAAAAA==\n",
        f"{TEXT}\n— a.example {BASE64[:-1]}\n",
        f"{TEXT}\n— a.example AAAAAAB=\n",
        f"{TEXT}\n— a.example {BASE64.replace('=', '')}\n",
        f"{TEXT}\r\n{LINE}",
        f"text\twith a tab\n\n{LINE}",
        f"text\x00\n\n{LINE}",
        f"text \ud800\n\n{LINE}",
        f"{TEXT}\n".encode() + b"\xff" + LINE.encode(),
        f"{TEXT}\n{LINE * (SIGNATURES_MAX + 1)}",
        f"{'x' * NOTE_SIZE_MAX}\n\n{LINE}",
    ],
)
def test_what_is_no_note_is_refused_with_a_reason(note: str | bytes) -> None:
    """A note is refused whole, before anything in it is believed."""
    with pytest.raises(MalformedNote) as refused:
        parse_note(note)
    assert str(refused.value)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_parser_crash(content: bytes) -> None:
    """It is the first thing that hostile bytes meet."""
    for note in (content, SIGNED.text.encode() + content, str(SIGNED).encode() + content):
        try:
            parsed = parse_note(note)
        except ProofError:
            continue
        assert str(parsed).encode() == note


def test_as_many_signatures_as_allowed_are_read() -> None:
    """Sixteen must be, and we allow some more."""
    assert SIGNATURES_MAX >= 16
    assert len(parse_note(f"{TEXT}\n{LINE * SIGNATURES_MAX}").signatures) == SIGNATURES_MAX


def test_the_answer_of_a_witness_is_lines_alone() -> None:
    """They are read by the same rules as the end of a note."""
    assert parse_signatures(LINE) == SIGNED.signatures
    for lines in ("", "\n", LINE[:-1], LINE + "\n", "x" * (NOTE_SIZE_MAX + 1)):
        with pytest.raises(MalformedNote):
            parse_signatures(lines)


@pytest.mark.parametrize("text", ["", "no newline", "a tab\t\n", "a return\r\n", "half \ud800\n"])
def test_a_text_that_is_no_note_is_not_signed(text: str) -> None:
    """We sign nothing that others would refuse."""
    with pytest.raises(MalformedNote):
        sign_note(text, KEY)


def test_two_known_keys_a_line_cannot_tell_apart_are_refused() -> None:
    """An id has four bytes, so a collision can be made; it is said, not guessed at."""
    one, other = a_key("a.example").verifier, a_key("a.example", seed=2).verifier
    other.__dict__["id"] = one.id  # where the computed id is kept
    with pytest.raises(MalformedKey):
        verify_note(SIGNED, [one, other])
