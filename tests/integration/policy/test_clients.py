import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from services.policy.domain.clients import ClientRegistration
from services.policy.handlers.clients import register_client
from shared.contracts.envelope import Actor
from shared.contracts.policy import ClientState
from shared.db.tenancy import EVERY_AGENCY
from tests.integration.policy.frame import (
    AMELIE,
    FRENCH,
    HANDLER,
    ISRAELI,
    NOA,
    OPS,
    PARTNER,
    Desk,
    agency,
    problem,
    result,
)
from tests.unit.policy.factories import ADDRESS, NOW, confirmed_before

FULL = {
    "kind": "person",
    "first_name": "Dana",
    "last_name": "Cohen",
    "identity_number": "123456782",
    "identity_country": "IL",
    "email": "dana@demo.example",
    "phone": "06 39 98 12 34",
    "address": ADDRESS,
}


async def test_a_client_is_registered_with_details_that_count_as_confirmed(desk: Desk) -> None:
    answer = await desk.post("/clients", FULL)
    state = ClientState.model_validate(result(answer, 201))
    assert (state.name, state.agency_id, state.sequence) == ("Dana Cohen", FRENCH, 1)
    assert state.email is not None
    assert (state.email.confirmed.at, state.email.confirmed.by) == (NOW, "Claire Martin")
    assert state.phone is not None
    assert state.phone.e164 == "+33639981234"
    [event] = answer.json()["events"]
    assert event["type"] == "dossier.policy.client-registered.v1"
    assert event["data"]["actor"] == {"kind": "user", "id": "user-1", "name": "Claire Martin"}
    assert result(await desk.get(f"/clients/{state.id}")) == answer.json()["result"]


async def test_the_identity_number_leaves_the_service_masked_and_is_encrypted_at_rest(desk: Desk) -> None:
    answer = await desk.post("/clients", FULL)
    assert answer.json()["result"]["identity_number"] == "*****6782"
    assert "123456782" not in answer.text
    for table in ("client", "client_history", "outbox", "idempotency_key"):
        async with desk.database.read(EVERY_AGENCY) as session:
            rows = (await session.execute(select(text("*")).select_from(text(table)))).all()
        assert "123456782" not in str(rows), table


async def test_revealing_the_identity_number_is_kept_in_the_history(desk: Desk) -> None:
    client = result(await desk.post("/clients", FULL), 201)
    answer = await desk.get(f"/clients/{client['id']}/identity-number")
    assert result(answer) == {"identity_number": "123456782"}
    assert answer.headers["cache-control"] == "no-store"
    history = result(await desk.get(f"/clients/{client['id']}/history"))["items"]
    assert [entry["happening"] for entry in history] == ["identity-number-revealed", "client-registered"]
    assert history[0]["actor"]["id"] == "user-1"


async def test_a_client_without_identity_number_has_none_to_reveal(desk: Desk) -> None:
    client = await desk.client()
    answer = await desk.get(f"/clients/{client['id']}/identity-number")
    assert problem(answer) == (404, "identity_number_unknown", None)


async def test_an_identity_number_belongs_to_one_client_of_the_agency(desk: Desk) -> None:
    await desk.client(identity_number="123456782", identity_country="IL")
    again = await desk.post("/clients", FULL)
    assert problem(again) == (409, "client_exists", "identity_number")
    await desk.knows(agency())
    await desk.client(NOA, identity_number="123456782")  # the other agency may have him too


async def test_the_agencys_country_reads_numbers_that_name_none(desk: Desk) -> None:
    await desk.knows(agency())
    client = await desk.client(NOA, identity_number="18", phone="052-123-4567")
    assert (client["identity_number"], client["phone"]["e164"]) == ("*****0018", "+972521234567")
    assert client["language"] == "he"


async def test_an_identity_number_of_no_known_country_is_refused(desk: Desk) -> None:
    answer = await desk.post("/clients", {"kind": "person", "last_name": "X", "identity_number": "123456782"})
    assert problem(answer) == (422, "identity_country_missing", "identity_country")


