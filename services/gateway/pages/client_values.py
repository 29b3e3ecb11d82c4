"""What a client's page and its forms say of his particulars and contact details."""

from __future__ import annotations

from typing import Final

from shared.contracts.policy import ClientState

DETAILS: Final = ("email", "phone", "address")
"""What is confirmed with a client at every call."""


def contact_confirmed(state: ClientState) -> bool:
    """Whether every contact detail that is known was confirmed once."""
    known = [one for one in (getattr(state, name) for name in DETAILS) if one is not None]
    return bool(known) and all(one.confirmed.at is not None for one in known)


def contact_values(state: ClientState) -> dict[str, str]:
    """Give the fields of the form of contact details as they are known."""
    address = state.address.value if state.address else None
    return {
        "email": state.email.value if state.email else "",
        "phone": state.phone.value if state.phone else "",
        "street": address.street if address else "",
        "postal_code": address.postal_code if address else "",
        "city": address.city if address else "",
        "country": address.country if address else "",
    }


def particular_values(state: ClientState) -> dict[str, str]:
    """The form's fields as they are known; an identity number is typed anew, since only its end is known here."""
    return {
        "first_name": state.first_name,
        "last_name": state.last_name,
        "company_name": state.company_name,
        "born_on": state.born_on.isoformat() if state.born_on else "",
        "language": state.language,
        "identity_number": "",
    }
