"""Whom a checker of bundles trusts, and what a bundle's checkpoint is worth by that.

What a checker brings counts; what the bundle says of itself is the platform's own claim.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from domain.proof.checkpoint import open_checkpoint
from domain.proof.errors import MalformedKey
from domain.proof.keys import KeyType, VerifierKey, parse_vkey
from domain.proof.note import Note
from domain.proof.policy import Policy, parse_policy
from domain.proof.receipt import Receipt, open_receipt, require_receipt_key

GIVEN: Final = "given"
CLAIMED: Final = "bundle"


class Trusted(msgspec.Struct, frozen=True):
    """What a checker has from elsewhere, as it was given."""

    vkey: str | None = None
    """The log's key."""
    policy: bytes | None = None
    """Whom to trust (C2SP tlog-policy): logs, witnesses, and how many of them are needed."""
    receipt_key: str | None = None
    receipts: Mapping[str, bytes] = {}
    """Receipts the checker got when things were recorded, by the names of their files."""

    def read(self) -> "Known":
        """Return it, read; raise MalformedKey or MalformedPolicy."""
        key = parse_vkey(self.vkey) if self.vkey is not None else None
        if key is not None and key.type is not KeyType.NOTE:
            raise MalformedKey("a log signs with a note key, not with a witness's")
        receipt_key = parse_vkey(self.receipt_key) if self.receipt_key is not None else None
        if receipt_key is not None:
            require_receipt_key(receipt_key)
        policy = parse_policy(self.policy) if self.policy is not None else None
        return Known(key, policy, receipt_key, self.receipts)


class Known(NamedTuple):
    """The same, read."""

    key: VerifierKey | None
    policy: Policy | None
    receipt_key: VerifierKey | None
    receipts: Mapping[str, bytes]

    @property
    def names_a_log(self) -> bool:
        """Return whether the checker knows the log's key, or whose it may be."""
        return self.key is not None or self.policy is not None

    def key_for(self, own: VerifierKey) -> VerifierKey | None:
        """Return the key by which the checker knows a log; None when it does not."""
        if self.key is not None or self.policy is None:
            return self.key
        keys = [log.key for log in self.policy.logs if log.key.name == own.name]
        return own if own in keys else next(iter(keys), None)

    def judge(self, note: Note, key: VerifierKey, claimed: Policy | None) -> "Trust | None":
        """Return which witnesses vouch for a checkpoint; raise ProofError for a bad line of one."""
        policy = self.policy or claimed
        if policy is None:
            return None
        opened = open_checkpoint(note, [key], [one.key for one in policy.witnesses])
        known = self.policy is None or key in {log.key for log in policy.logs}
        return Trust(
            source=CLAIMED if self.policy is None else GIVEN,
            quorum=policy.quorum,
            cosigned=[one.name for one in policy.witnesses if one.key in opened.witnesses],
            met=known and policy.has_quorum(opened.witnesses),
            known=known,
        )

    def receipt(self, content: bytes) -> Receipt:
        """Return a receipt that the given key signed; raise ProofError otherwise."""
        return open_receipt(content, [] if self.receipt_key is None else [self.receipt_key])


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the checkpoint was held against: the checker's own policy, or the bundle's claim."""

    source: str
    """`given` by the checker, or `bundle`: then it is what the platform says of itself."""
    quorum: str
    """How the policy calls the witnesses it asks for; none when it asks for nobody."""
    cosigned: list[str]
    """The witnesses it names whose cosignature on the checkpoint holds."""
    met: bool
    known: bool = True
    """Whether the policy trusts the log's key at all."""

    @property
    def is_given(self) -> bool:
        """Return whether it is the checker's own policy that was held against it."""
        return self.source == GIVEN

    @property
    def missing(self) -> str:
        """Return what is missing of the quorum."""
        if not self.known:
            return "the policy that was given trusts no such log"
        return f"the quorum is {self.quorum}, and cosigned has {self._seen}"

    @property
    def words(self) -> str:
        """Return it as a sentence for a person."""
        seen = self._seen
        if self.is_given:
            outcome = "is met" if self.met else "is NOT met"
            return f"Your policy: its quorum ({self.quorum}) {outcome}; cosigned by {seen}."
        outcome = "would be met" if self.met else "would not be met"
        return (
            f"The bundle's own policy: its quorum ({self.quorum}) {outcome}; cosigned by {seen}. "
            "That is the platform's own claim, not evidence of witnesses: give yours with --policy."
        )

    @property
    def _seen(self) -> str:
        return ", ".join(self.cosigned) or "nobody"
