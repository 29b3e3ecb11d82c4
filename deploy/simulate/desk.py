"""The desk as a logged-in user sees it: where the players learn how things stand, and report new claims."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import date
from random import Random
from typing import Any, Final, Self, TypeVar
from urllib.parse import quote

import aiohttp

from deploy.cli import Refused
from deploy.demo.agencies import AGENCIES, PARTNERS
from deploy.simulate.accounts import Account
from deploy.simulate.known import KnownClaim, KnownContract, Office
from shared.contracts.codes import CauseOfLoss, ClaimKind
from shared.contracts.policy import ContractState

T = TypeVar("T")

_SECONDS: Final = 10
_AT_ONCE: Final = 4
_MOST_PAGES: Final = 10
"""Pages of 50 open claims that are looked at: a demo that was simulated for days has more than anybody needs."""
_GARAGE_OF: Final = {agency.id: agency.garage for agency in AGENCIES}
_APPRAISER: Final = "appraiser-one"
_KINDS: Final = (
    (ClaimKind.OWN_DAMAGE, CauseOfLoss.COLLISION),
    (ClaimKind.GLASS, CauseOfLoss.GLASS),
    (ClaimKind.OWN_DAMAGE, CauseOfLoss.PARKED_UNIDENTIFIED),
    (ClaimKind.NATURAL_EVENT, CauseOfLoss.NATURAL_EVENT),
)


class DeskAway(Exception):  # noqa: N818 - said of the other side
    """The gateway did not answer, or not with what was asked for."""


class _Seat:
    """One user's session."""

    def __init__(self, http: aiohttp.ClientSession, offices: dict[str, Office]) -> None:
        self.http = http
        self.offices = offices


class Desk:
    """Sessions of the demo's users at one gateway."""

    def __init__(self, url: str, seats: list[_Seat]) -> None:
        """Sit down; `open` logs in."""
        self._url = url
        self._seats = seats

    @classmethod
    async def open(cls, url: str, users: Iterable[Account]) -> Self:
        """Log in, one user after the other until all agencies are seen; raises `Refused`."""
        seats: list[_Seat] = []
        try:
            for user in users:
                seat = await _log_in(url, user)
                seen = {agency for other in seats for agency in other.offices}
                if seat.offices.keys() <= seen:
                    await seat.http.close()
                else:
                    seats.append(seat)
        except BaseException:
            for seat in seats:
                await seat.http.close()
            raise
        return cls(url, seats)

    async def close(self) -> None:
        """Leave."""
        for seat in self._seats:
            await seat.http.close()

    async def claims(self) -> list[KnownClaim]:
        """Read the open claims, newest change first. Raises `DeskAway`."""
        found: dict[str, _Seat] = {}
        for seat in self._seats:
            for page in range(1, _MOST_PAGES + 1):
                listed = await self._get(seat, f"/api/v1/claims?state=open&page={page}")
                found |= {item["claim_number"]: seat for item in listed["items"]}
                if page >= listed["pages"]:
                    break
        return await _few_at_once(self._claim(seat, number) for number, seat in found.items())

    async def claim(self, number: str) -> KnownClaim:
        """Read one claim again. Raises `DeskAway`."""
        for seat in self._seats[:-1]:
            try:
                return await self._claim(seat, number)
            except DeskAway:
                continue
        return await self._claim(self._seats[-1], number)

    async def contract(self, policy_number: str) -> KnownContract:
        """Read a contract. Raises `DeskAway`."""
        for seat in self._seats:
            try:
                shown = await self._get(seat, f"/api/v1/contracts/{quote(policy_number, safe='')}")
            except DeskAway:
                continue
            state = ContractState.model_validate(shown["contract"])
            return KnownContract(state, seat.offices[state.agency_id].language)
        raise DeskAway(policy_number)

    async def contracts(self, policy_numbers: Iterable[str]) -> list[KnownContract]:
        """Read several contracts. Raises `DeskAway`."""
        return await _few_at_once(self.contract(number) for number in policy_numbers)

    async def report_claim(self, random: Random, contract: ContractState, today: date) -> KnownClaim:
        """Report an accident of an insured vehicle, as a broker does; its garage is the agency's. Raises `DeskAway`."""
        seat = next(seat for seat in self._seats if contract.agency_id in seat.offices)
        kind, cause = random.choice(_KINDS)
        body = {
            "policy_number": contract.policy_number,
            "agency_id": contract.agency_id,
            "kind": kind.value,
            "cause": cause.value,
            "event_date": today.isoformat(),
            "garage": PARTNERS[_GARAGE_OF[contract.agency_id]].reference.model_dump(mode="json"),
            "appraiser": PARTNERS[_APPRAISER].reference.model_dump(mode="json"),
        }
        claim = await self._ask(seat, "POST", "/api/v1/claims", json=body)
        return await self._claim(seat, claim["claim_number"])

    async def _claim(self, seat: _Seat, number: str) -> KnownClaim:
        shown = await self._get(seat, f"/api/v1/claims/{quote(number, safe='')}")
        return KnownClaim.of(shown, seat.offices[shown["agency_id"]])

    async def _get(self, seat: _Seat, path: str) -> Any:
        return await self._ask(seat, "GET", path)

    async def _ask(self, seat: _Seat, method: str, path: str, **arguments: Any) -> Any:
        try:
            async with seat.http.request(method, self._url + path, **arguments) as answer:
                if not answer.ok:
                    raise DeskAway(f"{method} {path}: {answer.status} {answer.reason}")
                return await answer.json()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise DeskAway(f"{method} {path}: {type(error).__name__}") from error


async def _log_in(url: str, user: Account) -> _Seat:
    http = aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True),  # "unsafe" is a host that is an address, as 127.0.0.1 is
        timeout=aiohttp.ClientTimeout(total=_SECONDS),
    )
    body = {"email": user.email, "password": user.password}
    try:
        async with http.post(f"{url}/api/v1/session", json=body, raise_for_status=True) as answer:
            session = await answer.json()
    except BaseException as error:
        await http.close()
        if isinstance(error, aiohttp.ClientResponseError):
            raise Refused(
                f"{user.email} cannot log in at {url} ({error.status}): is this the demo?"
            ) from error
        if isinstance(error, aiohttp.ClientError | TimeoutError):
            raise Refused(f"No demo is running at {url}: start it with `make run`, then simulate.") from error
        raise
    offices = {one["id"]: Office(one["id"], one["language"], one["currency"]) for one in session["agencies"]}
    return _Seat(http, offices)


async def _few_at_once(work: Iterable[Awaitable[T]]) -> list[T]:
    """Do it all, a few at a time, in order: a simulator is no load test of the pages."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(task: Awaitable[T]) -> T:
        async with gate:
            return await task

    return list(await asyncio.gather(*(one(task) for task in work)))
