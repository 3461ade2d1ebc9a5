"""Where a row of a roster says that a child learns: a school that runs, a grade that a form would take too."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Any

from admin_app.access.actor import Actor
from admin_app.access.permissions import Permission
from admin_app.exchange.cells import plain_word, says_nothing
from admin_app.exchange.sheet import ParsedRow
from admin_app.exchange.sheets.roster_standing import Standing
from models.agreement import answered, not_of_age, not_taught
from models.region import level_of
from models.school import School
from models.student import SCHOOLING_MOVES, Student

ENROLLED, UNKNOWN = "enrolled", "unknown"
_WITHOUT_SEAT = {*SCHOOLING_MOVES.labels} - {*SCHOOLING_MOVES.standing} | {"elsewhere"}
_OF_SEAT = ("grade", "class_name", "boarding")

# What the name of a school says of its kind; the first that fits.
_KINDS = tuple((re.compile(word), kind) for word, kind in (
    ("幼儿园", "111"), ("教学点", "218"), ("十二年", "345"), ("九年|一贯", "312"),
    ("盲", "511"), ("聋", "512"), ("培智", "513"), ("特殊|特教", "514"), ("专门学校|工读", "371"),
    ("小学|完小|中心校", "211"), ("完全中学", "341"), ("高级中学|高中", "342"), ("职业初中", "321"),
    ("职业|职高|中专|技校", "361"), ("初中|中学|[一二三四五六七八九十]中(?!心)", "311")))
_MOST_NAMED = 3
_ELSEWHERE = re.compile("外地|外省|外县|在外(?!国)")
# At the head of a school's name: 山西省, 北京市海淀区, 太原市第五中学; 朝阳市场小学 is none.
_PROVINCE_OR_CITY = re.compile("(北京市|天津市|上海市|重庆市|[^省市县区城]{2,3}省|[^省市县区城]{2,7}自治区|"
                               "[^省市县区城]{2,4}市(?=第|实验|育|[^市场民直立]{1,5}[区县镇乡]))")
_NO_SCHOOL = frozenset({"转走", "转出", "转学", "已转走", "已转出", "已转学",
                        "无学校", "没有学校", "未上学", "没上学", "没有上学", "不上学", "未入学", "没入学",
                        "失学", "辍学", "在家"})


def kind_of(name: str, grades: Iterable[str | None] = ()) -> str:
    """The kind of a new school: by its name, else by the grades of those who learn there."""
    said = kind_said(name)
    years = {_year(g) for g in grades if g} - {0}
    upper = bool(years) and max(years) > 6
    return said or (("312" if min(years) <= 6 else "311") if upper else "211")


def kind_said(name: str) -> str:
    return next((kind for word, kind in _KINDS if word.search(name)), "")


def school_of(row: ParsedRow, child: Student | None, standing: Standing, actor: Actor,
              what: dict[str, Any]) -> School | None:
    """The school of a row, if it stands and takes children. One that the register does not have is made by whoever may,
    and named; a text that is no school's name is none."""
    name = row.values.get("school")
    if not name or not (school := standing.schools.get(name) or _unknown(row, name, standing, actor, what)):
        return None
    closed = school.closed_on is not None and school.closed_on < date.today()
    if closed and not (child and child.school_id == school.id):
        row.warn("学校", f"“{school.name}”已停办（{school.closed_on}），学校一项没有保存。"
                       "请改成孩子现在的学校后重新上传。")
        return None
    return school


def _unknown(row: ParsedRow, name: str, standing: Standing, actor: Actor, what: dict[str, Any]) -> School | None:
    if says_nothing(name) or plain_word(name) in _NO_SCHOOL:
        return None
    if away := _away(name, standing) or _ELSEWHERE.search(name):
        row.warn("学校", f"“{name}”{'不在本地' if away is True else '不是学校名称'}，学校一项没有保存。"
                       "在外地上学的，请导入后在学生页面办理“登记外地就读”。")
        return None
    if len(full := standing.schools_in_full(name)) > 1:
        row.warn("学校", f"“{name}”不知是哪一所：{'、'.join(full[:_MOST_NAMED])}。学校一项没有保存，"
                       "请写明全名后重新上传。")
        return None
    if full:
        if name not in standing.said_schools:  # said once: a first list names many
            standing.said_schools.add(name)
            row.warn("学校", f"“{name}”按系统中的“{full[0]}”登记。如不是同一所学校，请写明全名后重新上传。")
        return standing.schools[full[0]]
    if may_add_schools(actor):
        what["new_school"] = name
    else:
        row.warn("学校", f"系统中没有学校“{name}”，学校一项没有保存。请联系上级管理员登记学校；"
                       "孩子在外地上学的，请在学生页面办理“登记外地就读”。")
    return None


def may_add_schools(actor: Actor) -> bool:
    """A school is a town's: whoever works for one village adds none."""
    return actor.may(Permission.PLACE_CREATE) and level_of(actor.region_code) != "村"


def _away(name: str, standing: Standing) -> bool:
    """Whether a school's name begins with a province or a city in which the place does not lie, where that is known."""
    begins = _PROVINCE_OR_CITY.match(plain_word(name))
    known = any(above.endswith(("省", "市", "自治区")) for above in standing.above)
    return known and begins is not None and begins[1] not in standing.above


