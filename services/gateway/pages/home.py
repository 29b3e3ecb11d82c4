"""Home: what needs me today, from what is known so far. And the search over everything."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.gateway.pages.languages import translations
from services.gateway.pages.needs import needs_of
from services.gateway.pages.visits import PageRoute, Visit, desk_visit, user_visit
from services.gateway.queries import ClaimQuery, list_alerts, list_claims, search

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
async def home(visit: Annotated[Visit, Depends(user_visit)]) -> Response:
    title = translations(visit.reader.language.code).gettext("Home")
    if visit.user.role == "ops":
        return visit.page("account/ops.html", title, "home")
    scope = visit.user.scope
    async with visit.gateway.database.read() as session:
        unread = await list_claims(session, scope, ClaimQuery(unread=True, state="all"), 8)
        open_claims = await list_claims(session, scope, ClaimQuery(state="open"), 500)
        alerts = await list_alerts(session, scope, limit=50)
    return visit.page(
        "home.html",
        title,
        "home",
        unread_claims=unread,
        needs=needs_of(open_claims.items, alerts.items, visit.reader),
        open_total=open_claims.total,
    )


@router.get("/search")
async def search_page(visit: Annotated[Visit, Depends(desk_visit)], q: str = "") -> Response:
    text = q.strip()[:200]
    async with visit.gateway.database.read() as session:
        result = await search(session, visit.user.scope, text, 20)
    title = translations(visit.reader.language.code).gettext("Search")
    return visit.page("search.html", title, "search", text=text, result=result)
