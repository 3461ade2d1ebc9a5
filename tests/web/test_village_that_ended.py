"""A village is merged into another: who worked for it alone is told so, and not led to forms that only refuse; who
looks after grants is told of those that are left over."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.account import Grant
from tests.conftest import actor
from tests.desk import PASSWORD, Desk, roster

康宁, 牧童 = "990101400001", "990101400002"
TOLD, LEFT = "本社区已撤销，并入“牧童社区”；请联系区划管理员改授权。", "“康宁社区”已撤销，授权待收回、改授"


@pytest.fixture
def people(district_application, district):
    return lambda who: Desk(district_application).sign_in(who, PASSWORD)


def ends(director, last_day):
    director.open(director.open("/admin/region/?search=康宁").link("康宁社区"))
    director.open(director.page.link("修改"))
    director.press("保存", valid_until=f"{last_day}", successor_code=牧童)


def labels(page):
    return [text.strip() for text, _ in page.links]


def test_the_officer_of_a_merged_village_is_told_so_and_finds_no_way_to_register(people, district):
    officer, neighbour, director = people("康宁网格员"), people("牧童网格员"), people("城区主任")
    ends(director, date.today())
    assert TOLD not in officer.open("/").text, "the last day is a day like any other"
    assert {"新增", "导入"} <= set(labels(officer.open("/admin/student/")))

    ends(director, date.today() - timedelta(days=1))
    assert TOLD in officer.open("/").text
    for ledger in ("household", "student", "publicity_activity"):
        page = officer.open(f"/admin/{ledger}/")
        assert TOLD in page.text and not {"新增", "导入", "下载模板"} & set(labels(page)), ledger
    assert TOLD in officer.open("/import/roster").text and not any(f.method == "post" and "file" in f.fields
                                                                   for f in officer.page.forms)
    for address in ("/admin/household/new/", f"/admin/special_group_flag/new/?student_id={district.李明.id}"):
        assert TOLD in officer.open(address, status=403).text, "not only once all is filled in"
    officer.open(f"/admin/student/details/?id={district.李明.id}")
    assert not any("/new/" in href for _, href in officer.page.links)
    officer.open(officer.page.link("修改"))
    assert "data-new=" not in officer.page.bytes.decode(), "no picker offers 新增户"
    officer.press("保存", class_name="二班")
    assert officer.page.facts["班级"] == "二班", "what stands there can still be put right"

    assert TOLD not in neighbour.open("/").text and {"新增", "导入"} <= set(labels(neighbour.open("/admin/student/")))
    assert any("/new/" in href for _, href in neighbour.open(f"/admin/student/details/?id={district.王芳.id}").links)


def test_the_officer_is_told_on_the_day_after_though_nobody_wrote_anything(people, district, monkeypatch):
    officer, director = people("康宁网格员"), people("城区主任")
    ends(director, date.today())
    assert {"新增", "导入"} <= set(labels(officer.open("/admin/student/"))), "on the last day"

    class Tomorrow(date):
        @classmethod
        def today(cls):
            return date.today() + timedelta(days=1)

    monkeypatch.setattr("models.region.date", Tomorrow)
    monkeypatch.setattr("admin_app.reference.date", Tomorrow)
    assert TOLD in officer.open("/").text
    assert not {"新增", "导入"} & set(labels(officer.open("/admin/student/")))


def test_a_list_is_not_taken_for_a_village_that_has_ended(people):
    officer, director = people("康宁网格员"), people("城区主任")
    page = officer.open("/import/roster")
    ends(director, date.today() - timedelta(days=1))
    said = {"csrf_token": page.form("上传并检查").fields["csrf_token"]}
    assert TOLD in officer.post("/import/roster", said, status=403).text
    ends(director, date.today())
    assert "新增" in officer.upload(roster({"儿童姓名": "曾一", "出生日期": "2016-03-01"}), "名单.xlsx").text, "the control"


@pytest.mark.parametrize("who", ["城区主任", "机房小吴"])
def test_grants_left_over_in_a_merged_village_are_to_be_done_until_they_are_taken_back(people, store, who):
    director, keeper = people("城区主任"), people(who)
    with unscoped(store, "a grant that is over", writing=True) as session:
        standing = session.scalars(select(Grant).where(Grant.region_code == 康宁)).one()
        number = standing.id
        with recording(session, actor("测试", Role.SYSTEM_ADMIN, "0" * 12), "seed"):
            session.add(Grant(region_code=康宁, account_id=standing.account_id, role=standing.role,
                              since=date(2025, 1, 1), until=date(2025, 12, 31)))
    assert LEFT not in keeper.open("/").text
    ends(director, date.today() - timedelta(days=1))

    for other in ("康宁网格员", "督导老林"):
        assert "已撤销，" not in people(other).open("/").text.replace(TOLD, ""), "who grants nothing and hands nobody over"
    text, address = next(link for link in keeper.open("/").links if LEFT in link[0])
    rows = keeper.rows(address, "授权区划")
    assert text.startswith("1") and len(rows) == 1 and rows[0]["账号"] == "康宁网格员"
    assert len(keeper.rows(f"/admin/grant/?region={康宁}", "授权区划")) == 2, "the control: one is over"

    keeper.open(f"/admin/grant/details/?id={number}")
    keeper.press("收回授权", reason="村已撤销，改授权到牧童")
    assert LEFT not in keeper.open("/").text and keeper.rows(address, "授权区划") == []
    assert len(keeper.rows(f"/admin/grant/?region={康宁}&ended_at=1", "授权区划")) == 1
    assert "收回时间：有" in keeper.page.text


def test_whoever_names_a_successor_says_since_when(people):
    director = people("城区主任")
    director.open(director.open("/admin/region/?search=康宁").link("康宁社区"))
    director.open(director.page.link("修改"))
    refused = director.press("保存", status=400, successor_code=牧童)
    assert "请一并填写“撤销日期”" in refused.text and refused.form("保存").fields["successor_code"] == 牧童
    director.press("保存", valid_until=f"{date.today()}", successor_code=牧童)
    assert director.page.facts["并入区划"].startswith("牧童")
    director.open(director.page.link("修改"))
    director.press("保存", valid_until=f"{date.today()}", **{"successor_code": "", "successor_code-shown": ""})
    assert not director.page.facts["并入区划"].startswith("牧童"), "a village may end without one"
