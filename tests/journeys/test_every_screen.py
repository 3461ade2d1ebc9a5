"""Every screen: no fault that axe calls serious, nothing wider than a phone, everything by keyboard, on paper."""

import re
from itertools import pairwise
from pathlib import Path
from urllib.parse import urljoin

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.journeys.conftest import PASSWORD, next_page

LEDGERS = ("student", "household", "guardian", "special_group_flag", "household_hardship", "responsibility_letter", "post",
           "publicity_activity", "accountability_record", "region", "village", "natural_group", "school", "code_item",
           "setting", "account", "grant")
PLAIN = ("/", "/changes/", "/import/roster", "/tasks/", "/sessions", "/password", "/accounts/load", "/letters/new-year", "/admin/student/export/",
         "/admin/student/new/", "/admin/household/new/", "/admin/student/?search=没有这个人", "/no-such-page",
         "/admin/student/?schooling_state=enrolled&region=990100000000&cols=name,note")


def serious(page):
    """What axe calls serious or critical on the page that is open."""
    found = Axe().run(page).response["violations"]
    return [f"{page.url}: {v['id']} {v['nodes'][0]['html'][:200]}" for v in found if v["impact"] in ("serious", "critical")]


def places(screen):
    """The pages of the register: every list, and of each its first record with its forms."""
    yield from PLAIN
    for ledger in LEDGERS:
        yield f"/admin/{ledger}/"
    for ledger in ("student", "household", "responsibility_letter", "accountability_record", "account"):
        page = screen.open(f"/admin/{ledger}/")
        details = urljoin(f"/admin/{ledger}/", page.locator("tbody th a").first.get_attribute("href"))
        yield details
        number = re.search(r"id=(\d+)", details)[1]
        yield f"/admin/{ledger}/edit/?id={number}"
        yield f"/admin/{ledger}/why/?id={number}"
        if ledger == "student":
            yield f"/admin/student/reveal/?id={number}"
            yield screen.open(details).locator(".verbs .drop a").first.get_attribute("href")
        if ledger == "household":
            yield f"/families/{number}/hand-over"
    yield screen.open("/changes/").locator("tbody a, .history a").first.get_attribute("href")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_any_page(screens, scheme):
    screen, faults, looked = screens("xianji", color_scheme=scheme), [], 0
    screen.expected = re.compile("404")
    for path in places(screen):
        page = screen.open(path)
        faults += serious(page)
        looked += 1
    assert faults == []
    assert looked > 40


def test_axe_finds_nothing_serious_before_the_sign_in_and_in_a_batch(screens):
    stranger = screens()
    assert serious(stranger.open("/login")) == []
    page = screens("cun06").open("/admin/responsibility_letter/?state=unsigned")
    page.get_by_label("选中本页全部").check()
    assert serious(page) == []
    page.get_by_label("批量办理").select_option("签订")
    with next_page(page):
        page.get_by_role("button", name="办理", exact=True).click()
    assert serious(page) == []
    with next_page(page):
        page.get_by_role("button", name="下一步：预览").click()
    assert serious(page) == []


def test_nothing_is_wider_than_a_phone(screens):
    screen, wide = screens("xianji", width=390, height=844, has_touch=True), []
    screen.expected = re.compile("404")
    for path in places(screen):
        page = screen.open(path)
        width = page.evaluate("document.scrollingElement.scrollWidth")
        if width > 390:
            wide.append((path, width))
    assert wide == []


@pytest.mark.parametrize(("path", "told"), [
    ("/admin/student/", "全部符合条件（"), ("/admin/setting/", "共 "), ("/changes/", "共 ")])
def test_a_phone_says_above_the_cards_how_many_there_are(screens, path, told):
    page = screens("chengqu", width=390, height=844, has_touch=True).open(path)
    said, first = page.get_by_text(told).first, page.locator("tbody tr").first
    assert said.bounding_box()["y"] < first.bounding_box()["y"]


