"""The arbitration view: a ticket's case file, laid out for judgement.

Claim and answer side by side, every evidence item with its digest and its place in the record,
deadlines, offers, rulings, and the whole timeline. Read it with `case_file`, which takes a cursor
and a ticket. It holds no personal value, only the place (stream, version, field) of each: the
caller opens those its reader may see.
"""

from projections.arbitration import evidence, handlers, judgement, promises
from projections.arbitration.places import Mark, Place
from projections.arbitration.reading import CaseFile, TimelineEntry, case_file, places
from projections.arbitration.rows import CaseRow
from projections.arbitration.view import VIEW

__all__ = [
    "VIEW",
    "CaseFile",
    "CaseRow",
    "Mark",
    "Place",
    "TimelineEntry",
    "case_file",
    "evidence",
    "handlers",
    "judgement",
    "places",
    "promises",
]
