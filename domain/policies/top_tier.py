"""The proof that the top tier is led to a desk with somebody at it day and night (RO-06).

That such a desk has no empty minute is proved with the desks; here, that the way leads there and
that no broken promise leads away. An overflow does not, whatever the book says: `routing.relieves`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final

from domain.policies.clocks import ClockRule
from domain.policies.matters import Condition, Matter, MatterClass, classes_of
from domain.policies.routing import Desk, Queue, queue_of
from domain.policies.witnesses import PLAIN, matters_in
from domain.values import Kind, Reason, RemedyKind, Tier

OWN: Final = Condition(tier=(Tier.TOP,))
"""What tells the top tier and nothing else."""


def problems(
    classes: Sequence[MatterClass],
    queues: Sequence[Queue],
    desks: Sequence[Desk],
    clocks: Sequence[ClockRule],
    *,
    categories: Collection[str],
    services: Collection[str],
) -> list[str]:
    """Return where the top tier is led to a desk at which somebody may be missing.

    The queue that names the tier's own class comes first for every matter of the tier that has
    just come in, whatever it is about; what another class shares with the tier proves nothing, for
    its figures may change.
    """
    if not queues:
        return []
    own = {one.name for one in classes if set(one.any) == {OWN}}
    if not own:
        return [
            'matter: none is told by tier = ["top"] alone, so no queue is the top tier\'s (RO-06)'
        ]
    named = next((queue for queue in queues if queue.human and own & {*queue.any}), None)
    if named is None:
        asked = " or ".join(sorted(own))
        return [f"queue: none that people work names the class {asked}, the top tier's own (RO-06)"]
    proven = {desk.name for desk in desks if desk.day_and_night}
    if named.desk not in proven:
        return [
            f"queue {named.name} leads the top tier to the desk {named.desk}, which is not proven "
            "to be staffed day and night (RO-06)"
        ]
    found: dict[str, str] = {}
    for about, matter in _matters(categories, services):
        queue = queue_of(classes_of(matter, classes), queues)
        if not queue.human or queue.desk not in proven:
            found.setdefault(
                queue.name,
                f"queue {queue.name} takes a matter of the top tier ({about}) before "
                f"{named.name} does, and its desk {queue.desk} is not proven to be staffed day and "
                "night (RO-06)",
            )
    return [*found.values(), *_led_away(classes, queues, clocks, proven)]


def _led_away(
    classes: Sequence[MatterClass],
    queues: Sequence[Queue],
    clocks: Sequence[ClockRule],
    proven: Collection[str],
) -> Iterator[str]:
    """Yield the promises whose breach takes a matter of the top tier to a desk not proven."""
    named = {queue.name: queue for queue in queues}
    for clock in clocks:
        to = named.get(clock.moves_to or "")
        if to is None or (to.human and to.desk in proven):
            continue
        for matter in matters_in(clock.when, classes, milestones=clock.starts, also=OWN):
            found = classes_of(matter, classes)
            made = [one for one in clocks if one.is_made_to(found)]
            way = _moved(queue_of(found, queues).name, made)
            left = [name for name in way if clock.brings_from(name) is not None]
            if clock in made and left:
                yield (
                    f"clock {clock.id} moves a matter of the top tier from the queue {left[0]} "
                    f"to {to.name}, and its desk {to.desk} is not proven to be staffed day and "
                    "night (RO-06)"
                )
                break


def _moved(here: str, made: Sequence[ClockRule]) -> list[str]:
    """Return the queues that broken promises bring a matter to, from where it waits."""
    way = [here]
    for name in way:  # the way grows as it is walked
        for one in made:
            to = one.brings_from(name)
            if to is not None and to not in way:
                way.append(to)
    return way


def _matters(
    categories: Collection[str], services: Collection[str]
) -> Iterator[tuple[str, Matter]]:
    """Yield matters of the top tier as they come in: of each kind, about each thing there is."""
    varied: list[tuple[str, Mapping[str, Any]]] = [
        *((f"reason {one}", {"reason": one}) for one in Reason),
        *((f"remedy {one}", {"remedy": one}) for one in RemedyKind),
        *((f"category {one}", {"category": one}) for one in sorted(categories)),
        *((f"service {one}", {"services": (one,)}) for one in sorted(services)),
    ]
    for kind in Kind:
        for about, fields in varied:
            plain = {**PLAIN, **fields, "kind": kind, "tier": Tier.TOP}
            yield f"{kind}, {about}", Matter(**plain)
