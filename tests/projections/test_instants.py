"""The view of instants: what it says is always true, and leaves little to be looked at."""

from datetime import timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec import structs
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.values import Instant, later
from projections import instants
from projections.instants import STRIDE, last_before
from tests.projections.conftest import MakeViews, gone_afterwards
from tests.projections.history import History, at
from tests.projections.tickets import opened

LANES = (1,)
MINUTES = st.lists(st.integers(0, 40), min_size=1, max_size=5 * STRIDE)
"""When each record was made, by clocks that differ."""


@settings(
    max_examples=25,
    # An example takes a view's making: what fails is told as it was found.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(MINUTES, st.integers(1, 3 * STRIDE))
def test_what_is_marked_was_recorded_by_then_and_little_more_was(
    make_views: MakeViews, db: Cursor, minutes: list[int], page_size: int
) -> None:
    """However many records the view takes at once."""
    views = make_views(recorded(minutes), views=(instants.VIEW,), page_size=page_size)
    with gone_afterwards(views):
        assert views.catch_up(30)
        for minute in {0, 41, *minutes}:
            for asked in (at(minute), later(at(minute), timedelta(seconds=30))):
                found = last_before(db, 0, asked)
                assert all(at(one) <= asked for one in minutes[:found])
                assert longest(minutes, asked) - found < STRIDE


def recorded(minutes: list[int]) -> History:
    """Return a history whose records were made at these minutes."""
    history = History()
    for number, minute in enumerate(minutes):
        history.ticket(f"T0-{number}", opened())
        envelope = history.of_lane[0][-1].envelope
        history.of_lane[0][-1] = structs.replace(
            history.of_lane[0][-1], envelope=structs.replace(envelope, at=at(minute))
        )
    return history


def longest(minutes: list[int], asked: Instant) -> int:
    """Return the end of the longest beginning with nothing made after an instant."""
    return next((n for n, one in enumerate(minutes) if at(one) > asked), len(minutes))
