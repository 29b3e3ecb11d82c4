"""Home: what needs me today, from what is known so far."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from services.gateway.pages.languages import translations
from services.gateway.pages.needs import read_needs
from services.gateway.pages.visits import PageRoute, Visit, user_visit
from services.gateway.queries import ClaimQuery, list_claims

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
async def home(visit: Annotated[Visit, Depends(user_visit)]) -> Response:
    title = translations(visit.reader.language.code).gettext("Home")
    if visit.user.role == "ops":
        return visit.page("account/ops.html", title, "home")
    scope = visit.user.scope
    async with visit.gateway.database.read(visit.user.scope) as session:
        unread = await list_claims(session, scope, ClaimQuery(unread=True, state="all"), 6)
        needs = await read_needs(session, scope, visit.reader)
        open_total = (await list_claims(session, scope, ClaimQuery(), 1)).total
    return visit.page("home.html", title, "home", unread_claims=unread, needs=needs, open_total=open_total)
