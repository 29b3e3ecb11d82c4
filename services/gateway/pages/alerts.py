"""Alerts: the page, the bell's panel, and the toast of one alert."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Response

from services.gateway.commands import (
    mark_alert_read,
    mark_alerts_read,
    mark_everything_read,
    unmark_alerts_read,
)
from services.gateway.pages.alert_groups import ALERT_KINDS, grouped, kind_names, lines_of
from services.gateway.pages.alert_links import alert_link
from services.gateway.pages.visits import PageRoute, Visit, desk_visit, local_path
from services.gateway.queries import list_alerts
from shared.errors import NotFound

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Desk = Annotated[Visit, Depends(desk_visit)]
_BELL = 12


@router.get("/alerts")
async def alerts_page(visit: Desk, before: int | None = None, show: str = "all", kind: str = "") -> Response:
    kinds = ALERT_KINDS.get(kind, ())
    async with visit.gateway.database.read(visit.user.scope) as session:
        found = await list_alerts(
            session, visit.user.scope, before=before, limit=100, kinds=kinds, unread=show == "unread"
        )
    return visit.page(
        "alerts/list.html",
        visit.text("Alerts"),
        "alerts",
        alerts=found,
        show=show,
        kind=kind if kinds else "",
        kinds=tuple(kind_names(visit.reader.language.code).items()),
        days=grouped(found.items, visit.reader),
        link=alert_link,
    )


@router.get("/alerts/latest")
async def latest(visit: Desk) -> Response:
    """Give the bell's panel; its count stands in a header, so that a small answer serves every tab."""
    async with visit.gateway.database.read(visit.user.scope) as session:
        found = await list_alerts(session, visit.user.scope, limit=_BELL)
    headers = {"x-unread": str(found.unread)}
    return visit.part(
        "alerts/_latest.html", headers=headers, alerts=found, lines=lines_of(found.items), link=alert_link
    )


@router.get("/alerts/unread")
async def unread(visit: Desk) -> Response:
    """Give the bell's count alone."""
    async with visit.gateway.database.read(visit.user.scope) as session:
        found = await list_alerts(session, visit.user.scope, limit=1)
    return visit.part("alerts/_count.html", unread=found.unread, headers={"x-unread": str(found.unread)})


@router.get("/alerts/{alert_id}/toast")
async def toast(visit: Desk, alert_id: str) -> Response:
    """Give the toast of an alert that has just come; nothing (204) for one that is read, as one's own doings are."""
    async with visit.gateway.database.read(visit.user.scope) as session:
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
async def read_many(
    visit: Desk,
    alert: Annotated[list[str] | None, Form()] = None,
    next: Annotated[str, Form()] = "/alerts",  # noqa: A002
) -> Response:
    """Mark some alerts as read; without a choice, all that there are."""
    if alert:
        number, undo_id = await mark_alerts_read(visit.gateway, visit.user, alert)
    else:
        number, undo_id = await mark_everything_read(visit.gateway, visit.user)
    return visit.redirect(local_path(next), "alerts_read" if number else "", undo_id)


@router.post("/alerts/read/{undo_id}/undo")
async def unread_again(visit: Desk, undo_id: str) -> Response:
    """Take back what one act marked as read."""
    await unmark_alerts_read(visit.gateway, visit.user, undo_id)
    return visit.redirect("/alerts", "alerts_unread")


@router.post("/alerts/{alert_id}/read")
async def read_one(visit: Desk, alert_id: str, next: Annotated[str, Form()] = "/alerts") -> Response:  # noqa: A002
    await mark_alert_read(visit.gateway, visit.user, alert_id)
    return visit.redirect(local_path(next))
