"""Writes docs/events.md from the registry: `python -m tests.rules.events_page`; a test compares."""

import inspect
from pathlib import Path

import msgspec

from domain.events import EVENTS, personal_fields

PAGE = Path(__file__).parents[2] / "docs" / "events.md"

HEAD = """# Events

Every fact the ledger can hold, by the family of its stream. A topic is a name for ever: a changed
shape is a new version with an upcast, and stored bytes are never rewritten. *Who*, *when* and
*under which command* stand in the record around the event. A field in *italics* is personal: the
record holds a commitment to it.

This page is written from the registry by `python -m tests.rules.events_page`.
"""


def page() -> str:
    """Return the page's text."""
    parts = [HEAD]
    for family in dict.fromkeys(event.FAMILY for event in EVENTS.values()):
        parts.append(f"\n## {family}\n\n| topic | what happened | fields |\n| --- | --- | --- |\n")
        for topic, event in EVENTS.items():
            if family == event.FAMILY:
                sentence = (inspect.getdoc(event) or "").partition("\n\n")[0].replace("\n", " ")
                personal = personal_fields(event)
                names = [
                    f"*{field.name}*" if field.name in personal else f"`{field.name}`"
                    for field in msgspec.structs.fields(event)
                ]
                parts.append(f"| `{topic}` | {sentence} | {' '.join(names)} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