def test_one_thumb_is_enough_to_find_a_child_and_sign_a_letter(screens):
    screen = screens("cun07", width=390, height=844, has_touch=True)
    page = screen.page
    page.get_by_role("link", name="打开菜单").tap()
    page.get_by_role("link", name="责任书", exact=True).tap()
    page.get_by_text("筛选条件").tap()
    page.locator("#f-state").select_option("待签订")
    page.get_by_role("button", name="查询").last.tap()  # below the filters
    page.locator("tbody th a").first.tap()
    page.get_by_text("办理", exact=True).tap()
    with next_page(page):
        page.get_by_role("link", name="签订").tap()
    small = [b for b in page.locator("button:visible, .btn:visible").all() if b.bounding_box()["height"] < 32]
    assert small == []
    page.get_by_role("button", name="签订").tap()
    expect(page.locator("main")).to_contain_text("已签订")


def test_the_head_of_a_section_leaves_its_title_on_one_line_on_a_phone(screens):
    page = screens("cun01", width=390, height=844, has_touch=True).open("/admin/household/details/?id=1")
    for head in page.locator(".panel-head").all():
        head.evaluate("""head => head.insertAdjacentHTML("beforeend", `<span class="panel-acts">${
            ["孙依诺", "孙星宇", "孙慧敏"].map((name) => `<a class="btn btn-sm">新增（${name}）</a>`).join("")}</span>`)""")
        boxes = [act.bounding_box() for act in head.locator(".panel-acts:last-child .btn").all()]
        title = head.evaluate("""head => { const range = document.createRange(); range.selectNode(head.firstChild);
            return range.getBoundingClientRect().height }""")
        assert title < 30, "one line"
        assert all(a["y"] + a["height"] <= b["y"] or a["x"] + a["width"] <= b["x"] for a, b in pairwise(boxes))


def test_a_password_is_looked_at_by_keyboard_and_sent_hidden(screens):
    page = screens().open("/login")
    page.locator("#username").fill("cun01")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.locator("#password")).to_have_attribute("type", "text")
    page.keyboard.press("Space")
    expect(page.locator("#password")).to_have_attribute("type", "password")
    page.keyboard.press("Tab")
    with next_page(page):
        page.keyboard.press("Enter")
    expect(page.locator("h1")).to_be_visible()
    assert page.url.endswith("/")


def test_what_is_opened_before_the_scripts_have_come_stays_open(screens):
    page = screens("chengqu", width=390, height=844, has_touch=True).page
    page.route("**/fold.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))  # a slow line
    page.goto(page.url + "admin/responsibility_letter/")
    page.get_by_text("筛选条件").tap()
    tree = page.locator("details[data-fold]", has=page.get_by_text("区划", exact=True))
    expect(tree).to_have_attribute("open", "")
    page.unroute("**/fold.js*")
    page.add_script_tag(url="/static/js/fold.js?late", type="module")
    expect(tree).not_to_have_attribute("open", "")  # the script has come
    expect(page.locator("#f-state")).to_be_visible()


def test_cards_on_a_phone_are_sorted_by_a_tap(screens):
    screen = screens("cun07", width=390, height=844, has_touch=True)
    page = screen.open("/admin/student/")
    page.get_by_text("排序", exact=True).tap()
    with next_page(page):
        page.locator(".order").get_by_role("link", name="出生日期").tap()
    born = page.locator("td[data-label=出生日期]").all_text_contents()
    assert len(born) == 20
    assert born == sorted(born)
    expect(page.get_by_text("排序：出生日期 ↑")).to_be_visible()
    screens("cun07").open("/admin/student/").get_by_text("排序", exact=True).wait_for(state="hidden")


def test_everything_by_keyboard_alone(screens):
    screen = screens()
    page = screen.open("/login")
    expect(page.get_by_label("账号")).to_be_focused()  # or what is typed first goes nowhere
    page.keyboard.type("cun08")
    page.keyboard.press("Tab")
    page.keyboard.type("baoxue-demo-2026")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/$"))
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("跳到正文")
    screen.open("/admin/household/new/")
    page.get_by_label("户编号").focus()
    for word in ("9908", "", "", "键盘户"):  # 户编号, 自然村, 住址, 户主姓名: Enter goes on
        page.keyboard.type(word)
        page.keyboard.press("Enter")
    while page.locator(":focus").evaluate("e => e.tagName") != "BUTTON":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("键盘户户")
    screen.open("/admin/student/")
    page.get_by_role("searchbox").focus()
    page.keyboard.type("zh")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("search=zh"))
    page.locator("input[name=pk]").first.focus()
    page.keyboard.press("Space")
    expect(page.locator("#batch-verb")).to_be_visible()
    outlines = page.locator(":focus").evaluate("e => getComputedStyle(e).outlineStyle")
    assert outlines != "none", "the focus is seen"


