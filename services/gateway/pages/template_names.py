"""What templates call by name: filters, functions and tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from services.gateway.pages.addresses import town_first
from services.gateway.pages.assets import asset_url
from services.gateway.pages.claim_filters import (
    chips_of,
    is_filtered,
    is_narrowed,
    list_address,
    list_parameters,
    needs_in_words,
)
from services.gateway.pages.claim_shown import CHEQUE_STEPS, dialogs_of
from services.gateway.pages.claim_views import views_of
from services.gateway.pages.client_values import contact_confirmed, contact_values, particular_values
from services.gateway.pages.figures import ago_words, isolated_code
from services.gateway.pages.fragments import kept, part, remembered
from services.gateway.pages.icons import icon
from services.gateway.pages.languages import LANGUAGES
from services.gateway.pages.markup import (
    actor,
    address,
    ago,
    alert,
    arrow,
    changes,
    choices,
    code,
    count,
    countries,
    day,
    days_left,
    days_until,
    email,
    files_together,
    full_date,
    happening,
    happening_icon,
    in_words,
    instant,
    money,
    name,
    partner_choices,
    path_part,
    percent,
    phone,
    plate,
    policy_number,
    query,
    size,
    tone,
    tone_icon,
    what_changed,
    what_of,
)
from services.gateway.pages.next_steps import missing_documents, next_steps
from services.gateway.pages.paging import page_numbers
from services.gateway.pages.repairs import STAGES, repair_stage, stepper
from services.gateway.pages.runs import activity_runs
from services.gateway.pages.speaking import current_reader
from services.gateway.pages.tones import LINE_ICONS

FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "code": code,
    "name": name,
    "address": address,
    "plate": plate,
    "policy_number": policy_number,
    "phone": phone,
    "email": email,
    "money": money,
    "percent": percent,
    "day": day,
    "full_date": full_date,
    "instant": instant,
    "ago": ago,
    "days_until": days_until,
    "days_left": days_left,
    "word": in_words,
    "tone": tone,
    "tone_icon": tone_icon,
    "size": size,
    "count": count,
    "path_part": path_part,
    "isolate": isolated_code,
    "happening": happening,
    "happening_icon": happening_icon,
    "what_of": what_of,
}
GLOBALS: Final[dict[str, Any]] = {
    "icon": icon,
    "asset": asset_url,
    "kept": kept,
    "part": part,
    "ago_words": ago_words,
    "town_first": lambda country: town_first(country, current_reader()),
    "remembered": remembered,
    "choices": choices,
    "query": query,
    "page_numbers": page_numbers,
    "changes": changes,
    "what_changed": what_changed,
    "what_of": what_of,
    "alert_words": alert,
    "activity_runs": activity_runs,
    "files_together": files_together,
    "partner_choices": partner_choices,
    "arrow": arrow,
    "contact_confirmed": contact_confirmed,
    "contact_values": contact_values,
    "particular_values": particular_values,
    "countries": countries,
    "chips_of": chips_of,
    "is_filtered": is_filtered,
    "is_narrowed": is_narrowed,
    "list_address": list_address,
    "list_parameters": list_parameters,
    "needs_in_words": needs_in_words,
    "views_of": views_of,
    "cheque_steps": CHEQUE_STEPS,
    "dialogs_of": dialogs_of,
    "missing_documents_of": missing_documents,
    "next_steps": next_steps,
    "actor": actor,
    "repair_stage": repair_stage,
    "repair_stages": STAGES,
    "stepper": stepper,
    "line_icons": LINE_ICONS,
    "languages": tuple(LANGUAGES.values()),
    "language_choices": tuple((one.code, one.name) for one in LANGUAGES.values()),
    "reader": current_reader,
}
TESTS: Final[dict[str, Callable[..., bool]]] = {
    "picture": lambda content_type: str(content_type).startswith("image/"),
}
