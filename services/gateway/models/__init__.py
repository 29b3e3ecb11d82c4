"""The gateway's tables: identity and each user's marks, which it owns, and the read model, which can be rebuilt."""

from services.gateway.models.base import Base
from services.gateway.models.identity import Agency, Partner, PartnerKey, User, UserAgency, UserSession
from services.gateway.models.marks import AlertHighWater, AlertRead, SavedView, SeenMark
from services.gateway.models.onramp import OnrampMessage, PartnerReceipt
from services.gateway.models.views import (
    Activity,
    AlertView,
    ClaimView,
    ClientView,
    ContractView,
    DocumentView,
)

READ_MODEL = (Activity, AlertView, ClaimView, ClientView, ContractView, DocumentView)
"""What is derived from events alone: dropped and filled again by `dossier rebuild-read-model`."""

__all__ = [
    "READ_MODEL",
    "Activity",
    "Agency",
    "AlertHighWater",
    "AlertRead",
    "AlertView",
    "Base",
    "ClaimView",
    "ClientView",
    "ContractView",
    "DocumentView",
    "OnrampMessage",
    "Partner",
    "PartnerKey",
    "PartnerReceipt",
    "SavedView",
    "SeenMark",
    "User",
    "UserAgency",
    "UserSession",
]
