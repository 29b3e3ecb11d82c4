"""A gateway's database of a large installation: 1,000 agencies, 300,000 claims, one agency with 20,000 of them.

Made by SQL in half a minute from one state of each kind, so that what is read can be validated. Numbers are such that
everybody shares their beginnings, as in life: `CL-2026-...`.
"""

# ruff: noqa: S608 - the pieces are the constants below

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.gateway.search.folding import agency_token
from shared.contracts.codes import RepairPhase
from shared.contracts.envelope import Actor
from shared.contracts.notifications import AlertState
from tests.integration.gateway.frame import claim, client, contract, document, repair

AGENCIES: Final = 1_000
CLAIMS: Final = 300_000
OF_THE_LARGE: Final = 20_000
NOW: Final = datetime(2026, 11, 3, 12, tzinfo=UTC)
LARGE: Final = "00000000-0000-7000-8000-000000000000"
ORDINARY: Final = "00000000-0000-7000-8000-000000000007"
USER: Final = "00000000-0000-7000-9000-000000000001"
NUMBER: Final = "CL-2026-000777"
CLIENT: Final = "00000000-0000-7000-b000-000000000259"
POLICY: Final = "POL-0000259"
"""A claim of the large agency, its client and its contract."""
FILLED: Final = (
    "claim_view",
    "client_view",
    "contract_view",
    "document_view",
    "alert_view",
    "activity",
    "seen_mark",
)

_AGENCY: Final = "('00000000-0000-7000-8000-' || lpad(({n} )::text, 12, '0'))"
_WHOSE: Final = _AGENCY.format(
    n=f"CASE WHEN {{k}} < {OF_THE_LARGE // 3} THEN 0 ELSE 1 + {{k}} % {AGENCIES - 1} END"
)
_ID: Final = "('00000000-0000-7000-{kind}-' || lpad({n}::text, 12, '0'))"
_NAMES: Final = "ARRAY['dupont','martin','bernard','cohen','levi','petit','durand','moreau','mizrahi','garcia','roux','weiss']"
_FIRST: Final = "ARRAY['helene','jean','marie','david','sarah','paul','noa','louis','camille','yossi','anne']"
_STATUS: Final = (
    "ARRAY['registered','under_assessment','approved','documents_pending','payment_pending','closed']"
)


async def fill(connection: AsyncConnection) -> None:
    """Fill an empty, migrated database. Indexes are made again afterwards: built once they cost a fraction."""
    await connection.execute(text("SELECT set_config('dossier.agencies', '*', false)"))
    await connection.execute(text("SELECT set_config('maintenance_work_mem', '256MB', false)"))
    await connection.execute(text("SELECT set_config('synchronous_commit', 'off', false)"))
    found = await connection.execute(
        text(
            "SELECT indexname, indexdef FROM pg_indexes JOIN pg_class ON relname = indexname"
            " JOIN pg_index ON indexrelid = pg_class.oid"
            " WHERE tablename = ANY(:filled) AND NOT indisunique"
        ),
        {"filled": list(FILLED)},
    )
    indexes = found.all()
    for name, _ in indexes:
        await connection.execute(text(f'DROP INDEX "{name}"'))
    for statement, values in _statements():
        await connection.execute(text(statement), values)
    for _, definition in indexes:
        await connection.execute(text(definition))
    await connection.commit()
    vacuuming = await connection.execution_options(isolation_level="AUTOCOMMIT")
    for table in FILLED:
        await vacuuming.execute(text(f"VACUUM ANALYZE {table}"))


