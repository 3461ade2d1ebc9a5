"""What a form says when something does not do: every fault at once, beside its field, and nothing is lost."""

from datetime import date

import pytest

from seed.makers import make_identity_number
from tests.desk import PASSWORD, Desk


def test_all_faults_of_a_child_are_said_at_once_and_what_was_typed_stays(officer):
    officer.open("/admin/student/new/")
    officer.press("保存", status=400, name="曾两错", student_number="123")

    assert "没有身份证号的孩子，请填写出生日期" in officer.page.text
    assert "学籍号应为" in officer.page.text
    form = officer.page.form("保存")
    assert (form.fields["name"], form.fields["student_number"]) == ("曾两错", "123")
    assert officer.rows("/admin/student/?search=曾两错", "姓名") == []


def test_what_cannot_be_read_and_what_cannot_be_are_said_together(officer):
    officer.open("/admin/student/new/")
    officer.press("保存", status=400, name="曾三错", birth_date="20151340", student_number="12345")

    assert "学籍号应为" in officer.page.text
    assert "有 2 处需要改正" in officer.page.text
    form = officer.page.form("保存")
    assert (form.fields["birth_date"], form.fields["student_number"]) == ("20151340", "12345")


def test_an_edit_says_all_its_faults_and_changes_nothing(officer, a_household):
    officer.open(f"/admin/household/edit/?id={a_household}")
    officer.press("保存", status=400, head_name="", phone="12")
    text = officer.page.text
    assert "“联系电话”不对：电话号码只有2位" in text
    assert officer.rows("/admin/household/?search=曾大山", "户主姓名")


def test_a_child_with_both_put_right_is_saved(officer, a_household):
    officer.open(f"/admin/student/new/?household_id={a_household}")
    officer.press("保存", name="曾两对", birth_date="20180304")

    assert [row["姓名"] for row in officer.rows("/admin/student/?search=曾两对", "姓名")] == ["曾两对"]


def test_a_child_without_a_number_is_not_registered_twice_unless_the_note_says_why(officer, a_household):
    def add(status=200, **more):
        officer.open(f"/admin/student/new/?household_id={a_household}")
        officer.press("保存", status=status, name="曾同名", birth_date="20180304", **more)

    def registered():
        return len(officer.rows("/admin/student/?search=曾同名", "姓名"))

    add()
    add(status=400)
    assert "本村已有同名、同日出生的“曾同名”" in officer.page.text
    assert registered() == 1
    add(status=400, note="随祖母居住")
    assert registered() == 1, "what was noted for another reason answers nothing"
    add(note="与堂弟同名，同一天出生")
    assert registered() == 2


@pytest.mark.parametrize(("wrong", "question", "answer"), [
    ({"sex": "2"}, "性别与身份证号不一致", "性别以户口簿为准"),
    ({"birth_date": "20180305"}, "出生日期与身份证号不一致", "出生日期以户口簿为准"),
])
def test_what_disagrees_with_the_number_is_kept_when_the_note_speaks_of_it(officer, a_household, wrong, question,
                                                                          answer):
    number = make_identity_number(date(2018, 3, 4), "1", serial=47)
    officer.open(f"/admin/student/new/?household_id={a_household}")
    officer.press("保存", status=400, name="曾不符", identity_number=number, note="随祖母居住", **wrong)
    assert question in officer.page.text and answer in officer.page.text
    officer.press("保存", note=f"随祖母居住；{answer}")
    assert [row["姓名"] for row in officer.rows("/admin/student/?search=曾不符", "姓名")] == ["曾不符"]


def test_a_year_of_birth_that_cannot_be_is_asked_about(officer, a_household):
    officer.open(f"/admin/student/new/?household_id={a_household}")
    officer.press("保存", status=400, name="曾大龄", birth_date="19500304", note="随祖母居住")
    assert "请核对年份" in officer.page.text
    officer.press("保存", birth_date="20150304")
    assert [row["姓名"] for row in officer.rows("/admin/student/?search=曾大龄", "姓名")] == ["曾大龄"]


def test_a_flag_that_stands_is_not_reported_again_until_it_is_ended(officer, a_household, district):
    def report(status=200):
        officer.open(f"/admin/special_group_flag/new/?student_id={district.李明.id}")
        officer.press("保存", status=status, kind="72")

    report()
    report(status=400)
    assert "不用再报" in officer.page.text
    mine = "/admin/special_group_flag/?kind=72"
    assert len(officer.rows(mine, "学生")) == 1
    officer.open(officer.open(mine).link("李明"))
    officer.open(officer.page.link("解除"))
    officer.press("解除", until="20261101")
    report()
    assert len(officer.rows(mine, "学生")) == 2


