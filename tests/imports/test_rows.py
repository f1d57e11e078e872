"""What a row says by its mapping: pure, from texts to what the ledger is asked."""

from collections.abc import Callable
from datetime import datetime

import pytest

from api.imports.files import BadRow
from api.imports.mapping import Mapping, parse_mapping
from api.imports.rows import Fact, RowReader
from domain.streams import ticket_lane
from domain.values import ActorKind, Awaiting, Channel, Instant, Stage
from tests.imports.conftest import COLUMNS, SMALL, row

Values = dict[str, str]


def values(**cells: str) -> Values:
    """The cells of a row of the small help desk."""
    return {**dict(zip(COLUMNS.split(","), row().split(","), strict=True)), **cells}


def fact(mapping: Mapping, **cells: str) -> Fact:
    """What one row says."""
    (found,) = RowReader(mapping, lanes=4).facts(7, values(**cells))
    return found


@pytest.fixture
def mapping(small_mapping: Callable[..., Mapping]) -> Mapping:
    """The small help desk's."""
    return small_mapping()


def test_a_row_is_read_by_its_roles(mapping: Mapping) -> None:
    """Each role of the mapping has one place in the command."""
    found = fact(mapping, state="waiting", moves="2", in_time="no", desk="?")
    command = found.command

    assert (command.stage, command.awaiting, command.resolved) == (
        Stage.INTAKE,
        Awaiting.BUYER,
        False,
    )
    assert (command.buyer, command.by) == (f"{mapping.source}-b1", "w1")
    assert (command.queue, command.transfers, command.breached) == (None, 2, "answer")
    assert command.channel is Channel.IMPORT
    assert command.fields == (("topic", "printer"), ("in_time", "no"))
    assert command.text == '{"address":"Rua 1"}'
    assert ticket_lane(command.ticket) == found.lane


def test_a_request_is_known_by_source_case_and_sequence(mapping: Mapping) -> None:
    """Where the row stands in a file, and what else it says, is not part of who it is."""
    first, again = fact(mapping), fact(mapping, topic="scanner")
    other, later = fact(mapping, case="c2"), fact(mapping, seq="2")

    assert first.request.key == again.request.key
    assert len({first.request.key, other.request.key, later.request.key}) == 3
    assert first.request.actor.kind is ActorKind.SYSTEM


def test_no_part_of_an_identity_can_be_taken_for_another(mapping: Mapping) -> None:
    """A case may hold any sign a separator would be made of."""
    keys = {fact(mapping, case=case).request.key for case in ("a/1", 'a","1', "a,1", "a 1")}

    assert len(keys) == 4


def test_a_row_in_a_closed_state_is_resolved(mapping: Mapping) -> None:
    """Neither resolved nor closed is what open means."""
    assert fact(mapping, state="closed").command.resolved
    assert fact(mapping, state="solved").command.resolved
    assert not fact(mapping, state="new").command.resolved


def test_an_outcome_needs_its_state_and_its_time(mapping: Mapping) -> None:
    """In a solved state that was reopened later, the solution of the end is still the future."""
    end = {"solution": "toner", "solved_at": "2026-01-05T10:00:00Z"}
    early = {**end, "solved_at": "2026-01-05T10:00:01Z"}
    dateless = {**end, "solved_at": ""}

    assert fact(mapping, state="new", **end).command.outcome == ()
    assert fact(mapping, state="solved", **early).command.outcome == ()
    told = fact(mapping, state="solved", **end).command
    assert dict(told.outcome) == {"solved_at": "2026-01-05T10:00:00Z", "solution": "toner"}
    assert told.outcome_at == "2026-01-05T10:00:00.000000Z"
    without = fact(mapping, state="solved", **dateless).command
    assert (without.outcome, without.outcome_at) == ((("solution", "toner"),), None)


def test_a_case_without_a_buyer_is_about_somebody_of_its_own(mapping: Mapping) -> None:
    """Two cases of unknown people are not one person's."""
    assert fact(mapping, caller="?").command.buyer == f"{mapping.source}-c1"


def test_no_personal_value_leaves_no_personal_text(mapping: Mapping) -> None:
    """There is nothing to seal."""
    assert fact(mapping, address="").command.text is None


