"""What a screen says is what happened, in the words of whoever reads it: the pages as people found them wanting."""

import re
from datetime import date

import pytest

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.text import counted
from models.natural_group import NaturalGroup
from models.region import Region
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk
from tests.web.staff import Person, hire
from tests.web.test_query_budget import asked_for
from views import VIEWS

康宁 = "990101400001"
PHOTO = ("返校照片.jpg", b"\xff\xd8\xff\xe0" + b"photo" * 20)


@pytest.fixture
def family(district_application, district):
    """白大山 of 康宁 with 白一, 白二 and 白三, all at school: gives their numbers by name, and the family's."""
    numbers = {}
    with unscoped(district_application.extensions["baoxue"].engine, "a family of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="白大山")
            for year, name in enumerate(("白一", "白二", "白三"), 2013):
                child = makers.student(session, home, name, birth_date=date(year, 9, 1), schooling_state="enrolled",
                                       school_id=district.school_id)
                session.flush()
                numbers[name] = child.id
            numbers["户"] = home.id
    return numbers


@pytest.fixture
def desk(district_application):
    return lambda who: Desk(district_application).sign_in(who, PASSWORD)


def page_of(child):
    return f"/admin/student/details/?id={child}"


def events(page):
    return page.text.partition("大事记")[2].partition("附件")[0]


def move(person, child, verb, **typed):
    person.open(person.open(page_of(child)).link(verb))
    return person.press(verb, **typed)


def groups_of(page):
    """The facts of a record as they stand: {group: [labels]}; what two groups of one name hold is a fault."""
    html = page.bytes.decode().partition('class="details-main"')[2]
    found = {}
    for part in html.split('<section ')[1:]:
        title = part.partition('aria-label="')[2].partition('"')[0]
        if "<dl" in part:
            assert title not in found, f"{page.address}: twice {title}"
            found[title] = [one.partition("</dt>")[0] for one in part.split("<dt>")[1:]]
    return found


# --- 大事记 -------------------------------------------------------------------------------------------


def test_the_days_of_a_child_say_why_it_was_moved_and_since_when_it_was_absent(desk, family):
    officer, director, inspector = desk("康宁网格员"), desk("城区主任"), desk("督导老林")
    child = family["白一"]
    move(officer, child, "报疑似辍学", absent_since="20261030", reason="三次入户都不在家")
    move(director, child, "确认辍学", reason="随父母外出，劝返两次未归")
    for reader in (officer, director, inspector):
        told = events(reader.open(page_of(child)))
        assert "在校就读 → 疑似辍学缺勤自 2026-10-30；原因：三次入户都不在家" in told, told
        assert "疑似辍学 → 辍学原因：随父母外出，劝返两次未归" in told


def test_the_day_of_absence_is_told_when_the_record_holds_it_no_more(desk, family):
    officer = desk("康宁网格员")
    child = family["白二"]
    move(officer, child, "报疑似辍学", absent_since="20261030")
    move(officer, child, "排除疑似", reason="是病假，已返校", evidence=PHOTO)
    page = officer.open(page_of(child))
    assert page.facts["缺勤起始日期"] == "—"
    assert "缺勤自 2026-10-30" in events(page)
    assert "原因：是病假，已返校" in events(page)


def test_a_check_that_found_something_says_it_once(desk, family):
    officer = desk("康宁网格员")
    move(officer, family["白三"], "登记核查", checked_on="20261103", reason="在奶奶家见到孩子")
    told = events(officer.open(page_of(family["白三"])))
    assert told.count("2026-11-03最近核查日期") == 1
    assert "2026-11-03最近核查日期原因：在奶奶家见到孩子" in told


def test_why_a_record_was_edited_is_none_of_its_check(desk, family):
    officer = desk("康宁网格员")
    officer.open(officer.open(page_of(family["白三"])).link("修改"))
    officer.press("保存", checked_on="20261104", name="白三儿", reason="姓名录错，已核对户口簿")
    officer.open(officer.page.link("修改"))
    officer.press("保存", checked_on="20261105")
    told = events(officer.page)
    assert "2026-11-04最近核查日期" in told and "姓名录错" not in told
    assert "姓名录错" in officer.page.text, "the control: its history says so"


def test_the_days_of_a_child_ask_no_more_for_many_moves_than_for_few(district_application, desk, family):
    officer, child, asked = desk("康宁网格员"), family["白一"], []
    for turn in ("第一次", "第二次", "第三次"):
        move(officer, child, "报疑似辍学", absent_since="20261030", reason=turn)
        move(officer, child, "排除疑似", reason=turn, evidence=PHOTO)
        asked.append(len(asked_for(district_application, officer, page_of(child))[1]))
    assert officer.page.text.count("原因：第") >= 6
    assert asked[2] <= asked[0]


def test_what_waits_for_the_office_is_not_called_a_check(desk, family):
    officer, director = desk("康宁网格员"), desk("城区主任")
    move(officer, family["白一"], "报疑似辍学", absent_since="20261030")
    home = director.open("/").text
    assert "疑似辍学待认定" in home and "疑似辍学待核查" not in home


# --- what a page does not hold ----------------------------------------------------------------------


def test_a_group_of_more_families_than_its_page_shows_says_so(desk, store, district):
    with unscoped(store, "a large group", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            group = NaturalGroup(region_code=康宁, name="大组")
            session.add(group)
            session.flush()
            for _ in range(50):
                makers.household(session, 康宁, natural_group_id=group.id)
            number = group.id
    officer, page = desk("康宁网格员"), f"/admin/natural_group/details/?id={number}"
    assert "户 50" in officer.open(page).text and "只列出前" not in officer.page.text, "the control"
    with unscoped(store, "one more", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            makers.household(session, 康宁, natural_group_id=number)
    assert "户 50+" in officer.open(page).text and "只列出前 50 条" in officer.page.text


def test_a_history_that_is_longer_than_its_page_leads_to_all_of_it(desk, store, family):
    officer = desk("康宁网格员")
    assert "只列出最近" not in officer.open(page_of(family["白一"])).text, "the control"
    for turn in range(50):
        with unscoped(store, "many edits", writing=True) as session:
            with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "student:edit"):
                session.get_one(Student, family["白一"]).class_name = f"{turn}班"
    assert "只列出最近 50 条" in officer.open(page_of(family["白一"])).text
    assert len(officer.rows(officer.page.link("这条记录的全部变更"), "办理")) == 51


# --- facts --------------------------------------------------------------------------------------------


def test_what_a_move_writes_stands_in_a_group_that_is_named(desk, district):
    director = desk("城区主任")
    flag = groups_of(director.open(f"/admin/special_group_flag/details/?id={district.李明.flag_id}"))
    assert flag == {"标记": ["村（社区）", "学生", "群体类型", "起始日期", "备注", "核实日期", "解除日期"]}
    letter = groups_of(director.open(f"/admin/responsibility_letter/details/?id={district.李明.letter_id}"))
    assert letter["双方"][-1] == "签订日期" and "其他" not in letter
    child = groups_of(director.open(page_of(district.李明.id)))
    assert child["孩子"][0] == "村（社区）" and "其他" not in child


def test_an_accountability_record_has_one_group_for_the_rest_and_it_is_the_last(desk):
    county = desk("县主任")
    county.open("/admin/accountability_record/new/")
    county.press("保存", region_code=康宁, subject="康宁社区居民委员会", situation="1", subject_kind="1", note="首次")
    found = groups_of(county.page)
    assert found["整改"] == ["整改完成日期", "复核结论"]
    assert list(found) == ["对象与情形", "决定", "整改", "其他"] and found["其他"] == ["备注"]


def test_no_record_of_any_ledger_tells_two_groups_of_one_name(desk):
    county = desk("县主任")
    told = 0
    for view in VIEWS:
        table = view.endpoint_name or view.model.__tablename__
        if found := [href for _, href in county.open(f"/admin/{table}/").links if "/details/" in href]:
            groups, told = groups_of(county.open(found[0])), told + 1
            assert "其他" not in groups or any(label == "其他" for label, _ in view.fieldsets), (table, groups)
    assert told >= 10


# --- forms and words ----------------------------------------------------------------------------------


def tag_of(page, name):
    """The tag of a field as the browser reads it."""
    return next(tag for tag in re.findall(r"<(?:input|select|textarea)[^>]*>", page.bytes.decode())
                if f'name="{name}"' in tag)


def test_a_telephone_offers_the_keys_that_a_field_needs(desk):
    officer = desk("康宁网格员")
    family, guardian = officer.open("/admin/household/new/"), officer.open("/admin/guardian/new/")
    assert 'inputmode="tel"' in tag_of(family, "phone") and 'inputmode="tel"' in tag_of(guardian, "phone")
    assert 'autocapitalize="characters"' in tag_of(family, "identity_number")
    assert 'autocapitalize="characters"' in tag_of(officer.open("/admin/student/new/"), "student_number")
    assert 'class="form-select"' in tag_of(guardian, "away"), "a choice looks like one"


def test_a_password_can_be_looked_at_before_it_is_sent(district_application, desk):
    for page in (Desk(district_application).open("/login"), desk("康宁网格员").open("/password")):
        html = page.bytes.decode()
        assert "data-peek" in html and "peek.js" in html and "显示密码" in page.text


def test_the_filters_end_with_a_button(desk):
    page = desk("康宁网格员").open("/admin/student/")
    assert page.form("查询").buttons == ["查询", "查询"], "beside the words, and below the last filter"


def test_the_summary_of_what_is_wrong_names_each_field_once(desk):
    officer = desk("康宁网格员")
    officer.open("/admin/household/new/")
    page = officer.press("保存", status=400, head_name="", phone="123")
    summary = page.text.partition("您填写的内容都还在。")[2].partition("户编号")[0]
    assert "请填写“户主姓名”。" in summary and "“联系电话”不对：" in summary
    assert "户主姓名：" not in summary and "联系电话：" not in summary
    assert [href for text, href in page.links if text == "“联系电话”"] == ["#phone"]


@pytest.mark.parametrize(("table", "said"), [
    ("student", "1,828 名学生"), ("household", "1,828 户"), ("guardian", "1,828 名监护人"), ("account", "1,828 个账号"),
    ("responsibility_letter", "1,828 份责任书"), ("special_group_flag", "1,828 条特殊群体标记"),
])
def test_records_are_counted_in_their_own_measure(table, said):
    assert counted(1828, table) == said


def test_a_batch_and_the_ledger_count_children_as_people_do(desk, family):
    officer = desk("康宁网格员")
    officer.open("/admin/student/?household_id=" + str(family["户"]))
    officer.press("办理", range="all", verb="check")
    assert "批量登记核查：3 名学生" in officer.page.text
    officer.press("下一步：预览", checked_on="20261103")
    assert "取消" in [text for text, _ in officer.page.links] and "不办了" not in officer.page.text
    officer.press("确认登记核查 3 条")
    assert "3 名学生" in [row["涉及记录"] for row in officer.open("/changes/").table("办理")]


def test_whoever_may_only_take_out_is_not_told_to_move(desk, family):
    assert "导出范围" in desk("督导老林").open("/admin/student/").text
    assert "batch-sheet" in desk("督导老林").open("/admin/student/").bytes.decode()
    assert "办理范围" in desk("康宁网格员").open("/admin/student/").text


def test_a_list_of_grants_shows_whose_they_are_and_what_was_noted(desk):
    row = desk("城区主任").open("/admin/grant/").table("账号")[0]
    assert row["账号"] and "备注" in row and "授权人" not in row


def test_a_village_without_children_is_not_told_that_it_has_all_its_letters(district_application, desk, district):
    officer = desk("牧童网格员")
    assert "生成 1 份" in officer.open("/letters/new-year").text
    with unscoped(district_application.extensions["baoxue"].engine, "王芳 has left school", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            session.get_one(Student, district.王芳.id).schooling_state = "graduated"
    assert "还没有登记这样的户的，请先登记户和学生" in officer.open("/letters/new-year").text


def test_a_rule_reads_in_the_list_as_in_its_form(desk):
    keeper = desk("县主任")
    row = next(row for row in keeper.open("/admin/setting/").table("值") if row["名称"] == "密码规则")
    assert row["值"] == "长度优先（asvs）"
    keeper.open(keeper.page.link("密码规则"))
    assert keeper.page.facts["值"] == row["值"]
    keeper.open(keeper.page.link("修改"))
    assert row["值"] in keeper.page.form("保存").choices["value"]
    keeper.press("保存", value="等保三级（djbh3）")
    assert "等保三级（djbh3）" in keeper.page.text
    assert next(r for r in keeper.open("/admin/setting/").table("值") if "分钟" in r["名称"])["值"] == "30", "the control"


def test_the_form_says_how_long_a_reason_is_before_it_refuses_a_short_one(desk, district):
    officer, least = desk("康宁网格员"), "至少 4 个字"
    for address in ("/admin/student/export/", f"/admin/student/reveal/?id={district.李明.id}"):
        assert least in officer.open(address).text
    assert least not in desk("督导老林").open("/admin/student/export/").text, "who may not has nothing to give a reason for"


def test_the_whole_country_is_no_province_and_does_not_stand_below_itself(district_application, desk):
    engine = district_application.extensions["baoxue"].engine
    with unscoped(engine, "as older stores have it", writing=True) as session:
        with recording(session, actor("测试", Role.SYSTEM_ADMIN, "0" * 12), "seed"):
            session.query(Region).filter_by(code="0" * 12).one().level = "省"
    hire(engine, [("机房老吴", Role.SYSTEM_ADMIN, "0" * 12)])
    keeper = Person(district_application, "机房老吴")
    page = keeper.get("/admin/region/")
    tree = page.text.partition("全国的下级")[2].partition("区划名称")[0]
    assert "示范县" in tree.split() and "全国" not in tree.split()

    keeper.open(page.link("全国"))
    keeper.open(next(href for text, href in keeper.page.links if text == "修改"))
    keeper.press("保存", name="全国")
    assert keeper.page.facts["级别"] in ("省", "全国"), "nothing was changed"
    keeper.open(next(href for text, href in keeper.page.links if text == "修改"))
    keeper.press("保存", name="中国")
    assert keeper.page.facts["级别"] == "全国"