def test_a_letter_of_a_family_knows_its_number_year_level_and_parties(officer, a_household):
    for number in ("0001", "0002"):
        officer.open(f"/admin/responsibility_letter/new/?household_id={a_household}")
        officer.press("保存")
        facts = officer.page.facts
        assert (facts["编号"][-5:], facts["乙方"], facts["层级"]) == (f"-{number}", "曾大山", "村（社区）—户")
        assert facts["甲方"].startswith("康宁社区")
        assert facts["学年"].startswith(facts["编号"][:4])
        standing = officer.page.address
        officer.open(f"/admin/responsibility_letter/new/?household_id={a_household}")
        again = officer.press("保存", status=400)
        assert f"已有同一层级的责任书“{facts['编号']}”" in again.text, "a family has one letter a year"
        officer.open(officer.open(standing).link("作废"))
        officer.press("作废", reason="写错了")
    officer.open("/admin/responsibility_letter/new/")
    officer.press("保存", status=400)
    assert "请填写“乙方”" in officer.page.text, "without a family there is nothing to know them by"
    refused = officer.press("保存", status=400, level="村（社区）—户", party_a="康宁社区", party_b="曾大山")
    assert "请选择户：这一层级的责任书是村（社区）与户签订的" in refused.text
    officer.press("保存", level="城区（乡镇）—村（社区）", school_year="2026-2027学年", party_a="城区", party_b="康宁社区")
    assert officer.page.facts["学年"].startswith("2026"), "the control; and a year as it is shown"


def test_a_number_put_right_makes_no_second_child_and_a_note_tells_two_apart(officer, a_household):
    numbers = [make_identity_number(date(2018, 3, 4), "1", serial=n) for n in (1, 2, 3)]

    def add(number, status=200, **more):
        officer.open(f"/admin/student/new/?household_id={a_household}")
        officer.press("保存", status=status, name="曾同名", identity_number=number, **more)

    add(numbers[0])
    add(numbers[1], 400)
    assert "如是更正身份证号，请在那一条上修改" in officer.page.text
    add(numbers[1], note="同名，不是同一个孩子")
    first = officer.open("/admin/student/?search=曾同名").link("曾同名")
    officer.open(officer.open(first).link("修改"))
    officer.press("保存", class_name="二班")
    assert "二班" in officer.page.text, "what stands beside another may still be edited elsewhere"


def test_a_number_that_is_none_says_what_one_is(officer):
    officer.open("/admin/publicity_activity/new/")
    officer.press("保存", status=400, reached="-5")
    assert "不小于 0 的整数" in officer.page.text


def test_nobody_heads_two_families_of_one_village(district_application, officer):
    number = make_identity_number(date(1980, 3, 4), "1", serial=31)
    officer.open("/admin/household/new/")
    officer.press("保存", head_name="曾大山", identity_number=number)
    first = officer.page.address
    officer.open("/admin/household/new/")
    refused = officer.press("保存", status=400, head_name="曾大山", identity_number=number)
    assert "本村已有同一户主的“曾大山户”" in refused.text
    assert any(href in first or first.endswith(href) for _, href in refused.links if "household/details" in href)
    officer.open(first.replace("details", "edit"))
    officer.press("保存", note="自己不算另一户")
    next_village = Desk(district_application).sign_in("牧童网格员", PASSWORD)
    next_village.open("/admin/household/new/")
    next_village.press("保存", head_name="曾大山", identity_number=number)


@pytest.fixture
def a_household(officer):
    officer.open("/admin/household/new/")
    officer.press("保存", head_name="曾大山")
    return officer.page.address.rpartition("id=")[2]


def test_the_family_is_marked_as_needed_for_whoever_keeps_more_than_one_village(district_application, officer):
    def needed(desk):
        return 'for="household_id">户<span class="must"' in desk.open("/admin/student/new/").bytes.decode()

    assert needed(Desk(district_application).sign_in("城区主任", PASSWORD))
    assert not needed(officer)


def test_families_are_numbered_on_whatever_people_wrote_by_hand(officer):
    def add(number="", status=200):
        officer.open("/admin/household/new/")
        officer.press("保存", status=status, head_name="曾大户", register_number=number, note="同名，另一户")
        return officer.page.facts["户编号"] if status == 200 else ""

    for odd in ("9901014000010012-1", "9901014000011abc", "99010140000112", "甲-3"):
        assert add(odd) == odd
    assert add("９９０１０１４０００１００１２") == "990101400010012", "half-width"
    first = add()
    assert add() == f"{int(first) + 1}"


def test_letters_are_numbered_on_whatever_people_wrote_by_hand(officer, a_household):
    officer.open(f"/admin/responsibility_letter/new/?household_id={a_household}")
    officer.press("保存", number="2026-001-9000-1", school_year="2026")
    officer.open(officer.page.link("作废"))
    officer.press("作废", reason="写错了")
    for expected in ("2026-001-0001", "2026-001-0002"):
        officer.open(f"/admin/responsibility_letter/new/?household_id={a_household}")
        officer.press("保存", school_year="2026")
        assert officer.page.facts["编号"] == expected
        officer.open(officer.page.link("作废"))
        officer.press("作废", reason="写错了")
