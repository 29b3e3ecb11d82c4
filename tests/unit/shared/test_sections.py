"""Routes by the first part of their path: found as the framework finds them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from httpx import ASGITransport, AsyncClient

from shared.http.sections import Sections

inner = APIRouter(include_in_schema=False)
router = APIRouter(include_in_schema=False)


@inner.get("/claims/new")
async def new() -> str:
    return "new"


@inner.get("/claims/{number}")
async def claim(number: str) -> str:
    return number


@inner.post("/claims/{number}")
async def change(number: str, by: int) -> str:
    return f"{number} by {by}"


@router.get("/")
async def home() -> str:
    return "home"


router.include_router(inner)


@router.get("/contracts/{number:path}")
async def contract(number: str) -> str:
    return number


@pytest.fixture(params=[True, False])
async def http(request: pytest.FixtureRequest) -> AsyncIterator[AsyncClient]:
    """The same routes in sections, and as the framework includes them."""
    app = FastAPI()
    if request.param:
        app.router.routes.insert(0, Sections(router))
    else:
        app.include_router(router)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://desk") as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", (200, "home")),
        ("GET", "/claims/new", (200, "new")),
        ("GET", "/claims/7", (200, "7")),
        ("POST", "/claims/new?by=2", (200, "new by 2")),
        ("GET", "/contracts/4501/7/claims", (200, "4501/7/claims")),
        ("GET", "/claims", (404, {"detail": "Not Found"})),
        ("GET", "/claimsmore/7", (404, {"detail": "Not Found"})),
        ("GET", "/nothing", (404, {"detail": "Not Found"})),
        ("DELETE", "/claims/7", (405, {"detail": "Method Not Allowed"})),
        ("GET", "/claims/7/", (307, None)),
    ],
)
async def test_a_path_leads_to_its_route(
    http: AsyncClient, method: str, path: str, expected: tuple[int, Any]
) -> None:
    answer = await http.request(method, path)
    assert (answer.status_code, answer.json() if answer.content else None) == expected


async def test_what_a_route_asks_for_is_asked_for(http: AsyncClient) -> None:
    assert (await http.post("/claims/7?by=me")).status_code == 422


def test_walks_over_all_routes_find_them() -> None:
    found = [one.path for one in Sections(router).effective_route_contexts()]
    assert sorted(found) == [
        "/",
        "/claims/new",
        "/claims/{number}",
        "/claims/{number}",
        "/contracts/{number:path}",
    ]


def test_a_first_part_that_is_a_parameter_is_refused() -> None:
    anything = APIRouter(include_in_schema=False)
    anything.add_api_route("/{page}", home)
    with pytest.raises(ValueError, match="parameter"):
        Sections(anything)


def test_what_would_be_lost_is_refused() -> None:
    documented, prefixed = APIRouter(), APIRouter(include_in_schema=False)
    documented.add_api_route("/claims", home)
    prefixed.include_router(inner, prefix="/desk")
    for one in (documented, prefixed):
        with pytest.raises(TypeError, match="is not declared as a route of a section"):
            Sections(one)
