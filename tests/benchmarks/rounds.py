"""Contestants measured in turns, round by round; what they do is theirs."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

from tests.benchmarks.arithmetic import turns

Answer = Mapping[str, Any]


def rates_in_turns(
    contestants: Mapping[str, Callable[[], Answer]], rounds: int, *, load: str
) -> dict[str, tuple[float, ...]]:
    """Return each contestant's rate, round by round; a first round only warms up."""
    names = list(contestants)
    samples: dict[str, list[float]] = {name: [] for name in names}
    for number, turn in enumerate([names, *turns(names, rounds)]):
        for name in turn:
            rate = _told(f"{name}, {load}", contestants[name]())
            if number:
                samples[name].append(rate)
    return {name: tuple(rates) for name, rates in samples.items()}


def _told(name: str, answer: Answer) -> float:
    rate: float = answer["count"] / answer["elapsed"]
    times = [f", {at} {answer[f'{at}_ms']:.2f} ms" for at in ("p50", "p99") if f"{at}_ms" in answer]
    print(f"{name}: {rate:,.0f} /s{''.join(times)}", file=sys.stderr)  # noqa: T201 - words go there
    return rate
