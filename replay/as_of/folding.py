"""Streams up to a moment, folded by a view's own page; which streams is for others to say."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol, TypeVar

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.streams import stream_lane
from projections.projection import Page, Poisoned
from replay.as_of.moments import Upto
from replay.as_of.queues import Streams


class PageOfLane(Page, Protocol):
    """A page of a view that says which lane its records are of."""

    lane: int


P = TypeVar("P", bound=PageOfLane)


class Then(NamedTuple):
    """A moment by what was recorded, and what is read to see it: the views and the record."""

    db: Cursor
    streams: Streams
    upto: Upto

    def folded(self, page: P, names: Iterable[str]) -> P:
        """Return the page of a view with streams of its lane folded, as far as they count.

        What the view puts aside, and whatever follows it in its stream, counts nowhere.
        """
        last, aside = self.upto.places.get(page.lane, 0), set[str]()
        for record in self.streams(page.lane, sorted(set(names))):
            if record.position <= last and record.stream not in aside:
                try:
                    page.fold([(record.subject, record)])
                except Poisoned:
                    aside.add(record.stream)
        return page

    def by_lane(self, names: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield streams by the lanes they lie in."""
        found = defaultdict[int, list[str]](list)
        for name in names:
            found[stream_lane(name, len(self.upto.places))].append(name)
        yield from found.items()
