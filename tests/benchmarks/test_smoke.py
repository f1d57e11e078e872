"""The benchmarks' own arithmetic: a ratio nobody can trust is worse than none. Nothing is timed."""

import json
from functools import partial
from importlib import import_module
from itertools import islice

import pytest

from tests.benchmarks.__main__ import BENCHMARKS
from tests.benchmarks.arithmetic import (
    Row,
    Skipped,
    Standing,
    Target,
    paired_ratio,
    percentile,
    turns,
)
from tests.benchmarks.measuring import (
    EVENTS_PER_STREAM,
    PAYLOAD_BYTES,
    payload,
    places,
    write_for,
)
from tests.benchmarks.report import as_json, line, table


def row(*, samples: tuple[float, ...], reference: tuple[float, ...], target: Target) -> Row:
    """Return a row with these samples."""
    return Row("name", "ours", "theirs", "/s", samples, reference, target)


def test_a_ratio_is_the_median_of_the_rounds_ratios() -> None:
    """A machine that slows down in the middle must not decide who is faster."""
    assert paired_ratio((200, 20, 300), (100, 10, 100)) == 2


def test_one_odd_round_does_not_move_a_ratio() -> None:
    """The machine is shared, so one round in five may be anything."""
    assert paired_ratio((10, 10, 10, 10, 90), (5, 5, 5, 5, 1)) == 2


@pytest.mark.parametrize(
    ("samples", "reference"), [((), ()), ((1.0,), (1.0, 2.0)), ((1.0,), (0.0,))]
)
def test_a_ratio_needs_a_reference_that_did_something_in_every_round(
    samples: tuple[float, ...], reference: tuple[float, ...]
) -> None:
    """A missing or idle reference must not look like a victory."""
    with pytest.raises(ValueError, match=r"round|nothing"):
        paired_ratio(samples, reference)


@pytest.mark.parametrize(
    ("ratio", "standing"),
    [
        (0.49, Standing.BELOW),
        (0.5, Standing.PASS),
        (0.69, Standing.PASS),
        (0.7, Standing.AIM),
    ],
)
def test_a_ratio_stands_below_the_bar_on_it_or_at_the_aim(ratio: float, standing: Standing) -> None:
    """Just reaching a mark is reaching it."""
    assert Target(0.5, 0.7).standing(ratio) is standing


def test_a_time_passes_when_it_is_at_most_the_bar() -> None:
    """Of times, less is better; the same comparison the other way round would praise slowness."""
    target = Target(2.0, 1.5, at_most=True)
    assert [target.standing(ratio) for ratio in (2.1, 2.0, 1.5)] == [
        Standing.BELOW,
        Standing.PASS,
        Standing.AIM,
    ]


def test_a_percentile_is_a_sample_that_was_seen() -> None:
    """Nothing is made up between two samples."""
    samples = [float(number) for number in range(1, 101)]
    assert (percentile(samples, 0.5), percentile(samples, 0.99)) == (50, 99)
    assert percentile([7.0], 0.99) == 7


def test_everybody_goes_first_in_turn() -> None:
    """Whoever always goes last would run on a warmer machine and a larger table."""
    assert turns(["a", "b"], 3) == [["a", "b"], ["b", "a"], ["a", "b"]]


def test_everybody_stores_the_same_number_of_bytes() -> None:
    """A shorter payload would be an advantage."""
    sizes = {len(payload(*place)) for place in islice(places(31), 3 * EVENTS_PER_STREAM)}
    assert sizes == {PAYLOAD_BYTES}
    json.loads(payload("ticket:T0-1", 1))


def test_a_writers_streams_are_its_own_and_count_from_one() -> None:
    """Two writers on one stream would measure conflicts."""
    mine, others = (list(islice(places(writer), 25)) for writer in (1, 2))
    assert not {stream for stream, _ in mine} & {stream for stream, _ in others}
    assert [version for _, version in mine[: EVENTS_PER_STREAM + 1]] == [
        *range(1, EVENTS_PER_STREAM + 1),
        1,
    ]


def test_every_append_of_every_writer_is_counted_once() -> None:
    """The count is what all rates are made of."""
    calls = [0, 0, 0]

    def writer(number: int) -> None:
        calls[number] += 1

    answer = write_for([partial(writer, number) for number in range(3)], 0.01)
    assert answer["count"] == sum(calls)
    assert answer["elapsed"] > 0


def test_a_writer_that_fails_fails_the_measurement() -> None:
    """An error must not pass for a fast append."""

    def failing() -> None:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_for([failing, lambda: None], 0.01)


def test_the_table_names_ratio_bar_aim_and_standing() -> None:
    """What the README quotes must be in it, and what was skipped must not vanish."""
    text = table(
        [row(samples=(100.0, 100.0), reference=(50.0, 50.0), target=Target(3, 6))],
        [Skipped("append against Message DB", "npm is not on the PATH")],
    )
    assert "2.00" in text
    assert "≥ 3" in text
    assert "≥ 6" in text
    assert "below" in text
    assert "skipped: append against Message DB: npm is not on the PATH" in text


def test_a_result_is_told_by_itself_with_its_bar_and_standing() -> None:
    """A run takes long; who watches it wants to know what is known."""
    one = row(samples=(30.0,), reference=(50.0,), target=Target(0.5))
    assert line(one) == "name: ours / theirs: 30 /s / 50 /s = 0.60 (≥ 0.5): pass"
    assert line(Skipped("append", "no npm")) == "skipped: append: no npm"


def test_the_json_holds_every_sample() -> None:
    """Whoever doubts a median can compute it again."""
    one = row(samples=(3.0, 4.0), reference=(2.0, 2.0), target=Target())
    written = json.loads(as_json([one], [], {"rounds": 2}))
    (told,) = written["rows"]
    assert told["samples"] == [3.0, 4.0]
    assert told["reference_samples"] == [2.0, 2.0]
    assert told["ratio"] == 1.75
    assert told["standing"] == "shown"
    assert written["settings"] == {"rounds": 2}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_that_can_be_asked_for_measures_something(name: str) -> None:
    """A name that leads nowhere would be found out half an hour into a run."""
    assert callable(import_module(f"tests.benchmarks.{BENCHMARKS[name]}").measure)