def test_a_childs_page_and_a_list_are_printed_on_a4_without_the_frame(screens, tmp_path: Path):
    screen = screens("chengqu")
    page = screen.open("/admin/student/")
    with next_page(page):
        page.locator("tbody th a").first.click()
    page.emulate_media(media="print")
    for gone in (".top", ".side", ".actions"):
        expect(page.locator(gone).first).to_be_hidden()
    page.pdf(path=str(tmp_path / "child.pdf"), prefer_css_page_size=True)
    expect(page.locator(".print-line")).to_contain_text("打印人：")
    screen.open("/admin/student/?sex=1")
    page.pdf(path=str(tmp_path / "list.pdf"), prefer_css_page_size=True)
    for told in (".print-line", ".chips li:first-child"):
        expect(page.locator(told)).to_be_visible()
    expect(page.locator(".chips li").first).to_contain_text("性别：男")
    expect(page.locator(".chips-clear")).to_be_hidden()
    sizes = {name: re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", (tmp_path / name).read_bytes())
             for name in ("child.pdf", "list.pdf")}
    assert {tuple(round(float(x)) for x in s) for s in sizes["child.pdf"]} == {(595, 842)}
    assert {tuple(round(float(x)) for x in s) for s in sizes["list.pdf"]} == {(842, 595)}


@pytest.mark.parametrize("who", ["xianji", "cun01", "dudao", "shenji", "xitong"])
def test_every_menu_entry_of_every_role_opens(screens, who):
    screen = screens(who)
    entries = [a.get_attribute("href") for a in screen.page.locator(".side a[href^='/']").all()]
    assert entries
    for path in entries:
        assert screen.page.goto(screen.served + path).status == 200, path


def test_what_has_the_focus_on_a_phone_is_seen(screens):
    """Behind no bar that stays, and never in the head of a table whose rows are cards."""
    page = screens("cun04", width=390, height=844).open("/admin/student/")
    hidden, visited = [], set()
    for _ in range(40):
        page.keyboard.press("Tab")
        page.wait_for_timeout(80)  # the page scrolls to it
        what, seen = page.evaluate("""() => {
            const focused = document.activeElement, box = focused.getBoundingClientRect();
            const there = document.elementFromPoint(box.x + Math.min(box.width, 300) / 2, box.y + Math.min(box.height, 40) / 2);
            return [focused.outerHTML.slice(0, 90), focused.contains(there) || !!there?.contains(focused)];
        }""")
        visited.add(what)
        hidden += [] if seen else [what]
    assert hidden == [] and any("name=\"pk\"" in what for what in visited), "down to the cards"


@pytest.mark.parametrize("opened", ["姓名", "修改"])
def test_the_menu_and_the_top_stay_at_the_end_of_a_long_page(screens, opened):
    page = screens("cun01").open("/admin/student/")
    with next_page(page):
        page.locator("tbody tr").first.locator("th a" if opened == "姓名" else "a:text('修改')").click()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.wait_for_function("scrollY > 100")  # the page is longer than the screen
    for stays in (page.locator(".side").get_by_role("link", name="学生", exact=True), page.get_by_role("banner")):
        expect(stays).to_be_in_viewport()


def test_rows_are_seen_while_the_filters_stand_open(screens):
    page = screens("chengqu").open("/admin/student/?search=张&schooling_state=enrolled")
    page.get_by_text("筛选条件").click()
    expect(page.get_by_role("group", name="出生日期")).to_be_in_viewport(ratio=1)
    expect(page.locator("tbody tr").first).to_be_in_viewport(ratio=1)
