"""Asking a service how it is, with the standard library: the supervisor has no HTTP client."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

LARGEST_ANSWER = 16 * 1024


class Answer(NamedTuple):
    """Status code (0: no answer) and body."""

    status: int
    body: str


def probe_host(host: str) -> str:
    """Where a service that listens on `host` is reached from this machine.

    Always an address: resolving names would start a thread, and this process must not have a second one.
    """
    return {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "localhost": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


async def ask(host: str, port: int, path: str, timeout: float) -> Answer:  # noqa: ASYNC109
    """GET `path`; never raises for what the other side does."""
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(probe_host(host), port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
                raw = await reader.read(LARGEST_ANSWER)
                while raw and len(raw) < LARGEST_ANSWER and (more := await reader.read(LARGEST_ANSWER)):
                    raw += more
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return Answer(0, "")
    head, _, body = raw.partition(b"\r\n\r\n")
    words = head.split(maxsplit=2)
    status = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
    return Answer(status, body.decode(errors="replace"))
