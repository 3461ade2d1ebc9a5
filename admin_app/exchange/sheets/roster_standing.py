"""What stands in the register, as far as the rows of a roster touch it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from admin_app.access.actor import Actor
from admin_app.access.bulk import in_parts
from admin_app.access.scope import ScopedSession
from admin_app.exchange.sheet import ParsedRow
from admin_app.exchange.sheets.roster_children import Children
from admin_app.exchange.sheets.roster_codes import Codes
from admin_app.exchange.sheets.roster_families import Families
from admin_app.exchange.sheets.roster_groups import Groups
from admin_app.exchange.sheets.roster_schools import Schools
from admin_app.exchange.sheets.roster_villages import Villages
from models.guardian import Guardian
from models.household import HARDSHIP_MOVES, HouseholdHardship
from models.natural_group import NaturalGroup
from models.special_group_flag import FLAG_MOVES, SpecialGroupFlag


@dataclass
class Standing:
    """What stands in the register, as far as these rows touch it."""

    villages: Villages
    schools: Schools
    codes: Codes
    groups: Groups
    children: Children
    families: Families
    guardians: dict[int, list[Guardian]] = field(default_factory=dict)
    hardships: dict[int, set[str]] = field(default_factory=dict)
    allowances: dict[str, str] = field(default_factory=dict)  # what the first row of a family said
    heads: dict[str, str] = field(default_factory=dict)  # of a new family, as its first row says
    phones: dict[str | int, tuple[str, str]] = field(default_factory=dict)  # of a family without one, and by which row
    flags: dict[int, set[str]] = field(default_factory=dict)


def read_standing(session: ScopedSession, actor: Actor, rows: Sequence[ParsedRow],
                  indexes: Sequence[str | None]) -> Standing:
    """One query per kind of thing and some thousand keys, whatever the number of rows."""
    villages, children = Villages.read(session, actor), Children.read(session, rows, indexes)
    schools, codes = Schools.read(session, villages.above), Codes.read(session)
    families = Families.read(session, rows, children.all())
    if not all(index in children.by_number for index in indexes):
        children.read_siblings(session, families.standing)
    named = any(row.values.get("natural_group") for row in rows)
    groups = Groups(session.scalars(select(NaturalGroup).order_by(NaturalGroup.id)) if named else ())
    standing = Standing(villages, schools, codes, groups, children, families)
    _read_belongings(session, standing)
    return standing


def _read_belongings(session: ScopedSession, standing: Standing) -> None:
    for part in in_parts(dict.fromkeys(child.id for child in standing.children.all())):
        for g in session.scalars(select(Guardian).where(Guardian.student_id.in_(part)).order_by(Guardian.id)):
            standing.guardians.setdefault(g.student_id, []).append(g)
        for student_id, kind in session.execute(
                select(SpecialGroupFlag.student_id, SpecialGroupFlag.kind)
                .where(SpecialGroupFlag.student_id.in_(part), SpecialGroupFlag.state.in_(FLAG_MOVES.standing))):
            standing.flags.setdefault(student_id, set()).add(kind)
    for part in in_parts(standing.families.standing):
        for household_id, kind in session.execute(
                select(HouseholdHardship.household_id, HouseholdHardship.kind).where(
                    HouseholdHardship.household_id.in_(part), HouseholdHardship.state.in_(HARDSHIP_MOVES.standing))):
            standing.hardships.setdefault(household_id, set()).add(kind)
