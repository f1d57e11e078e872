"""Contents of the vault and books of rules: there, and still what the record says they were."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Set

from domain.ledger.vault import Vault
from domain.ledger.vault_errors import VaultError, VaultUnavailable
from domain.values import Sha256
from replay.verify.report import Finding
from replay.verify.span import Named


def check_contents(
    lane: int, named: Mapping[str, Named], vault: Vault, erased: Set[tuple[str, int, str]]
) -> Iterator[Finding]:
    """Yield contents that are missing, changed, or of another size than the record says.

    One that was erased where it is first named may lawfully be gone.
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
