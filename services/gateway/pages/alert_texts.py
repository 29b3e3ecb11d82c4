"""The words of an alert in a reader's language, from its kind, its parameters and what changed.

The same words stand in the bell, in toasts, on the alerts page and in the JSON API's `text`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from services.gateway.pages.changes import AnyChange, labelled, short_text
from services.gateway.pages.figures import Reader, isolated, isolated_code
from services.gateway.pages.languages import DEFAULT, LANGUAGES, translations
from services.gateway.pages.runs import files_added, first_named
from services.gateway.pages.words import word


class AnyAlert(Protocol):
    """What an alert must tell; rows of the read model and states of events both do."""

    @property
    def kind(self) -> str: ...
    @property
    def params(self) -> dict[str, Any]: ...
    @property
    def changes(self) -> tuple[AnyChange, ...]: ...
    @property
    def claim_number(self) -> str | None: ...
    @property
    def policy_number(self) -> str | None: ...
    @property
    def client_name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class AlertText:
    """An alert in words: what happened, and the detail."""

    title: str
    detail: str


CHEQUE_MATURING: Final = "cheque-maturing"


def render_alert_text(alert: AnyAlert, language: str) -> str:
    """Write an alert as one line of plain text: whose file, what happened, the detail."""
    reader = Reader(LANGUAGES.get(language, DEFAULT), ZoneInfo("UTC"), datetime.now(UTC))
    subject = alert.claim_number or alert.policy_number or ""
    whose = " · ".join(
        filter(None, (subject and isolated_code(subject), alert.client_name and isolated(alert.client_name)))
    )
    text = alert_text(alert, reader)
    told = labelled(text.title, text.detail, reader) if text.detail else text.title
    return " — ".join(filter(None, (whose, told)))


def alert_text(alert: AnyAlert, reader: Reader) -> AlertText:
    """Write an alert for a reader. A kind that is newer than this page says that the file changed."""
    if alert.kind == CHEQUE_MATURING:
        return _maturing(alert.params, reader)
    if alert.kind in {"document-added", "document-changed", "document-removed"}:
        return AlertText(happening_name(alert.kind, reader.language.code), _document(alert, reader))
    if alert.kind == "cheque-changed" and not alert.changes:
        number = str(alert.params.get("number", ""))
        return AlertText(
            happening_name(alert.kind, reader.language.code), isolated_code(number) if number else ""
        )
    return AlertText(
        happening_name(alert.kind, reader.language.code), short_text(alert.kind, alert.changes, reader)
    )


def alerts_text(alerts: Sequence[AnyAlert], reader: Reader) -> AlertText:
    """Write alerts that stand as one line: one as it is, several files by their number and the first names."""
    if len(alerts) == 1:
        return alert_text(alerts[0], reader)
    language = reader.language.code
    kinds, names = zip(*(_document_parts(one, reader) for one in alerts), strict=True)
    told = filter(None, (*dict.fromkeys(kinds), first_named(names, language)))
    return AlertText(files_added(len(alerts), language), " · ".join(told))


def _document(alert: AnyAlert, reader: Reader) -> str:
    return " · ".join(filter(None, _document_parts(alert, reader)))


def _document_parts(alert: AnyAlert, reader: Reader) -> tuple[str, str]:
    """What kind of document it is, and its name; each may be empty."""
    new = {change.field: change.new if change.new is not None else change.old for change in alert.changes}
    kind = alert.params.get("type") or alert.params.get("document_type") or new.get("type")
    name = alert.params.get("name") or new.get("name")
    kind_words = word(reader.language.code, "document_type", str(kind)) if kind else ""
    return kind_words, isolated(str(name)) if name else ""


def _maturing(params: dict[str, Any], reader: Reader) -> AlertText:
    texts = translations(reader.language.code)
    days = int(params.get("days") or 0)
    if days > 0:
        title = texts.ngettext(
            "A cheque matures in %(num)d day", "A cheque matures in %(num)d days", days
        ) % {"num": days}
    else:
        title = texts.gettext("A cheque matures today")
    details: list[str] = []
    if params.get("amount"):
        details.append(
            isolated_code(reader.money(str(params["amount"]), str(params.get("currency") or "EUR")))
        )
    if params.get("matures_on"):
        day = reader.date(date.fromisoformat(str(params["matures_on"])[:10]))
        details.append(texts.gettext("on %(date)s") % {"date": isolated_code(day)})
    if params.get("number"):
        number = isolated_code(str(params["number"]))
        details.append(texts.pgettext("cheque", "No.\u00a0%(number)s") % {"number": number})
    if params.get("bank"):
        details.append(isolated(str(params["bank"])))
    return AlertText(title, " · ".join(details))


def happening_name(happening: str, language: str) -> str:
    """What happened, in words."""
    return _happenings(language).get(happening) or translations(language).gettext("The file changed")


@cache
def _happenings(language: str) -> dict[str, str]:
    pgettext = translations(language).pgettext
    return {
        "client-registered": pgettext("happening", "New client"),
        "client-corrected": pgettext("happening", "Client's details corrected"),
        "client-contact-confirmed": pgettext("happening", "Contact details confirmed"),
        "client-contact-corrected": pgettext("happening", "Contact details corrected"),
        "contract-registered": pgettext("happening", "New contract"),
        "contract-amended": pgettext("happening", "Contract amended"),
        "contract-status-changed": pgettext("happening", "Contract status changed"),
        "contract-receipts-changed": pgettext("happening", "Premium receipts updated"),
        "contract-noted": pgettext("happening", "Note on the contract"),
        "claim-registered": pgettext("happening", "New claim"),
        "claim-status-changed": pgettext("happening", "Claim status changed"),
        "claim-parties-changed": pgettext("happening", "Parties of the claim changed"),
        "claim-noted": pgettext("happening", "Note on the claim"),
        "repair-progressed": pgettext("happening", "Repair updated"),
        "appraisal-progressed": pgettext("happening", "Appraisal updated"),
        "settlement-changed": pgettext("happening", "Settlement updated"),
        "cheque-changed": pgettext("happening", "Cheque updated"),
        "document-added": pgettext("happening", "File added"),
        "document-changed": pgettext("happening", "File changed"),
        "document-removed": pgettext("happening", "File removed"),
        CHEQUE_MATURING: pgettext("happening", "Cheque about to mature"),
    }


HAPPENING_ICONS: Final = {
    "client": "user",
    "contract": "shield",
    "claim": "car-crash",
    "repair": "tool",
    "appraisal": "clipboard-check",
    "settlement": "coin",
    "cheque": "building-bank",
    "document": "file-text",
}
"""First word of a happening -> icon."""
