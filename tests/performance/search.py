"""Search among a million claims of a thousand agencies, beside the one statement that it should need."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from statistics import median
from typing import Any, Final

import asyncpg

from services.gateway.queries import ClaimQuery, list_claims
from services.gateway.search.folding import agency_token
from shared.db.database import Database
from shared.db.migrations import migrate_async
from shared.db.tenancy import Scope
from tests.performance.comparison import Comparison, Goal, percentile
from tests.performance.engines import Engines

AGENCIES: Final = 1000
ROWS: Final = 50
SEARCHES: Final = 40
USER: Final = "00000000-0000-7000-9000-000000000001"
NAMES: Final = (
    "dupont",
    "martin",
    "bernard",
    "cohen",
    "levi",
    "petit",
    "durand",
    "moreau",
    "mizrahi",
    "garcia",
)
FIRST: Final = (
    "helene",
    "jean",
    "marie",
    "david",
    "sarah",
    "paul",
    "noa",
    "louis",
    "camille",
    "yossi",
    "anne",
)

_AGENCY: Final = "('00000000-0000-7000-8000-' || lpad(({n} % 1000)::text, 12, '0'))"
_FILL: Final = f"""
INSERT INTO claim_view (agency_id, id, sequence, claim_number, policy_number, client_id, client_name, insured_name, plate,
  plate_normalised, line, kind, status, is_open, insurer, insurer_name, garage, garage_name, event_date, slipped_days, wanted, missing,
  last_activity_at, changed_sequence, changed_by, changed_at, other_sequence, client_folded, agency_token, search_text, state)
SELECT {_AGENCY.format(n="n")}, '00000000-0000-7000-9000-' || lpad(n::text, 12, '0'), 1, 'CL-2026-' || lpad(n::text, 7, '0'),
  '4501-' || lpad(n::text, 7, '0'), '00000000-0000-7000-a000-' || lpad((n / 3)::text, 12, '0'), who, who, plate, plate,
  'motor_car', 'own_damage', (ARRAY['registered', 'approved', 'settled', 'closed'])[1 + n % 4], n % 4 < 2, 'insurer-alpha',
  'Alpha Assurances', 'garage-lyon', 'Garage de Lyon', date '2026-11-01' - (n % 300), 0, '', 0,
  timestamptz '2026-11-01 08:00+00' - n * interval '7 seconds', 1, 'garage-lyon', timestamptz '2026-11-01 08:00+00', 1,
  who, token, ' cl 2026 ' || lpad(n::text, 7, '0') || ' cl2026' || lpad(n::text, 7, '0') || ' 4501' || lpad(n::text, 7, '0')
  || ' ' || lower(plate) || ' 06' || lpad((n::bigint * 7919 % 100000000)::text, 8, '0') || ' ' || who || ' alpha assurances garage de lyon',
  $1::jsonb
FROM (SELECT n, token,
  chr(65 + n % 23) || chr(65 + n / 23 % 23) || lpad((n % 997)::text, 3, '0') || chr(65 + n / 7 % 23) || chr(65 + n / 11 % 23) AS plate,
  ($2::text[])[1 + n / 1000 % 11] || ' ' || ($3::text[])[1 + n / 11000 % 10] AS who
  FROM generate_series(0, $4::int - 1) AS n JOIN token ON token.number = n % 1000) AS made
"""  # noqa: S608 - pieces of this file
_BARE: Final = """
SELECT id, agency_id, claim_number, policy_number, client_id, client_name, insured_name, plate, event_date, line, kind, status,
  is_open, insurer, insurer_name, garage, garage_name, repair, last_change, last_activity_at, sequence, count(*) OVER () AS total
