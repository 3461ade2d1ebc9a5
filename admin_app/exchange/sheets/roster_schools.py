"""Which school a row of a roster means: one that stands and takes children, a new one, or none."""

import re
from collections.abc import Iterable
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import select

from admin_app.access.actor import Actor
from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession
from admin_app.exchange.cells import plain_word, says_nothing
from admin_app.exchange.sheet import ParsedRow
from admin_app.exchange.sheets.roster_words import NUMERAL, numeral
from models.region import level_of
from models.school import School
from models.student import Student

CAPTION = "学校"

# What the name of a school says of its kind; the first that fits.
_KINDS = tuple((re.compile(word), kind) for word, kind in (
    ("幼儿园", "111"), ("教学点", "218"), ("十二年", "345"), ("九年|一贯", "312"),
    ("盲", "511"), ("聋", "512"), ("培智", "513"), ("特殊|特教", "514"), ("专门学校|工读", "371"),
    ("小学|完小|中心校|[一二三四五六七八九十]小", "211"), ("完全中学", "341"), ("高级中学|高中", "342"),
    ("职业初中", "321"),
    ("职业|职高|中专|技校", "361"), ("初中|中学|[一二三四五六七八九十]中(?!心)", "311")))
_SHORTEST_NAME = 4  # of a school that is called by the end of its name; 小学 is none
# 二小, 县一中, 实小, 第二小学校
_IN_SHORT = re.compile(f"(.*?)(?:第?({NUMERAL})|实验?)([小中])(?:学校?)?")
_NUMERALS = re.compile("[一二三四五六七八九十]+")
_PLACES = str.maketrans("", "", "县市区")  # 示范一小 is of 示范县
_MOST_NAMED = 3
_ELSEWHERE = re.compile("外地|外省|外县|在外(?!国)")
# At the head of a school's name: 山西省, 北京市海淀区, 太原市第五中学; 朝阳市场小学 is none.
_PROVINCE_OR_CITY = re.compile("((?:北京|天津|上海|重庆)(?:市|(?=第|[一二三四五六七八九十]+[中小]))|"
                               "[^省市县区城]{2,3}省|[^省市县区城]{2,7}自治区|"
                               "[^省市县区城]{2,4}市(?=第|实|育|[一二三四五六七八九十]+[中小]|[^市场民直立]{1,5}[区县镇乡]))")
_NO_SCHOOL = frozenset({"转走", "转出", "转学", "已转走", "已转出", "已转学",
                        "无学校", "没有学校", "未上学", "没上学", "没有上学", "不上学", "未入学", "没入学",
                        "失学", "辍学", "在家"})


