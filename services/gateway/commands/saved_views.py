"""Naming a list of claims, renaming and reordering the names, and taking one away."""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, func, select, update

from services.gateway.context import Gateway
from services.gateway.identity.current import require_desk
from services.gateway.identity.sessions import CurrentUser
from services.gateway.models import SavedView
from shared.errors import Conflict, Invalid, NotFound
from shared.identifiers import new_id

MOST_VIEWS: Final = 30
LONGEST_NAME: Final = 60


async def save_view(gateway: Gateway, user: CurrentUser, name: str, query: str) -> str:
    """Keep a list under a name, which is the user's own and stands once; gives the view's id."""
    require_desk(user)
    name = _name(name)
    async with gateway.database.write(user.scope) as session:
        mine = SavedView.user_id == user.user_id
        await session.execute(delete(SavedView).where(mine, SavedView.position < 0))
        if await session.scalar(select(SavedView.id).where(mine, SavedView.name == name)):
            raise Conflict("view_exists", "There is a view of this name.", "name")
        number, last = (
            await session.execute(select(func.count(), func.max(SavedView.position)).where(mine))
        ).one()
        if number >= MOST_VIEWS:
            raise Conflict("too_many_views", f"There are {MOST_VIEWS} views already.", "name")
        view = SavedView(
            id=new_id(),
            user_id=user.user_id,
            name=name,
            query=query[:2000],
            position=(last or 0) + 1,
            created_at=gateway.clock.now(),
        )
        session.add(view)
    return view.id


async def rename_view(gateway: Gateway, user: CurrentUser, view_id: str, name: str) -> None:
    """Give a view another name."""
    require_desk(user)
    name = _name(name)
    async with gateway.database.write(user.scope) as session:
        view = await session.get(SavedView, view_id)
        if view is None or view.user_id != user.user_id:
            raise _missing()
        same = select(SavedView.id).where(
            SavedView.user_id == user.user_id, SavedView.name == name, SavedView.id != view_id
        )
        if await session.scalar(same):
            raise Conflict("view_exists", "There is a view of this name.", "name")
        view.name = name


async def move_view(gateway: Gateway, user: CurrentUser, view_id: str, steps: int) -> None:
    """Move a view forward (negative steps) or back among the user's own; beyond the ends it stays at the end."""
    require_desk(user)
    async with gateway.database.write(user.scope) as session:
        order = list(
            await session.scalars(
                select(SavedView.id)
                .where(SavedView.user_id == user.user_id, SavedView.position > 0)
                .order_by(SavedView.position, SavedView.created_at)
            )
        )
        if view_id not in order:
            raise _missing()
        place = order.index(view_id)
        order.insert(max(0, place + steps), order.pop(place))
        for position, one in enumerate(order, 1):
            await session.execute(update(SavedView).where(SavedView.id == one).values(position=position))


async def delete_view(gateway: Gateway, user: CurrentUser, view_id: str) -> None:
    """Take a view away. The one taken away last is kept aside (position below 0), so that it can be brought back."""
    require_desk(user)
    mine = SavedView.user_id == user.user_id
    async with gateway.database.write(user.scope) as session:
        await session.execute(delete(SavedView).where(mine, SavedView.position < 0))
        found = await session.execute(
            update(SavedView)
            .where(mine, SavedView.id == view_id)
            .values(position=-SavedView.position)
            .returning(SavedView.id)
        )
        if found.first() is None:
            raise _missing()


async def restore_view(gateway: Gateway, user: CurrentUser, view_id: str) -> None:
    """Bring back the view that was taken away last."""
    require_desk(user)
    async with gateway.database.write(user.scope) as session:
        found = await session.execute(
            update(SavedView)
            .where(SavedView.user_id == user.user_id, SavedView.id == view_id, SavedView.position < 0)
            .values(position=-SavedView.position)
            .returning(SavedView.id)
        )
        if found.first() is None:
            raise _missing()


def _name(value: str) -> str:
    name = " ".join(value.split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid("invalid_name", f"A name has 1 to {LONGEST_NAME} characters.", "name")
    return name


def _missing() -> NotFound:
    return NotFound("view_not_found", "There is no such view.")
