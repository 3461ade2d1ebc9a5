"""What comes out of an uploaded file, and what a clerk is told when nothing can."""

import io
import subprocess
import sys
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest
import xlsxwriter

from admin_app.exchange import reader_process
from admin_app.exchange.reader import RawCell, RawSheet, ReadLimits, UnreadableFile, read_table

DATA = Path(__file__).parent.parent / "data"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def read(content: bytes, where: Path, name: str = "花名册.xlsx", **limits: int) -> list[RawSheet]:
    path = where / "upload"
    path.write_bytes(content)
    return read_table(path, filename=name, limits=ReadLimits(**limits))


def refusal(content: bytes, where: Path, name: str = "花名册.xlsx", **limits: int) -> str:
    with pytest.raises(UnreadableFile) as refused:
        read(content, where, name, **limits)
    message = refused.value.message
    assert message.startswith(f"文件“{name}”")
    assert "请" in message
    return message


def cells(content: bytes, where: Path, name: str = "花名册.xlsx") -> list[tuple[RawCell, ...]]:
    [sheet] = read(content, where, name)
    assert [row.number for row in sheet.rows] == list(range(1, len(sheet.rows) + 1))
    return [row.cells for row in sheet.rows]


def workbook(rows: str, *, root: str = "worksheet", before: str = "") -> bytes:
    """A workbook written by hand; `rows` is the XML inside its only sheet."""
    members = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="甲" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'<?xml version="1.0"?>{before}<{root} xmlns="{MAIN}">'
        f"<sheetData>{rows}</sheetData></{root}>",
    }
    return package(members)


def document(rows: str) -> bytes:
    """An ods document written by hand."""
    names = "".join(
        f' xmlns:{n}="urn:oasis:names:tc:opendocument:xmlns:{n}:1.0"'
        for n in ("office", "table", "text")
    )
    return package(
        {
            "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
            "META-INF/manifest.xml": "<manifest/>",
            "content.xml": f"<office:document-content{names}><office:body><office:spreadsheet>"
            f'<table:table table:name="甲">{rows}</table:table></office:spreadsheet>'
            "</office:body></office:document-content>",
        }
    )


