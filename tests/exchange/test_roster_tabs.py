"""A list as districts keep it: a tab for each village, or a village's own list that says the village once, above."""

import io
import json
from pathlib import Path
from typing import Any

import openpyxl
from flask import Flask

from tests.desk import PASSWORD, Desk, command, roster

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 40
张小雨 = {"村（社区）": "康宁社区", "户主姓名": "张大雨", "儿童姓名": "张小雨", "出生日期": "2016-05-04"}
王小雪 = {"村（社区）": "牧童社区", "户主姓名": "王大雪", "儿童姓名": "王小雪", "出生日期": "2015-03-02"}


def book(**tabs: list[list[Any]]) -> bytes:
    made, content = openpyxl.Workbook(), io.BytesIO()
    made.remove(made.active)
    for name, rows in tabs.items():
        tab = made.create_sheet(name)
        for row in rows:
            tab.append(row)
    made.save(content)
    return content.getvalue()


def listed(*children: dict[str, Any], above: list[list[Any]] | None = None) -> list[list[Any]]:
    return [*(above or []), list(children[0]), *[list(child.values()) for child in children]]


def without_village(child: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in child.items() if name != "村（社区）"}


def names(desk: Desk) -> set[str]:
    return {row["姓名"] for row in desk.rows("/admin/student/", "姓名")}


def test_every_tab_is_read_and_what_is_not_is_named(主任: Desk) -> None:
    主任.upload(book(康宁=listed(张小雨), 牧童=listed(王小雪), 填表说明=[["请各村认真填写"], ["每年九月一日前报送"]],
                   汇总=[["户主姓名", "儿童姓名"], ["张大雨", "张小雨"]]), "全区.xlsx")
    assert [(row["Excel 行"], row["姓名"]) for row in 主任.page.table("Excel 行")] == [
        ("康宁 2", "张小雨"), ("牧童 2", "王小雪")]
    assert "工作表“填表说明”没有读取：没有找到表头。" in 主任.page.text
    assert "工作表“汇总”没有读取：名单中缺少这些列：村（社区）。" in 主任.page.text
    主任.press("确认导入")
    assert "成功 2 条" in 主任.page.text
    assert {"张小雨", "王小雪"} <= names(主任)


def test_a_hidden_tab_with_a_list_is_named_and_not_read(主任: Desk) -> None:
    made = openpyxl.load_workbook(io.BytesIO(book(康宁=listed(张小雨), 牧童=listed(王小雪), 代码=[["男"], ["女"]])))
    made["牧童"].sheet_state = made["代码"].sheet_state = "hidden"
    content = io.BytesIO()
    made.save(content)
    主任.upload(content.getvalue(), "全区.xlsx")
    assert "工作表“牧童”是隐藏的，没有读取" in 主任.page.text and "代码”" not in 主任.page.text
    assert [row["姓名"] for row in 主任.page.table("Excel 行")] == ["张小雨"]
    assert [row["Excel 行"] for row in 主任.page.table("Excel 行")] == ["2"], "one list, told by its rows alone"


def test_a_workbook_of_hidden_tabs_alone_has_nothing_in_it(主任: Desk) -> None:
    made = openpyxl.load_workbook(io.BytesIO(book(康宁=listed(张小雨), 说明=[])))
    made["康宁"].sheet_state = "hidden"
    content = io.BytesIO()
    made.save(content)
    主任.upload(content.getvalue(), "全区.xlsx", status=400)
    assert "里没有内容" in 主任.page.text


