"""What an import left behind is told of until a person says that it is settled."""

import re

import pytest

from tests.desk import PASSWORD, Desk, roster

TODO, GOOD, WRONG = "导入时有未通过的行", {"儿童姓名": "曾一", "出生日期": "2016-03-01"}, {"儿童姓名": "曾二", "出生日期": "2099-01-01"}


@pytest.fixture
def people(district_application, district):
    return lambda who: Desk(district_application).sign_in(who, PASSWORD)


@pytest.mark.parametrize("rows", [(WRONG,), (GOOD, WRONG)], ids=["a wrong file", "one wrong row"])
def test_what_an_import_left_behind_is_marked_as_settled(people, rows):
    officer = people("康宁网格员")
    officer.upload(roster(*rows), "名单.xlsx")
    if GOOD in rows:
        officer.press("确认导入 1 条")
    home = officer.open("/")
    officer.open(next(href for text, href in home.links if TODO in text))
    page = officer.press("处理完毕")
    assert "已标为处理完毕" in page.text and page.table("文件") == []
    assert TODO not in officer.open("/").text
    assert [row["文件"] for row in officer.open("/import/roster").table("文件")] == ["名单.xlsx"], "it is still found"

    officer.upload(roster(WRONG), "另一份.xlsx")
    assert TODO in officer.open("/").text, "the control: the next one is told of again"


def test_a_preview_that_could_still_be_confirmed_is_not_marked_as_settled(people):
    officer = people("康宁网格员")
    number = re.search(r"/run/(\d+)", officer.upload(roster(GOOD, WRONG), "名单.xlsx").address)[1]
    assert "还没有确认" in officer.post(f"/import/run/{number}/settle", {"csrf_token": officer.token}, status=409).text
    assert "导入预览待确认" in officer.open("/").text
