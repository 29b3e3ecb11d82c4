"""What a file is bound to, and whether those who know claims, contracts and clients agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.errors import Invalid, NotAllowed, NotFound

Number = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class Binding(BaseModel):
    """The agency, and at least one of client, claim and contract."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    agency_id: Number
    client_id: Number | None = None
    claim_number: Number | None = None
    policy_number: Number | None = None

    @model_validator(mode="after")
    def _bound(self) -> Self:
        if self.client_id is None and self.claim_number is None and self.policy_number is None:
            message = "a file belongs to a claim, a contract or a client"
            raise ValueError(message)
        return self


@dataclass(frozen=True, slots=True)
class Known:
    """What a claim or contract is known to belong to; `partner_ids` are those that work on it."""

    agency_id: str
    client_id: str
    policy_number: str
    partner_ids: frozenset[str] = frozenset()


def agreed(
    binding: Binding,
    *,
    claim: Known | None,
    contract: Known | None,
    client_agency: str | None,
    partner_id: str | None,
) -> Binding:
    """Complete the binding by what is known, or refuse it.

    None for `claim`, `contract` or `client_agency` means that no event about it has come yet: then the word of
    the gateway, which signed for the caller, stands. A partner adds files only to claims that it works on.
    """
    if partner_id is not None and binding.claim_number is None:
        raise NotAllowed("not_assigned", "A partner adds files to claims only.")
    client_id, policy_number = binding.client_id, binding.policy_number
    for known, field, what in ((claim, "claim_number", "claim"), (contract, "policy_number", "contract")):
        if known is None:
            continue
        if known.agency_id != binding.agency_id:
            raise NotFound(f"{what}_unknown", f"There is no such {what}.", f"binding.{field}")
        if client_id not in {None, known.client_id}:
            raise Invalid("binding_mismatch", f"This {what} is another client's.", "binding.client_id")
        if policy_number not in {None, known.policy_number}:
            raise Invalid(
                "binding_mismatch", f"This {what} is under another contract.", "binding.policy_number"
            )
        client_id = known.client_id
        policy_number = policy_number or known.policy_number or None
    if client_agency not in {None, binding.agency_id}:
        raise NotFound("client_unknown", "There is no such client.", "binding.client_id")
    if partner_id is not None and claim is not None and partner_id not in claim.partner_ids:
        raise NotAllowed("not_assigned", "This claim is not with you.")
    return binding.model_copy(update={"client_id": client_id, "policy_number": policy_number})
