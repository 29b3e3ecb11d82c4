"""The pages of the desk, as stops of a walk, and where a user finds a good example of each."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx
from PIL import Image, ImageDraw

LANGUAGES: Final[Mapping[str, str]] = {"fr": "broker.fr", "he": "broker.il", "en": "handler"}
"""A user of the demo for each language: one whose own language it is, with clients whose names are written in it."""


@dataclass(frozen=True)
class Places:
    """Paths that hold for one user of one stack."""

    claim: str
    plain_claim: str
    client: str
    contract: str
    file: str


@dataclass(frozen=True)
class Stop:
    """A page to look at. `press` is what is pressed first (where it is to be seen), then `keys` are typed and `shows`
    has to appear; `visitor` is who looks when it is nobody's desk.
    """

    path: Callable[[Places], str]
    press: str = ""
    keys: str = ""
    shows: str = ""
    visitor: str = "desk"
    status: int = 200


STOPS: Final[Mapping[str, Stop]] = {
    "login": Stop(lambda _: "/login", visitor="nobody"),
    "home": Stop(lambda _: "/"),
    "claims": Stop(lambda _: "/claims"),
    "claims-filters": Stop(lambda _: "/claims?state=all&kind=own_damage"),
    "claims-none": Stop(lambda _: "/claims?q=zzzz"),
    "claim": Stop(lambda places: f"/claims/{places.claim}"),
    "claim-plain": Stop(lambda places: f"/claims/{places.plain_claim}"),
    "claim-dialog": Stop(
        lambda places: f"/claims/{places.claim}", press=".identity-actions [data-dialog=dialog-status]"
    ),
    "clients": Stop(lambda _: "/clients"),
    "clients-none": Stop(lambda _: "/clients?q=zzzz"),
    "client": Stop(lambda places: f"/clients/{places.client}"),
    "client-dialog": Stop(
        lambda places: f"/clients/{places.client}", press=".identity-actions [data-dialog=dialog-contact]"
    ),
    "contract": Stop(lambda places: f"/contracts/{places.contract}"),
    "contract-events": Stop(lambda places: f"/contracts/{places.contract}/events"),
    "contract-receipts": Stop(lambda places: f"/contracts/{places.contract}/receipts"),
    "contract-documents": Stop(lambda places: f"/contracts/{places.contract}/documents"),
    "contract-claims": Stop(lambda places: f"/contracts/{places.contract}/claims"),
    "alerts": Stop(lambda _: "/alerts"),
    "alerts-unread": Stop(lambda _: "/alerts?show=unread"),
    "search": Stop(lambda _: "/search"),
    "search-found": Stop(lambda _: "/search?q=12"),
    "file": Stop(lambda places: f"/files/{places.file}"),
    "viewer": Stop(lambda places: f"/claims/{places.claim}", press="a[data-viewer]", shows="#viewer"),
    "bell": Stop(lambda _: "/clients", press="#bell > summary", shows="#bell-panel .bell-all"),
    "search-panel": Stop(
        lambda _: "/clients",
        press=".bottom-bar a[data-search-open]:visible, #global-search:visible",
        keys="12",
        shows="#search-panel",
    ),
    "styleguide": Stop(lambda _: "/styleguide"),
    "profile": Stop(lambda _: "/profile"),
    "user-menu": Stop(lambda _: "/profile", press="#user-menu > summary"),
    "not-found": Stop(lambda _: "/claims/CL-1999-000001", status=404),
    "ops": Stop(lambda _: "/", visitor="ops"),
}


async def places_of(http: httpx.AsyncClient) -> Places:
    """Find the claim, client and contract with most to see; `http` is logged in. The claim gets two photos."""
    claims: list[dict[str, Any]] = []
    for number in range(1, 3):
        claims += (await _get(http, "/claims", state="open", page=number))["items"]
    in_repair = [one for one in claims if one["repair"] and one["repair"]["phase"] not in _ENDED]
    found = [await _get(http, f"/claims/{one['claim_number']}") for one in in_repair[:20]]
    rich = max(found, key=_richness)
    plain = next(one for one in claims if not one["repair"])
    files = rich["files"] or [
        await _photo(http, rich["claim_number"], colour) for colour in ("#34568b", "#7b4a2d")
    ]
    return Places(
        claim=rich["claim_number"],
        plain_claim=plain["claim_number"],
        client=rich["client"]["id"],
        contract=rich["policy_number"],
        file=files[0]["id"],
    )


_ENDED = {"delivered", "cancelled", "total_loss"}


def _richness(claim: dict[str, Any]) -> int:
    parts = (claim["third_parties"], (claim["settlement"] or {}).get("payments"), claim.get("appraisal"))
    return len(claim["history"]) + 20 * sum(map(bool, parts))


async def _get(http: httpx.AsyncClient, path: str, **parameters: Any) -> dict[str, Any]:
    answer = await http.get(f"/api/v1{path}", params=parameters)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


async def _photo(http: httpx.AsyncClient, number: str, colour: str) -> dict[str, Any]:
    """Add a picture with something to see in it: a car, as children draw it."""
    image = Image.new("RGB", (960, 720), "#c9d4e2")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 520, 960, 720), fill="#6d7480")
    draw.rounded_rectangle((120, 360, 840, 540), 60, fill=colour)
    draw.rounded_rectangle((270, 230, 670, 400), 70, fill=colour)
    draw.rounded_rectangle((310, 270, 630, 370), 40, fill="#e8f0f8")
    for left in (220, 620):
        draw.ellipse((left, 460, left + 130, 590), fill="#22262e")
    file = io.BytesIO()
    image.save(file, "JPEG")
    answer = await http.post(
        f"/api/v1/claims/{number}/files",
        files={"file": ("photo.jpg", file.getvalue(), "image/jpeg")},
        data={"type": "damage_photo"},
    )
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
