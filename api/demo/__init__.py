"""The demo: a believable day of an e-commerce platform, and the worked case told step by step.

Everything happens through the public API, in process, under a `now` that starts in the past and
catches up; nothing is back-dated by other means.
"""

import sys
from datetime import timedelta
from typing import Any, Final

from api.demo.client import Client
from api.demo.day import TICKETS_PER_DAY, Day, Made, lead
from api.demo.now import HeldNow
from api.demo.story import Story
from api.ids import wall_clock
from api.settings import Settings
from api.wiring import Dsns, database, joined, services
from domain.streams import ticket_id
from domain.values import Instant, later

SEED: Final = 1
"""The same seed makes the same day."""


class NotEmpty(RuntimeError):  # noqa: N818 - named for what the ledger is
    """The ledger holds records already; the demo only goes into an empty one."""


def run(
    settings: Settings,
    *,
    days: int = 1,
    seed: int = SEED,
    tickets_per_day: int = TICKETS_PER_DAY,
    end: Instant | None = None,
) -> dict[str, Any]:
    """Fill an empty ledger with days and return what was made; raise NotEmpty."""
    with database(settings, makes=True) as dsns:
        made = load(settings, dsns, days=days, seed=seed, tickets_per_day=tickets_per_day, end=end)
    return {
        "tickets": made.tickets,
        "commands": made.commands,
        "refused": made.refused,
        "story": made.story,
    }


def load(
    settings: Settings,
    dsns: Dsns,
    *,
    days: int = 1,
    seed: int = SEED,
    tickets_per_day: int = TICKETS_PER_DAY,
    end: Instant | None = None,
) -> Made:
    """Fill an empty ledger with days up to `end`, which is now, and what lies before them.

    That is the worked case, and before a day or a few some matters that were ruled and are closed.

    Raises NotEmpty.
    """
    end = end or wall_clock()
    now = HeldNow(later(end, -timedelta(days=days) - lead(days)))
    day = Day(seed, now, end=end, days=days, tickets_per_day=tickets_per_day)

    def draw(lane: int, at: Instant) -> str:
        return ticket_id(lane, at[2:4] + at[5:7] + at[8:10], day.chance.getrandbits(30))

    with joined(settings, dsns, now=now, draw=draw) as parts:
        if not is_empty(parts.ledger):
            raise NotEmpty(
                "this ledger holds records already; point TICKETLEDGER_DATA_DIR at an empty "
                "directory to see the demo"
            )
        return day.make(parts)


def load_into_empty(settings: Settings, dsns: Dsns) -> None:
    """Fill the ledger with a day when it is empty; leave any other as it is."""
    print("an empty ledger gets a day of a platform first ...", file=sys.stderr, flush=True)  # noqa: T201 - a person waits
    try:
        made = load(settings, dsns)
    except NotEmpty:
        print("... but it holds records already: nothing is added", file=sys.stderr)  # noqa: T201
    else:
        print(f"... {made.tickets} tickets; the worked case is {made.story}", file=sys.stderr)  # noqa: T201


def tell_story(settings: Settings, *, as_json: bool = False) -> None:
    """Tell the worked case through the API of this ledger, one line a step."""
    with services(settings, makes=True) as parts, Client(parts) as client:
        Story(client, wall_clock).tell(as_json=as_json)


def is_empty(ledger: Any) -> bool:
    """Return whether nothing but the adoption of books and keys is on record."""
    return all(
        record.stream.startswith(("policy:", "ledger:"))
        for lane in range(ledger.lanes)
        for record in ledger.records(lane, 0, 10)
    )
