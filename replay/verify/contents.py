"""Contents of the vault and books of rules: there, and still what the record says they were."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Set
from io import BytesIO

from domain.ledger.sealing import Unopenable
from domain.ledger.vault import Vault
from domain.ledger.vault_errors import VaultError, VaultUnavailable
from domain.ledger.vault_sealing import clear_digest
from domain.ticket.files import Descriptor
from domain.values import Sha256
from replay.verify.report import Finding
from replay.verify.span import Named

Open = Callable[[Named], tuple[Descriptor, bytes] | None]
"""Gives what a personal content is and what opens it; None where that was erased or is broken."""


def check_contents(
    lane: int,
    named: Mapping[str, Named],
    vault: Vault,
    erased: Set[tuple[str, int, str]],
    opened: Open | None = None,
) -> Iterator[Finding]:
    """Yield contents that are missing, changed, or of another size than the record says.

    One that was erased where it is first named may lawfully be gone. A personal one is checked as
    it lies, encrypted, and where its key is at hand also by what it opens to.
    """
    for digest, where in named.items():
        place = (lane, where.position, where.stream, where.version)
        try:
            content = vault.get(Sha256(digest))
        except KeyError:
            if (where.stream, 0, digest) not in erased:
                yield Finding("E20", *place, f"the vault has no content {digest}")
        except VaultUnavailable:
            raise
        except VaultError as error:
            yield Finding("E21", *place, f"{digest}: {error}")
        else:
            if len(content) != where.size or hashlib.sha256(content).hexdigest() != digest:
                yield Finding("E21", *place, f"{digest} is {len(content)} bytes of something else")
            elif where.sealed and opened is not None:
                wrong = _in_clear(content, opened(where))
                if wrong is not None:
                    yield Finding(wrong[0], *place, f"{digest}: {wrong[1]}")


def _in_clear(content: bytes, opened: tuple[Descriptor, bytes] | None) -> tuple[str, str] | None:
    """Return what is wrong with what a personal content opens to, as a code and a sentence."""
    if opened is None:
        return None  # that it was erased, or is broken, is said of its disclosures
    descriptor, key = opened
    try:
        found = clear_digest(BytesIO(content), key)
    except Unopenable as error:
        return "E22", str(error)
    if found != (descriptor.sha256, descriptor.size):
        return "E21", "it opens to other bytes than its descriptor says"
    return None


def check_books(
    lane: int, named: Mapping[str, Named], book: Callable[[str], bytes | None]
) -> Iterator[Finding]:
    """Yield books that were adopted and are missing, or are not what was adopted."""
    for digest, where in named.items():
        place = (lane, where.position, where.stream, where.version)
        content = book(digest)
        if content is None:
            yield Finding("E20", *place, f"the book {digest} is not kept")
        elif hashlib.sha256(content).hexdigest() != digest:
            yield Finding("E21", *place, f"the book {digest} is not the one that was adopted")
