"""移交: a family, or everybody of a merged village, and their papers, go where they now belong, and nobody else sees
them any more."""

import re

import pytest
from sqlalchemy import select

from admin_app.access.permissions import Role
from admin_app.access.scope import Scope, ScopedSession, unscoped
from admin_app.changes.ledger import recording
from models.attachment import Attachment
from models.change import Change, ChangeRow
from models.household import Household
from models.region import Region
from models.responsibility_letter import ResponsibilityLetter
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk

康宁, 牧童, 城区, 示范县 = "990101400001", "990101400002", "990101400000", "990101000000"
SAME = "990101400001" + "0012"


@pytest.fixture
def homes(store, district):
    """曾大山 of 康宁 with 曾一, and 康宁's 曾孤 of no family; 曾大山's number is used in 牧童 too."""
    with unscoped(store, "families of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 示范县), "seed"):
            home = makers.household(session, 康宁, head_name="曾大山", register_number=SAME)
            makers.student(session, home, "曾一")
            makers.student(session, 康宁, "曾孤")
            makers.household(session, 牧童, head_name="牧同号", register_number=SAME)
            return home.id


@pytest.fixture
def people(district_application, homes):
    return lambda who: Desk(district_application).sign_in(who, PASSWORD)


def where(store, model, column):
    with unscoped(store, "where everything lies") as session:
        return dict(session.execute(select(column, model.region_code)).all())


def ended(director, village, successor=""):
    director.open(director.open(f"/admin/region/?search={village}").link(f"{village}社区"))
    director.open(director.page.link("修改"))
    director.press("保存", valid_until="2026-11-01", **({"successor_code": successor} if successor else {}))


def test_everybody_of_a_merged_village_is_handed_over_at_once_and_comes_back_by_undo(people, store, district):
    director, before = people("城区主任"), where(store, Student, Student.name)
    ended(director, "康宁", 牧童)
    assert "还有 2 户登记在这里" in director.page.text
    there, tile = director.page.address, next(link for link in director.open("/").links if "“康宁社区”已撤销，户待移交" in link[0])
    assert tile[0].startswith("2") and len(director.rows(tile[1], "户主姓名")) == 2
    director.open(there)
    page = director.open(director.page.link("全部移交到其他村（社区）"))
    assert "2 户、3 名孩子一次移交" in page.text
    assert page.form("移交").fields["region_code"] == 牧童, "its successor is proposed"
    assert page.form("移交").fields["region_code-shown"].startswith("牧童")
    missing = director.press("移交", status=400)
    assert "移交须写明原因" in missing.text and missing.form("移交").fields["region_code-shown"].startswith("牧童")
    director.press("移交", reason="两个社区合并")

    assert "全部移交到其他村" not in director.page.text, "nobody is left"
    assert "户待移交" not in director.open("/").text
    assert where(store, Student, Student.name) == {**before, "李明": 牧童, "曾一": 牧童, "曾孤": 牧童}
    assert where(store, Attachment, Attachment.filename)["李明.jpg"] == 牧童
    with unscoped(store, "their numbers") as session:
        numbers = dict(session.execute(select(Household.head_name, Household.register_number)).all())
    assert (numbers["牧同号"], numbers["曾大山"]) == (SAME, f"{SAME}（原001）")
    assert people("康宁网格员").open("/admin/student/").table("姓名") == []
    assert {"李明", "曾一", "曾孤", "王芳"} == {r["姓名"] for r in people("牧童网格员").rows("/admin/student/", "姓名")}

    act = next(href for _, href in director.open("/changes/?verb=household:hand_over").links
               if re.fullmatch(r"/changes/\d+", href))
    director.open(act)
    director.press("撤销")
    assert where(store, Student, Student.name) == before
    assert where(store, Attachment, Attachment.filename)["李明.jpg"] == 康宁


def test_only_who_keeps_both_villages_hands_everybody_over(people, store, district):
    director, officer = people("城区主任"), people("康宁网格员")
    ended(director, "康宁")
    there = director.page.link("全部移交到其他村（社区）")
    officer.open(there, status=403)
    inside = {"csrf_token": director.token, "reason": "合并", "region_code": district.另一村}
    refused = director.post(there, inside, status=400)
    assert "请由上一级办理移交" in refused.text or "请从提示的列表中选择" in refused.text, refused.text
    assert where(store, Student, Student.name)["李明"] == 康宁
    director.post(there, {**inside, "region_code": 牧童})
    assert where(store, Student, Student.name)["李明"] == 牧童, "the control"


def test_a_second_family_of_the_same_number_finds_a_free_one(people, store, homes):
    director = people("城区主任")
    for name in ("曾大山", "曾小山"):
        if name == "曾小山":
            with unscoped(store, "a family with the number that is free again", writing=True) as session:
                with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
                    homes = makers.household(session, 康宁, head_name=name, register_number=SAME).id
        director.open(f"/families/{homes}/hand-over")
        director.press("移交", region_code=牧童, reason="举家迁入")
    with ScopedSession(store, Scope.under(牧童)) as session:
        numbers = dict(session.execute(select(Household.head_name, Household.register_number)).all())
    assert numbers["曾大山"] == f"{SAME}（原001）" and numbers["曾小山"] == f"{SAME}（原001）2"


def test_a_number_that_says_already_from_where_it_came_holds_up_no_merger(people, store, homes):
    """曾大山 went to 牧童 and was sent back; 曾小山 of 康宁 has got his former number, and 康宁 is merged into 牧童."""
    director = people("城区主任")
    for village in (牧童, 康宁):
        director.open(f"/families/{homes}/hand-over")
        director.press("移交", region_code=village, reason="举家迁入")
    with unscoped(store, "a family with the number that is free again", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            makers.household(session, 康宁, head_name="曾小山", register_number=SAME)
    ended(director, "康宁", 牧童)
    director.open(director.page.link("全部移交到其他村（社区）"))
    director.press("移交", reason="两个社区合并")
    with ScopedSession(store, Scope.under(牧童)) as session:
        numbers = dict(session.execute(select(Household.head_name, Household.register_number)).all())
    assert (numbers["牧同号"], numbers["曾大山"], numbers["曾小山"]) == (SAME, f"{SAME}（原001）", f"{SAME}（原001）2")


def test_a_family_is_handed_over_to_a_village_and_to_nothing_else(people, store, homes):
    director = people("城区主任")
    director.open(f"/families/{homes}/hand-over")
    assert "请选择一个在用的村（社区）" in director.press("移交", status=400, region_code=城区, reason="举家迁入").text
    assert where(store, Household, Household.head_name)["曾大山"] == 康宁
    director.press("移交", region_code=牧童)
    assert where(store, Household, Household.head_name)["曾大山"] == 牧童, "the control"


def test_a_letter_that_was_signed_or_names_another_party_stays_as_it_is_when_its_family_goes(people, store, homes):
    with unscoped(store, "its letters", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            own = session.scalar(select(Region.name).where(Region.code == 康宁))
            session.add_all(ResponsibilityLetter(
                region_code=康宁, household_id=homes, number=number, level="3", school_year=year, party_a=party,
                party_b="曾大山", state=state) for number, year, party, state in (
                    ("签过", 2024, own, "signed"), ("学校", 2025, "示范小学", "unsigned"), ("待签", 2026, own, "unsigned")))
    director = people("城区主任")
    director.open(f"/families/{homes}/hand-over")
    director.press("移交", region_code=牧童, reason="举家迁入")
    with ScopedSession(store, Scope.under(牧童)) as session:
        parties = dict(session.execute(select(ResponsibilityLetter.number, ResponsibilityLetter.party_a).where(
            ResponsibilityLetter.household_id == homes)).all())
        there = session.scalar(select(Region.name).where(Region.code == 牧童))
    assert parties == {"签过": own, "学校": "示范小学", "待签": there}


def test_papers_go_with_a_child_that_joins_a_family_of_another_village(people, store, district):
    director = people("城区主任")
    with unscoped(store, "a family there") as session:
        there = session.scalar(select(Household.id).where(Household.head_name == "牧同号"))
    director.open(director.open("/admin/student/?search=李明").link("李明"))
    director.open(director.page.link("修改"))
    assert "须写明原因" in director.press("保存", 400, household_id=str(there)).text
    assert where(store, Student, Student.name)["李明"] == 康宁
    director.press("保存", household_id=str(there), reason="随外祖母生活")
    assert where(store, Student, Student.name)["李明"] == 牧童
    assert where(store, Attachment, Attachment.filename)["李明.jpg"] == 牧童
    with ScopedSession(store, Scope.under(康宁)) as session:
        assert session.get(Attachment, district.李明.attachment_id) is None
    with ScopedSession(store, Scope.under(牧童)) as session:
        assert session.get(Attachment, district.李明.attachment_id) is not None, "the control"


def test_a_child_that_joined_a_family_of_another_village_comes_back_by_undo(people, store, district):
    director = people("城区主任")
    with unscoped(store, "a family there") as session:
        there = session.scalar(select(Household.id).where(Household.head_name == "牧同号"))
    director.open(f"/admin/student/edit/?id={district.李明.id}")
    director.press("保存", household_id=str(there), reason="随外祖母生活")
    assert where(store, Student, Student.name)["李明"] == 牧童, "the control"
    director.open(next(href for _, href in director.open("/changes/?verb=edit").links if re.fullmatch(r"/changes/\d+", href)))
    assert "撤销完成" in director.press("撤销这次变更").text and "条未动" not in director.page.text
    assert (where(store, Student, Student.name)["李明"], where(store, Student, Student.household_id)[
        district.李明.household_id]) == (康宁, 康宁)
    assert where(store, Attachment, Attachment.filename)["李明.jpg"] == 康宁


def test_a_family_goes_to_another_village_by_hand_over_alone(people, store, homes):
    director = people("城区主任")
    form = director.open(f"/admin/household/edit/?id={homes}").form("保存")
    assert "region_code" not in form.fields
    director.post(form.action or f"/admin/household/edit/?id={homes}", {**form.fields, "region_code": 牧童, "note": "看过"})
    assert where(store, Household, Household.head_name)["曾大山"] == 康宁
    director.open(f"/families/{homes}/hand-over")
    director.press("移交", region_code=牧童, reason="举家迁入")
    assert where(store, Household, Household.head_name)["曾大山"] == 牧童, "the control"


def test_the_former_village_reads_that_it_acted_and_no_longer_what_of_whom(people, store, district):
    officer = people("康宁网格员")
    officer.open(officer.open("/admin/student/?search=李明").link("李明"))
    officer.open(officer.page.link("修改"))
    officer.press("保存", elsewhere_school="省城第五小学")
    act = next(href for _, href in officer.open("/changes/?verb=edit").links if re.fullmatch(r"/changes/\d+", href))
    page = officer.open(act)
    assert "李明" in page.text and "省城第五小学" in page.text, "the control: it is its own child yet"

    director = people("城区主任")
    director.open(f"/families/{district.李明.household_id}/hand-over")
    director.press("移交", region_code=牧童, reason="举家迁入")

    page = officer.open(act)
    assert "已移交，不在您的管辖范围内" in page.text and "康宁网格员" in page.text
    assert "李明" not in page.text and "省城第五小学" not in page.text
    successor = people("牧童网格员")
    assert "省城第五小学" in successor.open(successor.open("/admin/student/?search=李明").link("李明")).text


def test_an_act_over_two_villages_tells_neither_that_it_reached_the_other(people, store, district):
    """城区 does something in 康宁 and in 牧童 at once. 康宁's officer asks for the acts of 牧童 and finds none."""
    with unscoped(store, "an act over both", writing=True) as session:
        with recording(session, actor("城区主任", Role.ADMINISTRATOR, 城区), "edit"):
            for child in (district.李明, district.王芳):
                session.get_one(Student, child.id).class_name = "五班"

    def found(who, place):
        return len(people(who).open(f"/changes/?verb=edit&region={place}").table("时间"))

    assert [found("城区主任", place) for place in (康宁, 牧童)] == [1, 1]
    assert [found("康宁网格员", place) for place in (康宁, 牧童)] == [1, 0]


def test_a_history_does_not_show_how_a_child_is_found(people, store, district):
    """Neither the blind index of a number, by which equal ones are told, nor the pinyin of a name."""
    director = people("城区主任")
    with unscoped(store, "what a child is found by") as session:
        child = session.get_one(Student, district.李明.id)
        hidden = [child.identity_index, child.identity_tail, child.name_pinyin, "身份证号索引", "姓名拼音"]
        act = session.scalar(select(ChangeRow.change_id).where(
            ChangeRow.table_name == "student", ChangeRow.pk == child.id, ChangeRow.operation == "insert"))
    assert all(hidden)
    for address in (f"/changes/{act}", f"/admin/student/details/?id={district.李明.id}"):
        page = director.open(address)
        assert "李明" in page.text, "the control"
        assert [word for word in hidden if word in page.text] == [], address


# --- numbers that were given anew ----------------------------------------------------------------------


@pytest.mark.parametrize("how", ["handed over", "taken away"])
def test_no_two_letters_of_a_village_have_one_number_after_an_undo(people, store, homes, how):
    """曾大山's letter is gone when 李建国's gets its number; then it comes back."""
    director, letters = people("城区主任"), select(ResponsibilityLetter.number, ResponsibilityLetter.household_id).where(
        ResponsibilityLetter.school_year == 2030, ResponsibilityLetter.region_code == 康宁)

    def last_act():
        with unscoped(store, "the last act") as session:
            return f"/changes/{session.scalar(select(Change.id).order_by(Change.id.desc()).limit(1))}"

    def letter_of(household):
        director.open(f"/admin/responsibility_letter/new/?household_id={household}")
        director.press("保存", school_year="2030")

    letter_of(homes)
    if how == "handed over":
        director.open(f"/families/{homes}/hand-over")
        director.press("移交", region_code=牧童, reason="举家迁入")
        act = last_act()
    else:
        director.open(last_act())
        director.press("撤销这次变更")
        act = last_act()
    letter_of(1)
    later = director.page.address
    director.open(act)
    refused = director.press("撤销这次变更", status=400)
    assert "“2030-001-0001”恢复后会与后来登记的另一条重复" in refused.text
    with unscoped(store, "what stands") as session:
        assert session.execute(letters).all() == [("2030-001-0001", 1)]

    director.open(director.open(later).link("修改"))
    director.press("保存", number="2030-001-0002")
    director.open(act)
    director.press("撤销这次变更")
    with unscoped(store, "what stands") as session:
        assert sorted(session.execute(letters).all()) == [("2030-001-0001", homes), ("2030-001-0002", 1)]
