"""What a page promises, counts and takes in is what there is: for every role, and however it was written."""

import socket
import subprocess
import sys
from datetime import date, timedelta

import pytest

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from seed import makers
from tests.about_the_code.tree import ROOT
from tests.conftest import actor
from tests.desk import PASSWORD, Desk, roster

康宁 = "990101400001"


@pytest.fixture
def people(district_application, district):
    """曾一 and 曾二 of 康宁, born 2015 and 2019: 曾一 on leave, 曾二 deferred, both until yesterday."""
    yesterday = date.today() - timedelta(days=1)
    with unscoped(district_application.extensions["baoxue"].engine, "children of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="曾大山")
            for name, year, state in (("曾一", 2015, "on_leave"), ("曾二", 2019, "deferred")):
                makers.student(session, home, name, birth_date=date(year, 9, 1), schooling_state=state,
                               leave_until=yesterday)
    return lambda who: Desk(district_application).sign_in(who, PASSWORD)


def names(page):
    return {row["姓名"] for row in page.table("姓名")}


def test_a_filter_by_what_one_does_not_see_in_full_is_not_offered_and_never_passed_over(people):
    asked = "/admin/student/?birth_date_from=2019-01-01"
    director, inspector = people("城区主任"), people("督导老林")
    assert "曾二" in names(director.open(asked)) and "曾一" not in names(director.page)
    assert "birth_date_from" in director.page.form("查询").fields
    page = inspector.open(asked)
    assert page.table("姓名") == [] and "您的身份不能按它筛选" in page.text
    assert "birth_date_from" not in page.form("查询").fields
    assert {"曾一", "曾二"} <= names(inspector.open("/admin/student/?schooling_state=on_leave,deferred"))


def test_a_view_is_shared_only_with_whoever_can_ask_the_same(people):
    director = people("城区主任")
    director.open("/admin/student/?birth_date_from=2019-01-01")
    director.press("保存", name="新入学", role="督导检查也能用")
    assert "“出生日期从”是督导检查不能筛选的项目，没有共享" in director.page.text
    director.press("保存", name="新入学", role="下级村（社区）干部也能用")
    assert "新入学" in [text.removesuffix("共享").strip() for text, _ in people("康宁网格员").open("/admin/student/").links]


def test_whose_leave_is_over_is_told_of_all_who_are_away(people):
    director = people("城区主任")
    tile = next(text for text, _ in director.open("/").links if "休学（延缓）已到期" in text)
    assert tile.startswith("2") or tile.endswith("2"), tile
    assert names(director.open(director.page.link(tile))) == {"曾一", "曾二"}


def test_why_one_sees_a_record_promises_no_right_that_is_refused(people):
    director = people("城区主任")
    rule = next(href for _, href in director.open("/admin/setting/").links if "/details/" in href)
    why = director.open(director.open(rule).link("为什么能看到这条记录")).text
    edit = director.browser.get(rule.replace("/details/", "/edit/"))
    assert ("修改" in why.partition("您可以：")[2].partition("。")[0]) == (edit.status_code == 200)
    child = director.open(director.open("/admin/student/?search=曾一").link("曾一"))
    assert "修改" in director.open(child.link("为什么能看到这条记录")).text.partition("您可以：")[2]


def test_the_ledger_is_asked_for_the_acts_of_the_office(people):
    director = people("城区主任")
    director.open(director.open("/admin/student/?search=曾一").link("曾一"))
    director.open(director.page.link("登记核查"))
    director.press("登记核查", checked_on="20261001")
    offered = director.open("/changes/").form("查询").choices["verb"]
    assert offered["学生：登记核查"] == "student:check" and "学生：确认辍学" in offered
    assert [row["涉及记录"] for row in director.open("/changes/?verb=student:check").table("办理")] == ["曾一"]
    assert director.open("/changes/?verb=student:graduate").table("办理") == []
    assert "学生：登记核查" in director.open("/changes/?verb=check").text, "also where an address names the move alone"


def test_a_division_outside_ones_own_is_a_fault_of_the_form_and_nothing_typed_is_lost(people):
    director = people("城区主任")
    director.open("/admin/region/new/")
    page = director.press("保存", status=400, code="990102400999", name="试二村委会", level="村")
    assert "须在您的管辖范围内（代码以 990101400 开头）" in page.text
    assert page.form("保存").fields["name"] == "试二村委会"
    director.press("保存", code="990101400099")
    assert director.page.facts["区划代码"] == "990101400099"


@pytest.mark.parametrize(("column", "written", "kept"), [
    ("head_name", "曾\u200b大 海", "曾大海"), ("head_name", "\u202e曾大海", "曾大海"), ("head_name", "阿依古丽•买买提", "阿依古丽·买买提"),
    ("phone", "138-0013-8000", "13800138000"), ("phone", "+8613800138000", "13800138000"),
    ("phone", "(0359)2034567", "0359-2034567"),
])
def test_a_form_reads_names_and_numbers_as_a_roster_does(people, column, written, kept):
    officer = people("康宁网格员")
    officer.open("/admin/household/new/")
    officer.press("保存", **{"head_name": "曾大海", column: written})
    label = {"head_name": "户主姓名", "phone": "联系电话"}[column]
    assert officer.page.facts[label] == kept


@pytest.mark.parametrize(("address", "fields"), [
    ("/admin/guardian/new/", {"name": "曾奶奶", "phone": "123"}),
    ("/admin/post/new/", {"holder": "曾书记", "phone": "abc"}),
])
def test_no_telephone_is_kept_that_is_none(people, address, fields):
    officer = people("康宁网格员")
    officer.open(address)
    page = officer.press("保存", status=400, **fields)
    assert "“联系电话”不对：电话" in page.text
    assert page.form("保存").fields["phone"] == fields["phone"]


def test_a_form_that_is_sent_again_makes_no_second_family(people):
    officer = people("康宁网格员")
    form = officer.open("/admin/household/new/")
    officer.press("保存", head_name="曾重来")
    officer.page = form
    again = officer.press("保存", status=400, head_name="曾重来")
    assert "本村已有户主同名的“曾重来户”" in again.text
    officer.press("保存", status=400, note="年底回村")
    officer.press("保存", note="同名的另一户")
    assert len(officer.rows("/admin/household/?search=曾重来", "户主姓名")) == 2


def test_a_hamlet_is_named_once_in_its_village(people):
    officer = people("康宁网格员")
    for status in (200, 400):
        officer.open("/admin/natural_group/new/")
        officer.press("保存", status=status, name="上庄")
    assert "本村已有自然村（组）“上庄”" in officer.page.text


def test_a_port_that_is_taken_is_said_in_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        environment = {"BAOXUE_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT),
                       "LANG": "C.UTF-8"}
        subprocess.run([sys.executable, "-m", "flask", "--app", "admin_app", "db", "upgrade"], env=environment,
                       check=True, capture_output=True, cwd=ROOT)
        done = subprocess.run([sys.executable, "-m", "flask", "--app", "admin_app", "serve", "--port", str(port)],
                              env=environment, capture_output=True, text=True, encoding="utf-8", cwd=ROOT, check=False)
    assert (done.returncode, "端口已被占用" in done.stderr, "Traceback" in done.stderr) == (1, True, False), done.stderr
    assert "保学已启动" not in done.stdout


def test_whoever_ends_a_village_is_told_of_the_families_that_are_left_there(people):
    director = people("城区主任")
    for village, left in (("康宁", True), ("晕山", False)):
        director.open(director.open(f"/admin/region/?search={village}").link(f"{village}社区"))
        director.open(director.page.link("修改"))
        director.press("保存", valid_until="2026-11-01")
        assert ("还有" in director.page.text and "户登记在这里" in director.page.text) == left, director.page.text[:900]


def test_a_search_by_pinyin_is_promised_where_there_is_one(people):
    officer = people("康宁网格员")

    def promised(ledger):
        return officer.open(f"/admin/{ledger}/").bytes.decode().partition('placeholder="')[2].partition('"')[0].split("、")

    assert promised("guardian") == ["监护人姓名", "学生姓名", "学生拼音", "学生身份证号或后六位"]
    assert promised("student") == ["姓名", "拼音", "身份证号或后六位"]


def test_whoever_can_be_checked_off_is_counted_until_checked(people):
    """曾二 is deferred: a visit is due all the same."""
    officer = people("康宁网格员")
    tile = next(href for text, href in officer.open("/").links if "本学期还没有核查" in text)
    assert {"曾一", "曾二", "李明"} <= {row["姓名"] for row in officer.rows(tile, "姓名")}
    officer.open(officer.open(officer.page.link("曾二")).link("登记核查"))
    officer.press("登记核查", checked_on=f"{date.today():%Y%m%d}")
    assert "曾二" not in {row["姓名"] for row in officer.rows(tile, "姓名")}


def test_a_list_of_which_nothing_could_be_taken_in_is_no_preview_that_waits(people):
    officer = people("康宁网格员")
    good = {"村（社区）": "康宁社区", "户编号": "0100", "户主姓名": "解大川", "儿童姓名": "解小川", "出生日期": "2016-05-04"}
    officer.upload(roster({**good, "出生日期": "二〇一六"}), "全错.xlsx")
    home = [text for text, _ in officer.open("/").links]
    assert any("导入时有未通过的行" in text for text in home)
    assert not any("导入预览待确认" in text for text in home)
    officer.upload(roster(good), "好的.xlsx")
    assert any("导入预览待确认" in text for text, _ in officer.open("/").links)


def test_the_code_of_an_error_is_found_in_the_log(people, caplog):
    officer = people("康宁网格员")
    with caplog.at_level("INFO", "baoxue"):
        page = officer.open("/admin/student/details/?id=999999", 404)
    code = page.text.partition("编号")[2].split()[0].strip("：:。")
    assert code and code in caplog.text
    assert "404 GET /admin/student/details/" in caplog.text
