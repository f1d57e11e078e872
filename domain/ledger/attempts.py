"""From a judged command to what the append is given: heads it rests on, lines and names."""

from domain.ledger.batch import Attempt, Link
from domain.ledger.waiting import Judged


def attempt_of(one: Judged) -> Attempt:
    """Return a judged command as the append wants it: every head it was judged on is checked."""
    stamped = one.stamped
    assert stamped is not None, "what is appended has been stamped"
    return Attempt(
        command=one.waiting.command,
        body_hmac=one.waiting.hmac,
        links=tuple(Link(head.stream, head.version, head.leaf_hash) for head in one.heads.values()),
        lines=stamped.lines,
        take=tuple(names_taken(one)),
        free=tuple(_freed(one)),
        keys=stamped.keys,
        disclosures=stamped.disclosures,
    )


def names_taken(one: Judged) -> list[tuple[str, str]]:
    """Return the names that the facts reserve: they follow from the fold, so they are derivable."""
    before, after = _holds(one)
    return [(name, one.main.stream) for name in after if name not in before]


def _freed(one: Judged) -> list[str]:
    """Return the names that the facts free."""
    before, after = _holds(one)
    return [name for name in before if name not in after]


def _holds(one: Judged) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the names a ticket reserves before and after; other streams reserve none."""
    assert one.stamped is not None, "what reserves has been stamped"
    end = one.stamped.heads[one.main.stream]
    return getattr(one.main.state, "holds", ()), getattr(end.state, "holds", ())