class Schools:
    """The schools of the register, what they may be called, and what the rows said of them."""

    def __init__(self, standing: Iterable[School] = (), above: Iterable[str] = ()) -> None:
        """`above`: the names of what the actor's villages lie in."""
        self._by_name = {school.name: school for school in standing}
        self._by_id = {school.id: school for school in self._by_name.values()}
        self._above = above
        self._heard: dict[str, tuple[str, School | None, bool]] = {}
        self._said: set[str] = set()

    @classmethod
    def read(cls, session: ScopedSession, above: Iterable[str]) -> "Schools":
        return cls(session.scalars(select(School)), above)

    def of_child(self, child: Student | None) -> School | None:
        return self._by_id.get(child.school_id or 0) if child else None

    def of(self, row: ParsedRow, child: Student | None, actor: Actor, what: dict[str, Any]) -> School | None:
        """The school of a row, if it stands and takes children. One that the register does not have is made by whoever
        may, and named; a text that is no school's name is none."""
        name = row.values.get("school")
        if not name or not (school := self._by_name.get(name) or self._unknown(row, name, actor, what)):
            return None
        closed = school.closed_on is not None and school.closed_on < date.today()
        if closed and not (child and child.school_id == school.id):
            row.warn(CAPTION, f"“{school.name}”已停办（{school.closed_on}），学校一项没有保存。"
                              "请改成孩子现在的学校后重新上传。")
            return None
        return school

    def say_new(self, row: ParsedRow, what: dict[str, Any]) -> None:
        """What the first row says that brings a school."""
        if not (name := what.get("new_school")) or name in self._said:
            return
        self._said.add(name)
        alike = self._like(name)
        row.warn(CAPTION, f"系统中有名称相近的学校“{alike}”。如果是同一所，请改成这个名称后重新上传；"
                 f"否则确认导入时会新增学校“{name}”。" if alike
                 else f"系统中没有学校“{name}”，确认导入时会新增这所学校。")

    def _unknown(self, row: ParsedRow, name: str, actor: Actor, what: dict[str, Any]) -> School | None:
        if name not in self._heard:
            self._heard[name] = self._read(name, actor)
        fault, full, new = self._heard[name]
        if fault:
            row.warn(CAPTION, fault)
        if new:
            what["new_school"] = name
        if full and name not in self._said:  # said once: a first list names many
            self._said.add(name)
            row.warn(CAPTION, f"“{name}”按系统中的“{full.name}”登记。如不是同一所学校，请写明全名后重新上传。")
        return full

    def _read(self, name: str, actor: Actor) -> tuple[str, School | None, bool]:
        """Of a name that no school bears: why it is none, the one school that it may mean, and whether it is that of a
        new one."""
        if says_nothing(name) or plain_word(name) in _NO_SCHOOL:
            return "", None, False
        if away := self._away(name) or _ELSEWHERE.search(name):
            return (f"“{name}”{'不在本地' if away is True else '不是学校名称'}，学校一项没有保存。"
                    "在外地上学的，请导入后在学生页面办理“登记外地就读”。"), None, False
        if len(full := self._in_full(name)) > 1:
            return (f"“{name}”不知是哪一所：{'、'.join(full[:_MOST_NAMED])}。学校一项没有保存，"
                    "请写明全名后重新上传。"), None, False
        if full:
            return "", self._by_name[full[0]], False
        if may_add_schools(actor):
            return "", None, True
        return (f"系统中没有学校“{name}”，学校一项没有保存。请联系上级管理员登记学校；"
                "孩子在外地上学的，请在学生页面办理“登记外地就读”。"), None, False

    def _in_full(self, name: str) -> list[str]:
        """The schools that a name may mean which is none of theirs: those that end with it (第一小学 is 示范县第一小学,
        and may be 城区第一小学 too), or with what it says in short (二小, 县一中, 实小)."""
        word = _counted(name)
        ways = [*([word] if len(word) >= _SHORTEST_NAME else ()), *_in_full(word)]
        found = ([n for n in self._by_name if n.endswith(way)] for way in ways)
        bare = ([n for n in self._by_name if _counted(n).translate(_PLACES).endswith(way.translate(_PLACES))]
                for way in ways if len(way.translate(_PLACES)) >= _SHORTEST_NAME)
        return next(filter(None, chain(found, bare)), [])

    def _like(self, name: str) -> str:
        """A school that a new name may be written for, '' if there is none: 第一小学 is not written for 第二小学."""
        word = _counted(re.sub("[(（].*", "", name))
        if len(full := self._in_full(word)) == 1:
            return full[0]
        same = [n for n in self._by_name if _NUMERALS.findall(_counted(n)) == _NUMERALS.findall(word)]
        inside = [n for n in same if word in n]
        return inside[0] if len(inside) == 1 else next(iter(get_close_matches(name, same, n=1)), "")

    def _away(self, name: str) -> bool:
        """Whether a school's name begins with a province or a city in which the place does not lie, where that is
        known."""
        begins = _PROVINCE_OR_CITY.match(plain_word(name))
        known = any(above.endswith(("省", "市", "自治区")) for above in self._above)
        return known and begins is not None and not any(above.startswith(begins[1]) for above in self._above)


def _counted(name: str) -> str:
    """A name as it is compared: its numbers as schools write them, 2小 as 二小."""
    return re.sub(r"[1-9]\d?", lambda found: numeral(int(found[0])), plain_word(name))


def _in_full(word: str) -> list[str]:
    """'城区二小' → '城区第二小学' and, where none is called so, '第二小学'; nothing for what is not said in short."""
    if not (found := _IN_SHORT.fullmatch(word)):
        return []
    before, number, kind = found.groups()
    whole = f"{f'第{number}' if number else '实验'}{kind}学"
    return [before + whole, whole] if before in ("", "县", "市", "区") else [before + whole]


def may_add_schools(actor: Actor) -> bool:
    """A school is a town's: whoever works for one village adds none."""
    return actor.may(Permission.PLACE_CREATE) and level_of(actor.region_code) != "村"


def kind_of(name: str, grades: Iterable[str | None] = ()) -> str:
    """The kind of a new school: by its name, else by the grades of those who learn there."""
    said = kind_said(name)
    years = {year_of(g) for g in grades if g} - {0}
    upper = bool(years) and max(years) > 6
    return said or (("312" if min(years) <= 6 else "311") if upper else "211")


@lru_cache(maxsize=1024)
def kind_said(name: str) -> str:
    return next((kind for word, kind in _KINDS if word.search(name)), "")


def year_of(grade: str) -> int:
    """1 to 9; 0 for what is no grade of compulsory school."""
    return int(grade[1:]) if re.fullmatch(r"g\d", grade) else 0
