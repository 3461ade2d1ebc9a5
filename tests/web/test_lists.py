"""A list as a person uses it: found by any way of typing a name, set up, saved, walked through."""

from datetime import date
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from sqlalchemy import select

from admin_app import paging, reference
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.services.records import edit
from models.region import Region
from models.school import School
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk, roster

康宁, 牧童 = "990101400001", "990101400002"
LIST = "/admin/student/"
CHILDREN = ["张三", "张小山", "单小明", "解思远", "曾子涵", "仇英", "阿卜杜·买买提", "欧阳小明"]


@pytest.fixture
def village(district_application, district):
    """康宁社区 with some children whose names are hard to find."""
    engine = district_application.extensions["baoxue"].engine
    with unscoped(engine, "children of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="张大山", register_number="9901-77")
            for serial, name in enumerate(CHILDREN):
                makers.student(session, home, name, sex="1", birth_date=date(2015, 1, 1 + serial), grade="13",
                               schooling_state="enrolled" if serial % 2 else "unknown")
    return district_application


@pytest.fixture
def officer(village):
    return Desk(village).sign_in("康宁网格员", PASSWORD)


def names(desk, query=""):
    return [row["姓名"] for row in desk.rows(f"{LIST}{query}", "姓名")]


@pytest.mark.parametrize(("typed", "found"), [
    ("张", ["张三", "张小山"]), ("小明", ["单小明", "欧阳小明"]), ("山", ["张小山"]), ("小", ["张小山", "单小明", "欧阳小明"]),
    ("zhangsan", ["张三"]), ("ZS", ["张三"]), ("zxs", ["张小山"]), ("zhang", ["张三", "张小山"]),
    ("shanxiaoming", ["单小明"]), ("danxiaoming", ["单小明"]), ("sxm", ["单小明"]), ("dxm", ["单小明"]),
    ("xie", ["解思远"]), ("jie", ["解思远"]), ("zeng", ["曾子涵"]), ("ceng", ["曾子涵"]), ("qiuying", ["仇英"]),
    ("chouying", ["仇英"]), ("买买提", ["阿卜杜·买买提"]), ("oyxm", ["欧阳小明"]), ("ＺＳ", ["张三"]),
    ("xiaoshan", ["张小山"]), ("xiaoming", ["单小明", "欧阳小明"]), ("siyuan", ["解思远"]), ("yang", []), ("小 明", ["单小明", "欧阳小明"]),
    ("明三", []), ("王", []),
])
def test_a_child_is_found_by_part_of_the_name_pinyin_and_initials(officer, typed, found):
    assert names(officer, f"?search={typed}") == found


def test_a_new_name_is_found_and_the_old_one_no_more_also_after_an_undo(officer):
    officer.open(f"{LIST}?search=仇英")
    officer.open(officer.page.link("修改"))
    officer.press("保存", name="秋迎春", reason="户口簿上改了名")
    assert (names(officer, "?search=qyc"), names(officer, "?search=仇")) == (["秋迎春"], [])

    officer.open(f"{LIST}?search=秋迎春")
    officer.open(officer.page.link("秋迎春"))
    latest = next(href for _, href in officer.page.links if href.startswith("/changes/") and href != "/changes/")
    officer.open(latest)
    officer.press("撤销")

    assert (names(officer, "?search=chouying"), names(officer, "?search=秋")) == (["仇英"], [])


def test_a_family_handed_over_is_found_where_it_lives_now(village, district):
    engine = village.extensions["baoxue"].engine
    desk = Desk(village).sign_in("城区主任", PASSWORD)
    with unscoped(engine, "which family", writing=False) as session:
        home = session.query(Student).filter_by(name="张三").one().household_id
    neighbour = Desk(village).sign_in("牧童网格员", PASSWORD)
    assert names(neighbour, "?search=张三") == []

    desk.open(f"/families/{home}/hand-over")
    desk.press("移交", region_code=牧童, reason="举家迁入")

    assert names(neighbour, "?search=zs") == ["张三"]
    assert names(Desk(village).sign_in("康宁网格员", PASSWORD), "?search=张三") == []


def test_a_family_is_found_by_the_beginning_of_its_register_number(officer):
    assert [row["户主姓名"] for row in officer.open("/admin/household/?search=9901-7").table("户主姓名")] == ["张大山"]
    assert officer.open("/admin/household/?search=7701").table("户主姓名") == []


def test_the_columns_are_chosen_and_stay_in_the_address(officer):
    page = officer.open(f"{LIST}?search=张&col=sex&col=note&col=nonsense")

    assert list(page.table("姓名")[0]) == ["", "序号", "姓名", "性别", "备注", "操作"]
    assert "cols=name,sex,note" in page.link("50")
    assert list(officer.open(page.link("50")).table("姓名")[0])[2:5] == ["姓名", "性别", "备注"]


def test_a_view_is_saved_under_a_name_and_opens_the_same_list(officer, village):
    officer.open(f"{LIST}?schooling_state=enrolled&size=50")
    officer.press("保存", name="在校的")
    assert names(officer, f"?{urlsplit(officer.page.link('在校的')).query}") == names(officer, "?schooling_state=enrolled")

    neighbour = Desk(village).sign_in("牧童网格员", PASSWORD)
    assert "在校的" not in neighbour.open(LIST).text
    officer.open(LIST)
    officer.post(next(f.action for f in officer.page.forms if f.action.endswith("/delete")),
                 {"csrf_token": officer.token})
    assert "在校的" not in officer.open(LIST).text


def test_a_view_is_shared_with_a_role_below_but_never_a_childs_name(village):
    district = Desk(village).sign_in("城区主任", PASSWORD)
    district.open(f"{LIST}?schooling_state=unknown")
    district.press("保存", name="待核查", role="下级村（社区）干部也能用")
    district.open(f"{LIST}?search=张三")
    district.press("保存", name="张三", role="下级村（社区）干部也能用")
    assert "共享的视图里不能有搜索词" in district.page.text

    officer = Desk(village).sign_in("康宁网格员", PASSWORD)
    officer.open(LIST)
    assert "张三" not in [text for text, _ in officer.page.links if "共享" in text]
    assert names(officer, f"?{urlsplit(officer.page.link('待核查共享')).query}") == names(officer, "?schooling_state=unknown")
    assert "待核查共享" not in [text for text, _ in Desk(village).sign_in("督导老林", PASSWORD).open(LIST).links]


def test_a_shared_view_is_not_taken_away_by_saving_another_under_its_name(village):
    district = Desk(village).sign_in("城区主任", PASSWORD)
    district.open(f"{LIST}?schooling_state=unknown")
    district.press("保存", name="待核查", role="下级村（社区）干部也能用")
    district.open(f"{LIST}?sex=1")
    district.press("保存", name="待核查")
    assert "“待核查”已共享给" in district.page.text
    officer = Desk(village).sign_in("康宁网格员", PASSWORD)
    officer.open(LIST)
    assert names(officer, f"?{urlsplit(officer.page.link('待核查共享')).query}") == names(officer, "?schooling_state=unknown")


def test_a_child_is_found_by_its_number_and_no_link_of_the_page_carries_it(officer, district):
    number = district.李明.identity_number
    page = officer.open(f"{LIST}?search={number}&size=20")
    assert [row["姓名"] for row in page.table("姓名")] == ["李明"]
    assert number not in page.text and not [href for _, href in page.links if number in href]
    assert f"搜索：尾号{number[-4:]}" in page.text
    assert number not in page.bytes.decode(), "neither in a form, nor in what is exported or saved from here"

    told = next(f.fields["told"] for f in page.forms if "told" in f.fields)
    assert names(officer, f"?search={told.replace('#', '%23')}") == ["李明"], "what stands there instead finds the same"
    other = officer.open(f"{LIST}?search=尾号{number[-4:]}%23{'0' * 32}")
    assert "李明" not in other.text


@pytest.mark.parametrize("typed", ["{}", "李明 {}", "李明{}", "'{}", "{}，"])
def test_however_a_number_is_typed_the_page_does_not_repeat_it(officer, district, typed):
    number = district.李明.identity_number
    wide = "".join(chr(ord(c) + 0xFEE0) for c in number)
    for said in (typed.format(number), typed.format(wide)):
        page = officer.open(f"{LIST}?search={said}")
        assert number not in page.bytes.decode()
        assert wide not in page.bytes.decode()
        if typed[0] != "'" and typed[-1] != "，":
            assert [row["姓名"] for row in page.table("姓名")] == ["李明"]


def test_the_box_shows_a_number_by_its_last_four_and_asking_again_finds_the_same(officer, district):
    tail = district.李明.identity_number[-4:]
    form = officer.open(f"{LIST}?search={district.李明.identity_number}").form("查询").fields
    assert form["search"] == f"尾号{tail}"
    assert names(officer, f"?{urlencode({**form, 'sex': '1'})}") == ["李明"]
    assert names(officer, f"?{urlencode({**form, 'search': '张三'})}") == ["张三"], "what was typed over it counts"


def test_who_may_not_search_by_number_is_told_nothing_of_its_index(village, district):
    number = district.李明.identity_number
    for name, path in (("督导老林", LIST), ("督导老林", "/admin/region/"), ("城区主任", "/admin/school/")):
        page = Desk(village).sign_in(name, PASSWORD).open(f"{path}?search={number}").bytes.decode()
        assert f"尾号{number[-4:]}" in page
        assert f"尾号{number[-4:]}#" not in page
        assert number not in page
    away = Desk(village).browser.get(f"{LIST}?search={number}")
    assert (away.status_code, number in away.headers["Location"]) == (302, False)


def test_a_register_number_as_long_as_an_identity_number_is_still_found(village, district):
    engine = village.extensions["baoxue"].engine
    with unscoped(engine, "a long number", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            makers.household(session, 康宁, head_name="赵大海", register_number="990101400001000123")
    officer = Desk(village).sign_in("康宁网格员", PASSWORD)
    assert [row["户主姓名"] for row in officer.rows("/admin/household/?search=990101400001000123", "户主姓名")] == ["赵大海"]


def test_the_next_and_the_one_before_walk_the_same_list(officer):
    listed = names(officer, "?search=小&sort=birth_date&desc=1")
    assert listed == ["欧阳小明", "单小明", "张小山"]
    officer.open(f"{LIST}?search=小&sort=birth_date&desc=1")
    officer.open(officer.page.link("欧阳小明"))
    walked = ["欧阳小明"]
    while "下一条" in [text for text, _ in officer.page.links]:
        officer.open(officer.page.link("下一条"))
        walked.append(officer.page.facts["姓名"])
    assert walked == listed
    assert officer.open(officer.page.link("上一条")).facts["姓名"] == "单小明"
    assert names(officer, f"?{urlsplit(officer.page.link('返回')).query}") == listed


def test_a_list_stands_in_the_order_of_its_villages_and_pages_without_gaps(village):
    desk = Desk(village).sign_in("城区主任", PASSWORD)
    rows = desk.rows(f"{LIST}?size=20", "姓名")

    assert [r["村（社区）"] for r in rows] == sorted((r["村（社区）"] for r in rows), key=["康宁社区", "牧童社区"].index)
    assert len({r["姓名"] for r in rows}) == len(rows) == len(CHILDREN) + 2


def test_names_stand_in_the_order_of_their_pinyin_and_rare_characters_at_the_ends(village):
    officer, engine = Desk(village).sign_in("牧童网格员", PASSWORD), village.extensions["baoxue"].engine
    with unscoped(engine, "names", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 牧童), "seed"):
            home = makers.household(session, 牧童, head_name="赵大海", register_number="9902-1")
            for name in ("张一", "𠮷野", "李安", "陈二", "梁三", "闫四", "李白"):
                makers.student(session, home, name, birth_date=date(2014, 1, 1), grade="13")
    order = ["𠮷野", "陈二", "李安", "李白", "梁三", "王芳", "张一", "闫四"]
    assert names(officer, "?sort=name") == order
    assert names(officer, "?sort=name&desc=1") == order[::-1]
    officer.open(f"{LIST}?sort=name")
    officer.open(officer.page.link("李白"))
    assert officer.open(officer.page.link("下一条")).facts["姓名"] == "梁三"


def test_a_list_stands_in_the_order_of_what_it_shows_and_the_empty_behind(village):
    engine = village.extensions["baoxue"].engine
    with unscoped(engine, "schools", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, "990101000000"), "seed"):
            for child, school in (("张三", "张庄小学"), ("仇英", "安平小学")):
                there = School(name=school, kind="211", region_code=康宁)
                session.add(there)
                session.flush()
                session.query(Student).filter_by(name=child).one().school_id = there.id
    desk = Desk(village).sign_in("城区主任", PASSWORD)
    for way in ("", "&desc=1"):
        schools = [row["学校"] for row in desk.rows(f"{LIST}?sort=school_id{way}", "姓名")]
        named = [school for school in schools if school != "—"]
        assert list(dict.fromkeys(named)) == ["安平小学", "示范小学", "张庄小学"][::-1 if way else 1]
        assert schools == [*named, *["—"] * (len(schools) - len(named))]
        assert "—" in schools
    assert desk.rows(f"{LIST}?sort=region_code&desc=1", "姓名")[0]["村（社区）"] == "牧童社区"
    states = [row["就学状态"] for row in desk.rows(f"{LIST}?sort=schooling_state", "姓名")]
    assert states == sorted(states, key=list(dict.fromkeys(states)).index)
    assert len(set(states)) > 1


