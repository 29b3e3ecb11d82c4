"""Which tone and icon a code is shown with: a colour never stands alone."""

from __future__ import annotations

from typing import Final

TONES: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "claim_status": {
        "reported": ("info", "inbox"),
        "registered": ("info", "clipboard-check"),
        "documents_pending": ("warn", "paperclip"),
        "under_assessment": ("info", "search"),
        "liability_disputed": ("warn", "scale"),
        "approved": ("good", "check"),
        "rejected": ("bad", "x"),
        "payment_pending": ("warn", "hourglass"),
        "part_paid": ("info", "coin"),
        "settled": ("good", "checks"),
        "closed": ("muted", "lock"),
        "reopened": ("warn", "refresh"),
        "withdrawn": ("muted", "ban"),
    },
    "contract_status": {
        "quoted": ("info", "receipt"),
        "pending": ("warn", "hourglass"),
        "in_force": ("good", "shield-check"),
        "suspended": ("bad", "alert-triangle"),
        "cancelled": ("muted", "ban"),
        "expired": ("muted", "clock"),
    },
    "receipt_status": {
        "pending": ("muted", "clock"),
        "issued": ("info", "receipt"),
        "reminded": ("warn", "bell"),
        "part_paid": ("warn", "coin"),
        "paid": ("good", "check"),
        "rejected": ("bad", "x"),
        "formal_notice": ("bad", "gavel"),
        "suspended": ("bad", "alert-triangle"),
        "cancelled": ("muted", "ban"),
        "refunded": ("info", "arrow-back-up"),
    },
    "cheque_status": {
        "announced": ("info", "bell"),
        "received": ("info", "inbox"),
        "deposited": ("info", "building-bank"),
        "cleared": ("good", "checks"),
        "bounced": ("bad", "alert-triangle"),
        "replaced": ("muted", "refresh"),
        "cancelled": ("muted", "ban"),
    },
    "quote_status": {
        "waiting_for_quote": ("muted", "hourglass"),
        "quoted": ("info", "receipt"),
        "waiting_for_approval": ("warn", "hourglass"),
        "approved": ("good", "check"),
        "rejected": ("bad", "x"),
    },
    "appraisal_status": {
        "assigned": ("muted", "user-check"),
        "scheduled": ("info", "calendar-event"),
        "visited": ("info", "eye"),
        "report_issued": ("good", "file-text"),
        "contested": ("warn", "scale"),
    },
}
"""List -> code -> (tone, icon): a colour never stands alone."""

LINE_ICONS: Final = {
    "motor_car": "car",
    "motor_bike": "motorbike",
    "home": "home-2",
    "health": "stethoscope",
    "pet": "paw",
}
