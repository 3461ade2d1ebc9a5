"""What a second list does to what stands, whose children it may touch, and how villages are named."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from models.identity_number import check_character
from seed.makers import make_identity_number
from tests import conftest
from tests.desk import Desk, roster

DATA = Path(__file__).parent.parent / "data"
康宁社区, 牧童社区, 晕山社区, 另一村 = (conftest.康宁社区, conftest.牧童社区, conftest.晕山社区, conftest.另一村)
Look = Callable[[str], list[tuple[Any, ...]]]
SQLITE_ONLY = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # nothing of the store is asked
孙悦号码 = make_identity_number(date(2015, 9, 1), "2", serial=7)
孙悦 = {"村（社区）": "康宁社区", "户编号": "0007", "户主姓名": "孙建国", "儿童姓名": "孙悦", "性别": "女",
      "民族": "汉族", "身份证号码": 孙悦号码, "出生日期": "2015-09-01",
      "监护人姓名": "孙建国", "联系电话": "19900000007",
      "学校": "示范小学", "年级": "四年级", "备注": "随祖母居住"}


def imported(desk: Desk, *children: dict[str, Any]) -> None:
    """Upload a list that must be good as a whole, and confirm it."""
    desk.upload(roster(*children), "名单.xlsx")
    assert {row["结果"] for row in desk.preview().values()} <= {"新增", "更新"}, desk.page.text
    desk.press("确认导入")
    assert "导入回执" in desk.page.text


def previewed(desk: Desk, *children: dict[str, Any]) -> list[tuple[str, str]]:
    """The outcome of each row of a list, with what is said of it."""
    desk.upload(roster(*children), "名单.xlsx")
    return [(row["结果"], row["说明与变化"].partition("将登记的内容")[0].strip()) for row in desk.preview().values()]


# --- the same list again, and a later one ---


def test_a_family_on_allowance_is_of_the_town_where_its_village_is_one(主任: Desk, what_lies_there: Look) -> None:
    kinds = "SELECT h.kind FROM household_hardship h JOIN household ON household.id = h.household_id ORDER BY h.id"
    standing = len(what_lies_there(kinds))
    imported(主任, {**孙悦, "家庭类型": "低保户"})
    主任.open(主任.open("/admin/region/?search=康宁").link("康宁社区"))
    主任.open(主任.page.link("修改"))
    主任.press("保存", settlement="主城区")
    imported(主任, {**孙悦, "户编号": "0008", "儿童姓名": "孙欣", "身份证号码": make_identity_number(date(2016, 9, 1), "2", serial=8),
                  "出生日期": "2016-09-01", "家庭类型": "低保户"})
    assert what_lies_there(kinds)[standing:] == [("21",), ("22",)]


def test_a_preview_says_where_each_new_child_would_be_registered(主任: Desk) -> None:
    主任.upload(roster(孙悦), "名单.xlsx")
    [row] = 主任.preview().values()
    assert row["登记到"] == "康宁社区 · 孙建国户（新户）"


@pytest.mark.parametrize(("written", "grade"), [
    ("四年级", "g4"), ("4年级", "g4"), ("小学四年级", "g4"), ("4", "g4"), ("４年级", "g4"), ("初二", "g8"), ("初中二年级", "g8"),
    ("8年级", "g8"),
])
def test_a_grade_is_read_as_lists_write_it(主任: Desk, what_lies_there: Look, written: str, grade: str) -> None:
    imported(主任, {**孙悦, "学校": None, "年级": written})
    assert what_lies_there("SELECT grade FROM student WHERE name = '孙悦'") == [(grade,)]


def test_a_grade_that_is_none_is_asked_about(主任: Desk) -> None:
    [(outcome, said)] = previewed(主任, {**孙悦, "年级": "十三年级"})
    assert "年级" in said, (outcome, said)


def test_a_number_that_lost_its_digits_is_refused_also_when_its_row_comes_back(主任: Desk) -> None:
    """Excel keeps 15 digits; whole again in the file of refused rows, the rest would be invented."""
    lost = next(n for n in (float(f"99072220160501{serial:04d}") for serial in range(3000))
                if identity_check(f"{int(n)}"))
    主任.upload(roster({**孙悦, "身份证号码": lost}), "名单.xlsx")
    [row] = 主任.preview().values()
    assert (row["结果"], "末尾几位已丢失" in row["说明与变化"]) == ("拒收", True)
    back = 主任.open(主任.page.link("下载拒收行"))
    said = [str(cell) for line in back.workbook().active.values for cell in line]
    assert f"{int(lost)}" not in said
    assert f"{lost:.14E}" in said
    主任.upload(back.bytes, "改过的.xlsx")
    [row] = 主任.preview().values()
    assert (row["结果"], "末尾几位已丢失" in row["说明与变化"]) == ("拒收", True)


def identity_check(number: str) -> bool:
    return number[17] == check_character(number[:17])


def test_what_is_asked_of_a_new_school_is_asked_once_and_of_two_that_may_be_meant_which(主任: Desk) -> None:
    """A district's list has one near name in five hundred rows: what is wrong with the others must be seen."""
    first, second = previewed(主任, {**孙悦, "学校": "示范路小学"}, {**孙悦, "儿童姓名": "孙安", "身份证号码": "", "出生日期": "2016-03-03",
                                                       "学校": "示范路小学"})
    assert "系统中有名称相近的学校" in first[1] and "相近" not in second[1]
    for name in ("示范县第二小学", "城区第二小学"):
        主任.open("/admin/school/new/")
        主任.press("保存", name=name, kind="211", region_code="990101400000")
        [(_, said)] = previewed(主任, {**孙悦, "学校": "第二小学"})
        assert ("按系统中的“示范县第二小学”登记" in said) == (name == "示范县第二小学"), said
    assert "“第二小学”不知是哪一所：示范县第二小学、城区第二小学" in said or "“第二小学”不知是哪一所：城区第二小学、示范县第二小学" in said


