"""The claims list and the claim."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Response

from services.gateway.commands import (
    change_cheque,
    change_claim_parties,
    change_claim_status,
    mark_claim_seen,
    mark_file_read,
    note_claim,
)
from services.gateway.pages import claim_list
from services.gateway.pages.claim_changes import changed_fields, since_of
from services.gateway.pages.claim_parties import (
    FIRMS,
    Directory,
    missing_names,
    parties_command,
    party_values,
)
from services.gateway.pages.claim_shown import Marks
from services.gateway.pages.figures import Reader
from services.gateway.pages.languages import translations
from services.gateway.pages.visits import PageRoute, Visit, desk_visit, reading_visit
from services.gateway.queries import (
    Told,
    ToldClaim,
    get_claim,
    partner_directory,
    tell_claim,
    tell_directory,
)
from shared.errors import DomainError
from shared.http.problems import Problem

router = APIRouter(route_class=PageRoute, include_in_schema=False)
router.include_router(claim_list.router)
Desk = Annotated[Visit, Depends(desk_visit)]
Reading = Annotated[Visit, Depends(reading_visit)]
MARKED_ANEW_AFTER: Final = timedelta(minutes=1)
_REFUSALS: Final = (DomainError, Problem)


@router.get("/claims/{claim_number}")
async def claim_page(visit: Reading, claim_number: str, since: str = "") -> Response:
    """Show a claim, with what changed since this user last opened it; opening it marks it as seen.

    While the page stays open its script asks for the claim's part again with `since`, the instant from which the marks
    count, so that marks do not vanish with the next update.
    """
    async with visit.reading(claim_number=claim_number) as session:
        claim = await tell_claim(session, visit.user.scope, claim_number)
        directory = await tell_directory(session, *FIRMS)
    if visit.alerted:
        visit.unread -= await mark_file_read(visit.gateway, visit.user, claim_number=claim_number)
    response = _claim_response(visit, claim, since=_instant(since), directory=directory)
    if not _just_marked(claim, visit.reader.now):
        await mark_claim_seen(visit.gateway, visit.user, claim_number)
    return response


def _just_marked(claim: ToldClaim, now: datetime) -> bool:
    """Whether a mark would say the same again, but for the minute: an open page asks again with each event of its file."""
    return claim.marked and claim.seen_at is not None and now - claim.seen_at < MARKED_ANEW_AFTER


@router.post("/claims/{claim_number}/note")
async def add_note(visit: Desk, claim_number: str, note: Annotated[str, Form()] = "") -> Response:
    values = {"note": note}
    if not note.strip():
        return await _again(visit, claim_number, "note", values, {"note": _required(visit)})
    try:
        await note_claim(visit.gateway, visit.user, claim_number, note.strip())
    except _REFUSALS as error:
        return await _again(visit, claim_number, "note", values, visit.errors_of(error))
    return visit.redirect(visit.request.url.path.removesuffix("/note"), "note_saved")


@router.post("/claims/{claim_number}/status")
async def change_status(
    visit: Desk, claim_number: str, status: Annotated[str, Form()] = "", note: Annotated[str, Form()] = ""
) -> Response:
    values = {"status": status, "note": note}
    try:
        await change_claim_status(visit.gateway, visit.user, claim_number, status, note.strip())
    except _REFUSALS as error:
        return await _again(visit, claim_number, "status", values, visit.errors_of(error))
    return visit.redirect(visit.request.url.path.removesuffix("/status"), "status_changed")


@router.post("/claims/{claim_number}/close")
async def close(visit: Desk, claim_number: str, note: Annotated[str, Form()] = "") -> Response:
    """Close a claim; the reason stands in its history."""
    return await _with_reason(visit, claim_number, "close", ("closed", "claim_closed"), note)


@router.post("/claims/{claim_number}/reopen")
async def reopen(visit: Desk, claim_number: str, note: Annotated[str, Form()] = "") -> Response:
    """Reopen a claim that was closed, rejected or withdrawn; the reason stands in its history."""
    return await _with_reason(visit, claim_number, "reopen", ("reopened", "claim_reopened"), note)


async def _with_reason(
    visit: Visit, claim_number: str, dialog: str, status: tuple[str, str], note: str
) -> Response:
    if not note.strip():
        return await _again(visit, claim_number, dialog, {"note": note}, {"note": _required(visit)})
    try:
        await change_claim_status(visit.gateway, visit.user, claim_number, status[0], note.strip())
    except _REFUSALS as error:
        return await _again(visit, claim_number, dialog, {"note": note}, visit.errors_of(error))
    return visit.redirect(visit.request.url.path.removesuffix(f"/{dialog}"), status[1])


@router.post("/claims/{claim_number}/parties")
async def change_parties(visit: Desk, claim_number: str) -> Response:
    """Assign garage and appraiser from the directory; correct third parties and their agent."""
    form = await visit.request.form()
    typed = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
    async with visit.gateway.database.read(visit.user.scope) as session:
        claim = await get_claim(session, visit.user.scope, claim_number, contract=False)
        directory = await partner_directory(session, *FIRMS)
    body = parties_command(claim, typed, directory)
    values = {**party_values(claim), **typed}
    if name := missing_names(typed, body):
        return await _again(visit, claim_number, "parties", values, {name: _required(visit)})
    path = visit.request.url.path.removesuffix("/parties")
    if not body:
        return visit.redirect(path)
    try:
        await change_claim_parties(visit.gateway, visit.user, claim_number, body)
    except _REFUSALS as error:
        return await _again(visit, claim_number, "parties", values, visit.errors_of(error))
    return visit.redirect(f"{path}#parties", "parties_changed")


@router.post("/claims/{claim_number}/cheques/{payment_reference:path}")
async def change_cheque_status(
    visit: Desk,
    claim_number: str,
    payment_reference: str,
    status: Annotated[str, Form()] = "",
    dialog: Annotated[str, Form()] = "",
) -> Response:
    try:
        await change_cheque(visit.gateway, visit.user, claim_number, payment_reference, status)
    except _REFUSALS as error:
        return await _again(visit, claim_number, dialog, {"status": status}, visit.errors_of(error))
    return visit.redirect(visit.request.url.path.partition("/cheques/")[0] + "#settlement", "cheque_changed")


def claim_context(
    claim: ToldClaim,
    reader: Reader,
    user_id: str,
    *,
    since: datetime | None = None,
    form: dict[str, Any] | None = None,
    directory: Told[Directory] | None = None,
) -> dict[str, Any]:
    """Give what the claim's template shows: the claim, and which fields are marked as changed."""
    changed = claim.changed if since is None else changed_fields(claim.history, since, user_id)
    return {
        "claim": claim,
        "marks": Marks(changed),
        "since": (since or since_of(claim, reader.now)).isoformat(),
        "form": form or {"dialog": "", "typed": {}, "errors": None},
        "directory": directory or Told.of({}),
    }


