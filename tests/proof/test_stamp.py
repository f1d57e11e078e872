"""RFC 3161 stamps: good ones are taken, forged and foreign ones are not; openssl agrees."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.x509 import Certificate, load_der_x509_certificate
from rfc3161_client import decode_timestamp_response

from domain.proof.errors import InvalidStamp, MalformedKey, MalformedStamp
from domain.proof.stamp import (
    STAMP_SIZE_MAX,
    read_roots,
    read_stamp,
    stamp_request,
    verify_digest,
    verify_stamp,
)
from tests.ledger.authorities import Tsa, stamping

BODY = "ledger.test/lane-0\n1\nxH2XzmM7UCNWb5lc6HCN7yqIDrLZiNvmuaF7tw8Hr7k=\n"


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    """An authority of our own, which is openssl."""
    with stamping(tmp_path_factory.mktemp("tsa")) as own:
        yield own


@pytest.fixture(scope="module")
def vectors(shared: Path) -> Path:
    """Answers of other authorities, good and forged (trailofbits/rfc3161-client, Apache-2.0)."""
    return shared / "vectors" / "rfc3161" / "test" / "fixtures"


def test_a_stamp_of_openssl_holds_here_and_there(tsa: Tsa) -> None:
    """Two programs that nobody here wrote made it and checked it."""
    request = stamp_request(BODY)
    answer = tsa.answer(request.content)
    at = verify_stamp(answer, BODY, read_roots(tsa.roots.read_bytes()), nonce=request.nonce)
    assert at == read_stamp(answer).at
    assert tsa.accepts(answer, BODY)
    assert not tsa.accepts(answer, BODY + "x")


def test_a_stamp_is_over_this_body_and_answers_this_request(tsa: Tsa) -> None:
    """An answer kept from another day proves another day."""
    request = stamp_request(BODY)
    answer, roots = tsa.answer(request.content), read_roots(tsa.roots.read_bytes())
    with pytest.raises(InvalidStamp):
        verify_stamp(answer, BODY.replace("\n1\n", "\n2\n"), roots)
    with pytest.raises(InvalidStamp):
        verify_stamp(answer, BODY, roots, nonce=request.nonce + 1)


def test_nobody_is_an_authority_but_those_we_trust(tsa: Tsa, tmp_path: Path) -> None:
    """Anybody can run openssl."""
    answer = tsa.answer(stamp_request(BODY).content)
    with stamping(tmp_path / "other") as other, pytest.raises(InvalidStamp):
        verify_stamp(answer, BODY, read_roots(other.roots.read_bytes()))
    with pytest.raises(InvalidStamp):
        verify_stamp(answer, BODY, ())


def test_a_changed_byte_anywhere_is_found(tsa: Tsa) -> None:
    """Every byte of the answer is signed for, or is not the encoding of what it says."""
    request = stamp_request(BODY)
    answer, roots = tsa.answer(request.content), read_roots(tsa.roots.read_bytes())
    when = read_stamp(answer).at.strftime("%Y%m%d%H%M%S").encode()
    place = answer.index(when) + len(when) - 1
    later = answer[:place] + bytes([answer[place] ^ 1]) + answer[place + 1 :]
    for changed in (later, answer[:-1], answer + b"\x00", answer[:-2] + bytes([answer[-2] ^ 1, 0])):
        with pytest.raises((InvalidStamp, MalformedStamp)):
            verify_stamp(changed, BODY, roots)


def certificates_in(answer: bytes) -> list[Certificate]:
    """Return every certificate that an answer brings along."""
    brought = decode_timestamp_response(answer).signed_data.certificates
    return [load_der_x509_certificate(one) for one in brought]


@pytest.mark.parametrize("answer", [b"", b"0", b"\x30\x03\x02\x01\x02", b"\xff" * 100])
def test_what_is_no_answer_is_refused(answer: bytes) -> None:
    """A web page of an authority's proxy is no stamp."""
    with pytest.raises(MalformedStamp):
        read_stamp(answer)


def test_an_answer_that_no_record_could_hold_is_refused() -> None:
    """It is told on record; a record has 65,535 bytes."""
    with pytest.raises(MalformedStamp, match="at most"):
        read_stamp(b"\x30" * (STAMP_SIZE_MAX + 1))


