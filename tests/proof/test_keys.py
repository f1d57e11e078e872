"""Keys: names, spellings, and the edge cases of Ed25519 that others have found."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.errors import BadSignature, MalformedKey, ProofError
from domain.proof.keys import KeyType, SigningKey, VerifierKey, parse_secret, parse_vkey
from tests.proof.trees import a_key, a_witness, flipped

NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="+"),
    min_size=1,
    max_size=60,
)
FIELD = 2**255 - 19


@given(NAMES, st.binary(min_size=32, max_size=32), st.sampled_from(KeyType))
def test_every_key_reads_back_from_its_texts(name: str, seed: bytes, type: KeyType) -> None:
    """Keys travel as one line, in configuration and on paper."""
    key = SigningKey(name, seed, type)
    assert parse_vkey(key.verifier.vkey) == key.verifier
    assert parse_secret(key.secret).verifier == key.verifier


def test_the_published_key_has_its_published_id(shared: Path) -> None:
    """The id is a hash of name, type and key, and the same everywhere."""
    examples = json.loads((shared / "vectors/c2sp/c2sp-examples.json").read_bytes())
    vkey = examples["signed_note"]["vkey"]
    key = parse_vkey(vkey)
    assert (key.name, key.id.hex(), key.vkey) == ("example.com/foo", "530d903a", vkey)


def test_the_same_key_has_another_id_for_another_use() -> None:
    """So a witness's line is never taken for a log's."""
    log, witness = a_key("a.example"), a_key("a.example", type=KeyType.COSIGNATURE)
    assert log.verifier.public == witness.verifier.public
    assert log.verifier.id != witness.verifier.id


def test_a_private_key_does_not_show_its_secret_by_accident() -> None:
    """It ends up in logs and tracebacks as its public half."""
    key = a_key()
    assert key.verifier.vkey in repr(key)
    assert key.secret not in repr(key)
    assert key.secret.split("+")[-1] not in repr(key)


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a+b", "a\nb", "a\u00a0b", "a\x00", "x" * 256, "\ud800"]
)
def test_a_name_no_note_can_hold_is_refused(name: str) -> None:
    """A space or a plus would make one line read as another."""
    with pytest.raises(MalformedKey):
        a_key(name)


VKEY = a_key("a.example").verifier.vkey
ID = VKEY.split("+")[1]
MATERIAL = VKEY.split("+", 2)[2]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.example",
        f"a.example+{ID}",
        f"b.example+{ID}+{MATERIAL}",
        f"a.example+{ID.upper()}0+{MATERIAL}",
        f"a.example+00000000+{MATERIAL}",
        f"a.example+{ID}+{MATERIAL[:-1]}",
        f"a.example+{ID}+{MATERIAL}\n",
        f"a.example+{ID}+",
        f"a.example+{ID}+AQ==",
        f"a.example+{ID}+Bg{MATERIAL[2:]}",
        f"a.example+{ID}+{'A' * 2000}",
        f"a.example+{ID}+ä",
    ],
)
def test_a_text_that_is_no_key_is_refused(text: str) -> None:
    """Wrong id, wrong length, a type we do not know: nothing is verified with it."""
    with pytest.raises(MalformedKey):
        parse_vkey(text)


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_seed_of_another_length_is_refused(seed: bytes) -> None:
    """A short seed is a truncated file, not a key."""
    with pytest.raises(MalformedKey):
        SigningKey("a.example", seed)


def test_a_broken_private_key_is_refused_without_repeating_it() -> None:
    """The error may be logged; the secret may not."""
    secret = a_key("a.example").secret
    for text in (secret.removeprefix("PRIVATE+"), secret[:-1], secret.replace("a.ex", "b.ex")):
        with pytest.raises(MalformedKey) as refused:
            parse_secret(text)
        assert secret.split("+")[-1][:20] not in str(refused.value)


@given(st.text(max_size=40), st.integers(0, 511))
def test_a_changed_signature_or_text_is_refused(text: str, bit: int) -> None:
    """One bit is enough."""
    key = a_key()
    made = key.sign(text)
    assert key.verifier.verify(text, made) is None
    for other_text, other in [(text + "x", made), (text, flipped(made, bit)), (text, made[:-1])]:
        with pytest.raises(BadSignature):
            key.verifier.verify(other_text, other)


def test_a_cosignature_says_when_and_is_bound_to_it() -> None:
    """A witness says what it saw as of a time; nobody can move that time."""
    witness = a_witness("w.example", seed=3)
    made = witness.cosign("text\n", 1_679_315_147)
    assert witness.verifier.verify("text\n", made) == 1_679_315_147
    for other in (flipped(made, 56), b"\xff" + made[1:], made[8:], made[:7], b""):
        with pytest.raises(BadSignature):
            witness.verifier.verify("text\n", other)


def test_a_cosignature_at_a_time_the_format_forbids_is_refused() -> None:
    """Even when the witness itself made it: others would read the time as negative."""
    witness, plain = a_witness("w.example", seed=3), a_key("w.example", seed=3)
    made = plain.sign(f"cosignature/v1\ntime {2**63}\ntext\n")
    with pytest.raises(BadSignature):
        witness.verifier.verify("text\n", (2**63).to_bytes(8, "big") + made)


def test_a_cosignature_signs_the_published_message(shared: Path) -> None:
    """Header, time and text, as the format spells them."""
    example = json.loads((shared / "vectors/c2sp/c2sp-examples.json").read_bytes())
    message = example["cosigned_message_example"]
    text = message["message"].split("\n", 2)[2]
    witness, plain = a_witness("w.example", seed=3), a_key("w.example", seed=3)
    made = witness.cosign(text, message["time"])
    assert made[:8] == message["time"].to_bytes(8, "big")
    plain.verifier.verify(message["message"], made[8:])


def test_a_key_of_the_wrong_type_does_not_sign() -> None:
    """A witness never vouches without a time, and a log never with one."""
    with pytest.raises(MalformedKey):
        a_witness("w.example", seed=3).sign("text\n")
    with pytest.raises(MalformedKey):
        a_key().cosign("text\n", 1)


def test_every_vector_of_wycheproof_is_judged_as_published(shared: Path) -> None:
    """Truncated, padded, malleable and swapped signatures among 151."""
    file = shared / "vectors/wycheproof/testvectors_v1/ed25519_test.json"
    judged = 0
    for group in json.loads(file.read_bytes())["testGroups"]:
        key = VerifierKey("a.example", KeyType.NOTE, bytes.fromhex(group["publicKey"]["pk"]))
        for vector in group["tests"]:
            accepted = _verifies(key, bytes.fromhex(vector["msg"]), vector["sig"])
            assert accepted is (vector["result"] == "valid"), vector["tcId"]
            judged += 1
    assert judged == 151


def test_degenerate_keys_are_refused_and_signatures_have_one_verdict(shared: Path) -> None:
    """Of 914 edge cases the keys that fit anything are refused, and the rest judged by RFC 8032.

    That is the equation without cofactor over canonical encodings, which every strict program
    shares, so nobody can be shown one verdict here and another there.
    """
    file = shared / "vectors/ed25519-cctv/ed25519/ed25519vectors.json"
    strict = {"low_order_R", "low_order_component_R", "low_order_component_A"}
    refused = accepted = 0
    for vector in json.loads(file.read_bytes()):
        flags = set(vector["flags"] or ())
        public = bytes.fromhex(vector["key"])
        if flags & {"low_order_A", "non_canonical_A"}:
            with pytest.raises(MalformedKey):
                VerifierKey("a.example", KeyType.NOTE, public)
            refused += 1
            continue
        key = VerifierKey("a.example", KeyType.NOTE, public)
        verdict = _verifies(key, vector["msg"].encode(), vector["sig"])
        assert verdict is (flags <= strict), vector["number"]
        accepted += verdict
    assert refused > 300
    assert accepted > 10


@pytest.mark.parametrize("y", [0, 1, FIELD - 1, FIELD, FIELD + 1, 2**255 - 1])
@pytest.mark.parametrize("sign", [0, 1])
def test_keys_that_any_signature_fits_are_refused(y: int, sign: int) -> None:
    """Points of small order, and numbers beyond the field, are nobody's key."""
    with pytest.raises(MalformedKey):
        VerifierKey("a.example", KeyType.NOTE, (y | sign << 255).to_bytes(32, "little"))


def test_a_key_that_is_no_point_verifies_nothing() -> None:
    """Half of all numbers are no point of the curve; that is an answer, not a crash."""
    key = VerifierKey("a.example", KeyType.NOTE, (2).to_bytes(32, "little"))
    with pytest.raises(BadSignature):
        key.verify("text\n", bytes(64))


def _verifies(key: VerifierKey, message: bytes, signature: str) -> bool:
    """Whether a signature of a vector is by the key; its bytes need not be text."""
    try:
        key.verify_bytes(message, bytes.fromhex(signature))
    except ProofError:
        return False
    return True
