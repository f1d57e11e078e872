"""Sharing the work of a build among processes: by lanes where there are enough, else by views.

Each share has position rows of its own, so nobody waits for anybody. What a share does is in
`replay.rebuild.building`.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Event as SharedEvent
from signal import SIG_IGN, SIGINT, signal
from typing import Any, Final, NamedTuple

from domain.ledger.recorder import Recorder
from projections.runner import VIEWS
from replay.rebuild import building, shadow
from replay.rebuild.building import Moment, Watch
from replay.rebuild.shadow import Bare
from replay.rebuild.source import RecordSource


class Share(NamedTuple):
    """What one process builds: these views, up to these places."""

    views: tuple[str, ...]
    targets: Mapping[str, Moment]


class Ended(Exception):  # noqa: N818 - a state of the work, named as one
    """Whoever began the work ended it; what is committed stays."""


class HelperLost(Exception):  # noqa: N818 - a state of the world, named as one
    """A process that built a share was killed; what it had committed stays."""


class Helpers:
    """Processes that build beside this one, over databases they connect to themselves."""

    def __init__(self, record_dsn: str, views_dsn: str, count: int) -> None:
        """Remember how many; they are started when there is something to do."""
        self.count = count
        self._record_dsn = record_dsn
        self._views_dsn = views_dsn

    @contextmanager
    def at_work(self, shares: Sequence[Share], watch: Watch) -> Iterator[Watch]:
        """Let helpers build shares while the caller builds another one.

        Gives what the caller tells its own progress to; `watch` hears of all together. Whatever
        ends the caller ends the helpers at their next commit; what ends one of them is raised.
        """
        if not shares:
            yield watch
            return
        context = get_context("spawn")
        told = context.Array("q", 2 * len(shares))
        stop = context.Event()

        def heard(done: int, total: int) -> None:
            watch(done + sum(told[::2]), total + sum(told[1::2]))

        with ProcessPoolExecutor(
            len(shares),
            mp_context=context,
            initializer=_begin,
            initargs=(self._record_dsn, self._views_dsn, told, stop),
        ) as pool:
            running: list[Future[None]] = [
                pool.submit(_build, number, share) for number, share in enumerate(shares)
            ]
            try:
                yield heard
                for one in running:
                    one.result()
            except BrokenProcessPool as error:
                raise HelperLost("a process that builds was killed; is there memory?") from error
            finally:
                # A helper that is done hears nothing of it.
                stop.set()
        done = sum(told[::2])
        watch(done, done)


def shares(
    views: Sequence[Bare], targets: Mapping[str, Moment], count: int
) -> list[tuple[list[Bare], dict[str, Moment]]]:
    """Return the work in so many parts, or fewer when there is not enough of it."""
    lanes = sorted({lane for moment in targets.values() for lane in moment})
    if len(lanes) >= count:
        return [
            (
                list(views),
                {
                    view: {lane: at for lane, at in moment.items() if lane in lanes[part::count]}
                    for view, moment in targets.items()
                },
            )
            for part in range(count)
        ]
    # There and back, as cards are dealt fairly: the larger views come first.
    turns = [*range(count), *reversed(range(count))]
    parts: list[list[Bare]] = [[] for _ in range(min(count, len(views)))]
    for number, view in enumerate(views):
        parts[min(turns[number % len(turns)], len(parts) - 1)].append(view)
    return [(part, {view.name: targets[view.name] for view in part}) for part in parts if part]


class _Place(NamedTuple):
    """What a helper was given when it began."""

    record_dsn: str
    views_dsn: str
    told: Any
    stop: SharedEvent
    parent: int


_PLACE: Final[list[_Place]] = []


def _begin(record_dsn: str, views_dsn: str, told: Any, stop: SharedEvent) -> None:
    """Take note of where to work; Ctrl-C is for the process that began this one."""
    signal(SIGINT, SIG_IGN)
    _PLACE[:] = [_Place(record_dsn, views_dsn, told, stop, os.getppid())]


def _build(number: int, share: Share) -> None:
    """Build a share, and tell how far it is."""
    place = _PLACE[0]

    def watch(done: int, total: int) -> None:
        place.told[2 * number], place.told[2 * number + 1] = done, total
        if place.stop.is_set() or os.getppid() != place.parent:
            raise Ended

    views = [Bare(view) for view in VIEWS if view.name in share.views]
    with (
        closing(Recorder.connect(place.record_dsn, readers_max=2)) as recorder,
        closing(shadow.connect(place.views_dsn)) as connection,
    ):
        building.build(connection, RecordSource(recorder), views, share.targets, watch)
