"""Writing to the gateway's database from a command: one transaction, and every refusal one sentence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from deploy.cli import Refused
from shared.settings import Settings, load_settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

T = TypeVar("T")


async def in_identity(work: Callable[[AsyncSession], Awaitable[T]], settings: Settings | None = None) -> T:
    """Run `work` in a write session of the gateway's database; what it publishes goes out by the gateway's relay."""
    from pydantic import ValidationError  # noqa: PLC0415 - half a second, so `--help` does without
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415

    from shared.db.database import Database  # noqa: PLC0415
    from shared.db.migrations import SchemaNotCurrent, require_current  # noqa: PLC0415
    from shared.db.tenancy import EVERY_AGENCY  # noqa: PLC0415
    from shared.errors import DomainError  # noqa: PLC0415

    url = (settings or load_settings(Settings)).database_url_of("gateway")
    database = Database(url)
    try:
        await require_current("gateway", url)
        async with database.write(EVERY_AGENCY) as session:
            return await work(session)
    except DomainError as error:
        raise Refused(error.detail) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise Refused(f"{where}: {first['msg']}.") from error
    except SchemaNotCurrent as error:
        raise Refused(str(error)) from error
    except (DBAPIError, OSError) as error:
        raise Refused(
            f"The database of the gateway cannot be used ({getattr(error, 'orig', error)})."
        ) from error
    finally:
        await database.dispose()
