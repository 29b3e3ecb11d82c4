"""Pages over HTTP: log-in, lists and their fragments, the claim and its marks, forms that keep what was typed, uploads."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from services.gateway.models import SeenMark
from services.gateway.status import FAILURES
from shared.contracts.codes import ClaimStatus, RepairPhase, Role
from shared.db.tenancy import EVERY_AGENCY
from tests.integration.gateway.frame import GARAGE, PASSWORD, Desk, Person, client, contract, document, repair

ASKED_BY_SCRIPT = {"hx-request": "true"}


async def broker(desk: Desk) -> tuple[str, Person]:
    agency = await desk.agency()
    return agency, await desk.person(agency)


async def test_without_a_session_a_page_leads_to_the_log_in_and_the_log_in_back(desk: Desk) -> None:
    email = await desk.user(await desk.agency())
    browser = desk.browser()
    answer = await browser.get("/claims?q=dupont")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=%2Fclaims%3Fq%3Ddupont")
    form = {"email": f" {email.upper()} ", "password": PASSWORD, "next": "/claims?q=dupont"}
    answer = await browser.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/claims?q=dupont")
    assert (await browser.get("/claims")).status_code == 200
    assert (await browser.get("/login")).headers["location"] == "/"


async def test_a_wrong_password_is_said_beside_the_form_and_the_address_is_kept(desk: Desk) -> None:
    email = await desk.user(await desk.agency())
    browser = desk.browser(headers={"accept-language": "fr"})
    answer = await browser.post("/login", data={"email": email, "password": "wrong"})
    assert answer.status_code == 401
    assert "incorrect" in answer.text
    assert f'value="{email}"' in answer.text
    empty = await browser.post("/login", data={"email": "", "password": ""})
    assert empty.status_code == 422
    assert empty.text.count("field-error") == 2


async def test_too_many_wrong_passwords_are_told_so(desk: Desk) -> None:
    email = await desk.user(await desk.agency())
    browser = desk.browser()
    for _ in range(3):
        await browser.post("/login", data={"email": email, "password": "wrong"})
    answer = await browser.post("/login", data={"email": email, "password": PASSWORD})
    assert answer.status_code == 429
    assert "Too many attempts" in answer.text


async def test_logging_out_ends_the_session_and_says_so_once(desk: Desk) -> None:
    _, person = await broker(desk)
    answer = await person.http.post("/logout")
    assert answer.headers["location"] == "/login"
    assert (await person.http.get("/claims")).status_code == 303
    assert "Vous êtes déconnecté" in (await person.http.get("/login", headers={"accept-language": "fr"})).text
    assert "Vous êtes déconnecté" not in (await person.http.get("/login")).text


async def test_the_language_is_kept_in_the_profile_and_in_the_browser(desk: Desk) -> None:
    _, person = await broker(desk)
    assert '<html lang="fr" dir="ltr"' in (await person.http.get("/claims")).text
    answer = await person.http.post("/language", data={"language": "he", "next": "/claims"})
    assert answer.headers["location"] == "/claims"
    page = await person.http.get("/claims")
    assert '<html lang="he" dir="rtl"' in page.text
    again = desk.browser()
    await again.post("/login", data={"email": person.email, "password": PASSWORD})
    assert '<html lang="he"' in (await again.get("/profile")).text
    nonsense = await person.http.post("/language", data={"language": "xx", "next": "//evil.example"})
    assert nonsense.headers["location"] == "/"
    assert '<html lang="he"' in (await person.http.get("/claims")).text


async def test_the_theme_is_kept_in_the_browser(desk: Desk) -> None:
    _, person = await broker(desk)
    await person.http.post("/theme", data={"theme": "dark", "next": "/"})
    assert 'data-bs-theme="dark"' in (await person.http.get("/")).text
    await person.http.post("/theme", data={"theme": "pink", "next": "/"})
    assert 'data-bs-theme="dark"' in (await person.http.get("/")).text


async def test_pages_are_compressed_private_and_under_a_strict_policy(desk: Desk) -> None:
    _, person = await broker(desk)
    answer = await person.http.get("/claims")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_the_list_answers_a_script_with_its_part_and_a_clean_address(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    answer = await person.http.get("/claims?q=dupont&status=&kind=&unread=", headers=ASKED_BY_SCRIPT)
    assert answer.headers["hx-replace-url"] == "/claims?q=dupont"
    assert "<html" not in answer.text
    assert state.claim_number in answer.text
    nothing = await person.http.get("/claims?q=zzzz")
    assert "Aucun sinistre ne correspond" in nothing.text


async def test_a_filter_that_does_not_exist_gets_a_page_that_helps(desk: Desk) -> None:
    _, person = await broker(desk)
    answer = await person.http.get("/claims?status=nonsense")
    assert answer.status_code == 422
    assert "filtre inconnu" in answer.text
    part = await person.http.get("/claims?status=nonsense", headers=ASKED_BY_SCRIPT)
    assert (part.status_code, "<html" in part.text) == (422, False)


async def test_a_changed_claim_is_first_and_unread_until_it_is_opened(desk: Desk) -> None:
    agency, person = await broker(desk)
    first = await desk.add_claim(agency)
    await desk.add_claim(agency)
    await desk.progress(first, repair=repair(RepairPhase.BODY, desk.clock.now(), 60))
    rows = re.findall(
        r'<tr role="row" id="row-(\S+)" .*?(class="unread")?>', (await person.http.get("/claims")).text
    )
    assert rows[0] == (first.id, 'class="unread"')
    page = await person.http.get(f"/claims/{first.claim_number}")
    assert "since-opened" in page.text
    assert "Carrosserie" in page.text
    rows = re.findall(
        r'<tr role="row" id="row-(\S+)" .*?(class="unread")?>', (await person.http.get("/claims")).text
    )
    assert rows[0] == (first.id, "")
    assert "since-opened" not in (await person.http.get(f"/claims/{first.claim_number}")).text


async def test_what_is_opened_again_is_marked_again_when_something_came_or_a_minute_went_by(
    desk: Desk,
) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)

    async def marked() -> SeenMark:
        await person.http.get(f"/claims/{state.claim_number}")
        async with desk.database.read(EVERY_AGENCY) as session:
            mark: SeenMark = (
                await session.scalars(select(SeenMark).where(SeenMark.claim_id == state.id))
            ).one()
            return mark

    first = await marked()
    desk.clock.advance(timedelta(seconds=59))
    assert (await marked()).at == first.at
    desk.clock.advance(timedelta(seconds=1))
    second = await marked()
    assert second.at == first.at + timedelta(minutes=1)
    state = await desk.progress(state, status=ClaimStatus.APPROVED)
    third = await marked()
    assert (third.at, third.sequence) == (desk.clock.now(), state.sequence)
    desk.clock.advance(timedelta(seconds=1))
    await desk.add_document(agency, GARAGE, claim_number=state.claim_number)
    fourth = await marked()
    assert fourth.at > third.at
    assert fourth.files_at is not None


async def test_marks_stay_on_an_open_page_when_the_next_update_arrives(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    state = await desk.progress(state, repair=repair(RepairPhase.BODY, desk.clock.now(), 60))
    page = (await person.http.get(f"/claims/{state.claim_number}")).text
    since = re.search(r'data-since="([^"]+)"', page)
    assert since is not None
    state = await desk.progress(state, status=ClaimStatus.APPROVED)
    part = await person.http.get(
        f"/claims/{state.claim_number}", params={"since": since[1]}, headers=ASKED_BY_SCRIPT
    )
    assert "<html" not in part.text
    marked = part.text[part.text.index("since-opened") :].split("</ul>")[0]
    assert "Accepté" in marked
    assert "Carrosserie" in marked
    assert f'data-since="{since[1]}"' in part.text
    assert "unread" not in (await person.http.get("/claims", headers=ASKED_BY_SCRIPT)).text.split("<tbody")[1]


async def test_nonsense_for_since_is_as_if_it_were_not_there(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    for since in ("yesterday", "2026-11-03", "%00"):
        assert (await person.http.get(f"/claims/{state.claim_number}?since={since}")).status_code == 200


async def test_a_page_names_the_place_in_the_stream_up_to_which_it_is_true(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    assert 'data-position="3"' in (await person.http.get("/claims")).text
    await desk.raise_alert(state)
    assert 'data-position="7"' in (await person.http.get("/claims")).text


async def test_a_note_goes_to_the_service_and_an_empty_one_comes_back_with_the_reason(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    path = f"/claims/{state.claim_number}/note"
    empty = await person.http.post(path, data={"note": "  "})
    assert empty.status_code == 422
    assert "open data-open" in empty.text
    assert desk.services.asked == []
    desk.services.will_answer("POST", path, {"result": {}, "events": []})
    answer = await person.http.post(path, data={"note": " Rappeler lundi "})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/claims/{state.claim_number}")
    assert desk.services.asked == [("POST", path, {"note": "Rappeler lundi"})]
    assert "La note est enregistrée" in (await person.http.get(answer.headers["location"])).text


async def test_a_refused_status_keeps_what_was_typed(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    path = f"/claims/{state.claim_number}/status"
    refusal = {"code": "illegal_transition", "detail": "Not from here.", "field": "status"}
    desk.services.will_answer("POST", path, refusal, 409)
    answer = await person.http.post(path, data={"status": "settled", "note": "à voir"})
    assert answer.status_code == 422
    assert "ne permet pas cette étape" in answer.text
    assert ">à voir</textarea>" in answer.text
    assert '<option value="settled" selected>' in answer.text


async def test_a_service_that_does_not_answer_loses_nothing_that_was_typed(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    desk.services.will_answer("POST", f"/claims/{state.claim_number}/note", {"code": "unavailable"}, 503)
    answer = await person.http.post(f"/claims/{state.claim_number}/note", data={"note": "urgent"})
    assert ">urgent</textarea>" in answer.text
    assert "ne répond pas" in answer.text


async def test_pages_open_from_the_read_model_while_a_service_is_down_and_say_since_when(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    for _ in range(FAILURES):
        desk.gateway.status.missed("claims")
    page = await person.http.get(f"/claims/{state.claim_number}")
    assert page.status_code == 200
    assert "les sinistres ne répondent pas" in page.text


async def test_a_cheque_gets_its_status_from_the_page(desk: Desk) -> None:
    agency, person = await broker(desk)
    cheque = {"number": "77", "matures_on": "2026-12-01", "status": "announced"}
    payment = {
        "reference": "P/1",
        "kind": "indemnity",
        "amount": "10.00",
        "currency": "EUR",
        "method": "cheque",
        "cheque": cheque,
    }
    state = await desk.add_claim(agency, settlement={"payments": [payment]})
    path = f"/claims/{state.claim_number}/cheques/P%2F1"
    assert f'action="{path}"' in (await person.http.get(f"/claims/{state.claim_number}")).text
    desk.services.will_answer(
        "POST", f"/claims/{state.claim_number}/cheques/P/1", {"result": {}, "events": []}
    )
    answer = await person.http.post(path, data={"status": "received", "dialog": "cheque-1"})
    assert answer.headers["location"] == f"/claims/{state.claim_number}#settlement"
    assert desk.services.asked[-1][2] == {"status": "received"}
    desk.services.will_answer(
        "POST", f"/claims/{state.claim_number}/cheques/P/1", {"code": "stale_version"}, 409
    )
    refused = await person.http.post(path, data={"status": "cleared", "dialog": "cheque-1"})
    assert (refused.status_code, "entre-temps" in refused.text) == (422, True)


async def test_contact_details_are_confirmed_with_one_click(desk: Desk) -> None:
    agency, person = await broker(desk)
    owner = client(agency, desk.clock.now())
    await desk.take(desk.event("client-registered", owner))
    page = await person.http.get(f"/clients/{owner.id}")
    assert "Coordonnées à confirmer" in page.text
    path = f"/clients/{owner.id}/confirm-contact"
    desk.services.will_answer("POST", path, {"result": {}, "events": []})
    answer = await person.http.post(path)
    assert answer.headers["location"] == f"/clients/{owner.id}"
    assert desk.services.asked == [("POST", path, {"details": ["email", "phone", "address"]})]
    await person.http.post(path, data={"detail": "phone"})
    assert desk.services.asked[-1][2] == {"details": ["phone"]}
    desk.services.will_answer("POST", path, {"code": "service_unavailable"}, 503)
    assert "ne répond pas" in (await person.http.post(path)).text


async def test_only_the_corrected_detail_is_sent_and_a_refused_one_stands_beside_its_field(
    desk: Desk,
) -> None:
    agency, person = await broker(desk)
    owner = client(agency, desk.clock.now())
    await desk.take(desk.event("client-registered", owner))
    path = f"/clients/{owner.id}/contact"
    same: dict[str, Any] = {
        "email": "helene@demo.example",
        "phone": "+33 6 12 34 56 78",
        "street": "1 rue de la Paix",
        "postal_code": "",
        "city": "Lyon",
        "country": "FR",
    }
    unchanged = await person.http.post(path, data=same)
    assert (unchanged.status_code, desk.services.asked) == (303, [])
    desk.services.will_answer("POST", path, {"code": "phone_invalid", "detail": "?", "field": "phone"}, 422)
    refused = await person.http.post(path, data={**same, "phone": "12"})
    assert desk.services.asked == [("POST", path, {"phone": "12"})]
    assert refused.status_code == 422
    assert 'id="field-phone-error"' in refused.text
    assert 'value="12"' in refused.text
    desk.services.will_answer("POST", path, {"code": "address_incomplete", "field": "address.city"}, 422)
    refused = await person.http.post(path, data={**same, "city": ""})
    assert 'id="field-city-error"' in refused.text
    desk.services.will_answer("POST", path, {"result": {}, "events": []})
    answer = await person.http.post(path, data={**same, "city": "Paris"})
    assert answer.headers["location"] == f"/clients/{owner.id}"


@pytest.mark.parametrize("tab", ["", "/events", "/receipts", "/documents", "/claims"])
async def test_a_contract_opens_on_each_tab_also_when_its_number_holds_a_slash(tab: str, desk: Desk) -> None:
    agency, person = await broker(desk)
    owner = client(agency, desk.clock.now())
    for number in ("4501-889231", "A/claims"):
        state = contract(agency, desk.clock.now(), owner, policy_number=number)
        await desk.take(desk.event("contract-registered", state))
        answer = await person.http.get(f"/contracts/{number.replace('/', '%2F')}{tab}")
        assert answer.status_code == 200
        assert "En vigueur" in answer.text
    assert (await person.http.get(f"/contracts/none{tab}")).status_code == 404


async def test_an_uploaded_file_goes_on_to_the_documents_service(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    stored = document(agency, desk.clock.now(), person.actor, claim_number=state.claim_number)
    desk.services.will_answer("POST", "/files", {"result": stored.model_dump(mode="json"), "events": []}, 201)
    path = f"/claims/{state.claim_number}/files"
    files = [("file", ("a.jpg", b"one", "image/jpeg")), ("file", ("b.jpg", b"two", "image/jpeg"))]
    answer = await person.http.post(path, files=files, data={"type": "damage_photo"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/claims/{state.claim_number}#files")
    assert [asked[2]["file"] for asked in desk.services.asked] == [b"one", b"two"]
    assert desk.services.asked[0][2]["type"] == "damage_photo"
    alone = await person.http.post(path, files=files[:1], headers={"x-uploader": "1"})
    assert (alone.status_code, alone.text) == (201, "")


async def test_a_refused_upload_is_told_the_uploader_in_words(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    desk.services.will_answer("POST", "/files", {"code": "file_type_refused", "detail": "?"}, 415)
    path = f"/claims/{state.claim_number}/files"
    files = [("file", ("a.exe", b"MZ", "application/octet-stream"))]
    answer = await person.http.post(path, files=files, headers={"x-uploader": "1"})
    assert (answer.status_code, answer.headers["content-type"]) == (415, "text/plain; charset=utf-8")
    assert "pas accepté" in answer.text
    page = await person.http.post(path, files=files)
    assert (page.status_code, "<html" in page.text) == (415, True)
    nothing = await person.http.post(path, data={"type": ""}, files=[("other", ("x", b"1"))])
    assert nothing.status_code == 422


async def test_a_file_has_a_page_that_leads_back_to_where_it_belongs(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    stored = await desk.add_document(agency, claim_number=state.claim_number)
    page = await person.http.get(f"/files/{stored.id}")
    assert f'href="/claims/{state.claim_number}#files"' in page.text
    assert f"/api/v1/files/{stored.id}/content" in page.text


async def test_alerts_are_listed_counted_opened_and_read(desk: Desk) -> None:
    agency, person = await broker(desk)
    state = await desk.add_claim(agency)
    one = await desk.raise_alert(state)
    await desk.raise_alert(state, kind="settlement-changed")
    page = await person.http.get("/alerts")
    assert page.text.count('class="alert-line unread"') == 2
    assert (await person.http.get("/alerts/unread")).headers["x-unread"] == "2"
    latest = await person.http.get("/alerts/latest")
    assert (latest.headers["x-unread"], "<html" in latest.text) == ("2", False)
    toast = await person.http.get(f"/alerts/{one.id}/toast")
    assert "Réparation mise à jour" in toast.text
    opened = await person.http.get(f"/alerts/{one.id}", params={"to": f"/claims/{state.claim_number}#repair"})
    assert opened.headers["location"] == f"/claims/{state.claim_number}#repair"
    assert (await person.http.get("/alerts/unread")).headers["x-unread"] == "1"
    assert (await person.http.get("/alerts?show=unread")).text.count("alert-line") == 1
    assert (await person.http.get(f"/alerts/{one.id}/toast")).status_code == 204
    await person.http.post(f"/alerts/{one.id}/read")
    await person.http.post("/alerts/read")
    assert (await person.http.get("/alerts/unread")).headers["x-unread"] == "0"
    away = await person.http.get(f"/alerts/{one.id}", params={"to": "//evil.example"})
    assert away.headers["location"] == "/"
    assert (await person.http.get("/alerts/none/toast")).status_code == 404


async def test_home_lists_what_waits_and_the_search_finds_each_kind(desk: Desk) -> None:
    agency, person = await broker(desk)
    owner = client(agency, desk.clock.now())
    await desk.take(desk.event("client-registered", owner))
    await desk.take(desk.event("contract-registered", contract(agency, desk.clock.now(), owner)))
    payment = {
        "reference": "P/1",
        "kind": "indemnity",
        "amount": "10.00",
        "currency": "EUR",
        "method": "cheque",
        "cheque": {"number": "77", "matures_on": "2026-11-17", "status": "announced"},
    }
    await desk.add_claim(agency, client_id=owner.id, settlement={"payments": [payment]})
    home = await person.http.get("/")
    assert "10,00" in home.text
    assert "dans 14 jours" in home.text
    found = await person.http.get("/search?q=dupont")
    assert found.text.count('class="card result-group"') == 3
    assert "Aucun résultat" in (await person.http.get("/search?q=zzzz")).text
    assert (await person.http.get("/search?q=")).status_code == 200


async def test_clients_are_listed_searched_and_sorted(desk: Desk) -> None:
    agency, person = await broker(desk)
    owner = client(agency, desk.clock.now())
    await desk.take(desk.event("client-registered", owner))
    assert owner.id in (await person.http.get("/clients")).text
    part = await person.http.get("/clients?q=dupont&sort=-activity", headers=ASKED_BY_SCRIPT)
    assert part.headers["hx-replace-url"] == "/clients?q=dupont&sort=-activity"
    assert "<html" not in part.text


async def test_operations_get_a_page_of_their_own_and_no_client(desk: Desk) -> None:
    ops = await desk.person(role=Role.OPS)
    assert (await ops.http.get("/")).status_code == 200
    for path in ("/claims", "/clients", "/alerts", "/search?q=a"):
        answer = await ops.http.get(path)
        assert answer.status_code == 403
        assert "<html" in answer.text


async def test_what_is_not_there_gets_a_page_and_a_script_a_part_of_one(desk: Desk) -> None:
    _, person = await broker(desk)
    page = await person.http.get("/claims/CL-0")
    assert (page.status_code, "<html" in page.text) == (404, True)
    part = await person.http.get("/claims/CL-0", headers=ASKED_BY_SCRIPT)
    assert (part.status_code, "<html" in part.text) == (404, False)
    ended = await desk.browser().get("/alerts/unread", headers=ASKED_BY_SCRIPT)
    assert ended.status_code == 401, (
        "a script is told; it must not be led to the log-in as if that were the part"
    )


async def test_what_nobody_foresaw_becomes_a_page_with_a_reference_and_no_trace(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, person = await broker(desk)

    async def broken(*_: object, **__: object) -> None:
        raise RuntimeError("canary")

    monkeypatch.setattr("services.gateway.pages.claim_list.list_claims", broken)
    answer = await person.http.get("/claims")
    assert answer.status_code == 500
    assert "canary" not in answer.text
    assert "Référence pour le support" in answer.text
