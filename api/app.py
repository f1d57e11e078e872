"""The ASGI application: routes, problem handlers and documentation joined to given services."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from api import openapi, problems
from api.asgi import RequestFrame
from api.auth import Authenticator
from api.routes import (
    agents,
    arbitration,
    books,
    bundles,
    certificates,
    contents,
    counted,
    customers,
    due,
    evidence,
    explaining,
    feed,
    health,
    journeys,
    log,
    offers,
    orders,
    pilots,
    privacy,
    promises,
    queues,
    remedies,
    tickets,
    training,
)
from api.signposts import Signposts
from api.streaming import Follower
from api.wiring import Services


def create_app(services: Services) -> FastAPI:
    """Return the application over these services; who made them closes them."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.follower = Follower(services)
        yield
        await app.state.follower.stop()

    app = _described(lifespan)
    app.state.services = services
    app.state.authenticator = Authenticator(services.keys.token_public, services.now)
    for error, handler in problems.ANSWERS.items():
        app.add_exception_handler(error, handler)
    app.add_middleware(RequestFrame)
    return app


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document; it needs no services."""
    return openapi.describe(_described(None))


def _described(lifespan: Any) -> FastAPI:
    """Return an application with all routes and their documentation, joined to nothing yet."""
    app: FastAPI = FastAPIOffline(
        title="ticketledger",
        version=version("ticketledger"),
        summary="After-sales tickets as an auditable chain of evidence.",
        description=openapi.DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        redoc_url=None,
        redirect_slashes=False,
        swagger_ui_oauth2_redirect_url="/docs/oauth2-redirect",
        lifespan=lifespan,
    )
    for part in _PARTS:
        # Taken over as they are: an included router would be asked anew for every request.
        app.router.routes.extend(part.router.routes)
    app.router.middleware_stack = Signposts(app.router)
    app.openapi = lambda: openapi.describe(app)  # type: ignore[method-assign]  # the framework's own way
    return app


_PARTS = (
    tickets,
    explaining,
    journeys,
    promises,
    offers,
    evidence,
    contents,
    bundles,
    arbitration,
    remedies,
    privacy,
    books,
    pilots,
    orders,
    certificates,
    customers,
    queues,
    counted,
    due,
    agents,
    training,
    feed,
    log,
    health,
)
"""The resources, in the order in which the documentation tells of them."""
