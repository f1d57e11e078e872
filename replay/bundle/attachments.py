"""Which contents a bundle must hold: what custody says, held against records and disclosures."""

from collections.abc import Iterable, Mapping, Sequence

from domain.ticket.files import DESCRIPTOR, read_descriptor
from replay.bundle.outcome import Custody
from replay.bundle.parts import Disclosure
from replay.verify.lines import Line

Wrong = list[tuple[str, str]]
"""Codes of findings and what they are about."""


def expected(
    told: Iterable[Custody], lines: Mapping[int, Line], disclosed: Sequence[Disclosure]
) -> tuple[set[str], Wrong]:
    """Return the digests of the contents that belong to a bundle, and what does not fit.

    Of a personal file the record names the encrypted object; what was packed is the clear file
    that the item's disclosed descriptor names.
    """
    wanted: set[str] = set()
    wrong: Wrong = []
    brought = {
        line.data.get("item"): line
        for line in lines.values()
        if isinstance(line.data.get("attachment"), dict)
    }
    texts = {one.version: one.value for one in disclosed if one.pointer == f"/data/{DESCRIPTOR}"}
    for one in told:
        line = brought.get(one.item)
        if line is not None and line.data["attachment"].get("sha256") != one.attachment.sha256:
            wrong.append(("B02", f"the custody of {one.item} names another content than its event"))
        if one.erased or one.withheld:
            continue
        if line is None or DESCRIPTOR not in line.data:
            wanted.add(one.attachment.sha256)
            continue
        try:
            wanted.add(read_descriptor(texts[line.version]).sha256)
        except (KeyError, ValueError):
            wrong.append(("E20", f"the descriptor of {one.item} is missing or none"))
    return wanted, wrong
