"""What the preview of a roster says before anything is written: the columns that nobody reads, what a new child would
be, and what a word was taken for."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.services import accounts
from seed.makers import make_identity_number
from tests.desk import PASSWORD, Desk, command, roster
from tests.exchange.test_roster_rules import 孙悦, 孙悦号码, imported, previewed

Look = Callable[[str], list[tuple[Any, ...]]]
HARDSHIPS = "SELECT h.kind FROM household_hardship h JOIN household ON household.id = h.household_id ORDER BY h.id"


def test_columns_that_are_not_imported_are_named(主任: Desk) -> None:
    主任.upload(roster({**孙悦, "父亲单位": "城关小学", "班主任": "王老师"}), "名单.xlsx")
    assert "这些列没有导入：父亲单位、班主任。" in 主任.page.text
    主任.upload(roster(孙悦), "名单.xlsx")
    assert "这些列没有导入" not in 主任.page.text, "the control"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_command_too_names_the_columns_that_are_not_imported_and_those_that_a_list_lacks(
        district_application: Flask, tmp_path: Path) -> None:
    def said(*, as_json: bool = False, **more: str) -> str:
        (path := tmp_path / "名单.xlsx").write_bytes(roster({**孙悦, **more}))
        return command(district_application, "roster", "import", path, "--as", "城区主任", *(["--json"] if as_json else []))

    report = json.loads(said(as_json=True, 班主任="王老师"))
    assert report["passed_over"] == ["班主任"] and "是否在校" in report["lacking"] and {"counts", "rows"} < {*report}
    told = said(儿童姓名="孙欣", 身份证号码=make_identity_number(date(2015, 9, 1), "2", serial=8), 班主任="王老师")
    assert "这些列没有导入：班主任。" in told and "名单里没有这些列：自然村（组）、户主身份证号、" in told
    told = said(班级="3班")
    assert "没有导入" not in told and "没有这些列" not in told, "every column is read, and nobody is new"


def test_a_list_without_a_column_says_what_new_children_will_lack(主任: Desk) -> None:
    主任.upload(roster(孙悦), "名单.xlsx")
    assert "名单里没有这些列：自然村（组）、户主身份证号、" in 主任.page.text and "新登记的孩子都按“待核查”" in 主任.page.text
    imported(主任, {**孙悦, "是否在校": "是"})
    主任.upload(roster({**孙悦, "班级": "2班"}), "名单.xlsx")
    assert "名单里没有这些列" not in 主任.page.text, "nobody is new"


def test_the_preview_shows_all_that_would_be_registered_of_a_new_child(主任: Desk) -> None:
    主任.upload(roster({**孙悦, "是否在校": "是", "特殊群体": "留守儿童", "家庭类型": "农村低保"}), "名单.xlsx")
    [row] = 主任.preview().values()
    told = row["说明与变化"].partition("将登记的内容")[2]
    for said in ("女", "2015-09-01", "四年级", "示范小学", "在校就读", "孙建国", "农村低保", "随祖母居住", "汉族"):
        assert said in told, (said, told)
    assert 孙悦号码 not in 主任.page.text and "19900000007" not in 主任.page.text, "masked as everywhere"


@pytest.mark.parametrize("school", [None, "没有登记过的小学"])
def test_nobody_is_at_school_without_a_school(网格员: Desk, what_lies_there: Look, school: str | None) -> None:
    """康宁's officer may make no school: the child is registered, and is to be looked after."""
    [(outcome, said)] = previewed(网格员, {**孙悦, "是否在校": "是", "学校": school})
    assert outcome == "新增" and "按“待核查”登记" in said
    网格员.press("确认导入")
    imported(网格员, {**孙悦, "户编号": "0009", "儿童姓名": "孙欣", "出生日期": "2016-09-01", "是否在校": "是",
                   "身份证号码": make_identity_number(date(2016, 9, 1), "2", serial=8)})
    states = dict(what_lies_there("SELECT name, schooling_state FROM student WHERE name LIKE '孙%'"))
    assert states == {"孙悦": "unknown", "孙欣": "enrolled"}


