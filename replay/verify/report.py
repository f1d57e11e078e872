"""What a verification found, with the first bad place of each; how it is found is not here."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

MEANINGS: Final[Mapping[str, str]] = {
    "E01": "not JSON",
    "E02": "not canonical, or no record",
    "E03": "stored leaf hash is not that of the bytes",
    "E04": "what stands beside the record says otherwise",
    "E05": "record of another ledger",
    "E06": "gap in a stream",
    "E07": "link to the predecessor broken",
    "E08": "time runs backwards within a stream",
    "E09": "gap in the lane",
    "E10": "leaf without an event",
    "E11": "leaf is not the event's",
    "E12": "order of the lane is not the order of the stream",
    "E13": "signature is not ours",
    "E14": "columns of a checkpoint are not what was signed",
    "E15": "log shorter than its checkpoint",
    "E16": "root is not the one that was signed",
    "E17": "stamp is wrong",
    "E18": "names a checkpoint that was never published",
    "E19": "outside its time bracket",
    "E20": "content missing",
    "E21": "content changed",
    "E22": "personal value can not be opened",
    "E23": "personal value is not the one committed to",
    "E24": "integrated too late",
    "X01": "an outside copy is larger: truncated or rolled back",
    "X02": "an outside copy has another root: rewritten, or two histories",
    "X03": "a receipt without its event",
    "A01": "file of the archive missing, changed or not listed",
    "A02": "the archive contradicts itself, or what is known of its lanes",
    "B01": "member of the bundle missing, changed or not listed",
    "B02": "members of the bundle contradict one another",
    "B03": "not what the policy that was given asks for",
}
"""Code → what it means, in a few words."""

FINDINGS_MAX: Final = 1_000
"""More are counted and not listed: whoever reads this many needs another tool."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that is not as it was written, and the first place where it shows."""

    code: str
    lane: int | None
    position: int | None
    stream: str | None
    version: int | None
    what: str

    def __str__(self) -> str:
        """Return the finding as a line for a person."""
        place = f"{self.lane}-{self.position}" if self.position is not None else f"{self.lane}"
        named = f" {self.stream} v{self.version}" if self.stream is not None else ""
        return f"{self.code} at {place}{named}: {self.what}"


class Report(msgspec.Struct, frozen=True):
    """What a whole verification came to."""

    events: int
    seconds: float
    findings: tuple[Finding, ...]
    anchored_outside: bool
    """Whether copies that lie elsewhere were compared; without them nothing shows a rewriting."""
    anchored_upto: Mapping[int, int] = {}
    """Lane → the largest outside checkpoint that agrees with the record."""
    not_checked: tuple[str, ...] = ()
    """What could not be looked at here, in words."""
    left_out: int = 0
    """Findings beyond the first thousand."""

    @property
    def clean(self) -> bool:
        """Return whether nothing was found."""
        return not self.findings

    def table(self) -> dict[str, Any]:
        """Return the report as plain data, for JSON."""
        told: dict[str, Any] = msgspec.to_builtins(self, str_keys=True)
        return told


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by lane and place, each once, without gaps that are only disorder.

    Where a version stands later in the lane than its follower, the stream has no gap there: its
    order is wrong, and that is said already.
    """
    each = list(dict.fromkeys(findings))
    late = {(one.stream, one.version) for one in each if one.code == "E12"}
    kept = [
        one
        for one in each
        if not (one.code == "E06" and (one.stream, (one.version or 0) - 1) in late)
    ]
    return sorted(
        kept, key=lambda one: (one.lane or 0, one.position or 0, one.code, one.stream or "")
    )
