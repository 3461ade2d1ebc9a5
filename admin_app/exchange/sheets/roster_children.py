"""Which child a row of a roster means: one that stands in the register, or a new one.

A row with an identity number means the child of that number. One without means the child of that name and birth date
in its village, whose number the list does not have: nothing else tells two children apart (`students.py`). A list that
tells the month of birth alone means the only child of that name who was born in it.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, select

from admin_app.access.bulk import in_parts
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.exchange.cells import Rough
from admin_app.exchange.sheet import ParsedRow
from models.identity_number import day_in
from models.student import VOID, Student

Sibling = tuple[str, date | None, str | None]  # name, birth date, blind index of the number
_Known = tuple[str | None, str | None, date | None]  # village, name, birth date


def day_of_birth(row: ParsedRow) -> date | None:
    """The day that a row tells, else that of its number."""
    told, number = row.values.get("birth_date"), row.values.get("identity")
    if isinstance(told, date):
        return told
    return day_in(number) if number else None


class Children:
    """The children of the register, as far as the rows of one roster may mean them, and which rows named them."""

    def __init__(self) -> None:
        self.by_number: dict[str, Student] = {}
        self._by_name: dict[tuple[str | None, str | None], dict[int, Student]] = defaultdict(dict)
        self._namesakes: dict[_Known, Student] = {}  # of the rows whose number is new, who have another number
        self._bearers: set[tuple[str, str]] = set()  # of names that the list puts beside another child's number
        self._elsewhere: set[str] = set()
        self._at_home: dict[int | None, list[Sibling]] = defaultdict(list)
        self._numbered_new: dict[_Known, str] = {}  # new children with a number → the row that named them first
        self._named: dict[Any, int] = {}  # a number, a child, or a name with a day → the row that named it first

    @classmethod
    def read(cls, session: ScopedSession, rows: Sequence[ParsedRow], indexes: Sequence[str | None]) -> "Children":
        """One query for the numbers and one for the names, and some thousand keys each."""
        found, numbers = cls(), dict.fromkeys(filter(None, indexes))
        for part in in_parts(numbers):
            for child in session.scalars(select(Student).where(Student.identity_index.in_(part))):
                found.by_number[child.identity_index or ""] = child
        unknown = [i for i in numbers if i not in found.by_number]
        if unknown:
            with unscoped(session.get_bind().engine, "is a number of the list taken elsewhere") as wide:
                for part in in_parts(unknown):
                    found._elsewhere |= {i for i in wide.scalars(
                        select(Student.identity_index).where(Student.identity_index.in_(part))) if i}
        named = [(row, i) for row, i in zip(rows, indexes, strict=True) if row.values.get("name")]
        new = [row for row, i in named if i and i not in found.by_number]  # whose number stands means its child
        found._read_alike(session, [row for row, i in named if not i])
        found._read_alike(session, new, Student.identity_index.is_(None))
        found._read_namesakes(session, new)
        found._read_bearers(session, {row.values["name"] for row, i in named if i in found.by_number
                                      and row.values["name"] != found.by_number[i].name})
        return found

    def _read_alike(self, session: ScopedSession, rows: Sequence[ParsedRow], *further: ColumnElement[bool]) -> None:
        for part in in_parts(dict.fromkeys(row.values["name"] for row in rows)):
            for child in session.scalars(select(Student).where(
                    Student.name.in_(part), Student.schooling_state != VOID, *further)):
                self._by_name[child.region_code, child.name][child.id] = child

    def _read_bearers(self, session: ScopedSession, names: set[str]) -> None:
        """The children of names that stand beside another child's number in the list."""
        for part in in_parts(names):
            self._bearers |= {(place, name) for place, name in session.execute(
                select(Student.region_code, Student.name).where(
                    Student.name.in_(part), Student.schooling_state != VOID))}

    def bears_name(self, region: str, name: str) -> bool:
        """Whether a child of the village bears a name that the list puts beside another one's number."""
        return (region, name) in self._bearers

    def _read_namesakes(self, session: ScopedSession, rows: Sequence[ParsedRow]) -> None:
        """Those who share the name and the day with a row whose number nobody has yet."""
        for part in in_parts(rows):
            for child in session.scalars(select(Student).where(
                    Student.name.in_({row.values["name"] for row in part}), Student.schooling_state != VOID,
                    Student.birth_date.in_({day_of_birth(row) for row in part}), Student.identity_index.is_not(None))):
                self._namesakes[child.region_code, child.name, child.birth_date] = child

    def read_siblings(self, session: ScopedSession, households: Collection[int]) -> None:
        """Who stands in the families that a new child may join."""
        for part in in_parts(households):
            for home, name, born, index in session.execute(
                    select(Student.household_id, Student.name, Student.birth_date, Student.identity_index)
                    .where(Student.household_id.in_(part), Student.schooling_state != VOID).order_by(Student.id)):
                self._at_home[home].append((name, born, index))

    def sibling_like(self, row: ParsedRow, household_id: int | None) -> Sibling | None:
        """Who stands in the family of a new child with its name but another day, or with its day but another name,
        where no two numbers tell them apart."""
        name, born, index = row.values.get("name"), day_of_birth(row), row.values.get("identity")
        return next((sibling for sibling in self._at_home.get(household_id, ())
                     if (sibling[0] == name) != (sibling[1] == born)
                     and (sibling[0] == name or not (index and sibling[2]))), None)

    def namesake(self, row: ParsedRow, region: str) -> Student | None:
        """Who stands in the village with the name and the day of a new child, under another number."""
        return self._namesakes.get((region, row.values.get("name"), day_of_birth(row)))

    def all(self) -> list[Student]:
        found = {child.id: child for child in (*self.by_number.values(), *self._namesakes.values())}
        for alike in self._by_name.values():
            found |= alike
        return list(found.values())

    def of(self, row: ParsedRow, index: str | None, region: str | None, villages: Mapping[str, str]) -> Student | None:
        """The child of a row, None for a new one. A child is named once in a list, and is one child in the whole
        district: else the row is refused."""
        known: _Known = (region, row.values.get("name"), row.values.get("birth_date"))
        child = self._numbered(row, index, region, villages) if index else None
        if child is None and not row.refused:
            child = self._alike(row, index, known)
        if index is None and not row.refused and (child is None or child.identity_index is None):
            row.warn("身份证号码", "没有身份证号，按“未取得户籍或无证件”登记。请尽快协助办理落户。")
        self._once(row, index, known, child)
        return child

    def tell_day(self, row: ParsedRow, index: str | None, region: str | None) -> None:
        """Gives a row that tells no day of birth, and has no number to tell it, the day of the child that it means."""
        rough = row.values.get("birth_date")
        if index is not None or not isinstance(rough, Rough):
            return
        alike = [child for child in self._by_name.get((region, row.values.get("name")), {}).values()
                 if child.birth_date and rough.agrees_with(child.birth_date)]
        if len(alike) > 1:
            row.values["birth_date"] = None
            row.error("出生日期", f"本村有 {len(alike)} 个孩子同名、同年月出生，没有写明日期，分不清是哪一个。"
                              "请写明出生年月日，或补上身份证号。", "read")
        elif alike:
            row.values["birth_date"] = alike[0].birth_date

    def _numbered(self, row: ParsedRow, index: str, region: str | None, villages: Mapping[str, str]) -> Student | None:
        child = self.by_number.get(index)
        if child is not None and child.schooling_state == VOID:
            row.error("身份证号码", f"该身份证号登记在已作废的“{child.name}”名下。同一个孩子，请先在学生页面“更正”；"
                                "不是的，请先在那一条上把身份证号改为“-”并写明原因，再导入这一行。")
        elif child is not None and region and child.region_code != region:
            there = villages.get(child.region_code, child.region_code)
            row.error("村（社区）", f"这个孩子已登记在“{there}”。如已迁入，请先办理移交，再导入这一行。")
        elif index in self._elsewhere:
            row.error("身份证号码", "该身份证号已在他处登记。如孩子确已迁入，请联系上级管理员办理移交。")
        return child

    def _alike(self, row: ParsedRow, index: str | None, known: _Known) -> Student | None:
        """The child of this name and day, who has no number yet or whose number the list does not have."""
        region, name, born = known
        found = (child for child in self._by_name.get((region, name), {}).values() if child.birth_date == born)
        alike = [child for child in found if index is None or child.identity_index is None]
        if len(alike) > 1:
            row.error("身份证号码", f"本村有 {len(alike)} 个孩子同名、同日出生，没有身份证号分不清是哪一个。"
                                "请补上身份证号。")
        elif alike and alike[0].identity_index is not None:
            row.warn("身份证号码", "名单中没有身份证号，按村、姓名、出生日期认作已登记的孩子。"
                               "如不是同一个，请补上身份证号。")
        return alike[0] if len(alike) == 1 else None

    def _once(self, row: ParsedRow, index: str | None, known: _Known, child: Student | None) -> None:
        keys: list[tuple[Any, str]] = []
        if index is not None:
            keys.append((index, "是同一个身份证号。请删去重复的一行，或更正号码。"))
        if child is not None:
            keys.append((child.id, "是同一个已登记的孩子。请删去重复的一行，或补上身份证号。"))
        elif index is None:
            keys.append((known, "的村、姓名、出生日期都相同，又没有身份证号可以区分。"
                                "请删去重复的一行，或补上身份证号。"))
        for key, why in keys:
            if key in self._named:
                row.error("身份证号码", f"与{self._named[key]}{why}")
                return
        if not row.refused:
            self._named |= {key: row.place for key, _ in keys}
            if index is not None and child is None:
                place = self._numbered_new.setdefault(known, row.place)
                if place != row.place:
                    row.warn("身份证号码", f"与{place}同村、同名、同日出生，身份证号不同。"
                                        "如是同一个孩子，请只留号码正确的一行。")
