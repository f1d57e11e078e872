"""Checkpoints: three lines, signed by their log, cosigned by witnesses, readable by openssl."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.proof.checkpoint import (
    Checkpoint,
    cosign,
    open_checkpoint,
    parse_checkpoint,
    sign_checkpoint,
)
from domain.proof.errors import (
    BadSignature,
    MalformedCheckpoint,
    MalformedKey,
    NoTrustedSignature,
    ProofError,
)
from domain.proof.merkle import EMPTY_ROOT, SIZE_MAX
from domain.proof.note import Note, sign_note
from tests.proof.trees import ORIGIN, a_key, a_witness, flipped

LOG = a_key()
NEXT = a_key(seed=2)
WITNESS = a_witness("witness.example/w1", seed=3)
CHECKPOINT = Checkpoint(ORIGIN, 42, bytes(range(32)))
SIGNED = sign_checkpoint(CHECKPOINT, LOG)
ROOT = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@given(st.integers(1, SIZE_MAX), st.binary(min_size=32, max_size=32))
def test_every_checkpoint_is_opened_as_it_was_signed(size: int, root: bytes) -> None:
    """What is stamped and cosigned is the three lines, and they read back the same."""
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert parse_checkpoint(checkpoint.body) == checkpoint
    opened = open_checkpoint(str(sign_checkpoint(checkpoint, LOG)), [LOG.verifier])
    assert (opened.checkpoint, opened.logs) == (checkpoint, (LOG.verifier,))
    assert opened.witnesses == {}


def test_the_empty_log_has_a_checkpoint_with_its_one_root() -> None:
    """Size 0 is said explicitly; any other root of it is a lie."""
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert parse_checkpoint(empty.body) == empty
    with pytest.raises(MalformedCheckpoint):
        Checkpoint(ORIGIN, 0, bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        f"{ORIGIN}\n42\n",
        f"{ORIGIN}\n42\n{ROOT}",
        f"{ORIGIN}\n42\n{ROOT}\nextension\n",
        f"{ORIGIN}\n42\n{ROOT}\n\n",
        f"\n42\n{ROOT}\n",
        f"two words\n42\n{ROOT}\n",
        f"a+b\n42\n{ROOT}\n",
        f"{ORIGIN}\n042\n{ROOT}\n",
        f"{ORIGIN}\n-1\n{ROOT}\n",
        f"{ORIGIN}\n+1\n{ROOT}\n",
        f"{ORIGIN}\n\n{ROOT}\n",
        f"{ORIGIN}\n4 2\n{ROOT}\n",
        f"{ORIGIN}\n4_2\n{ROOT}\n",
        f"{ORIGIN}\n٤٢\n{ROOT}\n",
        f"{ORIGIN}\n{SIZE_MAX + 1}\n{ROOT}\n",
        f"{ORIGIN}\n{'9' * 100_000}\n{ROOT}\n",
        f"{ORIGIN}\n42\n{ROOT[:-1]}\n",
        f"{ORIGIN}\n42\n{ROOT[:-4]}\n",
        f"{ORIGIN}\n42\n{ROOT[:-2]}9=\n",
        f"{ORIGIN}\n42\n{bytes(32).hex()}\n",
        f"{ORIGIN}\n42\n{ROOT}{ROOT}\n",
        f"{ORIGIN}\n0\n{ROOT}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused_even_when_it_is_signed(text: str) -> None:
    """One checkpoint has one spelling, and there are no lines beside it."""
    with pytest.raises(MalformedCheckpoint):
        parse_checkpoint(text)
    if text.endswith("\n"):
        with pytest.raises(ProofError):
            open_checkpoint(str(sign_note(text, LOG)), [LOG.verifier])


def test_a_checkpoint_is_trusted_only_under_the_origin_of_the_key() -> None:
    """Another log we know, trusted for its own tree, says nothing about this one."""
    other = a_key("ledger.example/lane-1", seed=4)
    borrowed = sign_note(CHECKPOINT.body, other)
    with pytest.raises(NoTrustedSignature):
        open_checkpoint(borrowed, [LOG.verifier, other.verifier])
    with pytest.raises(MalformedCheckpoint):
        sign_checkpoint(CHECKPOINT, other)
    with pytest.raises(MalformedCheckpoint):
        sign_checkpoint(CHECKPOINT)


@given(st.integers(0, 8 * len(CHECKPOINT.body) - 1))
def test_a_changed_checkpoint_is_refused(bit: int) -> None:
    """Size, root, origin: one bit and the signature no longer fits."""
    changed = flipped(CHECKPOINT.body.encode(), bit)
    note = changed + str(SIGNED).encode()[len(changed) :]
    with pytest.raises(ProofError):
        open_checkpoint(note, [LOG.verifier])


def test_two_keys_of_one_log_sign_while_one_is_replaced() -> None:
    """Whoever knows the old key or the new one can check it."""
    both = sign_checkpoint(CHECKPOINT, LOG, NEXT)
    for known in ([LOG], [NEXT], [LOG, NEXT]):
        keys = tuple(key.verifier for key in known)
        assert open_checkpoint(both, keys).logs == keys


def test_a_witness_cosigns_with_its_time() -> None:
    """Its line is added to the note, and says as of when."""
    note = SIGNED.with_signatures([cosign(CHECKPOINT, WITNESS, at=1_795_316_645)])
    opened = open_checkpoint(str(note), [LOG.verifier], [WITNESS.verifier])
    assert opened.witnesses == {WITNESS.verifier: 1_795_316_645}
    assert open_checkpoint(str(note), [LOG.verifier]).witnesses == {}


def test_a_cosignature_of_another_checkpoint_spoils_the_note() -> None:
    """A witness's line is about one tree, and stays with it."""
    other = Checkpoint(ORIGIN, 43, CHECKPOINT.root)
    note = SIGNED.with_signatures([cosign(other, WITNESS, at=1)])
    with pytest.raises(BadSignature):
        open_checkpoint(note, [LOG.verifier], [WITNESS.verifier])


def test_witnesses_alone_do_not_make_a_checkpoint() -> None:
    """They say what they saw; the log's own word is needed first."""
    note = Note(CHECKPOINT.body, (cosign(CHECKPOINT, WITNESS, at=1),))
    with pytest.raises(NoTrustedSignature):
        open_checkpoint(note, [LOG.verifier], [WITNESS.verifier])


def test_keys_of_the_wrong_type_are_refused() -> None:
    """A log key in the place of a witness is a mistake of whoever configured it."""
    with pytest.raises(MalformedKey):
        open_checkpoint(SIGNED, [WITNESS.verifier])
    with pytest.raises(MalformedKey):
        open_checkpoint(SIGNED, [LOG.verifier], [LOG.verifier])
    with pytest.raises(MalformedKey):
        cosign(CHECKPOINT, LOG, at=1)
    with pytest.raises(MalformedKey):
        sign_checkpoint(CHECKPOINT, a_witness(ORIGIN, seed=5))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_verifies_a_checkpoint_from_three_plain_files(tmp_path: Path) -> None:
    """The body, the bare signature and the public key: a court's expert needs no more."""
    (tmp_path / "body").write_text(CHECKPOINT.body)
    (tmp_path / "sig").write_bytes(SIGNED.signatures[0].signature)
    (tmp_path / "pem").write_text(LOG.verifier.pem)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "pem", "-rawin"]
    command += ["-in", "body", "-sigfile", "sig"]

    def verified() -> bool:
        return (
            subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
        )

    assert verified()
    (tmp_path / "body").write_text(CHECKPOINT.body.replace("42", "43"))
    assert not verified()