def test_allowance_without_a_place_means_the_one_that_stands(主任: Desk, what_lies_there: Look) -> None:
    standing = len(what_lies_there(HARDSHIPS))
    imported(主任, {**孙悦, "家庭类型": "城镇低保"})
    assert previewed(主任, {**孙悦, "家庭类型": "低保"}) == [("无变化", "")]
    [(outcome, said)] = previewed(主任, {**孙悦, "家庭类型": "农村低保"})
    assert outcome == "无变化" and "这户已有“城镇低保”，这一项没有保存" in said
    assert what_lies_there(HARDSHIPS)[standing:] == [("22",)]


def test_two_rows_of_a_new_family_give_it_one_allowance(主任: Desk, what_lies_there: Look) -> None:
    standing = len(what_lies_there(HARDSHIPS))
    sibling = {**孙悦, "儿童姓名": "孙欣", "身份证号码": None, "出生日期": "2016-09-01", "家庭类型": "低保"}
    imported(主任, {**孙悦, "家庭类型": "城镇低保"}, sibling)
    assert what_lies_there(HARDSHIPS)[standing:] == [("22",)]


def test_one_group_written_in_two_ways_is_one_flag(主任: Desk, what_lies_there: Look) -> None:
    flags = "SELECT f.kind FROM special_group_flag f JOIN student s ON s.id = f.student_id WHERE s.name = '孙悦'"
    imported(主任, {**孙悦, "特殊群体": "留守儿童、留守、留守儿童"})
    assert what_lies_there(flags) == [("10",)]


def test_no_telephone_stands_open_among_the_reasons(主任: Desk, what_lies_there: Look) -> None:
    [(outcome, said)] = previewed(主任, {**孙悦, "联系电话": "13912345678 转 李四家"})
    assert "数字以外的内容" in said, (outcome, said)
    kept = "".join(str(messages) for (messages,) in what_lies_there("SELECT messages FROM import_row"))
    assert "数字以外" in kept.encode().decode("unicode_escape") or "数字以外" in kept
    assert "13912345678" not in kept


def test_the_rows_that_were_refused_are_given_to_whoever_brought_them_alone(district_application: Flask, 主任: Desk) -> None:
    wrong = {**孙悦, "身份证号码": 孙悦号码[:-1] + ("1" if 孙悦号码[-1] != "1" else "2")}
    previewed(主任, wrong)
    address = 主任.page.link("下载拒收行")
    with unscoped(district_application.extensions["baoxue"].engine, "a colleague", writing=True) as session:
        machine = Actor(0, "测试", Role.SYSTEM_ADMIN, "0" * 12)
        with recording(session, machine, "load"):
            accounts.make_account(session, machine, username="城区副主任", display_name="城区副主任", role="administrator",
                                  region=accounts.region_named(session, "990101400000"), password=PASSWORD,
                                  must_change=False)
    colleague = Desk(district_application).sign_in("城区副主任", PASSWORD)
    colleague.open(address.replace("/refused.xlsx", ""))
    assert "下载拒收行" not in colleague.page.text
    assert "请由导入人下载" in colleague.open(address, status=403).text
    assert "请由导入人下载" in colleague.open(address.replace("refused", "warned"), status=403).text
    assert 主任.open(address).workbook(), "the control"


