"""What must agree within one record. A model declares it (`__agreements__`); form, move and batch ask the same."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

Label = Callable[[str], str]
Values = Mapping[str, Any]
Fault = tuple[str, str]  # the column to put right, and what is said


class Agreement(ABC):
    """A rule over some columns of a record. What is empty disagrees with nothing."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]: ...

    @property
    def reads(self) -> tuple[str, ...]:
        """What it asks of records that the columns point at: `school_id.kind`, among the values under that name."""
        return ()

    @abstractmethod
    def fault(self, values: Values, label: Label) -> Fault | None: ...


@dataclass(frozen=True, slots=True)
class InOrder(Agreement):
    """Days of which the first is not later; an empty second is today."""

    earlier: str
    later: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.earlier, self.later) if self.later else (self.earlier,)

    def fault(self, values: Values, label: Label) -> Fault | None:
        first, last = values.get(self.earlier), values.get(self.later) if self.later else date.today()
        if not first or not last or first <= last:
            return None
        if not self.later:
            return self.earlier, f"“{label(self.earlier)}”不能晚于今天。请改正。"
        return self.later, f"“{label(self.later)}”不能早于“{label(self.earlier)}”（{first}）。请改正。"


@dataclass(frozen=True, slots=True)
class OfKind(Agreement):
    """A code whose first digit names the kind that it is for; one that begins otherwise is for all."""

    code: str
    kind: str
    kinds: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.code, self.kind

    def fault(self, values: Values, label: Label) -> Fault | None:
        code, kind = values.get(self.code), values.get(self.kind)
        if not code or not kind or code.startswith(kind) or not code.startswith(self.kinds):
            return None
        return self.code, f"这种“{label(self.code)}”不适用于这个“{label(self.kind)}”。请改选。"


def answered(note: str | None, *words: str) -> bool:
    """Whether a note speaks of what was asked. One that was written for something else answers nothing."""
    return any(word in (note or "") for word in words)


def school_age(born: date, today: date) -> int:
    """Years at the last 31 August that has been: the day by which a school year counts them."""
    year = today.year - ((today.month, today.day) < (8, 31))
    return year - born.year - ((born.month, born.day) > (8, 31))


_YEARS_APART = 3  # who began late, stayed behind or skipped a year is nearer


def not_of_age(grade: str, born: date) -> str:
    """Why a grade (`g1` to `g9`) is far from an age, or nothing: six in the first (《义务教育法》第十一条)."""
    if not re.fullmatch(r"g[1-9]", grade):
        return ""
    year, age = int(grade[1]), school_age(born, date.today())
    if abs(age - (year + 5)) <= _YEARS_APART:
        return ""
    return f"{_said(year)}的孩子一般 {year + 5} 岁，按出生日期是 {age} 岁"


# 办学类型 → the years that it teaches, of those kinds that do not teach all nine.
STAGES = {"211": range(1, 7), "218": range(1, 7), "311": range(7, 10), "321": range(7, 10),
          "111": range(0), "342": range(0), "361": range(0)}
_KINDERGARTEN, _BEHIND = "111", {"342": "高中", "361": "中等职业学校"}
_FIRST, _LAST = 6, 14  # years in the first grade and in the last


def not_taught(grade: str, kind: str) -> str:
    """Why a school of this kind has no such grade (`g1` to `g9`), or nothing."""
    if not re.fullmatch(r"g[1-9]", grade) or int(grade[1]) in STAGES.get(kind, range(1, 10)):
        return ""
    return f"这所学校没有{_said(int(grade[1]))}"


def not_compulsory(kind: str, born: date | None) -> str:
    """Why a child of this age learns at no school of this kind, which teaches none of the nine years, or nothing."""
    age = school_age(born, date.today()) if born else None
    if age is None or (age < _FIRST if kind == _KINDERGARTEN else kind not in _BEHIND or age >= _LAST):
        return ""
    return f"这所学校是{'幼儿园' if kind == _KINDERGARTEN else _BEHIND[kind]}，按出生日期孩子 {age} 岁，应接受义务教育"


def _said(year: int) -> str:
    return f"{'一二三四五六七八九'[year - 1]}年级"


@dataclass(frozen=True, slots=True)
class NearAge(Agreement):
    """A grade is near a child's age, or a note speaks of the grade or the school."""

    grade: str
    born: str
    note: str
    words: tuple[str, ...] = ("年级", "学校")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.grade, self.born, self.note

    def fault(self, values: Values, label: Label) -> Fault | None:
        grade, born = values.get(self.grade), values.get(self.born)
        if not grade or not born or answered(values.get(self.note), *self.words):
            return None
        why = not_of_age(grade, born)
        return (self.grade, f"{why}。请核对；如确实如此，请先在学生的备注中写明，如“年级已核对”。") if why else None


@dataclass(frozen=True, slots=True)
class TaughtThere(Agreement):
    """A grade is one that the school has, or a note speaks of the grade or the school."""

    grade: str
    school: str
    note: str
    words: tuple[str, ...] = ("年级", "学校")

    @property
    def columns(self) -> tuple[str, ...]:
        return self.grade, self.school, self.note

    @property
    def reads(self) -> tuple[str, ...]:
        return (f"{self.school}.kind",)

    def fault(self, values: Values, label: Label) -> Fault | None:
        if answered(values.get(self.note), *self.words):
            return None
        why = not_taught(values.get(self.grade) or "", values.get(f"{self.school}.kind") or "")
        return (self.grade, f"{why}。请核对学校和年级；如确实如此，请先在学生的备注中写明，如“学校附设这个年级”。") \
            if why else None


@dataclass(frozen=True, slots=True)
class SchoolOfAge(Agreement):
    """A child of the age of the nine years learns at a school that teaches them, or a note speaks of the school."""

    school: str
    born: str
    note: str

    @property
    def columns(self) -> tuple[str, ...]:
        return self.school, self.born, self.note

    @property
    def reads(self) -> tuple[str, ...]:
        return (f"{self.school}.kind",)

    def fault(self, values: Values, label: Label) -> Fault | None:
        if answered(values.get(self.note), "学校", "幼儿园"):
            return None
        why = not_compulsory(values.get(f"{self.school}.kind") or "", values.get(self.born))
        return (self.school, f"{why}。请核对；如确实如此，请先在学生的备注中写明，如“学校已核对”。") if why else None


@dataclass(frozen=True, slots=True)
class InSchoolYear(Agreement):
    """A day of the calendar year in which a school year begins, or of the next."""

    day: str
    year: str

    @property
    def columns(self) -> tuple[str, ...]:
        return self.day, self.year

    def fault(self, values: Values, label: Label) -> Fault | None:
        day, year = values.get(self.day), values.get(self.year)
        if not day or not year or day.year in (year, year + 1):
            return None
        return self.day, f"“{label(self.day)}”（{day}）不在 {year}-{year + 1} 学年。请核对年份。"
