"""Whatever is uploaded, and whenever the server dies: a Chinese sentence that says what to do, nothing
half-written, and the next try works."""

import io
import os
import signal
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from flask import Flask

from seed.makers import make_identity_number
from tests.desk import PASSWORD, Desk, command, roster

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT / "tests" / "data"
Look = Callable[[str], list[tuple[Any, ...]]]
REGISTER = ("region", "school", "household", "household_hardship", "student", "guardian", "special_group_flag",
            "change", "change_row")
EVIL = '=HYPERLINK("http://127.0.0.1/","点")'
孙悦 = {"村（社区）": "康宁社区", "户编号": "0007", "户主姓名": "孙建国", "儿童姓名": "孙悦",
      "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=7), "监护人姓名": "孙建国", "年级": "四年级"}
孙乐 = {**孙悦, "儿童姓名": "孙乐", "身份证号码": make_identity_number(date(2018, 9, 1), "1", serial=9)}
SQLITE_ONLY = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)  # nothing of the store is asked


@pytest.fixture
def 登记册(what_lies_there: Look) -> Callable[[], dict[str, int]]:
    """How many rows each table of the register and of its ledger has."""
    return lambda: {table: what_lies_there(f"SELECT count(*) FROM {table}")[0][0] for table in REGISTER}


def confirm_good_list(desk: Desk, *children: dict[str, Any]) -> None:
    """The control: a good list goes in."""
    desk.upload(roster(*(children or (孙悦,))), "名单.xlsx")
    assert "导入回执" in desk.press("确认导入").text
    assert f"成功 {len(children) or 1} 条" in desk.page.text


def test_the_list_of_another_place_is_said_to_be_one(主任: Desk) -> None:
    page = 主任.upload(roster({**孙悦, "村（社区）": "别县村"}, {**孙乐, "村（社区）": "别县村"}), "别县.xlsx")
    assert "没有一行可以导入，多错在“村（社区）”一列" in page.text
    page = 主任.upload(roster({**孙悦, "村（社区）": "别县村"}, 孙乐), "名单.xlsx")
    assert "没有一行可以导入" not in page.text, "the control: the good row goes in"


@SQLITE_ONLY
def test_a_list_is_not_called_by_a_whole_identity_number(主任: Desk, what_lies_there: Look) -> None:
    主任.upload(roster(孙悦), f"{孙悦['身份证号码']}一家.xlsx")
    assert 孙悦["身份证号码"] not in 主任.page.text and f"尾号{孙悦['身份证号码'][-4:]}" in 主任.page.text
    主任.press("确认导入")
    [(name,)] = what_lies_there("SELECT filename FROM import_run")
    assert 孙悦["身份证号码"] not in name and name.endswith("一家.xlsx")


# --- files that are no list ---


def far_cell() -> bytes:
    """A roster of 5 kB with one cell in the last corner."""
    with zipfile.ZipFile(io.BytesIO(roster(孙悦))) as good:
        members = {name: good.read(name) for name in good.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"].decode()
    corner = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    members["xl/worksheets/sheet1.xml"] = sheet.replace("</sheetData>", corner).encode()
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as bad:
        for name, member in members.items():
            bad.writestr(name, member)
    assert len(content.getvalue()) < 8_000
    return content.getvalue()


def gigabytes() -> bytes:
    """A small workbook whose one sheet unpacks to 2 GB: one packed block of spaces, over and over."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes([32]) * 2**24) + packer.flush(zlib.Z_FULL_FLUSH)
    name, body = b"xl/worksheets/sheet1.xml", block * 128 + packer.flush()
    sizes = struct.pack("<III", 0, len(body), 5_000)  # the directory tells of 5 kB
    local = b"PK\x03\x04" + struct.pack("<HHHHH", 20, 0, 8, 0, 33) + sizes + struct.pack("<HH", len(name), 0)
    central = (b"PK\x01\x02" + struct.pack("<HHHHHH", 20, 20, 0, 8, 0, 33) + sizes
               + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name)
    start = len(local) + len(name) + len(body)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), start, 0)
    return local + name + body + central + end


def hundred_thousand_rows() -> bytes:
    number = make_identity_number(date(2015, 9, 1), "2", serial=7)
    return ("村（社区）,儿童姓名,身份证号码\n" + f"康宁社区,孙悦,{number}\n" * 100_000).encode()


def without_header() -> bytes:
    book = openpyxl.Workbook()
    for row in ((1, "康宁社区", "孙悦", "女"), (2, "康宁社区", "孙乐", "男")):
        book.active.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def without_names() -> bytes:
    return roster({"村（社区）": "康宁社区", "身份证号码": 孙悦["身份证号码"], "性别": "女"})


def only_a_header() -> bytes:
    return roster(dict.fromkeys(孙悦, ""))


def password_protected() -> bytes:
    """An encrypted workbook is an OLE container with this stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016) + "EncryptedPackage".encode("utf-16-le") + bytes(1000)


