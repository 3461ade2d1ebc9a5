"""Papers, ledger and disk keep no more than whoever reads them may know; and say enough of what was taken out."""

import re
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.attachment import Attachment
from models.batch_run import BatchRun
from models.change import Change
from models.publicity_activity import PublicityActivity
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk, command
from tests.web.test_exports_and_tasks import cells

康宁, STUDENTS = "990101400001", "/admin/student/"
UNSEEN = "\u200b" * 6
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 60


@pytest.fixture
def people(district_application, district):
    return lambda who: Desk(district_application).sign_in(who, PASSWORD)


def reasons(store, verb):
    with unscoped(store, "the ledger") as session:
        return session.scalars(select(Change.reason).where(Change.verb == verb).order_by(Change.id)).all()


# --- what a sheet and the ledger say of a list ---


@pytest.mark.parametrize("asked", ["search=李明", "search={tail}", "household_id={household}", "birth_date_from=2016-03-01"])
def test_a_masked_sheet_does_not_say_whom_it_was_asked_for(people, district, asked):
    director, child = people("城区主任"), district.李明
    tail = child.identity_number[-6:]
    address = f"{STUDENTS}export/?{asked.format(tail=tail, household=child.household_id)}"
    said = str(cells(director.download(address, grade="masked")))
    assert "（内容不记）" in said
    assert not any(word in said for word in ("李明", tail, "李建国", "2016-03-01")), said
    assert "李明" in str(cells(director.download(address, grade="working"))), "the control: the child is in it"


def test_a_condition_that_names_nobody_stands_on_the_masked_sheet(people):
    said = str(cells(people("城区主任").download(f"{STUDENTS}export/?schooling_state=enrolled", grade="masked")))
    assert "就学状态：在校就读" in said and "内容不记" not in said


def test_the_ledger_tells_which_columns_left_and_not_whose_family_was_asked_for(people, store, district):
    director = people("城区主任")
    director.download(f"{STUDENTS}export/?household_id={district.李明.household_id}&cols=name,identity_number",
                      grade="working")
    [said] = reasons(store, "export")
    assert "列：姓名、身份证号码" in said and "户：（内容不记）" in said and "李建国" not in said


def test_home_says_what_an_export_took(people):
    director = people("城区主任")
    director.download(f"{STUDENTS}export/?cols=name,sex", grade="masked")
    assert "城区学生（脱敏" in director.open("/").text


