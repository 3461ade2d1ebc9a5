"""What a review of the desk's doors found, and must not be found again."""

import time
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from admin_app import listing
from admin_app.access.masking import MASKED_TEXT, masked
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.web import exports
from admin_app.web.home import TODO
from models.account import Account
from models.accountability_record import AccountabilityRecord
from models.attachment import Attachment
from models.base import Privacy
from models.change import Change, ChangeRow
from models.code_item import CodeItem
from models.task import Task
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk

康宁, 城区 = "990101400001", "990101400000"
STUDENTS = "/admin/student/"
JPEG = b"\xff\xd8\xff\xe0" + b"photo" * 20


def desk(app, who="康宁网格员"):
    return Desk(app).sign_in(who, PASSWORD)


def engine(app):
    return app.extensions["baoxue"].engine


def seed(app, make, who="测试", region=康宁):
    with unscoped(engine(app), "rows of the tests", writing=True) as session:
        with recording(session, actor(who, Role.ADMINISTRATOR, region), "seed") as change:
            make(session)
            return change.id


def family_of(*names):
    def make(session):
        home = makers.household(session, 康宁)
        for name in names:
            makers.student(session, home, name)
    return make


# --- what a role or a grade must not see ------------------------------------------------------------


@pytest.mark.parametrize(("ledger", "columns"), [
    ("student", "name,household_id"), ("guardian", "name,student_id"), ("special_group_flag", "student_id,kind")])
def test_a_masked_export_masks_whom_a_record_points_to_as_well(district_application, ledger, columns):
    officer = desk(district_application)
    said = {grade: [c for row in officer.download(f"/admin/{ledger}/export/?cols={columns}", grade=grade)
                    .workbook().active.values for c in row if c] for grade in ("working", "masked")}
    assert any("李明" in str(c) or "李建国" in str(c) for c in said["working"])
    assert [c for c in said["masked"] if "李明" in str(c) or "李建国" in str(c)] == []


def test_a_short_text_is_masked_too(district_application):
    rows = desk(district_application, "督导老林").open("/admin/household/").table("户主姓名")
    assert {row["住址"] for row in rows} == {"康宁社…", "牧童社…", "东山…"}
    assert masked("李明的备注", Privacy.CONDITION) == MASKED_TEXT
    assert masked("E1234567", Privacy.IDENTITY) == "E1******"
    assert [masked(name, Privacy.NAME) for name in ("李建国", "南关社区居民委员会")] == ["李*国", "南关社区居民委员会"], "an office is nobody"


@pytest.fixture
def accountability(district_application):
    """An act of accountability about 康宁's own officer, with a paper; gives its number and the paper's."""

    def make(session):
        def code(table):
            return session.scalar(select(CodeItem.code).where(CodeItem.code_table == table))

        session.add(AccountabilityRecord(
            region_code=康宁, subject_kind=code("accountability_subject"), subject="康宁网格员本人",
            situation=code("accountability_situation"), facts="密告的事实"))

    seed(district_application, make)
    with unscoped(engine(district_application), "which record") as session:
        record = session.scalar(select(AccountabilityRecord.id))
    district = desk(district_application, "城区主任")
    district.open(f"/admin/accountability_record/details/?id={record}")
    district.press("上传", file=("举报.jpg", JPEG))
    with unscoped(engine(district_application), "which paper") as session:
        paper = session.scalar(select(Attachment.id).where(Attachment.owner_table == "accountability_record"))
    assert "密告的事实" in district.open(f"/admin/accountability_record/details/?id={record}").text
    assert district.open(f"/attachments/{paper}").bytes == JPEG
    return record, paper


def test_a_paper_is_open_to_whoever_may_open_its_record(district_application, accountability):
    record, paper = accountability
    officer = desk(district_application)
    officer.open(f"/admin/accountability_record/details/?id={record}", status=403)
    officer.open(f"/attachments/{paper}", status=403)


