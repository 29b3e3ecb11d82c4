"""What all services import: loaded once, in the template (template.py).

Libraries and the shared kit only: a service's own modules stay its own business. Nothing here may start a
thread, open a file or draw a random number when it is imported (tests/unit/deploy/local holds this).
"""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "uvicorn",
    "uvicorn.lifespan.on",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
    "fastapi",
    "fastapi.responses",
    "pydantic_settings",
    "sqlalchemy.ext.asyncio",
    "sqlalchemy.orm",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "aiosqlite",
    "aiokafka",
    "aiohttp",
    "faststream.kafka",
    "orjson",
    "structlog",
    "prometheus_client",
    "jwt",
    "shared.settings",
    "shared.db.database",
    "shared.http.application",
    "shared.http.client",
    "shared.messaging.runtime",
    "shared.contracts.events",
    "shared.contracts.partners",
)

for _name in MODULES:
    try:
        import_module(_name)
    except ImportError:  # the service that needs it says so in its own log
        continue
