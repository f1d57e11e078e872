"""Signposts shorten the search for a route; here stands that they never change what it finds."""

import asyncio
from typing import Any

import pytest
from fastapi import APIRouter
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Host, Mount, Route

from api.app import _PARTS, _described
from api.signposts import Signposts, _signs

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE")
ODD = (
    *("/", "//", "", "/v1", "/v1/", "/v1//", "/v1/tickets/", "/nowhere/at/all", "/v1/" + "x/" * 40),
    *("\n", "/\n", "/\n/tickets", "/v1\n", "/v1/tickets\n/x", "/v1/tickets/x/notes\n\n"),
)


def router_of(routes: list[BaseRoute]) -> APIRouter:
    """A router over routes, as the application has one."""
    return APIRouter(routes=routes, redirect_slashes=False)


def product() -> APIRouter:
    """All routes of the product, each of which only tells its name and what it was called with."""
    found: list[BaseRoute] = []
    for part in _PARTS:
        for route in part.router.routes:
            assert isinstance(route, Route), "the product's parts hold routes only"
            found.append(telling(route.path, *sorted(route.methods or ()), of=len(found)))
    return router_of(found)


def telling(path: str, *methods: str, of: int = 0) -> Route:
    """A route that tells which one it is."""

    async def tell(request: Request) -> Response:
        return PlainTextResponse(f"{of} {path} {sorted(request.path_params.items())}")

    return Route(path, tell, methods=list(methods))


def asked(application: Any, method: str, path: str) -> tuple[int, str]:
    """What an application answers to a request: status, and text or allowed methods."""
    said: list[Any] = []
    scope = {
        **{"type": "http", "method": method, "path": path, "root_path": "", "headers": []},
        **{"query_string": b"", "app": application},
    }

    async def receive() -> Any:
        raise AssertionError("nobody reads a body here")

    async def send(message: Any) -> None:
        said.append(message)

    try:
        asyncio.run(application(scope, receive, send))
    except HTTPException as error:
        return error.status_code, str(error.headers)
    return said[0]["status"], said[-1].get("body", b"").decode()


def alike(router: APIRouter, method: str, path: str) -> tuple[int, str]:
    """What is answered, with the signposts as without."""
    there = asked(Signposts(router), method, path)
    assert there == asked(router, method, path), (method, path)
    return there


PRODUCT = product()
PATHS = sorted({route.path for route in PRODUCT.routes if isinstance(route, Route)})


@pytest.mark.parametrize("method", METHODS)
def test_every_route_is_found_and_a_wrong_method_is_told_as_before(method: str) -> None:
    """Each path of the product with its places filled in, by every method."""
    found = {alike(PRODUCT, method, path.replace("{", "x").replace("}", "")) for path in PATHS}
    assert {status for status, _ in found} <= {200, 404, 405}
    assert len(found) > 1


def test_no_path_of_the_application_has_all_routes_asked() -> None:
    """One route that takes anything in the first place would take all the signs down."""
    routes = _described(None).router.routes
    assert max(len(few.routes) for few in _signs(routes).values()) < len(routes) / 4


def test_a_path_that_ends_its_line_is_answered_as_before() -> None:
    """A pattern matches before a last end of line, and a parameter in the last place takes it."""
    paths = [path.replace("{", "x").replace("}", "") + "\n" for path in PATHS]
    found = {alike(PRODUCT, method, path)[0] for path in paths for method in METHODS}
    assert found == {200, 405}


@given(
    places=st.lists(
        st.sampled_from(sorted({one for path in PATHS for one in path.split("/")[1:]} | {"", "x"})),
        max_size=7,
    ),
    end=st.sampled_from(("", "\n")),
    method=st.sampled_from(METHODS),
)
def test_any_path_is_answered_as_by_all_routes_in_turn(
    places: list[str], end: str, method: str
) -> None:
    """Paths that nobody thought of are where a short cut goes wrong."""
    alike(PRODUCT, method, "/" + "/".join(places) + end)


@pytest.mark.parametrize("path", ODD)
def test_odd_paths_are_answered_as_before(path: str) -> None:
    """No place, empty places, and far too many of them."""
    assert alike(PRODUCT, "GET", path)[0] == 404


def test_of_routes_that_both_match_the_first_one_still_answers() -> None:
    """A fixed last place and a parameter there keep the order they were given in."""
    router = router_of([telling("/v1/a/{b}", "GET", of=1), telling("/v1/a/c", "GET", "POST", of=2)])
    assert alike(router, "GET", "/v1/a/c")[1].startswith("1 ")
    assert alike(router, "POST", "/v1/a/c")[1].startswith("2 ")
    assert alike(router, "PUT", "/v1/a/c")[0] == 405


def test_routes_that_take_several_places_are_asked_as_before() -> None:
    """Where one of them begins, no sign points."""
    rest = telling("/files/{rest:path}", "GET", of=1)
    inside = Mount("/inside", routes=[telling("/a/b", "GET", of=2)])
    router = router_of([telling("/files/a", "GET", of=0), rest, inside])
    assert alike(router, "GET", "/files/a")[1].startswith("0 ")
    assert alike(router, "GET", "/files/a/b/c")[1].startswith("1 ")
    assert alike(router, "GET", "/inside/a/b")[1].startswith("2 ")


@pytest.mark.parametrize(
    "anything",
    [
        telling("/{a}/b/c", "GET", "POST", of=1),
        telling("/v{a}/b/c", "GET", "POST", of=1),
        telling("/{rest:path}", "GET", "POST", of=1),
        Mount("/", routes=[telling("/v1/b/c", "GET", "POST", of=1)]),
        Mount("/{a}", routes=[telling("/b/c", "GET", "POST", of=1)]),
    ],
)
def test_a_route_that_takes_anything_in_the_first_place_is_asked_as_before(
    anything: BaseRoute,
) -> None:
    """It may be meant by every path, and it may stand before or behind the one that is fixed."""
    fixed = telling("/v1/b/c", "GET", of=0)
    before, behind = router_of([anything, fixed]), router_of([fixed, anything])
    assert alike(before, "GET", "/v1/b/c")[1].startswith("1 ")
    assert alike(behind, "GET", "/v1/b/c")[1].startswith("0 ")
    assert alike(before, "POST", "/v1/b/c")[0] == 200
    alike(behind, "POST", "/v1/b/c")


@pytest.mark.parametrize("kind", ["empty", "host"])
def test_a_route_without_any_place_is_no_hindrance(kind: str) -> None:
    """The framework takes one with an empty path, and one that looks at the host alone."""
    router = router_of([telling("/v1/a/b", "GET", of=0)])
    if kind == "empty":
        router.add_api_route("", lambda: "here", methods=["GET"])
    else:
        router.routes.append(Host("{host}", router_of([telling("/v1/a/c", "GET", of=1)])))
    assert alike(router, "GET", "/v1/a/b") == (200, "0 /v1/a/b []")
    assert alike(router, "GET", "/v1/a/x")[0] == 404


def test_a_route_that_is_added_later_is_found() -> None:
    """The signs are read anew when there are more routes than before."""
    router = router_of([telling("/v1/a/b", "GET", of=0)])
    posts = Signposts(router)
    assert asked(posts, "GET", "/v1/a/c")[0] == 404
    router.routes.append(telling("/v1/a/c", "GET", of=1))
    assert asked(posts, "GET", "/v1/a/c") == (200, "1 /v1/a/c []")