def test_a_school_named_much_like_one_that_stands_is_asked_about_before_it_is_made(主任: Desk) -> None:
    [(outcome, said)] = previewed(主任, {**孙悦, "学校": "示范路小学"})
    assert (outcome, "系统中有名称相近的学校“示范小学”" in said, "会新增学校“示范路小学”" in said) == ("新增", True, True)
    [(outcome, said)] = previewed(主任, {**孙悦, "学校": "青山实验学堂"})
    assert (outcome, "相近" in said, "会新增这所学校" in said) == ("新增", False, True), "one that is like no other"
    assert previewed(主任, 孙悦) == [("新增", "")], "the control: the school that stands"


def test_an_import_that_was_taken_back_says_so_and_asks_for_nothing_more(主任: Desk) -> None:
    wrong = {**孙悦, "儿童姓名": "错号码", "身份证号码": 孙悦号码[:-1] + ("1" if 孙悦号码[-1] != "1" else "2")}
    assert [outcome for outcome, _ in previewed(主任, 孙悦, wrong)] == ["新增", "拒收"]
    主任.press("确认导入")
    receipt = 主任.page.address
    todo = "导入时有未通过的行"
    assert todo in 主任.open("/").text
    主任.open(receipt)
    主任.press("撤销这次导入")
    assert "这次导入后来已撤销" in 主任.open(receipt).text
    assert todo not in 主任.open("/").text
    assert "已撤销" in 主任.open("/import/roster").text


def test_the_same_file_again_changes_nothing(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 孙悦)
    before = what_lies_there("SELECT count(*) FROM change_row")

    assert previewed(主任, 孙悦) == [("无变化", "")]
    assert not [b for f in 主任.page.forms for b in f.buttons if b.startswith("确认导入")]
    assert what_lies_there("SELECT count(*) FROM change_row") == before


def test_a_changed_cell_shows_before_and_after_and_is_written(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 孙悦)
    later = {**孙悦, "年级": "五年级", "联系电话": "19911112222", "备注": "随父母居住"}

    [(outcome, said)] = previewed(主任, later)

    assert outcome == "更新"
    assert "年级 原值 四年级 → 改为 五年级" in said
    assert "备注 原值 随祖母居住 → 改为 随父母居住" in said
    assert "监护人电话 原值 孙建国（有） → 改为 孙建国（另一个）" in said
    assert "19900000007" not in 主任.page.text
    assert "19911112222" not in 主任.page.text
    主任.press("确认导入")
    assert what_lies_there("SELECT grade, note FROM student WHERE name = '孙悦'") == [("g5", "随父母居住")]
    assert previewed(主任, later) == [("无变化", "")]


