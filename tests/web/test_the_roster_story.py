"""From an empty data folder to each village's own list, and back: the story of issue 2, item 2.

One test, told once on each store, with the real divisions and the real-shaped roster of 540 children
and 26 known faults.
"""

import csv
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask import Flask

from admin_app.access.field_keys import FieldKeys
from models.base import Wall, models
from models.region import spoken_name
from tests.desk import PASSWORD, Desk, command, started

DATA = Path(__file__).parent.parent / "data"
ROSTER = DATA / "适龄儿童花名册.xlsx"
FAULTS = {int(row): fault for row, fault in json.loads((DATA / "roster_key.json").read_text())["faults"].items()}
城区, 左权县 = "140722400000", "140722000000"
亲水湾, 后窑峪 = "140722400217", "140722400218"
PUBLIC = {m.__tablename__ for m in models() if m.__wall__ is Wall.REFERENCE} | {"village"}
FILLED = {f"/admin/{table}/" for table in ("student", "household", "guardian", "special_group_flag",
                                           "household_hardship")}
NEW_SCHOOL = re.compile(r"学校：(系统中没有学校“[^”]+”，确认导入时会新增这所学校。)[；\s]*")
PHOTO = b"\xff\xd8\xff\xe0 a photograph of a certificate"

# What each kind of fault must come to: refused or not, and the words that name it. None: no words.
VERDICTS: dict[str, tuple[str, str | None]] = {
    "telephone too short": ("新增", "电话号码只有7位"),
    "formula text in the name": ("新增", "像是公式，已按文字保存"),
    "full-width digits": ("新增", "已改为标准写法"),
    "spaces inside": ("新增", "已改为标准写法"),
    "unknown village": ("拒收", "没有叫“不存在村”的村（社区）"),
    "short village name": ("新增", None),
    "check digit is wrong": ("拒收", "校验码（最后一位）不对"),
    "no identity number (child without registration)": ("新增", "没有身份证号"),
    "sex differs from the identity number": ("新增", "与身份证号中的性别不一致"),
    "birth date differs from the identity number": ("新增", "与身份证号中的出生日期不一致"),
    "no name": ("拒收", "没有填写“儿童姓名”"),
    "identity number stored as a number; last digits lost": ("拒收", "设为“文本”格式后重新填写"),
}
EXPECTED_OUTCOME = {  # of roster_key.json, in the words of the preview
    "refused": {"拒收"}, "refused or flagged, never stored as valid": {"拒收"},
    "refused with advice to store as text": {"拒收"},
    "accepted with a warning or refused, and named": {"新增", "拒收"},
}


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store in which nothing stands yet, not even a table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'data' / 'baoxue.db'}"
        return
    server = request.getfixturevalue("postgresql")
    name = server.create()
    yield server.address(name)
    server.drop(name)


@pytest.fixture
def application(store_url: str, tmp_path: Path, cipher: FieldKeys) -> Iterator[Flask]:
    (tmp_path / "data").mkdir()
    with started(store_url, tmp_path / "data", cipher) as app:
        yield app


# --- the roster, read by the test itself ---


@dataclass
class Village:
    """What the roster says of one village: children (name, birth date) and households by number."""

    code: str
    name: str
    children: list[tuple[str, str]] = field(default_factory=list)
    households: dict[str, str] = field(default_factory=dict)

    @property
    def people(self) -> set[str]:
        return {name for name, _ in self.children} | set(self.households.values())


def roster_rows() -> dict[int, tuple[Any, ...]]:
    rows = openpyxl.load_workbook(ROSTER).active.iter_rows(min_row=5, values_only=True)
    return {number: row for number, row in enumerate(rows, 5) if isinstance(row[0], int)}


def as_date(cell: Any) -> str:
    """2018.02.06, 2015年4月4日 or a date of Excel."""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    year, month, day = re.findall(r"\d+", cell)
    return date(int(year), int(month), int(day)).isoformat()


