"""宣传活动 was added by a model, a view, a migration and a maker (`docs/adding-a-ledger.md`). Everything else that a
ledger has, it has from its declaration."""

from datetime import datetime

import pytest

from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from seed import makers
from tests.desk import PASSWORD, Desk

LIST = "/admin/publicity_activity/"
康宁社区, 牧童社区 = "990101400001", "990101400002"
JPEG = b"\xff\xd8\xff" + b"0" * 64


@pytest.fixture
def desk(district_application):
    return Desk(district_application).sign_in("康宁网格员", PASSWORD)


@pytest.fixture
def neighbour(district_application):
    return Desk(district_application).sign_in("牧童网格员", PASSWORD)


def held(desk: Desk, **typed: str) -> str:
    """The officer puts an activity on record; gives the address of its page."""
    desk.open(f"{LIST}new/")
    desk.press("保存", **{"region_code": 康宁社区, "held_on": "20260903", "topic": "义务教育法进万家", "form": "大喇叭",
                        "reached": "120", **typed})
    return desk.page.address


def test_it_has_a_list_a_form_and_a_page(desk):
    page = desk.open(held(desk))
    facts = {"主题": "义务教育法进万家", "日期": "2026-09-03", "形式": "大喇叭", "村（社区）": "康宁社区",
             "覆盖人数": "120"}

    assert facts.items() <= page.facts.items()
    [row] = desk.open(LIST).table("主题")
    assert facts.items() <= row.items()
    assert "宣传活动" in [text for text, _ in desk.page.links]


def test_its_form_refuses_what_is_not_on_the_list_and_what_is_missing(desk):
    desk.open(f"{LIST}new/")
    page = desk.press("保存", status=400, region_code=康宁社区, held_on="九月初", topic="", form="97", reached="很多")

    assert "请填写“主题”" in page.text
    assert "请从列表中选择一项" in page.text
    assert "请填写不小于 0 的整数" in page.text
    assert desk.open(LIST).table("主题") == []


def test_it_is_found_by_words_and_by_form(desk):
    held(desk)
    held(desk, topic="开学标语", form="标语")

    assert [row["主题"] for row in desk.open(f"{LIST}?search=标语").table("主题")] == ["开学标语"]
    assert [row["主题"] for row in desk.open(f"{LIST}?form=3").table("主题")] == ["义务教育法进万家"]
    assert [row["日期"] for row in desk.open(f"{LIST}?sort=held_on").table("日期")] == ["2026-09-03"] * 2


def test_its_photos_are_attachments(desk, neighbour):
    address = held(desk)
    desk.open(address)
    desk.press("上传", file=("现场.jpg", JPEG))

    page = desk.open(address)
    photo = page.link("现场.jpg")
    assert desk.open(photo).bytes == JPEG
    neighbour.open(photo, status=404)


def test_its_changes_are_on_record_and_can_be_undone(desk):
    address = held(desk)
    desk.open(address.replace("details", "edit"))
    desk.press("保存", reached="150")
    page = desk.open(address)
    assert page.facts["覆盖人数"] == "150"
    assert "宣传活动：修改" in page.text

    latest = next(href for _, href in page.links if href.startswith("/changes/") and href != "/changes/")
    desk.open(latest)
    desk.post(f"{latest}/undo", {"csrf_token": desk.token})

    assert desk.open(address).facts["覆盖人数"] == "120"


def test_it_is_exported(desk):
    held(desk)

    cells = list(desk.download(f"{LIST}export/").workbook().active.values)
    head = next(row for row in cells if row[0] == "序号")
    assert head[1:4] == ("主题", "日期", "形式")
    assert ("义务教育法进万家", datetime(2026, 9, 3), "大喇叭") in [row[1:4] for row in cells]


def test_the_next_village_finds_none_of_it_by_any_door(desk, neighbour):
    address = held(desk)

    assert neighbour.open(LIST).table("主题") == []
    for door in ("details", "edit", "why"):
        neighbour.open(address.replace("details", door), status=404)
    neighbour.open(f"{LIST}new/")
    neighbour.press("保存", status=404, region_code=康宁社区, held_on="20260903", topic="在别人村里", form="入户")
    assert [row["主题"] for row in desk.open(LIST).table("主题")] == ["义务教育法进万家"]


def test_the_district_sees_the_activities_of_all_its_villages(district_application, desk, 城区管理员):
    engine = district_application.extensions["baoxue"].engine
    with unscoped(engine, "two activities for the test", writing=True) as session, \
            recording(session, 城区管理员, "seed"):
        for village in (康宁社区, 牧童社区):
            makers.publicity_activity(session, village)

    district = Desk(district_application).sign_in("城区主任", PASSWORD)
    assert sorted(row["村（社区）"] for row in district.open(LIST).table("主题")) == ["康宁社区", "牧童社区"]
    assert [row["村（社区）"] for row in desk.open(LIST).table("主题")] == ["康宁社区"]
