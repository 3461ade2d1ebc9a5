"""The letters of a school year: one for each family with a child of compulsory school age, made together.

Of that age is who is 6 to 15 at 31 August (《义务教育法》第十一条; the age that inspections count by), and whoever
is at school though younger or older.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select

from admin_app.access.actor import Actor
from admin_app.access.bulk import insert_rows
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession
from admin_app.errors import Invalid
from admin_app.services.duties import VILLAGE_AND_FAMILY, next_letter_numbers
from admin_app.services.records import as_written
from admin_app.standing import hold, hold_place
from models.base import declared
from models.household import Household
from models.region import Region, in_use
from models.responsibility_letter import LETTER_MOVES, ResponsibilityLetter
from models.student import AT_SCHOOL, SCHOOLING_MOVES, Student


@dataclass(frozen=True, slots=True)
class Lacking:
    """A village, and how many of its families have no letter of the year yet."""

    code: str
    village: str
    families: int


def _without_letter(year: int) -> Select[Any]:
    """Families of villages in use with a child of school age whose schooling is not settled, and without a letter of
    this year that stands."""
    first, last = (date(year - age, 8, 31) for age in (16, 6))
    of_age = or_(Student.birth_date.is_(None), and_(Student.birth_date > first, Student.birth_date <= last))
    child = exists().where(Student.household_id == Household.id, or_(
        Student.schooling_state.in_(AT_SCHOOL), and_(Student.schooling_state.in_(SCHOOLING_MOVES.standing), of_age)))
    letter = exists().where(
        ResponsibilityLetter.household_id == Household.id, ResponsibilityLetter.school_year == year,
        ResponsibilityLetter.level == VILLAGE_AND_FAMILY, ResponsibilityLetter.state.in_(LETTER_MOVES.standing))
    return select(Household).join(Region, Region.code == Household.region_code).where(child, ~letter, in_use())


def lacking(session: ScopedSession, year: int) -> list[Lacking]:
    """The villages in scope where families lack a letter of this year, in the order of their codes."""
    found = _without_letter(year).with_only_columns(
        Household.region_code, Region.name, func.count()).group_by(Household.region_code, Region.name)
    return [Lacking(*row) for row in session.execute(found.order_by(Household.region_code))]


def families_lacking(session: ScopedSession, year: int, most: int) -> list[Household]:
    """The first of these families, in the order of their villages and numbers."""
    return list(session.scalars(_without_letter(year).order_by(
        Household.region_code, Household.register_number, Household.id).limit(most)))


def make_letters(session: ScopedSession, actor: Actor, year: int, *, target: str = "",
                 valid_until: date | None = None) -> int:
    """Make an unsigned letter for each family that lacks one; gives how many.

    Effects: inserts the letters with the next numbers of each village, village and head as parties. A few queries for
    thousands. Raises Invalid (there is none to make, or a value that cannot be), Refused."""
    actor.require(Permission.DUTY_CREATE)
    if valid_until is not None and valid_until < date.today():
        raise Invalid("责任期限已经过去。请改正。", "valid_until")
    said = as_written(declared(ResponsibilityLetter, "target"), "target", target)
    # First the places, then the families, as the form of one letter does: whoever was about to give one has given it.
    places = _without_letter(year).with_only_columns(Household.region_code).distinct()
    for code in sorted(session.scalars(places)):
        hold_place(session, code)
    hold(session, Household, _without_letter(year).with_only_columns(Household.id))
    families = session.scalars(_without_letter(year).order_by(
        Household.region_code, Household.register_number, Household.id)).all()
    if not families:
        raise Invalid(f"{year}-{year + 1} 学年，每户都已有责任书。")
    villages = dict(session.execute(select(Region.code, Region.name).where(
        Region.code.in_({family.region_code for family in families}))).all())
    numbers = {code: next_letter_numbers(session, code, year) for code in sorted(villages)}
    return len(insert_rows(session, ResponsibilityLetter, [
        {"region_code": family.region_code, "number": next(numbers[family.region_code]), "level": VILLAGE_AND_FAMILY,
         "school_year": year, "household_id": family.id, "party_a": villages[family.region_code],
         "party_b": family.head_name, "target": said, "valid_until": valid_until, "state": LETTER_MOVES.initial}
        for family in families]))