def the_27_villages() -> list[Village]:
    """The villages of 城区 with what the accepted rows of the roster say of each."""
    with (DATA / "divisions_140722.csv").open(encoding="utf-8-sig") as file:
        villages = [Village(code, name) for code, name, level in csv.reader(file)
                    if level == "村" and code.startswith(城区[:9])]
    for number, row in roster_rows().items():
        if number in FAULTS and VERDICTS[FAULTS[number]["fault"]][0] == "拒收":
            continue
        home = row[1].removesuffix("村") if FAULTS.get(number, {}).get("fault") == "short village name" else row[1]
        [village] = [v for v in villages if v.name.startswith(home)]
        village.children.append((row[5], as_date(row[9])))
        village.households.setdefault(row[2], row[3])
    return villages


# --- the story ---


def test_from_an_empty_folder_to_each_villages_own_list_and_back(
    application: Flask, tmp_path: Path, what_lies_there: Callable[[str], list[tuple[Any, ...]]]
) -> None:
    villages = the_27_villages()
    assert len(villages) == 27
    assert sum(len(v.children) for v in villages) == 531

    passwords = the_machine_is_set_up(application, tmp_path, villages)

    主任 = Desk(application).sign_in("城区主任", passwords["城区主任"], new_password=PASSWORD)
    import_page = the_roster_is_imported(主任)

    theirs = defaultdict(set)
    for village in villages:
        for other in villages:
            if other is not village:
                theirs[village.code] |= other.people
        officer = Desk(application).sign_in(village.name, passwords[village.name], new_password=PASSWORD)
        the_officer_finds_exactly_the_village(officer, village, theirs[village.code])

    亲水湾干部 = Desk(application).sign_in("亲水湾村委会", PASSWORD)
    work = a_day_of_village_work(亲水湾干部, next(v for v in villages if v.code == 亲水湾))
    后窑峪干部 = Desk(application).sign_in("后窑峪村委会", PASSWORD)
    the_next_village_stays_closed(亲水湾干部, 后窑峪干部, work)

    the_auditor_reads_the_ledger(Desk(application).sign_in("审计员", passwords["审计员"], new_password=PASSWORD),
                                 work, villages)

    the_import_is_undone(主任, import_page, work, what_lies_there)
    assert command(application, "changes", "verify").startswith("台账完整：")


def the_machine_is_set_up(application: Flask, folder: Path, villages: list[Village]) -> dict[str, str]:
    """Divisions and accounts, by command. Gives the first passwords by username."""
    said = command(application, "regions", "load", DATA / "divisions_140722.csv")
    assert said == "区划：新增 180，更新 0，相同 0。\n"  # the 县, its province and city with it
    said = command(application, "account", "add", "审计员", "--role", "auditor", "--region", "左权县")
    first = {"审计员": said.strip().rpartition("初始密码：")[2]}

    listed = folder / "账号名单.csv"
    lines = [("用户名", "姓名", "角色", "区划"), ("城区主任", "城区主任", "区划管理员", "140722400")]
    lines += [(v.name, f"{v.name}网格员", "村干部", v.code) for v in villages[1:]]
    lines.append((villages[0].name, f"{villages[0].name}网格员", "村干部", spoken_name(villages[0].name)))
    with listed.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
    said = command(application, "account", "load", listed, "--out", folder / "初始密码.csv")
    assert said == "已建 28 个账号。\n"
    with (folder / "初始密码.csv").open(encoding="utf-8-sig") as file:
        return first | {row["用户名"]: row["初始密码"] for row in csv.DictReader(file)}


def the_roster_is_imported(主任: Desk) -> str:
    """Upload, every fault by its row, the refused rows as a file, confirm. Gives the result's page."""
    page = 主任.upload(ROSTER.read_bytes(), ROSTER.name)
    assert "确认导入 531 条" in page.text
    rows = 主任.preview()
    assert list(rows) == list(roster_rows())
    new_schools = [word for row in rows.values() for word in NEW_SCHOOL.findall(row["说明与变化"])]
    assert new_schools, "each school that the register has not is said once"
    assert len(set(new_schools)) == len(new_schools)
    for number, row in rows.items():
        said = row["说明与变化"].partition("将登记的内容")[0]  # what a new child would be stands behind
        row["说明与变化"] = NEW_SCHOOL.sub("", said).strip()
        if number not in FAULTS:
            assert (row["结果"], row["说明与变化"]) == ("新增", ""), f"row {number}"
            continue
        fault = FAULTS[number]
        outcome, words = VERDICTS[fault["fault"]]
        assert row["结果"] == outcome, f"row {number}: {fault['fault']}"
        assert outcome in EXPECTED_OUTCOME.get(fault["expect"], {"新增"})
        assert row["说明与变化"] == "" if words is None else words in row["说明与变化"], f"row {number}"

    confirm_page = 主任.open(page.address)
    the_refused_rows_come_back_as_a_file(主任)
    主任.page = confirm_page
    done = 主任.press("确认导入")
    assert "成功 531 条，失败 9 条" in done.text
    return done.address


