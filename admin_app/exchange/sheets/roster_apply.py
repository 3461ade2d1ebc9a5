"""Writing the confirmed rows of a roster: set by set, inside the one change of its import."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy import bindparam

from admin_app.access.actor import Actor
from admin_app.access.bulk import insert_rows
from admin_app.access.scope import ScopedSession
from admin_app.errors import Conflict
from admin_app.exchange.sheets.roster_schools import kind_of, may_add_schools
from admin_app.services.names import index_name
from admin_app.services.students import NO_DOCUMENT, RESIDENT_IDENTITY_CARD, next_register_numbers
from models.base import Base, table_of
from models.guardian import Guardian
from models.household import Household, HouseholdHardship
from models.kinds import identity_indexes
from models.natural_group import NaturalGroup
from models.region import code_of, prefix_of
from models.school import School
from models.special_group_flag import SpecialGroupFlag
from models.student import Student


def apply(session: ScopedSession, actor: Actor, plans: list[dict[str, Any]]) -> None:
    """Effects, in order: registers schools that the list names and the actor may add, and groups of its villages;
    inserts new families, children and guardians; updates what differs; adds hardship kinds and flags.

    Raises Conflict for a preview that an older version made (its rows said one guardian and one hardship, or no grade),
    and for one with a school that whoever confirms may not add."""
    if any("guardians" not in p or "grade" not in p for p in plans):
        raise Conflict("这份预览是系统升级前做的。请重新上传这份名单，看过新的预览后再确认。")
    schools = _schools(session, actor, plans)
    _name_groups(session, plans)
    households = _households(session, plans)
    new = [p for p in plans if p["id"] is None]
    students = insert_rows(session, Student, [_new_student(p, households, schools) for p in new])
    for p, key in zip(new, students, strict=True):
        p["id"] = key
    created = set(students)
    standing = [p for p in plans if p["id"] not in created and p["student"]]
    for p in standing:
        if "household_id" in p["student"]:
            p["student"]["household_id"] = households[p["household"]["key"]]
        if p["student"].get("school_id", 0) is None:
            p["student"]["school_id"] = schools[p["new_school"]]
    _update(session, Student, [(p["id"], _named(p["student"], "name")) for p in standing])
    _guardians(session, plans)
    _belongings(session, plans, households)


def _schools(session: ScopedSession, actor: Actor, plans: Sequence[dict[str, Any]]) -> dict[str, int]:
    grades: dict[str, list[str | None]] = defaultdict(list)
    for p in plans:
        if p.get("new_school"):
            grades[p["new_school"]].append(p["grade"])
    if not (names := sorted(grades)):
        return {}
    if not may_add_schools(actor):
        raise Conflict("这份预览会新增学校，您的身份不能新增。请由上传名单的人确认，或由您重新上传。")
    place = code_of(prefix_of(actor.region_code)[:9])
    rows = [{"name": n, "kind": kind_of(n, grades[n]), "region_code": place} for n in names]
    return dict(zip(names, insert_rows(session, School, rows), strict=True))


def _name_groups(session: ScopedSession, plans: Sequence[dict[str, Any]]) -> None:
    """Registers the groups that villages have not yet, and puts their numbers in the place of their names."""
    said = [(p["region"], values) for p in plans for values in (p["household"], p["household"].get("update") or {})
            if isinstance(values.get("natural_group_id"), str)]
    new = list(dict.fromkeys((region, values["natural_group_id"]) for region, values in said))
    made = dict(zip(new, insert_rows(session, NaturalGroup, [{"region_code": r, "name": n} for r, n in new]),
                    strict=True))
    for region, values in said:
        values["natural_group_id"] = made[region, values["natural_group_id"]]


def _households(session: ScopedSession, plans: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Key of each family → its number."""
    keys: dict[str, int] = {}
    new: dict[str, dict[str, Any]] = {}
    updates = []
    free = _FreeNumbers(session, plans)
    for p in plans:
        household = p["household"]
        if household["id"] is not None:
            keys[household["key"]] = household["id"]
            if household["update"]:
                updates.append((household["id"], _named(household["update"], "head_name")))
        else:
            row = new.setdefault(household["key"], {})
            row |= {name: row.get(name) or value for name, value in _new_household(p).items()}
            row["register_number"] = row["register_number"] or free.of(p["region"])
    rows = [_named(row, "head_name") for row in new.values()]
    keys |= dict(zip(new, insert_rows(session, Household, rows), strict=True))
    _update(session, Household, updates)
    return keys


