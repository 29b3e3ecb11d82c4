"""What is said once after something was done: a code travels in a short-lived cookie, never words."""

from __future__ import annotations

from functools import cache
from typing import Final

from services.gateway.pages.languages import translations

NOTICE_COOKIE: Final = "dossier_notice"


def notice_text(code: str, language: str) -> str:
    """Give the words of a notice; an unknown code says nothing."""
    return _notices(language).get(code, "")


@cache
def _notices(language: str) -> dict[str, str]:
    gettext = translations(language).gettext
    return {
        "note_saved": gettext("The note is saved."),
        "status_changed": gettext("The status is changed."),
        "cheque_changed": gettext("The cheque is updated."),
        "contact_confirmed": gettext("The contact details are confirmed as of today."),
        "contact_corrected": gettext("The contact details are corrected."),
        "files_added": gettext("The files are added."),
        "alerts_read": gettext("All alerts are marked as read."),
        "profile_saved": gettext("Your profile is saved."),
        "logged_out": gettext("You are logged out."),
    }
