"""What a mapping file may say, and that it is told where it is wrong."""

from pathlib import Path

import pytest

from api.imports.mapping import MappingError, load_mapping, parse_mapping, shipped_names
from tests.imports.conftest import SMALL


def refused(text: str) -> str:
    """The sentence with which a mapping is refused."""
    with pytest.raises(MappingError) as caught:
        parse_mapping(text.encode(), where="mine.toml")
    return str(caught.value)


@pytest.mark.parametrize("name", shipped_names())
def test_every_mapping_that_ships_can_be_used(name: str) -> None:
    """What is in the box works."""
    assert load_mapping(name).source == name


def test_three_mappings_ship() -> None:
    """The logs that the figures of the tests come from."""
    assert shipped_names() == ["cfpb", "helpdesk", "uci498"]


def test_a_mapping_is_found_by_its_path(tmp_path: Path) -> None:
    """A new log needs a mapping file and nothing else."""
    place = tmp_path / "mine.toml"
    place.write_text(SMALL.replace("SOURCE", "mine"), encoding="utf-8")

    assert load_mapping(str(place)).source == "mine"


def test_an_unknown_name_tells_the_names_there_are(tmp_path: Path) -> None:
    """Whoever mistypes a name sees what to type."""
    with pytest.raises(MappingError, match="cfpb, helpdesk, uci498"):
        load_mapping(str(tmp_path / "missing"))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param("[row]", "[row", "mine.toml is not TOML", id="no TOML"),
        pytest.param("[row]", "[row]\ncolour = 1", "row.colour is not a key", id="unknown key"),
        pytest.param('source = "SOURCE"', 'source = "A-b"', "source", id="source name"),
        pytest.param('stage = "remedy"', 'stage = "done"', "state.values.solved", id="our words"),
        pytest.param('time = "time"', 'time = "time"\nzone = "Mars"', "row.zone", id="zone"),
        pytest.param('time = "time"', "", "row.time", id="no time"),
        pytest.param('seq = "seq"', "", "row.seq or row.identity", id="rows not told apart"),
        pytest.param('["solved", "closed"]', '["done"]', "'done'", id="unknown state"),
        pytest.param('at = "solved_at"', 'at = "topic"', "outcome.at", id="outcome not its own"),
        pytest.param('"topic", ', '"topic", "topic", ', "declared twice: topic", id="twice"),
        pytest.param('["address"]', '["address", "topic"]', "declared twice", id="two ways"),
        pytest.param('["noise"]', '["noise", "desk"]', "ticket.queue", id="a dropped role"),
        pytest.param('["address"]', '["address", "desk"]', "personal", id="a personal role"),
        pytest.param('"About {topic}"', '"{topic.x}"', "intake.statement", id="braces"),
        pytest.param('"About {topic}"', '"{}"', "intake.statement", id="no column in braces"),
        pytest.param(
            "[ticket.breach]", "[ticket.priority]\ndefault = 9\n[ticket.breach]", "priority", id="9"
        ),
        pytest.param(
            "[ticket.breach]", "[ticket.kind]\n[ticket.breach]", "ticket.kind", id="no choice"
        ),
    ],
)
def test_a_mapping_that_is_wrong_is_refused_and_the_place_is_named(
    old: str, new: str, told: str
) -> None:
    """A mapping decides what enters the record: it is right or it is not used."""
    assert old in SMALL
    text = SMALL.replace(old, new, 1).replace('"SOURCE"', '"mine"')
    assert told in refused(text)


STEPS = """
title = "Steps"
source = "steps"
[row]
case = "id"
[state.values]
open = { stage = "intake", awaiting = "agent" }
[[step]]
name = "opened"
time = "opened_on"
state = "open"
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param('case = "id"', 'case = "id"\ntime = "t"', "row.time", id="two times"),
        pytest.param('state = "open"', "", "needs a state", id="no state"),
        pytest.param('state = "open"', 'state = "shut"', "'shut'", id="unknown state"),
        pytest.param(
            'state = "open"',
            'state = "open"\n[[step]]\nname = "opened"\ntime = "t"\nstate = "open"',
            "two steps have one name",
            id="one name",
        ),
    ],
)
def test_steps_are_checked_too(old: str, new: str, told: str) -> None:
    """A row that tells several facts needs a time, a state and a name for each."""
    assert told in refused(STEPS.replace(old, new, 1))
    parse_mapping(STEPS.encode(), where="steps.toml")
