"""Problems in the reader's words: what happened and what helps. Codes are those of the problem documents."""

from __future__ import annotations

from functools import cache

from services.gateway.pages.languages import translations


def problem_text(code: str, language: str) -> str:
    """Give one or two sentences for a problem code; codes without words of their own get the general ones."""
    found = _texts(language)
    return found.get(code) or found["internal"]


def problem_title(status: int, language: str) -> str:
    """Give the heading of an error page."""
    gettext = translations(language).gettext
    titles = {
        401: gettext("Please log in"),
        403: gettext("This is not for your role"),
        404: gettext("Nothing here"),
        429: gettext("Too many attempts"),
        503: gettext("Not available right now"),
    }
    return titles.get(status) or gettext("That did not work")


@cache
def _texts(language: str) -> dict[str, str]:
    gettext = translations(language).gettext
    not_there = gettext("There is nothing at this address, or it belongs to another agency.")
    required = gettext("Please fill this in.")
    unavailable = gettext(
        "The service that keeps this is not answering. Nothing you typed is lost: try again in a moment."
    )
    changed = gettext("Somebody else changed this in the meantime. Look at the new values and try again.")
    too_large = gettext("This file is too large.")
    refused_type = gettext("Files of this type are not accepted: send pictures or PDF.")
    too_many = gettext("Too many attempts. Wait a few minutes and try again.")
    return {
        "internal": gettext(
            "Something went wrong on our side. Nothing you typed is lost: try again in a moment."
        ),
        "unavailable": unavailable,
        "service_unavailable": unavailable,
        "database_unavailable": unavailable,
        "database_busy": unavailable,
        "database_timeout": unavailable,
        "unauthenticated": gettext("Your session has ended. Log in again to go on."),
        "login_failed": gettext("Email or password are not right."),
        "too_many_requests": too_many,
        "too_many_streams": too_many,
        "not_allowed": gettext("Your role does not include this. A manager of your agency can help."),
        "not_found": not_there,
        "claim_not_found": not_there,
        "client_not_found": not_there,
        "contract_not_found": not_there,
        "file_not_found": not_there,
        "alert_not_found": not_there,
        "view_not_found": not_there,
        "view_exists": gettext("You have a view of this name already."),
        "too_many_views": gettext("You have as many views as can be kept: delete one first."),
        "invalid_name": gettext("Give it a name of up to 60 characters."),
        "illegal_transition": gettext("The file does not allow this step in its present state."),
        "stale": changed,
        "stale_version": changed,
        "required": required,
        "empty": required,
        "schema": gettext("Please check this value."),
        "malformed": gettext("Please check this value."),
        "invalid_parameter": gettext(
            "The address holds a filter that does not exist. Clear the filters to go on."
        ),
        "email_invalid": gettext("This is not an email address."),
        "phone_invalid": gettext(
            "This is not a phone number. One from abroad starts with + and the country code."
        ),
        "address_incomplete": gettext("Street, city and country are needed."),
        "address_too_long": gettext("This line is too long."),
        "nothing_to_confirm": gettext("There is no contact detail to confirm yet: add one first."),
        "nothing_to_correct": gettext("Nothing was changed."),
        "too_large": too_large,
        "file_too_large": too_large,
        "image_too_large": gettext("This picture has too many pixels."),
        "file_empty": gettext("This file is empty."),
        "file_damaged": gettext("This file is damaged and cannot be read."),
        "file_type_refused": refused_type,
        "too_many_files": gettext("This file holds as many documents as it can."),
        "unsupported_media_type": refused_type,
        "storage_unavailable": unavailable,
        "no_file": gettext("Choose a file first."),
        "session_not_found": not_there,
        "file_removed": gettext("This file is removed."),
        "wrong_password": gettext("The present password is not right."),
        "invalid_password": gettext("A password has at least 10 characters."),
        "passwords_differ": gettext("The two new passwords are not the same."),
        "name_too_long": gettext("This name is too long."),
        "invalid_timezone": gettext("This time zone does not exist."),
        "cross_site": gettext("This request came from another site and was refused."),
    }
