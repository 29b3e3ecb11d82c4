"""Routes that are found by the first part of their path.

An application tries the pattern of one route after the other, and those of a router within a router once for each level that it
stands in: finding one of a hundred took as long as three statements. Here a handful is tried, in the order in which they were declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send


class Sections(BaseRoute):
    """The routes of a router, and of the routers in it, as one route of the application; they stand in no OpenAPI document."""

    def __init__(self, router: APIRouter) -> None:
        """Sort the routes; each declares its whole path, whose first part is no parameter."""
        self._sections: dict[str, list[APIRoute]] = {}
        for route in _declared(router):
            self._sections.setdefault(_first(route.path), []).append(route)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Find the route, or else the first one of this path that has other methods."""
        if scope["type"] != "http":
            return Match.NONE, {}
        partial: tuple[Match, Scope] = (Match.NONE, {})
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        for route in self._sections.get(_first(path), ()):
            match, child = route.matches(scope)
            if match is Match.FULL:
                return match, child
            if match is Match.PARTIAL and partial[0] is Match.NONE:
                partial = (match, child)
        return partial

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the route that was found answer."""
        await scope["route"].handle(scope, receive, send)

    def effective_route_contexts(self) -> Iterator[APIRoute]:
        """Give the routes, for whoever walks over all of an application."""
        for routes in self._sections.values():
            yield from routes


def _declared(router: APIRouter) -> Iterable[APIRoute]:
    for context in iter_route_contexts(router.routes):
        route: Any = context.original_route
        if not isinstance(route, APIRoute) or route.include_in_schema or route.path != context.path:
            message = f"{context.path} is not declared as a route of a section"
            raise TypeError(message)
        if "{" in _first(route.path):
            message = f"the first part of {route.path} is a parameter"
            raise ValueError(message)
        yield route


def _first(path: str) -> str:
    return path[1:].partition("/")[0]
