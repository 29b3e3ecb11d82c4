"""A new claim: what the desk says of it, completed from the contract and the client as they are known."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from services.claims.domain import appraisal, repair
from shared import plates
from shared.contracts.claims import ClaimState, Insured, ThirdParty, ThirdPartyAgent
from shared.contracts.codes import CauseOfLoss, ClaimKind, ClaimStatus
from shared.contracts.dates import IsoDate
from shared.contracts.envelope import Contract
from shared.contracts.policy import ClientState, ContractState, PartnerReference
from shared.contracts.topics import PARTNER_ID_PATTERN
from shared.errors import Invalid

LONGEST_TEXT: Final = 300
LONGEST_DESCRIPTION: Final = 8000
MOST_THIRD_PARTIES: Final = 20
_LONGEST_OF: Final = {"description": LONGEST_DESCRIPTION, "note": LONGEST_DESCRIPTION, "partner_id": 100}
_PARTNER_ID: Final = re.compile(PARTNER_ID_PATTERN)

ThirdParties = Annotated[tuple[ThirdParty, ...], Field(max_length=MOST_THIRD_PARTIES)]


class Command(Contract):
    """What the desk asks for. Unlike a message it is checked for misspelt fields, and its texts are bounded."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="after")
    def _texts_fit(self) -> Self:
        _check_texts(self.model_dump(mode="json"), "")
        return self


class InsuredDetails(Contract):
    """What differs, for this claim, from the client's record; what is left out is taken from there."""

    name: str = ""
    identity_number: str = ""
    address: str = ""
    mobile: str = ""
    plate: str = ""


class RegisterClaim(Command):
    """A claim as the desk reports it. Insured, plate and insurer come from the contract unless they are given."""

    policy_number: Annotated[str, Field(min_length=1)]
    agency_id: str | None = None
    kind: ClaimKind
    cause: CauseOfLoss = CauseOfLoss.OTHER
    event_date: IsoDate
    description: str = ""
    plate: str | None = None
    insurer: PartnerReference | None = None
    insurer_reference: str = ""
    garage: PartnerReference | None = None
    appraiser: PartnerReference | None = None
    insured: InsuredDetails | None = None
    third_parties: ThirdParties = ()
    third_party_agent: ThirdPartyAgent | None = None


def registered(
    command: RegisterClaim,
    *,
    claim_id: str,
    claim_number: str,
    contract: ContractState,
    client: ClientState | None,
    at: datetime,
) -> ClaimState:
    """Put the claim together as it is at registration; later corrections of the client do not rewrite it.

    Raises `event_in_future`; one day is allowed for time zones east of UTC.
    """
    if command.event_date > at.date() + timedelta(days=1):
        raise Invalid("event_in_future", "the event cannot be in the future", "event_date")
    plate = (contract.risk.plate if command.plate is None else command.plate).strip()
    return ClaimState(
        id=claim_id,
        agency_id=contract.agency_id,
        claim_number=claim_number,
        policy_number=contract.policy_number,
        client_id=contract.client_id,
        client_name=client.name if client is not None else contract.client_name,
        line=contract.line,
        kind=command.kind,
        cause=command.cause,
        status=ClaimStatus.REPORTED,
        event_date=command.event_date,
        description=command.description,
        plate=plate,
        plate_normalised=plates.normalise(plate),
        insurer=command.insurer or contract.insurer,
        insurer_reference=command.insurer_reference.strip(),
        garage=command.garage,
        appraiser=command.appraiser,
        insured=_insured(command.insured or InsuredDetails(), contract, client, plate),
        third_parties=command.third_parties,
        third_party_agent=command.third_party_agent,
        repair=repair.begun(at) if command.garage is not None else None,
        appraisal=appraisal.begun(at) if command.appraiser is not None else None,
        reported_at=at,
        updated_at=at,
    )


def _insured(
    said: InsuredDetails, contract: ContractState, client: ClientState | None, plate: str
) -> Insured:
    return Insured(
        name=said.name or (client.name if client else contract.client_name),
        identity_number=said.identity_number or (client.identity_number if client else ""),
        address=said.address or _address(client),
        mobile=said.mobile or (client.phone.value if client and client.phone else ""),
        plate=said.plate or plate,
        policy_number=contract.policy_number,
    )


def _address(client: ClientState | None) -> str:
    if client is None or client.address is None:
        return ""
    value = client.address.value
    town = " ".join(part for part in (value.postal_code, value.city) if part)
    return ", ".join(part for part in (value.street, town, value.country) if part)


def _check_texts(value: Any, path: str) -> None:
    """Check every text of a command, wherever it stands."""
    if isinstance(value, dict):
        for name, part in value.items():
            _check_texts(part, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for position, part in enumerate(value):
            _check_texts(part, f"{path}.{position}")
    elif isinstance(value, str):
        _check_text(value, path)


def _check_text(text: str, path: str) -> None:
    """Bound it, and refuse what databases cannot store (the null character, half a surrogate pair)."""
    name = path.rsplit(".", 1)[-1]
    longest = _LONGEST_OF.get(name, LONGEST_TEXT)
    if len(text) > longest:
        context = {"path": path, "longest": longest}
        raise PydanticCustomError("text_too_long", "{path} may have {longest} characters", context)
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise PydanticCustomError("text_not_storable", "{path} has a character that is none", {"path": path})
    if name == "partner_id" and not _PARTNER_ID.fullmatch(text):
        raise PydanticCustomError("partner_id", "{path} is not the id of a partner", {"path": path})