FROM claim_view WHERE agency_id = $1 AND {found} ORDER BY last_activity_at DESC, "row" DESC LIMIT 50
"""
_STATE: Final = '{"note": "' + 600 * "x" + '"}'


class Searches:
    """The same searches, ours and bare: names, plates, numbers and phones, whole and in part."""

    def __init__(self, database: Database, connection: Any, claims: int) -> None:
        self._database = database
        self._connection = connection
        random = Random(1)
        self.typed = [_typed(random, claims) for _ in range(SEARCHES)]
        self.times: dict[str, list[float]] = {"ours": [], "bare": []}

    async def ours(self) -> float:
        """Milliseconds of a search, the middle of all."""
        return await self._timed("ours", self.found)

    async def bare(self) -> float:
        """The same for one statement on one connection."""
        return await self._timed("bare", self.found_bare)

    async def _timed(self, side: str, search: Callable[[str, str], Awaitable[list[str]]]) -> float:
        found = []
        for agency, text in self.typed:
            begun = time.perf_counter()
            await search(agency, text)
            found.append(1000 * (time.perf_counter() - begun))
        self.times[side] += found
        return median(found)

    async def found(self, agency: str, text: str) -> list[str]:
        """Claim numbers, by the product's own query."""
        scope = Scope(USER, "broker", (agency,))
        async with self._database.read(scope) as session:
            page = await list_claims(session, scope, ClaimQuery(q=text, state="all"), ROWS)
        return [one.claim_number for one in page.items]

    async def found_bare(self, agency: str, text: str) -> list[str]:
        """Claim numbers, by one statement."""
        words = text.split()
        condition = " AND ".join(f"search_text LIKE ${place}" for place, _ in enumerate(words, 2))
        rows = await self._connection.fetch(
            _BARE.format(found=condition), agency, *(f"%{word}%" for word in words)
        )
        return [row["claim_number"] for row in rows]

    async def agree(self) -> None:
        """Both find the same, and something."""
        for agency, text in self.typed:
            ours, bare = await self.found(agency, text), await self.found_bare(agency, text)
            assert ours == bare, (agency, text, ours[:3], bare[:3])
            assert ours, (agency, text)


async def compare(engines: Engines, *, rounds: int, claims: int) -> list[Comparison]:
    """The middle time of a search."""
    result = Comparison(
        f"Search among {claims:,} claims of {AGENCIES:,} agencies",
        "asyncpg, one statement",
        "ms",
        Goal("less", 2.0),
    )
    async with _filled(engines, claims) as searches:
        await searches.agree()
        await result.run(rounds, searches.ours, searches.bare)
        ours, bare = (percentile(searches.times[side][SEARCHES:], 95) for side in ("ours", "bare"))
        result.remark = f"first {ROWS} found and their number; p95 {ours:.1f} ms, baseline {bare:.1f} ms: {ours / bare:.1f} times."
    return [result]


@asynccontextmanager
async def _filled(engines: Engines, claims: int) -> AsyncIterator[Searches]:
    admin = await asyncpg.connect(engines.postgresql.url)
    await admin.execute("CREATE DATABASE bench_search")
    url = engines.database("bench_search")
    await migrate_async("gateway", url)
    connection = await asyncpg.connect(url, server_settings={"dossier.agencies": "*", "jit": "off"})
    try:
        await _fill(connection, claims)
        database = Database(url)
        try:
            yield Searches(database, connection, claims)
        finally:
            await database.dispose()
    finally:
        await connection.close()
        await admin.execute("DROP DATABASE bench_search WITH (FORCE)")
        await admin.close()


async def _fill(connection: Any, claims: int) -> None:
    """Fill, then index: an index that is built once costs a fraction of one that grows."""
    await connection.execute("SET maintenance_work_mem = '512MB'; SET synchronous_commit = off")
    indexes = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes JOIN pg_class ON relname = indexname JOIN pg_index ON indexrelid = pg_class.oid"
        " WHERE tablename = 'claim_view' AND NOT indisunique"
    )
    for name, _ in indexes:
        await connection.execute(f'DROP INDEX "{name}"')
    await connection.execute("CREATE TEMP TABLE token (number int PRIMARY KEY, token text)")
    agencies = [(number, agency_token(_agency(number))) for number in range(AGENCIES)]
    await connection.copy_records_to_table("token", records=agencies)
    await connection.execute(_FILL, _STATE, list(FIRST), list(NAMES), claims)
    for _, definition in indexes:
        await connection.execute(definition)
    await connection.execute("VACUUM ANALYZE claim_view")


def _agency(number: int) -> str:
    return f"00000000-0000-7000-8000-{number % AGENCIES:012}"


def _typed(random: Random, claims: int) -> tuple[str, str]:
    """What somebody of an agency types who looks for one of its claims."""
    number = random.randrange(claims)
    first, last = FIRST[number // 1000 % 11], NAMES[number // 11000 % 10]
    phone = f"06{number * 7919 % 100_000_000:08}"
    kinds = (
        f"{first} {last}",
        last[:4],
        f"cl2026{number:07}",
        f"{number:07}",
        phone,
        f"{first} {number % 997:03}",
    )
    return _agency(number), kinds[random.randrange(len(kinds))]