def _claim_response(
    visit: Visit,
    claim: ToldClaim,
    *,
    since: datetime | None = None,
    form: dict[str, Any] | None = None,
    directory: Told[Directory] | None = None,
    status: int = 200,
) -> Response:
    context = claim_context(
        claim, visit.reader, visit.user.user_id, since=since, form=form, directory=directory
    )
    if visit.fragment:
        return visit.part("claims/_claim.html", **context)
    return visit.page("claims/claim.html", claim.title, "claims", status=status, **context)


async def _again(
    visit: Visit, claim_number: str, dialog: str, values: dict[str, str], errors: dict[str, str]
) -> Response:
    """Show the claim with the dialog open, what was typed, and what is wrong with it."""
    async with visit.gateway.database.read(visit.user.scope) as session:
        claim = await tell_claim(session, visit.user.scope, claim_number)
        directory = await tell_directory(session, *FIRMS)
    known = {name: text for name, text in errors.items() if name in values}
    shown = known or {"": next(iter(errors.values()))}
    return _claim_response(
        visit,
        claim,
        form={"dialog": dialog, "typed": values, "errors": shown},
        directory=directory,
        status=422,
    )


def _required(visit: Visit) -> str:
    return translations(visit.reader.language.code).gettext("Please fill this in.")


def _instant(value: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
