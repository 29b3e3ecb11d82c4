"""Who plays: the users and partners that the demo wrote down."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.cli import Refused
from shared.contracts.codes import PartnerKind, Role

ACCOUNTS_FILE: Final = "demo.json"


@dataclass(frozen=True)
class Account:
    """A user who sees claims."""

    email: str
    password: str


@dataclass(frozen=True)
class Demo:
    """The demo as `.data/demo.json` tells it."""

    users: tuple[Account, ...]
    partners: dict[str, PartnerKind]
    policy_numbers: dict[str, tuple[str, ...]]
    """Insurer -> the contracts that it may update."""


def read_demo(folder: Path) -> Demo:
    """Read the accounts; raises `Refused` when there is no demo there."""
    file = folder / ACCOUNTS_FILE
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        # Whoever sees most agencies first: with the demo's handler one log-in is enough.
        users = sorted(
            (one for one in content["users"] if one["role"] != Role.OPS),
            key=lambda one: len(one.get("agencies", ())),
            reverse=True,
        )
        return Demo(
            users=tuple(Account(one["email"], one["password"]) for one in users),
            partners={one["id"]: PartnerKind(one["kind"]) for one in content["partners"]},
            policy_numbers={one["id"]: tuple(one["policy_numbers"]) for one in content["partners"]},
        )
    except FileNotFoundError as error:
        raise Refused(f"There is no demo in {folder}: start it with `make run`, then simulate.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(f"{file} cannot be read as the demo's accounts ({type(error).__name__}).") from error
