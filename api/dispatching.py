"""Giving what waits to who is there: one round over the queues of the book.

What waits and who is there is read from a view, what fits is said by `domain.processes`, and sent
as ordinary commands with keys of their own, which may be refused. Queues at whose desk nobody is
registered are worked by claims alone: nothing is given out there, and nothing overflows.

Claims and other workers see what this one sees, so together they may bring an agent above the
limit; a round begins with taking back what came last.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Final, NamedTuple, TypeVar

from msgspec.structs import replace
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - the class, by its name

from api.firing import NOT_NOW
from api.reads.agents import available
from api.wiring import Services
from domain import errors
from domain.commands import ChooseAgent, QueueTicket, ReturnAssignment, WatchQueue
from domain.ledger.connections import AppendUnknown, DatabaseUnavailable
from domain.ledger.requests import Outcome, Request
from domain.policies.book import Book
from domain.policies.routing import Load, Queue, full_at, overflows, relieves, uncertified
from domain.processes import assignment
from domain.processes.assignment import Available
from domain.streams import parse_moment
from domain.ticket.guards import is_supervised
from domain.ticket.routing import best_of
from domain.values import SYSTEM, Candidate
from projections import agents
from projections.agents import Figures, Place, Staff, Waiting

BATCH_MAX: Final = 200
"""How many matters of one queue are read at once; a round looks at twice as many."""
log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Step(NamedTuple):
    """One command of a round, with its key and what to call it in a log."""

    command: ChooseAgent | QueueTicket | ReturnAssignment | WatchQueue
    key: str
    what: str
    version: int | None = None
    """Of the ticket as it was looked at, where the command rests on that."""


class Lists:
    """What waits, read a page at a time, with the places where the last round stopped.

    A round reads the beginning of a list, where the most urgent stands, and one page from where
    it stopped before: what fits nobody holds up what stands behind it only for a while.
    """

    def __init__(self, page_size: int) -> None:
        """Read pages of a size, from the beginning."""
        self._page_size = page_size
        self._reached: dict[str, Place] = {}

    def read(
        self, name: str, page: Callable[[Place | None, int], Sequence[Waiting]]
    ) -> Iterable[Waiting]:
        """Return what a round looks at of a list; who stops before its end goes on there."""
        first = page(None, self._page_size)
        yield from first
        if len(first) == self._page_size:
            last = first[-1].at
            further = page(max(last, self._reached.get(name, last)), self._page_size)
            for one in further:
                self._reached[name] = one.at
                yield one
            if len(further) == self._page_size:
                return
        self._reached.pop(name, None)


class Dispatching:
    """Gives matters out, and waits until the view has heard of it before it counts again."""

    def __init__(
        self,
        parts: Services,
        send: Callable[[Request], "Future[Outcome]"],
        *,
        page_size: int = BATCH_MAX,
    ) -> None:
        """Read the view of the given parts, and send through the given function."""
        self._parts = parts
        self._send = send
        self._lists = Lists(page_size)
        self._told: dict[int, int] = {}

    def step(self) -> int:
        """Take one round over the queues; return how many commands changed something."""
        book = self._parts.ledger.book
        if book.load is None:
            return 0
        staff = self._parts.read_now(lambda connection: agents.everybody(connection.cursor()))
        if not staff.agents or not self._heard(staff):
            return 0
        steps = Round(self._parts, book, book.load, staff, self._lists).steps()
        sent = [(one, self._send(_request(one))) for one in steps]
        return sum(self._answered(one, answer) for one, answer in sent)

    def _heard(self, staff: Staff) -> bool:
        """Return whether the view has read what was given out: else it counts too little."""
        read = parse_moment(staff.moment) if staff.moment else {}
        return all(read.get(lane, 0) >= position for lane, position in self._told.items())

    def _answered(self, one: Step, answer: "Future[Outcome]") -> int:
        """Return 1 for a command that changed something."""
        try:
            outcome = answer.result()
        except NOT_NOW as refusal:
            log.info("%s is asked again: %s", one.what, refusal.code)
            return 0
        except errors.Refusal as refusal:
            # The matter is otherwise than the view says by now; the next round sees it so.
            log.info("%s was refused: %s", one.what, refusal.code)
            return 0
        except (DatabaseUnavailable, AppendUnknown):
            raise
        except Exception:
            # One broken matter holds up no other.
            log.exception("%s could not be judged", one.what)
            return 0
        for written in outcome.events:
            for lane, position in parse_moment(written.position).items():
                self._told[lane] = max(position, self._told.get(lane, 0))
        return 1 if outcome.events and not outcome.replayed else 0


class Round:
    """What one round sees, and what it gives out itself."""

    def __init__(self, parts: Services, book: Book, load: Load, staff: Staff, lists: Lists) -> None:
        """Look at the staff as a view has counted them."""
        self._parts = parts
        self._lists = lists
        self._book = book
        self._load = load
        self._now = parts.now()
        self._staff_at = staff.moment
        self._agents = {one.row.agent: available(one) for one in staff.agents}

    def steps(self) -> Iterable[Step]:
        """Return what is to be done: matters taken back, queues relieved, matters given out."""
        yield from self._returned()
        yield from self._lost()
        for queue in self._book.queue:
            desk = [name for name, one in self._agents.items() if one.desk == queue.desk]
            if not queue.human or not desk:
                continue
            figures = self._figures(queue, desk)
            yield from self._watched(queue, desk, figures)
            relieved = list(self._relieved(queue, figures))
            yield from relieved
            gone = {one.command.ticket for one in relieved if isinstance(one.command, QueueTicket)}
            yield from self._given_out(queue, desk, gone)
        yield from self._taken_over()

    # --- the limit ----------------------------------------------------------------------------

    def _returned(self) -> Iterable[Step]:
        """Return the commands that take what came last from who carries too much (RO-03)."""
        for name, one in self._agents.items():
            excess = one.open - self._load.matters
            if excess <= 0:
                continue
            for held in self._read(partial(agents.youngest, agent=name, limit=excess)):
                command, key = assignment.on_excess(held.ticket, held.cause, name, one.open)
                yield Step(command, key, f"the return of {held.ticket}")

    # --- certificates -------------------------------------------------------------------------

    def _lost(self) -> Iterable[Step]:
        """Return the commands that take from each what they may not work on any more (RO-02).

        Whose certificates have expired is asked about all they work on; who never had one, or whose
        was withdrawn, about the queues that ask for it.
        """
        for queue in self._book.queue:
            if queue.certificates:
                fit = [name for name, one in self._agents.items() if self._certified(one, queue)]
                yield from self._lost_of(f"held:{queue.name}", fit, queue.name)
        expired = [
            name
            for name, one in self._agents.items()
            if any(until <= self._now for until in one.certificates.values())
        ]
        if expired:
            yield from self._lost_of("expired", expired, None)

    def _certified(self, agent: Available, queue: Queue) -> bool:
        return uncertified(agent.certificates, queue.certificates, self._now) is None

    def _lost_of(self, name: str, named: Sequence[str], queue: str | None) -> Iterable[Step]:
        """Return those for one list of matters: of some agents, or of a queue and of all others."""

        def page(after: Place | None, limit: int) -> Sequence[Waiting]:
            return self._read(lambda db: agents.held(db, named, queue, after, limit))

        for one in self._lists.read(name, page):
            case = self._parts.ledger.case(one.ticket)
            agent = case.ticket.assignee
            if agent is None or is_supervised(case.ticket):
                continue
            book = self._parts.ledger.book_for(self._now, case.ticket.policy)
            own = next((queue for queue in book.queue if queue.name == case.ticket.queue), None)
            need = assignment.need_of(case.ticket, case.order, own, book)
            known = self._agents.get(agent)
            certificates = {} if known is None else known.certificates
            if uncertified(certificates, need.certificates, self._now) is not None:
                carried = 0 if known is None else known.open
                command, key = assignment.on_unfit(one.ticket, one.cause, agent, carried)
                yield Step(command, key, f"the return of {one.ticket}")

    # --- full queues --------------------------------------------------------------------------

    def _figures(self, queue: Queue, desk: Sequence[str]) -> Figures:
        count_max = full_at(self._load, self._capacity(queue, desk))
        return self._read(lambda db: agents.figures(db, queue.name, count_max))

    def _capacity(self, queue: Queue, desk: Sequence[str]) -> int:
        """Return what those who are there and able may carry."""
        there = [name for name in desk if assignment.carries(self._agents[name], queue, self._now)]
        return len(there) * self._load.matters

    def _watched(self, queue: Queue, desk: Sequence[str], figures: Figures) -> Iterable[Step]:
        """Return the command that says a queue is otherwise than on record, when it is."""
        capacity = self._capacity(queue, desk)
        over = overflows(
            self._load,
            open_matters=figures.open,
            capacity=capacity,
            waiting_since=figures.waiting_since,
            now=self._now,
        )
        said = figures.said
        if over != (said is not None and said.overflows):
            command = WatchQueue(
                queue=queue.name,
                open=figures.open,
                capacity=capacity,
                waiting_since=figures.waiting_since,
            )
            cause = None if said is None else said.cause
            yield Step(*assignment.on_figures(command, cause), f"the queue {queue.name}")

    def _relieved(self, queue: Queue, figures: Figures) -> Iterable[Step]:
        """Return the commands that bring what came later to the overflow queue.

        Not what only a certified agent may work on: nobody there may.
        """
        said = figures.said
        if said is None or not said.overflows:
            return
        if not relieves(self._load, queue, self._book.queue, self._book.desk):
            return
        since = said.since

        def page(after: Place | None, limit: int) -> Sequence[Waiting]:
            return self._read(lambda db: agents.later_matters(db, queue.name, since, after, limit))

        for one in self._lists.read(f"later:{queue.name}", page):
            case = self._parts.ledger.case(one.ticket)
            need = assignment.need_of(case.ticket, case.order, queue, self._book)
            if not need.certificates:
                command, key = assignment.on_overflow(one.ticket, one.cause, self._load)
                yield Step(command, key, f"the overflow of {one.ticket}")

    # --- assignments --------------------------------------------------------------------------

    def _given_out(self, queue: Queue, desk: Sequence[str], gone: set[str]) -> Iterable[Step]:
        """Return the commands that give what waits in a queue to its desk, in its order."""
        if not self._has_room(desk):
            return

        def page(after: Place | None, limit: int) -> Sequence[Waiting]:
            return self._read(lambda db: agents.waiting(db, queue.name, after, limit))

        for one in self._lists.read(f"waiting:{queue.name}", page):
            if one.ticket in gone:
                continue
            step = self._given(one, queue, desk)
            if step is not None:
                yield step
                if not self._has_room(desk):
                    return

    def _taken_over(self) -> Iterable[Step]:
        """Return the commands that give angry buyers' matters to top-rated agents (DI-10)."""
        top = [name for name, one in self._agents.items() if self._is_top(one)]
        if not self._has_room(top):
            return
        queues = {one.name: one for one in self._book.queue}

        def page(after: Place | None, limit: int) -> Sequence[Waiting]:
            return self._read(lambda db: agents.angry(db, top, after, limit))

        for one in self._lists.read("angry", page):
            queue = queues.get(one.queue or "")
            if queue is None or not queue.human:
                continue
            desk = [name for name, agent in self._agents.items() if agent.desk == queue.desk]
            step = self._given(one, queue, desk, only=frozenset(top))
            if step is not None:
                yield step

    def _given(
        self,
        waiting: Waiting,
        queue: Queue,
        desk: Sequence[str],
        *,
        only: frozenset[str] | None = None,
    ) -> Step | None:
        """Return the command that gives a matter to the best who fits, None when nobody does.

        What the matter asks for, and how the candidates compare, is said by its own book.
        """
        case = self._parts.ledger.case(waiting.ticket)
        book = self._parts.ledger.book_for(self._now, case.ticket.policy)
        if book.load is None:
            return None
        own = next((one for one in book.queue if one.name == queue.name), None)
        need = assignment.need_of(case.ticket, case.order, own, book)
        served_by = self._read(lambda db: agents.served_by(db, waiting.buyer, waiting.ticket))
        candidates: tuple[Candidate, ...] = assignment.choose(
            case.ticket,
            need,
            [self._agents[name] for name in desk],
            book.load,
            served_by=served_by,
            now=self._now,
        )
        best = best_of(candidates, case.ticket)
        if best is None or (only is not None and best.agent not in only):
            return None
        chosen = self._agents[best.agent]
        self._agents[best.agent] = replace(chosen, open=chosen.open + 1)
        command, key = assignment.on_waiting(
            waiting.ticket, waiting.cause, candidates, self._staff_at or None
        )
        return Step(command, key, f"the assignment of {waiting.ticket}", case.ticket.version)

    def _has_room(self, names: Sequence[str]) -> bool:
        """Return whether anybody of these is there and below the limit."""
        return any(
            one.on_shift and one.open < self._load.matters
            for one in (self._agents[name] for name in names)
        )

    def _is_top(self, agent: Available) -> bool:
        return agent.good_bp is not None and agent.good_bp >= self._load.top_rating_bp

    def _read(self, query: Callable[[Cursor], _T]) -> _T:
        return self._parts.read_now(lambda connection: query(connection.cursor()))


def _request(one: Step) -> Request:
    return Request(command=one.command, actor=SYSTEM, key=one.key, expected_version=one.version)