def test_a_blank_cell_never_erases_what_stands(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 孙悦)
    query = "SELECT grade, note, school_id, sex, ethnic_group, birth_date FROM student WHERE name = '孙悦'"
    before = what_lies_there(query)
    blank = dict.fromkeys(("性别", "民族", "联系电话", "监护人姓名", "学校", "年级", "备注"), "")

    assert previewed(主任, {**孙悦, **blank}) == [("无变化", "")]
    assert previewed(主任, {**孙悦, **blank, "班级": "3班"}) == [("更新", "班级 原值 空 → 改为 3班")]
    主任.press("确认导入")
    assert what_lies_there(query) == before


# --- the same child twice ---


def test_a_child_who_stands_twice_in_the_list_is_taken_once(主任: Desk) -> None:
    other = {**孙悦, "儿童姓名": "孙悦悦"}

    first, second = previewed(主任, 孙悦, other)

    assert first == ("新增", "")
    assert second[0] == "拒收"
    assert "与第 2 行是同一个身份证号" in second[1]


def test_a_child_who_stands_in_another_village_of_the_district_is_not_moved_by_a_list(
    主任: Desk, district: Any, what_lies_there: Look
) -> None:
    王芳 = {"村（社区）": "康宁社区", "儿童姓名": "王芳", "身份证号码": district.王芳.identity_number}

    [(outcome, said)] = previewed(主任, 王芳)
    assert outcome == "拒收"
    assert "已登记在“牧童社区”" in said  # the administrator of 城区 may know where

    [(outcome, _)] = previewed(主任, {**王芳, "村（社区）": "牧童社区"})
    assert outcome in {"更新", "无变化"}
    assert what_lies_there("SELECT region_code FROM student WHERE name = '王芳'") == [(牧童社区,)]


def test_the_refusal_of_a_child_who_stands_elsewhere_says_nothing_of_the_other_village(
    网格员: Desk, 主任: Desk, district: Any
) -> None:
    strange = {"村（社区）": "康宁社区", "儿童姓名": "王小芳", "出生日期": "2016-03-02"}

    [(outcome, said)] = previewed(网格员, {**strange, "身份证号码": district.王芳.identity_number})
    assert outcome == "拒收"
    assert "已在他处登记" in said
    for word in ("牧童", "王芳", 牧童社区, "王建国"):
        assert word not in 网格员.page.bytes.decode()

    [(outcome, said)] = previewed(主任, {**strange, "身份证号码": district.赵强.identity_number})
    assert outcome == "拒收"
    assert "已在他处登记" in said
    for word in ("东山", "赵强", 另一村):
        assert word not in 主任.page.bytes.decode()

    free = make_identity_number(date(2016, 3, 2), "2", serial=77)
    [(outcome, _)] = previewed(网格员, {**strange, "身份证号码": free})
    assert outcome == "新增"


# --- villages ---


