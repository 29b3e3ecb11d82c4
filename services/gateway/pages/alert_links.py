"""Where an alert leads: to the part of the page that changed."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlencode

from services.gateway.queries import AlertRow

_PARTS: Final = {
    "repair": "repair",
    "appraisal": "appraisal",
    "settlement": "settlement",
    "cheque": "settlement",
    "document": "files",
}


def alert_link(alert: AlertRow) -> str:
    """Give the address that marks an alert as read and goes to what it is about."""
    return f"/alerts/{quote(alert.id, safe='')}?{urlencode({'to': subject_link(alert)})}"


def subject_link(alert: AlertRow) -> str:
    """Give the page that an alert is about, at the part that changed."""
    part = _PARTS.get(alert.kind.partition("-")[0], "")
    if alert.claim_number:
        return f"/claims/{quote(alert.claim_number, safe='')}" + (f"#{part}" if part else "")
    if alert.policy_number:
        return f"/contracts/{quote(alert.policy_number, safe='')}" + ("/documents" if part == "files" else "")
    if alert.client_id:
        return f"/clients/{quote(alert.client_id, safe='')}" + (f"#{part}" if part == "files" else "")
    return "/alerts"
