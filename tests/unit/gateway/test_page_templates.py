"""Every page in every language: rendered whole, nothing untranslated, nothing that a strict policy forbids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from html.parser import HTMLParser
from typing import Any

import pytest

from services.gateway.identity.profile import SessionInfo
from services.gateway.pages import (
    alert_texts,
    field_names,
    figures,
    fragments,
    languages,
    problem_texts,
    template_texts,
    words,
)
from services.gateway.pages.alert_groups import grouped, kind_names, lines_of
from services.gateway.pages.alert_links import alert_link
from services.gateway.pages.claim_filters import filter_names, need_names
from services.gateway.pages.claim_list import list_context
from services.gateway.pages.claims import claim_context
from services.gateway.pages.client_values import particular_values
from services.gateway.pages.contracts import TABS, account_of, balance_of
from services.gateway.pages.devices import device_of
from services.gateway.pages.languages import LANGUAGES
from services.gateway.pages.needs import Needs, days_of
from services.gateway.pages.rendering import TEMPLATES, render
from services.gateway.pages.styleguide import guide_context
from services.gateway.queries import (
    AlertPage,
    CalendarEntry,
    ChequeDue,
    ClaimQuery,
    ClientQuery,
    SearchResult,
    SilentGarage,
    Told,
    ViewRow,
)
from services.gateway.queries.rows import Page
from shared.contracts.envelope import Change
from shared.http.problems import Problem
from tests.unit.gateway import page_samples as samples

FILTERS = {"insurer": (("insurer-alpha", "Άλφα"),), "garage": (("garage-one", "Ομάδα"),)}


def profile_page(language: str) -> dict[str, Any]:
    chrome = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"
    at = samples.NOW - timedelta(hours=2)
    sessions = (
        SessionInfo("session-1", chrome, "192.0.2.7", at, samples.NOW, current=True),
        SessionInfo("session-2", "", "", at, at, current=False),
    )
    return {
        "values": {"name": "Άλφα", "language": "fr", "timezone": "Europe/Paris"},
        "errors": {"name": "Λάθος", "": "Σφάλμα"},
        "password_errors": {"old": "Λάθος"},
        "sessions": [(one, device_of(one.user_agent)) for one in sessions],
        "zones": [("Europe/Paris", "Παρίσι")],
        "agency_zone": "Europe/Paris",
    }


def list_of(*items: Any) -> Page[Any]:
    return Page(items, 120, 2, 3, 50)


def claims_context(*rows: Any, **query: Any) -> dict[str, Any]:
    page = list_of(*rows) if rows else Page((), 0, 1, 1, 50)
    own = (ViewRow("view-1", "Δική μου", "kind=glass"), ViewRow("view-2", "Παλιά", "kind=gone"))
    return list_context(ClaimQuery(**query), page, FILTERS, own)


def full_list(_: str) -> dict[str, Any]:
    """A list with every filter there is, and a view whose new name was refused."""
    query: dict[str, Any] = {
        "status": ("reported", "closed"),
        "phase": ("body",),
        "insurer": ("insurer-alpha",),
        "plate": "12",
        "need": "late",
        "mine": True,
        "event_from": date(2026, 1, 2),
    }
    context = claims_context(samples.claim_row(), late_row(), **query)
    form = {"dialog": "manage", "view": "view-1", "name": "Άλλη", "errors": {"name": "Λάθος"}}
    return {**context, "form": form}


def claim_page(language: str) -> dict[str, Any]:
    form = {"dialog": "note", "typed": {"note": "Κείμενο"}, "errors": {"note": "Λάθος", "": "Σφάλμα"}}
    directory = {"garage": (samples.partner_card("garage"),), "appraiser": ()}
    return claim_context(
        samples.told_claim(), samples.reader(language), "user-1", form=form, directory=Told.of(directory)
    )


def bare_claim(language: str) -> dict[str, Any]:
    state = samples.claim_state(
        repair=None, appraisal=None, settlement={}, garage=None, appraiser=None, third_parties=(), plate=""
    )
    claim = samples.told_claim(
        state=state, garage=None, appraiser=None, client=None, changed=(), history=(), documents=()
    )
    return claim_context(claim, samples.reader(language), "user-1")


def home(language: str, *rows: Any) -> dict[str, Any]:
    today = samples.reader(language).today
    amount = Decimal("1460.00")
    entries = tuple(
        CalendarEntry(
            today + timedelta(days=ahead), kind, number, "4501-889231", "Ωμέγα", plate, amount, "EUR"
        )
        for ahead, kind, number, plate in (
            *((0, "delivery", "CL-2026-000117", "12-345-67"),) * 6,
            (1, "visit", "CL-2026-000117", ""),
            (2, "cheque", "CL-2026-000117", ""),
            (3, "receipt", None, ""),
        )
    )
    due = ChequeDue("CL-2026-000117", "Ωμέγα", "", "7000107", amount, "EUR", today + timedelta(days=3))
    quiet = SilentGarage("garage-one", "Ομάδα", 2, samples.NOW - timedelta(days=6))
    needs = Needs(
        cheques=(due, replace(due, matures_on=today)) if rows else (),
        cheques_total=3,
        late=rows,
        late_total=len(rows) + 2,
        silent=(quiet,) if rows else (),
        silent_total=3,
        documents=rows,
        documents_total=len(rows) + 1,
        phases=(("body", 3), ("paint", 1)) if rows else (),
        days=days_of(entries if rows else (), today),
    )
    return {"unread_claims": list_of(*rows), "needs": needs, "open_total": len(rows)}


def alerts_page(*rows: Any, show: str = "all", kind: str = "", language: str = "en") -> dict[str, Any]:
    return {
        "alerts": AlertPage(rows, 2, 5 if rows else None),
        "show": show,
        "kind": kind,
        "kinds": tuple(kind_names(language).items()),
        "days": grouped(rows, samples.reader(language)),
        "lines": lines_of(rows),
        "link": alert_link,
    }


def client_page(**changes: Any) -> dict[str, Any]:
    values = dict.fromkeys(("email", "phone", "street", "postal_code", "city", "country"), "")
    return {
        "client": samples.told_client(),
        "form": {"values": {**values, "country": "DE"}, "errors": {"phone": "Λάθος", "": "Σφάλμα"}},
        "notice_error": {"": "Σφάλμα"},
        "identity_number": "",
        "particulars": {"values": particular_values(samples.client_state()), "errors": {"born_on": "Λάθος"}},
        **changes,
    }


def contract_page(tab: str, **changes: Any) -> dict[str, Any]:
    contract = samples.contract_detail(**changes)
    return {
        "contract": contract,
        "tab": tab,
        "balance": balance_of(contract, samples.NOW.date()),
        "account": account_of(contract),
    }


def tab_of(tab: str, _language: str) -> dict[str, Any]:
    return contract_page(tab)


def late_row() -> Any:
    return samples.claim_row(id="claim-2", last_activity_at=samples.NOW - timedelta(days=9))


PAGES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "login": (
        "account/login.html",
        lambda _: {"next": "/", "email": "", "errors": {"": "Λάθος", "email": "Λάθος"}},
    ),
    "profile": ("account/profile.html", profile_page),
    "style guide": ("styleguide.html", lambda language: guide_context(samples.NOW, language)),
    "operations": ("account/ops.html", lambda _: {}),
    "home": ("home.html", lambda language: home(language, late_row())),
    "home with nothing to do": ("home.html", home),
    "claims": (
        "claims/list.html",
        lambda _: claims_context(samples.claim_row(), late_row()),
    ),
    "claims with every filter": ("claims/list.html", full_list),
    "claims without a match": (
        "claims/list.html",
        lambda _: claims_context(q="ζζζ", sort="plate"),
    ),
    "no claim": ("claims/list.html", lambda _: claims_context()),
    "no claim of mine": ("claims/list.html", lambda _: claims_context(mine=True)),
    "claim": ("claims/claim.html", claim_page),
    "claim that has just begun": ("claims/claim.html", bare_claim),
    "clients": (
        "clients/list.html",
        lambda _: {"page": list_of(samples.client_row()), "query_": ClientQuery(), "parameters": {}},
    ),
    "no client": (
        "clients/list.html",
        lambda _: {"page": Page((), 0, 1, 1, 50), "query_": ClientQuery(q="ζ"), "parameters": {}},
    ),
    "client": ("clients/client.html", lambda _: client_page()),
    "client whose number is shown": ("clients/client.html", lambda _: client_page(identity_number="1234")),
    **{f"contract: {tab}": (f"contracts/{tab}.html", partial(tab_of, tab)) for tab in TABS},
    "contract of a home": (
        "contracts/contract.html",
        lambda _: contract_page(
            "contract",
            line="home",
            risk={
                "kind": "home",
                "address": {"street": "Οδός", "city": "Πόλη", "country": "FR"},
                "area_m2": 80,
            },
        ),
    ),
    "contract of an animal": (
        "contracts/contract.html",
        lambda _: contract_page(
            "contract", line="pet", risk={"kind": "animal", "name": "Φ", "species": "dog", "breed": "Β"}
        ),
    ),
    "contract of a person": (
        "contracts/contract.html",
        lambda _: contract_page(
            "contract", line="health", risk={"kind": "person", "born_on": "1980-01-01"}, guarantees=()
        ),
    ),
    "alerts": (
        "alerts/list.html",
        lambda language: alerts_page(
            samples.alert_row(),
            samples.cheque_alert(),
            samples.alert_row("document-added", at=samples.NOW - timedelta(days=1), read=True),
            samples.alert_row("contract-noted", claim_number=None, at=samples.NOW - timedelta(days=3)),
            language=language,
        ),
    ),
    "no alert": (
        "alerts/list.html",
        lambda language: alerts_page(show="unread", kind="money", language=language),
    ),
    "search": (
        "search.html",
        lambda _: {
            "text": "ζ",
            "result": SearchResult(
                (samples.claim_row(),), (samples.client_row(),), (samples.contract_row(),)
            ),
            "opened": (),
        },
    ),
    "search without a match": (
        "search.html",
        lambda _: {"text": "ζ", "result": SearchResult(), "opened": ()},
    ),
    "search with nothing typed": (
        "search.html",
        lambda _: {"text": "", "result": SearchResult(), "opened": (samples.claim_row(),)},
    ),
    "first search of all": (
        "search.html",
        lambda _: {"text": "", "result": SearchResult(), "opened": ()},
    ),
    "picture": ("files/file.html", lambda _: {"document": samples.document_row(), "place": "/"}),
    "pdf": (
        "files/file.html",
        lambda _: {"document": samples.document_row(content_type="application/pdf"), "place": "/"},
    ),
    "refused": (
        "error.html",
        lambda _: {"problem": Problem(403, "not_allowed", ""), "text": "Κείμενο", "reference": ""},
    ),
    "failed": (
        "error.html",
        lambda _: {"problem": Problem(500, "internal", ""), "text": "Κείμενο", "reference": "ref-1"},
    ),
}
PARTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "alerts/_latest.html": lambda _: alerts_page(samples.alert_row()),
    "alerts/_toast.html": lambda _: {"alert": samples.alert_row(), "link": alert_link},
    "claims/_answer.html": lambda _: claims_context(samples.claim_row(), kind=("glass",)),
    "claims/_read.html": lambda _: {"number": 3, "undo_id": "undo-1"},
    "clients/_identity.html": lambda _: {"number": "1234"},
    "alerts/_count.html": lambda _: {"unread": 2},
    "parts/search_results.html": lambda _: {
        "text": "ζ",
        "result": SearchResult((samples.claim_row(),), (samples.client_row(),), (samples.contract_row(),)),
        "opened": (),
    },
    "files/_about.html": lambda _: {"document": samples.document_row()},
    "files/_removed.html": lambda _: {"document": samples.document_row()},
    "parts/error.html": lambda _: {
        "problem": Problem(404, "not_found", ""),
        "text": "Κείμενο",
        "reference": "",
    },
}


def page(name: str, language: str, **changes: Any) -> str:
    template, context = PAGES[name]
    desk = samples.desk(language, **changes)
    if name == "login":
        desk = replace(desk, user=None, down=())
    return render(template, samples.reader(language), {"desk": desk, "title": "Τίτλος", **context(language)})


class Reading(HTMLParser):
    """Texts that a person reads or hears, with what stands in isolates (data) left out; and what forms a page."""

    ATTRIBUTES = ("aria-label", "placeholder", "title", "alt", "value")
    SILENT = frozenset({"script", "style", "bdi", "kbd", "del", "ins", "title"})
    VOID = frozenset({"input", "img", "link", "meta", "br", "hr", "path", "circle", "source"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            is_word = name in self.ATTRIBUTES or name.startswith(("data-word-", "data-one", "data-many"))
            if (
                value
                and is_word
                and not (name == "value" and tag in {"input", "option", "button", "progress", "meter"})
            ):
                self.texts.append(value)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if data.strip() and not self.SILENT & set(self.open):
            self.texts.append(data.strip())


def read(html: str) -> Reading:
    reading = Reading()
    reading.feed(html)
    return reading


class Pseudo:
    """A language in which every translated text stands in brackets."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, singular: str, plural: str, num: int) -> str:
        return self.gettext(singular if num == 1 else plural)

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)

    def npgettext(self, context: str, singular: str, plural: str, num: int) -> str:
        return self.ngettext(singular, plural, num)