async def test_an_older_event_of_an_agency_changes_nothing(desk: Desk) -> None:
    await desk.knows(agency(sequence=2))
    await desk.knows(agency(sequence=1, country="FR"))
    client = await desk.client(NOA, phone="052-123-4567")
    assert client["phone"]["e164"] == "+972521234567"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"email": "nobody"}, (422, "email_invalid", "email")),
        ({"phone": "12"}, (422, "phone_invalid", "phone")),
        ({"identity_number": "123456789"}, (422, "identity_number_invalid", "identity_number")),
        (
            {"address": {"street": "", "city": "Lyon", "country": "FR"}},
            (422, "address_incomplete", "address.street"),
        ),
        (
            {"address": {"street": "3 rue", "city": "Lyon", "country": "France"}},
            (422, "schema", "address.country"),
        ),
        ({"kind": "ghost"}, (422, "schema", "kind")),
        ({"born_on": "2031-01-01"}, (422, "born_in_future", "born_on")),
        ({"nickname": "D"}, (422, "schema", "nickname")),
        ({"first_name": "D\0"}, (422, "schema", None)),
    ],
)
async def test_bad_input_names_its_field_and_leaves_nothing(
    desk: Desk, given: dict[str, object], expected: tuple[int, str, str | None]
) -> None:
    assert problem(await desk.post("/clients", FULL | given)) == expected
    assert await desk.happenings() == []


async def test_a_body_that_is_no_json_is_malformed(desk: Desk) -> None:
    headers = (await desk.get("/clients/x")).request.headers
    answer = await desk.http.post(
        "/clients",
        content=b"{",
        headers={"Authorization": headers["Authorization"], "Content-Type": "application/json"},
    )
    assert problem(answer) == (400, "malformed", None)


async def test_several_details_are_confirmed_in_one_call(desk: Desk) -> None:
    client = result(await desk.post("/clients", FULL), 201)
    desk.clock.advance(timedelta(days=43))
    state = ClientState.model_validate(
        result(
            await desk.post(
                f"/clients/{client['id']}/confirm-contact", {"details": ["email", "address"]}, HANDLER
            )
        )
    )
    assert state.email is not None
    assert state.phone is not None
    assert (state.email.confirmed.at, state.email.confirmed.by) == (NOW + timedelta(days=43), "Sami Both")
    assert state.phone.confirmed.at == NOW
    assert await desk.happenings() == ["client-registered", "client-contact-confirmed"]


async def test_what_is_missing_cannot_be_confirmed(desk: Desk) -> None:
    client = await desk.client()
    path = f"/clients/{client['id']}/confirm-contact"
    assert problem(await desk.post(path, {"details": ["email"]})) == (
        422,
        "nothing_to_confirm",
        "details.email",
    )
    assert problem(await desk.post(path, {"details": []})) == (422, "schema", "details")
    assert problem(await desk.post(path, {"details": ["fax"]}))[:2] == (422, "schema")


async def test_a_corrected_detail_counts_as_confirmed_by_this_user(desk: Desk) -> None:
    client = result(await desk.post("/clients", FULL), 201)
    desk.clock.advance(timedelta(days=1))
    answer = await desk.post(f"/clients/{client['id']}/contact", {"phone": "06 39 98 00 00"}, HANDLER)
    phone = result(answer)["phone"]
    assert (phone["e164"], phone["confirmed"]["by"]) == ("+33639980000", "Sami Both")
    changed = {change["field"] for change in answer.json()["events"][0]["data"]["changes"]}
    assert changed == {"phone.value", "phone.e164", "phone.confirmed.at", "phone.confirmed.by"}


async def test_a_corrected_name_is_carried_into_the_contracts(desk: Desk) -> None:
    contract = await desk.contract()
    answer = await desk.post(f"/clients/{contract['client_id']}/particulars", {"last_name": "Levi"})
    assert result(answer)["name"] == "Dana Levi"
    assert [event["type"] for event in answer.json()["events"]] == [
        "dossier.policy.client-corrected.v1",
        "dossier.policy.contract-noted.v1",
    ]
    shown = result(await desk.get("/contracts/4501-889231"))
    assert (shown["client_name"], shown["sequence"]) == ("Dana Levi", 2)


async def test_a_corrected_identity_number_replaces_the_old_one(desk: Desk) -> None:
    client = result(await desk.post("/clients", FULL), 201)
    body = {"identity_number": "18", "identity_country": "IL"}
    assert (
        result(await desk.post(f"/clients/{client['id']}/particulars", body))["identity_number"]
        == "*****0018"
    )
    revealed = result(await desk.get(f"/clients/{client['id']}/identity-number"))
    assert revealed == {"identity_number": "000000018"}


