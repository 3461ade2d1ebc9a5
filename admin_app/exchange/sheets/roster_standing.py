"""What stands in the register, as far as the rows of a roster touch it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select

from admin_app.access.actor import Actor
from admin_app.access.bulk import in_parts
from admin_app.access.scope import ScopedSession
from admin_app.exchange.cells import plain_word
from admin_app.exchange.sheet import ParsedRow
from admin_app.exchange.sheets.roster_children import Children
from admin_app.exchange.sheets.roster_families import Families
from admin_app.exchange.sheets.roster_schools import Schools
from admin_app.exchange.sheets.roster_villages import Villages
from admin_app.exchange.sheets.roster_words import ALIASES, group_key
from admin_app.reference import Code
from models.code_item import CodeItem
from models.guardian import Guardian
from models.household import HARDSHIP_MOVES, HouseholdHardship
from models.natural_group import NaturalGroup
from models.special_group_flag import FLAG_MOVES, SpecialGroupFlag

@dataclass
class Standing:
    """What stands in the register, as far as these rows touch it."""

    villages: Villages = field(default_factory=Villages)
    schools: Schools = field(default_factory=Schools)
    codes: dict[str, dict[str, str | None]] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    ended_codes: dict[str, set[str]] = field(default_factory=dict)  # the labels that may not be chosen any more
    children: Children = field(default_factory=Children)
    families: Families = field(default_factory=lambda: Families(()))
    guardians: dict[int, list[Guardian]] = field(default_factory=dict)
    hardships: dict[int, set[str]] = field(default_factory=dict)
    allowances: dict[str, str] = field(default_factory=dict)  # what the first row of a family said
    heads: dict[str, str] = field(default_factory=dict)  # of a new family, as its first row says
    phones: dict[str | int, tuple[str, str]] = field(default_factory=dict)  # of a family without one, and by which row
    flags: dict[int, set[str]] = field(default_factory=dict)
    groups: dict[tuple[str, str], int] = field(default_factory=dict)  # by village, and what names are compared by
    group_names: dict[int, str] = field(default_factory=dict)
    group_said: dict[str | int, tuple[str, str]] = field(default_factory=dict)  # of a family, and by which row
    new_groups: dict[tuple[str, str], str] = field(default_factory=dict)  # as the first row writes each


def read_standing(session: ScopedSession, actor: Actor, rows: Sequence[ParsedRow],
                  indexes: Sequence[str | None]) -> Standing:
    """One query per kind of thing and some thousand keys, whatever the number of rows."""
    standing = Standing()
    standing.villages = Villages.read(session, actor)
    standing.schools = Schools.read(session, standing.villages.above)
    _read_codes(session, standing)
    standing.children = Children.read(session, rows, indexes)
    standing.families = Families.read(session, rows, standing.children.all())
    if not all(index in standing.children.by_number for index in indexes):
        standing.children.read_siblings(session, standing.families.standing)
    _read_belongings(session, standing)
    if any(row.values.get("natural_group") for row in rows):
        for group in session.scalars(select(NaturalGroup).order_by(NaturalGroup.id)):
            standing.groups.setdefault((group.region_code, group_key(plain_word(group.name))), group.id)
            standing.group_names[group.id] = group.name
    return standing


def _read_codes(session: ScopedSession, standing: Standing) -> None:
    for table in ("sex", "ethnic_group", "grade", "boarding", "special_group", "hardship_kind", "family_relation",
                  "guardian_relation"):
        standing.codes[table], standing.labels[table], standing.ended_codes[table] = {}, {}, set()
    today = date.today()
    for item in session.scalars(select(CodeItem).where(CodeItem.code_table.in_(standing.codes))):
        standing.labels[item.code_table][item.code] = item.label
        if Code(item.code, item.label, item.colour, item.valid_from, item.valid_until).valid_on(today):
            standing.codes[item.code_table] |= {item.label: item.code, item.code: item.code}
        else:
            standing.ended_codes[item.code_table] |= {item.label, item.code}
    for table, aliases in ALIASES.items():
        valid = {None, *standing.codes[table].values()}
        standing.ended_codes[table] |= {word for word, code in aliases.items() if code not in valid}
        standing.codes[table] = {**{w: code for w, code in aliases.items() if code in valid}, **standing.codes[table]}
    standing.codes["ethnic_group"] |= {label.removesuffix("族"): code for label, code in list(
        standing.codes["ethnic_group"].items()) if label.endswith("族")}


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
