"""Households, their children and guardians, thought out first and inserted in a few statements."""

import random
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import insert

from admin_app.access.scope import ScopedSession
from admin_app.services.names import index_name
from models.guardian import Guardian
from models.household import Household, HouseholdHardship
from models.kinds import identity_indexes
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed.district.calendar import birth_span
from seed.district.people import CITIES, MAN, WOMAN, People
from seed.district.places import TOWN, VILLAGES, insert_numbered, is_community, short_name
from seed.divisions import Division

Row = dict[str, Any]

AGES = range(6, 16)
_AGE_WEIGHTS = (*(10 for _ in range(6, 15)), 4)  # most of 15 have left with the last school year
_SIBLINGS, _SIBLING_WEIGHTS = (1, 2, 3, 4), (66, 27, 6, 1)
_CHILDLESS_SHARE = 0.06  # of the households on the register


@dataclass
class Child:
    """A child to be: the row, and those of the child's ledgers."""

    row: Row
    age: int
    family: "Family"
    guardians: list[Row] = field(default_factory=list)
    flags: list[Row] = field(default_factory=list)

    @property
    def village(self) -> Division:
        return self.family.village

    def has_flag(self, *kinds: str) -> bool:
        return any(flag["kind"] in kinds for flag in self.flags)


@dataclass
class Family:
    """A household to be. `away` says which parents work elsewhere: none, one or both."""

    row: Row
    village: Division
    away: str
    grandparent: Row  # as a guardian
    headed_by_grandparent: bool
    children: list[Child] = field(default_factory=list)
    hardships: list[Row] = field(default_factory=list)
    number: int = 0  # once inserted


class Town:
    """Thinks out the families of all villages."""

    def __init__(self, people: People, groups: dict[str, list[tuple[int, str]]]) -> None:
        self.people, self.rng, self.groups = people, people.rng, groups
        self.families: list[Family] = []

    @property
    def children(self) -> list[Child]:
        return [child for family in self.families for child in family.children]

    def settle(self, children: int) -> None:
        """Think out families with so many children; every village has at least one household."""
        for village, share in zip(VILLAGES, _shares(self.rng, children), strict=True):
            clans = self.people.surnames(2)
            numbers = iter(range(1, 100_000))
            left = share
            while left:
                size = min(left, self.rng.choices(_SIBLINGS, _SIBLING_WEIGHTS)[0])
                self._family(village, clans, next(numbers), size)
                left -= size
            for _ in range(max(1, round(share * _CHILDLESS_SHARE * 0.7))):
                self._family(village, clans, next(numbers), 0)

    def _family(self, village: Division, clans: list[str], number: int, size: int) -> None:
        rng, people = self.rng, self.people
        surname = rng.choice(clans) if rng.random() < 0.4 else people.surname()
        ages = _ages(rng, size)
        eldest = birth_span(ages[0])[1] if ages else date(2014, 1, 1)
        father = _adult(people, surname, MAN, eldest.year - rng.randint(23, 34))
        mother = _adult(people, people.surname(), WOMAN, eldest.year - rng.randint(21, 32))
        elder_sex = MAN if rng.random() < 0.7 else WOMAN
        elder_name = surname if elder_sex == MAN else people.surname()
        elder = _adult(people, elder_name, elder_sex, father.born.year - rng.randint(21, 28))
        away = rng.choices(("none", "one", "both"),
                           (90, 6, 4) if is_community(village.code) else (76, 12, 12))[0]
        head_is_elder = rng.random() < (0.65 if away == "both" else 0.14)
        head = elder if head_is_elder else (mother if rng.random() < 0.09 else father)
        group_id, group = rng.choice(self.groups[village.code])
        home = f"{short_name(village)}{group}{rng.randint(1, 260)}号"
        identity = people.identity_number(head.born, head.sex)
        pinyin, initials = index_name(head.name)
        family = Family({
            "region_code": village.code, "register_number": f"{village.code}{number:04d}",
            "natural_group_id": group_id, "head_name": head.name, "name_pinyin": pinyin,
            "name_initials": initials, "identity_number": identity, **identity_indexes(identity),
            "phone": head.phone, "address": home, "note": None,
        }, village, away, _guardian(elder, "61" if elder.sex == MAN else "62"), head_is_elder)
        workplace = rng.choice(CITIES)
        twins = size == 2 and rng.random() < 0.04
        for age in ages:
            born = people.day(*birth_span(age))
            if twins and family.children:
                born, age = family.children[0].row["birth_date"], family.children[0].age
            child = self._child(family, surname, age, born, home, head_is_elder)
            child.guardians = _guardians(family, father, mother, workplace)
            family.children.append(child)
        self.families.append(family)

    def _child(self, family: Family, surname: str, age: int, born: date, home: str,
               under_elder: bool) -> Child:
        sex = self.people.sex()
        taken = {child.row["name"] for child in family.children}
        name = self.people.child_name(surname, sex)
        while name in taken:
            name = self.people.child_name(surname, sex)
        pinyin, initials = index_name(name)
        identity = self.people.identity_number(born, sex)
        relation = {MAN: "41", WOMAN: "42"} if under_elder else {MAN: "20", WOMAN: "30"}
        return Child({
            "region_code": family.village.code, "household_id": None, "name": name,
            "name_pinyin": pinyin, "name_initials": initials, "sex": sex,
            "ethnic_group": self.rng.choices(("01", "03", "11", "02", "08"), (972, 12, 8, 5, 3))[0],
            "identity_kind": "1", "identity_number": identity, **identity_indexes(identity),
            "birth_date": born, "relation_to_head": relation[sex],
            "registered_address": f"示范县{home}",
            "current_address": home, "schooling_state": "unknown", "school_id": None,
            "grade": None, "class_name": None, "boarding": None, "student_number": None,
            "study_place": None, "elsewhere_school": None, "absent_since": None,
            "leave_until": None, "checked_on": None, "note": None,
        }, age, family)

    def insert(self, session: ScopedSession) -> None:
        """Insert all that was thought out; give the families their numbers."""
        households = insert_numbered(session, Household, [family.row for family in self.families])
        for family, number in zip(self.families, households, strict=True):
            family.number = number
            for child in family.children:
                child.row["household_id"] = number
        children = self.children
        students = insert_numbered(session, Student, [child.row for child in children])
        for model, rows in (
            (HouseholdHardship, [row | {"household_id": family.number}
                                 for family in self.families for row in family.hardships]),
            (Guardian, [row | {"student_id": number, "region_code": child.village.code}
                        for child, number in zip(children, students, strict=True)
                        for row in child.guardians]),
            (SpecialGroupFlag, [row | {"student_id": number, "region_code": child.village.code}
                                for child, number in zip(children, students, strict=True)
                                for row in child.flags]),
        ):
            if rows:
                session.execute(insert(model), rows)


