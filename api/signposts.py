"""Which of the many routes a path can be for at all; whether one takes it is for the routes to say.

The framework asks one route after another. With a hundred and more of them that took longer than
everything else about some requests, so a path is first sent to the few that agree with it where
they are fixed: in their length, their first two places and the last one.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from fastapi import APIRouter
from starlette.convertors import PathConvertor
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

_PLACES_MAX: Final = 16
"""No route of ours has so many places; a longer path is not taken apart to its end."""
_ANY: Final = None
_Sign = tuple[int, str, str, str | None]


class Signposts:
    """Stands before a router and has those of its routes asked, in their order, that can match."""

    def __init__(self, router: APIRouter) -> None:
        """Read the router's routes when the first request comes, and again when there are more."""
        assert not router.redirect_slashes, "a redirect would have to look at every route"
        self._router = router
        self._count = 0
        self._signs: dict[_Sign, APIRouter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; where no sign points, all routes are asked."""
        if len(self._router.routes) != self._count:
            self._signs = _signs(self._router.routes)
            self._count = len(self._router.routes)
        router = self._router
        if scope["type"] == "http" and not scope.get("root_path"):
            places = _places(scope["path"])
            # A pattern of a route also matches before a last end of line.
            if len(places) > 1 and "\n" not in scope["path"]:
                count, first, second, last = len(places), places[0], places[1], places[-1]
                router = (
                    self._signs.get((count, first, second, last))
                    or self._signs.get((count, first, second, _ANY))
                    or router
                )
        scope.setdefault("router", self._router)
        await router.app(scope, receive, send)


def _places(path: str) -> list[str]:
    return path.split("/", _PLACES_MAX)[1:]


def _signs(routes: Iterable[BaseRoute]) -> dict[_Sign, APIRouter]:
    """Return the routes by what is fixed in their paths.

    Those that take anything in the last place stand under every sign with a last place, too. There
    are no signs where a route takes anything in the first place: it is to be asked about any path.
    """
    by_first: dict[str, list[tuple[BaseRoute, list[str]]]] = defaultdict(list)
    for route in routes:
        places = _places(getattr(route, "path", "")) or [""]
        if not places[0] or "{" in places[0]:
            return {}
        by_first[places[0]].append((route, places))
    by_head: dict[tuple[int, str, str], list[tuple[str | None, BaseRoute]]] = defaultdict(list)
    for ones in by_first.values():
        if all(_is_plain(route, places) for route, places in ones):
            for route, places in ones:
                last = _ANY if "{" in places[-1] else places[-1]
                by_head[len(places), places[0], places[1]].append((last, route))
    return {
        (*head, last): APIRouter(
            routes=[route for end, route in ends if end in {last, _ANY}], redirect_slashes=False
        )
        for head, ends in by_head.items()
        for last in {end for end, _ in ends}
    }


def _is_plain(route: BaseRoute, places: list[str]) -> bool:
    """Return whether a route's first two places are fixed and no parameter takes several places."""
    return (
        isinstance(route, Route)
        and len(places) > 1
        and "{" not in places[0] + places[1]
        and not any(isinstance(one, PathConvertor) for one in route.param_convertors.values())
    )