def test_a_village_officer_imports_the_own_village_only(网格员: Desk, what_lies_there: Look) -> None:
    stranger = {**孙悦, "村（社区）": "牧童社区", "户编号": "0008",
                "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=8)}

    own, strange = previewed(网格员, 孙悦, stranger)

    assert own[0] == "新增"
    assert strange[0] == "拒收"
    assert "您的管辖范围内没有叫“牧童社区”的村（社区）" in strange[1]
    网格员.press("确认导入")
    assert what_lies_there("SELECT region_code FROM student WHERE name = '孙悦'") == [(康宁社区,)]


@pytest.mark.parametrize("written", [
    "晕山社区", "晕山", "晕山社区居委会", "晕山社区居民委员会", "晕山居委会", "晕山村",
    " 晕 山 社区 ", 晕山社区, int(晕山社区),
])
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_village_is_known_by_its_long_name_its_short_name_and_its_code(
    主任: Desk, what_lies_there: Look, written: Any
) -> None:
    imported(主任, {**孙悦, "村（社区）": written})

    assert what_lies_there("SELECT region_code FROM student WHERE name = '孙悦'") == [(晕山社区,)]


@pytest.mark.parametrize("written", ["晕", "晕山社区北区", "东山村", 另一村, 晕山社区[:9], "990101400009"])
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_what_is_no_village_of_the_district_is_refused(主任: Desk, written: str) -> None:
    [(outcome, said)] = previewed(主任, {**孙悦, "村（社区）": written})

    assert outcome == "拒收"
    assert f"没有叫“{written}”的村（社区）" in said


@SQLITE_ONLY
def test_two_villages_of_nearly_one_name_are_told_apart(主任: Desk, what_lies_there: Look) -> None:
    said = previewed(主任, {**孙悦, "村（社区）": "晕山村"})[0][1]
    assert "“晕山村”按“晕山社区”登记。如不是同一个，请写明全名后重新上传" in said, "while there is no other"
    assert previewed(主任, {**孙悦, "村（社区）": "晕山"})[0][1] == "", "a short name says nothing else"
    主任.open("/admin/region/new/")
    主任.press("保存", code="990101400250", name="晕山村村民委员会", level="村")
    for written, village in (("晕山村", "晕山村"), ("晕山行政村", "晕山村"), ("晕山村委会", "晕山村"), ("晕山村村委会", "晕山村"), ("晕山社区", "晕山社区"),
                             ("晕山居委会", "晕山社区")):
        主任.upload(roster({**孙悦, "村（社区）": written}), "名单.xlsx")
        [row] = 主任.preview().values()
        assert row["登记到"].startswith(f"{village} · "), written
        assert "按“" not in row["说明与变化"], written
    [(outcome, said)] = previewed(主任, {**孙悦, "村（社区）": "晕山"})
    assert outcome == "拒收" and "有 2 个村（社区）都叫“晕山”" in said


@SQLITE_ONLY
def test_a_short_name_of_a_village_and_a_community_is_neither(主任: Desk) -> None:
    for code, name in (("990101400251", "柳湾村民委员会"), ("990101400051", "柳湾社区居民委员会")):
        主任.open("/admin/region/new/")
        主任.press("保存", code=code, name=name)
    [(outcome, said)] = previewed(主任, {**孙悦, "村（社区）": "柳湾"})
    assert outcome == "拒收" and "有 2 个村（社区）都叫“柳湾”" in said
    for written, village in (("柳湾村", "柳湾村"), ("柳湾村委会", "柳湾村"), ("柳湾居委会", "柳湾社区"), ("柳湾社区", "柳湾社区")):
        主任.upload(roster({**孙悦, "村（社区）": written}), "名单.xlsx")
        [row] = 主任.preview().values()
        assert row["登记到"].startswith(f"{village} · "), written


# --- children without a number, and families ---


def test_a_child_without_a_number_is_known_again_by_name_and_birth_date(
    主任: Desk, what_lies_there: Look
) -> None:
    没有号码 = {**孙悦, "身份证号码": ""}
    [(outcome, said)] = previewed(主任, 没有号码)
    assert outcome == "新增"
    assert "没有身份证号" in said
    主任.press("确认导入")

    [(outcome, _)] = previewed(主任, 没有号码)
    assert outcome == "无变化"
    [(outcome, _)] = previewed(主任, {**没有号码, "出生日期": datetime(2015, 9, 2)})
    assert outcome == "新增"  # another child of the same name
    assert what_lies_there("SELECT identity_kind, identity_index FROM student WHERE name = '孙悦'") == [("Z", None)]


def test_a_child_without_a_number_who_stands_twice_in_the_list_is_taken_once(主任: Desk) -> None:
    没有号码 = {**孙悦, "身份证号码": ""}

    first, second = previewed(主任, 没有号码, 没有号码)

    assert first[0] == "新增"
    assert second[0] == "拒收"
    assert "与第 2 行" in second[1]


def test_a_child_who_has_got_a_number_is_the_child_who_had_none(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**孙悦, "身份证号码": ""})

    [(outcome, said)] = previewed(主任, 孙悦)

    assert outcome == "更新"
    assert "身份证号码 原值 空 → 改为 （有）" in said
    主任.press("确认导入")
    [(kind, index)] = what_lies_there("SELECT identity_kind, identity_index FROM student WHERE name = '孙悦'")
    assert kind == "1"
    assert index