CACHES: tuple[Any, ...] = (
    languages.translations,
    words.words,
    field_names.field_names,
    alert_texts._happenings,
    problem_texts._texts,
    template_texts._text,
    figures.ago_words,
    filter_names,
    need_names,
    kind_names,
)


def begin_anew() -> None:
    """Forget every word and every piece of a page that was made so far, in whatever language."""
    for cache in CACHES:
        cache.cache_clear()
    fragments.forget()


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Hebrew for dates and figures (no Latin letter in them), brackets for words."""
    begin_anew()
    monkeypatch.setattr(languages, "NullTranslations", Pseudo)
    monkeypatch.setattr(languages, "CATALOGS", TEMPLATES / "nowhere")
    yield
    begin_anew()


def unmarked(html: str) -> list[str]:
    """Latin words that stand outside the brackets of the pseudo-language: nobody marked them for translation."""
    known = {"Dossier", "Français", "English"}
    left = []
    for text in read(html).texts:
        outside = text
        while (fewer := re.sub(r"⟦[^⟦⟧]*⟧", " ", outside)) != outside:
            outside = fewer  # words stand within words: the name of a service in a sentence
        outside = re.sub(r"[\u2066\u2068][^\u2069]*\u2069", " ", outside)
        left += [word for word in re.findall(r"[A-Za-zÀ-ÿ]{2,}", outside) if word not in known]
    return left


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize("name", PAGES)
def test_no_word_of_a_page_is_left_untranslated(name: str) -> None:
    """In pseudo-language every word stands in brackets; a Latin letter outside them was never marked for translation."""
    assert unmarked(page(name, "he")) == []


@pytest.mark.usefixtures("pseudo")
@pytest.mark.parametrize(
    ("slip", "found"),
    [
        ("<p>Save it</p>", ["Save", "it"]),
        ('<button aria-label="Close"></button>', ["Close"]),
        ('<input placeholder="Plate">', ["Plate"]),
        ('<form data-word-cancel="Cancel"></form>', ["Cancel"]),
        ("<p>⟦Log out⟧ now</p>", ["now"]),
        ("<p>⟦As of {time}: ⟦claims⟧ are away⟧ <bdi>Garage</bdi></p>", []),
    ],
)
def test_a_word_that_nobody_marked_would_be_found(slip: str, found: list[str]) -> None:
    """On a real page, so that the check above is known to be able to fail."""
    html = page("clients", "he")
    assert unmarked(html.replace("</main>", f"{slip}</main>")) == found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_pages_keep_to_the_content_policy_and_name_what_they_hold(name: str, language: str) -> None:
    reading = read(page(name, language))
    ids = Counter(attributes["id"] for _, attributes in reading.tags if "id" in attributes)
    assert [one for one, count in ids.items() if count > 1] == []
    labelled = {attributes.get("for") for tag, attributes in reading.tags if tag == "label"}
    for tag, attributes in reading.tags:
        assert "style" not in attributes, "an inline style is refused by the content policy"
        assert not [one for one in attributes if one.startswith("on")], "an inline handler is refused, too"
        assert tag != "style"
        assert tag != "script" or attributes.get("src"), "an inline script is refused as well"
        if tag == "img":
            assert "alt" in attributes
        if tag in {"select", "textarea"}:
            assert attributes.get("id") in labelled
    html = reading.tags[0][1]
    assert (html["lang"], html["dir"]) == (language, LANGUAGES[language].direction)
    assert [tag for tag, _ in reading.tags].count("h1") == 1
    assert [tag for tag, _ in reading.tags].count("main") == 1


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_every_page_says_on_paper_when_it_was_printed_and_for_whom(name: str, language: str) -> None:
    (head,) = re.findall(r'<p class="print-only print-head"[^>]*>(.*?)</p>', page(name, language))
    assert f"\u2066{samples.reader(language).instant(samples.NOW)}\u2069" in head
    assert ("<bdi>Γραφείο</bdi>" in head) == (name != "login")


def test_on_paper_a_claim_names_the_insurer_and_his_reference_and_hebrew_joins_the_date_by_a_maqaf() -> None:
    claim = claim_page("he")["claim"]
    html = page("claim", "he")
    assert "הודפס ב־\u2066" in html
    (line,) = re.findall(r'<p class="print-only">(.*?)</p>', html)
    assert f"<bdi>{claim.whole.value.insurer.name}</bdi>" in line
    assert claim.whole.value.state.insurer_reference
    assert claim.whole.value.state.insurer_reference in line


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", PARTS)
def test_parts_are_rendered_alone_for_the_script_that_asks_for_them(template: str, language: str) -> None:
    html = render(template, samples.reader(language), PARTS[template](language))
    assert "<html" not in html
    assert html.strip()


def test_every_template_is_rendered_by_a_test() -> None:
    entries = {template for template, _ in PAGES.values()} | set(PARTS)
    sources = {path.relative_to(TEMPLATES).as_posix(): path.read_text() for path in TEMPLATES.rglob("*.html")}
    reached = set(entries)
    while True:
        found = {
            name for name in reached for name in re.findall(r'"([\w/]+\.html)"', sources[name])
        } | reached
        if found == reached:
            break
        reached = found
    assert set(sources) - reached == set()


def test_what_people_type_is_escaped() -> None:
    state = samples.claim_state(insured={"name": "<script>alert(1)</script>"}, description='"><img src=x>')
    claim = samples.told_claim(state=state)
    context = claim_context(claim, samples.reader(), "user-1")
    html = render("claims/claim.html", samples.reader(), {"desk": samples.desk(), "title": "x", **context})
    assert "<script>alert" not in html
    assert "<img src=x" not in html


def test_hebrew_pages_load_the_mirrored_style_sheet_and_others_do_not() -> None:
    assert "tabler.rtl.min.css" in page("claims", "he")
    assert "tabler.rtl.min.css" not in page("claims", "fr")


def test_a_chosen_theme_stands_in_the_page_and_the_systems_is_found_by_a_script_before_the_first_paint() -> (
    None
):
    assert 'data-bs-theme="dark"' in page("claims", "en", theme="dark")
    assert "theme.js" not in page("claims", "en", theme="dark")
    assert "theme.js" in page("claims", "en", theme="system")


def test_an_unread_claim_is_told_by_a_dot_hidden_words_and_bold() -> None:
    reading = read(page("claims", "en"))
    row = next(attributes for tag, attributes in reading.tags if tag == "tr" and attributes.get("data-claim"))
    assert row["class"] == "unread"
    assert "Unread:" in reading.texts


def test_a_service_that_is_down_is_named_with_the_time_of_its_last_answer() -> None:
    assert "As of 10:51: claims are not answering" in page("claims", "en")


def test_a_form_that_was_refused_comes_back_open_with_what_was_typed_and_why() -> None:
    html = page("claim", "en")
    assert (
        '<dialog id="dialog-note" class="dialog" aria-labelledby="dialog-note-title" open data-open' in html
    )
    assert ">Κείμενο</textarea>" in html
    assert 'id="note-text-error"' in html


def history_of(count: int) -> str:
    rows = tuple(samples.activity_row(event_id=f"event-{number}") for number in range(count))
    claim = samples.told_claim(history=rows)
    context = claim_context(claim, samples.reader(), "user-1")
    return render("claims/claim.html", samples.reader(), {"desk": samples.desk(), "title": "x", **context})


def test_a_long_history_shows_its_newest_and_opens_to_the_rest() -> None:
    html = history_of(11)
    shown, _, folded = html.partition('<details class="story-rest"')
    assert (shown.count('class="story-item'), folded.count('class="story-item')) == (8, 3)
    assert "<summary>Show 3 more</summary>" in folded
    assert "story-rest" not in history_of(10), "two more are no reason to fold"


def test_the_history_names_the_file_that_was_added() -> None:
    row = samples.activity_row(
        "document-added", "document", changes=(Change(field="name", old=None, new="aile avant.jpg"),)
    )
    claim = samples.told_claim(history=(row,))
    context = claim_context(claim, samples.reader(), "user-1")
    html = render("claims/claim.html", samples.reader(), {"desk": samples.desk(), "title": "x", **context})
    assert '<span class="story-what"><bdi>aile avant.jpg</bdi></span>' in html


def test_tiles_ask_for_the_small_rendition_and_the_viewer_for_the_picture() -> None:
    html = page("claim", "en")
    assert 'src="/api/v1/files/file-1/thumbnail"' in html
    assert 'data-viewer="/api/v1/files/file-1/content"' in html


def test_operations_see_no_way_to_clients() -> None:
    html = page("operations", "en", user=samples.user("ops"))
    assert 'href="/claims"' not in html
    assert 'id="bell"' not in html
