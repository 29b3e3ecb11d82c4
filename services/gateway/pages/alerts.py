"""Alerts: the page, the bell's panel, and the toast of one alert."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from services.gateway.commands import mark_alert_read, mark_all_alerts_read
from services.gateway.pages.alert_links import alert_link
from services.gateway.pages.languages import translations
from services.gateway.pages.visits import PageRoute, Visit, desk_visit, local_path
from services.gateway.queries import list_alerts
from shared.errors import NotFound

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Desk = Annotated[Visit, Depends(desk_visit)]
_BELL = 12


@router.get("/alerts")
async def alerts_page(visit: Desk, before: int | None = None, show: str = "all") -> Response:
    async with visit.gateway.database.read() as session:
        found = await list_alerts(session, visit.user.scope, before=before, limit=100)
    items = [one for one in found.items if show != "unread" or not one.read]
    title = translations(visit.reader.language.code).gettext("Alerts")
    return visit.page(
        "alerts/list.html",
        title,
        "alerts",
        alerts=found,
        items=items,
        show=show,
        days=_by_day(visit, items),
        link=alert_link,
    )


@router.get("/alerts/latest")
async def latest(visit: Desk) -> Response:
    """Give the bell's panel; its count stands in a header, so that a small answer serves every tab."""
    async with visit.gateway.database.read() as session:
        found = await list_alerts(session, visit.user.scope, limit=_BELL)
    headers = {"x-unread": str(found.unread)}
    return visit.part("alerts/_latest.html", headers=headers, alerts=found, link=alert_link)


@router.get("/alerts/unread")
async def unread(visit: Desk) -> Response:
    """Give the bell's count alone."""
    async with visit.gateway.database.read() as session:
        found = await list_alerts(session, visit.user.scope, limit=1)
    return visit.part("alerts/_count.html", unread=found.unread, headers={"x-unread": str(found.unread)})


@router.get("/alerts/{alert_id}/toast")
async def toast(visit: Desk, alert_id: str) -> Response:
    """Give the toast of an alert that has just come; nothing (204) for one that is read, as one's own doings are."""
    async with visit.gateway.database.read() as session:
        found = await list_alerts(session, visit.user.scope, limit=50)
    alert = next((one for one in found.items if one.id == alert_id), None)
    if alert is None:
        raise NotFound("alert_not_found", "There is no such alert.")
    if alert.read:
        return Response(status_code=204)
    return visit.part(
        "alerts/_toast.html", alert=alert, link=alert_link, headers={"x-unread": str(found.unread)}
    )


@router.get("/alerts/{alert_id}")
async def open_alert(visit: Desk, alert_id: str, to: str = "/alerts") -> Response:
    """Mark an alert as read and go to what it is about."""
    await mark_alert_read(visit.gateway, visit.user, alert_id)
    return visit.redirect(local_path(to))


@router.post("/alerts/read")
async def read_all(visit: Desk, next: Annotated[str, Form()] = "/alerts") -> Response:  # noqa: A002
    await mark_all_alerts_read(visit.gateway, visit.user)
    return visit.redirect(local_path(next), "alerts_read")


@router.post("/alerts/{alert_id}/read")
async def read_one(visit: Desk, alert_id: str, next: Annotated[str, Form()] = "/alerts") -> Response:  # noqa: A002
    await mark_alert_read(visit.gateway, visit.user, alert_id)
    return visit.redirect(local_path(next))


def _by_day(visit: Visit, items: list) -> list[tuple[str, list]]:  # type: ignore[type-arg]
    """Group alerts under the day they came, newest first."""
    days: dict[str, list] = {}  # type: ignore[type-arg]
    for item in items:
        days.setdefault(visit.reader.long_date(item.at.astimezone(visit.reader.zone).date()), []).append(item)
    return list(days.items())
