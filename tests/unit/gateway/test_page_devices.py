"""Devices by their own names, zones by places, and the style guide's list of colours."""

from __future__ import annotations

import re

import pytest

from services.gateway.pages.assets import OWN
from services.gateway.pages.devices import Device, device_of
from services.gateway.pages.styleguide import COLOURS
from services.gateway.pages.zones import zone_choices
from tests.unit.gateway.page_samples import NOW

MOZILLA = "Mozilla/5.0"


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (f"{MOZILLA} (Windows NT 10.0) AppleWebKit Chrome/142.0 Safari/537.36 Edg/142.0", ("Edge", "Windows")),
        (f"{MOZILLA} (X11; Linux x86_64) AppleWebKit Chrome/142.0 Safari/537.36", ("Chrome", "Linux")),
        (f"{MOZILLA} (Linux; Android 14) AppleWebKit SamsungBrowser/28 Chrome/130 Mobile Safari", ("Samsung Internet", "Android")),
        (f"{MOZILLA} (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", ("Safari", "iPhone")),
        (f"{MOZILLA} (Macintosh; Intel Mac OS X 15) Gecko/20100101 Firefox/145.0", ("Firefox", "macOS")),
        ("curl/8.1", ("", "")),
        ("", ("", "")),
    ],
)  # fmt: skip
def test_a_browser_is_told_by_what_it_calls_itself(agent: str, device: tuple[str, str]) -> None:
    assert device_of(agent) == Device(*device)


def test_phones_and_tablets_are_told_from_desks() -> None:
    assert device_of("Mozilla/5.0 (iPad)").handheld
    assert not device_of("Mozilla/5.0 (Windows NT 10.0)").handheld


@pytest.mark.parametrize(
    ("language", "label"),
    [
        ("fr", "Israël – Jérusalem · \u2066UTC+02:00\u2069"),
        ("he", "ישראל – ירושלים · \u2066UTC+02:00\u2069"),
        ("en", "Israel – Jerusalem · \u2066UTC+02:00\u2069"),
    ],
)
def test_zones_are_places_in_the_readers_language_with_todays_distance(language: str, label: str) -> None:
    assert dict(zone_choices(language, NOW))["Asia/Jerusalem"] == label


def test_a_zone_west_of_greenwich_and_one_of_half_an_hour_are_right() -> None:
    found = dict(zone_choices("en", NOW))
    assert found["America/New_York"].endswith("UTC-05:00\u2069")
    assert next(one for one in found.values() if one.startswith("India – ")).endswith("UTC+05:30\u2069")


def test_the_chosen_zone_is_always_among_the_choices() -> None:
    assert dict(zone_choices("en", NOW, "Etc/UTC"))["Etc/UTC"].startswith("Etc/UTC")
    assert [zone for zone, _ in zone_choices("en", NOW, "Europe/Paris")].count("Europe/Paris") == 1


def test_the_style_guide_shows_every_colour_token() -> None:
    css = (OWN / "css" / "00-tokens.css").read_text()
    block = re.search(r'\[data-bs-theme="light"\] \{(.*?)\n\}', css, re.DOTALL)
    assert block is not None
    tokens = re.findall(r"--([\w-]+): #", block[1])
    assert sorted(COLOURS) == sorted(tokens)
    guide = (OWN / "css" / "70-profile.css").read_text()
    assert [one for one in COLOURS if f".swatch-{one} i" not in guide] == []
