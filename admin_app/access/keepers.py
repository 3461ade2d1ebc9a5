"""Who may change a standing record at all: asked before a form opens, before a reason is asked for, when a record is
written, and when an act on it is undone."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy import inspect, select

from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.errors import Refused
from models.account import Grant, in_force
from models.base import Base, Wall

Keeper = Callable[[ScopedSession, Actor, Any], None]
_KEEPERS: dict[type[Base], Keeper] = {}


def kept_by(*models: type[Base]) -> Callable[[Keeper], Keeper]:
    """Register who may change records of these ledgers. A keeper raises Refused."""

    def register(function: Keeper) -> Keeper:
        _KEEPERS.update(dict.fromkeys(models, function))
        return function

    return register


def is_kept(model: type[Base]) -> bool:
    """Whether more is asked than the permission and the wall."""
    return model in _KEEPERS or (model.__wall__ is Wall.REFERENCE and bool(model.__region__))


def require_keeper(session: ScopedSession, actor: Actor, record: Base) -> None:
    """Raises Refused where this person may not change this record, standing or new."""
    require_own(actor, record)
    if keeper := _KEEPERS.get(type(record)):
        keeper(session, actor, record)


def may_change(session: ScopedSession, actor: Actor, record: Base) -> bool:
    try:
        require_keeper(session, actor, record)
    except Refused:
        return False
    return True


def may_keep(session: ScopedSession, actor: Actor, model: type[Base]) -> bool:
    """Whether records of a ledger can be the person's to keep: where each lies is not asked yet."""
    return model.__region__ is not None or may_change(session, actor, model())


def require_own(actor: Actor, record: Base) -> None:
    """Public tables are readable by all, and kept by whoever the place belongs to. Raises Refused."""
    if type(record).__wall__ is not Wall.REFERENCE or not type(record).__region__:
        return
    history = inspect(record).attrs[str(type(record).__region__)].history
    if not all(actor.keeps(code) for code in (*history.added, *history.unchanged, *history.deleted) if code):
        name = getattr(record, "name", None) or type(record).__title__  # of a form that is sent empty it has none
        raise Refused(f"“{name}”不在您的管辖范围内，只能查看，不能修改。")


def require_all_units(session: ScopedSession, actor: Actor, record: Base) -> None:
    """What holds for every unit (rules, code tables) is changed by whoever looks after all that have an
    administrator. Raises Refused."""
    with unscoped(session.get_bind().engine, "whether an administrator sits above or beside") as wide:
        grants = wide.scalars(select(Grant).where(Grant.role == Role.ADMINISTRATOR)).all()
    if not all(actor.keeps(grant.region_code) for grant in grants if in_force(grant, date.today())):
        raise Refused(f"“{type(record).__title__}”对全部单位生效，须由最上级的管理员或系统管理员修改。")
