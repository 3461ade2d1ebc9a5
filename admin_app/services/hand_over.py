"""移交: families move to another village, with their children and all that hangs on them."""

from itertools import count
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from admin_app.access.actor import Actor
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession
from admin_app.errors import Conflict, Invalid
from admin_app.standing import hold_place
from models.base import Wall
from models.household import Household
from models.natural_group import NaturalGroup
from models.region import Region
from models.responsibility_letter import LETTER_MOVES, ResponsibilityLetter
from models.student import Student


_MOST_NAMED = 5


def hand_over(session: ScopedSession, actor: Actor, household: Household, village: Region) -> None:
    """Move a family to another village of the actor's area, where it is in no group yet. Effects and errors as for a
    whole village."""
    going = [Household.region_code == household.region_code, Household.id == household.id]
    _check(session, actor, household.region_code, village)
    if _move(session, going, household.region_code, village, natural_group_id=None) != 1:
        raise Conflict("别人刚刚移交过这户，它已不在原来的村（社区）。请刷新页面后再看。")


def hand_over_all(session: ScopedSession, actor: Actor, former: str, village: Region) -> None:
    """Move everybody of a village to another one of the actor's area: when a village is merged.

    Effects, in order: moves the groups, which become those of the same name where there are such; gives the families
    their place and a free register number there; the database moves children, guardians, flags, hardships and letters
    with them (ON UPDATE CASCADE), and a letter gets a free number and, unsigned, its new party; children of no family
    are moved themselves. Raises Invalid, Refused."""
    _check(session, actor, former, village)
    _move_groups(session, former, village)
    _move(session, [Household.region_code == former], former, village)
    session.execute(update(Student).where(Student.region_code == former, Student.household_id.is_(None))
                    .values(region_code=village.code).execution_options(synchronize_session=False))


def left_in(session: ScopedSession, code: str) -> tuple[int, int]:
    """How many families and children are registered in a village."""
    found = session.execute(select(
        select(func.count(Household.id)).where(Household.region_code == code).scalar_subquery(),
        select(func.count(Student.id)).where(Student.region_code == code).scalar_subquery())).one()
    return found[0], found[1]


def _check(session: ScopedSession, actor: Actor, former: str, village: Region) -> None:
    """That families may go there; until this act ends nobody else takes numbers there. Raises Invalid, Refused."""
    actor.require(Permission.FAMILY_HAND_OVER)
    if village.level != "村" or village.ended:
        raise Invalid("请选择一个在用的村（社区）。", "region_code")
    if village.code == former:
        raise Invalid("已经在该村（社区）。请选择另一个。", "region_code")
    if not session.scope.covers(Wall.CHILD, village.code):
        raise Invalid("该村（社区）不在您的管辖范围内，请由上一级办理移交。", "region_code")
    hold_place(session, village.code)


def _move_groups(session: ScopedSession, former: str, village: Region) -> None:
    """The groups of a merged village are groups of the other one: official tables count by them."""
    there = dict(session.execute(select(NaturalGroup.name, NaturalGroup.id)
                                 .where(NaturalGroup.region_code == village.code)).all())
    for group in session.scalars(select(NaturalGroup).where(NaturalGroup.region_code == former)).all():
        if group.name in there:
            session.execute(update(Household).where(Household.natural_group_id == group.id)
                            .values(natural_group_id=there[group.name]).execution_options(synchronize_session=False))
        else:
            group.region_code = village.code
    session.flush()


def _move(session: ScopedSession, going: list[ColumnElement[bool]], former: str, village: Region,
          **values: object) -> int:
    """Move families, with their letters; gives how many."""
    _no_second_home(session, going, village)
    theirs = ResponsibilityLetter.household_id.in_(select(Household.id).where(*going))
    _renumber(session, Household, "register_number", (), going, former, village)
    _renumber(session, ResponsibilityLetter, "number", ("school_year",), [theirs], former, village)
    session.execute(
        update(ResponsibilityLetter).where(
            theirs, ResponsibilityLetter.state == LETTER_MOVES.initial,
            ResponsibilityLetter.party_a == select(Region.name).where(Region.code == former).scalar_subquery())
        .values(party_a=village.name).execution_options(synchronize_session=False))
    moved = session.execute(update(Household).where(*going).values(region_code=village.code, **values)
                            .execution_options(synchronize_session=False))
    session.expire_all()
    return int(moved.rowcount)  # type: ignore[attr-defined]


def _no_second_home(session: ScopedSession, going: list[ColumnElement[bool]], village: Region) -> None:
    """Nobody heads two families of one village. Raises Invalid, naming those who would."""
    there = aliased(Household)
    twins = session.execute(select(Household.head_name, there.register_number).join(
        there, there.identity_index == Household.identity_index).where(*going, there.region_code == village.code)).all()
    if twins:
        named = "、".join(f"{head}（那边的户编号 {number}）" for head, number in twins[:_MOST_NAMED])
        raise Invalid(f"“{village.name}”已有同一户主的户：{named}{'等' if len(twins) > _MOST_NAMED else ''}。"
                      "是同一家的，请先把一边的孩子改到另一户；不是的，请先改正户主身份证号。", "region_code")


def _renumber(session: ScopedSession, model: Any, name: str, alike: tuple[str, ...], going: list[ColumnElement[bool]],
              former: str, village: Region) -> None:
    """A number that the other village uses, in a record that is `alike`, says from where it came."""
    there, names = aliased(model), (*alike, name)
    taken = {tuple(row) for row in session.execute(select(*[getattr(model, n) for n in names]).where(
        or_(model.region_code == village.code, and_(*going))))}  # who comes back may say already from where
    used = exists().where(there.region_code == village.code, *[getattr(there, n) == getattr(model, n) for n in names])
    for record in session.scalars(select(model).where(*going, used)).all():
        beside, said = tuple(getattr(record, n) for n in alike), f"{getattr(record, name)}（原{former[-3:]}）"
        number = next(number for n in count(1) if (*beside, number := said if n == 1 else f"{said}{n}") not in taken)
        setattr(record, name, number)
        taken.add((*beside, number))
    session.flush()