def test_a_village_may_be_written_behind_what_it_lies_in(主任: Desk, district_application: Flask) -> None:
    """左权县城区西街社区, as whole addresses have it; a name before it that is another place's leads nowhere."""
    def told(village: str) -> str:
        主任.upload(roster({**张小雨, "村（社区）": village}), "名单.xlsx")
        [row] = 主任.page.table("Excel 行")
        return row["结果"] if row["结果"] == "拒收" else row["登记到"].partition(" ")[0]

    assert told("城区康宁社区") == told("示范县城区康宁社区居委会") == told("示范县康宁") == "康宁社区"
    assert told("别处县康宁社区") == told("城区没有的社区") == "拒收"
    county = Desk(district_application).sign_in("县主任", PASSWORD)
    county.upload(roster({**张小雨, "村（社区）": "东山乡康宁社区"}, {**王小雪, "村（社区）": "示范县东山乡东山村"}), "名单.xlsx")
    wrong, right = county.page.table("Excel 行")
    assert "没有叫“东山乡康宁社区”的村" in wrong["说明与变化"] and right["登记到"].startswith("东山村")


def test_a_list_of_one_tab_is_told_by_its_rows_alone(主任: Desk) -> None:
    主任.upload(book(名单=listed(张小雨, 王小雪)), "名单.xlsx")
    assert [row["Excel 行"] for row in 主任.page.table("Excel 行")] == ["2", "3"]


def test_a_child_on_two_tabs_is_refused_once_and_the_other_tab_is_named(主任: Desk) -> None:
    主任.upload(book(康宁=listed(张小雨), 康宁备份=listed(张小雨)), "名单.xlsx")
    first, second = 主任.page.table("Excel 行")
    assert (first["结果"], second["结果"]) == ("新增", "拒收")
    assert "与“康宁”第 2 行的村、姓名、出生日期都相同" in second["说明与变化"]


def refused(desk: Desk) -> tuple[list[list[Any]], list[dict[str, Any]]]:
    """The file of the refused rows, whole, and its rows by caption."""
    rows = [list(row) for row in desk.open(desk.page.link("下载拒收行")).workbook().active.values]
    head = next(row for row in rows if row[0] == "序号")
    return rows, [dict(zip(head, row, strict=True)) for row in rows[rows.index(head) + 1:] if isinstance(row[0], int)]


def test_what_was_refused_comes_back_in_one_file_with_its_tab_and_goes_in_when_put_right(主任: Desk) -> None:
    """The tabs call their columns otherwise and have them in another order; one has a column more."""
    other = {"孩子姓名": "王小雪", "生日": "二〇一五", "联系方式": "19935710001", "所属村": "牧童社区", "户主": "王大雪"}
    主任.upload(book(康宁=listed({**张小雨, "出生日期": "不详年"}), 牧童=listed(other)), "名单.xlsx")
    rows, found = refused(主任)
    assert [(row["原工作表"], row["原行号"], row["儿童姓名"], row["出生日期"], row["联系方式"] or "") for row in found] == [
        ("康宁", 2, "张小雨", "不详年", ""), ("牧童", 2, "王小雪", "二〇一五", "19935710001")]
    right = [[{"二〇一五": "2015-03-02", "不详年": "2016-05-04"}.get(cell, cell) for cell in row] for row in rows]
    主任.upload(book(名单=right), "改好.xlsx")
    assert "这些列没有导入" not in 主任.page.text, "what we wrote beside the rows is no column of theirs"
    主任.press("确认导入")
    assert "成功 2 条" in 主任.page.text


def test_what_was_refused_keeps_the_village_that_the_list_said_above(主任: Desk) -> None:
    wrong = without_village({**王小雪, "出生日期": "二〇一五"})
    主任.upload(book(名单=listed(wrong, above=[["填报单位：牧童社区"]])), "牧童.xlsx")
    rows, [row] = refused(主任)
    assert row["村（社区）"] == "牧童社区"
    主任.upload(book(名单=[["2015-03-02" if cell == "二〇一五" else cell for cell in line] for line in rows]), "改好.xlsx")
    主任.press("确认导入")
    assert "王小雪" in names(主任)