def the_refused_rows_come_back_as_a_file(主任: Desk) -> None:
    refused = sorted(n for n, f in FAULTS.items() if VERDICTS[f["fault"]][0] == "拒收")
    download = 主任.open(主任.page.link("下载拒收行"))
    assert download.filename == "适龄儿童花名册-未导入的行.xlsx"
    sheet = download.workbook().active
    assert "填报单位：城区（盖章）" in sheet["A2"].value
    captions = [c.value for c in sheet[3]]
    assert captions[1] == "原行号"
    assert captions[-1] == "错误原因"
    assert captions[0] == "序号" and captions.count("序号") == 1, "the list's own gives way to the table's"
    assert captions[2:5] == ["村（社区）", "户编号", "户主姓名"]
    assert captions[11:13] == ["监护人/姓名", "监护人/联系电话"]
    original = roster_rows()
    lines = [[c.value for c in row] for row in sheet.iter_rows(min_row=4) if isinstance(row[1].value, int)]
    assert [line[1] for line in lines] == refused
    for line in lines:
        own = original[line[1]]
        assert [line[2], line[3], line[6] or ""] == [own[1], own[2], own[5]]
        assert VERDICTS[FAULTS[line[1]]["fault"]][1] in line[-1]
    assert {c.data_type for row in sheet.iter_rows() for c in row} <= {"s", "n"}


def the_officer_finds_exactly_the_village(officer: Desk, village: Village, strangers: set[str]) -> None:
    lists = {url for _, url in officer.page.links if (found := re.fullmatch(r"/admin/(\w+)/", url))
             and found[1] not in PUBLIC}
    assert set(lists) > FILLED
    if village.code not in (亲水湾, 后窑峪):  # lists that the import does not fill are tried by two officers
        lists = {address for address in lists if address in FILLED}
    rows = {address: officer.rows(f"{address}?size=100", "操作") for address in lists}
    assert sorted((c["姓名"], c["出生日期"]) for c in rows["/admin/student/"]) == sorted(village.children), village
    assert {h["户编号"]: h["户主姓名"] for h in rows["/admin/household/"]} == village.households, village
    for address, found in rows.items():
        cells = {cell for row in found for cell in row.values()}
        assert not cells & (strangers - village.people), f"{village.name} sees a stranger at {address}"
    home = officer.open("/").text
    assert not [name for name in strangers - village.people if len(name) > 2 and name in home]


@dataclass
class Work:
    """What the officer of 亲水湾 did after the import."""

    household: str  # the page of the edited household
    child: str
    flag: str
    letter: str
    evidence: str
    head: str
    flagged: str  # the name of the child that got the flag


def a_day_of_village_work(officer: Desk, village: Village) -> Work:
    """The officer edits a household, adds a child to it, flags a special group with evidence, and marks
    a letter signed."""
    number, head = next(iter(village.households.items()))
    [found] = officer.open(f"/admin/household/?search={number}").table("户主姓名")
    assert found["户主姓名"] == head
    household = officer.page.link(head)
    officer.open(household)
    officer.open(officer.page.link("修改"))
    officer.press("保存", address="亲水湾路8号")
    assert "已保存" in officer.page.text
    assert "亲水湾路8号" in officer.page.text

    [choice] = officer.browser.get(f"/admin/household/lookup/?q={number}").json
    officer.open("/admin/student/new/")
    officer.press("保存", household_id=str(choice["id"]), name="新添的孩子", birth_date="20190105", sex="男")
    assert "已新增“新添的孩子”" in officer.page.text
    child = officer.page.address

    flagged, _ = next(c for c in village.children[1:] if village.children[0][0] != c[0])
    [choice, *_] = officer.browser.get(f"/admin/student/lookup/?q={flagged}").json
    officer.open("/admin/special_group_flag/new/")
    officer.press("保存", student_id=str(choice["id"]), kind="孤儿", since="20260301")
    flag = officer.page.address
    officer.press("上传", file=("孤儿证明.jpg", PHOTO))
    assert "已上传 1 个附件" in officer.page.text
    evidence = officer.page.link("孤儿证明.jpg")
    assert officer.open(evidence).bytes == PHOTO

    officer.open("/admin/responsibility_letter/new/")
    [home] = officer.browser.get(f"/admin/household/lookup/?q={number}").json
    officer.press("保存", number="亲水湾-2026-001", level="村（社区）—户", school_year="2026",
                  household_id=str(home["id"]), party_a="亲水湾村委会", party_b=head)
    letter = officer.page.address
    assert "待签订" in officer.page.text
    officer.open(officer.page.link("签订"))
    officer.press("签订", signed_on="2026-09-01")
    assert "已签订" in officer.page.text
    return Work(household, child, flag, letter, evidence, head, flagged)


