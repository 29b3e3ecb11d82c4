"""Rate limits, counted in this process: with several replicas each counts its own, so a limit is per replica."""

from __future__ import annotations

import hashlib
import math
import time
from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from shared.http.problems import Problem

_LOGIN_MINUTES: Final = 5


class Limits:
    """What may be tried how often. Keys are hashed: the memory of a process holds no list of addresses."""

    def __init__(self, *, account_failures: int, address_failures: int, partner_rate: int) -> None:
        """Take the limits: failures per five minutes, partner requests per minute."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._account = RateLimitItemPerMinute(account_failures, _LOGIN_MINUTES, namespace="account")
        self._address = RateLimitItemPerMinute(address_failures, _LOGIN_MINUTES, namespace="address")
        self._partner = RateLimitItemPerMinute(partner_rate, namespace="partner")
        self._strangers = RateLimitItemPerMinute(address_failures, _LOGIN_MINUTES, namespace="stranger")

    def check_login(self, email: str, address: str) -> None:
        """Refuse an attempt (429) after too many failures of the account or the address, known or not."""
        for item, key in ((self._account, email), (self._address, address)):
            if not self._limiter.test(item, _key(key)):
                raise self._too_many(item, key)

    def login_failed(self, email: str, address: str) -> None:
        """Count a failure."""
        self._limiter.hit(self._account, _key(email))
        self._limiter.hit(self._address, _key(address))

    def login_succeeded(self, email: str) -> None:
        """Forget the failures of an account: its owner is here."""
        self._limiter.clear(self._account, _key(email))

    def check_partner(self, partner_id: str) -> None:
        """Count a request of a partner; refuse it (429) beyond the rate."""
        if not self._limiter.hit(self._partner, partner_id):
            raise self._too_many(self._partner, partner_id, hashed=False)

    def check_stranger(self, address: str) -> None:
        """Refuse an address (429) that sent too many wrong API keys."""
        if not self._limiter.test(self._strangers, _key(address)):
            raise self._too_many(self._strangers, address)

    def wrong_key(self, address: str) -> None:
        """Count a wrong API key."""
        self._limiter.hit(self._strangers, _key(address))

    def _too_many(self, item: RateLimitItemPerMinute, key: str, *, hashed: bool = True) -> Problem:
        window = self._limiter.get_window_stats(item, _key(key) if hashed else key)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        return Problem(
            429,
            "too_many_requests",
            f"Too many attempts; try again in {seconds} seconds.",
            headers={"Retry-After": str(seconds)},
        )


def _key(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()
