"""The addresses of lists behind counts, each as of the moment it was counted (CO-03)."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec

from api.packed import in_address
from projections.diagnosis import Agreement
from replay.as_of import At

Links = Mapping[str, Mapping[str, str]]
"""Facet → value → the address of the list of what is counted."""
_OF_ROWS: Final = "reports"
"""The facet that counts rows of other systems and not tickets."""


class DimensionLinks(msgspec.Struct, frozen=True):
    """The tickets behind the counts of one dimension."""

    judged: str
    agreed: str
    pairs: Mapping[str, str]


class AgreementLinks(msgspec.Struct, frozen=True):
    """The tickets behind the counts of machine and person side by side."""

    diagnosed: str
    corrected: str
    dimensions: Mapping[str, DimensionLinks]


class When(msgspec.Struct, frozen=True):
    """When something was counted, so that its list is of then even when the ledger has gone on.

    Of what had occurred a list is what is on record when it is asked for, facts that were
    reported since among them.
    """

    moment: str
    at: At | None = None

    def href(self, path: str, **query: str) -> str:
        """Return the address of a list as of then."""
        if self.at is not None and self.at.occurred is not None:
            query["at_occurred"] = self.at.occurred
        elif self.moment:
            query["at_position"] = in_address(self.moment)
        return f"{path}?{urlencode(query)}" if query else path


def of_facets(facets: Mapping[str, Mapping[str, int]], is_open: str, when: When) -> Links:
    """Return the lists behind the counts of every facet."""
    return {
        facet: {value: of_value(facet, value, is_open, when) for value in values}
        for facet, values in facets.items()
    }


def of_value(facet: str, value: str, is_open: str, when: When) -> str:
    """Return the list of the tickets with a value of a facet, or of the rows that told a state."""
    if facet == _OF_ROWS:
        return when.href("/v1/reports", state=value)
    query = {"open": is_open}
    if facet != "tickets":
        query[facet] = value
    return when.href("/v1/queue", **query)


def of_agreement(found: Agreement, when: When) -> AgreementLinks:
    """Return the lists behind the counts of machine and person side by side."""
    return AgreementLinks(
        diagnosed=_diagnoses(when),
        corrected=_diagnoses(when, judged="true"),
        dimensions={
            name: DimensionLinks(
                judged=_diagnoses(when, judged="true"),
                agreed=_diagnoses(when, dimension=name, agreed="true"),
                pairs={pair: _diagnoses(when, **_of_pair(name, pair)) for pair in counts.pairs},
            )
            for name, counts in found.dimensions.items()
        },
    )


def _of_pair(dimension: str, pair: str) -> dict[str, str]:
    machine, _, person = pair.partition("/")
    return {"dimension": dimension, "machine": machine, "person": person}


def _diagnoses(when: When, **query: str) -> str:
    return when.href("/v1/diagnoses", **query)
