"""Machine and person side by side: each ticket counts once, in every dimension."""

from typing import Any

import pytest
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from domain.events import DiagnosisCorrected
from domain.values import Kind, Responsible, Scenario
from projections import blocks, diagnosis
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


@pytest.mark.parametrize("block", [1, 3, 16_384])
def test_of_any_moment_the_counts_are_those_of_then_and_open_their_lists(
    make_views: MakeViews, db: Cursor, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """CO-03: pairs that were taken back still stood when they stood, wherever a block ends."""
    monkeypatch.setattr(blocks, "POSITIONS", block)
    history = History()
    views = make_views(history, page_size=2)
    then: list[tuple[str, diagnosis.Agreement]] = []
    kinds = (Kind.COMPLAINT, Kind.DISPUTE, None, Kind.CONSULTATION)
    for number, human in enumerate(kinds):
        diagnosed(history, f"T0-261122-00000{number}A", Kind.COMPLAINT, human=human)
        assert views.catch_up(30)
        found = diagnosis.agreement(db)
        then.append((found.position, found))
    again = DiagnosisCorrected(
        scenario=Scenario.PRODUCT,
        responsible=Responsible.MERCHANT,
        kind=Kind.COMPLAINT,
        priority=3,
        policy=BOOK,
    )
    for number in (1, 1, 3):
        history.ticket(f"T0-261122-00000{number}A", again, by=AGENT)
    assert views.catch_up(30)
    then.append((diagnosis.agreement(db).position, diagnosis.agreement(db)))
    for moment, found in then:
        assert diagnosis.agreement_at(db, moment) == found
        assert len(listed(db, moment)) == found.diagnosed
        assert len(listed(db, moment, judged=True)) == found.corrected
        assert len(listed(db, moment, judged=False)) == found.diagnosed - found.corrected
        for name, counts in found.dimensions.items():
            agreed = listed(db, moment, dimension=name, agreed=True)
            assert len(agreed) == counts.agreed
            assert all(row.person and row.machine[name] == row.person[name] for row in agreed)
            differing = listed(db, moment, dimension=name, agreed=False)
            assert len(differing) == counts.judged - counts.agreed
            for pair, number in counts.pairs.items():
                machine, _, person = pair.partition("/")
                rows = listed(db, moment, dimension=name, machine=machine, person=person)
                assert len(rows) == number
    last, found = then[-1]
    assert listed(db, None, judged=True) == listed(db, last, judged=True)
    assert found.dimensions["kind"].pairs == {"complaint/complaint": 3}


def test_what_both_said_is_asked_of_a_dimension(db: Cursor) -> None:
    """Of which one is for the caller to say."""
    with pytest.raises(ValueError, match="dimension"):
        diagnosis.page(db, diagnosis.Filters(machine="merchant"), None, None, 10)
    with pytest.raises(ValueError, match="page"):
        diagnosis.page(db, diagnosis.Filters(), None, None, 201)


def listed(db: Cursor, moment: str | None, **filters: Any) -> list[diagnosis.Row]:
    """Return every ticket that is asked for, page by page."""
    found: list[diagnosis.Row] = []
    after: diagnosis.Key | None = None
    while True:
        page = diagnosis.page(db, diagnosis.Filters(**filters), moment, after, 2)
        found += page.rows
        after = page.next
        if after is None:
            assert len({row.ticket for row in found}) == len(found)
            return found
