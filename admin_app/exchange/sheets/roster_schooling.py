"""How a row of a roster says that a child learns: its state, and a seat that a form would give it too."""

from datetime import date
from typing import Any

from admin_app.exchange.sheet import ParsedRow
from admin_app.exchange.sheets.roster_schools import kind_said, year_of
from admin_app.exchange.sheets.roster_standing import Standing
from models.agreement import answered, not_compulsory, not_of_age, not_taught
from models.school import School
from models.student import SCHOOLING_MOVES, Student

ENROLLED, UNKNOWN = "enrolled", "unknown"
_WITHOUT_SEAT = {*SCHOOLING_MOVES.labels} - {*SCHOOLING_MOVES.standing} | {"elsewhere"}
_OF_SEAT = ("grade", "class_name", "boarding")


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
    there = school or (standing.schools.of_child(child) if not row.values.get("school") else None)
    kind = there.kind if there else kind_said(what.get("new_school") or "")
    born = new["birth_date"] or (child.birth_date if child else None)
    if (child is None or moves) and not answered(note, "学校", "幼儿园") and (why := not_compulsory(kind, born)):
        row.warn("学校", f"{why}，学校、年级、班级没有保存。请核对；如确实如此，"
                       "请在备注中写明后重新上传，如“学校已核对”。")
        what["new_school"] = None
        new |= dict.fromkeys(_OF_SEAT)
        return None
    if not (new["grade"] or (moves and stands)) or answered(note, "年级", "学校"):
        return school
    why = _misfit(new["grade"], kind, born) if new["grade"] not in (None, stands) else ""
    if why:
        row.warn("年级", f"{why}，年级{'、班级' if new['class_name'] else '一项'}没有保存。请核对；如确实如此，"
                       "请在备注中写明后重新上传，如“年级已核对”。")
        new |= {"grade": None, "class_name": None}  # the class is one of that grade
    grade = new["grade"] or stands
    why = _misfit(grade, kind, None) if moves and grade else ""
    if why:
        row.warn("学校", f"{why}，学校一项没有保存。请核对；如确实如此，请在备注中写明后重新上传，如“学校已核对”。")
        what["new_school"] = None
    elif child is not None and new["grade"] and stands and year_of(new["grade"]) < year_of(stands):
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


def _misfit(grade: str, kind: str, born: date | None) -> str:
    """Why a grade does not fit the kind of a school or the day of birth; '' where it does."""
    return not_taught(grade, kind) or (not_of_age(grade, born) if born else "")
