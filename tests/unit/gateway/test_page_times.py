"""How long ago and how far away, in each language: whole units, words that people say, and the same in the script."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.gateway.pages.assets import OWN
from services.gateway.pages.figures import Reader, ago_words
from services.gateway.pages.languages import LANGUAGES
from services.gateway.pages.markup import ago
from services.gateway.pages.rendering import render
from services.gateway.pages.speaking import speaking_to
from tests.unit.gateway.page_samples import NOW, desk, reader

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GAP = "\u00a0"

AGO: dict[timedelta, tuple[str, str, str]] = {
    timedelta(0): ("à l’instant", "ממש עכשיו", "just now"),
    timedelta(seconds=59): ("à l’instant", "ממש עכשיו", "just now"),
    1 * MINUTE: (f"il y a 1{GAP}min", "לפני דקה", "1 min ago"),
    2 * MINUTE: (f"il y a 2{GAP}min", "לפני 2 דק׳", "2 min ago"),
    3 * MINUTE: (f"il y a 3{GAP}min", "לפני 3 דק׳", "3 min ago"),
    11 * MINUTE: (f"il y a 11{GAP}min", "לפני 11 דק׳", "11 min ago"),
    59.9 * MINUTE: (f"il y a 59{GAP}min", "לפני 59 דק׳", "59 min ago"),
    1 * HOUR: (f"il y a 1{GAP}h", "לפני שעה", "1 hour ago"),
    1.9 * HOUR: (f"il y a 1{GAP}h", "לפני שעה", "1 hour ago"),
    2 * HOUR: (f"il y a 2{GAP}h", "לפני שעתיים", "2 hours ago"),
    3 * HOUR: (f"il y a 3{GAP}h", "לפני 3 שעות", "3 hours ago"),
    11 * HOUR: (f"il y a 11{GAP}h", "לפני 11 שעות", "11 hours ago"),
    23.9 * HOUR: (f"il y a 23{GAP}h", "לפני 23 שעות", "23 hours ago"),
    1 * DAY: ("hier", "אתמול", "yesterday"),
    2 * DAY: ("il y a 2 jours", "לפני יומיים", "2 days ago"),
    3 * DAY: ("il y a 3 jours", "לפני 3 ימים", "3 days ago"),
    6 * DAY: ("il y a 6 jours", "לפני 6 ימים", "6 days ago"),
    8 * DAY: ("15/11/2026", "15.11.2026", "15 Nov 2026"),
    11 * DAY: ("12/11/2026", "12.11.2026", "12 Nov 2026"),
}
DAYS: dict[int, tuple[str, str, str]] = {
    0: ("aujourd’hui", "היום", "today"),
    1: ("demain", "מחר", "tomorrow"),
    2: ("dans 2 jours", "בעוד יומיים", "in 2 days"),
    3: ("dans 3 jours", "בעוד 3 ימים", "in 3 days"),
    11: ("dans 11 jours", "בעוד 11 ימים", "in 11 days"),
    -1: ("hier", "אתמול", "yesterday"),
    -2: ("il y a 2 jours", "לפני יומיים", "2 days ago"),
    -3: ("il y a 3 jours", "לפני 3 ימים", "3 days ago"),
    -11: ("il y a 11 jours", "לפני 11 ימים", "11 days ago"),
}


@pytest.mark.parametrize(("past", "told"), AGO.items())
def test_what_is_recent_is_told_by_how_long_ago_and_the_rest_by_its_date(
    past: timedelta, told: tuple[str, str, str]
) -> None:
    assert tuple(reader(one).relative(NOW - past) for one in ("fr", "he", "en")) == told


@pytest.mark.parametrize(("days", "told"), DAYS.items())
def test_a_day_is_told_by_how_far_away_it_is(days: int, told: tuple[str, str, str]) -> None:
    day = (NOW + days * DAY).date()
    assert tuple(reader(one).days_until(day) for one in ("fr", "he", "en")) == told


def test_yesterday_is_the_day_before_and_not_any_time_a_day_ago() -> None:
    early = replace(reader("en"), now=datetime(2026, 11, 24, 0, 30, tzinfo=UTC))
    assert early.relative(datetime(2026, 11, 22, 22, 45, tzinfo=UTC)) == "2 days ago", (
        "25 hours and three quarters"
    )
    assert early.relative(datetime(2026, 11, 22, 23, 15, tzinfo=UTC)) == "yesterday", (
        "after midnight in Paris"
    )


def test_a_clock_ahead_of_ours_is_forgiven_a_minute_and_then_told_as_it_is() -> None:
    assert reader("en").relative(NOW + timedelta(seconds=59)) == "just now"
    assert reader("en").relative(NOW + MINUTE) == "23 Nov 2026 11:01"
    assert reader("en").relative(NOW + 9 * DAY) == "2 Dec 2026 11:00"


@pytest.mark.parametrize(
    ("past", "kept"), [(-MINUTE, False), (0 * DAY, True), (6.9 * DAY, True), (7 * DAY, False)]
)
def test_only_what_is_told_by_how_long_ago_is_told_again_by_the_script(past: timedelta, kept: bool) -> None:
    with speaking_to(reader("en")):
        assert (" data-ago>" in ago(NOW - past)) is kept


@pytest.mark.parametrize("language", LANGUAGES)
@given(number=st.integers(min_value=3, max_value=400))
def test_one_form_serves_for_every_number_above_two(language: str, number: int) -> None:
    """The script has three forms a unit; a language with more of them would need more."""
    told = reader(language).days_until((NOW - number * DAY).date())
    assert told == ago_words(language)[-1].replace("{n}", str(number))


def script(calls: list[tuple[str, list[Any]]]) -> list[str]:
    """What functions of the page's script give."""
    source = (OWN / "figures.js").read_text().replace("export ", "")
    told = f"{source}\nconst known = {{ ago, percent }};\nconst calls = {json.dumps(calls)};\n"
    told += "console.log(JSON.stringify(calls.map(([name, given]) => known[name](...given))));"
    own = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    node = shutil.which("node", path=own)
    assert node, "set-up brings Node.js as a package where the machine has none"
    command = [node, "--input-type=module"]
    answer = subprocess.run(command, input=told, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(answer.stdout)
    return found


@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Jerusalem", "Pacific/Kiritimati"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_script_tells_times_as_the_server_does(language: str, zone: str) -> None:
    words = page_words(language)
    pasts = [
        *AGO,
        -59.9 * MINUTE / 60,
        -MINUTE,
        6.99 * DAY,
        7 * DAY,
        *(hours * HOUR for hours in range(20, 168, 3)),
    ]
    nows = [NOW, NOW.replace(hour=22, minute=50), NOW.replace(month=10, day=26), NOW.replace(month=3, day=28)]
    told = [
        (one.relative(one.now - past) if one.is_recent(one.now - past) else "")
        for now in nows
        for one in [Reader(LANGUAGES[language], ZoneInfo(zone), now)]
        for past in pasts
    ]
    asked: list[tuple[str, list[Any]]] = [
        ("ago", [milliseconds(now - past), milliseconds(now), words, zone]) for now in nows for past in pasts
    ]
    assert script(asked) == told


def test_the_script_writes_percentages_as_the_server_does() -> None:
    asked: list[tuple[str, list[Any]]] = [
        ("percent", [n / 100, one]) for one in LANGUAGES for n in (0, 7, 38, 100)
    ]
    assert script(asked) == [reader(one).percent(n) for one in LANGUAGES for n in (0, 7, 38, 100)]


def milliseconds(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def page_words(language: str) -> list[str]:
    """The words as a page hands them to its script."""
    page = render("base.html", reader(language), {"desk": desk(language), "title": ""})
    found = page.partition('data-ago="')[2].partition('"')[0].split("|")
    assert tuple(found) == ago_words(language)
    return found


TICK = timedelta(microseconds=1)
AGES = st.one_of(
    st.timedeltas(-3 * MINUTE, 9 * DAY),
    st.sampled_from(
        [
            minutes * MINUTE + more
            for minutes in (-1, 0, 1, 59, 60, 61, 24 * 60, 7 * 24 * 60)
            for more in (-TICK, timedelta(0), TICK)
        ]
    ),
)


@given(later=st.timedeltas(timedelta(0), 9 * DAY), age=AGES, language=st.sampled_from(sorted(LANGUAGES)))
def test_what_is_told_of_an_instant_stays_so_as_long_as_is_said_and_not_a_moment_longer(
    later: timedelta, age: timedelta, language: str
) -> None:
    def at_moment(moment: datetime) -> Reader:
        return replace(reader(language), now=moment)

    now = NOW + later
    at, today = now - age, at_moment(now).today
    told = at_moment(now).is_recent(at), at_moment(now).relative(at)
    since, until = at_moment(now).told_alike(at)
    assert since <= now <= until
    for last, beyond in ((since, -TICK), (until, TICK)):
        if last.year != NOW.year:
            continue  # for ever
        for moment, same in ((last, True), (last + beyond, False)):
            then = at_moment(moment)
            if then.today == today:
                assert ((then.is_recent(at), then.relative(at)) == told) is same
