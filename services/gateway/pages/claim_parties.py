"""The form of a claim's parties: what it shows, and the command that it becomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.gateway.queries import ClaimDetail
from services.gateway.queries.rows import PartnerCard
from shared.contracts.claims import ThirdParty, ThirdPartyAgent

FIRMS: Final = ("garage", "appraiser")
THIRD: Final = ("policyholder", "mobile", "driver", "plate", "insurer", "policy_number")
AGENT: Final = ("name", "agency", "phone", "email")
MOST_THIRD_PARTIES: Final = 10
Directory = Mapping[str, Sequence[PartnerCard]]


def party_values(claim: ClaimDetail) -> dict[str, str]:
    """Give the form's fields as the claim has them; one empty third party stands at the end."""
    values: dict[str, str] = {}
    for firm in FIRMS:
        known = getattr(claim.state, firm)
        values[firm] = (known.partner_id or "") if known else ""
        values[f"{firm}_name"] = known.name if known and not known.partner_id else ""
    for place in range(third_party_count(claim)):
        known_one = claim.state.third_parties[place] if place < len(claim.state.third_parties) else None
        for field in THIRD:
            values[f"third_{place}_{field}"] = getattr(known_one, field) if known_one else ""
    agent = claim.state.third_party_agent
    for field in AGENT:
        values[f"agent_{field}"] = getattr(agent, field) if agent else ""
    return values


def third_party_count(claim: ClaimDetail) -> int:
    """How many third parties the form has room for."""
    return min(len(claim.state.third_parties) + 1, MOST_THIRD_PARTIES)


def parties_command(claim: ClaimDetail, typed: Mapping[str, str], directory: Directory) -> dict[str, Any]:
    """Give what differs from the claim, as the claims service takes it; null takes a party off."""
    before = party_values(claim)
    body: dict[str, Any] = {}
    for firm in FIRMS:
        names = (firm, f"{firm}_name")
        if any(typed.get(name, "") != before[name] for name in names):
            body[firm] = _firm(typed.get(firm, ""), typed.get(f"{firm}_name", ""), directory.get(firm, ()))
    third = _third_parties(claim, typed)
    if third != [one.model_dump() for one in claim.state.third_parties]:
        body["third_parties"] = third
    agent = {field: typed.get(f"agent_{field}", "") for field in AGENT}
    known = claim.state.third_party_agent
    if agent != (known or ThirdPartyAgent(name="")).model_dump():
        body["third_party_agent"] = agent if any(agent.values()) else None
    return body


def missing_names(typed: Mapping[str, str], body: Mapping[str, Any]) -> str:
    """The field that must be filled: a third party and an agent need a name. Empty: none."""
    for place in range(MOST_THIRD_PARTIES):
        fields = [typed.get(f"third_{place}_{field}", "") for field in THIRD]
        if any(fields) and not fields[0]:
            return f"third_{place}_policyholder"
    agent = body.get("third_party_agent")
    return "agent_name" if agent and not agent["name"] else ""


def _firm(partner_id: str, name: str, directory: Sequence[PartnerCard]) -> dict[str, Any] | None:
    """A firm from the directory by its id, or another one by its name alone; neither: none."""
    known = next((one for one in directory if one.id == partner_id), None) if partner_id else None
    if known is not None:
        return {"partner_id": known.id, "name": known.name, "phone": known.phone, "city": known.city}
    return {"partner_id": None, "name": name} if name else None


def _third_parties(claim: ClaimDetail, typed: Mapping[str, str]) -> list[dict[str, Any]]:
    found = []
    for place in range(third_party_count(claim)):
        fields = {field: typed.get(f"third_{place}_{field}", "") for field in THIRD}
        if any(fields.values()):
            found.append(ThirdParty(**fields).model_dump())
    return found