def test_what_is_no_certificate_is_refused() -> None:
    """A wrong file named in the settings is said, not trusted."""
    with pytest.raises(MalformedKey):
        read_roots(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize(
    ("folder", "answer", "said", "algorithm"),
    [
        ("sigstage", "response-sha256.tsr", b"hello", "sha256"),
        ("sigstage", "response-sha384.tsr", b"hello", "sha384"),
        ("sigstage", "response-sha512.tsr", b"hello", "sha512"),
        ("test_tsa", "response.tsr", b"hello", "sha512"),
    ],
)
def test_good_answers_of_other_authorities_hold(
    vectors: Path, folder: str, answer: str, said: bytes, algorithm: str
) -> None:
    """What others accept is accepted here."""
    roots = read_roots((vectors / folder / "ts_chain.pem").read_bytes())
    digest = hashlib.new(algorithm, said).digest()
    verify_digest((vectors / folder / answer).read_bytes(), digest, roots)


def test_an_expired_certificate_stamped_what_it_stamped(vectors: Path) -> None:
    """A court looks years later: the certificate must have been valid when it signed."""
    folder = vectors / "sigstore.mock"
    roots = read_roots((folder / "ts_chain.pem").read_bytes())
    answer = (folder / "response-expired.tsr").read_bytes()
    digest = hashlib.sha256((folder / "payload").read_bytes()).digest()
    with pytest.raises(InvalidStamp):
        verify_digest(answer, digest, roots)


@pytest.mark.parametrize(
    ("folder", "answer", "algorithm"),
    [
        ("sigstage", "response-invalid-signature.tsr", "sha256"),
        ("sigstage", "response-no-embedded-cert.tsr", "sha256"),
    ],
)
def test_forged_answers_of_other_authorities_do_not_hold(
    vectors: Path, folder: str, answer: str, algorithm: str
) -> None:
    """A bad signature; and a signature without the certificate of who made it."""
    roots = read_roots((vectors / folder / "ts_chain.pem").read_bytes())
    digest = hashlib.new(algorithm, b"hello").digest()
    with pytest.raises(InvalidStamp):
        verify_digest((vectors / folder / answer).read_bytes(), digest, roots)


def test_certificates_that_were_slipped_in_vouch_for_nothing(vectors: Path) -> None:
    """Nobody signed for the set of certificates: who signed is told by the signature alone."""
    folder = vectors / "test_tsa"
    answer = (folder / "response-injected-certs.tsr").read_bytes()
    digest = hashlib.sha512(b"hello").digest()
    verify_digest(answer, digest, read_roots((folder / "ts_chain.pem").read_bytes()))
    slipped_in = [
        certificate
        for certificate in certificates_in(answer)
        if certificate.issuer == certificate.subject or "Spoofed" in str(certificate.subject)
    ]
    assert len(slipped_in) == 2
    for certificate in slipped_in:
        with pytest.raises(InvalidStamp):
            verify_digest(answer, digest, [certificate])


def test_a_stamp_over_another_algorithm_is_none_of_ours(vectors: Path) -> None:
    """Ours are asked for with SHA-256, so an answer with another is no answer to us."""
    folder = vectors / "sigstage"
    roots = read_roots((folder / "ts_chain.pem").read_bytes())
    with pytest.raises(InvalidStamp, match="SHA-256"):
        verify_stamp((folder / "response-sha512.tsr").read_bytes(), "hello", roots)


def test_an_answer_of_a_commercial_authority_holds_under_its_root_alone(vectors: Path) -> None:
    """IdenTrust's names no signer; what its root did not issue is none of it (their issue 104)."""
    folder = vectors / "identrust"
    answer = (folder / "issue-104.tsr").read_bytes()
    root = load_der_x509_certificate((folder / "ts_chain.pem").read_bytes())
    digest = hashlib.sha512(b"hello").digest()
    assert verify_digest(answer, digest, [root]) == read_stamp(answer).at
    with pytest.raises(InvalidStamp):
        verify_digest(answer, hashlib.sha512(b"hallo").digest(), [root])
    with pytest.raises(InvalidStamp):
        verify_digest(answer, digest, read_roots((vectors / "sigstage/ts_chain.pem").read_bytes()))


def test_an_answer_to_another_request_or_of_a_namesake_is_no_answer(vectors: Path) -> None:
    """Numbers tell requests apart, and keys those who bear the same name."""
    folder = vectors / "test_tsa"
    roots = read_roots((folder / "ts_chain.pem").read_bytes())
    digest = hashlib.sha512(b"hello").digest()
    answer, asked = (folder / "response.tsr").read_bytes(), 0x36A4_4F9F_4A39_1FD3
    verify_digest(answer, digest, roots, nonce=asked)
    with pytest.raises(InvalidStamp):
        verify_digest(answer, digest, roots, nonce=asked ^ 1)
    with pytest.raises(InvalidStamp):
        verify_digest((folder / "other_response.tsr").read_bytes(), digest, roots)