def test_the_last_line_of_a_sheet_adds_up_its_numbers(people, store):
    with unscoped(store, "two activities", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            for reached, topic in ((40, "入户宣讲"), (25, "标语上墙")):
                makers.publicity_activity(session, 康宁, reached=reached, topic=topic, handed_out=None)
    with unscoped(store, "all of them") as session:
        total = session.scalar(select(func.sum(PublicityActivity.reached)))
    rows = cells(people("康宁网格员").download("/admin/publicity_activity/export/?cols=topic,reached", grade="working"))
    last = next(row for row in rows if row and row[0] == "合计")
    assert last[1].endswith("条") and last[-1] == total == 65


# --- reasons that nobody can read ---


def test_a_reason_that_cannot_be_seen_is_none(people, store, district):
    director = people("城区主任")
    there = f"/admin/student/reveal/?id={district.李明.id}"
    director.open(there)
    assert "请写明查看的原因" in director.press("查看完整", status=400, reason=UNSEEN).text
    director.open(f"{STUDENTS}export/?cols=name")
    assert "须写明用途" in director.press("导出", status=400, grade="full", reason=UNSEEN).text
    assert reasons(store, "reveal") == [] == reasons(store, "export")
    director.open(there)
    director.press("查看完整", reason="核对学籍照片")
    assert reasons(store, "reveal") == ["核对学籍照片"], "the control"


def test_what_was_looked_at_in_full_says_until_when_and_goes_by_itself(people, district):
    director, there = people("城区主任"), f"/admin/student/details/?id={district.李明.id}"
    assert b"data-expire" not in director.open(there).bytes
    director.open(f"/admin/student/reveal/?id={district.李明.id}")
    page = director.press("查看完整", reason="核对学籍照片")
    assert district.李明.identity_number in page.text
    seconds = int(re.search(rb'data-expire="(\d+)"', page.bytes)[1])
    assert 500 < seconds <= 600
    ends = datetime.now(UTC).astimezone() + timedelta(seconds=seconds)
    assert f"完整信息显示到 {ends:%H:%M}" in page.text
    assert b"expire.js" in page.bytes


def test_a_number_in_the_reason_of_a_batch_is_kept_by_its_last_four(people, store, district):
    director = people("城区主任")
    director.open(f"{STUDENTS}?search=李明")
    form = director.page.form("办理")
    director.post(form.action, {"csrf_token": director.token, "verb": "exempt", "range": "all"})
    director.press("下一步：预览", reason=f"孩子 {district.李明.identity_number} 免予入学",
                   evidence=("证明.png", b"\x89PNG\r\n\x1a\n" + b"0" * 40))
    with unscoped(store, "what is kept") as session:
        kept = session.scalar(select(BatchRun.reason))
    assert f"尾号{district.李明.identity_number[-4:]}" in kept and district.李明.identity_number not in kept


# --- files ---


def test_a_file_that_is_refused_is_not_on_the_disk(people, store, district, district_application):
    folder = district_application.extensions["baoxue"].deployment.data_dir / "attachments"

    def kept():
        return sorted(path.name for path in folder.rglob("*") if path.is_file())

    officer, there = people("康宁网格员"), f"/admin/student/details/?id={district.李明.id}"
    before = kept()
    for name, content in (("照片.heic", b"\x00\x00\x00\x18ftypheic" + b"0" * 40), ("程序.exe", b"MZ" + b"0" * 40),
                          ("假照片.png", JPEG), ("空.jpg", b"")):
        officer.open(there)
        officer.press("上传", file=(name, content))
        assert kept() == before, name
    officer.open(there)
    officer.press("上传", file=("户口簿.jpg", JPEG))
    with unscoped(store, "the paper") as session:
        paper = session.scalar(select(Attachment).where(Attachment.filename == "户口簿.jpg"))
        assert kept() == sorted([*before, paper.sha256]), "the control"
        stored = next(path for path in folder.rglob(paper.sha256))
    assert stored.read_bytes() == JPEG


def test_no_account_is_made_whose_password_cannot_be_written_down(district_application, tmp_path):
    listing, out = tmp_path / "账号.csv", tmp_path / "密码.csv"
    listing.write_text('用户名,姓名,角色,区划\nnew01,"张,三",村干部,康宁社区\n', "utf-8")
    said = command(district_application, "account", "load", listing, "--out", tmp_path / "没有" / "密码.csv", exit_code=1)
    assert "不能写入" in said and "Traceback" not in said
    out.write_text("别人的文件", "utf-8")
    assert "不能写入" in command(district_application, "account", "load", listing, "--out", out, exit_code=1)
    assert out.read_text("utf-8") == "别人的文件"
    out.unlink()
    command(district_application, "account", "load", listing, "--out", out)
    head, line = out.read_text("utf-8-sig").splitlines()
    assert head == "用户名,姓名,初始密码" and line.startswith('new01,"张,三",')
    assert out.stat().st_mode & 0o077 == 0


# --- the ledger ---


def test_a_day_that_cannot_be_read_is_said_so_in_the_ledger(people):
    director = people("城区主任")
    page = director.open("/changes/?since=abc")
    assert "“abc”看不懂" in page.text and "放宽时间" not in page.text
    assert "没有符合条件的变更" in director.open("/changes/?since=2090-01-01").text


def test_a_number_in_groups_finds_the_child(people, district):
    director, number = people("城区主任"), district.李明.identity_number
    for written in (number, f"{number[:6]} {number[6:14]} {number[14:]}", f"{number[:6]}-{number[6:14]}-{number[14:]}"):
        director.open(f"{STUDENTS}?{urlencode({'search': written})}")
        assert [row["姓名"] for row in director.page.table("姓名")] == ["李明"], written


def test_a_decision_without_a_time_limit_is_not_overdue(people):
    director = people("城区主任")

    def overdue():
        return next((text for text, _ in director.open("/").links if "问责整改已过期限" in text), "")

    def decided(who, **more):
        director.open("/admin/accountability_record/new/")
        director.press("保存", region_code=康宁, subject=who, subject_kind="1", situation="2")
        director.open(director.open(director.page.address).link("作出决定"))
        director.press("作出决定", form="12", decided_by="区教育局", decided_on="20261001", **more)

    decided("康宁社区")
    decided("晕山社区", rectify_by=f"{date.today()}")
    assert overdue() == "", "nor one whose last day is today"
    decided("牧童社区", rectify_by="20261015")
    assert "1" in overdue()


def test_the_receipt_of_a_batch_says_what_its_undo_left(people, store, district):
    director = people("城区主任")
    with unscoped(store, "three children nobody knows of", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            for name in ("曾甲", "曾乙", "曾丙"):
                makers.student(session, 康宁, name, schooling_state="unknown")
    director.open(f"{STUDENTS}?schooling_state=unknown")
    form = director.page.form("办理")
    director.post(form.action, {"csrf_token": director.token, "verb": "confirm_never_enrolled", "range": "all"})
    director.press("下一步：预览", reason="入户核实")
    director.press("确认失学")
    receipt = director.page.address
    with unscoped(store, "one of them") as session:
        child = session.scalar(select(Student.id).where(Student.name == "曾丙"))
    director.open(director.open(f"/admin/student/details/?id={child}").link("复学（入学）"))
    director.press("复学（入学）", school_id=str(district.school_id), evidence=("证明.jpg", JPEG))
    director.open(receipt)
    director.press("撤销")
    said = director.open(receipt).text
    assert "这次办理后来已撤销：恢复 2 条，1 条没有动" in said


def test_the_order_of_a_masked_sheet_does_not_tell_who_is_older(people):
    """By birth 王芳 would stand before 李明; masked, they stand in the order of their villages."""
    def first(grade):
        sheet = people("城区主任").download(f"{STUDENTS}export/?sort=birth_date&desc=1&cols=name", grade=grade)
        return [row[1] for row in sheet.workbook().active.values if row[0] == 1]

    assert first("working") == ["王芳"], "the control"
    assert first("masked") == ["李*"]
