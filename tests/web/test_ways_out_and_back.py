"""Every child has a true way out of its state, and whatever was handed over finds a way back: nobody records a false
在校 to renew a leave, and one number that was given anew holds up no whole village."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.household import Household
from models.natural_group import NaturalGroup
from models.region import Region
from models.responsibility_letter import ResponsibilityLetter
from models.school import School
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import Desk, Page
from tests.web.staff import JPEG, value
from tests.web.test_batches import choose

康宁, 牧童, 城区 = "990101400001", "990101400002", "990101400000"
TODAY = date.today()
SCHOOL_YEAR = TODAY.year - (TODAY.month < 9)
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def home(store: Engine, district: SimpleNamespace) -> SimpleNamespace:
    """曾大山 of 康宁 in the group 东坡 with 曾一 (born 2016), and 曾老三 of 康宁, born 2008 and never at school."""
    with unscoped(store, "a family of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "seed"):
            group = NaturalGroup(region_code=康宁, name="东坡")
            session.add_all([group, NaturalGroup(region_code=牧童, name="西坡"),
                             School(name="示范中学", kind="311", region_code=城区)])
            session.flush()
            family = makers.household(session, 康宁, head_name="曾大山", register_number="A1", natural_group_id=group.id,
                                      identity_number=makers.make_identity_number(date(1980, 1, 1), "1"))
            child = makers.student(session, family, "曾一", birth_date=date(2016, 5, 1), schooling_state="enrolled",
                                   school_id=district.school_id, grade="g5")
            older = makers.student(session, 康宁, "曾老三", birth_date=date(2008, 1, 5), schooling_state="never_enrolled")
            flag = SpecialGroupFlag(region_code=康宁, student_id=child.id, kind="72", state="reported")
            session.add(flag)
            session.flush()
            return SimpleNamespace(family=family.id, child=child.id, older=older.id, flag=flag.id, group=group.id)


def by_hand(store: Engine, model: Any, key: int, **values: Any) -> None:
    with unscoped(store, "what somebody else did", writing=True) as session:
        with recording(session, actor("别人", Role.ADMINISTRATOR, 城区), "edit"):
            record = session.get_one(model, key)
            for name, new in values.items():
                setattr(record, name, new)


# --- a child's way out ------------------------------------------------------------------------------


def test_a_leave_is_renewed_and_its_day_put_right_without_a_false_return(
        store: Engine, officer: Desk, home: SimpleNamespace) -> None:
    far, next_year = TODAY + timedelta(days=3000), TODAY + timedelta(days=300)
    page = f"/admin/student/details/?id={home.child}"
    officer.open(f"/admin/student/move/?id={home.child}&verb=take_leave")
    refused = officer.press("登记休学", 400, leave_until=far.isoformat(), evidence=("证明.jpg", JPEG))
    assert "太远了" in refused.text, "a year that was mistyped"
    officer.press("登记休学", leave_until=(TODAY + timedelta(days=30)).isoformat(), evidence=("证明.jpg", JPEG))
    assert value(store, Student.schooling_state, home.child) == "on_leave"
    officer.open(officer.open(page).link("续办（更正）期限"))
    officer.press("续办（更正）期限", leave_until=next_year.isoformat())
    assert value(store, Student.leave_until, home.child) == next_year
    assert value(store, Student.schooling_state, home.child) == "on_leave"


def test_a_suspect_turns_out_to_be_on_leave(store: Engine, officer: Desk, home: SimpleNamespace) -> None:
    by_hand(store, Student, home.child, schooling_state="suspected", absent_since=TODAY - timedelta(days=20))
    officer.open(officer.open(f"/admin/student/details/?id={home.child}").link("登记休学"))
    officer.press("登记休学", leave_until=(TODAY + timedelta(days=200)).isoformat(), evidence=("病历.jpg", JPEG))
    assert value(store, Student.schooling_state, home.child) == "on_leave"
    assert value(store, Student.absent_since, home.child) is None, "the absence is explained"


def test_whoever_was_never_at_school_leaves_over_age(store: Engine, director: Desk, home: SimpleNamespace) -> None:
    director.open(director.open(f"/admin/student/details/?id={home.older}").link("超龄离校"))
    director.press("超龄离校", reason="已满十八岁，外出务工", evidence=("证明.jpg", JPEG))
    assert value(store, Student.schooling_state, home.older) == "graduated"
    assert "失学待入学" not in director.open("/").text


def test_a_day_that_is_past_is_asked_for_again(store: Engine, officer: Desk, home: SimpleNamespace) -> None:
    by_hand(store, Student, home.older, leave_until=TODAY - timedelta(days=400))
    officer.open(f"/admin/student/move/?id={home.older}&verb=defer")
    assert "不能早于今天" in officer.press("登记延缓入学", 400, evidence=("证明.jpg", JPEG)).text
    refused = officer.press("登记延缓入学", 400, leave_until="", evidence=("证明.jpg", JPEG))
    assert "登记延缓入学”须填写" in refused.text or "请填写" in refused.text
    officer.press("登记延缓入学", leave_until=(TODAY + timedelta(days=90)).isoformat(), evidence=("证明.jpg", JPEG))
    assert value(store, Student.schooling_state, home.older) == "deferred"


# --- a flag's way out -------------------------------------------------------------------------------


def test_a_flag_that_was_rightly_returned_is_let_go_of(store: Engine, director: Desk, officer: Desk,
                                                       home: SimpleNamespace) -> None:
    director.open(f"/admin/special_group_flag/move/?id={home.flag}&verb=reject")
    director.press("退回", reason="父母都在家")
    assert "特殊群体标记被退回" in officer.open("/").text
    officer.open(officer.open(f"/admin/special_group_flag/details/?id={home.flag}").link("不再上报"))
    officer.press("不再上报")
    assert value(store, SpecialGroupFlag.state, home.flag) == "dropped"
    assert "特殊群体标记被退回" not in officer.open("/").text


def test_a_returned_flag_is_no_more_to_be_done_when_its_child_has_left(
        store: Engine, director: Desk, officer: Desk, home: SimpleNamespace) -> None:
    by_hand(store, SpecialGroupFlag, home.flag, state="rejected")
    assert "特殊群体标记被退回" in officer.open("/").text
    director.open(f"/admin/student/move/?id={home.child}&verb=record_death")
    director.press("登记死亡", reason="因病", evidence=("证明.jpg", JPEG))
    assert value(store, SpecialGroupFlag.state, home.flag) == "dropped"
    assert "特殊群体标记被退回" not in officer.open("/").text


def test_a_flag_does_not_end_in_a_year_to_come(store: Engine, officer: Desk, home: SimpleNamespace) -> None:
    officer.open(f"/admin/special_group_flag/move/?id={home.flag}&verb=end")
    assert "不能晚于今天" in officer.press("解除", 400, until="2099-01-01").text
    assert value(store, SpecialGroupFlag.state, home.flag) == "reported"
    officer.press("解除", until=TODAY.isoformat())
    assert value(store, SpecialGroupFlag.state, home.flag) == "ended"


def test_a_child_who_has_left_gets_no_standing_flag_back(store: Engine, officer: Desk, home: SimpleNamespace) -> None:
    by_hand(store, SpecialGroupFlag, home.flag, state="rejected")
    by_hand(store, Student, home.child, schooling_state="graduated")
    officer.open(f"/admin/special_group_flag/move/?id={home.flag}&verb=report_again")
    refused = officer.press("重新上报", 400, evidence=("证明.jpg", JPEG))
    assert "所属的学生已毕业离校" in refused.text
    assert value(store, SpecialGroupFlag.state, home.flag) == "rejected"
    by_hand(store, Student, home.child, schooling_state="enrolled")
    officer.press("重新上报", evidence=("证明.jpg", JPEG))
    assert value(store, SpecialGroupFlag.state, home.flag) == "reported", "the control"


def test_an_undo_gives_a_child_who_has_left_no_flag_either(store: Engine, officer: Desk, home: SimpleNamespace) -> None:
    officer.open(f"/admin/special_group_flag/move/?id={home.flag}&verb=end")
    officer.press("解除", until=TODAY.isoformat())
    act = last_act(officer)
    by_hand(store, Student, home.child, schooling_state="graduated")
    officer.open(act)
    assert "所属的学生已毕业离校" in officer.press("撤销", 400).text
    assert value(store, SpecialGroupFlag.state, home.flag) == "ended"


def last_act(desk: Desk, verb: str = "") -> str:
    return next(href for _, href in desk.open(f"/changes/?verb={verb}").links
                if href.startswith("/changes/") and href.removeprefix("/changes/").isdigit())


# --- a grade that the school has --------------------------------------------------------------------


def test_a_school_without_the_childs_grade_is_refused_in_every_door(
        store: Engine, officer: Desk, home: SimpleNamespace) -> None:
    by_hand(store, Student, home.child, schooling_state="unknown", school_id=None)
    with unscoped(store, "the secondary school") as session:
        secondary = session.scalar(select(School.id).where(School.name == "示范中学"))
        primary = session.scalar(select(Student.school_id).where(Student.name == "李明"))
    officer.open(f"/admin/student/move/?id={home.child}&verb=enrol")
    assert "这所学校没有五年级" in officer.press("登记在校", 400, school_id=secondary).text
    choose(officer, "/admin/student/", "登记在校", pks=[home.child])
    assert "这所学校没有五年级" in officer.press("下一步：预览", 200, school_id=secondary).text
    choose(officer, "/admin/student/", "登记在校", pks=[home.child])
    fits = officer.press("下一步：预览", school_id=primary)
    assert "这所学校没有" not in fits.text and "1条将办理" in fits.text, "the control"


# --- letters ----------------------------------------------------------------------------------------


def test_only_families_with_a_child_of_school_age_are_given_a_letter(store: Engine, officer: Desk,
                                                                     home: SimpleNamespace) -> None:
    with unscoped(store, "families of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "seed"):
            for head, born, state in (("解幼", date(SCHOOL_YEAR - 4, 5, 1), "unknown"),
                                      ("解长", date(SCHOOL_YEAR - 19, 5, 1), "unknown"),
                                      ("解早", date(SCHOOL_YEAR - 6, 10, 1), "enrolled")):
                makers.student(session, makers.household(session, 康宁, head_name=head), head + "儿", birth_date=born,
                               schooling_state=state)
    officer.open("/letters/new-year")
    officer.press("生成")
    with unscoped(store, "the letters") as session:
        given = set(session.scalars(select(ResponsibilityLetter.party_b).where(
            ResponsibilityLetter.school_year == SCHOOL_YEAR)))
    assert {"曾大山", "解早"} <= given and not {"解幼", "解长"} & given


# --- handed over, and back --------------------------------------------------------------------------


def hand_over(desk: Desk, family: int, village: str, status: int = 200) -> Page:
    desk.open(f"/families/{family}/hand-over")
    return desk.press("移交", status, region_code=village, reason="举家迁入")


def test_what_the_new_village_went_on_with_stays_whole_when_a_hand_over_is_undone(
        store: Engine, director: Desk, home: SimpleNamespace) -> None:
    hand_over(director, home.family, 牧童)
    act = last_act(director, "household:hand_over")
    with unscoped(store, "the group of the other village") as session:
        group = session.scalar(select(NaturalGroup.id).where(NaturalGroup.name == "西坡"))
    by_hand(store, Household, home.family, natural_group_id=group)
    director.open(act)
    page = director.press("撤销")
    assert "之后又被修改" in page.text and "所属的记录没有恢复，一并保留" in page.text
    assert {value(store, Household.region_code, home.family), value(store, Student.region_code, home.child)} == {牧童}


def test_a_hand_over_that_nobody_went_on_from_is_undone_with_all_that_hangs_on_the_family(
        store: Engine, director: Desk, home: SimpleNamespace) -> None:
    hand_over(director, home.family, 牧童)
    assert value(store, SpecialGroupFlag.region_code, home.flag) == 牧童
    director.open(last_act(director, "household:hand_over"))
    director.press("撤销")
    assert value(store, Household.natural_group_id, home.family) == home.group
    assert {value(store, column, key) for column, key in (
        (Household.region_code, home.family), (Student.region_code, home.child),
        (SpecialGroupFlag.region_code, home.flag))} == {康宁}


def merge(director: Desk) -> str:
    """康宁 is merged into 牧童; gives the page of the act."""
    director.open(director.open("/admin/region/?search=康宁").link("康宁社区"))
    director.open(director.page.link("修改"))
    director.press("保存", valid_until=TODAY.isoformat(), successor_code=牧童)
    director.open(director.page.link("全部移交到其他村（社区）"))
    director.press("移交", reason="两个社区合并")
    return last_act(director, "household:hand_over")


def test_a_merged_village_brings_its_groups_along(store: Engine, director: Desk, home: SimpleNamespace) -> None:
    act = merge(director)
    assert value(store, NaturalGroup.region_code, home.group) == 牧童
    assert value(store, Household.natural_group_id, home.family) == home.group
    director.open(act)
    director.press("撤销")
    assert value(store, NaturalGroup.region_code, home.group) == 康宁
    assert value(store, Household.natural_group_id, home.family) == home.group


def test_one_number_that_was_given_anew_holds_up_one_family_and_is_named(
        store: Engine, director: Desk, district: SimpleNamespace, home: SimpleNamespace) -> None:
    act = merge(director)
    with unscoped(store, "a new family in the old village", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "seed"):
            makers.household(session, 康宁, head_name="后来的", register_number="A1")
    director.open(act)
    page = director.press("撤销")
    assert "它的编号或证件号已用在别的记录上" in page.text and "曾大山" in page.text
    assert {value(store, Household.region_code, home.family), value(store, Student.region_code, home.child)} == {牧童}
    assert value(store, Student.region_code, district.李明.id) == 康宁, "all others are back"


def test_letters_that_are_not_signed_are_now_with_the_new_village_and_no_number_stands_twice(
        store: Engine, director: Desk, district: SimpleNamespace, home: SimpleNamespace) -> None:
    with unscoped(store, "letters", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "seed"):
            beside = makers.household(session, 牧童, head_name="牧老大")
            for family, village, party in ((home.family, 康宁, "康宁社区"), (beside.id, 牧童, "牧童社区")):
                session.add(ResponsibilityLetter(region_code=village, household_id=family, number="信1", level="3",
                                                 school_year=SCHOOL_YEAR, party_a=party, party_b="户主", state="unsigned"))
    with unscoped(store, "its name") as session:
        former = session.scalar(select(Region.name).where(Region.code == 康宁))
        later = session.scalar(select(Region.name).where(Region.code == 牧童))
    with unscoped(store, "the party as the register writes it", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "seed"):
            letter = session.scalars(select(ResponsibilityLetter).where(
                ResponsibilityLetter.household_id == home.family)).one()
            letter.party_a = former
            number = letter.id
    hand_over(director, home.family, 牧童)
    assert value(store, ResponsibilityLetter.number, number) == "信1（原001）"
    assert value(store, ResponsibilityLetter.party_a, number) == later


def test_nobody_comes_to_head_two_families_of_one_village(store: Engine, director: Desk, home: SimpleNamespace) -> None:
    number = makers.make_identity_number(date(1980, 1, 1), "1")
    with unscoped(store, "the same head elsewhere", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "seed"):
            other = makers.household(session, 牧童, head_name="曾大山", register_number="B7", identity_number=number).id
    refused = hand_over(director, home.family, 牧童, 400)
    assert "已有同一户主的户：曾大山（那边的户编号 B7）" in refused.text
    assert value(store, Household.region_code, home.family) == 康宁
    by_hand(store, Household, other, identity_number=None)
    hand_over(director, home.family, 牧童)
    assert value(store, Household.region_code, home.family) == 牧童, "the control"


def test_a_number_that_somebody_else_has_by_now_does_not_come_back(store: Engine, director: Desk,
                                                                   home: SimpleNamespace) -> None:
    number = makers.make_identity_number(date(1980, 1, 1), "1")
    director.open(f"/admin/household/edit/?id={home.family}")
    director.press("保存", identity_number=makers.make_identity_number(date(1981, 2, 2), "1"), reason="户口簿更正")
    act = last_act(director)
    with unscoped(store, "another head of that number", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "seed"):
            makers.household(session, 康宁, head_name="曾大川", identity_number=number)
    director.open(act)
    page = director.press("撤销")
    assert "已用在别的记录上" in page.text
    with unscoped(store, "whoever has the number") as session:
        assert [h.head_name for h in session.scalars(select(Household)) if str(h.identity_number and h.identity_number.open())
                == number] == ["曾大川"]


def test_a_letters_number_that_was_given_anew_does_not_come_back(store: Engine, director: Desk,
                                                                 home: SimpleNamespace) -> None:
    def letter(village: str, family: int, number: str) -> int:
        with unscoped(store, "a letter of the tests", writing=True) as session:
            with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "seed"):
                made = ResponsibilityLetter(region_code=village, household_id=family, number=number, level="3",
                                            school_year=SCHOOL_YEAR, party_a="社区", party_b="户主", state="unsigned")
                session.add(made)
                session.flush()
                return made.id

    with unscoped(store, "families", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "seed"):
            beside, later = [makers.household(session, village, head_name=head).id
                             for village, head in ((牧童, "牧老大"), (康宁, "曾后来"))]
    own = letter(康宁, home.family, "信1")
    letter(牧童, beside, "信1")
    hand_over(director, home.family, 牧童)
    letter(康宁, later, "信1")
    director.open(last_act(director, "household:hand_over"))
    director.press("撤销")
    assert value(store, ResponsibilityLetter.region_code, own) == 康宁
    assert value(store, ResponsibilityLetter.number, own) == "信1（原001）", "the number is another letter's by now"


def test_an_undo_that_settles_a_child_again_leaves_no_flag_standing(store: Engine, director: Desk,
                                                                    home: SimpleNamespace) -> None:
    director.open(f"/admin/student/move/?id={home.child}&verb=record_death")
    director.press("登记死亡", reason="因病", evidence=("证明.jpg", JPEG))
    director.open(f"/admin/student/move/?id={home.child}&verb=correct")
    director.press("更正（恢复待核查）", reason="登记错了孩子")
    act = last_act(director)
    with unscoped(store, "a flag", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 城区), "seed"):
            new = SpecialGroupFlag(region_code=康宁, student_id=home.child, kind="21", state="reported")
            session.add(new)
            session.flush()
            key = new.id
    director.open(act)
    assert "后来登记了 1 条“特殊群体标记”还有效" in director.press("撤销", 400).text
    assert value(store, Student.schooling_state, home.child) == "unknown"
    by_hand(store, SpecialGroupFlag, key, state="ended")
    director.open(act)
    director.press("撤销")
    assert value(store, Student.schooling_state, home.child) == "deceased", "the control"


def test_a_child_whose_registration_moved_away_leaves_the_count_and_may_be_put_back(
        store: Engine, director: Desk, officer: Desk, home: SimpleNamespace) -> None:
    officer.open(officer.open(f"/admin/student/details/?id={home.child}").link("户籍迁出"))
    assert "请" in officer.press("户籍迁出", 400).text, "it asks for the proof, and where to"
    officer.open(f"/admin/student/move/?id={home.child}&verb=move_away")
    officer.press("户籍迁出", reason="户口迁往太原市小店区", evidence=("迁移证.jpg", JPEG))
    assert value(store, Student.schooling_state, home.child) == "moved_away"
    by_hand(store, Student, home.child, absent_since=TODAY - timedelta(days=20))
    director.open(director.open(f"/admin/student/details/?id={home.child}").link("更正（恢复待核查）"))
    director.press("更正（恢复待核查）", reason="迁移没有办成")
    assert value(store, Student.schooling_state, home.child) == "unknown"
    assert value(store, Student.absent_since, home.child) is None, "what was known of it before is asked anew"
