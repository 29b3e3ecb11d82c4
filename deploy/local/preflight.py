"""What must be true before anything is started; each failure is one sentence that says what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PATIENCE_SECONDS = 2.0
"""A port may still be closing when a stack has just ended: wait that long before calling it taken."""


class CannotRun(Exception):  # noqa: N818 - it is what the user reads: one sentence
    """The stack cannot start here; the message is one sentence for the person at the terminal."""


class Listener(NamedTuple):
    """A port that the stack is going to open."""

    owner: str
    host: str
    port: int
    setting: str


def prepare_folder(folder: Path) -> None:
    """Make the data folder and prove that it can be written to."""
    try:
        for part in (folder, folder / "logs", folder / "run"):
            part.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"probe")
            probe.flush()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CannotRun(
            f"The data folder {folder} cannot be written to ({reason});"
            " make it writable, or choose another one with DOSSIER_DATA_DIR."
        ) from error


def lock_folder(folder: Path) -> int:
    """Take the data folder for this process alone and return the lock's descriptor.

    The lock is the descriptor, not the file: it ends with the process, however that ends. It is inheritable,
    since `dossier run` turns into the supervisor by exec.
    """
    path = folder / "run" / "lock"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise CannotRun(f"The file {path} cannot be opened ({error.strerror}).") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip() or "unknown"
        os.close(descriptor)
        raise CannotRun(
            f"Dossier already runs on {folder} (process {holder});"
            " stop that one, or choose another folder with DOSSIER_DATA_DIR."
        ) from error
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    os.set_inheritable(descriptor, True)  # noqa: FBT003 - takes it by position only
    return descriptor


def is_locked(folder: Path) -> bool:
    """Whether some process has taken the data folder."""
    try:
        descriptor = os.open(folder / "run" / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def check_ports(listeners: Iterable[Listener], patience: float = PATIENCE_SECONDS) -> None:
    """Refuse ports that two parts would share, that are taken, or that this user may not open."""
    found = list(listeners)
    owners: dict[int, Listener] = {}
    for one in found:
        other = owners.setdefault(one.port, one)
        if other is not one:
            raise CannotRun(f"{other.setting} and {one.setting} are both {one.port}; give each its own port.")
    deadline = time.monotonic() + patience
    for one in found:
        _check_port(one, deadline)


def _check_port(listener: Listener, deadline: float) -> None:
    while True:
        error = _try_to_listen(listener.host, listener.port)
        if error is None:
            return
        if error.errno != errno.EADDRINUSE:
            raise CannotRun(
                f"Port {listener.port} on {listener.host} ({listener.owner}) cannot be opened ({error.strerror});"
                f" choose another one with {listener.setting}."
            )
        if time.monotonic() >= deadline:
            raise CannotRun(
                f"Port {listener.port} ({listener.owner}) is already in use;"
                f" stop the program that uses it, or choose another port with {listener.setting}."
            )
        time.sleep(0.1)


def _try_to_listen(host: str, port: int) -> OSError | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the servers do: connections of an earlier run that linger are no obstacle, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError as error:
            return error
    return None
