"""The pictures of `docs/screens/`, taken of a running demo.

    python3 run.py                                  # in one window
    python -m tests.journeys.pictures http://127.0.0.1:8000
"""

import shutil
import sys
from datetime import date
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from seed.makers import make_identity_number
from tests.desk import roster
from tests.journeys.conftest import PASSWORD, QUIET, ROOT

FOLDER = ROOT / "docs" / "screens"


def invented(villages: list[str]) -> list[dict[str, str]]:
    """A list with some faults, in the villages of the demo."""
    rows = []
    for at, name in enumerate(("万一鸣", "万思远", "古明轩", "古子涵", "康雨泽", "康诗琪", "龙俊杰", "龙欣怡", "聂文博", "聂晨曦")):
        number = make_identity_number(date(2014 + at % 5, 3, 1 + at), "1", serial=470 + at)
        number = {3: number[:-1] + ("2" if number[-1] != "2" else "3"), 6: "9.90101E+17"}.get(at, number)
        rows.append({"村（社区）": "没有这个村" if at == 8 else villages[at % len(villages)], "户主姓名": f"{name[0]}大山",
                     "儿童姓名": name, "性别": "女" if at == 5 else "男", "民族": "汉族", "身份证号码": number,
                     "就读情况/学校": "示范县第二小学", "就读情况/年级": "三年级", "联系电话": "123" if at == 4 else "19900000000"})
    return rows


def sign_in(page: Page, served: str, username: str) -> None:
    page.goto(f"{served}/login")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click(".gate-button")
    page.wait_for_load_state()


def take(served: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        page = browser.new_page(viewport={"width": 1366, "height": 768}, locale="zh-CN")
        sign_in(page, served, "chengqu")

        def shot(name: str) -> None:
            page.wait_for_load_state("networkidle")
            page.screenshot(path=str(FOLDER / f"{name}.png"))

        shot("home")
        page.goto(f"{served}/admin/student/?schooling_state=enrolled")
        page.locator("input[name=pk]").nth(1).check()
        page.locator("input[name=pk]").nth(2).check()
        shot("students")
        page.goto(f"{served}/admin/student/?search=zh")
        page.locator("tbody th a").nth(2).click()
        shot("child")
        page.goto(f"{served}/admin/responsibility_letter/?school_year=2026")
        page.get_by_label("选中本页全部").check()
        page.get_by_label("批量办理").select_option("签订")
        page.get_by_role("button", name="办理", exact=True).click()
        page.get_by_role("button", name="下一步：预览").click()
        shot("batch")
        page.goto(f"{served}/admin/student/")
        villages = page.locator(".tree li li a").all_inner_texts()
        page.goto(f"{served}/import/roster")
        page.set_input_files("#file", {"name": "秋季花名册.xlsx", "buffer": roster(*invented(villages)), "mimeType": ""})
        page.get_by_role("button", name="上传并检查").click()
        shot("import-preview")
        phone = browser.new_page(viewport={"width": 390, "height": 844}, locale="zh-CN", device_scale_factor=2)
        sign_in(phone, served, "cun01")
        phone.goto(f"{served}/admin/student/")
        phone.screenshot(path=str(FOLDER / "phone.png"))
        browser.close()


if __name__ == "__main__":
    assert Path(FOLDER).is_dir()
    take(sys.argv[1])
