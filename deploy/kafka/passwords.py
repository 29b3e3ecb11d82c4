"""The passwords of our own Kafka users: one file each in a folder, as container secrets are handed over.

`DOSSIER_KAFKA_SERVICE_PASSWORDS` names the folder (in a container: /run/secrets); in it `kafka-claims-password` is the password of
the user `dossier-claims`, and so on. Light to import: the launcher of the stack gives each service its own file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

OPERATOR: Final = "admin"


def password_file(folder: Path, service: str) -> Path:
    """Where the password of a service's user (or the operator's) is."""
    return folder / f"kafka-{service}-password"


def read_passwords(folder: Path, services: tuple[str, ...]) -> dict[str, str]:
    """Service (or `admin`) -> password, of those whose file is there.

    Raises OSError for a file that cannot be read, and ValueError, naming the file, for one without a password.
    """
    found = {}
    for service in (*services, OPERATOR):
        file = password_file(folder, service)
        if not file.exists():
            continue
        password = file.read_text(encoding="utf-8").strip()
        if not password:
            raise ValueError(f"{file} has no password.")
        found[service] = password
    return found
