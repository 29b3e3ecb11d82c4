"""Pages whose parts are kept: after each change they say what they would say if nothing had been kept, to each reader his own."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import date, timedelta
from itertools import product

import pytest
from sqlalchemy import update

from services.gateway.models import Partner
from services.gateway.pages import fragments
from shared.contracts.claims import ClaimState
from shared.contracts.codes import ClaimStatus, DocumentType, RepairPhase, Role
from shared.contracts.envelope import Actor
from shared.contracts.policy import Confirmation, EmailDetail
from shared.db.tenancy import EVERY_AGENCY
from tests.integration.gateway.frame import GARAGE, IMPORT, PASSWORD, Desk, Person, client, contract, repair

SCRIPT = {"hx-request": "true"}
Change = Callable[[], Awaitable[object]]


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    fragments.forget()
    yield
    fragments.forget()


class File:
    """A client with a contract, a claim and files, and what happens to them."""

    def __init__(self, desk: Desk, agency: str, name: str) -> None:
        self.desk = desk
        self.agency = agency
        self.owner = client(agency, desk.clock.now(), name=name)
        self.claim: ClaimState
        self.colleague = Actor(kind="user", id="colleague", name="Noa")

    async def begin(self) -> None:
        desk, owner = self.desk, self.owner
        self.contract = contract(self.agency, desk.clock.now(), owner)
        await desk.take(
            desk.event("client-registered", owner), desk.event("contract-registered", self.contract)
        )
        self.claim = await desk.add_claim(
            self.agency, client_id=owner.id, client_name=owner.name, policy_number=self.contract.policy_number
        )

    def changes(self) -> dict[str, Change]:
        """Everything that can happen to what the pages show, in order."""
        return {
            "a repair goes on": self.goes_on,
            "the garage gets another name": self.renamed("Autre garage"),
            "half a minute passes": self.later(timedelta(seconds=30)),
            "and three more": self.later(timedelta(minutes=3)),
            "a colleague notes something": self.noted,
            "a file is added": self.added,
            "the garage that added it gets a third name": self.renamed("Troisième garage"),
            "two hours pass": self.later(timedelta(hours=2)),
            "the file is removed": self.removed,
            "the client confirms": self.confirmed,
            "the contract is amended": self.amended,
            "a day passes": self.later(timedelta(days=1)),
            "papers are asked for": self.asked_for_papers,
            "history is imported": self.imported,
            "eight days pass": self.later(timedelta(days=8)),
            "the claim is closed": self.closed,
        }

    def later(self, by: timedelta) -> Change:
        async def passes() -> None:
            self.desk.clock.advance(by)

        return passes

    async def goes_on(self) -> None:
        on = repair(RepairPhase.BODY, self.desk.clock.now(), 60, date(2026, 11, 10), date(2026, 11, 20))
        self.claim = await self.desk.progress(self.claim, repair=on)

    async def noted(self) -> None:
        self.claim = await self.desk.progress(self.claim, self.colleague, description="<b>Noté</b>")

    async def added(self) -> None:
        self.document = await self.desk.add_document(
            self.agency, GARAGE, claim_number=self.claim.claim_number, type=DocumentType.OTHER
        )

    async def removed(self) -> None:
        gone = self.document.model_copy(update={"removed": True, "sequence": 2})
        await self.desk.take(self.desk.event("document-removed", gone, old=self.document))

    def renamed(self, name: str) -> Change:
        async def renames() -> None:
            async with self.desk.database.write(EVERY_AGENCY) as session:
                values = {"name": name, "phone": f"01 {len(name)}"}
                await session.execute(update(Partner).where(Partner.id == GARAGE.id).values(**values))

        return renames

    async def confirmed(self) -> None:
        at = self.desk.clock.now()
        email = EmailDetail(value="h@demo.example", confirmed=Confirmation(at=at, by="Noa"))
        assert self.owner.address is not None
        address = self.owner.address.model_copy(update={"confirmed": Confirmation(at=at, by="Noa")})
        new = self.owner.model_copy(
            update={"email": email, "address": address, "sequence": 2, "updated_at": at}
        )
        await self.desk.take(self.desk.event("client-contact-confirmed", new, old=self.owner))

    async def amended(self) -> None:
        new = self.contract.model_copy(update={"formula": "third_party", "version": 2, "sequence": 2})
        await self.desk.take(self.desk.event("contract-amended", new, old=self.contract))

    async def asked_for_papers(self) -> None:
        wanted = self.claim.settlement.model_copy(update={"requested_documents": (DocumentType.OTHER,)})
        self.claim = await self.desk.progress(self.claim, settlement=wanted)

    async def imported(self) -> None:
        self.claim = await self.desk.progress(self.claim, IMPORT, plate="ZZ-999-ZZ")

    async def closed(self) -> None:
        self.claim = await self.desk.progress(self.claim, status=ClaimStatus.CLOSED)


@pytest.fixture
async def file(desk: Desk) -> File:
    made = File(desk, await desk.agency(), "Hélène Dupont")
    await desk.partner(GARAGE.id)
    await made.begin()
    return made


def pages_of(file: File, since: str) -> list[tuple[str, dict[str, str]]]:
    """The pages, and the parts that a script asks for while they stay open."""
    claim = f"/claims/{file.claim.claim_number}"
    return [
        (f"/clients/{file.owner.id}", {}),
        (claim, {}),
        (f"{claim}?since={since}", SCRIPT),
        ("/claims?state=all", {}),
        ("/claims?state=all&unread=1", SCRIPT),
        ("/claims?q=Dupont&state=all", {}),
    ]


async def read(person: Person, path: str, headers: dict[str, str]) -> str:
    answer = await person.http.get(path, headers={**headers, "accept-encoding": "gzip"})
    assert answer.status_code == 200, path
    assert answer.headers["content-encoding"] == "gzip"
    return answer.text


async def test_after_every_change_pages_say_what_they_would_say_if_nothing_were_kept(
    desk: Desk, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    readers = [await desk.person(file.agency, role=role) for role in (Role.BROKER, Role.MANAGER, Role.BROKER)]
    for reader, language in zip(readers, ("fr", "he", "en"), strict=True):
        await reader.http.post("/language", data={"language": language, "next": "/"})
    since = "2026-11-03T12:00:01+00:00"
    said: set[str] = set()
    for name, change in file.changes().items():
        await change()
        for reader in readers:
            if (await reader.http.get("/claims")).is_redirect:  # a session does not outlive eight days
                await reader.http.post("/api/v1/session", json={"email": reader.email, "password": PASSWORD})
        for reader, (path, headers) in product(readers, pages_of(file, since)):
            await read(reader, path, headers)  # opening a claim marks it as seen: what follows finds it so
            kept = await read(reader, path, headers)
            with monkeypatch.context() as patched:
                patched.setattr(fragments, "STORE", fragments.Store())
                assert await read(reader, path, headers) == kept, (name, path)
            said.add(kept)
    assert len(said) > len(readers) * len(file.changes())


async def test_a_page_is_the_same_compressed_and_plain(desk: Desk, file: File) -> None:
    reader = await desk.person(file.agency)
    for path, headers in pages_of(file, "2026-11-03T12:00:01+00:00"):
        await read(reader, path, headers)
        plain = await reader.http.get(path, headers={**headers, "accept-encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert plain.text == await read(reader, path, headers)


async def test_who_may_not_see_a_file_does_not_see_what_was_kept_of_it(desk: Desk, file: File) -> None:
    insider = await desk.person(file.agency)
    stranger = await desk.person(await desk.agency("Cabinet Noir"))
    for path, headers in pages_of(file, "2026-11-03T12:00:01+00:00"):
        assert "Dupont" in await read(insider, path, headers) or "unread" in path
        answer = await stranger.http.get(path, headers=headers)
        assert "Hélène" not in answer.text
        assert answer.status_code == (200 if path.startswith("/claims?") else 404)


async def test_two_agencies_with_files_of_the_same_names_keep_their_own(desk: Desk, file: File) -> None:
    other = File(desk, await desk.agency("Cabinet Noir"), "Hélène Dupont")
    await other.begin()
    await other.noted()
    first, second = await desk.person(file.agency), await desk.person(other.agency)
    for mine, theirs, reader in ((file, other, first), (other, file, second)):
        text = await read(reader, "/claims?state=all", {})
        assert mine.claim.claim_number in text
        assert theirs.claim.claim_number not in text
        assert ("&lt;b&gt;Noté" in await read(reader, f"/claims/{mine.claim.claim_number}", {})) == (
            mine is other
        )
