"""The proof that whoever is promised a person does not wait where nobody works."""

from collections.abc import Iterator, Sequence
from typing import Final

from domain.milestones import Milestone
from domain.policies.clocks import OF_A_PERSON, ClockRule
from domain.policies.matters import MatterClass, classes_of
from domain.policies.routing import Load, Queue, queue_of
from domain.policies.witnesses import matters_in

OF_A_MACHINE: Final = frozenset({Milestone.AUTOMATIC_ANSWER, Milestone.EFFECTIVE_ANSWER})
"""What a machine does as well: a promise that it keeps is not one of a person."""


def problems(
    clocks: Sequence[ClockRule],
    classes: Sequence[MatterClass],
    queues: Sequence[Queue],
    load: Load | None,
) -> Iterator[str]:
    """Yield where a book leads to a queue that nobody works, or leaves a matter there."""
    empty = {queue.name: queue for queue in queues if not queue.human}
    if load is not None and load.overflow in empty:
        yield f"load overflows to the queue {load.overflow}, which nobody works (RO-03)"
    for clock in clocks:
        if clock.moves_to in empty:
            yield f"clock {clock.id} moves to the queue {clock.moves_to}, which nobody works"
        if clock.metric_only or not _asks_for_a_person(clock):
            continue
        yield from (
            f"clock {clock.id} asks for a person, and the queue {queue.name}, which nobody works, "
            f"takes a matter it is promised to: nothing moves it in time ({clock.row})"
            for queue in empty.values()
            if _is_left(clock, clocks, classes, queues, queue)
        )


def _asks_for_a_person(clock: ClockRule) -> bool:
    return not OF_A_PERSON.isdisjoint(clock.stops) and OF_A_MACHINE.isdisjoint(clock.stops)


def _is_left(
    clock: ClockRule,
    clocks: Sequence[ClockRule],
    classes: Sequence[MatterClass],
    queues: Sequence[Queue],
    queue: Queue,
) -> bool:
    """Return whether a matter with a promise stays in a queue until the promise is broken."""
    for name in queue.any or (None,):
        asked = clock.when if name is None else (*clock.when, name)
        for matter in matters_in(asked, classes, milestones=clock.starts):
            found = classes_of(matter, classes)
            if not clock.is_made_to(found) or queue_of(found, queues) is not queue:
                continue
            made = (one for one in clocks if one.is_made_to(found))
            if not any(_moves_in_time(one, clock, queue) for one in made):
                return True
    return False


def _moves_in_time(other: ClockRule, clock: ClockRule, queue: Queue) -> bool:
    """Return whether the breach of a promise, or of an earlier one, takes a matter out of a queue.

    One that any word of a machine keeps may never be broken, and so moves nothing for certain.
    """
    return (
        other.brings_from(queue.name) is not None
        and Milestone.AUTOMATIC_ANSWER not in other.stops
        and {*other.starts} <= {*clock.starts}
        and (other is clock or other.within < clock.within)
    )
