"""移交: families move to another village, with their children and all that hangs on them."""

from itertools import count

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import aliased

from admin_app.access.actor import Actor
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession
from admin_app.errors import Conflict, Invalid
from admin_app.standing import hold_place
from models.base import Wall
from models.household import Household
from models.region import Region
from models.student import Student


def hand_over(session: ScopedSession, actor: Actor, household: Household, village: Region) -> None:
    """Move a family to another village of the actor's area. Effects and errors as for a whole village."""
    _move(session, actor, household.region_code, village, [Household.id == household.id])


def hand_over_all(session: ScopedSession, actor: Actor, former: str, village: Region) -> None:
    """Move everybody of a village to another one of the actor's area: when a village is merged.

    Effects, in order: gives the families their place and a free register number there; the database moves
    children, guardians, flags, hardships and letters with them (ON UPDATE CASCADE); children of no family are moved
    themselves. Raises Invalid, Refused."""
    _move(session, actor, former, village, [])
    session.execute(update(Student).where(Student.region_code == former, Student.household_id.is_(None))
                    .values(region_code=village.code).execution_options(synchronize_session=False))


def left_in(session: ScopedSession, code: str) -> tuple[int, int]:
    """How many families and children are registered in a village."""
    found = session.execute(select(
        select(func.count(Household.id)).where(Household.region_code == code).scalar_subquery(),
        select(func.count(Student.id)).where(Student.region_code == code).scalar_subquery())).one()
    return found[0], found[1]


def _move(session: ScopedSession, actor: Actor, former: str, village: Region,
          chosen: list[ColumnElement[bool]]) -> None:
    actor.require(Permission.FAMILY_HAND_OVER)
    if village.level != "村" or village.ended:
        raise Invalid("请选择一个在用的村（社区）。", "region_code")
    if village.code == former:
        raise Invalid("已经在该村（社区）。请选择另一个。", "region_code")
    if not session.scope.covers(Wall.CHILD, village.code):
        raise Invalid("该村（社区）不在您的管辖范围内，请由上一级办理移交。", "region_code")
    going = [Household.region_code == former, *chosen]
    _renumber(session, going, former, village)
    moved = session.execute(update(Household).where(*going).values(region_code=village.code, natural_group_id=None)
                            .execution_options(synchronize_session=False))
    if chosen and moved.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict("别人刚刚移交过这户，它已不在原来的村（社区）。请刷新页面后再看。")
    session.expire_all()


def _renumber(session: ScopedSession, going: list[ColumnElement[bool]], former: str, village: Region) -> None:
    """A register number that the other village uses says from where it came."""
    hold_place(session, village.code)
    there = aliased(Household)
    used = select(there.register_number).where(there.region_code == village.code)
    taken = set(session.scalars(used))
    for household in session.scalars(select(Household).where(*going, Household.register_number.in_(used))).all():
        said = f"{household.register_number}（原{former[-3:]}）"
        household.register_number = next(
            number for n in count(1) if (number := said if n == 1 else f"{said}{n}") not in taken)
        taken.add(household.register_number)
    session.flush()