def _statements() -> list[tuple[str, dict[str, Any]]]:
    person = client(LARGE, NOW)
    policy = contract(LARGE, NOW, person)
    case = claim(LARGE, NOW, client_id=person.id, repair=repair(RepairPhase.BODY, NOW, 40, date(2026, 11, 9)))
    file = document(LARGE, NOW, Actor(kind="partner", id="garage-lyon"), claim_number=case.claim_number)
    alert = AlertState(
        id=case.id,
        agency_id=LARGE,
        position=1,
        kind="repair-progressed",
        aggregate="claim",
        subject_id=case.id,
        subject_sequence=1,
        claim_number=case.claim_number,
        policy_number=case.policy_number,
        client_id=case.client_id,
        client_name=case.client_name,
        actor=Actor(kind="partner", id="garage-lyon"),
        at=NOW,
        sequence=1,
    )
    base = {"now": NOW, "last": CLAIMS - 1}
    tokens = "INSERT INTO token VALUES " + ", ".join(
        f"('{_agency(n)}', '{agency_token(_agency(n))}')" for n in range(AGENCIES)
    )
    return [
        ("CREATE TEMP TABLE token (agency_id text PRIMARY KEY, token text)", {}),
        (tokens, {}),
        (_CLAIMS, {**base, "state": _json(case)}),
        (_CLIENTS, {**base, "last": CLAIMS // 3 - 1, "state": _json(person)}),
        (_CONTRACTS, {**base, "last": CLAIMS // 3 - 1, "state": _json(policy)}),
        (_DOCUMENTS, {**base, "last": CLAIMS // 3 - 1, "state": _json(file)}),
        (_ALERTS, {**base, "last": CLAIMS // 3 - 1, "state": _json(alert)}),
        (_ACTIVITY, {**base}),
        (_SEEN, {"large": LARGE, "person": USER, "now": NOW}),
        (_ALL_READ, {"large": LARGE, "person": USER, "now": NOW}),
        (_USER, {"person": USER, "since": NOW - timedelta(days=30)}),
    ]


def _json(state: Any) -> str:
    return orjson.dumps(state.model_dump(mode="json", exclude_defaults=True)).decode()


def _agency(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


_PARTS: Final = f"""
WITH numbered AS (
  SELECT n, {_WHOSE} AS agency, {_ID.format(kind="a000", n="n")} AS id, {_ID.format(kind="b000", n="({k})")} AS client,
    {_ID.format(kind="c000", n="({k})")} AS contract,
    'CL-2026-' || lpad(n::text, 6, '0') AS claim, 'POL-' || lpad(({{k}})::text, 7, '0') AS policy,
    'AB' || lpad((n % 1000)::text, 3, '0') || chr(65 + n % 26) || chr(65 + n / 26 % 26) AS plate,
    ({_FIRST})[1 + n % 11] || ' ' || ({_NAMES})[1 + n / 11 % 12] AS person,
    ({_STATUS})[1 + n % 6] AS status, CAST(:now AS timestamptz) - n * interval '7 seconds' AS at
  FROM generate_series(0, CAST(:last AS int)) AS n
)
"""
_OF_CLAIMS: Final = _PARTS.replace("{k}", "n / 3")
"""Three claims a client."""

_OF_CLIENTS: Final = _PARTS.replace("{k}", "n")

_CLAIMS: Final = f"""
INSERT INTO claim_view (agency_id, id, sequence, claim_number, policy_number, client_id, client_name, insured_name,
  plate, plate_normalised, line, kind, status, is_open, insurer, insurer_name, garage, garage_name, appraiser, event_date, eta,
  phase, slipped_days, repair_at, cheque_on, visit_on, wanted, missing, repair, last_change, last_activity_at,
  changed_sequence, changed_by, changed_at, other_sequence, other_at, client_folded, agency_token, search_text, state)
{_OF_CLAIMS}
SELECT agency, id, 3, claim, policy, client, person, person, plate, plate, 'motor_car',
  (ARRAY['own_damage','third_party','theft'])[1 + n % 3], status, status <> 'closed', 'insurer-' || n % 7, 'Insurer',
  'garage-' || n % 40, 'Garage', NULL, CAST(:now AS date) - n % 700, CASE WHEN n % 3 = 0 THEN CAST(:now AS date) + n % 60 - 30 END,
  CASE WHEN n % 3 = 0 THEN 'body' WHEN n % 3 = 1 THEN 'delivered' END, n % 50 / 45, at,
  CASE WHEN n % 400 = 0 THEN CAST(:now AS date) + n / 400 % 30 END, CASE WHEN n % 300 = 0 THEN CAST(:now AS date) + n / 300 % 30 END,
  '', CASE WHEN n % 200 = 0 THEN 1 ELSE 0 END, NULL, NULL, at, 3, 'garage-' || n % 40, at, -1, NULL, person, token,
  ' cl 2026 ' || lpad(n::text, 6, '0') || ' cl2026' || lpad(n::text, 6, '0') || ' pol ' || lpad((n / 3)::text, 7, '0') || ' pol'
    || lpad((n / 3)::text, 7, '0') || ' ' || lower(plate) || ' ' || person || ' alpha assurances garage de lyon 336' || 10000000 + n
    || ' 06' || 10000000 + n, -- as the projection folds it
  CAST(:state AS jsonb) || jsonb_build_object('id', id, 'agency_id', agency, 'claim_number', claim, 'policy_number', policy,
    'client_id', client)
FROM numbered JOIN token ON token.agency_id = agency
"""

_CLIENTS: Final = f"""
INSERT INTO client_view (agency_id, id, sequence, name, name_folded, last_activity_at, agency_token, search_text, state)
{_OF_CLIENTS}
SELECT agency, client, 1, person, person || ' ' || n, at, token, ' ' || person || ' 336' || 10000000 + n || ' 06' || 10000000 + n,
  CAST(:state AS jsonb) || jsonb_build_object('id', client, 'agency_id', agency)
FROM numbered JOIN token ON token.agency_id = agency
"""

_CONTRACTS: Final = f"""
INSERT INTO contract_view (agency_id, id, sequence, policy_number, client_id, line, status, insurer, receipt_on, last_activity_at,
  agency_token, search_text, state)
{_OF_CLIENTS}
SELECT agency, contract, 1, policy, client, 'motor_car', 'in_force', 'insurer-' || n % 7,
  CASE WHEN n % 20 = 0 THEN CAST(:now AS date) + n / 20 % 300 END, at, token, ' ' || person || ' ' || lower(policy) || ' '
  || lower(plate), CAST(:state AS jsonb) || jsonb_build_object('id', contract, 'agency_id', agency, 'policy_number', policy,
    'client_id', client)
FROM numbered JOIN token ON token.agency_id = agency
"""

_DOCUMENTS: Final = f"""
INSERT INTO document_view (agency_id, id, sequence, client_id, claim_number, policy_number, removed, uploaded_at, state)
{_OF_CLAIMS}
SELECT agency, id, 1, client, claim, NULL, false, at,
  CAST(:state AS jsonb) || jsonb_build_object('id', id, 'agency_id', agency, 'claim_number', claim) FROM numbered
"""

_ALERTS: Final = f"""
INSERT INTO alert_view (agency_id, id, sequence, position, kind, audience, claim_number, actor_id, at, state)
{_OF_CLAIMS}
SELECT agency, id, 1, n + 1, 'repair-progressed', ' broker manager ', claim, 'garage-' || n % 40,
  CAST(:now AS timestamptz) - (100000 - n) * interval '2 minutes',
  CAST(:state AS jsonb) || jsonb_build_object('id', id, 'agency_id', agency, 'claim_number', claim, 'position', n + 1) FROM numbered
"""

_ACTIVITY: Final = f"""
INSERT INTO activity (agency_id, event_id, happening, aggregate, subject_id, sequence, at, actor_kind, actor_id, actor_name, changes,
  client_id, policy_number, claim_number)
{_OF_CLAIMS}
SELECT agency, id, 'repair-progressed', 'claim', id, 3, at, CASE WHEN n % 10 = 0 THEN 'user' ELSE 'partner' END,
  CASE WHEN n % 100 = 0 THEN '{USER}' ELSE 'garage-' || n % 40 END, '', '[]', client, policy, claim FROM numbered
"""

_SEEN: Final = """
INSERT INTO seen_mark (agency_id, user_id, claim_id, sequence, files_at, at)
SELECT agency_id, CAST(:person AS text), id, CASE WHEN row % 100 = 0 THEN 1 ELSE 3 END, CAST(NULL AS timestamptz),
  CAST(:now AS timestamptz) - row * interval '1 second'
FROM claim_view WHERE agency_id = CAST(:large AS text)
UNION ALL SELECT agency_id, 'somebody else', id, 3, NULL, CAST(:now AS timestamptz) FROM claim_view WHERE row % 2 = 0
"""

_ALL_READ: Final = """
INSERT INTO alert_high_water (agency_id, user_id, position, at)
VALUES (CAST(:large AS text), CAST(:person AS text), 19900, CAST(:now AS timestamptz))
"""

_USER: Final = """
INSERT INTO "user" (id, email, name, role, language, timezone, password_hash, active, baseline_at, sequence, updated_at)
VALUES (CAST(:person AS text), 'paul@large.example', 'Paul', 'broker', 'fr', '', '', true, CAST(:since AS timestamptz), 1,
  CAST(:since AS timestamptz))
"""
