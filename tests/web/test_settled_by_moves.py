"""What a move has settled, an edit does not unsettle; what a form refuses, a move does not bring in; and what is not a
role's business, the change ledger does not tell it."""

import re
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes.ledger import recording
from admin_app.errors import Invalid
from admin_app.services import records
from models.accountability_record import AccountabilityRecord
from models.guardian import Guardian
from models.household import Household
from models.natural_group import NaturalGroup
from models.post import Post
from models.responsibility_letter import ResponsibilityLetter
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import Desk, roster
from tests.web.staff import JPEG, by_the_machine, value

康宁, 牧童 = "990101400001", "990101400002"
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def home(store: Engine, district: SimpleNamespace) -> SimpleNamespace:
    """曾大山 of 康宁 with 曾一, born 2016; a letter that he signed, a verified flag, a decision on a case."""
    with unscoped(store, "a family of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            family = makers.household(session, 康宁, head_name="曾大山")
            other = makers.household(session, 康宁, head_name="曾小山")
            child = makers.student(session, family, "曾一", birth_date=date(2016, 5, 1), grade="g5",
                                   school_id=district.school_id)
            letter = ResponsibilityLetter(region_code=康宁, number="信1", level="3", school_year=2026, party_a="康宁社区",
                                          party_b="曾大山", household_id=family.id, state="signed", signed_on=date(2026, 9, 1))
            flag = SpecialGroupFlag(region_code=康宁, student_id=child.id, kind="72", state="verified")
            case = AccountabilityRecord(region_code=康宁, subject_kind="1", subject="康宁社区", situation="1", state="decided",
                                        form="11", decided_by="城区", decided_on=date(2026, 10, 1))
            session.add_all([letter, flag, case])
            session.flush()
            return SimpleNamespace(family=family.id, other=other.id, child=child.id, letter=letter.id, flag=flag.id,
                                   case=case.id)


# --- an edit ----------------------------------------------------------------------------------------


def test_a_verified_flag_is_not_made_another_one(store: Engine, officer: Desk, home: SimpleNamespace) -> None:
    officer.open(f"/admin/special_group_flag/edit/?id={home.flag}")
    refused = officer.press("保存", 400, kind="21")
    assert "已是“已核实”，不能改“群体类型”" in refused.text
    assert value(store, SpecialGroupFlag.kind, home.flag) == "72"
    officer.press("保存", kind="72", note="已入户看过")
    assert value(store, SpecialGroupFlag.note, home.flag) == "已入户看过", "the control: the rest may be changed"


def test_a_signed_letter_stays_with_the_family_that_signed_it(store: Engine, officer: Desk, home: SimpleNamespace) -> None:
    officer.open(f"/admin/responsibility_letter/edit/?id={home.letter}")
    refused = officer.press("保存", 400, household_id=str(home.other), reason="换户")
    assert "已是“已签订”，不能改“户”" in refused.text
    assert value(store, ResponsibilityLetter.household_id, home.letter) == home.family


def test_what_a_move_asked_for_is_not_emptied_after_it(store: Engine, director: Desk, home: SimpleNamespace) -> None:
    director.open(f"/admin/accountability_record/edit/?id={home.case}")
    assert "“已决定”须有“决定日期”，不能清空" in director.press("保存", 400, decided_on="").text
    assert value(store, AccountabilityRecord.decided_on, home.case) == date(2026, 10, 1)
    director.open(f"/admin/student/edit/?id={home.child}")
    assert "“在校就读”须有“学校”，不能清空" in director.press("保存", 400, **{"school_id": "", "school_id-shown": ""}).text
    assert value(store, Student.school_id, home.child) is not None


def test_a_state_is_written_by_a_move_alone_whoever_edits(store: Engine, home: SimpleNamespace) -> None:
    director = actor("城区主任", Role.ADMINISTRATOR, "990101400000")
    with ScopedSession(store, director.scope, writing=True) as session, recording(session, director, "edit"):
        child = session.get_one(Student, home.child)
        with pytest.raises(Invalid, match="“就学状态”由系统维护"):
            records.edit(session, director, child, {"class_name": "三班", "schooling_state": "graduated"})
        session.expire(child)
        records.edit(session, director, child, {"class_name": "三班", "schooling_state": child.schooling_state})
    assert value(store, Student.class_name, home.child) == "三班", "the control: the state that it has may be said"
    assert value(store, Student.schooling_state, home.child) == "enrolled"


# --- a move -----------------------------------------------------------------------------------------


def test_a_child_of_ten_is_not_graduated_by_way_of_a_grade_that_it_does_not_have(
        store: Engine, officer: Desk, home: SimpleNamespace, district: SimpleNamespace) -> None:
    with unscoped(store, "on leave", writing=True) as session, recording(session, actor("测", Role.ADMINISTRATOR, 康宁), "试"):
        session.get_one(Student, home.child).schooling_state = "on_leave"
    address = f"/admin/student/move/?id={home.child}&verb=enrol"
    officer.open(address)
    school = {"school_id": str(district.school_id)}
    assert "这所学校没有九年级" in officer.press("登记在校", 400, **school, grade="g9").text
    assert "这所学校没有七年级" in officer.press("登记在校", 400, **school, grade="g7").text
    assert value(store, Student.schooling_state, home.child) == "on_leave"
    officer.press("登记在校", **school, grade="g5")
    assert value(store, Student.schooling_state, home.child) == "enrolled", "the control"


# --- an undo ----------------------------------------------------------------------------------------


def test_a_child_whose_flag_was_verified_since_keeps_its_guardian_when_the_import_is_undone(
        store: Engine, director: Desk, home: Any) -> None:
    director.upload(roster({"村（社区）": "康宁社区", "户主姓名": "孙建国", "儿童姓名": "孙悦", "出生日期": "2015-09-01",
                            "监护人姓名": "孙建国", "特殊群体": "孤儿"}), "名单.xlsx")
    director.press("确认导入")
    act = next(href for _, href in director.open("/changes/?verb=import").links if re.fullmatch(r"/changes/\d+", href))
    with unscoped(store, "the flag") as session:
        child = session.scalars(select(Student).where(Student.name == "孙悦")).one().id
        flag = session.scalars(select(SpecialGroupFlag).where(SpecialGroupFlag.student_id == child)).one().id
    director.open(f"/admin/special_group_flag/move/?id={flag}&verb=verify")
    director.press("核实")
    director.open(act)
    director.press("撤销这次变更")
    with unscoped(store, "who stayed") as session:
        assert session.scalars(select(Guardian.name).where(Guardian.student_id == child)).all() == ["孙建国"]
        assert session.get(Student, child) is not None


def test_a_family_that_an_undo_brings_back_is_in_no_group_of_the_other_village(
        store: Engine, director: Desk, home: SimpleNamespace) -> None:
    with unscoped(store, "a group of 牧童", writing=True) as session, recording(session, actor("测", Role.ADMINISTRATOR, 牧童), "试"):
        group = NaturalGroup(region_code=牧童, name="东坡")
        session.add(group)
        session.flush()
        there = group.id
    director.open(f"/families/{home.family}/hand-over")
    director.press("移交", region_code=牧童, reason="举家迁入")
    handed = next(href for _, href in director.open("/changes/").links if re.fullmatch(r"/changes/\d+", href))
    director.open(f"/admin/household/edit/?id={home.family}")
    director.press("保存", natural_group_id=str(there))
    assert value(store, Household.natural_group_id, home.family) == there, "the control"
    director.open(handed)
    director.press("撤销这次变更")
    assert (value(store, Household.region_code, home.family), value(store, Household.natural_group_id, home.family)) == (
        康宁, None)


def test_a_group_does_not_leave_its_village_without_its_families(store: Engine, director: Desk, home: Any) -> None:
    with unscoped(store, "a group", writing=True) as session, recording(session, actor("测", Role.ADMINISTRATOR, 康宁), "试"):
        group = NaturalGroup(region_code=康宁, name="西坡")
        session.add(group)
        session.flush()
        key = group.id
    form = director.open(f"/admin/natural_group/edit/?id={key}").form("保存")
    director.post(director.page.address, {**form.fields, "region_code": 牧童, "name": "西坡组"})
    with unscoped(store, "the group") as session:
        found = session.get_one(NaturalGroup, key)
        assert (found.region_code, found.name) == (康宁, "西坡组")


# --- the change ledger -------------------------------------------------------------------------------


def test_an_officer_does_not_read_of_a_case_against_the_village_in_the_ledger(
        officer: Desk, director: Desk, home: SimpleNamespace) -> None:
    director.open(f"/admin/accountability_record/move/?id={home.case}&verb=withdraw")
    director.press("撤销", reason="另案移送纪委")
    director.open(f"/admin/accountability_record/details/?id={home.case}")
    director.press("上传", file=("问责决定书.jpg", JPEG))
    acts = [href for _, href in director.open("/changes/").links if re.fullmatch(r"/changes/\d+", href)]
    told = director.page.text
    assert "另案移送纪委" in told, "the control"
    listed = officer.open("/changes/").text
    assert "另案移送纪委" not in listed and "问责" not in listed
    assert "演示数据" in listed or "建立示范区" in listed, "the control: of the rest it is told"
    for act in acts[:2]:
        officer.open(act, status=404)
    sheet = str([*officer.post("/changes/export", {"csrf_token": officer.token}).workbook().active.values])
    assert "另案移送纪委" not in sheet and "问责决定书" not in sheet


def test_whoever_keeps_the_posts_may_look_at_a_telephone_in_full(store: Engine, director: Desk, home: Any) -> None:
    with unscoped(store, "a post", writing=True) as session, recording(session, actor("测", Role.ADMINISTRATOR, 康宁), "试"):
        post = Post(region_code=康宁, kind="1", unit="康宁社区", holder="解支书", phone="19935710768")
        session.add(post)
        session.flush()
        key = post.id
    page = director.open(f"/admin/post/details/?id={key}")
    assert "19935710768" not in page.text
    director.open(next(href for text, href in page.links if "查看完整" in text))
    assert "19935710768" in director.press("查看完整", reason="核实值班电话").text


def test_a_note_about_an_illness_is_masked_in_a_masked_sheet(store: Engine, director: Desk, home: SimpleNamespace) -> None:
    director.open(f"/admin/household_hardship/new/?household_id={home.family}")
    director.press("保存", kind="10", note="户主曾大山患尿毒症")
    address = "/admin/household_hardship/export/?cols=household_id,kind,note"
    plain, masked = (str([*director.download(address, grade=grade).workbook().active.values]) for grade in ("working", "masked"))
    assert "尿毒症" in plain and "尿毒症" not in masked


def test_of_two_guardians_who_bear_one_name_since_long_each_may_be_edited(
        store: Engine, officer: Desk, district: SimpleNamespace) -> None:
    with by_the_machine(store, "as an older version let it be") as session:
        one = session.get_one(Guardian, district.李明.guardian_id)
        name, child, code = one.name, one.student_id, one.region_code
        session.add(Guardian(region_code=code, student_id=child, name=name))
    officer.open(f"/admin/guardian/edit/?id={district.李明.guardian_id}")
    officer.press("保存", note="常在家")
    officer.open(f"/admin/guardian/new/?student_id={child}")
    assert f"这个孩子已有监护人“{name}”" in officer.press("保存", 400, name=name).text, "the control"