def test_two_units_in_one_tab_are_not_told_apart_by_guessing(主任: Desk) -> None:
    two = [*listed(without_village(张小雨), above=[["填报单位：康宁社区"]]),
           *listed(without_village(王小雪), above=[["填报单位：牧童社区"]])]
    主任.upload(book(全区=two), "全区.xlsx", status=400)
    assert "同一张表里有几个填报单位（康宁社区、牧童社区），分不清哪些行是哪个村的" in 主任.page.text
    主任.upload(book(全区=[*listed(张小雨, above=[["填报单位：康宁社区"]]), *listed(王小雪, above=[["填报单位：牧童社区"]])]), "全区.xlsx")
    assert [row["登记到"].partition(" ")[0] for row in 主任.page.table("Excel 行")] == ["康宁社区", "牧童社区"], "the column says it"


def test_a_column_that_one_tab_lacks_is_said_of_that_tab(主任: Desk) -> None:
    主任.upload(book(甲=listed({**张小雨, "班级": "一班"}), 乙=listed(王小雪)), "名单.xlsx")
    assert "工作表“乙”没有这些列：就读情况/班级。" in 主任.page.text
    assert "班级" not in 主任.page.text.partition("名单里没有这些列：")[2].partition("。")[0]


def test_a_child_that_was_voided_is_not_written_on_by_a_list(主任: Desk, district: Any) -> None:
    address = f"/admin/student/details/?id={district.李明.id}"
    主任.open(主任.open(address).link("作废（重复、查无此人）"))
    主任.press("作废（重复、查无此人）", reason="派出所证明查无此人", evidence=("证明.png", PNG))
    row = {"村（社区）": "康宁社区", "户主姓名": "李建国", "儿童姓名": "李小明", "出生日期": "2016-03-01",
           "身份证号码": district.李明.identity_number}
    主任.upload(book(名单=listed(row)), "名单.xlsx")
    [told] = 主任.page.table("Excel 行")
    assert told["结果"] == "拒收" and "登记在已作废的“李明”名下" in told["说明与变化"]
    主任.open(f"/admin/student/edit/?id={district.李明.id}")
    主任.press("保存", identity_number="-", reason="号码是另一个孩子的")
    主任.upload(book(名单=listed(row)), "名单.xlsx")
    主任.press("确认导入")
    assert "李小明" in names(主任)


def test_a_village_officers_own_list_needs_no_column_for_the_village(网格员: Desk) -> None:
    网格员.upload(book(名单=listed(without_village(张小雨))), "本村.xlsx")
    assert "名单没有“村（社区）”一列，按您所在的村（社区）登记。" in 网格员.page.text
    assert "名单里没有这些列：村（社区）" not in 网格员.page.text
    网格员.press("确认导入")
    assert "张小雨" in names(网格员)


def test_the_unit_above_a_list_says_its_village(主任: Desk, 网格员: Desk) -> None:
    def of(unit: str) -> bytes:
        return book(名单=listed(without_village(王小雪), above=[["适龄儿童花名册"], [f"填报单位：{unit}（盖章）"]]))

    主任.upload(of("牧童社区"), "牧童.xlsx")
    assert "按填报单位“牧童社区”登记" in 主任.page.text
    assert [(row["登记到"], row["结果"]) for row in 主任.page.table("Excel 行")] == [("牧童社区 · 王大雪户（新户）", "新增")]
    网格员.upload(of("牧童社区"), "邻村的.xlsx")
    [row] = 网格员.page.table("Excel 行")
    assert row["结果"] == "拒收" and "您的管辖范围内没有叫“牧童社区”的村（社区）" in row["说明与变化"], "the list of the next village"
    主任.upload(book(名单=listed(without_village(王小雪))), "没有说.xlsx", status=400)
    assert "名单中缺少这些列：村（社区）" in 主任.page.text


