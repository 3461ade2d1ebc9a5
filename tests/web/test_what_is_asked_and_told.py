"""Why a child became somebody else, why an act was taken back, and who reads the history of a family that moved."""

import re

import pytest
from sqlalchemy import select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.change import Change
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk, roster

JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 10
康宁, 牧童 = "990101400001", "990101400002"


@pytest.fixture
def home(district_application, district):
    """张三 of 康宁, with the family's number."""
    with unscoped(district_application.extensions["baoxue"].engine, "a family", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            family = makers.household(session, 康宁, head_name="张大山")
            child = makers.student(session, family, "张三", class_name="一班")
            return family.id, child.id


def desk(app, who):
    return Desk(app).sign_in(who, PASSWORD)


def stands(app, child):
    with unscoped(app.extensions["baoxue"].engine, "how a child stands") as session:
        found = session.get_one(Student, child)
        return found.name, found.class_name


def reasons(app, verb):
    with unscoped(app.extensions["baoxue"].engine, "the ledger") as session:
        return list(session.scalars(select(Change.reason).where(Change.verb == verb).order_by(Change.id.desc())))


def test_another_name_is_not_saved_without_why_and_another_class_is(district_application, home):
    officer, (_, child) = desk(district_application, "康宁网格员"), home
    officer.open(f"/admin/student/edit/?id={child}")

    refused = officer.press("保存", 400, name="张山", class_name="二班")

    assert "修改“姓名”须写明原因" in refused.text
    assert (refused.form("保存").fields["name"], refused.form("保存").fields["class_name"]) == ("张山", "二班")
    assert stands(district_application, child) == ("张三", "一班")
    officer.press("保存", name="张山", reason="录入有误，已核对户口簿")
    assert stands(district_application, child) == ("张山", "二班")
    assert reasons(district_application, "student:edit") == ["录入有误，已核对户口簿"]
    assert "录入有误，已核对户口簿" in officer.open(f"/admin/student/details/?id={child}").text

    officer.open(f"/admin/student/edit/?id={child}")
    officer.press("保存", class_name="三班")
    assert stands(district_application, child) == ("张山", "三班")


def test_the_ledger_finds_as_undone_what_its_own_page_calls_undone(district_application, home):
    """The undo is undone, and that undo too: 待办 says what the act's page says."""
    officer, director, (_, child) = desk(district_application, "康宁网格员"), desk(district_application, "城区主任"), home
    officer.open(f"/admin/student/edit/?id={child}")
    officer.press("保存", class_name="二班")

    def acts():
        return [href for _, href in director.open("/changes/").links if href.startswith("/changes/") and href[9:].isdecimal()]

    act = latest = max(acts(), key=lambda href: int(href[9:]))
    for undone in (True, False, True):
        director.open(latest)
        director.press("撤销这次变更", reason="班级以学籍系统为准")
        latest = max(acts(), key=lambda href: int(href[9:]))
        assert ("被他人撤销" in officer.open("/").text) is undone
        assert ("已撤销：恢复 1 条" in officer.open(act).text) is undone
        assert (act in [href for _, href in officer.open("/changes/?undone=any").links]) is undone


def test_a_village_reads_that_its_act_was_taken_back_by_whom_and_why(district_application, home):
    officer, director, (_, child) = desk(district_application, "康宁网格员"), desk(district_application, "城区主任"), home
    officer.open(f"/admin/student/edit/?id={child}")
    officer.press("保存", class_name="二班")
    act = next(href for _, href in officer.open(f"/admin/student/details/?id={child}").links
               if href.startswith("/changes/") and href != "/changes/")

    director.open(act)
    assert "须写明原因" in director.press("撤销这次变更", 400).text
    assert stands(district_application, child) == ("张三", "二班")
    assert "被他人撤销" not in officer.open("/").text
    director.press("撤销这次变更", reason="班级以学籍系统为准")

    assert stands(district_application, child) == ("张三", "一班")
    told = officer.open(act)
    assert "城区主任" in told.text and "原因：班级以学籍系统为准" in told.text and "已撤销：恢复 1 条" in told.text
    assert not [form for form in told.forms if "撤销这次变更" in form.buttons]
    home_page = officer.open("/")
    assert "1近两周经办的变更被他人撤销" in home_page.text.replace(" ", "")
    listed = officer.open(next(href for text, href in home_page.links if "被他人撤销" in text))
    assert [href for _, href in listed.links if href.startswith("/changes/") and href[9:].isdecimal()] == [act]
    assert "被他人撤销" not in director.open("/").text
    officer.open(told.link("查看撤销"))
    assert not [form for form in officer.page.forms if "撤销这次变更" in form.buttons], "what came from above stays"

    director.open(officer.page.address)
    director.press("撤销这次变更")
    assert stands(district_application, child) == ("张三", "二班")
    assert "撤销这次变更" in officer.open(act).form("撤销这次变更").buttons, "it stands again"


def test_the_history_of_a_family_goes_with_it_and_the_former_village_reads_no_more_of_it(district_application, home):
    former, next_one = desk(district_application, "康宁网格员"), desk(district_application, "牧童网格员")
    director, (family, child) = desk(district_application, "城区主任"), home
    former.open(f"/admin/student/edit/?id={child}")
    former.press("保存", class_name="二班", note="奶奶照看")
    act = next(href for _, href in former.open(f"/admin/student/details/?id={child}").links
               if href.startswith("/changes/") and href != "/changes/")
    assert "奶奶照看" in former.open(act).text
    next_one.open(f"/admin/student/details/?id={child}", 404)

    director.open(f"/families/{family}/hand-over")
    director.press("移交", region_code=牧童, reason="举家迁入")

    page = next_one.open(f"/admin/student/details/?id={child}")
    assert "一班" in page.text and "康宁网格员" in page.text, "what was done to the child before it came is told"
    assert act not in [href for _, href in page.links], "the act of the former village has its page there"
    next_one.open(act, 404)

    former.open(f"/admin/student/details/?id={child}", 404)
    told = former.open(act)
    assert "已移交，不在您的管辖范围内" in told.text
    assert ("奶奶照看" in told.text, "张三" in told.text, "二班" in told.text) == (False, False, False)
    listed = former.open("/changes/")
    assert act in [href for _, href in listed.links], "that it acted stays in its own ledger"
    assert "张三" not in listed.text


def test_the_ledger_is_narrowed_to_a_village_and_taken_out_as_evidence_without_a_childs_name(district_application, home):
    officer, director, (_, child) = desk(district_application, "康宁网格员"), desk(district_application, "城区主任"), home
    officer.open(f"/admin/student/edit/?id={child}")
    officer.press("保存", name="张山", reason="户口簿上改了名")

    assert "康宁网格员" in director.open(f"/changes/?region={康宁}&verb=edit").text.partition("筛选条件")[2]
    assert "没有符合条件的变更" in director.open(f"/changes/?region={牧童}&verb=edit").text
    assert "没有符合条件的变更" in director.open("/changes/?region=康宁").text, "what cannot be read fits nothing"
    page = director.open(f"/changes/?region={康宁}&verb=edit")
    assert "共 1 条" in page.text

    sheet = director.press("导出", reason="督导组调阅").workbook().active
    cells = [[str(c.value or "") for c in row] for row in sheet.iter_rows()]
    line = next(row for row in cells if "康宁网格员" in row)
    assert "户口簿上改了名" in line and any(cell.startswith("学生 ") for cell in line)
    everything = " ".join(cell for row in cells for cell in row)
    assert "张山" not in everything and "张三" not in everything
    assert "条件：" in everything and "修改" in everything
    assert reasons(district_application, "export") == ["变更台账（1 条）：督导组调阅"]



def test_the_page_of_a_child_tells_what_was_done_with_all_that_belongs_to_it(district_application, home):
    """A flag with its paper and a guardian of 张三: on the child's page, and on the family's."""
    family, child = home
    officer = desk(district_application, "康宁网格员")
    officer.open(f"/admin/special_group_flag/new/?student_id={child}")
    officer.press("保存", kind="孤儿")
    officer.press("上传", file=("留守证明.jpg", JPEG))
    officer.open(f"/admin/guardian/new/?student_id={child}")
    officer.press("保存", name="张奶奶", relation="祖母")
    for address in (f"/admin/student/details/?id={child}", f"/admin/household/details/?id={family}"):
        page = officer.open(address)
        assert page.text.count("留守证明.jpg") == 1, "among the events: the page's own papers are its record's"
        assert "附件 特殊群体标记：孤儿" in page.text
        assert "监护人：张奶奶" in page.text.partition("变更记录")[2]
    other = officer.open("/admin/student/?search=李明").link("李明")
    assert "留守证明" not in officer.open(other).text and "张奶奶" not in officer.page.text


def test_the_history_tells_what_a_new_record_holds_and_of_a_later_edit_what_was_before(district_application, home):
    _, child = home
    officer = desk(district_application, "康宁网格员")
    officer.open(f"/admin/guardian/new/?student_id={child}")
    officer.press("保存", name="张奶奶", relation="祖母")
    history = officer.page.text.partition("变更记录")[2]
    assert "姓名 张奶奶" in history and "原值" not in history
    officer.open(officer.page.link("修改"))
    officer.press("保存", relation="外祖母")
    assert "与孩子关系 原值 祖母 → 改为 外祖母" in officer.page.text.partition("变更记录")[2]


def test_an_inspector_sees_how_a_child_came_to_its_state_and_not_who_moved_it(district_application, home):
    _, child = home
    officer = desk(district_application, "康宁网格员")
    officer.open(officer.open(f"/admin/student/details/?id={child}").link("报疑似辍学"))
    officer.press("报疑似辍学", absent_since="20261101")
    told = "在校就读 → 疑似辍学"
    assert f"{told}缺勤自 2026-11-01康宁网格员" in officer.page.text
    page = desk(district_application, "督导老林").open(f"/admin/student/details/?id={child}")
    assert told in page.text and "康宁网格员" not in page.text
    assert "您的身份不能查看变更记录" in page.text


def test_one_record_that_an_import_made_in_error_is_taken_away_and_the_rest_stays(district_application, home):
    """Of a list one family should not have come in: its guardian, its child and itself go one by one, from below."""
    director = desk(district_application, "城区主任")
    director.upload(roster(*({"村（社区）": "康宁社区", "户编号": f"09{n}", "户主姓名": f"{name}建国", "儿童姓名": f"{name}小明",
                              "出生日期": f"2016-05-0{n}", "监护人姓名": f"{name}建国"} for n, name in ((1, "解"), (2, "仇")))), "名单.xlsx")
    director.press("确认导入")
    child = director.open("/admin/student/?search=解小明").link("解小明")
    act = next(href for _, href in director.open(child).links if re.fullmatch(r"/changes/\d+", href))

    def remove(label):
        row = next(row for row in director.open(act).bytes.decode().split("<tr>") if label in row)
        return director.post(re.search(r'action="([^"]+/revert)"', row)[1], {"csrf_token": director.token})

    kept = remove("学生：解小明")
    assert "其下还有监护人" in kept.text
    for label in ("监护人：解建国", "学生：解小明", "户：解建国"):
        assert "移除当时新增的 1 条" in remove(label).text, label
    assert "学生 " in director.open(act).text and "（已移除）" in director.page.text
    assert reasons(district_application, "remove") and not reasons(district_application, "revert")
    found = [row["姓名"] for row in director.rows("/admin/student/", "姓名")]
    assert "解小明" not in found and {"仇小明", "张三"} <= set(found)
    assert "撤销这次变更" in director.open(act).form("撤销这次变更").buttons, "the rest can still be taken back as a whole"


def test_a_child_that_does_not_exist_is_voided_with_proof_and_comes_back_by_a_correction(district_application, home):
    _, child = home
    officer, director = desk(district_application, "康宁网格员"), desk(district_application, "城区主任")
    address = f"/admin/student/details/?id={child}"
    assert "作废（重复、查无此人）" not in [text for text, _ in officer.open(address).links]
    director.open(director.open(address).link("作废（重复、查无此人）"))
    assert "须有佐证" in director.press("作废（重复、查无此人）", 400, reason="社区证明查无此人").text
    director.press("作废（重复、查无此人）", reason="社区证明查无此人", evidence=("证明.jpg", JPEG))
    assert "已作废" in director.page.text
    tile = next(href for text, href in officer.open("/").links if "本学期还没有核查" in text)
    assert "张三" not in [row["姓名"] for row in officer.rows(tile, "姓名")]
    director.open(director.open(address).link("更正（恢复待核查）"))
    director.press("更正（恢复待核查）", reason="孩子找到了，在外婆家")
    assert director.page.facts and "待核查" in director.page.text


def test_an_undo_that_cannot_be_done_says_what_stands_in_its_way(district_application, home):
    """A child is taken away alone, then its family; the child cannot come back before the family has."""
    family, _ = home
    director = desk(district_application, "城区主任")
    made = next(href for _, href in director.open(f"/admin/household/details/?id={family}").links
                if re.fullmatch(r"/changes/\d+", href))

    def remove(label):
        row = next(row for row in director.open(made).bytes.decode().split("<tr>") if label in row)
        director.post(re.search(r'action="([^"]+/revert)"', row)[1], {"csrf_token": director.token, "reason": "登记错了"})
        return next(href for _, href in director.open("/changes/").links if re.fullmatch(r"/changes/\d+", href))

    gone = remove("学生：张三")
    family_gone = remove("户：张大山")
    director.open(gone)
    refused = director.press("撤销这次变更", 400, reason="孩子找到了")
    assert "没有撤销：要恢复的记录所属的户或孩子已不在" in refused.text
    for act in (family_gone, gone):
        director.open(act)
        director.press("撤销这次变更", reason="孩子找到了")
    assert "张三" in [row["姓名"] for row in director.rows("/admin/student/", "姓名")]


def test_a_check_that_was_put_back_did_not_happen(district_application, home):
    _, child = home
    officer = desk(district_application, "康宁网格员")
    address = f"/admin/student/details/?id={child}"
    officer.open(officer.open(address).link("登记核查"))
    officer.press("登记核查", checked_on="20261003")
    officer.open(officer.open(address).link("登记核查"))
    officer.press("登记核查", checked_on="20261105")
    assert "2026-11-05" in officer.page.text
    act = next(href for _, href in officer.open("/changes/").links if re.fullmatch(r"/changes/\d+", href))
    officer.open(act)
    officer.press("恢复", reason="点错了孩子")
    events = officer.open(address).text.partition("大事记")[2].partition("变更记录")[0]
    assert "2026-10-03" in events and "2026-11-05" not in events
