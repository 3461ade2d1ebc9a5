"""适龄儿童少年花名册: the roster of school-age children, one row per child (domain §2.2).

Declared here; `roster_plan.py` sets the rows against the register, `roster_apply.py` writes them.
"""

import re
from functools import partial

from admin_app.errors import Invalid
from admin_app.exchange import cells
from admin_app.exchange.cells import Noted
from admin_app.exchange.reader import RawCell
from admin_app.exchange.sheet import Column, Sheet
from admin_app.exchange.sheets.roster_apply import apply
from admin_app.exchange.sheets.roster_contacts import PARENTS, SEVERAL
from admin_app.exchange.sheets.roster_groups import group_name
from admin_app.exchange.sheets.roster_plan import plan
from admin_app.exchange.sheets.roster_villages import is_village
from admin_app.exchange.sheets.roster_words import AT_SCHOOL, STATE_WORDS, numbered_class
from admin_app.services.students import student_number_of


_SEVERAL_PHONES = re.compile(rf"{SEVERAL.pattern}|(?<=\d)\s+(?=1[3-9]\d{{9}}(?!\d))")  # also a space before a mobile
_NOBODY = re.compile("[已病亡]?故|亡|已?[去过]世|已?死亡|离[异婚]|不详|不清楚|不知道|不明")


def number(cell: RawCell) -> Noted[str | None]:
    """An identity number that passed GB 11643, as its 18 characters."""
    noted = cells.identity_number(cell)
    return Noted(noted.value.number if noted.value else None, noted.notes)


def person(cell: RawCell) -> Noted[str | None]:
    """A name, if there is one: 无 is none, nor is 已故."""
    written = cells.one_line(cell)
    return Noted(None) if cells.says_nothing(written) or _NOBODY.fullmatch(cells.plain_word(written)) \
        else cells.chinese_name(cell)


def guardians(cell: RawCell) -> Noted[str | None]:
    """A guardian, or several: a line for each is one way to write them."""
    several = [line.strip() for line in cell.splitlines() if line.strip()] if isinstance(cell, str) else []
    return person("、".join(several) if len(several) > 1 else cell)


def telephones(cell: RawCell) -> Noted[str | None]:
    """A telephone, or several: of one person, or one for each guardian."""
    several = [part for part in _SEVERAL_PHONES.split(cell) if part.strip()] if isinstance(cell, str) else []
    if len(several) < 2:
        return cells.phone(cell)
    return Noted("、".join(dict.fromkeys(filter(None, (cells.phone(part).value for part in several)))) or None)


def school_record(cell: RawCell) -> Noted[str | None]:
    """学籍号, as a form takes it."""
    written = cells.one_line(cell)
    if cells.says_nothing(written):
        return Noted(None)
    try:
        return Noted(student_number_of(written) or None)
    except Invalid as fault:
        raise cells.BadCell(fault.message) from fault


def at_school(cell: RawCell) -> Noted[bool | str | None]:
    """是否在校, or the state that the list says instead."""
    word = cells.plain_word(cells.one_line(cell))
    if state := True if word in AT_SCHOOL else STATE_WORDS.get(word):
        return Noted(state)
    read = cells.yes_no(cell)
    return Noted(read.value, read.notes)


def school_class(cell: RawCell) -> Noted[str | None]:
    """A class, one that is called by a number as the register calls it: 3, 三班 and （3）班 are 3班."""
    numbered = numbered_class(cells.plain_word(cells.one_line(cell)))
    return Noted(numbered) if numbered else cells.open_text(cell, max_length=20)


def words(length: int) -> "partial[Noted[str | None]]":
    return partial(cells.open_text, max_length=length)