def test_the_ledger_of_changes_tells_nothing_of_a_ledger_that_is_closed(district_application, accountability):
    officer = desk(district_application)
    with unscoped(engine(district_application), "how many changes") as session:
        last = session.scalar(select(func.max(Change.id)))
    said = "".join(officer.browser.get(f"/changes/{n}").get_data(as_text=True) for n in range(1, last + 1))
    assert "李明" in said
    for word in ("密告的事实", "用户名", "康宁网格员本人"):
        assert word not in said


@pytest.mark.parametrize("taken_back", ["an edit", "one record of it", "with its paper", "a password"])
def test_the_ledger_of_changes_tells_nothing_of_an_act_that_took_back_what_is_closed(
        district_application, accountability, taken_back):
    """Nor why: it is the officer who was held to account."""
    record, why = accountability[0], "对网格员的举报查无实据"
    district, page = desk(district_application, "城区主任"), f"/admin/accountability_record/details/?id={record}"
    if taken_back == "a password":
        with unscoped(engine(district_application), "whose") as session:
            whose = session.scalar(select(Account.id).where(Account.username == "康宁网格员"))
        district.open(f"/admin/account/details/?id={whose}")
        district.post(f"/accounts/{whose}/end-sessions", {"csrf_token": district.token, "reason": why})
    elif taken_back == "with its paper":
        district.open(district.open(page).link("作出决定"))
        with unscoped(engine(district_application), "a form of it") as session:
            form = session.scalar(select(CodeItem.code).where(CodeItem.code_table == "accountability_form"))
        district.press("作出决定", form=form, decided_by="街道", decided_on="2026-09-01")
        district.open(district.open(page).link("上报整改"))
        district.press("上报整改", rectified_on="2026-09-02", evidence=("整改.jpg", JPEG))
    else:
        district.open(f"/admin/accountability_record/edit/?id={record}")
        district.press("保存", note="另行核实")
    with unscoped(engine(district_application), "the act") as session:
        act, row = session.execute(select(ChangeRow.change_id, ChangeRow.id).order_by(ChangeRow.id.desc())).first()
    if taken_back != "a password":
        district.open(f"/changes/{act}")
        district.post(f"/changes/{act}/rows/{row}/revert" if taken_back == "one record of it" else f"/changes/{act}/undo",
                      {"csrf_token": district.token, "reason": why})
    with unscoped(engine(district_application), "what took it back") as session:
        last = session.scalar(select(func.max(Change.id)).where(Change.reason == why))
    assert last and why in district.open("/changes/").text, "the control: whoever may open the ledger reads why"
    officer = desk(district_application)
    assert why not in officer.open("/changes/").text
    officer.open(f"/changes/{last}", status=404)


def test_whoever_changed_a_password_finds_that_in_the_ledger(district_application):
    officer = desk(district_application)
    officer.open("/password")
    officer.press("保存新密码", current=PASSWORD, new="绿水不断山高路远 2027", again="绿水不断山高路远 2027")
    assert "修改密码" in [row["办理"] for row in officer.open("/changes/").table("办理")]


# --- lists and their counts -------------------------------------------------------------------------


def test_a_search_that_finds_too_many_says_so_and_leaves_nobody_out_below(district_application, monkeypatch):
    seed(district_application, family_of(*("朱" + n for n in "安波达峰刚强胜涛伟翔燕志")))
    district = desk(district_application, "城区主任")
    assert len(district.open(f"{STUDENTS}?search=z").table("姓名")) == 12
    monkeypatch.setattr(listing, "SEARCH_CAP", 10)
    monkeypatch.setattr(listing, "_MOST_TERMS", 21)
    page = district.open(f"{STUDENTS}?search=zh&size=50")  # another search than the one that is kept
    assert "共 10+ 条，请再多输入几个字" in page.text
    assert len(page.table("姓名")) >= 10
    assert "将导出 12 条" in district.open(f"{STUDENTS}export/?search=z").text


def test_a_wide_space_between_two_words_is_a_space(district_application):
    page = desk(district_application).open(f"{STUDENTS}?search=李　明")
    assert len(page.table("姓名")) == 1
    assert "共 1 条" in page.text