def test_flags_stand_in_the_order_of_the_names_of_their_children(village):
    with unscoped(village.extensions["baoxue"].engine, "flags", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            for name in ("张三", "仇英", "单小明"):
                child = session.query(Student).filter_by(name=name).one()
                session.add(SpecialGroupFlag(region_code=康宁, student_id=child.id, kind="4"))
    officer = Desk(village).sign_in("康宁网格员", PASSWORD)
    rows = officer.rows("/admin/special_group_flag/?sort=student_id&size=100", "学生")
    assert [row["学生"] for row in rows if row["学生"] in {"张三", "仇英", "单小明"}] == ["仇英", "单小明", "张三"]


def test_a_sheet_stands_in_the_order_of_the_list_unless_names_are_masked_in_it(officer):
    def sheet(**how):
        book = officer.download(f"{LIST}export/?sort=birth_date&desc=1&cols=name,birth_date", **how).workbook().active
        return [row[1] for row in book.values if isinstance(row[0], int)]

    shown = names(officer, "?sort=birth_date&desc=1")
    assert sheet() == shown
    assert shown != names(officer)
    assert [name[0] for name in sheet(grade="masked")] == [name[0] for name in names(officer)]


def test_pages_turned_far_down_show_every_child_once_and_in_order(village, monkeypatch):
    monkeypatch.setattr(paging, "_DEEP", 20)  # rows, from where a page is found by a mark
    engine = village.extensions["baoxue"].engine
    with unscoped(engine, "two villages that end in the middle of a page", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, "990101000000"), "seed"):
            for code, many in ((牧童, 45), (康宁, 33)):
                home = makers.household(session, code, head_name="赵大海", register_number=f"9902-{many}")
                for serial in range(many):
                    makers.student(session, home, f"赵{code[-1]}第{serial:02}", birth_date=date(2014, 1, 1), grade="13",
                                   schooling_state="unknown" if serial % 3 else "enrolled")
    desk = Desk(village).sign_in("城区主任", PASSWORD)

    def turned(query):
        found, page = [], desk.open(f"{LIST}?{query}")
        while True:
            found += [row["姓名"] for row in page.table("姓名")]
            following = [href for text, href in page.links if text == "下一页"]
            if not following:
                return found
            page = desk.open(following[0])

    for query in ("", "schooling_state=unknown"):
        listed = names(desk, f"?size=100&{query}")
        assert len(listed) > 50
        assert turned(query) == listed, "every child once, in the order of the villages"
        desk.open(f"{LIST}?{query}&page=2")  # the marks are kept now
        assert turned(query) == listed
    officer = Desk(village).sign_in("康宁网格员", PASSWORD)
    assert "赵2第20" not in officer.open(f"{LIST}?page=3").text, "the marks of one place are not those of another"