ROSTER = Sheet(
    name="roster", title="适龄儿童少年花名册", area="family", plan=plan, apply=apply, unit_of_tab=is_village,
    told_by=("identity", "birth_date"),
    columns=(
        Column("village", ("村（社区）", "村(社区)", "村", "社区", "村委会", "行政村", "村名", "村居", "村居名称",
                          "村（社区）名称", "所属村（社区）", "所属村", "所属社区", "所属村居", "居委会"),
               words(60), required=True, of_unit=True, width=22),
        Column("town", ("乡镇（街道）", "乡镇", "街道", "乡镇街道", "镇", "镇（街道）", "街道（乡镇）", "乡镇名称",
                        "所在乡镇", "所属乡镇", "所属街道", "所属乡镇（街道）"), words(60), further=True),
        Column("natural_group", ("自然村（组）", "组", "村民小组", "居民小组", "自然村", "小组", "组别", "组名",
                                 "所在组"), group_name, lenient=True, width=10),
        Column("register_number", ("户编号", "户号", "户籍编号"),
               partial(cells.family_number, max_length=40), width=18),
        Column("head_name", ("户主姓名", "户主", "户主名"), person, width=10),
        Column("head_identity", ("户主身份证号", "户主身份证号码", "户主证件号码"), number, lenient=True, width=22),
        Column("head_phone", ("户主电话", "户主联系电话", "户主电话号码", "户主手机", "户主手机号", "户主联系方式"),
               telephones, lenient=True, width=14),
        Column("relation_to_head", ("与户主关系", "与户主的关系", "同户主关系", "和户主关系"), words(20),
               codes="family_relation", width=10),
        Column("name", ("儿童姓名", "姓名", "学生姓名", "孩子姓名", "适龄儿童姓名", "幼儿姓名"), cells.chinese_name,
               required=True, width=10),
        Column("sex", ("性别",), words(10), codes="sex", width=6),
        Column("ethnic_group", ("民族",), words(20), codes="ethnic_group", width=8),
        Column("identity", ("身份证号码", "身份证号", "证件号码", "公民身份号码", "身份证", "证件号", "身份证件号",
                            "儿童身份证号", "学生身份证号"), number, width=22),
        Column("birth_date", ("出生日期", "出生年月日", "出生年月", "生日"), cells.birth_date, dated=True, width=12),
        Column("guardian_name", ("监护人/姓名", "监护人姓名", "监护人", "家长姓名", "家长"), guardians, width=10),
        Column("guardian_phone", ("监护人/联系电话", "联系电话", "监护人电话", "电话", "手机", "手机号", "手机号码",
                                  "家长电话", "联系方式"), telephones,
               lenient=True, width=14),
        *(Column(f"{parent}_name", (f"{word}/姓名", f"{word}姓名", word), person, stands_for=("guardian_name",))
          for parent, word in PARENTS.items()),
        *(Column(f"{parent}_phone", tuple(f"{word}{said}" for said in (
            "/联系电话", "联系电话", "电话", "手机", "手机号", "手机号码", "联系方式")), telephones, lenient=True,
            stands_for=("guardian_phone",)) for parent, word in PARENTS.items()),
        Column("registered_address", ("户籍地", "户籍所在地", "户口所在地", "户籍地址", "户籍住址"), words(200),
               width=24),
        Column("current_address", ("现居住地", "家庭住址", "现住址", "住址", "家庭地址", "居住地址",
                                   "现居住地址", "居住地"), words(200), width=24),
        Column("school", ("就读情况/学校", "学校", "就读学校", "学校名称"), words(60), width=20),
        Column("grade", ("就读情况/年级", "年级"), words(20), codes="grade", width=8),
        Column("class_name", ("就读情况/班级", "班级"), school_class, width=8),
        Column("grade_class", ("就读情况/年级班级", "年级班级", "班级年级", "所在年级班级", "就读年级班级"), words(20),
               stands_for=("grade", "class_name")),
        Column("boarding", ("就读情况/就读方式", "就读方式"), words(20), codes="boarding", width=10),
        Column("special_groups", ("特殊群体", "特殊群体类型"), words(100), codes="special_group", width=18),
        Column("hardship", ("家庭类型", "困难类型", "户类型"), words(100), codes="hardship_kind", width=16),
        Column("category", ("类别", "儿童类别", "学生类别", "人员类别"), words(100),
               stands_for=("special_groups", "hardship")),
        Column("student_number", ("学籍号", "学籍号码", "学籍编号", "全国学籍号"), school_record, lenient=True,
               width=22),
        Column("at_school", ("是否在校", "就读状态", "就学状态", "在校状态", "是否在读", "在读状态"), at_school,
               lenient=True, width=8),
        Column("note", ("备注",), words(200), width=16),
    ),
)
