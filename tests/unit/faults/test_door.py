"""The door before an engine: who leaves on one side is gone on the other, however he leaves."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.fixtures.embedded_broker import free_port
from tests.fixtures.proxy import Proxy

_SECONDS = 10.0


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        listening.settimeout(_SECONDS)
        yield listening


@pytest.fixture
def door(server: socket.socket) -> Iterator[Proxy]:
    proxy = Proxy(server.getsockname()[1], free_port())
    proxy.start()
    yield proxy
    proxy.stop()


def connected(server: socket.socket, door: Proxy) -> tuple[socket.socket, socket.socket]:
    """A client, and what the server has of it, after a word each way."""
    client = socket.create_connection(("127.0.0.1", door.port), timeout=_SECONDS)
    client.sendall(b"here")
    served, _ = server.accept()
    served.settimeout(_SECONDS)
    assert served.recv(4) == b"here"
    return client, served


def ended(served: socket.socket) -> bool:
    """Wait for the end of the connection as the server sees it."""
    try:
        return served.recv(1) == b""
    except ConnectionResetError:
        return True


def test_a_client_that_closes_is_gone_for_the_server(server: socket.socket, door: Proxy) -> None:
    client, served = connected(server, door)
    with served:
        client.close()
        assert ended(served)


def test_a_client_that_dies_with_something_unread_is_gone_for_the_server(
    server: socket.socket, door: Proxy
) -> None:
    """Its system resets the connection: once the server never heard of it, and a dead relay kept its lock."""
    client, served = connected(server, door)
    with served:
        served.sendall(b"an answer that nobody reads")
        assert client.recv(1, socket.MSG_PEEK) == b"a"
        client.close()
        assert ended(served)


def test_a_cut_ends_both_sides(server: socket.socket, door: Proxy) -> None:
    client, served = connected(server, door)
    with client, served:
        assert door.cut() == 2
        assert ended(served)
        assert ended(client)
