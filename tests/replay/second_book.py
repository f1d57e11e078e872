"""A second book that differs from the packaged one in most subjects; no test is here."""

import re
from collections.abc import Callable

from tests.scenario import whole_bytes

CLOCKS = {
    "complaint_takeover": {"within": '"PT15M"'},
    "medium_priority_closed": {"calendar": '"cn_office"'},
    "bot_first": {"within": '"PT10M"'},
    "vip_plan": {"within": '"PT2H"'},
    "high_priority_plan": {"within": '"PT1H"', "asks": '["legal"]'},
    "department_plan": {"within": '"PT4H"'},
    "fresh_solution": {"within": '"PT3H"', "payout": '{ share_bp = 1000, source = "SL-19" }'},
    "negative_resolved": {
        "within": '"PT3H"',
        "payout": '{ amount_minor = 3000, currency = "CNY", source = "ours" }',
    },
    "refund_to_card": {"within": '"PT1H"'},
    "return_review": {"within": '"PT6H"'},
    "ruling": {"within": '"PT10H"'},
    "consultation_guidance": {"moves_to": '"senior"'},
}
"""By promise: the columns that are otherwise."""
DEADLINES = {
    "offer": "PT20M",
    "evidence": "PT30M",
    "appeal": "P3D",
    "closing": "P3D",
}
"""By deadline: its time, where it is not that of a promise."""
OTHERWISE = (
    ('version = "2026-11-22"\nin_force', 'version = "second"\nin_force'),
    (
        'of = "complaint"\nsubject = "weight"\npoints = 20',
        'of = "complaint"\nsubject = "weight"\npoints = 36',
    ),
    (
        'any = ["negative", "high_priority", "complaint", "dispute"]',
        'any = ["negative", "high_priority", "dispute"]',
    ),
    ('id = "delivery.not_received"', 'id = "delivery.not_arrived"'),
    ("refund_bp = 10000", "refund_bp = 9000"),
    ('[survey]\nwithin = "P7D"', '[survey]\nwithin = "P5D"'),
)


def second_book() -> bytes:
    """Return the bytes of the book."""
    text = whole_bytes(*OTHERWISE).decode()
    for name, columns in CLOCKS.items():
        for column, value in columns.items():
            text = _in_row(text, f'[[clock]]\nid = "{name}"', _column(column, value))
    for name, within in DEADLINES.items():
        text = _in_row(text, f'[[deadline]]\nname = "{name}"', _column("within", f'"{within}"'))
    return _in_row(text, '[[clock]]\nid = "vip_answer"', lambda _row: "").encode()


def _in_row(text: str, head: str, change: Callable[[str], str]) -> str:
    """Return a book's text with one row changed, which is found by how it begins."""
    assert text.count(head) == 1, f"{head!r} does not stand once in the book"
    start = text.index(head)
    end = text.find("\n[", start + 2)
    return text[:start] + change(text[start:end]) + text[end:]


def _column(name: str, value: str) -> Callable[[str], str]:
    def change(row: str) -> str:
        line = re.compile(rf"^{name} = .*$", re.MULTILINE)
        if line.search(row):
            return line.sub(lambda _found: f"{name} = {value}", row)
        return f"{row.rstrip()}\n{name} = {value}\n"

    return change
