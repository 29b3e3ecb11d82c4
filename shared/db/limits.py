"""How much of PostgreSQL one process takes, and for how long a statement of it may take the others' time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

_KEEPALIVE: Final = {
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""Seconds, and tries. A machine that is gone closes nothing: until the server notices, its session holds the relay's lock, and
with the server's own settings that is two hours."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, but for `pool_size`, which is connections per process. A timeout of 0 is none, as in PostgreSQL."""

    pool_size: int = 10
    pool_timeout: float = 3.0
    connect_timeout: float = 5.0
    statement_timeout: float = 15.0
    lock_timeout: float = 5.0
    idle_in_transaction_timeout: float = 60.0

    def connect_arguments(self) -> dict[str, Any]:
        """Give the driver's arguments: the server learns the timeouts with the connection, at no further round trip."""
        return {
            "timeout": self.connect_timeout,
            "server_settings": {
                "application_name": "dossier",
                "jit": "off",  # compiling took 20 to 100 ms of queries that run for one
                "statement_timeout": _milliseconds(self.statement_timeout),
                "lock_timeout": _milliseconds(self.lock_timeout),
                "idle_in_transaction_session_timeout": _milliseconds(self.idle_in_transaction_timeout),
                **_KEEPALIVE,
            },
        }


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))


DEFAULT_LIMITS: Final = Limits()