BAD_FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "a list without a header": (without_header, "没有找到表头。请下载模板对照"),
    "a list without the column of names": (without_names, "缺少这些列：儿童姓名。请补上后重新上传"),
    "a header without rows": (only_a_header, "下面没有数据。请检查是否选对了文件"),
    "an empty file": (lambda: b"", "是空文件。请确认文件已保存"),
    "a password-protected workbook": (password_protected, "请在Excel或WPS里取消密码"),
    "a broken workbook": (lambda: (DATA / "适龄儿童花名册.xlsx").read_bytes()[:20_000],
                          "已损坏或没有下载完整。请用"),
    "a file that unpacks to gigabytes": (gigabytes, "解开后太大，为安全起见不能读。请只留"),
    "a cell at XFD1048576": (far_cell, "第1048576行还有内容，最多只能读100000行（含隐藏的工作表）。请删去"),
    "a hundred thousand rows": (hundred_thousand_rows, "最多只能读100000行（含隐藏的工作表）。请删去"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(400), "不是能读的表格。请上传"),
}


@SQLITE_ONLY
@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_refused_with_what_to_do_and_the_next_one_goes_in(
    主任: Desk, 登记册: Callable[[], dict[str, int]], what_lies_there: Look, kind: str
) -> None:
    make, sentence = BAD_FILES[kind]
    before = 登记册()

    page = 主任.upload(make(), "名单.xlsx", status=400)

    assert sentence in page.text
    assert 登记册() == before
    assert what_lies_there("SELECT count(*) FROM import_run") == [(0,)]
    confirm_good_list(主任)
    assert 登记册()["student"] == before["student"] + 1


@SQLITE_ONLY
def test_no_file_at_all_is_asked_for(主任: Desk, 登记册: Callable[[], dict[str, int]]) -> None:
    主任.open("/import/roster")
    before = 登记册()

    assert "请先选择文件" in 主任.press("上传并检查", status=400).text
    assert 登记册() == before


# --- a wrong file of divisions ---


@pytest.mark.parametrize(("content", "sentence"), [
    ((DATA / "适龄儿童花名册.xlsx").read_bytes(), "不是 CSV 文本。请在 Excel 中用“另存为”"),
    ((DATA / "户籍适龄人口.csv").read_bytes(), "表头里没有“区划代码”"),
    (b"", "区划文件是空的"),
    ("区划代码,名称,级别\n140722000000,左权县,县\n1.40722E+11,城区,乡镇\n".encode(),
     "第 3 行：区划代码“1.40722E+11”被 Excel"),
    ("区划代码,名称,级别\n140722400200,三家村村委会,村\n".encode(), "上级 140722400000 还没有装载。请先装载上级区划"),
], ids=["a workbook", "another list", "an empty file", "lost digits", "no parent"])
def test_a_wrong_division_file_loads_nothing(
    application: Flask, 登记册: Callable[[], dict[str, int]], tmp_path: Path, content: bytes, sentence: str
) -> None:
    wrong = tmp_path / "区划.csv"
    wrong.write_bytes(content)
    before = 登记册()

    assert sentence in command(application, "regions", "load", wrong, exit_code=1)
    assert 登记册() == before

    assert "新增 180" in command(application, "regions", "load", DATA / "divisions_140722.csv")


# --- a formula in a name ---


