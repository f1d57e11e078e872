"""RFC 3161 stamps over the body of a checkpoint: requests, answers, verification; no network.

The imprint is the SHA-256 of the three lines, so later cosignatures do not change what was stamped.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from cryptography.x509 import Certificate, load_pem_x509_certificates

from domain.proof.errors import InvalidStamp, MalformedKey, MalformedStamp

STAMP_SIZE_MAX: Final = 40_000
"""No answer of an authority is taken that a record could not hold."""
_SHA256: Final = "2.16.840.1.101.3.4.2.1"


class StampsUnavailable(RuntimeError):  # noqa: N818 - a state of the installation, named as one
    """The package that reads stamps is not installed: it comes with the extra `stamps`."""


class StampRequest(msgspec.Struct, frozen=True):
    """What is sent to an authority, and what its answer must repeat."""

    content: bytes
    nonce: int


class Stamp(msgspec.Struct, frozen=True):
    """What an answer says; nothing of it is verified by reading it."""

    at: datetime
    imprint: bytes
    nonce: int | None


def imprint(body: str) -> bytes:
    """Return the digest that an authority stamps for a checkpoint with this body."""
    return hashlib.sha256(body.encode()).digest()


def stamp_request(body: str) -> StampRequest:
    """Return a request for a stamp on a checkpoint's body, with a fresh nonce."""
    library = _library()
    builder = library.TimestampRequestBuilder(data=body.encode())
    made = builder.hash_algorithm(library.HashAlgorithm.SHA256).build()
    return StampRequest(made.as_bytes(), made.nonce)


def read_stamp(answer: bytes) -> Stamp:
    """Return what an authority's answer says; MalformedStamp if it grants nothing."""
    info = _decoded(answer).tst_info
    return Stamp(info.gen_time, bytes(info.message_imprint.message), info.nonce)


def read_roots(pem: bytes) -> tuple[Certificate, ...]:
    """Return the certificates that an authority is trusted by; MalformedKey if there are none."""
    try:
        return tuple(load_pem_x509_certificates(pem))
    except ValueError as error:
        raise MalformedKey("these are no certificates in PEM") from error


def verify_stamp(
    answer: bytes, body: str, roots: Sequence[Certificate], *, nonce: int | None = None
) -> datetime:
    """Return when an authority under these roots saw a checkpoint with this body.

    Its certificates must have been valid then; they need not be now. Raises MalformedStamp or
    InvalidStamp.
    """
    algorithm = _decoded(answer).tst_info.message_imprint.hash_algorithm.dotted_string
    if algorithm != _SHA256:
        raise InvalidStamp("the stamp is not over a SHA-256 digest")
    return verify_digest(answer, imprint(body), roots, nonce=nonce)


def verify_digest(
    answer: bytes, digest: bytes, roots: Sequence[Certificate], *, nonce: int | None = None
) -> datetime:
    """Return when an authority under these roots saw a digest, of whatever algorithm."""
    library = _library()
    decoded = _decoded(answer)
    if not roots:
        raise InvalidStamp("no authority is trusted")
    verifier = library.VerifierBuilder(roots=list(roots), nonce=nonce).build()
    try:
        verifier.verify(decoded, digest)
    except (library.VerificationError, ValueError) as error:
        raise InvalidStamp(f"the stamp does not hold: {_sentence(error)}") from error
    at: datetime = decoded.tst_info.gen_time
    return at


def _decoded(answer: bytes) -> Any:
    """Return the library's view of an answer that grants a stamp."""
    if len(answer) > STAMP_SIZE_MAX:
        raise MalformedStamp(f"a stamp has at most {STAMP_SIZE_MAX} bytes")
    try:
        decoded = _library().decode_timestamp_response(answer)
        if decoded.status != 0:
            raise MalformedStamp("the authority has granted no stamp")
        if decoded.as_bytes() != answer:
            raise MalformedStamp("the stamp is followed by other bytes")
        _ = decoded.tst_info.gen_time
    except ValueError as error:
        if isinstance(error, MalformedStamp):
            raise
        raise MalformedStamp("this is no answer of a stamping authority") from error
    return decoded


def _library() -> Any:
    """Return the package that knows RFC 3161, which only those who stamp need."""
    try:
        import rfc3161_client  # noqa: PLC0415 - an extra, asked for when it is needed
    except ImportError as error:
        raise StampsUnavailable("install ticketledger[stamps] to make or check stamps") from error
    return rfc3161_client


def _sentence(error: Exception) -> str:
    """Return the first words of a library's error on one line."""
    return re.sub(r"\s+", " ", str(error))[:120]
