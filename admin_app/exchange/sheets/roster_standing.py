"""What stands in the register, as far as the rows of a roster touch it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from admin_app.access.actor import Actor
from admin_app.access.bulk import in_parts
from admin_app.access.scope import ScopedSession
from admin_app.exchange.cells import plain_word
from admin_app.exchange.sheet import ParsedRow
from admin_app.exchange.sheets.roster_children import Children
from admin_app.exchange.sheets.roster_families import Families
from admin_app.exchange.sheets.roster_words import ALIASES, group_key
from admin_app.reference import Code
from models.code_item import CodeItem
from models.guardian import Guardian
from models.household import HARDSHIP_MOVES, HouseholdHardship
from models.natural_group import NaturalGroup
from models.region import LEVEL_LENGTHS, Region, code_of, in_use, prefix_of, spoken_name, under, villages_under
from models.school import School
from models.special_group_flag import FLAG_MOVES, SpecialGroupFlag
from models.student import Student

_SHORTEST_NAME = 4  # of a school that is called by the end of its name; 小学 is none
_COMMITTEES = ("居民委员会", "村民委员会", "村委会", "居委会")
_RURAL, _URBAN = ("村", "村委会", "村民委员会"), ("社区", "居委会", "居民委员会")
_VILLAGE_ENDINGS = ("社区居民委员会", "居民委员会", "村民委员会", "社区居委会", "村委会", "居委会", "社区", "村", "")


@dataclass
class Standing:
    """What stands in the register, as far as these rows touch it."""

    # The villages by their names and codes; by short names (康宁, 康宁居委会); and, where no other is, by those of the
    # other kind (康宁村 for 康宁社区).
    villages: tuple[dict[str, list[str]], ...] = field(default_factory=lambda: ({}, {}, {}))
    said_villages: set[str] = field(default_factory=set)
    above: dict[str, str] = field(default_factory=dict)  # names of what villages lie in, and how their codes begin
    ended: dict[str, str] = field(default_factory=dict)  # the words of villages that are no more, and what is said
    village_names: dict[str, str] = field(default_factory=dict)
    settlements: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str | None]] = field(default_factory=dict)
    labels: dict[str, dict[str, str]] = field(default_factory=dict)
    ended_codes: dict[str, set[str]] = field(default_factory=dict)  # the labels that may not be chosen any more
    schools: dict[str, School] = field(default_factory=dict)
    schools_by_id: dict[int, School] = field(default_factory=dict)
    alike: dict[str, str] = field(default_factory=dict)
    in_full: dict[str, list[str]] = field(default_factory=dict)
    said_schools: set[str] = field(default_factory=set)
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

    def villages_named(self, word: str) -> list[str]:
        named, shortly, loosely = self.villages
        return named.get(word) or shortly.get(word) or loosely.get(word) or loosely.get(stem(word)) or []

    def kind_differs(self, word: str) -> bool:
        """Whether a word says 村 of what is a 社区, or the other way about."""
        return word.endswith((*_RURAL, *_URBAN)) and not any(word in by for by in self.villages[:2])

    def readings(self, word: str, begin: str = "") -> Iterator[tuple[str, str]]:
        """A village as it may be written, alone or behind the names of what it lies in (左权县城区西街社区), each
        reading with the beginning of the codes that it leaves."""
        yield word, begin
        for name, prefix in self.above.items():
            if word.startswith(name) and word != name and prefix.startswith(begin):
                yield from self.readings(word.removeprefix(name), prefix)

    def school_of(self, child: Student | None) -> School | None:
        return self.schools_by_id.get(child.school_id or 0) if child else None

    def school_like(self, name: str) -> str:
        """A school whose name is much like this one, '' if there is none."""
        if name not in self.alike:
            self.alike[name] = next(iter(get_close_matches(name, self.schools, n=1)), "")
        return self.alike[name]

    def schools_in_full(self, name: str) -> list[str]:
        """The schools whose names end with this one: 第一小学 is 示范县第一小学, and may be 城区第一小学 too."""
        if name not in self.in_full:
            self.in_full[name] = [n for n in self.schools if n.endswith(name)] if len(name) >= _SHORTEST_NAME else []
        return self.in_full[name]


def read_standing(session: ScopedSession, actor: Actor, rows: Sequence[ParsedRow],
                  indexes: Sequence[str | None]) -> Standing:
    """One query per kind of thing and some thousand keys, whatever the number of rows."""
    standing = Standing()
    _read_places(session, actor, standing)
    standing.children = Children.read(session, rows, indexes)
    standing.families = Families.read(session, rows, standing.children.all())
    _read_belongings(session, standing)
    if any(row.values.get("natural_group") for row in rows):
        for group in session.scalars(select(NaturalGroup).order_by(NaturalGroup.id)):
            standing.groups.setdefault((group.region_code, group_key(plain_word(group.name))), group.id)
            standing.group_names[group.id] = group.name
    return standing


def is_village(session: ScopedSession, actor: Actor, name: str) -> bool:
    """Whether a name is that of one village of the actor's area, and of no other."""
    standing = Standing()
    _read_villages(session, actor, standing)
    return len(standing.villages_named(plain_word(name))) == 1


def _read_villages(session: ScopedSession, actor: Actor, standing: Standing) -> None:
    found = session.execute(select(Region.code, Region.name, Region.settlement).where(
        *villages_under(actor.region_code)))
    for code, name, settlement in found:
        standing.village_names[code], standing.settlements[code] = name, settlement or ""
        written = plain_word(name)
        spoken = spoken_name(written)
        # 东街村委会 is the committee of 东街村; 柳湾 alone may be a 村 or a 社区.
        whole = {spoken, *(spoken + e for e in (*_COMMITTEES, *(e.removeprefix("村") for e in _COMMITTEES)))} \
            if spoken.endswith(("村", "社区")) else set()
        short = {stem(written), stem(spoken)}
        kind = next((kind for kind in (_RURAL, _URBAN) if written.endswith(kind)), (*_RURAL, *_URBAN))
        for by, words in zip(standing.villages, (
                {written, code, *whole}, {*short, *(s + e for s in short for e in kind)},
                {s + e for s in short for e in ("", *_RURAL, *_URBAN)}), strict=True):
            for word in words:
                by.setdefault(word, []).append(code)


def _read_places(session: ScopedSession, actor: Actor, standing: Standing) -> None:
    _read_villages(session, actor, standing)
    wider = [code_of(actor.region_code[:length]) for length in LEVEL_LENGTHS.values()]
    for code, name in session.execute(select(Region.code, Region.name).where(
            Region.level != "村", or_(and_(*under(actor.region_code)), Region.code.in_(wider)))):
        standing.above[plain_word(name)] = prefix_of(code)
    into = aliased(Region)
    for code, name, successor in session.execute(
            select(Region.code, Region.name, into.name).outerjoin(into, into.code == Region.successor_code)
            .where(*under(actor.region_code), Region.level == "村", ~in_use())):
        said = f"“{name}”已撤销，请改填{f'并入后的“{successor}”' if successor else '并入后的村（社区）'}。"
        standing.ended |= dict.fromkeys((plain_word(name), stem(plain_word(name)), code), said)
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
    standing.schools = {school.name: school for school in session.scalars(select(School))}
    standing.schools_by_id = {school.id: school for school in standing.schools.values()}


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


def stem(name: str) -> str:
    """'亲水湾村委会' → '亲水湾', '康宁社区居民委员会' → '康宁'."""
    for ending in _VILLAGE_ENDINGS:
        if ending and name.endswith(ending) and len(name) > len(ending) + 1:
            return name.removesuffix(ending)
    return name
