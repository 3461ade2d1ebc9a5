"""What a form says when something does not do: every fault at once, beside its field, and nothing is lost."""

import pytest

from tests.desk import PASSWORD, Desk


@pytest.fixture
def officer(district_application):
    return Desk(district_application).sign_in("康宁网格员", PASSWORD)


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
    assert "电话号码不对" in text
    assert officer.rows("/admin/household/?search=曾大山", "户主姓名")


def test_a_child_with_both_put_right_is_saved(officer, a_household):
    officer.open(f"/admin/student/new/?household_id={a_household}")
    officer.press("保存", name="曾两对", birth_date="20180304")

    assert [row["姓名"] for row in officer.rows("/admin/student/?search=曾两对", "姓名")] == ["曾两对"]


@pytest.fixture
def a_household(officer):
    officer.open("/admin/household/new/")
    officer.press("保存", head_name="曾大山")
    return officer.page.address.rpartition("id=")[2]