def test_a_formula_in_a_name_stays_text_when_stored_and_when_exported(主任: Desk, what_lies_there: Look) -> None:
    names = [EVIL, "+1+1|cmd", "-2+B3", "@SUM(A1)"]
    children = [{**孙悦, "户编号": f"010{i}", "户主姓名": name, "监护人姓名": name, "儿童姓名": name, "备注": name,
                 "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=20 + i)}
                for i, name in enumerate(names)]
    refused = {**孙悦, "村（社区）": EVIL, "儿童姓名": EVIL}

    主任.upload(as_text(*children, refused), "名单.xlsx")
    rows = 主任.preview()
    assert [row["结果"] for row in rows.values()] == ["新增"] * 4 + ["拒收"]
    assert all("像是公式，已按文字保存，没有运行，请核对" in row["说明与变化"] for row in rows.values())
    主任.press("确认导入")

    stored = {name for name, in what_lies_there("SELECT name FROM student WHERE birth_date = '2015-09-01'")}
    assert stored == set(names)
    exported = 主任.download("/admin/student/export/").workbook().active
    assert not_formulas(exported) >= set(names)
    assert not_formulas(主任.download("/admin/household/export/").workbook().active) >= set(names)
    主任.open("/import/roster")
    主任.open(主任.page.link("名单.xlsx"))
    assert EVIL in not_formulas(主任.open(主任.page.link("下载失败明细")).workbook().active)


def as_text(*children: dict[str, Any]) -> bytes:
    """A list in which every cell is text, whatever it begins with."""
    captions = list(dict.fromkeys(caption for child in children for caption in child))
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"strings_to_formulas": False}) as book:
        sheet = book.add_worksheet()
        for number, line in enumerate([captions, *([child.get(c) or "" for c in captions] for child in children)]):
            for column, text in enumerate(line):
                sheet.write_string(number, column, text)
    return content.getvalue()


def not_formulas(sheet: Any) -> set[Any]:
    """What the cells hold, none of them being a formula or a link."""
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    assert not [cell.hyperlink for cell in cells if cell.hyperlink]
    return {cell.value for cell in cells}


@SQLITE_ONLY
def test_a_real_formula_counts_as_its_last_result(主任: Desk, what_lies_there: Look) -> None:
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["村（社区）", "儿童姓名", "身份证号码"])
        sheet.write_row(1, 0, ["康宁社区", "", 孙悦["身份证号码"]])
        sheet.write_formula(1, 1, '="孙"&"悦"', None, "孙悦")

    主任.upload(content.getvalue(), "名单.xlsx")
    主任.press("确认导入")

    assert what_lies_there("SELECT count(*) FROM student WHERE name = '孙悦'") == [(1,)]


# --- confirming twice, too late, at once ---


def test_a_second_confirmation_of_the_same_preview_writes_nothing(
    主任: Desk, 登记册: Callable[[], dict[str, int]]
) -> None:
    preview = 主任.upload(roster(孙悦, 孙乐), "名单.xlsx")
    主任.press("确认导入")
    written = 登记册()

    主任.page = preview  # the browser's way back
    again = 主任.press("确认导入")

    assert "这份名单已经确认过或已放弃，没有重复写入。请查看导入结果" in again.text
    assert "成功 2 条" in again.text
    assert 登记册() == written


def test_a_preview_that_was_put_aside_is_not_confirmed(主任: Desk, 登记册: Callable[[], dict[str, int]]) -> None:
    preview = 主任.upload(roster(孙悦), "名单.xlsx")
    before = 登记册()
    主任.press("放弃")

    主任.page = preview
    assert "已经确认过或已放弃" in 主任.press("确认导入").text
    assert 登记册() == before


def test_a_preview_after_which_the_register_moved_on_is_shown_anew_and_then_confirmed(
    主任: Desk, district_application: Flask, 登记册: Callable[[], dict[str, int]], what_lies_there: Look
) -> None:
    confirm_good_list(主任, 孙悦, 孙乐)
    later = {**孙悦, "年级": "五年级"}
    主任.upload(roster(later), "名单.xlsx")
    preview = 主任.page
    康宁网格员 = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    [(pupil,)] = what_lies_there("SELECT id FROM student WHERE name = '孙悦'")
    康宁网格员.open(f"/admin/student/edit/?id={pupil}")
    康宁网格员.press("保存", grade="三年级")
    moved = 登记册()

    主任.page = preview
    again = 主任.press("确认导入")

    assert "数据已被别人修改。已按最新数据重新核对，请再看一遍预览后确认" in again.text
    assert "年级 原值 三年级 → 改为 五年级" in again.text
    assert 登记册() == moved
    stale = preview
    fresh, 主任.page = 主任.page, stale
    assert "您确认的不是最新的预览" in 主任.press("确认导入").text
    assert 登记册() == moved
    主任.page = fresh
    assert "成功 1 条" in 主任.press("确认导入").text
    assert what_lies_there("SELECT grade FROM student WHERE name = '孙悦'") == [("g5",)]


