"""What checking an export comes to; how each form is checked stands in modules of their own."""

from typing import Any, Final

import msgspec

FINDINGS_MAX: Final = 100
"""More are counted and not listed."""


class UnreadableExport(Exception):  # noqa: N818 - a state of a file, named as one
    """The file is no export of any form that is known here."""


class Checked(msgspec.Struct, kw_only=True):
    """What was found in a file."""

    form: str
    """jsonl, xes, ocel-json or ocel-sqlite."""
    events: int = 0
    things: int = 0
    """Objects of an OCEL log, traces of an XES log, lanes of JSON lines."""
    findings: list[str] = []
    left_out: int = 0
    not_checked: list[str] = []

    @property
    def clean(self) -> bool:
        """Return whether nothing was found."""
        return not self.findings

    def find(self, what: str) -> None:
        """Take a finding down."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(what)
        else:
            self.left_out += 1

    def table(self) -> dict[str, Any]:
        """Return the outcome as plain data, for JSON."""
        told: dict[str, Any] = msgspec.to_builtins(self)
        return told