def test_each_tab_may_say_its_own_village_above(主任: Desk) -> None:
    主任.upload(book(甲=listed(without_village(张小雨), above=[["填报单位：康宁社区"]]),
                   乙=listed(without_village(王小雪), above=[["填报单位：牧童社区"]])), "全区.xlsx")
    assert [row["登记到"].partition(" ")[0] for row in 主任.page.table("Excel 行")] == ["康宁社区", "牧童社区"]
    assert "工作表“甲”没有“村（社区）”一列，按填报单位“康宁社区”登记。" in 主任.page.text


def test_the_command_tells_the_tab_of_a_row(district_application: Flask, tmp_path: Path) -> None:
    path = tmp_path / "全区.xlsx"
    path.write_bytes(book(康宁=listed(张小雨), 牧童=listed({**王小雪, "出生日期": "二〇一五"})))
    told = json.loads(command(district_application, "roster", "import", path, "--as", "城区主任", "--dry-run", "--json"))
    assert [(row["sheet"], row["row"], row["outcome"]) for row in told["rows"]] == [
        ("康宁", 2, "new"), ("牧童", 2, "refused")]
    assert "“牧童”第 2 行 [拒收] 出生日期" in command(
        district_application, "roster", "import", path, "--as", "城区主任", "--dry-run")


def test_a_list_of_telephones_beside_a_villages_own_list_is_no_list_of_children(网格员: Desk) -> None:
    网格员.upload(book(名单=listed(without_village(张小雨)), 通讯录=[["姓名", "电话"], ["张建国", "19935710001"]]), "本村.xlsx")
    assert [row["姓名"] for row in 网格员.page.table("Excel 行")] == ["张小雨"]
    assert "工作表“通讯录”没有读取：名单中缺少这些列：村（社区）" in 网格员.page.text


def test_the_name_of_a_tab_stands_for_its_village_where_it_is_one(主任: Desk) -> None:
    """The full name, the spoken one and the short one; 东山 is a village of another township, 说明 is none."""
    赵小山 = without_village({**王小雪, "户主姓名": "赵大山", "儿童姓名": "赵小山"})
    主任.upload(book(康宁社区=listed(without_village(张小雨)), 牧童=listed(without_village(王小雪)),
                   晕山社区居委会=listed({**赵小山, "出生日期": "二〇一五"}), 东山村=listed(赵小山), 说明=listed(赵小山)), "全区.xlsx")
    assert [(row["Excel 行"], row["登记到"].partition(" ")[0]) for row in 主任.page.table("Excel 行")] == [
        ("康宁社区 2", "康宁社区"), ("牧童 2", "牧童社区"), ("晕山社区居委会 2", "—")]
    assert "工作表“牧童”没有“村（社区）”一列，按工作表名登记。" in 主任.page.text
    for tab in ("东山村", "说明"):
        assert f"工作表“{tab}”没有读取：名单中缺少这些列：村（社区）。" in 主任.page.text
    主任.press("确认导入")
    主任.open(主任.page.link("下载失败明细"))
    assert "晕山社区居委会" in {cell for line in 主任.page.workbook().active.values for cell in line[3:]}, "it keeps its village"
    assert {"张小雨", "王小雪"} <= names(主任)


def test_the_unit_above_and_the_column_go_before_the_name_of_a_tab(主任: Desk) -> None:
    主任.upload(book(康宁=listed(without_village(王小雪), above=[["填报单位：牧童社区"]])), "牧童.xlsx")
    assert 主任.page.table("Excel 行")[0]["登记到"].startswith("牧童社区") and "按填报单位“牧童社区”登记" in 主任.page.text
    主任.upload(book(康宁=listed(王小雪)), "牧童.xlsx")
    assert 主任.page.table("Excel 行")[0]["登记到"].startswith("牧童社区") and "按工作表名" not in 主任.page.text
    主任.upload(book(康宁=listed(without_village(张小雨))), "康宁.xlsx")
    assert "工作表“康宁”没有“村（社区）”一列，按工作表名登记。" in 主任.page.text, "also of one tab alone"