def say_new_school(row: ParsedRow, standing: Standing, what: dict[str, Any]) -> None:
    """What the first row says that brings a school."""
    if not (name := what.get("new_school")) or name in standing.said_schools:
        return
    standing.said_schools.add(name)
    alike = standing.school_like(name)
    row.warn("学校", f"系统中有名称相近的学校“{alike}”。如果是同一所，请改成这个名称后重新上传；"
             f"否则确认导入时会新增学校“{name}”。" if alike
             else f"系统中没有学校“{name}”，确认导入时会新增这所学校。")


def schooling_of_new(row: ParsedRow, school: School | None, what: dict[str, Any]) -> dict[str, Any]:
    """The school and the state of a new child. In school is only whose school stands in the register."""
    said = row.values.get("at_school")
    seated = said is True and (school is not None or what.get("new_school"))
    if isinstance(said, str):
        row.warn("是否在校", f"“{SCHOOLING_MOVES.labels[said]}”不能由名单登记，这个孩子按“待核查”登记。"
                         f"请导入后在学生页面办理{_way_to(said)}。")
    elif said is False:
        row.warn("是否在校", "不在校的孩子按“待核查”登记。请尽快核查，并在学生页面办理就学状态。")
    elif said and not seated:
        row.warn("是否在校", "写的是在校，但学校没有写，或没有保存，按“待核查”登记。请补上学校后重新上传，"
                          "或在学生页面办理“登记在校”。")
    return {"school_id": school.id if school else None, "schooling_state": ENROLLED if seated else UNKNOWN}


def _way_to(state: str) -> str:
    """The moves by which a child whose state nobody knows comes to this one: those that a village makes itself before
    one that somebody else confirms, then the fewest."""
    to_it = [move for move in SCHOOLING_MOVES.moves if move.target == state]
    ways = [[last] for last in to_it if UNKNOWN in last.sources]
    ways += [[first, last] for last in to_it for first in SCHOOLING_MOVES.moves
             if UNKNOWN in first.sources and first.target in last.sources]
    best = min(ways, key=lambda way: (any(move.act == "confirm" for move in way), len(way)))
    return "，再办理".join(f"“{move.label}”" for move in best)


def state_of_standing(row: ParsedRow, child: Student) -> None:
    """A list that says another state than the register has changes none: a move asks for more than a word."""
    said, state = row.values.get("at_school"), child.schooling_state
    if said is None or said == (state if isinstance(said, str) else state == ENROLLED):
        return
    labels = SCHOOLING_MOVES.labels
    named = f"（名单“{labels[said]}”，系统“{labels[state]}”）" if isinstance(said, str) else ""
    row.warn("是否在校", f"与系统中的就学状态不一致{named}，状态没有改动。请核实后在学生页面办理。")


def settle_grade(row: ParsedRow, child: Student | None, school: School | None, standing: Standing,
                 new: dict[str, Any], what: dict[str, Any]) -> School | None:
    """Leaves out of the new values a grade that a form would refuse (`services/students.py`), with what it would say;
    gives the school, None if it has not the grade in which the child stands."""
    if child is not None and child.schooling_state in _WITHOUT_SEAT:
        _no_seat(row, child, school, new, what)
        return None
    stands = child.grade if child else None
    moves = child is not None and (what.get("new_school") or (school is not None and school.id != child.school_id))
    note = new["note"] or (child.note if child else None)
    if not (new["grade"] or (moves and stands)) or answered(note, "年级", "学校"):
        return school
    there = school or (standing.school_of(child) if not row.values.get("school") else None)
    kind = there.kind if there else kind_said(what.get("new_school") or "")
    born = new["birth_date"] or (child.birth_date if child else None)
    why = _misfit(new["grade"], kind, born) if new["grade"] not in (None, stands) else ""
    if why:
        row.warn("年级", f"{why}，年级一项没有保存。请核对；如确实如此，请在备注中写明后重新上传，如“年级已核对”。")
        new["grade"] = None
    grade = new["grade"] or stands
    why = _misfit(grade, kind, None) if moves and grade else ""
    if why:
        row.warn("学校", f"{why}，学校一项没有保存。请核对；如确实如此，请在备注中写明后重新上传，如“学校已核对”。")
        what["new_school"] = None
    elif child is not None and new["grade"] and stands and _year(new["grade"]) < _year(stands):
        row.warn("年级", "比登记的年级低。请核对名单是不是以前的；如确实降级，确认导入即可。")
    return None if why else school


def _no_seat(row: ParsedRow, child: Student, school: School | None, new: dict[str, Any], what: dict[str, Any]) -> None:
    """Who has left, or learns elsewhere, has no seat at a school of the place until a move says so."""
    told = what.pop("new_school", None) or (school is not None and school.id != child.school_id) or any(
        new[name] not in (None, getattr(child, name)) for name in _OF_SEAT)
    new |= dict.fromkeys(_OF_SEAT)
    if told:
        state = SCHOOLING_MOVES.labels[child.schooling_state]
        row.warn("学校", f"“{child.name}”在系统中是“{state}”，名单上的学校、年级、班级没有保存。请核实；"
                       "如已在本地就读，请在学生页面" + ("办理“登记在校”。" if child.schooling_state == "elsewhere"
                                             else "先办理“更正（恢复待核查）”，再登记在校。"))


def _year(grade: str) -> int:
    """1 to 9; 0 for what is no grade of compulsory school."""
    return int(grade[1:]) if re.fullmatch(r"g\d", grade) else 0


def _misfit(grade: str, kind: str, born: date | None) -> str:
    """Why a grade does not fit the kind of a school or the day of birth; '' where it does."""
    return not_taught(grade, kind) or (not_of_age(grade, born) if born else "")
