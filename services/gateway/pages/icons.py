"""Tabler icons, inlined into pages from the icon set's JSON, so that pages need neither an icon font nor requests."""

from __future__ import annotations

import json
from functools import cache
from typing import Final

from markupsafe import Markup

from services.gateway.pages.assets import NODE_MODULES

USED: Final = frozenset(
    """
    home users car bell search language moon sun contrast-2 logout login user chevron-right chevron-left
    chevron-down chevron-up arrow-right x check checks plus upload cloud-upload camera download paperclip photo
    file file-text file-type-pdf folder folder-open alert-triangle alert-circle circle-check circle-x info-circle
    clock calendar-event cash receipt tool building-bank building building-store shield-check shield map-pin phone
    mail id address-book refresh wifi-off note dots filter motorbike home-2 stethoscope paw lock ban circle
    circle-dot gavel scale user-shield user-check clipboard-check printer hourglass flame droplet glass wind bandage car-crash
    car-garage steering-wheel inbox history pencil coin settings arrow-up arrow-down search-off file-off eye trash
    bookmark bookmarks keyboard calendar-due car-suv arrow-narrow-up list-check
    arrow-back-up question-mark key device-desktop layout-list
    zoom-in zoom-out rotate-clockwise external-link device-mobile palette typography table chart-bar
    """.split()  # noqa: SIM905 - a list of names is read best as one block
)
MIRRORED: Final = frozenset(
    {"chevron-right", "chevron-left", "arrow-right", "arrow-back-up", "logout", "login"}
)
"""Icons that point along the line of text; clocks and ticks are never mirrored."""


@cache
def _bodies() -> dict[str, str]:
    with (NODE_MODULES / "@iconify-json" / "tabler" / "icons.json").open(encoding="utf-8") as file:
        found = json.load(file)["icons"]
    return {name: found[name]["body"] for name in USED}


@cache
def icon(name: str, css_class: str = "") -> Markup:
    """Give the SVG of an icon; it says nothing to a screen reader, the words beside it do."""
    body = _bodies()[name]
    classes = " ".join(filter(None, ("icon", "icon-mirrored" if name in MIRRORED else "", css_class)))
    return Markup('<svg class="{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>').format(
        classes,
        Markup(body),  # noqa: S704 - our own package's drawings
    )