@pytest.mark.parametrize(
    ("form", "zone", "text", "expected"),
    [
        ("iso", "UTC", "2026-01-05", "2026-01-05T00:00:00.000000Z"),
        ("iso", "UTC", "2026-01-05T10:00:00+08:00", "2026-01-05T02:00:00.000000Z"),
        ("iso", "Asia/Shanghai", "2026-01-05 10:00", "2026-01-05T02:00:00.000000Z"),
        ("%d/%m/%Y %H:%M", "UTC", "5/1/2026 10:00", "2026-01-05T10:00:00.000000Z"),
        ("%d/%m/%Y", "Europe/Lisbon", "01/07/2026", "2026-06-30T23:00:00.000000Z"),
    ],
)
def test_times_are_read_as_the_mapping_says(
    form: str,
    zone: str,
    text: str,
    expected: str,
    small_mapping: Callable[[str], Mapping],
) -> None:
    """One spelling in the record, whatever the source's."""
    text_of_mapping = SMALL.replace(
        'time = "time"', f'time = "time"\ntime_format = "{form}"\nzone = "{zone}"', 1
    )

    assert fact(small_mapping(text_of_mapping), time=text).occurred_at == expected


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        pytest.param({"case": "?"}, "no_case", id="no case"),
        pytest.param({"case": "a\nb"}, "bad_case", id="a case of two lines"),
        pytest.param({"case": "x" * 201}, "bad_case", id="a long case"),
        pytest.param({"time": ""}, "no_time", id="no time"),
        pytest.param({"time": "05.01.2026"}, "bad_time", id="another form"),
        pytest.param({"time": "0001-01-01T00:00:00+14:00"}, "bad_time", id="before all time"),
        pytest.param({"time": "0017-01-01"}, "bad_time", id="a year of two digits"),
        pytest.param({"time": "9999-12-31T23:59:59-14:00"}, "bad_time", id="after all time"),
        pytest.param({"seq": ""}, "no_identity", id="no sequence"),
        pytest.param({"seq": "1.5"}, "bad_number", id="half a sequence"),
        pytest.param({"seq": "-1"}, "bad_number", id="below zero"),
        pytest.param({"seq": "٣"}, "bad_number", id="digits of another script"),
        pytest.param({"moves": "9" * 400}, "bad_number", id="too many moves"),
        pytest.param({"state": "gone"}, "unknown_state", id="unknown state"),
        pytest.param({"state": "?"}, "unknown_state", id="no state"),
        pytest.param(
            {"state": "closed", "solved_at": "soon"}, "bad_time", id="an outcome without time"
        ),
    ],
)
def test_a_row_that_can_not_be_understood_is_told_by_its_column(
    cells: Values, code: str, mapping: Mapping
) -> None:
    """The reason names the column and never the cell."""
    with pytest.raises(BadRow) as caught:
        fact(mapping, **cells)

    assert caught.value.code == code
    (column,) = set(cells) - {"state"} if len(cells) > 1 else set(cells)
    assert repr(column) in caught.value.reason
    assert all(cell not in caught.value.reason for cell in cells.values() if len(cell) > 1)


CHOOSING = SMALL.replace(
    "[ticket.breach]",
    '[ticket.priority]\ncolumn = "rank"\nvalues = { "high" = 1 }\n[ticket.breach]',
).replace('clear = ["topic"', 'clear = ["rank", "topic"')


def test_a_value_without_a_meaning_needs_a_default(small_mapping: Callable[[str], Mapping]) -> None:
    """A mapping says what every value means, or that it does not matter."""
    strict = small_mapping(CHOOSING)
    mild = small_mapping(CHOOSING.replace('column = "rank"', 'column = "rank"\ndefault = 4'))
    reader = RowReader(strict, lanes=1)

    assert reader.facts(1, values(rank="high"))[0].command.priority == 1
    with pytest.raises(BadRow, match="'rank'") as caught:
        reader.facts(1, values(rank="huge"))
    assert caught.value.code == "unknown_value"
    assert RowReader(mild, lanes=1).facts(1, values(rank="huge"))[0].command.priority == 4


STEPS = """
title = "Applications, a row each"
source = "steps"
[row]
case = "id"
[ticket]
queue = "office"
[state]
column = "answer"
[state.values]
received = { stage = "intake", awaiting = "agent" }
sent = { stage = "negotiation", awaiting = "merchant" }
yes = { stage = "closed", awaiting = "nobody" }
no = { stage = "closed", awaiting = "nobody" }
appealed = { stage = "intervention", awaiting = "arbitrator" }
[[step]]
name = "received"
time = "received_on"
state = "received"
[[step]]
name = "sent"
time = "sent_on"
state = "sent"
brings = ["sent_on", "office"]
[[step]]
name = "answered"
time = "answered_on"
brings = ["answered_on", "answer"]
[[step]]
name = "appealed"
time = "answered_on"
state = "appealed"
when = { column = "appeal", values = ["Yes"] }
brings = ["appeal"]
[columns]
clear = ["subject", "sent_on", "answered_on", "answer", "received_on"]
"""


def steps(**cells: str) -> list[Fact]:
    """The facts of a row that tells several."""
    told = {"id": "7", "subject": "roof", "received_on": "2026-01-01", "sent_on": "2026-01-03"}
    told |= {"answered_on": "2026-01-09", "answer": "no", "appeal": "Yes", "office": "north"}
    return RowReader(parse_mapping(STEPS.encode(), where="steps"), lanes=1).facts(3, told | cells)


def test_one_row_tells_its_facts_in_time_order() -> None:
    """A whole matter in one row is several dated facts."""
    found = steps()

    assert [one.command.state for one in found] == ["received", "sent", "no", "appealed"]
    assert [one.occurred_at[:10] for one in found] == [
        "2026-01-01",
        "2026-01-03",
        "2026-01-09",
        "2026-01-09",
    ]
    assert len({one.request.key for one in found}) == 4
    assert {one.number for one in found} == {3}


def test_a_step_knows_only_what_was_known_by_then() -> None:
    """The answer is not in the record of the question."""
    received, sent, answered, _ = (dict(one.command.fields) for one in steps())

    assert received == {
        "subject": "roof",
        "received_on": "2026-01-01",
        "sent_on": "",
        "answered_on": "",
        "answer": "",
    }
    assert sent == {**received, "sent_on": "2026-01-03"}
    assert (answered["answer"], answered["answered_on"]) == ("no", "2026-01-09")
    assert [one.command.queue for one in steps()] == [None, "north", "north", "north"]


def test_a_step_without_a_time_or_its_condition_did_not_happen() -> None:
    """What is not in the row is not invented."""
    assert [one.command.state for one in steps(appeal="")] == ["received", "sent", "no"]
    pending = steps(answered_on="", answer="")
    assert [one.command.state for one in pending] == ["received", "sent"]
    with pytest.raises(BadRow, match="none of the row's steps"):
        steps(received_on="", sent_on="", answered_on="")


def test_an_instant_is_one_spelling_for_all(mapping: Mapping) -> None:
    """Texts compare as the instants do."""
    at: Instant = fact(mapping).occurred_at
    assert datetime.fromisoformat(at).utcoffset() is not None
    assert len(at) == 27