@dataclass(frozen=True, slots=True)
class _Adult:
    name: str
    sex: str
    born: date
    phone: str


def _adult(people: People, surname: str, sex: str, year: int) -> _Adult:
    return _Adult(people.adult_name(surname, sex, year), sex, people.born_in(year), people.phone())


def _shares(rng: random.Random, children: int) -> list[int]:
    """How many children each village has: communities are larger, the second township small."""
    weights = [
        0.25 if village.code.startswith(TOWN[:9]) else
        rng.uniform(1.5, 2.6) if is_community(village.code) else rng.uniform(0.4, 1.3)
        for village in VILLAGES
    ]
    exact = [children * weight / sum(weights) for weight in weights]
    shares = [int(share) for share in exact]
    behind = sorted(range(len(exact)), key=lambda n: shares[n] - exact[n])
    for n in behind[:children - sum(shares)]:
        shares[n] += 1
    return shares


def _ages(rng: random.Random, size: int) -> list[int]:
    """Different ages of brothers and sisters, the eldest first."""
    ages: set[int] = set()
    while len(ages) < size:
        ages.add(rng.choices(AGES, _AGE_WEIGHTS)[0])
    return sorted(ages, reverse=True)


def _guardian(adult: _Adult, relation: str, workplace: str | None = None) -> Row:
    return {"name": adult.name, "relation": relation, "phone": adult.phone,
            "away": workplace is not None, "workplace": workplace, "note": None}


def _guardians(family: Family, father: _Adult, mother: _Adult, workplace: str) -> list[Row]:
    """Father and mother; the grandparent first when both parents are away."""
    parents = [
        _guardian(father, "51", None if family.away == "none" else workplace),
        _guardian(mother, "52", workplace if family.away == "both" else None),
    ]
    return [family.grandparent, *parents] if family.away == "both" else parents
