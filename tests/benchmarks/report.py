"""The results as a table for people and as JSON for programs; nothing here measures."""

import json
import os
import platform
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from tests.benchmarks.arithmetic import Row, Skipped

_HEADINGS: Final = ("benchmark", "ours", "reference", "ratio", "bar", "aim", "")


def table(rows: Sequence[Row], skipped: Sequence[Skipped]) -> str:
    """Return the results in columns, then what was skipped and why."""
    lines = [_HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADINGS))]
    text = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    text += [line(miss) for miss in skipped]
    return "\n".join(text)


def line(result: Row | Skipped) -> str:
    """Return one result by itself, to be told when it is known and the others are not yet."""
    if isinstance(result, Skipped):
        return f"skipped: {result.name}: {result.reason}"
    name, ours, reference, ratio, bar, _, standing = _cells(result)
    against = f" ({bar})" if bar else ""
    return f"{name}: {ours} / {reference} = {ratio}{against}: {standing}"


def as_json(rows: Sequence[Row], skipped: Sequence[Skipped], settings: dict[str, Any]) -> str:
    """Return everything that was measured, samples included."""
    return json.dumps(
        {
            "machine": {
                "processors": os.cpu_count(),
                "system": platform.platform(),
                "python": platform.python_version(),
            },
            "settings": settings,
            "rows": [_members(row) for row in rows],
            "skipped": [{"name": miss.name, "reason": miss.reason} for miss in skipped],
        },
        indent=2,
    )


def _cells(row: Row) -> tuple[str, ...]:
    sign = "≤" if row.target.at_most else "≥"
    return (
        f"{row.name}: {row.what} / {row.reference}",
        f"{_figure(median(row.samples))} {row.unit}",
        f"{_figure(median(row.reference_samples))} {row.unit}",
        f"{row.ratio:.2f}",
        "" if row.target.bar is None else f"{sign} {row.target.bar:g}",
        "" if row.target.aim is None else f"{sign} {row.target.aim:g}",
        str(row.standing),
    )


def _members(row: Row) -> dict[str, Any]:
    return {
        "name": row.name,
        "what": row.what,
        "reference": row.reference,
        "ratio": round(row.ratio, 4),
        "bar": row.target.bar,
        "aim": row.target.aim,
        "at_most": row.target.at_most,
        "standing": str(row.standing),
        "unit": row.unit,
        "median": median(row.samples),
        "reference_median": median(row.reference_samples),
        "samples": row.samples,
        "reference_samples": row.reference_samples,
        "note": row.note,
    }


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
