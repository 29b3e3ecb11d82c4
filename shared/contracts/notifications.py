"""Alerts, as the notifications service publishes them on `notifications.events.v1`: the source of the live feed."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, Field, JsonValue

from shared.contracts.codes import Role
from shared.contracts.envelope import Actor, Change, Contract


class AlertState(Contract):
    """One alert with an audience, not a row per user.

    `position` grows with every alert of the whole installation and is the live feed's resume position. `kind` and `params`
    are what the reader's language is rendered from. `aggregate`, `subject_id` and `subject_sequence` name the version of the aggregate that the alert is
    about, so that a page fetched on it is never older than the alert.
    """

    id: str
    agency_id: str
    position: Annotated[int, Field(ge=1)]
    kind: str
    params: dict[str, JsonValue] = {}
    changes: tuple[Change, ...] = ()
    roles: tuple[Role, ...] = (Role.BROKER, Role.MANAGER, Role.HANDLER)
    aggregate: str = ""
    subject_id: str = ""
    subject_sequence: int = 0
    claim_number: str | None = None
    policy_number: str | None = None
    client_id: str | None = None
    client_name: str = ""
    actor: Actor
    at: AwareDatetime
    sequence: int = 0
