"""The requests to other departments as of a moment, each as it stood then."""

from domain.streams import ticket_stream
from projections import departments
from projections.departments import Asked, DepartmentsPage, Filters, Key, RequestPage
from replay.as_of.folding import Then


def request_page(then: Then, filters: Filters, after: Key | None, limit: int) -> RequestPage:
    """Return a page of requests as they were, the longest waiting first."""
    keys = departments.keys_at(then.db, then.upto.places, filters, after, limit + 1)
    wanted = keys[:limit]
    found: dict[tuple[str, str], Asked] = {}
    for lane, names in then.by_lane({ticket_stream(key.ticket) for key in wanted}):
        found |= then.folded(DepartmentsPage(lane), names).requests
    rows = tuple(found[key.ticket, key.request] for key in wanted)
    return RequestPage(then.upto.moment, rows, wanted[-1] if len(keys) > limit else None)