async def test_a_repeated_command_with_its_key_has_one_effect_and_the_same_answer(desk: Desk) -> None:
    first = await desk.post("/clients", FULL, Idempotency_Key="key-0001")
    again = await desk.post("/clients", FULL, Idempotency_Key="key-0001")
    assert (again.status_code, again.json()) == (201, first.json())
    assert await desk.happenings() == ["client-registered"]
    other = await desk.post("/clients", FULL | {"first_name": "Dina"}, Idempotency_Key="key-0001")
    assert problem(other)[:2] == (409, "idempotency_key_reused")
    stranger = await desk.post("/clients", FULL, HANDLER, Idempotency_Key="key-0001")
    assert problem(stranger)[:2] == (422, "agency_missing")


async def test_the_same_command_many_times_at_once_has_one_effect(desk: Desk) -> None:
    answers = await asyncio.gather(
        *(desk.post("/clients", FULL, Idempotency_Key="key-0001") for _ in range(5))
    )
    taken = [answer for answer in answers if answer.status_code == 201]
    # The one that did it, and those that were given its kept answer: the same content, in whatever order of keys.
    assert all(answer.json() == taken[0].json() for answer in taken)
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert await desk.happenings() == ["client-registered"]


async def test_one_identity_number_many_times_at_once_becomes_one_client(desk: Desk) -> None:
    answers = await asyncio.gather(*(desk.post("/clients", FULL) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]
    assert await desk.happenings() == ["client-registered"]


async def test_changes_at_once_are_all_kept(desk: Desk) -> None:
    client = result(await desk.post("/clients", FULL), 201)
    path = f"/clients/{client['id']}/confirm-contact"
    await asyncio.gather(*(desk.post(path, {"details": ["email"]}) for _ in range(5)))
    assert result(await desk.get(f"/clients/{client['id']}"))["sequence"] == 6


async def test_an_idempotency_key_is_forgotten_after_a_week(desk: Desk) -> None:
    body = {"kind": "person", "last_name": "Cohen"}
    await desk.post("/clients", body, Idempotency_Key="key-0001")
    desk.clock.advance(timedelta(days=8))
    await desk.post("/clients", body, Idempotency_Key="key-0002")
    await desk.post("/clients", body, Idempotency_Key="key-0001")
    assert len(await desk.happenings()) == 3


async def test_the_other_agency_sees_and_changes_nothing(desk: Desk) -> None:
    client = result(await desk.post("/clients", FULL), 201)
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/history", None),
        ("GET", "/identity-number", None),
        ("POST", "/confirm-contact", {"details": ["email"]}),
        ("POST", "/contact", {"email": "x@demo.example"}),
        ("POST", "/particulars", {"last_name": "X"}),
    ):
        answer = await desk.ask(NOA, method, f"/clients/{client['id']}{path}", body)
        assert problem(answer) == (404, "client_unknown", None), path
    assert problem(await desk.post("/clients", FULL | {"agency_id": FRENCH}, NOA))[:2] == (
        404,
        "agency_unknown",
    )
    assert await desk.happenings() == ["client-registered"]


async def test_a_handler_of_two_agencies_names_the_one_that_he_means(desk: Desk) -> None:
    client = await desk.client(HANDLER, agency_id=ISRAELI)
    assert client["agency_id"] == ISRAELI
    assert (await desk.get(f"/clients/{client['id']}", NOA)).status_code == 200


@pytest.mark.parametrize("scope", [OPS, PARTNER])
async def test_operators_and_partners_have_no_business_here(desk: Desk, scope: object) -> None:
    assert scope in (OPS, PARTNER)
    client = await desk.client()
    answer = await desk.get(f"/clients/{client['id']}", OPS if scope is OPS else PARTNER)
    assert problem(answer)[:2] == (403, "not_allowed")


async def test_without_a_token_nobody_gets_in(desk: Desk) -> None:
    assert problem(await desk.http.get("/clients/x"))[:2] == (401, "unauthenticated")


async def test_an_import_keeps_its_own_confirmations_and_marks_its_actor(desk: Desk) -> None:
    registration = ClientRegistration.model_validate(FULL)
    importer = Actor(kind="import", id="demo")
    async with desk.database.write(EVERY_AGENCY) as session:
        state = await register_client(
            session,
            scope=AMELIE,
            actor=importer,
            at=NOW,
            cipher=desk.app.state.frame.cipher,
            agency_id=FRENCH,
            registration=registration,
            confirmed={"phone": confirmed_before()},
        )
    assert state.phone is not None
    assert state.email is not None
    assert state.phone.confirmed == confirmed_before()
    assert state.email.confirmed.at is None
    [(_, event)] = await desk.published()
    assert event["data"]["actor"]["kind"] == "import"
