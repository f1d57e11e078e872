"""Sharing the work of a build among processes, so that none of it is done twice.

The parts of the record are taken by whoever is free. What is folded along the lanes is dealt out
by lanes where there are enough, else by views; each share of it has position rows of its own.
Nobody waits for anybody but while another one writes counters, which is the last it does of a
part. What is done is in `replay.rebuild.whole` and `replay.rebuild.building`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Event as SharedEvent
from typing import Any, Final, NamedTuple

from domain.ledger.recorder import Recorder
from projections.views import VIEWS
from replay.children import begin_as_child
from replay.rebuild import building, shadow, whole
from replay.rebuild.building import Watch
from replay.rebuild.parts import Moment, Part
from replay.rebuild.shadow import Bare
from replay.rebuild.source import RecordSource


class Share(NamedTuple):
    """What one process builds along the lanes: these views, up to these places."""

    views: tuple[str, ...]
    targets: Mapping[str, Moment]


class AtWork(NamedTuple):
    """What the caller does beside helpers."""

    watch: Watch
    """To be told its own progress; whoever watches hears of all together."""
    parts: Iterable[Part]
    """Those that are its own to do; another process does the others."""


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
    def at_work(
        self, shares: Sequence[Share], parts: Sequence[Part], watch: Watch
    ) -> Iterator[AtWork]:
        """Let helpers build shares, and parts, while the caller does.

        Whatever ends the caller ends the helpers at their next commit; what ends one of them is
        raised.
        """
        count = self.count if parts else min(self.count, len(shares))
        if not count:
            yield AtWork(watch, parts)
            return
        shares = [*shares, *[Share((), {})] * (count - len(shares))]
        context = get_context("spawn")
        told = context.Array("q", 2 * count)
        taken = context.Value("q", 0)
        stop = context.Event()
        own = (0, 0)

        def heard(done: int, total: int) -> None:
            nonlocal own
            own = (done, total)
            tell()

        def tell() -> None:
            watch(own[0] + sum(told[::2]), own[1] + sum(told[1::2]))

        with ProcessPoolExecutor(
            count,
            mp_context=context,
            initializer=_begin,
            initargs=(_Place(self._record_dsn, self._views_dsn, told, taken, stop),),
        ) as pool:
            running: list[Future[None]] = [
                pool.submit(_build, number, share, parts) for number, share in enumerate(shares)
            ]
            try:
                yield AtWork(heard, taking(parts, taken))
                for one in running:
                    one.result()
            except BrokenProcessPool as error:
                raise HelperLost("a process that builds was killed; is there memory?") from error
            finally:
                # A helper that is done hears nothing of it.
                stop.set()
        tell()


def shares(
    views: Sequence[Bare], targets: Mapping[str, Moment], count: int
) -> list[tuple[list[Bare], dict[str, Moment]]]:
    """Return the work in so many shares, or fewer when there is not enough of it."""
    lanes = sorted({lane for moment in targets.values() for lane in moment})
    if len(lanes) >= count:
        return [
            (
                list(views),
                {
                    view: {lane: at for lane, at in moment.items() if lane in lanes[number::count]}
                    for view, moment in targets.items()
                },
            )
            for number in range(count)
        ]
    # There and back, as cards are dealt fairly: the larger views come first.
    turns = [*range(count), *reversed(range(count))]
    hands: list[list[Bare]] = [[] for _ in range(min(count, len(views)))]
    for number, view in enumerate(views):
        hands[min(turns[number % len(turns)], len(hands) - 1)].append(view)
    return [(hand, {view.name: targets[view.name] for view in hand}) for hand in hands if hand]


def taking(parts: Sequence[Part], taken: Any) -> Iterator[Part]:
    """Yield parts that no other process has taken; the others are for those."""
    while True:
        with taken.get_lock():
            number = taken.value
            taken.value += 1
        if number >= len(parts):
            return
        yield parts[number]


class _Place(NamedTuple):
    """What a helper is given when it begins."""

    record_dsn: str
    views_dsn: str
    told: Any
    taken: Any
    """How many parts are taken."""
    stop: SharedEvent


_PLACE: Final[list[_Place]] = []


def _begin(place: _Place) -> None:
    """Take note of where to work."""
    begin_as_child()
    _PLACE[:] = [place]


def _build(number: int, share: Share, parts: Sequence[Part]) -> None:
    """Build a share and then parts as long as there are any, and tell how far it is."""
    place = _PLACE[0]
    before = (0, 0)

    def watch(done: int, total: int) -> None:
        place.told[2 * number] = before[0] + done
        place.told[2 * number + 1] = before[1] + total
        if place.stop.is_set():
            raise Ended

    with (
        closing(Recorder.connect(place.record_dsn, readers_max=2)) as recorder,
        closing(shadow.connect(place.views_dsn)) as connection,
    ):
        source = RecordSource(recorder)
        views = [Bare(view) for view in VIEWS]
        of_share = [view for view in views if view.name in share.views]
        building.build(connection, source, of_share, share.targets, watch)
        before = (place.told[2 * number], place.told[2 * number + 1])
        # How many all parts are is told by who began the work.
        whole.build(connection, source, views, taking(parts, place.taken), watch, total=0)
