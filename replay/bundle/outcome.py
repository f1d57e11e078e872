"""What checking a bundle comes to, and what of its members is read for it."""

from typing import Any

import msgspec

from replay.bundle.trust import Trust
from replay.verify.report import Finding


class BundleReport(msgspec.Struct, kw_only=True):
    """What checking a bundle came to."""

    ticket: str
    recipient: str = ""
    records: int = 0
    withheld: int = 0
    disclosures: int = 0
    attachments: int = 0
    stamps: int = 0
    checkpoint: int = 0
    """The size of the checkpoint everything is proved under; 0 when none could be trusted."""
    key_given: bool = False
    """Whether the checker brought the log's key, or the bundle's own had to do."""
    trust: Trust | None = None
    """Which witnesses vouch, and by whose word; None when no policy or checkpoint is of use."""
    receipts: int = 0
    """Receipts that were given and hold for what is here."""
    findings: list[Finding] = []
    not_checked: list[str] = []

    @property
    def clean(self) -> bool:
        """Return whether nothing was found."""
        return not self.findings

    def table(self) -> dict[str, Any]:
        """Return the report as plain data, for JSON."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told


class Content(msgspec.Struct):
    """A content an item refers to."""

    sha256: str


class Step(msgspec.Struct):
    """One step of custody, as far as it can be held against the records."""

    stream: str
    version: int
    leaf_hash: str


class Custody(msgspec.Struct):
    """The custody of one item."""

    item: str
    attachment: Content
    steps: list[Step]
    erased: bool
    withheld: bool = False
    """Whether its content is kept from view: its erasure was asked for and has to wait."""


class Anchor(msgspec.Struct):
    """What somebody outside said of a checkpoint."""

    origin: str
    size: int
    kind: str
    name: str
    content: str
