"""The one spelling of records: the same bytes as RFC 8785, and nothing outside its safe domain."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.canonical import BYTES_MAX, NotCanonical, TooLarge, canonical
from domain.proof.chain import leaf_hash
from domain.values import Commitment, Personal

INTEGER_MAX = 2**53 - 1
CHUNK = 2_000
SURROGATES = range(0xD800, 0xE000)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
KEYS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
DOCUMENTS = st.recursive(
    TEXTS | st.integers(-INTEGER_MAX, INTEGER_MAX) | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6),
    max_leaves=20,
)


def test_every_code_point_a_text_may_hold_is_spelt_as_rfc_8785_spells_it() -> None:
    """A single one that differed would make a record that a stranger's verifier rejects."""
    seen = 0
    for start in range(1, sys.maxunicode + 1, CHUNK):
        points = range(start, min(start + CHUNK, sys.maxunicode + 1))
        text = "".join(chr(point) for point in points if point not in SURROGATES)
        seen += len(text)
        assert canonical({"text": text}) == rfc8785.dumps({"text": text})
    assert seen == 1_112_064 - 1  # all but U+0000


@given(DOCUMENTS)
def test_every_document_of_the_domain_is_spelt_as_rfc_8785_spells_it(document: Any) -> None:
    """Nesting, order of keys and integers are settled by the same standard as texts."""
    assert canonical(document) == rfc8785.dumps(document)


@pytest.mark.parametrize("number", [0, -1, INTEGER_MAX, -INTEGER_MAX])
def test_the_largest_integers_are_spelt_out(number: int) -> None:
    """Up to 2^53-1 every reader of JSON sees the same number."""
    assert canonical({"n": number}) == rfc8785.dumps({"n": number})


def _in_domain(value: Any) -> bool:
    """Return whether a vector speaks of what our records may hold."""
    if isinstance(value, dict):
        return all(key.isascii() and _in_domain(inner) for key, inner in value.items())
    if isinstance(value, list):
        return all(map(_in_domain, value))
    return not isinstance(value, float)


def test_the_published_vectors_are_reproduced(shared: Path) -> None:
    """The author of RFC 8785 has written down what the bytes are."""
    vectors = shared / "vectors" / "rfc8785-jcs" / "testdata"
    checked = []
    for source in sorted((vectors / "input").iterdir()):
        document = json.loads(source.read_bytes())
        if _in_domain(document):
            spelt = (vectors / "outhex" / source.with_suffix(".txt").name).read_text()
            assert canonical(document) == bytes.fromhex("".join(spelt.split()))
            checked.append(source.stem)
    assert checked == ["arrays", "unicode"]


def test_the_package_we_are_held_against_reproduces_all_of_them(shared: Path) -> None:
    """Floats, and names that are no ASCII, too: it is the yardstick of the tests above."""
    vectors = shared / "vectors" / "rfc8785-jcs" / "testdata"
    sources = sorted((vectors / "input").iterdir())
    assert len(sources) == 6
    for source in sources:
        spelt = (vectors / "outhex" / source.with_suffix(".txt").name).read_text()
        assert rfc8785.dumps(json.loads(source.read_bytes())).hex() == "".join(spelt.split())


def test_the_longest_record_has_65535_bytes() -> None:
    """What is longer belongs into the vault, and nothing is cut off silently."""
    room = BYTES_MAX - len(canonical({"t": ""}))
    assert len(canonical({"t": "x" * room})) == 65_535
    with pytest.raises(TooLarge):
        canonical({"t": "x" * (room + 1)})


@pytest.mark.parametrize("backslashes", range(5))
def test_u_0000_is_refused_and_a_text_about_it_is_not(backslashes: int) -> None:
    """Many readers end a text there; the letters backslash, u and zeros are only letters."""
    before = "\\" * backslashes
    with pytest.raises(NotCanonical):
        canonical({"t": f"{before}\0"})
    told = {"t": f"{before}u0000", "u": f"{before}\\u0000"}
    assert json.loads(canonical(told)) == told


@given(st.text(st.sampled_from('\\u0\0a"')))
def test_exactly_the_texts_with_u_0000_are_refused(text: str) -> None:
    """The check looks at bytes, where escapes stand side by side."""
    if "\0" in text:
        with pytest.raises(NotCanonical):
            canonical([text])
    else:
        assert json.loads(canonical([text])) == [text]


def test_an_open_personal_value_can_not_be_written() -> None:
    """The ledger seals it first; a forgotten one must not reach the record in clear."""
    with pytest.raises(TypeError):
        canonical({"name": Personal("Li Hua", subject="buyer:b-1")})
    assert canonical({"name": Commitment("x" * 43)}) == b'{"name":{"sd":"%s"}}' % (b"x" * 43)


def test_the_leaf_hash_is_the_one_of_rfc_6962() -> None:
    """SHA-256 of the byte 0x00 and nothing: the published hash of an empty leaf."""
    empty = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"").hex() == empty
