"""The search over everything: the list under the field as one types, and the page with more of each kind."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response

from services.gateway.pages.languages import translations
from services.gateway.pages.visits import PageRoute, Visit, desk_visit
from services.gateway.queries import recently_opened, search

router = APIRouter(route_class=PageRoute, include_in_schema=False)
_SUGGESTED: Final = 5


@router.get("/search/results")
async def search_results(visit: Annotated[Visit, Depends(desk_visit)], q: str = "") -> Response:
    """Give the few best of each kind for the list under the search field, as one types; before that, what one opened last."""
    text = q.strip()[:200]
    async with visit.gateway.database.read(visit.user.scope) as session:
        result = await search(session, visit.user.scope, text, _SUGGESTED)
        opened = () if text else await recently_opened(session, visit.user.scope, _SUGGESTED)
    return visit.part("parts/search_results.html", text=text, result=result, opened=opened)


@router.get("/search")
async def search_page(visit: Annotated[Visit, Depends(desk_visit)], q: str = "") -> Response:
    text = q.strip()[:200]
    async with visit.gateway.database.read(visit.user.scope) as session:
        result = await search(session, visit.user.scope, text, 20)
        opened = () if text else await recently_opened(session, visit.user.scope)
    title = translations(visit.reader.language.code).gettext("Search")
    return visit.page("search.html", title, "search", text=text, result=result, opened=opened)
