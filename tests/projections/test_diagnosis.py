"""Machine and person side by side: each ticket counts once, in every dimension."""

from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import DiagnosisCorrected
from domain.values import Kind, Responsible, Scenario
from projections import diagnosis
from tests.projections.conftest import MakeViews
from tests.projections.history import AGENT, History
from tests.projections.tickets import BOOK, diagnosed


def test_agreement_is_counted_by_dimension(make_views: MakeViews, db: Cursor) -> None:
    """DI-06: the rate is over the tickets a person judged too, and both answers stay to be seen."""
    history = History()
    views = make_views(history, page_size=4)
    diagnosed(history, "T0-261122-000001A", Kind.COMPLAINT, human=Kind.COMPLAINT)
    diagnosed(history, "T0-261122-000002A", Kind.COMPLAINT, human=Kind.DISPUTE)
    diagnosed(history, "T0-261122-000003A", Kind.COMPLAINT, human=None)
    assert views.catch_up(30)
    found = diagnosis.agreement(db)
    assert (found.diagnosed, found.corrected) == (3, 2)
    kind, responsible = found.dimensions["kind"], found.dimensions["responsible"]
    assert (kind.judged, kind.agreed, kind.agreed_bp) == (2, 1, 5_000)
    assert kind.pairs == {"complaint/complaint": 1, "complaint/dispute": 1}
    assert (responsible.judged, responsible.agreed) == (2, 0)
    assert found.dimensions["scenario"].agreed_bp == 10_000


def test_the_last_word_of_a_person_counts(make_views: MakeViews, db: Cursor) -> None:
    """A second correction takes the place of the first in the figures, not on the record."""
    history = History()
    views = make_views(history)
    ticket = "T0-261122-000001A"
    diagnosed(history, ticket, Kind.COMPLAINT, human=Kind.DISPUTE)
    assert views.catch_up(30)
    history.ticket(
        ticket,
        DiagnosisCorrected(
            scenario=Scenario.PRODUCT,
            responsible=Responsible.MERCHANT,
            kind=Kind.COMPLAINT,
            priority=3,
            policy=BOOK,
        ),
        by=AGENT,
    )
    assert views.catch_up(30)
    found = diagnosis.agreement(db)
    assert found.corrected == 1
    assert found.dimensions["kind"].pairs == {"complaint/complaint": 1}
    assert found.dimensions["responsible"].pairs == {"merchant/merchant": 1}
