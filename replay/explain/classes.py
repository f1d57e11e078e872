"""The classes a matter is in, each with the condition it meets, and the attributes they rest on."""

from typing import Final, NamedTuple

from domain.policies.book import Book
from domain.policies.matters import Matter
from domain.ticket.matter import matter_of
from replay.explain.history import Moment
from replay.explain.telling import Input, Step, ref, text_of

_QUIET: Final = (None, False, 0, (), frozenset[str]())


class Classed(NamedTuple):
    """What a matter was, and the classes that follow."""

    inputs: tuple[Input, ...]
    steps: tuple[Step, ...]
    names: frozenset[str]


def classed(moment: Moment, book: Book) -> Classed:
    """Return the classes of a matter as it was when a fact followed."""
    assert moment.before is not None, "classes are told of a ticket that is there"
    matter = matter_of(moment.before, moment.order)
    steps = []
    names: frozenset[str] = frozenset()
    for one in book.matter:
        met = next((each for each in one.any if each.holds(matter, names)), None)
        if met is not None:
            asks = met.model_dump(mode="json", exclude_defaults=True)
            steps.append(Step(f"It is in the class {one.name}, which asks for {text_of(asks)}."))
            names |= {one.name}
    return Classed(_attributes(matter, moment), tuple(steps), names)


def _attributes(matter: Matter, moment: Moment) -> tuple[Input, ...]:
    found = []
    for name in matter.__struct_fields__:
        value = getattr(matter, name)
        if name != "milestones" and value not in _QUIET:
            cause = moment.attributes.get(name)
            found.append(Input(name, text_of(value), None if cause is None else ref(cause)))
    found += [
        Input(f"milestone:{name}", cause.at, ref(cause))
        for name, cause in moment.milestones.items()
    ]
    return tuple(found)