def package(members: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return content.getvalue()


ONE_CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>姓名</t></is></c></row>'
FAR_CELL = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'


# What comes out


def test_the_roster_has_all_its_rows_under_their_excel_numbers() -> None:
    [sheet] = read_table(DATA / "适龄儿童花名册.xlsx", filename="适龄儿童花名册.xlsx")

    assert sheet.name == "花名册"
    assert [row.number for row in sheet.rows] == list(range(1, 548))
    assert sheet.rows[0].cells == ("左权县城区义务教育阶段适龄儿童少年花名册",)
    assert sheet.rows[4].cells[:10] == (
        1.0, "营盘社区居民委员会", "1407224000040001", "何勇", "990722198312127257",
        "何欣远", "女", "回族", "990722201802066607", "2018.02.06",
    )  # fmt: skip
    assert sheet.rows[5].cell(9) == date(2014, 5, 10)
    assert sheet.rows[41].cell(5) == '=HYPERLINK("http://127.0.0.1/","点")'
    assert sheet.rows[544].cell(19) is None


def test_every_sheet_of_a_workbook_comes_in_order() -> None:
    sheets = read_table(DATA / "在校学生点名册.xlsx", filename="点名册.xlsx")

    assert [(s.name, len(s.rows)) for s in sheets] == [
        ("示范小学", 97), ("城区第二小学", 126), ("城区初级中学", 91), ("育才九年制学校", 208),
    ]  # fmt: skip


def test_an_old_xls_is_read_like_any_other() -> None:
    [sheet] = read_table(DATA / "学籍系统导出.xls", filename="学籍系统导出.xls")

    assert len(sheet.rows) == 534
    assert sheet.rows[1].cells[4:6] == ("G990722201802066607", "何欣远")


def test_a_csv_in_gb18030_loses_the_tabs_that_guard_its_numbers() -> None:
    [sheet] = read_table(DATA / "户籍适龄人口.csv", filename="户籍适龄人口.csv")

    assert len(sheet.rows) == 541
    assert sheet.rows[1].cells == (
        "何欣远", "女", "990722201802066607", "回族", "营盘社区居民委员会", "何勇",
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_text_is_read_in_any_usual_encoding_and_separator(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    text = f'姓名{separator}备注\r\n\r\n张𠮷{separator}"一{separator}二\n三"\r\n'

    assert cells(text.encode(encoding), tmp_path, "名单.txt") == [
        ("姓名", "备注"),
        (),
        ("张𠮷", f"一{separator}二\n三"),
    ]


def test_a_csv_number_wrapped_in_a_formula_to_keep_its_digits_is_unwrapped(tmp_path: Path) -> None:
    assert cells('姓名,号码\n张三,="0012"\n'.encode(), tmp_path)[1] == ("张三", "0012")


def test_the_name_of_a_file_does_not_matter(tmp_path: Path) -> None:
    roster = (DATA / "适龄儿童花名册.xlsx").read_bytes()
    export = (DATA / "学籍系统导出.xls").read_bytes()

    assert len(read(roster, tmp_path, "花名册.xls")[0].rows) == 547
    assert len(read(export, tmp_path, "学籍.xlsx")[0].rows) == 534
    assert cells("姓名,班级\n张三,1班\n".encode(), tmp_path, "名单.xlsx")[1] == ("张三", "1班")


def test_cells_keep_their_types_rows_their_numbers_and_hidden_sheets_are_marked(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    book = xlsxwriter.Workbook(path)
    book.add_worksheet("隐藏").write(0, 0, "代码")
    sheet = book.add_worksheet("名单")
    book.add_worksheet("空表")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet.write_row(4, 2, ["文字", 1.5, True])
    sheet.write_datetime(5, 2, datetime(2014, 5, 10), day)
    sheet.write_datetime(5, 3, datetime(2014, 5, 10, 8, 30), day)
    sheet.write_formula(5, 4, "=1+1", None, 2)
    sheet.write_string(5, 5, "=1+1")
    sheet.merge_range(6, 2, 8, 2, "户主")
    sheet.activate()
    book.worksheets()[0].hide()
    book.close()

    hidden, found = read_table(path, filename="book.xlsx")

    assert (hidden.name, hidden.hidden, found.name, found.hidden) == ("隐藏", True, "名单", False)
    assert [row.cells for row in found.rows] == [
        (), (), (), (),
        (None, None, "文字", 1.5, True),
        (None, None, date(2014, 5, 10), datetime(2014, 5, 10, 8, 30), 2.0, "=1+1"),
        (None, None, "户主"),
    ]  # fmt: skip
    assert found.rows[4].number == 5
    assert found.merged == ((2, 7, 9),)


def test_cells_that_do_not_say_where_they_stand_are_still_read(tmp_path: Path) -> None:
    content = workbook("<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>")

    assert cells(content, tmp_path) == [(1.0, 2.0), (3.0,)]


def test_a_format_that_runs_down_to_the_last_row_and_column_does_no_harm(tmp_path: Path) -> None:
    content = workbook(ONE_CELL + '<row r="1048576"><c r="XFD1048576" s="1"/></row>')

    assert cells(content, tmp_path) == [("姓名",)]


def test_an_ods_document_may_fill_its_page_with_repeated_blanks(tmp_path: Path) -> None:
    content = document(
        '<table:table-row><table:table-cell office:value-type="string"><text:p>姓名</text:p>'
        '</table:table-cell><table:table-cell table:number-columns-repeated="16383"/>'
        '</table:table-row><table:table-row table:number-rows-repeated="1048575">'
        '<table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    )

    assert cells(content, tmp_path) == [("姓名",)]


# What is refused


def test_an_empty_file_is_named_as_such(tmp_path: Path) -> None:
    assert "空文件" in refusal(b"", tmp_path)


@pytest.mark.parametrize("content", [workbook(""), b"\r\n,,,\r\n", b"\xef\xbb\xbf"])
def test_a_file_without_content_is_named_as_such(tmp_path: Path, content: bytes) -> None:
    assert "没有内容" in refusal(content, tmp_path)


def test_a_workbook_cut_off_on_its_way_must_be_sent_again(tmp_path: Path) -> None:
    roster = (DATA / "适龄儿童花名册.xlsx").read_bytes()
    export = (DATA / "学籍系统导出.xls").read_bytes()

    assert "损坏" in refusal(roster[: len(roster) // 2], tmp_path)
    assert "损坏" in refusal(export[:4000], tmp_path)


def test_a_workbook_damaged_inside_must_be_sent_again(tmp_path: Path) -> None:
    roster = (DATA / "适龄儿童花名册.xlsx").read_bytes()

    assert "损坏" in refusal(roster[:20_000] + bytes(50) + roster[20_050:], tmp_path)


def test_a_workbook_with_a_password_says_so(tmp_path: Path) -> None:
    sealed = reader_process.OLE_MAGIC + bytes(1016) + "EncryptedPackage".encode("utf-16-le")

    assert "取消密码" in refusal(sealed + bytes(1000), tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7 text", "不是能读的表格"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "不是能读的表格"),
        (bytes(range(256)) * 4, "不是能读的表格"),
        (b"Rar!\x1a\x07\x01\x00", "先解压"),
        (package({"花名册.xlsx": "x"}), "先解压"),
        (package({"word/document.xml": "<w/>"}), "不是能读的表格"),
        (package({"xl/workbook.bin": "x"}), "另存为xlsx"),
        ("<html><table><tr><td>姓名</td></tr></table></html>".encode(), "其实是网页"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:x"/>', "另存为xlsx"),
    ],
)
def test_what_is_no_table_is_told_apart(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(content, tmp_path)


def test_one_cell_in_the_last_corner_is_refused_by_its_place(tmp_path: Path) -> None:
    assert "第1048576行还有内容" in refusal(workbook(ONE_CELL + FAR_CELL), tmp_path)


@pytest.mark.parametrize(
    "rows",
    [
        FAR_CELL.replace(" r=", "\n r = ").replace('"XFD1048576"', "'XFD1048576'"),
        FAR_CELL.replace('r="XFD', 's="0" r="&#88;FD'),
        '<row r="1048576"><c><v>1</v></c></row>',
        FAR_CELL.replace("<", "<x:")
        .replace("<x:/", "</x:")
        .replace("x:row", f'x:row xmlns:x="{MAIN}"', 1),
        "<!-- a -->" + FAR_CELL,
    ],
    ids=["quotes", "entity", "row only", "prefix", "comment"],
)
def test_a_far_cell_cannot_be_hidden_by_the_way_it_is_written(tmp_path: Path, rows: str) -> None:
    assert "第1048576行还有内容" in refusal(workbook(ONE_CELL + rows), tmp_path)


def test_a_far_cell_cannot_be_hidden_under_another_root(tmp_path: Path) -> None:
    content = workbook(ONE_CELL + FAR_CELL, root="notes")

    assert "第1048576行还有内容" in refusal(content, tmp_path)


def test_a_far_cell_of_an_ods_document_is_refused_by_its_place(tmp_path: Path) -> None:
    content = document(
        '<table:table-row table:number-rows-repeated="1048575"/><table:table-row>'
        '<table:table-cell office:value-type="float" office:value="1"/></table:table-row>'
    )

    assert "第1048576行还有内容" in refusal(content, tmp_path)


def test_a_package_that_is_two_kinds_at_once_is_refused(tmp_path: Path) -> None:
    content = package({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "xl/a": ""})

    assert "损坏" in refusal(content, tmp_path)


@pytest.mark.parametrize(
    "dtd",
    [
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
    ],
)
def test_a_sheet_that_declares_entities_is_refused(tmp_path: Path, dtd: str) -> None:
    content = workbook('<row r="1"><c r="A1"><v>&a;</v></c></row>', before=dtd)

    assert "外部实体" in refusal(content, tmp_path)


def test_a_small_file_that_unpacks_to_a_huge_one_is_refused(tmp_path: Path) -> None:
    bomb = workbook(ONE_CELL + " " * 30_000_000)

    assert len(bomb) < 50_000
    assert "解开后太大" in refusal(bomb, tmp_path)


def test_a_directory_that_lies_about_the_unpacked_size_helps_nobody(tmp_path: Path) -> None:
    bomb = workbook(ONE_CELL + " " * 30_000_000)
    with zipfile.ZipFile(io.BytesIO(bomb)) as archive:
        true_size = archive.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = bomb.replace(true_size.to_bytes(4, "little"), (900).to_bytes(4, "little"))
    assert lying != bomb

    assert "解开后太大" in refusal(lying, tmp_path)


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"file_bytes": 10_000}, "太大"),
        ({"rows": 100}, "最多只能读100行"),
        ({"columns": 10}, "最多只能读10列"),
        ({"unpacked_bytes": 100_000}, "解开后太大"),
        ({"answer_characters": 10_000}, "太大"),
        ({"memory_bytes": 30 * 1024 * 1024}, "请"),
    ],
)
def test_a_roster_beyond_a_limit_is_refused_and_told_which(
    tmp_path: Path, limits: dict[str, int], said: str
) -> None:
    roster = (DATA / "适龄儿童花名册.xlsx").read_bytes()

    assert said in refusal(roster, tmp_path, "花名册.xlsx", **limits)


def test_a_csv_beyond_the_rows_allowed_is_refused(tmp_path: Path) -> None:
    assert "最多只能读100行" in refusal(b"a,b\n" * 101, tmp_path, "名单.csv", rows=100)


def test_a_csv_with_a_quotation_mark_left_open_is_refused_by_its_line(tmp_path: Path) -> None:
    content = '姓名,备注\n张三,"没有收口\n李四,无\n'.encode()

    assert "引号没有配对" in refusal(content, tmp_path, "名单.csv")


def test_a_file_that_takes_too_long_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("reader", 60)

    monkeypatch.setattr(subprocess, "run", never)

    assert "读取时间过长" in refusal(b"a,b\n", tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of memory are POSIX's")
def test_a_file_that_asks_for_too_much_memory_brings_down_only_its_reader(tmp_path: Path) -> None:
    corners = ONE_CELL + '<row r="99999"><c r="ZZ99999"><v>1</v></c></row>'

    assert "内存不够" in refusal(workbook(corners), tmp_path)


# The reading process


def test_the_reading_process_sees_no_secret_and_does_not_load_the_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAOXUE_SECRET_KEY_FILE", "/secret")
    started: list[tuple[list[str], dict[str, str]]] = []

    def watched(command: list[str], *, env: dict[str, str], **_: object) -> None:
        started.append((command, env))
        raise subprocess.TimeoutExpired(command, 60)

    monkeypatch.setattr(subprocess, "run", watched)
    refusal(b"a,b\n", tmp_path)

    [(command, environment)] = started
    assert command[:3] == [sys.executable, "-P", reader_process.__file__]
    assert not [name for name in environment if name.startswith("BAOXUE_")]