def the_next_village_stays_closed(亲水湾干部: Desk, 后窑峪干部: Desk, work: Work) -> None:
    for address in (work.household, work.child, work.flag, work.letter, work.evidence):
        亲水湾干部.open(address)
        后窑峪干部.open(address, status=404)
    后窑峪干部.open(work.household.replace("/details/", "/edit/"), status=404)


def the_auditor_reads_the_ledger(auditor: Desk, work: Work, villages: list[Village]) -> None:
    """Who, when, where from and why; and not one name of a child."""
    acts = auditor.rows("/changes/", "经办人")
    [imported] = [a for a in acts if a["办理"] == "导入"]
    assert (imported["经办人"], imported["身份"], imported["原因"]) == (
        "城区主任", "区划管理员", "适龄儿童少年花名册：适龄儿童花名册.xlsx")
    mine = [a["办理"] for a in acts if a["经办人"] == "亲水湾村委会网格员"]
    assert mine == ["责任书：签订", "责任书：新增", "上传附件", "特殊群体标记：新增", "学生：新增", "户：修改",
                    "修改密码"]

    key = work.household.rpartition("id=")[2]
    [edited, created] = auditor.open(f"/changes/?table=household&pk={key}").table("经办人")
    assert (edited["经办人"], created["经办人"]) == ("亲水湾村委会网格员", "城区主任")
    page = auditor.open(auditor.page.link(edited["时间"]))
    facts = page.facts
    assert facts["经办人"] == "亲水湾村委会网格员（村（社区）干部）"
    assert facts["时间"] == edited["时间"]
    assert facts["来源地址"] == "127.0.0.1"
    assert "住址" in page.text
    assert "亲水湾路8号" not in page.text
    for address in (page.address, auditor.open("/changes/").address):
        shown = auditor.open(address).text
        assert not [name for v in villages for name, _ in v.children if len(name) > 2 and name in shown]
    auditor.open(work.child, status=403)


def the_import_is_undone(主任: Desk, import_page: str, work: Work,
                         what_lies_there: Callable[[str], list[tuple[Any, ...]]]) -> None:
    """From its page: what others did since stays and is listed with who and when; all else goes."""
    主任.open(import_page)
    done = 主任.press("撤销这次导入")
    assert "撤销完成" in done.text
    kept = {row["记录"].partition("：")[0]: row for row in done.table("后来的修改人")}
    assert set(kept) == {"户", "学生", "学校", "监护人"}
    for row in (kept["户"], kept["学生"]):
        assert row["后来的修改人"] == "亲水湾村委会网格员"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", row["时间"])

    names = {name for name, in what_lies_there("SELECT name FROM student")}
    assert names == {"新添的孩子", work.flagged}
    assert [head for head, in what_lies_there("SELECT head_name FROM household")].count(work.head) == 1
    guarded = "SELECT DISTINCT student.name FROM guardian JOIN student ON student.id = guardian.student_id"
    assert what_lies_there(guarded) == [(work.flagged,)], "the child that stays keeps who looks after it, and no other does"
    assert what_lies_there("SELECT state FROM responsibility_letter") == [("signed",)]
    主任.open(import_page)
    assert "撤销这次导入" not in [b for f in 主任.page.forms for b in f.buttons]