class _FreeNumbers:
    """户编号 for new families of which the list says none: neither taken in the register nor by another row."""

    def __init__(self, session: ScopedSession, plans: Sequence[dict[str, Any]]) -> None:
        self._session = session
        self._said = {(p["region"], p["household"].get("register_number")) for p in plans}
        self._next: dict[str, Iterator[str]] = {}

    def of(self, region: str) -> str:
        if region not in self._next:
            self._next[region] = next_register_numbers(self._session, region)
        return next(number for number in self._next[region] if (region, number) not in self._said)


def _new_household(plan: dict[str, Any]) -> dict[str, Any]:
    """What one row says of a new family; what the first leaves open, a later one tells."""
    names = ("register_number", "head_name", "identity_number", "phone", "natural_group_id")
    return {"region_code": plan["region"], **{name: plan["household"].get(name) for name in names}}


def _new_student(plan: dict[str, Any], households: dict[str, int], schools: dict[str, int]) -> dict[str, Any]:
    values = {**plan["student"], "region_code": plan["region"],
              "household_id": households[plan["household"]["key"]],
              "identity_kind": RESIDENT_IDENTITY_CARD if plan["student"]["identity_number"] else NO_DOCUMENT}
    if values["school_id"] is None and plan.get("new_school"):
        values["school_id"] = schools[plan["new_school"]]
    return _named(values, "name")


def _named(values: dict[str, Any], name: str) -> dict[str, Any]:
    """The values with what is derived from a name and a number beside them."""
    if name in values:
        values["name_pinyin"], values["name_initials"] = index_name(values[name])
    if "identity_number" in values:
        values |= identity_indexes(values["identity_number"])
    if isinstance(values.get("birth_date"), str):
        values["birth_date"] = date.fromisoformat(values["birth_date"])
    return values


def _guardians(session: ScopedSession, plans: Sequence[dict[str, Any]]) -> None:
    named = [(p, g) for p in plans for g in p["guardians"]]
    insert_rows(session, Guardian, [
        {"region_code": p["region"], "student_id": p["id"], **{n: g[n] for n in ("name", "phone", "relation")}}
        for p, g in named if g["id"] is None])
    _update(session, Guardian, [(g["id"], g["update"]) for _, g in named if g["id"] is not None])


def _belongings(session: ScopedSession, plans: Sequence[dict[str, Any]], households: dict[str, int]) -> None:
    hardships = dict.fromkeys(
        (p["region"], households[p["household"]["key"]], kind) for p in plans for kind in p["hardships"])
    insert_rows(session, HouseholdHardship, [
        {"region_code": r, "household_id": h, "kind": k, "state": "active"} for r, h, k in hardships])
    insert_rows(session, SpecialGroupFlag, [
        {"region_code": p["region"], "student_id": p["id"], "kind": kind, "state": "reported"}
        for p in plans for kind in p["flags"]])


def _update(session: ScopedSession, model: type[Base], rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """Update many rows, those with the same changed columns together. The wall underneath refuses a row
    outside the scope."""
    shapes: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for key, values in rows:
        if values:
            shapes[tuple(values)].append({**{f"new_{n}": v for n, v in values.items()}, "key": key})
    table = table_of(model)
    for columns, parameters in shapes.items():
        statement = table.update().where(table.c.id == bindparam("key")).values(
            {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in columns})
        session.connection().execute(statement, parameters)
