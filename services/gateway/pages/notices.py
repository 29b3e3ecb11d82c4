"""What is said once after something was done: a code travels in a short-lived cookie, never words."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from services.gateway.pages.languages import translations

NOTICE_COOKIE: Final = "dossier_notice"
_SUBJECT: Final = re.compile(r"[0-9a-f-]{36}")


def notice_of(cookie: str) -> tuple[str, str]:
    """Read the cookie: a notice's code, and the path that undoes what was done (empty when nothing does)."""
    code, _, subject = cookie.partition("|")
    if code in _UNDOING and _SUBJECT.fullmatch(subject):
        return code, _UNDOING[code].format(subject)
    return code, ""


_UNDOING: Final = {
    "file_removed": "/files/{}/restore",
    "claims_read": "/claims/read/{}/undo",
    "alerts_read": "/alerts/read/{}/undo",
    "view_deleted": "/claims/views/{}/restore",
}
"""Notice -> the path that undoes what it tells of."""


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
        "alerts_read": gettext("The alerts are marked as read."),
        "alerts_unread": gettext("The alerts are unread again."),
        "claims_read": gettext("The claims are marked as read."),
        "claims_unread": gettext("The claims are unread again."),
        "view_saved": gettext("The view is saved."),
        "view_renamed": gettext("The view has its new name."),
        "view_deleted": gettext("The view is deleted."),
        "view_restored": gettext("The view is back."),
        "parties_changed": gettext("The parties of the claim are changed."),
        "claim_closed": gettext("The claim is closed."),
        "claim_reopened": gettext("The claim is reopened."),
        "particulars_changed": gettext("The client's particulars are changed."),
        "file_removed": gettext("The file is removed."),
        "file_restored": gettext("The file is back."),
        "file_retyped": gettext("The kind of the file is changed."),
        "password_changed": gettext("The password is changed. All other devices are logged out."),
        "session_ended": gettext("That device is logged out."),
        "sessions_ended": gettext("All other devices are logged out."),
        "profile_saved": gettext("Your profile is saved."),
        "logged_out": gettext("You are logged out."),
    }
