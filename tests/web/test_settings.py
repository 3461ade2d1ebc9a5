"""The rules of the place: each under its own name, with what may be chosen."""

import os
import time
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from admin_app import _keep_beijing_time
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from models.setting import Setting
from tests.web.staff import Person, hire, hire_staff


@pytest.fixture
def rules(app: Flask, district: object) -> dict[str, int]:
    engine = app.extensions["baoxue"].engine
    hire_staff(engine)
    with unscoped(engine, "numbers of the rules") as session:
        return dict(session.execute(select(Setting.key, Setting.id)).all())


@pytest.mark.parametrize("can_be_told, zone", [(True, "Asia/Shanghai"), (False, "UTC")], ids=["a server", "Windows"])
def test_the_machine_is_told_beijings_time_where_it_understands_that(
        monkeypatch: pytest.MonkeyPatch, can_be_told: bool, zone: str) -> None:
    """Windows takes Asia/Shanghai for a zone at Greenwich: until eight in the morning today would be yesterday."""
    monkeypatch.setenv("TZ", "UTC")
    if not can_be_told:
        monkeypatch.delattr(time, "tzset")
    _keep_beijing_time()
    assert os.environ["TZ"] == zone


def test_a_rule_is_chosen_under_its_own_name(app: Flask, rules: dict[str, int]) -> None:
    director, address = Person(app, "周主任"), f"/admin/setting/edit/?id={rules['password_policy']}"
    form = director.get(address).form("保存")
    assert "密码规则" in director.page.text and "每 90 天更换" in director.page.text
    assert set(form.choices["value"]) == {"长度优先（asvs）", "等保三级（djbh3）"}
    refused = director.send(address, {**form.fields, "value": "随便"})
    assert (refused.status, "只能是：长度优先（asvs）、等保三级（djbh3）" in refused.text) == (400, True)
    assert director.send(address, {**form.fields, "value": "djbh3"}).status == 302
    assert "djbh3" in director.get(f"/admin/setting/details/?id={rules['password_policy']}").text


def test_a_number_says_its_bounds_and_is_kept_inside_them(app: Flask, rules: dict[str, int]) -> None:
    director, address = Person(app, "周主任"), f"/admin/setting/edit/?id={rules['attachment_max_mb']}"
    form = director.get(address).form("保存").fields
    assert "单个附件大小上限（MB）" in director.page.text and "1 至 50" in director.page.text
    for value in ("0", "51", "很多", "", "000000001" + "9" * 15, "０" * 20 + "9"):
        assert director.send(address, {**form, "value": value}).status == 400, value
        assert "1 至 50" in director.page.text
    assert director.send(address, {**form, "value": "50"}).status == 302


def test_the_rules_of_all_are_not_changed_from_below(app: Flask, rules: dict[str, int]) -> None:
    director, address = Person(app, "周主任"), f"/admin/setting/edit/?id={rules['export_kept_days']}"
    form = director.get(address).form("保存").fields
    hire(app.extensions["baoxue"].engine, [("县里的老郭", Role.ADMINISTRATOR, "990101000000")])

    for refused in (director.get(address), director.send(address, {**form, "value": "90"})):
        assert (refused.status, "须由最上级的管理员" in refused.text) == (403, True)
    page = director.get(f"/admin/setting/details/?id={rules['export_kept_days']}")
    assert not [href for _, href in page.links if "/edit/" in href], "no button that would only refuse"
    listed = director.get("/admin/setting/")
    assert "导出文件保留天数" in listed.text and not [h for _, h in listed.links if "/edit/" in h]
    county = Person(app, "县里的老郭")
    assert [h for _, h in county.get("/admin/setting/").links if "/admin/setting/edit/" in h]
    form = county.get(address).form("保存").fields
    assert county.send(address, {**form, "value": "90"}).status == 302


def test_an_administrator_above_whose_grant_is_over_keeps_no_rules(app: Flask, rules: dict[str, int]) -> None:
    director, address = Person(app, "周主任"), f"/admin/setting/edit/?id={rules['export_kept_days']}"
    form = director.get(address).form("保存").fields
    hire(app.extensions["baoxue"].engine, [("调走的老郭", Role.ADMINISTRATOR, "990101000000")],
         until=date.today() - timedelta(days=1))
    assert director.send(address, {**form, "value": "90"}).status == 302
    hire(app.extensions["baoxue"].engine, [("新来的老何", Role.ADMINISTRATOR, "990101000000")], until=date.today())
    assert director.get(address).status == 403, "the control: a grant holds on its last day"


def test_the_rules_of_the_place_are_shown_to_whoever_keeps_or_checks_them(app: Flask, rules: dict[str, int]) -> None:
    for who, sees in (("周主任", True), ("康干部", False)):
        person = Person(app, who)
        menu = {href for _, href in person.get("/").links}
        assert ("/admin/setting/" in menu) == sees, who
        assert person.get("/admin/setting/").status == (200 if sees else 403), who