def test_children_not_checked_this_term_are_counted_and_listed_alike(village, district):
    engine = village.extensions["baoxue"].engine
    with unscoped(engine, "a check", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            child = session.query(Student).filter_by(name="张小山").one()
            edit(session, actor("测试", Role.ADMINISTRATOR, 康宁), child, {"checked_on": date.today()})
    officer = Desk(village).sign_in("康宁网格员", PASSWORD)
    page = officer.open("/")
    link = next(href for text, href in page.links if "本学期还没有核查的学生" in text)
    counted = next(text for text, _ in page.links if "本学期还没有核查的学生" in text)

    listed = [row["姓名"] for row in officer.rows(link, "姓名")]
    assert "张小山" not in listed
    assert counted.startswith(str(len(listed)))
    assert set(listed) < set(names(officer, "?schooling_state=enrolled"))


def test_each_is_told_of_what_is_theirs_to_do_and_no_more(village, district):
    engine = village.extensions["baoxue"].engine
    with unscoped(engine, "flags", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            for name, state in (("张三", "reported"), ("仇英", "rejected")):
                child = session.query(Student).filter_by(name=name).one()
                session.add(SpecialGroupFlag(region_code=康宁, student_id=child.id, kind="72", state=state))

    def told(name):
        page = Desk(village).sign_in(name, PASSWORD).open("/")
        return {word for word in ("特殊群体标记待核实", "特殊群体标记被退回") if word in page.text}

    assert told("康宁网格员") == {"特殊群体标记被退回"}, "to report again is hers, to verify is not"
    assert "特殊群体标记待核实" in told("城区主任")
    assert told("牧童网格员") == set()


def test_a_preview_that_nobody_confirmed_waits_on_the_first_page(village, district):
    desk = Desk(village).sign_in("城区主任", PASSWORD)
    assert "导入预览待确认" not in desk.open("/").text
    desk.upload(roster({"村（社区）": "康宁社区", "户编号": "0007", "户主姓名": "孙建国", "儿童姓名": "孙悦",
                        "出生日期": "2015-09-01"}), "等一等.xlsx")
    link = next(href for text, href in desk.open("/").links if "导入预览待确认" in text)
    assert [row["文件"] for row in desk.open(link).table("文件")] == ["等一等.xlsx"]


def test_a_childs_page_tells_the_days_of_the_child_and_of_the_family(officer, district):
    page = officer.open(f"{LIST}?search=张三")
    page = officer.open(page.link("张三"))

    siblings = page.table("就学状态")
    assert {row["姓名"] for row in siblings} == set(CHILDREN) - {"张三"}
    assert "大事记" in page.text
    assert "2015-01-01" in page.text
    officer.open(page.link("登记在校"))
    officer.press("登记在校", school_id=str(district.school_id))
    assert "待核查 → 在校就读" in officer.page.text


def test_the_days_of_a_child_hold_each_check_and_each_paper_and_nothing_that_was_taken_back(officer, district):
    child = f"{LIST}details/?id={district.李明.id}"
    for day in ("20260910", "20261012"):
        officer.open(officer.open(child).link("登记核查"))
        officer.press("登记核查", checked_on=day)
    officer.open(child)
    officer.press("上传", file=("入户照片.jpg", b"\xff\xd8\xff\xe0" + b"photo" * 20))
    told = officer.open(child).text.partition("大事记")[2]
    assert ("2026-09-10最近核查日期" in told, "2026-10-12最近核查日期" in told, "入户照片.jpg" in told) == (True, True, True)
    assert told.count("2026-10-12最近核查日期") == 1

    officer.open(officer.page.link("报疑似辍学"))
    officer.press("报疑似辍学", absent_since="20261101")
    assert "在校就读 → 疑似辍学" in officer.open(child).text
    officer.open(next(href for _, href in officer.page.links if href.startswith("/changes/") and href != "/changes/"))
    officer.press("撤销")
    assert "→ 疑似辍学" not in officer.open(child).text.partition("大事记")[2].partition("变更记录")[0]


def test_from_a_child_to_the_family_and_from_the_family_to_its_guardians_and_flags(officer, district):
    page = officer.open(f"{LIST}details/?id={district.李明.id}")
    home = officer.open(page.link(page.facts["户"]))
    assert "李明" in {row["学生"] for row in home.table("与孩子关系")}
    assert "李明" in {row["学生"] for row in home.table("群体类型")}
    flag = officer.open(f"/admin/special_group_flag/details/?id={district.李明.flag_id}")
    assert officer.open(flag.link("李明")).facts["姓名"] == "李明"


def test_a_count_is_kept_only_while_nothing_is_written(village, district):
    engine = village.extensions["baoxue"].engine
    desk = Desk(village).sign_in("城区主任", PASSWORD)
    before = len(desk.rows(f"{LIST}?size=50", "姓名"))
    assert f"共 {before} 条" in desk.open(f"{LIST}?size=50").text

    with unscoped(engine, "another process", writing=True) as session:
        with recording(session, actor("别的进程", Role.ADMINISTRATOR, 康宁), "seed"):
            makers.student(session, 康宁, "新来的")
    assert f"共 {before + 1} 条" in desk.open(f"{LIST}?size=50").text


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_change_that_is_committed_late_is_counted_all_the_same(village, district):
    """Its ledger rows have lower numbers than those of a change that was quicker."""
    engine = village.extensions["baoxue"].engine
    desk = Desk(village).sign_in("城区主任", PASSWORD)
    with unscoped(engine, "a slow writer", writing=True) as slow:
        with recording(slow, actor("慢", Role.ADMINISTRATOR, 康宁), "seed"):
            makers.student(slow, 康宁, "慢来的")
            slow.flush()
            with unscoped(engine, "a quick writer", writing=True) as quick:
                with recording(quick, actor("快", Role.ADMINISTRATOR, 康宁), "seed"):
                    makers.student(quick, 康宁, "快来的")
            seen = desk.open(LIST).text
    assert "共 11 条" in seen
    assert "共 12 条" in desk.open(LIST).text


# --- forms, and on from them ------------------------------------------------------------------------


def test_a_family_that_was_typed_and_not_chosen_is_asked_for_again(officer):
    officer.open("/admin/student/new/")
    page = officer.press("保存", status=400, **{"household_id-shown": "不存在的户", "name": "孙新", "birth_date": "20160101"})
    assert "没有选中“户”" in page.text
    fields = page.form("保存").fields
    assert (fields["household_id-shown"], fields["name"]) == ("不存在的户", "孙新")
    officer.press("保存", **{"household_id-shown": ""})
    assert "已新增" in officer.page.text


def test_a_child_is_registered_in_a_village_or_not_at_all(village):
    district = Desk(village).sign_in("城区主任", PASSWORD)
    district.open("/admin/student/new/")
    page = district.press("保存", status=400, name="无村", birth_date="20160101")
    assert "记录要归到一个村（社区）名下" in page.text
    assert names(district, "?search=无村") == []
    officer = Desk(village).sign_in("康宁网格员", PASSWORD)
    officer.open("/admin/student/new/")
    officer.press("保存", name="有村", birth_date="20160101")
    assert names(officer, "?search=有村") == ["有村"]


def test_after_an_edit_and_a_move_one_is_still_in_the_list(officer, district):
    officer.open(f"{LIST}?schooling_state=unknown&size=20")
    first, second, third = names(officer, "?schooling_state=unknown")[:3]
    officer.open(f"{LIST}?schooling_state=unknown&size=20")
    officer.open(officer.page.link(first))
    officer.open(officer.page.link("修改"))
    officer.press("保存", note="已入户")
    assert officer.open(officer.page.link("下一条")).facts["姓名"] == second
    officer.open(officer.page.link("登记在校"))
    officer.press("登记在校", school_id=str(district.school_id))
    assert "schooling_state=unknown" in officer.page.link("返回")
    assert officer.open(officer.page.link("下一条")).facts["姓名"] == third, "though the one before has left the list"
    officer.press("上传", file=("入户.jpg", b"\xff\xd8\xff\xe0photo"))
    assert officer.page.facts["姓名"] == third
    assert "schooling_state=unknown" in officer.page.link("返回")


def test_back_leads_to_the_page_of_the_list_where_the_child_stood(village):
    engine = village.extensions["baoxue"].engine
    with unscoped(engine, "many children", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁)
            for serial in range(30):
                makers.student(session, home, f"甲{chr(0x4e00 + serial)}")
    officer = Desk(village).sign_in("康宁网格员", PASSWORD)
    page = officer.open(f"{LIST}?page=2")
    child = page.table("姓名")[3]["姓名"]
    officer.open(page.link(child))
    assert child in [row["姓名"] for row in officer.open(officer.page.link("返回")).table("姓名")]


def test_the_next_child_is_of_the_same_family(officer):
    officer.open(f"{LIST}?search=张三")
    officer.open(officer.page.link("张三"))
    household = next(href for _, href in officer.page.links if "student/new/?household_id=" in href)
    officer.open(household)
    page = officer.post(officer.page.address, {**officer.page.form("保存").fields, "name": "张五", "birth_date": "20170101",
                                               "_add_another": "1"})
    assert page.form("保存").fields["household_id"] == parse_qs(urlsplit(household).query)["household_id"][0]


def test_a_sheet_says_what_it_lists(officer):
    page = officer.download(f"{LIST}export/?schooling_state=unknown&search=小")
    said = " ".join(str(c) for row in page.workbook().active.values for c in row if c)
    assert "条件：就学状态：待核查；搜索：小" in said
    assert page.filename.startswith("康宁社区学生-工作用-")
    everything = officer.download(f"{LIST}export/").workbook().active.values
    assert "条件：不含已作废" in " ".join(str(c) for row in everything for c in row if c)
    everything = officer.download("/admin/household/export/").workbook().active.values
    assert "全部" in " ".join(str(c) for row in everything for c in row if c)


def test_pinyin_is_typed_with_or_without_a_space(officer):
    assert names(officer, "?search=zhang san") == names(officer, "?search=zhangsan") == ["张三"]


def test_a_county_of_many_schools_is_filtered_by_typing_and_its_page_stays_small(village, district):
    engine = village.extensions["baoxue"].engine
    desk = Desk(village).sign_in("城区主任", PASSWORD)
    assert desk.open(LIST).form("查询").choices["school_id"]["示范小学"] == str(district.school_id)
    with unscoped(engine, "three hundred schools", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            session.add_all(School(name=f"第{n}中心小学", kind="211", region_code="990101400000") for n in range(300))
            home = makers.household(session, 康宁)
            for serial in range(20):
                makers.student(session, home, f"甲{chr(0x4e00 + serial)}", school_id=district.school_id)

    page = desk.open(f"{LIST}?school_id={district.school_id}")
    assert len(page.bytes) < 50_000
    assert page.form("查询").fields["school_id-shown"] == "示范小学"
    assert {row["学校"] for row in page.table("姓名")} == {"示范小学"}
    assert len(page.table("姓名")) == 20


def test_the_code_tables_are_named_in_chinese_and_never_by_their_keys(village):
    administrator = Desk(village).sign_in("城区主任", PASSWORD)
    kinds = {row["代码表"] for row in administrator.rows("/admin/code_item/?code_table=school_kind", "名称")}

    assert kinds == {"办学类型"}
    assert "school_kind" not in {row["代码表"] for row in administrator.rows("/admin/code_item/", "名称")}
    assert {row["名称"] for row in administrator.rows("/admin/code_item/?code_table=code_table&size=100", "名称")} >= {
        "城乡分类", "年级", "代码表"}


def test_what_stands_around_a_list_is_kept_for_a_role_and_a_place_and_never_shown_to_another(village):
    def seen_by(name):
        return Desk(village).sign_in(name, PASSWORD).open(LIST)

    for _ in range(2):  # the second time each finds what was kept
        district, officer, inspector = (seen_by(name) for name in ("城区主任", "康宁网格员", "督导老林"))
        assert "牧童社区" in [words for words, _ in district.links]
        assert "牧童社区" not in officer.text
        assert {"新增", "导入"} <= {words for words, _ in officer.links}
        assert not {"新增", "导入"} & {words for words, _ in inspector.links}
        assert "身份证号" in district.bytes.decode()
    tokens = {form.fields["csrf_token"] for page in (district, officer) for form in page.forms if "csrf_token" in form.fields}
    assert len(tokens) == 2, "each their own"


def test_a_new_school_stands_in_the_filter_at_once(village, officer):
    assert "新建小学" not in officer.open(LIST).text
    with unscoped(village.extensions["baoxue"].engine, "a school", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, "990101000000"), "seed"):
            session.add(School(name="新建小学", kind="211", region_code="990101400000"))

    assert "新建小学" in officer.open(LIST).text


def test_what_one_person_asked_for_never_stands_in_the_page_of_the_next(village, officer):
    officer.open(f"{LIST}?page=李明-13800000000")
    other = Desk(village).sign_in("康宁网格员", PASSWORD).open(LIST)

    assert "13800000000" not in other.bytes.decode()
    assert "张三" in other.text


def test_a_word_longer_than_anybody_types_makes_no_longer_page(officer):
    for argument in ("search", "schooling_state", "region", "sort", "cols", "page", "checked_on_before"):
        page = officer.open(f"{LIST}?{argument}=" + "长" * 20_000)
        assert len(page.bytes) < 60_000, argument


def test_made_up_places_are_not_remembered(village, officer):
    for number in range(20):
        officer.open(f"{LIST}?region=99010140{number:04d}")
    kept = reference._KEPT[village.extensions["baoxue"].engine]._regions

    with unscoped(village.extensions["baoxue"].engine, "all places") as session:
        assert 康宁 in kept.keys() <= set(session.scalars(select(Region.code)))


@pytest.mark.parametrize("asked", ["checked_on_before=2026-13-40", "checked_on_before=hello", "school_id=abc", "region=1"])
def test_a_condition_that_cannot_be_read_finds_nothing_says_so_and_is_taken_away_by_its_chip(officer, asked):
    everybody = names(officer)
    assert everybody
    assert names(officer, f"?{asked}") == []
    assert "看不懂" in officer.page.text
    officer.open(next(href for words, href in officer.page.links if "看不懂" in words))
    assert [row["姓名"] for row in officer.page.table("姓名")] == everybody


def test_a_school_year_is_found_as_the_column_writes_it(officer):
    letters = "/admin/responsibility_letter/"
    whole = officer.rows(letters, "编号")
    years = {row["学年"] for row in whole}
    for year in years:
        assert officer.rows(f"{letters}?school_year={year}", "编号") == [row for row in whole if row["学年"] == year]
    assert years
    assert officer.rows(f"{letters}?school_year=明年", "编号") == []


def test_a_guardian_is_found_by_the_name_of_the_child_as_well(officer, district, village):
    def found(typed):
        return [(row["监护人姓名"], row["学生"]) for row in officer.rows(f"/admin/guardian/?search={typed}", "监护人姓名")]

    everybody = found("")
    own = next(pair for pair in everybody if pair[1] == "李明")
    assert found("李明") == found("liming") == found("lm") == found(own[0]) == [own]
    assert found("王芳") == [] and found("明李") == [], "of another village, and of nobody"
    assert "学生姓名" in officer.page.bytes.decode()
    assert "监护人姓名" in officer.page.bytes.decode()


def test_what_an_account_was_granted_is_found_by_its_name_and_its_person(village):
    director = Desk(village).sign_in("城区主任", PASSWORD)

    def found(query):
        return {row["账号"] for row in director.rows(f"/admin/grant/?{query}", "账号")}

    assert {"康宁网格员", "牧童网格员"} <= found("")
    assert found("search=康宁网格") == {"康宁网格员"}
    assert found("search=网格员") == {"康宁网格员", "牧童网格员"}
    [person] = director.browser.get("/admin/account/lookup/?q=康宁网格员").json
    assert found(f"account_id={person['id']}") == {"康宁网格员"}
    assert director.page.form("查询").fields["account_id-shown"] == "康宁网格员"
    assert found("search=县主任") == set(), "an account from above is not told"