def test_a_change_to_another_child_does_not_stop_a_confirmation(
    主任: Desk, district_application: Flask, district: Any
) -> None:
    preview = 主任.upload(roster(孙悦), "名单.xlsx")
    康宁网格员 = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    康宁网格员.open(f"/admin/household/edit/?id={district.李明.household_id}")
    康宁网格员.press("保存", address="康宁路9号")

    主任.page = preview
    assert "成功 1 条" in 主任.press("确认导入").text


@pytest.mark.parametrize("numbers", [True, False], ids=["with numbers", "without numbers"])
def test_two_imports_of_the_same_children_at_once_write_them_once(
    主任: Desk, district_application: Flask, what_lies_there: Look, numbers: bool
) -> None:
    children = [{**孙悦, "儿童姓名": f"孙{name}", "出生日期": "2015-09-01",
                 "身份证号码": make_identity_number(date(2015, 9, 1), "2", serial=100 + i) if numbers else ""}
                for i, name in enumerate("甲乙丙丁戊己庚辛壬癸")]
    县主任 = Desk(district_application).sign_in("县主任", PASSWORD)
    confirm_good_list(主任, 孙悦)  # their household stands: no number of its own keeps the children apart
    for desk in (主任, 县主任):
        desk.upload(roster(*children), "名单.xlsx")
        assert "确认导入 10 条" in desk.page.text

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(at_once, (主任, 县主任)))

    done = [text for text in answers if "成功 10 条" in text]
    [told] = [text for text in answers if "成功 10 条" not in text]
    assert len(done) == 1
    assert "请再看一遍预览后确认" in told or "请返回列表核对后再试" in told
    assert what_lies_there("SELECT count(*), count(DISTINCT name) FROM student WHERE name LIKE '孙%'") == [(11, 11)]
    assert what_lies_there("SELECT count(*) FROM household WHERE head_name = '孙建国'") == [(1,)]
    confirm_good_list(县主任, 孙乐)


def at_once(desk: Desk) -> str:
    """The answer to a confirmation, whatever its status."""
    form = desk.page.form("确认导入")
    return desk.browser.post(form.action, data=form.fields, follow_redirects=True, buffered=True).get_data(True)


def test_two_imports_of_different_children_at_once_both_go_in(
    主任: Desk, district_application: Flask, what_lies_there: Look
) -> None:
    县主任 = Desk(district_application).sign_in("县主任", PASSWORD)
    主任.upload(roster(孙悦), "名单.xlsx")
    县主任.upload(roster({**孙乐, "户编号": "0008"}), "名单.xlsx")

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(at_once, (主任, 县主任)))

    assert all("成功 1 条" in text for text in answers)
    assert what_lies_there("SELECT count(*) FROM student WHERE name LIKE '孙%'") == [(2,)]


# --- the server dies ---

DYING_SERVER = """
import sys, signal
from pathlib import Path
from admin_app import create_app
from admin_app.exchange.sheets import roster_apply
from tests.desk import PASSWORD, Desk, deployment

def stuck(session, plans):
    print("in the middle", flush=True)  # families and children are written, guardians are not
    signal.pause()

roster_apply._guardians = stuck
desk = Desk(create_app(deployment(sys.argv[1], Path(sys.argv[2])))).sign_in("城区主任", PASSWORD)
desk.open(sys.argv[3])
desk.press("确认导入")
"""


def test_a_server_killed_in_the_middle_of_an_import_leaves_nothing_and_the_next_try_works(
    主任: Desk, store_url: str, tmp_path: Path, 登记册: Callable[[], dict[str, int]], what_lies_there: Look
) -> None:
    preview = 主任.upload(roster(孙悦, 孙乐), "名单.xlsx")
    before = 登记册()

    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    words = [sys.executable, "-c", DYING_SERVER, store_url, str(tmp_path / "data"), preview.address]
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "in the middle\n"
        server.send_signal(signal.SIGKILL)
        assert server.wait() == -signal.SIGKILL

    assert 登记册() == before
    assert what_lies_there("SELECT state, change_id FROM import_run") == [("checked", None)]
    主任.open(preview.address)
    assert "成功 2 条" in 主任.press("确认导入").text
    after = 登记册()
    assert after["student"] == before["student"] + 2
    assert after["guardian"] == before["guardian"] + 2
