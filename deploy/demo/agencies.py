"""The two agencies, their five users and the five partners of the demo: interface.md, "Demo"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from shared.contracts.codes import PartnerKind, Role
from shared.contracts.policy import PartnerReference

PASSWORD: Final = "demo-dossier"  # noqa: S105 - the demo's, printed at every start


@dataclass(frozen=True)
class DemoAgency:
    """A brokerage of the demo."""

    id: str
    name: str
    country: str
    language: str
    timezone: str
    currency: str
    main_insurer: str
    other_insurer: str
    garage: str


@dataclass(frozen=True)
class DemoPartner:
    """A partner of the demo."""

    id: str
    kind: PartnerKind
    name: str
    phone: str
    city: str

    @property
    def reference(self) -> PartnerReference:
        """As it stands on claims and contracts."""
        return PartnerReference(partner_id=self.id, name=self.name, phone=self.phone, city=self.city)


@dataclass(frozen=True)
class DemoUser:
    """An account of the demo."""

    email: str
    name: str
    role: Role
    agency_ids: tuple[str, ...]
    language: str


FRENCH: Final = DemoAgency(
    "agency-fr",
    "Cabinet Rive Claire",
    "FR",
    "fr",
    "Europe/Paris",
    "EUR",
    main_insurer="insurer-alpha",
    other_insurer="insurer-beta",
    garage="garage-lyon",
)
ISRAELI: Final = DemoAgency(
    "agency-il",
    "סוכנות הכרמל הירוק",
    "IL",
    "he",
    "Asia/Jerusalem",
    "ILS",
    main_insurer="insurer-beta",
    other_insurer="insurer-alpha",
    garage="garage-haifa",
)
AGENCIES: Final = (FRENCH, ISRAELI)

PARTNERS: Final = {
    partner.id: partner
    for partner in (
        DemoPartner("insurer-alpha", PartnerKind.INSURER, "Alpha Assurances", "01 99 00 10 10", "Paris"),
        DemoPartner("insurer-beta", PartnerKind.INSURER, "Beta Insurance", "03-555-2020", "Tel Aviv"),
        DemoPartner("garage-lyon", PartnerKind.GARAGE, "Carrosserie des Brotteaux", "04 99 00 30 30", "Lyon"),
        DemoPartner("garage-haifa", PartnerKind.GARAGE, "מוסך המפרץ", "04-555-4040", "חיפה"),
        DemoPartner("appraiser-one", PartnerKind.APPRAISER, "Un Regard Expertise", "04 99 00 50 50", "Lyon"),
    )
}

USERS: Final = (
    DemoUser("broker.fr@demo.example", "Claire Beaumanoir", Role.BROKER, (FRENCH.id,), "fr"),
    DemoUser("manager.fr@demo.example", "Antoine Valserine", Role.MANAGER, (FRENCH.id,), "fr"),
    DemoUser("broker.il@demo.example", "רותם שקדי", Role.BROKER, (ISRAELI.id,), "he"),
    DemoUser("handler@demo.example", "Dana Corvin", Role.HANDLER, (FRENCH.id, ISRAELI.id), "en"),
    DemoUser("ops@demo.example", "Alex Operis", Role.OPS, (), "en"),
)
