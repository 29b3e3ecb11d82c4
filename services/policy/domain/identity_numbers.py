"""Numbers that states give to people and companies: checked by their own rule, shown only in part."""

from __future__ import annotations

import re
from typing import Literal

from stdnum.exceptions import ValidationError
from stdnum.fr import siren, siret
from stdnum.il import hp, idnr

from shared.errors import Invalid

ClientKind = Literal["person", "company"]

_ISRAELI_DIGITS = 9
_SIRET_DIGITS = 14
_VISIBLE = 4
_SEPARATORS = re.compile(r"[\s.\-/]+")
_ELSEWHERE = re.compile(r"[0-9A-Z]{4,20}")


def checked_identity_number(
    typed: str, kind: ClientKind, country: str, field: str = "identity_number"
) -> str:
    """Give the number without separators; `country` is the state that issued it (ISO 3166-1 alpha-2).

    Israel: 9 digits with check digit, zero-padded, for people and companies alike. France: companies have a
    SIREN or a SIRET; papers of people carry no public check digit, so letters and digits are all that is asked.
    """
    compact = _SEPARATORS.sub("", typed).upper()
    if country == "IL":
        return _israeli(compact, kind, field)
    if country == "FR" and kind == "company":
        return _french_company(compact, field)
    if not _ELSEWHERE.fullmatch(compact):
        raise Invalid("identity_number_invalid", "An identity number has 4 to 20 letters and digits.", field)
    return compact


def masked(number: str) -> str:
    """Hide all but the last four characters (`*****6782`), or all but two of a short number."""
    visible = _VISIBLE if len(number) > 2 * _VISIBLE else 2
    return "*" * (len(number) - visible) + number[-visible:] if number else ""


def _israeli(compact: str, kind: ClientKind, field: str) -> str:
    padded = compact.zfill(_ISRAELI_DIGITS)
    valid = idnr.is_valid(padded) or (kind == "company" and hp.is_valid(padded))
    if not valid or not padded.strip("0"):
        raise Invalid("identity_number_invalid", "This is not an Israeli identity number (9 digits).", field)
    return padded


def _french_company(compact: str, field: str) -> str:
    try:
        if len(compact) == _SIRET_DIGITS:
            return str(siret.validate(compact))
        return str(siren.validate(compact))
    except ValidationError as error:
        detail = "This is neither a SIREN (9 digits) nor a SIRET (14 digits)."
        raise Invalid("identity_number_invalid", detail, field) from error