def test_reminders_are_found_after_the_confirmation_and_go_in_again_as_a_sheet(主任: Desk) -> None:
    欣号码 = make_identity_number(date(2016, 9, 1), "2", serial=8)
    孙欣 = {**孙悦, "儿童姓名": "孙欣", "身份证号码": 欣号码, "出生日期": "2016-09-02"}
    wrong = {**孙悦, "儿童姓名": "错号码", "身份证号码": 孙悦号码[:-1] + ("1" if 孙悦号码[-1] != "1" else "2")}
    previewed(主任, 孙悦, 孙欣, wrong)
    assert 主任.page.link("下载提醒明细"), "before anything is written, for whoever puts the list right"
    receipt = 主任.press("确认导入").address
    assert "1 有提醒" in 主任.page.text or "1有提醒" in 主任.page.text
    sheet = 主任.page.link("下载提醒明细")
    主任.open(主任.page.link("查看提醒"))
    [row] = 主任.page.table("Excel 行")
    assert row["姓名"] == "孙欣" and "出生日期不一致，以名单为准" in row["说明与变化"]
    assert not [button for form in 主任.page.forms for button in form.buttons if button.startswith(("确认导入", "放弃"))]
    assert [row["姓名"] for row in 主任.open(主任.page.link("全部 3")).table("Excel 行")] == ["孙悦", "孙欣", "错号码"]
    assert 主任.open(receipt.removesuffix("/result")).address == receipt, "without a tab the receipt, as before"
    content = 主任.open(sheet).bytes
    assert 主任.page.filename == "名单-有提醒的行.xlsx"
    rows = [list(row) for row in 主任.page.workbook().active.values]
    head = next(row for row in rows if row[0] == "序号")
    [told] = [dict(zip(head, row, strict=True)) for row in rows[rows.index(head) + 1:] if isinstance(row[0], int)]
    assert (told["原行号"], told["儿童姓名"], told["身份证号码"]) == (3, "孙欣", 欣号码)
    assert told["提醒"] == "出生日期：与身份证号中的出生日期不一致，以名单为准。请对照户口簿核实。"
    主任.upload(content, "提醒.xlsx")
    assert "这些列没有导入" not in 主任.page.text
    assert [(row["姓名"], row["结果"]) for row in 主任.page.table("Excel 行")] == [("孙欣", "无变化")]


def test_a_list_without_reminders_has_none_on_its_receipt(主任: Desk) -> None:
    imported(主任, 孙悦)
    assert "提醒" not in 主任.page.text


def test_a_village_that_is_no_more_is_named_with_its_successor(主任: Desk) -> None:
    主任.open(主任.open("/admin/region/?search=康宁").link("康宁社区"))
    主任.open(主任.page.link("修改"))
    主任.press("保存", valid_until="2026-11-01", successor_code="990101400002")
    for written in ("康宁社区", "康宁", "990101400001"):
        [(outcome, said)] = previewed(主任, {**孙悦, "村（社区）": written})
        assert outcome == "拒收" and "“康宁社区”已撤销，请改填并入后的“牧童" in said, written
    assert previewed(主任, {**孙悦, "村（社区）": "牧童社区"})[0][0] == "新增", "the control"


def test_the_preview_says_which_facts_the_list_will_change_and_of_how_many(主任: Desk) -> None:
    """A list of last year, or numbers that slipped, show at once in what would change."""
    孙欣 = {**孙悦, "儿童姓名": "孙欣", "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=8)}
    主任.upload(roster(孙悦, 孙欣), "名单.xlsx")
    assert "将改动" not in 主任.page.text, "both are new"
    主任.press("确认导入")
    主任.upload(roster({**孙悦, "年级": "三年级", "班级": "2班"}, {**孙欣, "年级": "五年级"}), "名单.xlsx")
    assert "更新的 2 条将改动：年级 2 条、班级 1 条。" in 主任.page.text
    主任.press("确认导入")
    主任.upload(roster({**孙悦, "年级": "三年级", "班级": "2班"}), "名单.xlsx")
    assert "将改动" not in 主任.page.text, "nothing would change"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_what_is_wrong_is_said_under_the_captions_of_the_list_itself(主任: Desk) -> None:
    theirs = {{"儿童姓名": "学生姓名", "身份证号码": "证件号"}.get(caption, caption): cell for caption, cell in 孙悦.items()}
    [(outcome, said)] = previewed(主任, {**theirs, "证件号": 孙悦号码[:-1] + ("0" if 孙悦号码[-1] != "0" else "1")})
    assert outcome == "拒收" and said.startswith("证件号：")
    [(_, said)] = previewed(主任, {**theirs, "学生姓名": ""})
    assert said == "学生姓名：没有填写“学生姓名”。请补上后重新导入这一行。"
    [(_, said)] = previewed(主任, {**孙悦, "儿童姓名": ""})
    assert said == "儿童姓名：没有填写“儿童姓名”。请补上后重新导入这一行。", "the control"
