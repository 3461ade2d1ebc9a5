"""One press sends, and what was typed or ticked is there again after a session that ended."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from seed.makers import make_identity_number
from tests.journeys.conftest import next_page

LETTERS = "/admin/responsibility_letter/?sort=number"
KEPT = "您填写的内容已保留"


@pytest.mark.parametrize(("before", "after"), [("20261332", "20261103"), ("20261103", "20261332")])
def test_a_button_is_pressed_once_though_a_hint_comes_or_goes_above_it(screens, before, after):
    screen = screens("cun06")
    page = screen.open("/admin/student/?schooling_state=enrolled")
    number = page.locator("input[name=pk]").first.get_attribute("value")
    screen.open(f"/admin/student/move/?id={number}&verb=suspect")
    day, button = page.get_by_label("缺勤起始日期"), page.locator(".form-end button").first
    day.fill(before)
    page.keyboard.press("Tab")
    hint = page.get_by_text("没有这样的日期")
    expect(hint).to_have_count(1 if before == "20261332" else 0)
    day.fill(after)
    box = button.bounding_box()
    with page.expect_request(lambda request: request.method == "POST"):
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 4, delay=60)


@pytest.mark.parametrize(("path", "button", "label"), [
    ("/admin/student/export/", "导出", "用途"), ("/letters/new-year", re.compile("^生成"), "目标"),
])
def test_a_short_form_is_filled_in_again_after_a_session_that_ended(screens, path, button, label):
    screen = screens("xianji")
    page = screen.open(path)
    page.get_by_role("textbox", name=label).fill("报县教科局月报")
    screen.end_session()
    with next_page(page):
        page.locator("main").get_by_role("button", name=button).click()
    expect(page.get_by_text(KEPT)).to_be_visible()
    screen.sign_in_here("xianji")
    expect(page).to_have_url(re.compile(re.escape(path)))
    page.get_by_role("button", name="恢复填写").click()
    expect(page.get_by_role("textbox", name=label)).to_have_value("报县教科局月报")


@pytest.mark.parametrize("width", [1366, 390])
def test_the_name_of_a_view_is_filled_in_again_after_a_session_that_ended(screens, width):
    screen = screens("cun06", width=width)
    page = screen.open("/admin/student/?schooling_state=enrolled&size=10")
    page.get_by_text("存为常用视图").click()
    page.get_by_label("名称").fill(f"在校的 {width}")
    screen.end_session()
    with next_page(page):
        page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_text(KEPT)).to_be_visible()
    screen.sign_in_here("cun06")
    page.get_by_role("button", name="恢复填写").click()
    with next_page(page):
        page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("link", name=f"在校的 {width}")).to_have_attribute(
        "href", re.compile(r"schooling_state=enrolled.*size=10|size=10.*schooling_state=enrolled"))


def test_the_name_of_a_view_that_was_refused_is_there_to_be_saved_for_oneself(screens):
    page = screens("chengqu").open("/admin/student/?search=孔")
    page.get_by_text("存为常用视图").click()
    page.get_by_label("名称").fill("孔家的")
    page.get_by_label("谁能用").select_option("下级管理员也能用")
    with next_page(page):
        page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("alert").first).to_contain_text("共享的视图里不能有搜索词")
    page.get_by_role("button", name="恢复填写").click()
    expect(page.get_by_label("名称")).to_have_value("孔家的")
    page.get_by_label("谁能用").select_option("只有我")
    with next_page(page):
        page.get_by_role("button", name="保存", exact=True).click()
    expect(page.get_by_role("link", name="孔家的")).to_be_visible()


def test_what_is_not_kept_is_not_promised(screens):
    screen = screens("cun06")
    page = screen.open("/password")
    for label in ("现在的密码", "新密码", "再输入一次新密码"):
        page.get_by_label(label, exact=True).fill("不该留在这里的密码 2026")
    screen.end_session()
    with next_page(page):
        page.get_by_role("button", name="保存新密码").click()
    expect(page.get_by_text("刚才的内容没有提交")).to_be_visible()
    expect(page.get_by_text(KEPT)).to_be_hidden()


def test_ticks_of_two_pages_are_there_again_after_a_session_that_ended(screens):
    screen = screens("chengqu")
    page = screen.open(LETTERS)
    page.locator("tbody input[name=pk]").nth(1).check()
    with next_page(page):
        page.get_by_role("link", name="下一页").click()
    page.locator("tbody input[name=pk]").nth(2).check()
    page.get_by_label("批量办理").select_option("作废")
    screen.end_session()
    with next_page(page):
        page.get_by_role("button", name="办理", exact=True).click()
    screen.sign_in_here("chengqu")
    expect(page.locator("[data-ticked]")).to_have_text(" 2 ")
    page.get_by_label("批量办理").select_option("作废")
    with next_page(page):
        page.get_by_role("button", name="办理", exact=True).click()
    expect(page.get_by_label("原因")).to_be_visible()
    screen.open(LETTERS)
    expect(page.locator("[data-ticked]")).to_have_text(" 0 ")


def test_a_draft_that_was_overlooked_is_not_lost_to_one_key(screens):
    screen = screens("cun06")
    page = screen.open("/admin/household/new/")
    page.get_by_label("户主姓名").fill("温大山")
    page.get_by_label("备注").fill("在外务工，年底回")
    page.wait_for_timeout(600)
    page.reload()
    expect(page.get_by_role("button", name="恢复填写")).to_be_visible()
    page.get_by_label("户编号").fill("7")
    page.wait_for_timeout(600)
    page.reload()
    page.get_by_role("button", name="恢复填写").click()
    expect(page.get_by_label("户主姓名")).to_have_value("温大山")
    expect(page.get_by_label("备注")).to_have_value("在外务工，年底回")
    expect(page.get_by_label("户编号")).to_have_value("7")


def test_what_a_number_filled_in_follows_the_number_that_is_put_right(screens):
    page = screens("cun06").open("/admin/student/new/")
    number, born, sex = page.get_by_label("身份证号码"), page.get_by_label("出生日期"), page.get_by_label("性别")
    for day, code in ((date(2015, 5, 9), "1"), (date(2015, 6, 9), "2")):
        number.fill(make_identity_number(day, code, serial=12))
        number.press("Tab")
        expect(born).to_have_value(day.isoformat())
        expect(sex).to_have_value(code)
    born.fill("2015-06-10")
    number.fill(make_identity_number(date(2015, 5, 9), "1", serial=13))
    number.press("Tab")
    expect(born).to_have_value("2015-06-10")
