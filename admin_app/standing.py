"""What may stand but once (`Moves.single`): one letter of a family in a year, one flag of a kind for a child."""

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import aliased

from admin_app.access.bulk import in_parts
from admin_app.access.scope import ScopedSession
from admin_app.errors import NotFound
from models.base import Base, models, pointed_at
from models.change import ChangeRow
from models.household import Household
from models.natural_group import NaturalGroup
from models.region import Region


def twin_of(session: ScopedSession, record: Base) -> Any | None:
    """The record that stands where this one, kept or not, is to stand; None where it stands alone or is settled."""
    model: Any = type(record)
    moves = model.__moves__
    same = {name: getattr(record, name) for name in moves.single} if moves else {}
    if not same or None in same.values() or getattr(record, moves.column) not in moves.standing:
        return None
    with session.no_autoflush:
        _hold(session, model, [same[moves.single[0]]])
        return session.scalar(select(model).where(
            *[getattr(model, name) == value for name, value in same.items()],
            getattr(model, moves.column).in_(moves.standing), model.id != (record.id or 0)).limit(1))


def one_like(session: ScopedSession, record: Base, *columns: str,
             among: Sequence[ColumnElement[bool]] = ()) -> Any | None:
    """Another record of its place that is `alike`; until this act ends nobody else looks there."""
    with session.no_autoflush:
        hold_place(session, getattr(record, "region_code", None))
        return alike(session, record, *columns, among=among)


def alike(session: ScopedSession, record: Base, *columns: str,
          among: Sequence[ColumnElement[bool]] = ()) -> Any | None:
    """Another record, `among` some, with the same values in these columns, an empty one like an empty one."""
    model: Any = type(record)
    with session.no_autoflush:
        return session.scalar(select(model).where(
            *among, *[_same(getattr(model, name), getattr(record, name)) for name in columns],
            model.id != (record.id or 0)).limit(1))


def _same(column: Any, value: Any) -> ColumnElement[bool]:
    """IS NOT DISTINCT FROM walks no index of PostgreSQL."""
    return cast(ColumnElement[bool], column.is_(None) if value is None else column == value)


def unfit(session: ScopedSession, model: type[Base], keys: Sequence[int]) -> dict[int, str]:
    """Why some of these records are not to stand again: another one like them stands, or what they hang on is
    settled. Their owners are held first, so that it stays so."""
    found = {key: why(model, state) for key, state in doubled(session, model, keys).items()}
    return found | of_settled(session, model, keys)


def of_settled(session: ScopedSession, model: type[Base], keys: Sequence[int]) -> dict[int, str]:
    """Those of these records that hang on what is settled and ends them (`Moves.ends`), and why they do not stand."""
    found: dict[int, str] = {}
    record: Any = model
    for owner in (owner for owner in models() if owner.__moves__ is not None
                  and model.__tablename__ in {table for table, _ in owner.__moves__.ends}):
        whole, moves = cast(Any, owner), cast(Any, owner.__moves__)
        state, of = getattr(whole, moves.column), getattr(record, f"{owner.__tablename__}_id")
        query = select(record.id, state).join(owner, whole.id == of).where(state.not_in(moves.standing))
        for part in in_parts(keys):
            found |= {key: f"所属的{owner.__title__}{moves.labels[now]}，不再登记“{model.__title__}”。"
                      for key, now in session.execute(query.where(record.id.in_(part)))}
    return found


def doubled(session: ScopedSession, model: type[Base], keys: Sequence[int]) -> dict[int, str]:
    """Which of these records, whatever state they are in, another one like them stands beside, and in which state."""
    moves, one, other = model.__moves__, aliased(model), aliased(model)
    if moves is None or not moves.single:
        return {}
    hold_owners(session, model, keys)
    state = getattr(other, moves.column)
    query = select(one.id, state).where(
        *[getattr(one, name) == getattr(other, name) for name in moves.single], one.id != other.id,
        state.in_(moves.standing))
    return {key: found for part in in_parts(keys) for key, found in session.execute(query.where(one.id.in_(part)))}


def hold_owners(session: ScopedSession, model: type[Base], keys: Sequence[int]) -> None:
    """Hold what these records hang on, before they are held themselves: a move that settles a child holds the child,
    and then its flags."""
    every: Any = model
    if model.__moves__ is not None and model.__moves__.single and session.writing:
        for part in in_parts(keys):
            _hold(session, model, select(getattr(every, model.__moves__.single[0])).where(every.id.in_(part)))


def _hold(session: ScopedSession, model: type[Base], owners: Any) -> None:
    """Until this act ends nobody else gives these owners a second one."""
    owner: Any = pointed_at(model, model.__moves__.single[0]) if model.__moves__ else None
    if owner is not None:
        hold(session, owner, owners)


def hold(session: ScopedSession, model: type[Base], keys: Any) -> None:
    """Until this act ends nobody else holds or changes these records: PostgreSQL lets two write at a time. Whoever
    holds a place too holds it first."""
    every: Any = model
    if session.writing:
        session.execute(select(every.id).where(every.id.in_(keys)).order_by(every.id).with_for_update(key_share=True))


def hold_afresh(session: ScopedSession, record: Base) -> None:
    """Hold a record, and read it as whoever held it before has left it: what is judged by it is not judged by what
    stood there when the page began. Others may add to it meanwhile. Raises NotFound: it went elsewhere."""
    try:
        session.refresh(record, with_for_update={"key_share": True})
    except InvalidRequestError as gone:
        raise NotFound() from gone


def hold_place(session: ScopedSession, region_code: str | None) -> None:
    """Until this act ends nobody else gives out the numbers of this place, or looks there for what may be but once."""
    if session.writing and region_code:
        session.execute(select(Region.id).where(Region.code == region_code).with_for_update(key_share=True))


def leave_strange_groups(session: ScopedSession, act: int) -> None:
    """A family that an act brought to another village, or to a group, is in no group of a village not its own."""
    touched = select(ChangeRow.pk).where(ChangeRow.change_id == act, ChangeRow.table_name == Household.__tablename__)
    own = exists().where(NaturalGroup.id == Household.natural_group_id,
                         NaturalGroup.region_code == Household.region_code)
    session.execute(update(Household).where(
        Household.id.in_(touched), Household.natural_group_id.is_not(None), ~own).values(natural_group_id=None)
        .execution_options(synchronize_session=False))


def why(model: type[Base], state: str) -> str:
    """What is said where another record stands, in this state."""
    label = model.__moves__.labels[state] if model.__moves__ else state
    return f"已另有一条同样的“{model.__title__}”（{label}），不能有两条。请在那一条上办理。"