def test_every_number_of_the_home_page_opens_a_list_that_knows_its_conditions(district_application):
    views = {view.endpoint: view for view in district_application.extensions["baoxue_views"]}
    for todo in TODO:
        asked = {*todo.equals, *([todo.before[0]] if todo.before else [])}
        assert asked <= set(views[todo.table].filters), todo.label


def test_today_is_beijings_today_on_a_machine_that_keeps_another_time(district_application):
    assert time.localtime().tm_gmtoff == 8 * 3600
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    assert f"{now:%Y-%m-%d}" in desk(district_application).open("/").text


def test_leave_that_is_over_is_counted_and_listed_alike(district_application):
    def make(session):
        home = makers.household(session, 康宁)
        for name, until in (("到期", date(2020, 1, 1)), ("未到", date(2099, 1, 1))):
            makers.student(session, home, name, schooling_state="on_leave", leave_until=until)

    seed(district_application, make)
    officer = desk(district_application)
    page = officer.open("/")
    label, link = next((text, href) for text, href in page.links if "休学（延缓）已到期" in text)
    assert label.startswith("1")
    assert [row["姓名"] for row in officer.open(link).table("姓名")] == ["到期"]


def test_the_walk_goes_on_where_a_list_is_too_long_to_sort(district_application, monkeypatch):
    seed(district_application, family_of(*(f"甲{chr(0x4e00 + 40 - i)}" for i in range(40))))
    monkeypatch.setattr(listing, "COUNT_CAP", 20)
    officer = desk(district_application)
    page = officer.open(f"{STUDENTS}?sort=name")
    listed = [row["姓名"] for row in page.table("姓名")]
    page = officer.open(next(href for text, href in page.links if text == listed[2]))
    assert officer.open(page.link("下一条")).facts["姓名"] == listed[3]


def test_a_malformed_division_finds_nothing_and_says_so(district_application):
    district = desk(district_application, "城区主任")
    assert district.rows("/admin/village/", "名称")
    assert district.rows("/admin/village/?region=990101400x", "名称") == []
    assert "条件“区划”：“990101400x”看不懂" in district.page.text


def test_a_very_long_page_number_is_no_error(district_application):
    officer = desk(district_application)
    officer.open(f"{STUDENTS}?page=" + "1" * 5000)
    officer.open("/changes/?page=" + "1" * 5000)


def test_a_view_is_saved_and_shown_whatever_its_address_holds(district_application):
    officer = desk(district_application)
    officer.open(STUDENTS)
    for query in ("a=1\r\nSet-Cookie: x=1", "a=" + "\\" * 3, "sex=1&x=é", "a=1#frag"):
        answer = officer.browser.post("/views/student", data={"csrf_token": officer.token, "name": "甲", "query": query})
        assert (answer.status_code, "x=1" in str(answer.headers.getlist("Set-Cookie"))) == (302, False), query


def test_the_bell_rings_for_the_grant_that_asked(district_application):
    officer = desk(district_application)
    with unscoped(engine(district_application), "tasks of two grants", writing=True) as session:
        account = session.scalars(select(Account).where(Account.username == "康宁网格员")).one()
        now = account.password_changed_at
        session.add_all(Task(account_id=account.id, role=role, region_code=region, kind="export", title="甲", arguments="{}",
                             state="done", created_at=now, finished_at=now)
                        for role, region in (("village_officer", 康宁), ("administrator", 城区)))
        session.commit()
    assert "1 项已完成" in officer.open("/").text
    officer.open("/tasks/")
    assert "项已完成" not in officer.open("/").text
    with unscoped(engine(district_application), "the other grant's task") as session:
        assert session.scalars(select(Task.seen).order_by(Task.id)).all() == [True, False]


def test_more_than_a_sheet_holds_is_refused_not_cut(district_application, monkeypatch):
    monkeypatch.setattr(exports, "MAX_ROWS", 0)
    officer = desk(district_application)
    officer.open(f"{STUDENTS}export/")
    assert "请按区划或其他条件分几次导出" in officer.press("导出", status=400).text