def test_a_household_that_siblings_share_is_made_once(主任: Desk, what_lies_there: Look) -> None:
    弟弟 = {**孙悦, "儿童姓名": "孙乐", "性别": "男", "出生日期": "2018-09-01",
          "身份证号码": make_identity_number(date(2018, 9, 1), "1", serial=9)}

    imported(主任, 孙悦, 弟弟)

    [(household,)] = what_lies_there("SELECT id FROM household WHERE head_name = '孙建国'")
    assert what_lies_there("SELECT name, household_id FROM student WHERE name LIKE '孙%' ORDER BY name") == [
        ("孙乐", household), ("孙悦", household)]
    妹妹 = {**弟弟, "儿童姓名": "孙欢", "性别": "女",
          "身份证号码": make_identity_number(date(2018, 9, 1), "2", serial=9)}
    imported(主任, 妹妹)
    assert what_lies_there("SELECT count(*) FROM household WHERE head_name = '孙建国'") == [(1,)]
    assert what_lies_there("SELECT household_id FROM student WHERE name = '孙欢'") == [(household,)]


def test_what_a_list_says_that_hardly_can_be_is_said_before_it_is_confirmed(主任: Desk, what_lies_there: Look) -> None:
    [(_, said)] = previewed(主任, {**孙悦, "学校": "火星小学"})
    assert "系统中没有学校“火星小学”，确认导入时会新增这所学校" in said
    old = make_identity_number(date(2001, 1, 1), "2", serial=7)
    [(_, said)] = previewed(主任, {**孙悦, "身份证号码": old, "出生日期": "2001-01-01"})
    assert "按出生日期已" in said and "不像义务教育阶段的孩子" in said
    [(outcome, said)] = previewed(主任, {**孙悦, "是否在校": "辍学"})
    assert (outcome, "按“待核查”登记" in said) == ("新增", True)
    主任.press("确认导入")
    assert what_lies_there("SELECT schooling_state FROM student WHERE name = '孙悦'") == [("unknown",)]
    [(_, said)] = previewed(主任, {**孙悦, "儿童姓名": "孙乐", "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=9)})
    assert not [word for word in ("火星", "不像义务教育", "待核查") if word in said]


# --- lists without 户编号 ---


无户编号 = {key: value for key, value in 孙悦.items() if key != "户编号"} | {"家庭类型": "脱贫户"}
户主号码 = make_identity_number(date(1980, 3, 4), "1", serial=21)


def sibling(name: str, serial: int, **values: Any) -> dict[str, Any]:
    return {**无户编号, "儿童姓名": name, "身份证号码": make_identity_number(date(2018, 9, 1), "2", serial=serial),
            "出生日期": "2018-09-01", **values}


@pytest.mark.parametrize("head", [{}, {"户主身份证号": 户主号码}], ids=["by name", "by number"])
def test_the_same_list_without_numbers_of_families_changes_nothing(
        主任: Desk, what_lies_there: Look, head: dict[str, str]) -> None:
    listed = [{**无户编号, **head}, sibling("孙乐", 9, **head)]
    imported(主任, *listed)
    everything = [what_lies_there(f"SELECT count(*) FROM {table}")
                  for table in ("household", "household_hardship", "student", "guardian")]

    assert [outcome for outcome, _ in previewed(主任, *listed)] == ["无变化", "无变化"]

    assert everything == [what_lies_there(f"SELECT count(*) FROM {table}")
                          for table in ("household", "household_hardship", "student", "guardian")]
    assert what_lies_there("SELECT count(*) FROM household WHERE head_name = '孙建国'") == [(1,)]


def test_a_sibling_that_comes_later_joins_its_family_and_the_preview_says_by_what(
        主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 无户编号)
    [(outcome, said)] = previewed(主任, sibling("孙乐", 9))
    assert outcome == "新增"
    assert "按村和户主姓名归入已有的户“孙建国”" in said
    主任.press("确认导入")
    imported(主任, sibling("孙欢", 10, 户主身份证号=户主号码))
    assert what_lies_there("SELECT count(*) FROM household WHERE head_name = '孙建国' AND identity_index <> ''") == [(1,)]
    [(_, said)] = previewed(主任, sibling("孙喜", 11, 户主姓名="孙大国", 户主身份证号=户主号码))
    assert "登记的户主是“孙建国”，没有改动" in said
    主任.press("确认导入")

    homes = what_lies_there("SELECT DISTINCT household_id FROM student WHERE name LIKE '孙%'")
    assert len(homes) == 1
    assert what_lies_there("SELECT count(*) FROM household WHERE head_name IN ('孙建国', '孙大国')") == [(1,)]


def test_two_families_whose_heads_bear_one_name_are_not_guessed_at(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 孙悦, {**孙悦, "户编号": "0008", "儿童姓名": "孙月",
                     "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=10)})
    [(outcome, said)] = previewed(主任, sibling("孙乐", 9))
    assert (outcome, "有 2 户的户主都叫“孙建国”，按新的一户登记" in said) == ("新增", True)
    主任.press("确认导入")
    assert what_lies_there("SELECT count(*) FROM household WHERE head_name = '孙建国'") == [(3,)]
    another = sibling("孙欢", 12, 户主身份证号=户主号码)
    imported(主任, another)
    assert [outcome for outcome, _ in previewed(主任, another, sibling("孙喜", 13, 户主身份证号=户主号码))] == ["无变化", "新增"]
    主任.press("确认导入")
    assert what_lies_there("SELECT count(*) FROM household WHERE head_name = '孙建国'") == [(4,)]


def test_a_head_of_the_next_village_is_nobody_of_this_one(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, {**无户编号, "户主身份证号": 户主号码})
    imported(主任, sibling("孙乐", 9, **{"村（社区）": "牧童社区", "户主身份证号": 户主号码}))
    assert what_lies_there("SELECT region_code FROM household WHERE head_name = '孙建国' ORDER BY 1") == [
        (康宁社区,), (牧童社区,)]


def test_families_of_two_villages_may_have_the_same_number(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 孙悦, {**孙悦, "村（社区）": "牧童社区", "儿童姓名": "孙月",
                     "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=10)})

    assert what_lies_there("SELECT region_code FROM household WHERE register_number = '0007' ORDER BY 1") == [
        (康宁社区,), (牧童社区,)]


# --- a number that is mistyped, a list without numbers ---


HEADS = "SELECT head_name FROM household WHERE register_number = '0007'"


def test_a_mistyped_family_number_renames_no_strangers_family(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 孙悦)
    stranger = {**孙悦, "户主姓名": "郑大海", "儿童姓名": "郑小海", "身份证号码": None, "出生日期": "2016-05-01"}
    [(outcome, why)] = previewed(主任, stranger)
    assert outcome == "拒收" and "户编号“0007”是“孙建国”户，名单上的户主却是“郑大海”" in why
    imported(主任, {**stranger, "户编号": "0008"})
    assert what_lies_there(HEADS) == [("孙建国",)]


@pytest.mark.parametrize("own_number", ["0007", None], ids=["with its number", "without"])
@pytest.mark.parametrize("stranger_first", [True, False])
def test_nor_does_it_where_a_child_of_that_family_is_in_the_list(
        主任: Desk, what_lies_there: Look, own_number: str | None, stranger_first: bool) -> None:
    """周小舟 of 0008 is listed with 0007, the number of 孙悦's family, whose own row says its head as registered."""
    周小舟 = {**孙悦, "户编号": "0008", "户主姓名": "周大海", "监护人姓名": "周大海", "儿童姓名": "周小舟",
           "身份证号码": None, "出生日期": "2016-05-01"}
    imported(主任, 孙悦, 周小舟)
    wrong, own = {**周小舟, "户编号": "0007"}, {**孙悦, "户编号": own_number}
    said = previewed(主任, *((wrong, own) if stranger_first else (own, wrong)))
    refused, same = said if stranger_first else said[::-1]
    assert refused[0] == "拒收" and "户编号“0007”是“孙建国”户，名单上的户主却是“周大海”" in refused[1]
    assert same[0] == "无变化" and "以第" not in same[1]
    assert what_lies_there(HEADS) == [("孙建国",)]


def test_a_sibling_joins_the_family_of_its_number_and_the_preview_names_it(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 孙悦)
    主任.upload(roster({**孙悦, "户主姓名": None, "儿童姓名": "孙欣", "身份证号码": None, "出生日期": "2016-05-01"}), "名单.xlsx")
    [row] = 主任.preview().values()
    assert (row["结果"], row["登记到"]) == ("新增", "康宁社区 · 孙建国户")


def test_a_head_that_changed_is_shown_and_written_where_a_child_of_the_family_is_in_the_list(
        主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 孙悦)
    sibling = {**孙悦, "户主姓名": "孙大爷", "儿童姓名": "孙欣", "身份证号码": None, "出生日期": "2016-05-01"}
    said = previewed(主任, sibling, {**孙悦, "户主姓名": "孙大爷"})
    assert [outcome for outcome, _ in said] == ["新增", "更新"]
    assert "孙建国" in said[1][1] and "孙大爷" in said[1][1], "the row that changes the head says so"
    主任.press("确认导入")
    assert what_lies_there(HEADS) == [("孙大爷",)]


def test_a_child_whose_number_the_list_does_not_have_is_not_registered_twice(主任: Desk, what_lies_there: Look) -> None:
    imported(主任, 孙悦)
    [(outcome, why)] = previewed(主任, {**孙悦, "身份证号码": None, "年级": "五年级"})
    assert outcome == "更新" and "认作已登记的孩子" in why
    主任.press("确认导入")
    assert what_lies_there("SELECT grade FROM student WHERE name = '孙悦'") == [("g5",)]
    said = previewed(主任, 孙悦, {**孙悦, "身份证号码": None})
    assert "是同一个已登记的孩子" in said[1][1] and said[1][0] == "拒收"


def test_of_two_children_of_one_name_and_day_a_row_without_a_number_means_neither(主任: Desk) -> None:
    other = make_identity_number(date(2015, 9, 1), "2", serial=8)
    imported(主任, 孙悦, {**孙悦, "户编号": "0009", "户主姓名": "孙建军", "身份证号码": other})
    [(outcome, why)] = previewed(主任, {**孙悦, "身份证号码": None})
    assert outcome == "拒收" and "本村有 2 个孩子同名、同日出生" in why


def test_a_family_without_a_number_gets_one_that_no_other_row_has(主任: Desk, what_lies_there: Look) -> None:
    def child(name: str, number: str | None) -> dict[str, Any]:
        return {**孙悦, "户编号": number, "户主姓名": f"{name}爸", "儿童姓名": name, "身份证号码": None}

    imported(主任, child("甲甲", 康宁社区 + "0005"), child("乙乙", 康宁社区 + "0005-1"))
    imported(主任, child("丙丙", None), child("丁丁", 康宁社区 + "0006"), child("戊戊", None))
    numbers = what_lies_there("SELECT register_number FROM household WHERE head_name IN ('丙丙爸', '戊戊爸') ORDER BY id")
    assert numbers == [(康宁社区 + "0007",), (康宁社区 + "0008",)]


def test_a_special_group_is_read_as_the_template_offers_it(主任: Desk, what_lies_there: Look) -> None:
    offered = what_lies_there("SELECT code, label FROM code_item WHERE code_table = 'special_group'")
    for serial, (code, label) in enumerate(offered, 20):
        imported(主任, {**孙悦, "户编号": str(serial), "儿童姓名": "孙某", "户主姓名": f"孙{serial}", "特殊群体": label,
                      "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=serial)})
        held = what_lies_there("SELECT f.kind FROM special_group_flag f ORDER BY f.id DESC LIMIT 1")
        assert held == [(code,)], label
    comma = next(label for _, label in offered if "，" in label)
    imported(主任, {**孙悦, "特殊群体": f"{comma}、{offered[-1][1]}"})
    assert len(what_lies_there("SELECT f.id FROM special_group_flag f JOIN student s ON s.id = f.student_id "
                               "WHERE s.name = '孙悦'")) == 2
