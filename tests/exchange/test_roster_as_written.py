"""A list as districts write it: a month of birth for a day, a class behind its grade, a school by its short name."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from seed.makers import make_identity_number
from tests.desk import Desk, roster
from tests.exchange.test_roster_rules import imported, previewed

Look = Callable[[str], list[tuple[Any, ...]]]
陈月号码 = make_identity_number(date(2015, 10, 12), "2", serial=31)
陈月 = {"村（社区）": "康宁社区", "户主姓名": "陈大山", "儿童姓名": "陈月", "身份证号码": 陈月号码}
SQLITE_ONLY = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # nothing of the store is asked


# --- a month of birth ---


@pytest.mark.parametrize("written", ["2015.10", "2015年10月", "201510", 2015.1, 2015, "2015年"])
@SQLITE_ONLY
def test_a_month_of_birth_leaves_the_day_to_the_number(主任: Desk, what_lies_there: Look, written: str | float) -> None:
    """出生年月 tells no day; 2015.1 in a cell of numbers is October too."""
    imported(主任, 陈月)
    assert previewed(主任, {**陈月, "出生年月": written}) == [("无变化", "")]
    陈星 = {**陈月, "儿童姓名": "陈星", "身份证号码": make_identity_number(date(2015, 10, 13), "1", serial=32), "出生年月": written}
    assert previewed(主任, 陈星) == [("新增", "")] or "按村和户主姓名归入" in 主任.page.text
    assert "只写到月" not in 主任.page.text and "不一致" not in 主任.page.text
    主任.press("确认导入")
    assert [str(day) for (day,) in what_lies_there("SELECT birth_date FROM student WHERE name LIKE '陈%' ORDER BY id")] == [
        "2015-10-12", "2015-10-13"]


@SQLITE_ONLY
def test_a_month_of_birth_that_the_number_does_not_have_is_said_also_when_the_preview_is_made_anew(
        主任: Desk, 网格员: Desk, what_lies_there: Look) -> None:
    主任.upload(roster({**陈月, "出生年月": "2015年9月"}), "名单.xlsx")
    form = dict(主任.page.form("确认导入").fields)
    address = 主任.page.address
    imported(网格员, {**陈月, "儿童姓名": "陈阳", "身份证号码": make_identity_number(date(2014, 1, 2), "1", serial=33)})
    主任.post(f"{address}/confirm", form)
    assert "请再看一遍预览" in 主任.page.text, "the family stands now"
    [row] = 主任.preview().values()
    for said in ("只写到月，暂按当月1日登记", "与身份证号中的出生日期不一致"):
        assert row["说明与变化"].count(said) == 1, "once, however often the preview was made"
    主任.press("确认导入")
    assert str(what_lies_there("SELECT birth_date FROM student WHERE name = '陈月'")[0][0]) == "2015-09-01"


@pytest.mark.parametrize(("written", "said"), [
    (2015.1, "看不出是几月几日"), ("2015", "只有年份"), ("2015.13", "并不存在"), ("2099.1", "还没有到"), ("2015.9", "")])
@SQLITE_ONLY
def test_a_month_of_birth_without_a_number_is_read_as_before(主任: Desk, written: str | float, said: str) -> None:
    [(outcome, why)] = previewed(主任, {**陈月, "身份证号码": None, "出生年月": written})
    assert (outcome, said in why) == ("拒收" if said else "新增", True)
    assert said or "只写到月，暂按当月1日登记" in why


@pytest.mark.parametrize("written", ["2015.10", "2015年10月", 2015.1, "2015"])
@pytest.mark.parametrize("number", [陈月号码, None], ids=["has a number", "has none"])
@SQLITE_ONLY
def test_a_month_of_birth_finds_the_child_who_stands(
        主任: Desk, what_lies_there: Look, written: str | float, number: str | None) -> None:
    """陈月 has no number in the later list, which tells the month alone: she is no second child."""
    imported(主任, {**陈月, "身份证号码": number, "出生日期": "2015-10-12"})
    later = {**陈月, "身份证号码": None, "出生年月": written}
    [(outcome, said)] = previewed(主任, later)
    assert outcome == "无变化" and "只写到月" not in said
    imported(主任, {**later, "班级": "3班"})
    assert [(str(day), room) for day, room in what_lies_there(
        "SELECT birth_date, class_name FROM student WHERE name = '陈月'")] == [("2015-10-12", "3班")]
    [(outcome, _)] = previewed(主任, {**later, "出生年月": "2015.9"})
    assert outcome == "新增", "the control: another month is another child"


@SQLITE_ONLY
def test_a_month_of_birth_that_two_children_have_is_asked_about(主任: Desk) -> None:
    imported(主任, 陈月, {**陈月, "身份证号码": make_identity_number(date(2015, 10, 13), "2", serial=35)})
    for written in ("2015.10", "2015"):
        [(outcome, said)] = previewed(主任, {**陈月, "身份证号码": None, "出生年月": written})
        assert outcome == "拒收" and said == "出生年月：本村有 2 个孩子同名、同年月出生，没有写明日期，分不清是哪一个。" \
                                           "请写明出生年月日，或补上身份证号。"
    [(outcome, _)] = previewed(主任, {**陈月, "身份证号码": None, "出生日期": "2015-10-13"})
    assert outcome == "无变化", "the control"


# --- words for nothing ---


@pytest.mark.parametrize("written", ["无", "暂无", "未上户", "—", "//"])
@SQLITE_ONLY
def test_a_child_whose_number_is_written_as_none_is_registered_without_one(
        主任: Desk, what_lies_there: Look, written: str) -> None:
    listed = {**陈月, "身份证号码": written, "出生日期": "2015-10-12", "监护人姓名": "陈大山", "联系电话": written}
    [(outcome, said)] = previewed(主任, listed)
    assert outcome == "新增" and said == "身份证号码：没有身份证号，按“未取得户籍或无证件”登记。请尽快协助办理落户。"
    主任.press("确认导入")
    assert what_lies_there("SELECT s.identity_kind, s.identity_index, g.phone FROM student s JOIN guardian g "
                           "ON g.student_id = s.id WHERE s.name = '陈月'") == [("Z", None, None)]
    [(outcome, said)] = previewed(主任, {**listed, "身份证号码": "在办"})
    assert outcome == "拒收" and "不该出现的字符" in said, "the control"


# --- schools ---


@pytest.mark.parametrize(("name", "grade", "kind"), [
    ("青山第二小学", "八年级", "211"), ("青山初级中学", "七年级", "311"), ("青山一中", None, "311"), ("青山九年一贯制学校", None, "312"),
    ("青山中学附属小学", None, "211"), ("青山第一中心校", None, "211"), ("青山特殊教育学校", None, "514"), ("青山小学教学点", None, "218"),
    ("青山幼儿园", None, "111"), ("青山实验学校", "八年级", "311"), ("青山实验学校", "四年级", "211"), ("青山实验学校", None, "211")])
@SQLITE_ONLY
def test_a_new_school_is_of_the_kind_that_its_name_says_else_its_pupils(
        主任: Desk, what_lies_there: Look, name: str, grade: str | None, kind: str) -> None:
    imported(主任, {**陈月, "学校": name, "年级": grade, "备注": "学校已核对"})
    assert what_lies_there(f"SELECT kind FROM school WHERE name = '{name}'") == [(kind,)]


@SQLITE_ONLY
def test_a_school_is_known_by_the_end_of_its_name_where_one_alone_has_it(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**陈月, "学校": "示范县第一小学"})
    陈星 = {**陈月, "户主姓名": "陈小山", "儿童姓名": "陈星", "身份证号码": make_identity_number(date(2015, 10, 13), "1", serial=32)}
    [(outcome, said)] = previewed(主任, {**陈星, "学校": "第一小学", "是否在校": "是"})
    assert outcome == "新增" and said.startswith("学校：“第一小学”按系统中的“示范县第一小学”登记")
    主任.press("确认导入")
    assert what_lies_there("SELECT k.name, s.schooling_state FROM student s JOIN school k ON k.id = s.school_id "
                           "WHERE s.name = '陈星'") == [("示范县第一小学", "enrolled")]
    assert "会新增学校“小学”" in previewed(主任, {**陈星, "学校": "小学"})[0][1] or "会新增这所学校" in 主任.page.text
    imported(主任, {**陈星, "户主姓名": "陈三", "儿童姓名": "陈辰", "学校": "邻县第一小学",
                  "身份证号码": make_identity_number(date(2015, 10, 13), "1", serial=34)})
    [(_, said)] = previewed(主任, {**陈星, "学校": "第一小学"})
    assert "按系统中的" not in said and "不知是哪一所：示范县第一小学、邻县第一小学" in said, "of two none is guessed"


@SQLITE_ONLY
def test_a_school_is_known_by_what_people_call_it_in_short(主任: Desk) -> None:
    for name in ("示范县第二小学", "示范县第十一中学", "邻县实验小学"):
        主任.open("/admin/school/new/")
        主任.press("保存", name=name, kind="211", region_code="990101400000")
    for written, school in (("二小", "示范县第二小学"), ("县二小", "示范县第二小学"), ("第二小", "示范县第二小学"),
                            ("2小", "示范县第二小学"), ("示范二小", "示范县第二小学"), ("第2小学校", "示范县第二小学"),
                            ("十一中", "示范县第十一中学"), ("实验小", "邻县实验小学"), ("实小", "邻县实验小学")):
        [(outcome, said)] = previewed(主任, {**陈月, "学校": written})
        assert outcome == "新增" and f"“{written}”按系统中的“{school}”登记" in said, written
    for written in ("三小", "青山二小", "二中", "第一小学"):
        [(_, said)] = previewed(主任, {**陈月, "学校": written})
        assert "按系统中的" not in said and "会新增" in said and "相近" not in said, written
    [(_, said)] = previewed(主任, {**陈月, "学校": "二小（东校区）"})
    assert "名称相近的学校“示范县第二小学”" in said
    主任.open("/admin/school/new/")
    主任.press("保存", name="城区第二小学", kind="211", region_code="990101400000")
    [(_, said)] = previewed(主任, {**陈月, "学校": "县二小"})
    assert "“县二小”按系统中的“示范县第二小学”登记" in said, "what stands before it tells which"
    [(_, said)] = previewed(主任, {**陈月, "学校": "二小"})
    assert "不知是哪一所：" in said and "按系统中的" not in said


@pytest.mark.parametrize("written", ["外地上学（太原）", "在外就读", "无", "没有", "未上学"])
@SQLITE_ONLY
def test_what_says_that_there_is_no_school_is_none(主任: Desk, what_lies_there: Look, written: str) -> None:
    [(outcome, said)] = previewed(主任, {**陈月, "学校": written, "是否在校": "否"})
    assert outcome == "新增" and "会新增" not in said
    assert ("不是学校名称" in said) == ("外" in written)
    主任.press("确认导入")
    assert what_lies_there("SELECT name FROM school") == [("示范小学",)]


# --- words in columns of other lists ---


CHILD = "SELECT grade, class_name, relation_to_head, current_address FROM student WHERE name = '陈月'"


@pytest.mark.parametrize(("column", "written", "grade", "class_name"), [
    ("年级", "五", "g5", None), ("年级", "初一", "g7", None), ("年级", "七年级", "g7", None), ("年级", "五（2）班", "g5", "2班"),
    ("年级班级", "五年级2班", "g5", "2班"), ("班级年级", "三(1)班", "g3", "1班"), ("年级班级", "初一（3）班", "g7", "3班"),
    ("年级、班级", "小学五年级二班", "g5", "2班"), ("年级班级", "五年级", "g5", None)])
@SQLITE_ONLY
def test_a_grade_and_a_class_are_read_from_one_cell(
        主任: Desk, what_lies_there: Look, column: str, written: str, grade: str, class_name: str | None) -> None:
    assert previewed(主任, {**陈月, column: written}) == [("新增", "")]
    assert "这些列没有导入" not in 主任.page.text
    lacking = 主任.page.text.partition("名单里没有这些列：")[2].partition("。")[0]
    assert ("年级" in lacking, "班级" in lacking) == (False, column == "年级"), lacking
    主任.press("确认导入")
    assert what_lies_there(CHILD)[0][:2] == (grade, class_name)


@SQLITE_ONLY
def test_a_class_without_its_grade_is_asked_about(主任: Desk) -> None:
    [(outcome, said)] = previewed(主任, {**陈月, "年级班级": "52班"})
    assert outcome == "新增" and "代码表中没有“52班”" in said


@SQLITE_ONLY
def test_the_relation_to_the_head_and_the_address_are_kept(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**陈月, "与户主的关系": "女儿", "家庭住址": "康宁路1号"})
    assert what_lies_there(CHILD)[0][2:] == ("30", "康宁路1号")
    [(outcome, said)] = previewed(主任, {**陈月, "与户主关系": "孙女", "现住址": "康宁路2号"})
    assert outcome == "更新" and "与户主关系 原值 女 → 改为 孙女" in said
    assert "现居住地 原值 康宁路1号 → 改为 康宁路2号" in said, "whoever brings a list may see where its children live"
    主任.press("确认导入")
    assert what_lies_there(CHILD)[0][2:] == ("42", "康宁路2号")


@SQLITE_ONLY
def test_each_word_of_a_category_goes_where_it_belongs(主任: Desk, what_lies_there: Look) -> None:
    [(outcome, said)] = previewed(主任, {**陈月, "类别": "留守、低保，孤儿、积极分子"})
    assert outcome == "新增" and said == "类别：“积极分子”没有保存。请按下拉列表中的写法填在“特殊群体”或“家庭类型”一列。"
    主任.press("确认导入")
    assert what_lies_there("SELECT f.kind FROM special_group_flag f JOIN student s ON s.id = f.student_id "
                           "WHERE s.name = '陈月' ORDER BY f.kind") == [("10",), ("21",)]
    assert what_lies_there("SELECT h.kind FROM household_hardship h JOIN household k ON k.id = h.household_id "
                           "WHERE k.head_name = '陈大山'") == [("21",)]
    assert previewed(主任, {**陈月, "类别": "无"}) == [("无变化", "")]


STATE = "SELECT schooling_state FROM student WHERE name = '陈月'"


@pytest.mark.parametrize("column", ["就读状态", "就学状态", "是否在校"])
@pytest.mark.parametrize(("written", "state", "said"), [
    ("在校", "enrolled", ""), ("在校就读", "enrolled", ""), ("不在校", "unknown", "不在校的孩子按“待核查”登记"),
    ("休学", "unknown", "“休学”不能由名单登记，这个孩子按“待核查”登记。请导入后在学生页面办理“登记休学”。"),
    ("外地就读", "unknown", "“外地就读”不能由名单登记，这个孩子按“待核查”登记。请导入后在学生页面办理“登记外地就读”。"),
    ("辍学", "unknown", "办理“报疑似辍学”，再办理“确认辍学”。"), ("缓学", "unknown", "办理“登记延缓入学”。")])
@SQLITE_ONLY
def test_a_state_of_schooling_is_read_and_one_that_a_list_may_not_set_is_named(
        主任: Desk, what_lies_there: Look, column: str, written: str, state: str, said: str) -> None:
    [(outcome, why)] = previewed(主任, {**陈月, "学校": "示范小学", column: written})
    assert outcome == "新增" and said in why and bool(said) == bool(why), why
    assert "没有“是否在校”" not in 主任.page.text and "这些列没有导入" not in 主任.page.text
    主任.press("确认导入")
    assert what_lies_there(STATE) == [(state,)]


@SQLITE_ONLY
def test_a_state_that_differs_from_the_registers_is_named_with_it(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**陈月, "学校": "示范小学", "就读状态": "在校"})
    assert previewed(主任, {**陈月, "就读状态": "正常"}) == [("无变化", "")], "the control"
    [(outcome, why)] = previewed(主任, {**陈月, "就读状态": "休学"})
    assert outcome == "无变化" and "不一致（名单“休学”，系统“在校就读”），状态没有改动" in why
    assert what_lies_there(STATE) == [("enrolled",)]


@SQLITE_ONLY
def test_the_number_of_the_school_record_and_the_registered_address_are_kept(
        主任: Desk, what_lies_there: Look) -> None:
    stored = "SELECT registered_address, student_number FROM student WHERE name = '陈月'"
    [(outcome, said)] = previewed(主任, {**陈月, "学籍号": 陈月号码, "户籍所在地": "某县某村"})
    assert outcome == "新增" and "学籍号应为 G、L 或 J 加 18 位号码" in said and "没有保存，其余照常导入" in said
    主任.press("确认导入")
    assert what_lies_there(stored) == [("某县某村", None)]
    listed = {**陈月, "学籍号": f" g{陈月号码}", "户籍地": "某县某村"}
    [(outcome, said)] = previewed(主任, listed)
    assert (outcome, said) == ("更新", "学籍号 原值 空 → 改为 （有）") and 陈月号码 not in 主任.page.text
    主任.press("确认导入")
    assert what_lies_there(stored)[0][1]
    assert previewed(主任, {**listed, "学籍号": f"G{陈月号码}"}) == [("无变化", "")]
    assert previewed(主任, {**listed, "学籍号": "无"}) == [("无变化", "")]
    主任.open(主任.open("/admin/student/?search=陈月").link("陈月"))
    assert 主任.page.facts["学籍号"].startswith("G")


KINDS = "SELECT h.kind FROM household_hardship h JOIN household k ON k.id = h.household_id WHERE k.head_name = '陈大山' " \
        "ORDER BY h.kind"


@pytest.mark.parametrize("column", ["家庭类型", "类别"])
@pytest.mark.parametrize("between", ["、", "，", "/", " "])
@SQLITE_ONLY
def test_a_family_may_be_of_several_kinds(主任: Desk, what_lies_there: Look, column: str, between: str) -> None:
    listed = {**陈月, column: between.join(("脱贫户", "持证残疾学生家庭"))}
    assert previewed(主任, listed) == [("新增", "")]
    主任.press("确认导入")
    assert what_lies_there(KINDS) == [("10",), ("31",)]
    assert previewed(主任, listed) == [("无变化", "")]
    [(outcome, said)] = previewed(主任, {**陈月, column: "农村低保、脱贫户"})
    assert (outcome, said) == ("更新", "家庭类型（增加） 原值 脱贫户、持证残疾学生家庭 → 改为 脱贫户、持证残疾学生家庭、农村低保")


@SQLITE_ONLY
def test_of_several_kinds_the_one_that_is_none_is_named(主任: Desk, what_lies_there: Look) -> None:
    [(outcome, said)] = previewed(主任, {**陈月, "家庭类型": "脱贫户、积极分子、农村低保、城镇低保"})
    assert outcome == "新增" and "代码表中没有“积极分子”" in said and "这户已有“农村低保”，这一项没有保存" in said
    主任.press("确认导入")
    assert what_lies_there(KINDS) == [("10",), ("21",)]
    assert previewed(主任, {**陈月, "家庭类型": "监测对象（脱贫不稳定户）"})[0][0] == "更新", "brackets part nothing"


@SQLITE_ONLY
def test_the_template_has_each_column_once(主任: Desk) -> None:
    page = 主任.open("/import/roster/template.xlsx")
    head = [cell for row in page.workbook()["名单"].iter_rows(min_row=3, max_row=3, values_only=True) for cell in row]
    assert {"与户主关系", "户籍地", "现居住地", "就读情况年级", "特殊群体", "户主电话", "学籍号"} <= {*head}
    assert not {"就读情况年级班级", "类别"} & {*head}


@pytest.mark.parametrize(("written", "grade", "class_name"), [("一(2)", "g1", "2班"), ("小一", "g1", None)])
@SQLITE_ONLY
def test_short_ways_of_writing_a_grade(主任: Desk, what_lies_there: Look, written: str, grade: str,
                                       class_name: str | None) -> None:
    imported(主任, {**陈月, "年级": written, "备注": "年级已核对"})
    assert what_lies_there(CHILD)[0][:2] == (grade, class_name)
